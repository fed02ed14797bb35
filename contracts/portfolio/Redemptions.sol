// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {SafeCallToken} from "../calls/SafeCallToken.sol";
import {Asset, AssetLib} from "./Asset.sol";
import {ShareMath} from "./ShareMath.sol";
import {Valuation} from "./Valuation.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";

/// @title Ways out of a portfolio that do not depend on cash at hand
/// @notice See {IPortfolio}.
///
/// IN KIND
/// - `redeemInKind` burns shares for their part of every asset, in any state and without any price (I5). No token, no
///   price feed and no request in the queue can stop it.
/// - A transfer that a token refuses is set aside for the owner, who claims it later.
///
/// REQUESTS
/// - Shares that wait in the {IRedemptionQueue} stay in their owner's balance and do not move: `queuedShares`.
/// - The queue settles requests from cash. The cash is set aside for the controller and leaves with its claim.
///
/// SET ASIDE
/// - An amount that is set aside is no part of any balance that is valued, traded or shared out. It outlives the
///   asset's listing.
///
/// COMPLIANCE
/// - Where shares are under compliance rules, every account that acts, pays or is paid is judged, as well as the owner.
abstract contract Redemptions is Valuation {
    using SafeERC20 for IERC20;

    /// @dev Gas per asset for finding its worth, while an exit in kind asks.
    uint256 private constant _PRICE_GAS = 250_000;

    /// @inheritdoc IPortfolio
    address public immutable queue;

    /// @inheritdoc IPortfolio
    address public compliance;
    /// @inheritdoc IPortfolio
    mapping(address owner => uint256) public queuedShares;
    /// @inheritdoc IPortfolio
    uint256 public totalQueuedShares;
    mapping(address owner => mapping(address asset => uint256)) private _claimable;

    modifier onlyQueue() {
        if (msg.sender != queue) revert Portfolio__OnlyQueue(msg.sender);
        _;
    }

    constructor(address queue_) {
        queue = queue_;
    }

    // -- Exits in kind -----------------------------------------------------------------------------------------------

    /// @inheritdoc IPortfolio
    function redeemInKind(
        uint256 shares,
        address receiver,
        address owner
    )
        external
        nonReentrant
        returns (uint256[] memory amounts)
    {
        // Checks
        if (shares == 0) revert Portfolio__ZeroShares();
        uint256 held = balanceOf(owner);
        if (shares > held) revert ERC20InsufficientBalance(owner, held, shares);
        if (msg.sender != owner) _spendAllowance(owner, msg.sender, shares);
        _requireOthers(owner, receiver);

        // Effects. What is bound never holds an exit up: its requests end.
        (uint256 locked,) = IFeeManager(feeManager).lockedShares(address(this), owner);
        if (queuedShares[owner] > FixedPointMathLib.zeroFloorSub(held, shares + locked)) _setQueued(owner, 0);
        // Virtual shares count here too: otherwise what an attacker donates to spoil the rate would come back
        // to it whole, and the attack would cost nothing. Fees count as far as they can be known.
        Asset[] memory list = _all();
        (bool known, uint256 total) = _totalAssetsIfKnown(list.length);
        uint256 supply = IFeeManager(feeManager).recordExitInKind(known, total, totalSupply(), shares);
        _burn(owner, shares);

        // Interactions, none of which can stop the others
        amounts = new uint256[](list.length);
        for (uint256 k; k < list.length; ++k) {
            amounts[k] = _sendInKind(k, list[k], shares, supply, receiver, owner);
        }
        emit RedeemedInKind(msg.sender, receiver, owner, shares);
    }

    /// @inheritdoc IPortfolio
    function claim(address asset_, address receiver) external nonReentrant returns (uint256 amount) {
        amount = claimable(asset_, msg.sender);
        _claimFor(asset_, receiver, amount);
    }

    /// @inheritdoc IPortfolio
    function claimPart(address asset_, address receiver, uint256 amount) external nonReentrant {
        _claimFor(asset_, receiver, amount);
    }

    /// @inheritdoc IPortfolio
    function claimable(address asset_, address owner) public view returns (uint256) {
        return _claimable[owner][asset_];
    }

    // -- Requests ----------------------------------------------------------------------------------------------------

    /// @inheritdoc IPortfolio
    function lockForRedemption(address owner, uint256 shares) external onlyQueue nonReentrant {
        bool grows = shares > queuedShares[owner];
        _setQueued(owner, shares);
        if (grows) _requireFree(owner);
    }

    /// @inheritdoc IPortfolio
    function settle(
        address owner,
        address controller,
        uint256 shares,
        uint256 total
    )
        external
        onlyQueue
        nonReentrant
        returns (uint256 burnt, uint256 assets_)
    {
        // Checks
        _requireNotStopped(controller);
        Asset settlement = _assets[0];
        (burnt, assets_) =
            IFeeManager(feeManager).recordSettlement(total, totalSupply(), shares, _balanceOf(settlement));
        if (assets_ == 0) {
            // Too little cash, or too few shares?
            if (burnt < shares) return (0, 0);
            revert Portfolio__ZeroAssets();
        }

        // Effects
        _setQueued(owner, queuedShares[owner] - burnt);
        _burn(owner, burnt);
        _makeClaimable(0, settlement, controller, assets_);
        emit Withdraw(msg.sender, controller, owner, assets_, burnt);
    }

    // -- Internals: in kind ------------------------------------------------------------------------------------------

    /// @dev Sends the part of one asset, or sets it aside if the token refuses.
    function _sendInKind(
        uint256 index,
        Asset info,
        uint256 shares,
        uint256 supply,
        address receiver,
        address owner
    )
        private
        returns (uint256 amount)
    {
        address asset_ = info.token();
        (bool readable, uint256 balance) = SafeCallToken.balanceOf(asset_, address(this));
        if (!readable || balance > type(uint128).max) {
            emit InKindUnreadable(asset_, owner);
            return 0;
        }
        if (info.hasClaims()) balance = FixedPointMathLib.zeroFloorSub(balance, _totalClaimable[asset_]);
        amount = FixedPointMathLib.fullMulDiv(balance, shares, supply);
        if (amount == 0 || SafeCallToken.transfer(asset_, receiver, amount)) return amount;
        _makeClaimable(index, info, owner, amount);
    }

    /// @dev The portfolio calls it on itself and with bounded gas: no contract that is asked for a price can stop an
    /// exit.
    function _totalAssetsIfKnown(uint256 assets_) private view returns (bool known, uint256 total) {
        try this.totalAssets{gas: _PRICE_GAS * (assets_ + 1)}() returns (uint256 total_) {
            return (true, total_);
        } catch {}
    }

    // -- Internals: requests -----------------------------------------------------------------------------------------

    function _setQueued(address owner, uint256 shares) internal {
        uint256 total = totalQueuedShares - queuedShares[owner] + shares;
        (totalQueuedShares, queuedShares[owner]) = (total, shares);
        Asset settlement = _assets[0];
        if (settlement.awaited() == (total != 0)) return;
        _assets[0] = total != 0 ? settlement.with(AssetLib.AWAITED) : settlement.without(AssetLib.AWAITED);
    }

    /// @dev Shares that wait and shares that are locked stay; they are not the same shares.
    function _requireFree(address owner) internal view {
        IFeeManager(feeManager).requireFree(address(this), owner, balanceOf(owner), queuedShares[owner]);
    }

    /// @return Worth of the requests that wait, smallest units of the settlement token.
    function _waiting(uint256 total, uint256 supply) internal view returns (uint256) {
        return _assets[0].awaited() ? ShareMath.waiting(totalQueuedShares, total, supply) : 0;
    }

    // -- Internals: what is set aside --------------------------------------------------------------------------------

    /// @dev Keeps a part of a balance for an account.
    function _makeClaimable(uint256 index, Asset info, address owner, uint256 amount) private {
        address asset_ = info.token();
        if (!info.hasClaims()) _assets[index] = _assets[index].with(AssetLib.HAS_CLAIMS);
        _totalClaimable[asset_] += amount;
        _claimable[owner][asset_] += amount;
        emit MadeClaimable(asset_, owner, amount);
    }

    function _claimFor(address asset_, address receiver, uint256 amount) private {
        _requireNotStopped(msg.sender);
        _requireOthers(msg.sender, receiver);
        uint256 most = _claimable[msg.sender][asset_];
        if (amount == 0 || amount > most) revert Portfolio__NothingToClaim(asset_, msg.sender);
        _claimable[msg.sender][asset_] = most - amount;
        uint256 left = _totalClaimable[asset_] - amount;
        _totalClaimable[asset_] = left;
        // An amount that is set aside outlives the listing.
        uint256 indexPlusOne = _indexPlusOne[asset_];
        if (left == 0 && indexPlusOne != 0) {
            _assets[indexPlusOne - 1] = _assets[indexPlusOne - 1].without(AssetLib.HAS_CLAIMS);
        }
        IERC20(asset_).safeTransfer(receiver, amount);
        emit Claimed(asset_, msg.sender, receiver, amount);
    }

    // -- Internals: compliance ---------------------------------------------------------------------------------------

    /// @dev Judges the other accounts that take part; the owner of burnt shares is judged as they are burnt.
    function _requireOthers(address owner, address receiver) internal view {
        if (msg.sender != owner) _requireNotStopped(msg.sender);
        if (receiver != owner) _requireNotStopped(receiver);
    }

    /// @dev No frozen or sanctioned account pays for, acts on or is paid for shares that are under compliance rules.
    function _requireNotStopped(address account) internal view {
        address engine = compliance;
        if (engine != address(0)) IAutomatedComplianceEngine(engine).requireNotStopped(address(this), account);
    }
}
