// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/ERC20Upgradeable.sol";
import {ERC4626Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC4626Upgradeable.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Asset} from "./Asset.sol";
import {Holdings} from "./Holdings.sol";
import {QueuedShares} from "./QueuedShares.sol";
import {ShareMath} from "./ShareMath.sol";
import {SharePricing} from "./SharePricing.sol";
import {Trading} from "./Trading.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title Managed portfolio
/// @notice See {IPortfolio}.
contract Portfolio is Trading {
    /// @inheritdoc IPortfolio
    address public compliance;

    modifier onlyFactory() {
        _requireFactory();
        _;
    }

    /// @dev Deployed by the factory, as the implementation of its clones.
    constructor(
        address oracle_,
        address riskEngine_,
        address aggregator_,
        address rebalancer_,
        address feeManager_,
        address queue_
    )
        Holdings(oracle_)
        QueuedShares(queue_)
        SharePricing(riskEngine_, feeManager_)
        Trading(aggregator_, rebalancer_)
    {
        _disableInitializers();
    }

    /// @inheritdoc IPortfolio
    function initialize(InitParams calldata params) external initializer onlyFactory {
        __ERC20_init(params.name, params.symbol);
        __ERC4626_init(IERC20(params.settlement));
        compliance = params.compliance;
        _list(params.settlement);
        if (_assets[0].decimals() > 18) revert Portfolio__InvalidAsset(params.settlement);
        for (uint256 k; k < params.assets.length; ++k) {
            _list(params.assets[k]);
        }
        _setLossBudget(params.lossBudgetBps, params.lossWindow);
    }

    // -- Deposits and withdrawals ------------------------------------------------------------------------------------

    /// @inheritdoc IERC4626
    function deposit(
        uint256 assets_,
        address receiver
    )
        public
        override(ERC4626Upgradeable, IERC4626)
        nonReentrant
        returns (uint256 shares)
    {
        (uint256 total, uint256 supply, uint256 room, uint256 cash) = _pricedForEntry();
        if (assets_ > room) revert ERC4626ExceededMaxDeposit(receiver, assets_, room);
        shares = ShareMath.sharesFor(assets_, total, supply, Math.Rounding.Floor);
        // slither-disable-next-line incorrect-equality (zero is what is refused, not a state that is compared)
        if (shares == 0) revert Portfolio__ZeroShares();
        _enter(total, cash, receiver, assets_, shares);
    }

    /// @inheritdoc IERC4626
    function mint(
        uint256 shares,
        address receiver
    )
        public
        override(ERC4626Upgradeable, IERC4626)
        nonReentrant
        returns (uint256 assets_)
    {
        if (shares == 0) revert Portfolio__ZeroShares();
        (uint256 total, uint256 supply, uint256 room, uint256 cash) = _pricedForEntry();
        uint256 most = room == type(uint256).max ? room : ShareMath.sharesFor(room, total, supply, Math.Rounding.Floor);
        if (shares > most) revert ERC4626ExceededMaxMint(receiver, shares, most);
        assets_ = ShareMath.assetsFor(shares, total, supply, Math.Rounding.Ceil);
        _enter(total, cash, receiver, assets_, shares);
    }

    /// @inheritdoc IERC4626
    function withdraw(
        uint256 assets_,
        address receiver,
        address owner
    )
        public
        override(ERC4626Upgradeable, IERC4626)
        nonReentrant
        returns (uint256 shares)
    {
        if (assets_ == 0) revert Portfolio__ZeroAssets();
        (uint256 total, uint256 supply, uint256 cash) = _pricedForExit();
        shares = ShareMath.sharesFor(assets_, total, supply, Math.Rounding.Ceil);
        uint256 free = _free(owner);
        if (assets_ > cash || shares > free) {
            uint256 most = ShareMath.withdrawable(free, cash, total, supply);
            revert ERC4626ExceededMaxWithdraw(owner, assets_, most);
        }
        _leave(total, receiver, owner, assets_, shares);
    }

    /// @inheritdoc IERC4626
    function redeem(
        uint256 shares,
        address receiver,
        address owner
    )
        public
        override(ERC4626Upgradeable, IERC4626)
        nonReentrant
        returns (uint256 assets_)
    {
        (uint256 total, uint256 supply, uint256 cash) = _pricedForExit();
        uint256 most = ShareMath.redeemable(_free(owner), cash, total, supply);
        if (shares > most) revert ERC4626ExceededMaxRedeem(owner, shares, most);
        assets_ = ShareMath.assetsFor(shares, total, supply, Math.Rounding.Floor);
        // slither-disable-next-line incorrect-equality (zero is what is refused, not a state that is compared)
        if (assets_ == 0) revert Portfolio__ZeroAssets();
        _leave(total, receiver, owner, assets_, shares);
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
        if (queuedShares[owner] > FixedPointMathLib.zeroFloorSub(held, shares + _locked(owner))) _setQueued(owner, 0);
        // Virtual shares count here too: otherwise what an attacker donates to spoil the rate would come back
        // to it whole, and the attack would cost nothing. Fees count as far as they can be known.
        Asset[] memory list = _all();
        uint256 supply = IFeeManager(feeManager).recordExitInKind(_potIfKnown(list.length), _issued(), shares);
        _burn(owner, shares);

        // Interactions, none of which can stop the others
        amounts = new uint256[](list.length);
        for (uint256 k; k < list.length; ++k) {
            amounts[k] = _sendLeg(k, list[k], shares, supply, receiver, owner);
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

    // -- Fees --------------------------------------------------------------------------------------------------------

    /// @inheritdoc IPortfolio
    function mintFees(address recipient, uint256 shares) external nonReentrant {
        if (msg.sender != feeManager) revert Portfolio__OnlyFeeManager(msg.sender);
        _mint(recipient, shares);
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
        (uint256 supply,) = _supplyAt(total, true);
        burnt = FixedPointMathLib.min(
            shares, ShareMath.sharesFor(_balanceOf(settlement), total, supply, Math.Rounding.Floor)
        );
        assets_ = ShareMath.assetsFor(burnt, total, supply, Math.Rounding.Floor);
        // slither-disable-next-line incorrect-equality (zero is what is refused, not a state that is compared)
        if (assets_ == 0) {
            // Too little cash, or too few shares?
            if (burnt < shares) return (0, 0);
            revert Portfolio__ZeroAssets();
        }

        // Effects
        _setQueued(owner, queuedShares[owner] - burnt);
        IFeeManager(feeManager).recordExit(total + 1, _issued(), burnt);
        _burn(owner, burnt);
        _setAsideFor(0, settlement, controller, assets_);
        emit Withdraw(msg.sender, controller, owner, assets_, burnt);
    }

    // -- Governance --------------------------------------------------------------------------------------------------

    /// @inheritdoc IPortfolio
    function setListing(address asset_, Listing listing) external onlyFactory nonReentrant {
        if (listing == Listing.Listed) _list(asset_);
        else _unlist(asset_, listing);
        IRiskEngine(riskEngine).syncAssets();
    }

    /// @inheritdoc IPortfolio
    function setLossBudget(uint16 lossBudgetBps, uint40 lossWindow) external onlyFactory {
        _resetLossBudget(lossBudgetBps, lossWindow);
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    function _requireFactory() private view {
        if (msg.sender != factory) revert Portfolio__OnlyFactory(msg.sender);
    }

    /// @dev Shares that are bound and shares that are locked stay; they are not the same shares.
    function _requireFree(address owner) private view {
        IFeeManager(feeManager).requireFree(address(this), owner, balanceOf(owner), queuedShares[owner]);
    }

    /// @dev Refuses settlement tokens that arrive short.
    /// @param cash Cash before the deposit, smallest units of the settlement token.
    function _enter(uint256 total, uint256 cash, address receiver, uint256 assets_, uint256 shares) private {
        if (_msgSender() != receiver) _requireNotStopped(_msgSender());
        IFeeManager(feeManager).recordEntry(total + 1, _issued(), assets_, shares, _msgSender(), receiver);
        _deposit(_msgSender(), receiver, assets_, shares);
        uint256 received = _balanceOf(_assets[0]) - cash;
        if (received != assets_) revert Portfolio__TransferMismatch(asset(), assets_, received);
    }

    function _leave(uint256 total, address receiver, address owner, uint256 assets_, uint256 shares) private {
        _requireOthers(owner, receiver);
        IFeeManager(feeManager).recordExit(total + 1, _issued(), shares);
        _withdraw(_msgSender(), receiver, owner, assets_, shares);
    }

    function _claimFor(address asset_, address receiver, uint256 amount) private {
        _requireNotStopped(msg.sender);
        _requireOthers(msg.sender, receiver);
        _claim(asset_, receiver, amount);
    }

    /// @dev Judges the other accounts that take part; the owner of burnt shares is judged as they are burnt.
    function _requireOthers(address owner, address receiver) private view {
        if (msg.sender != owner) _requireNotStopped(msg.sender);
        if (receiver != owner) _requireNotStopped(receiver);
    }

    /// @dev No frozen or sanctioned account pays for, acts on or is paid for shares that are under compliance rules.
    function _requireNotStopped(address account) private view {
        address engine = compliance;
        if (engine != address(0)) IAutomatedComplianceEngine(engine).requireNotStopped(address(this), account);
    }

    /// @dev Shares move under the portfolio's compliance rules, if it has any: the engine is told of the movement that
    /// was made, and refuses it.
    function _update(address from, address to, uint256 value) internal override(ERC20Upgradeable) {
        super._update(from, to, value);
        if (from != address(0)) _requireFree(from);
        address engine = compliance;
        if (engine == address(0)) return;
        IAutomatedComplianceEngine(engine)
            .admitTransfer(
                // What the queue burns, its owner asked for.
                msg.sender == queue ? from : _msgSender(),
                from,
                to,
                value,
                from == address(0) ? 0 : balanceOf(from),
                to == address(0) ? 0 : balanceOf(to)
            );
    }
}
