// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC4626Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC4626Upgradeable.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Asset} from "./Asset.sol";
import {QueuedShares} from "./QueuedShares.sol";
import {ShareMath} from "./ShareMath.sol";
import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IPortfolioFactory} from "interfaces/portfolio/IPortfolioFactory.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title Worth of a portfolio and of its shares
/// @notice See {IPortfolio}. Everything that {Portfolio} and {Trading} ask before they act: totals at the oracle's
/// prices, shares for assets and back, and how much may be bought and sold.
abstract contract SharePricing is QueuedShares, ERC4626Upgradeable, ReentrancyGuardTransient {
    uint256 private constant _WAD = 1e18;
    uint8 private constant _OFFSET = 6;
    /// @dev Gas per asset for finding its worth, while an exit in kind asks.
    uint256 private constant _PRICE_GAS = 250_000;

    /// @inheritdoc IPortfolio
    address public immutable factory;
    /// @inheritdoc IPortfolio
    address public immutable riskEngine;
    /// @inheritdoc IPortfolio
    address public immutable feeManager;

    /// @dev Guards as `nonReentrantView` does, but lets the portfolio's own questions to itself through.
    modifier whileStill() {
        if (_reentrancyGuardEntered() && msg.sender != address(this)) revert ReentrancyGuardReentrantCall();
        _;
    }

    constructor(address riskEngine_, address feeManager_) {
        (factory, riskEngine, feeManager) = (msg.sender, riskEngine_, feeManager_);
    }

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IPortfolio
    function positions()
        external
        view
        nonReentrantView
        returns (address[] memory assets_, uint256[] memory balances, uint256[] memory values, uint256 sharePrice_)
    {
        Asset[] memory list;
        uint256 total;
        (list,, balances, values,, total) = _appraise(false);
        assets_ = _tokens(list);
        sharePrice_ = _sharePrice(total);
    }

    /// @inheritdoc IPortfolio
    function nav() external view nonReentrantView returns (uint256 total) {
        (,,,, total,) = _appraise(false);
    }

    /// @inheritdoc IPortfolio
    function sharePrice() external view nonReentrantView returns (uint256) {
        return _sharePrice(_totalAt(false));
    }

    /// @inheritdoc IERC4626
    /// @dev It is the first of the list, which every call has read.
    function asset() public view override(ERC4626Upgradeable, IERC4626) returns (address) {
        return _assets[0].token();
    }

    /// @inheritdoc IERC4626
    function totalAssets() public view override(ERC4626Upgradeable, IERC4626) whileStill returns (uint256) {
        return _totalAt(false);
    }

    /// @inheritdoc IPortfolio
    function exitAssets() external view nonReentrantView returns (uint256) {
        return _totalAt(true);
    }

    // -- What the fee manager answers --------------------------------------------------------------------------------

    /// @inheritdoc IERC4626
    function convertToShares(uint256 assets_) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(assets_);
    }

    /// @inheritdoc IERC4626
    function convertToAssets(uint256 shares) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(shares);
    }

    /// @inheritdoc IERC4626
    function previewDeposit(uint256 assets_) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(assets_);
    }

    /// @inheritdoc IERC4626
    function previewMint(uint256 shares) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(shares);
    }

    /// @inheritdoc IERC4626
    function previewWithdraw(uint256 assets_) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(assets_);
    }

    /// @inheritdoc IERC4626
    function previewRedeem(uint256 shares) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(shares);
    }

    /// @inheritdoc IERC4626
    function maxDeposit(address receiver) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(uint160(receiver));
    }

    /// @inheritdoc IERC4626
    function maxMint(address receiver) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(uint160(receiver));
    }

    /// @inheritdoc IERC4626
    function maxWithdraw(address owner) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(uint160(owner));
    }

    /// @inheritdoc IERC4626
    function maxRedeem(address owner) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(uint160(owner));
    }

    // -- Internals: totals -------------------------------------------------------------------------------------------

    /// @dev Appraises everything at prices that are read once.
    /// @param exit True for the prices at which holders may leave.
    /// @return list The listed assets.
    /// @return prices WAD USD.
    /// @return balances Smallest units.
    /// @return values WAD USD.
    /// @return total Sum of the values, WAD USD.
    /// @return totalAssets_ The sum in smallest units of the settlement token.
    function _appraise(bool exit)
        internal
        view
        returns (
            Asset[] memory list,
            uint256[] memory prices,
            uint256[] memory balances,
            uint256[] memory values,
            uint256 total,
            uint256 totalAssets_
        )
    {
        list = _listed();
        address[] memory tokens = _tokens(list);
        prices = exit ? IPriceOracle(oracle).exitPrices(tokens) : IPriceOracle(oracle).prices(tokens);
        (balances, values, total) = _valued(list, prices);
        totalAssets_ = _inSettlement(total, prices[0], list[0].unit());
    }

    function _totalAt(bool exit) internal view returns (uint256 totalAssets_) {
        (,,,,, totalAssets_) = _appraise(exit);
    }

    /// @dev The portfolio calls it on itself and with bounded gas: no contract that is asked for a price can stop an
    /// exit.
    /// @return The pot; zero if it is unknown.
    function _potIfKnown(uint256 assets_) internal view returns (uint256) {
        try this.totalAssets{gas: _PRICE_GAS * (assets_ + 1)}() returns (uint256 total) {
            return FixedPointMathLib.saturatingAdd(total, 1);
        } catch {
            return 0;
        }
    }

    /// @dev The selector of the call is the question. One body for all ten functions fits in here, ten bodies do not.
    function _answer(uint256 about) private view returns (uint256) {
        return IFeeManager(feeManager).answer(address(this), msg.sig, about);
    }

    // -- Internals: shares and assets --------------------------------------------------------------------------------

    /// @dev Returns the numbers that deposits are priced by; reverts if the price jumped.
    /// @return total `totalAssets`.
    /// @return supply Supply, with owed and pending shares.
    /// @return room Smallest units of the settlement token that may come in.
    /// @return cash Cash at hand, smallest units of the settlement token.
    function _pricedForEntry() internal returns (uint256 total, uint256 supply, uint256 room, uint256 cash) {
        (Asset[] memory list,, uint256[] memory balances,,, uint256 total_) = _appraise(false);
        (total, cash) = (total_, balances[0]);
        (supply, room) = IFeeManager(feeManager).recordPrice(total + 1, _issued(), false);
        if (_closed(list.length)) room = 0;
    }

    /// @dev Returns the numbers that exits in cash are priced by; reverts if the price jumped.
    /// @return total `totalAssets` at exit prices.
    /// @return supply Supply, with owed and pending shares.
    /// @return cash Cash that nobody waits for, smallest units of the settlement token.
    function _pricedForExit() internal returns (uint256 total, uint256 supply, uint256 cash) {
        uint256[] memory balances;
        (,, balances,,, total) = _appraise(true);
        // slither-disable-next-line unused-return (the room is for who enters)
        (supply,) = IFeeManager(feeManager).recordPrice(total + 1, _issued(), true);
        cash = FixedPointMathLib.zeroFloorSub(balances[0], _waiting(total, supply));
    }

    function _supplyAt(uint256 total, bool exit) internal view returns (uint256 supply, bool fair) {
        return IFeeManager(feeManager).supplyOf(address(this), total + 1, _issued(), exit);
    }

    /// @dev Returns the issued shares, virtual ones included.
    function _issued() internal view returns (uint256) {
        return totalSupply() + 10 ** _OFFSET;
    }

    function _sharePrice(uint256 total) internal view returns (uint256) {
        (uint256 supply,) = _supplyAt(total, false);
        return _sharePriceAt(total, supply);
    }

    /// @dev A share has six decimals more than the settlement token, so the ratio of raw amounts is 10^6 too small.
    function _sharePriceAt(uint256 total, uint256 supply) internal pure returns (uint256) {
        return FixedPointMathLib.fullMulDiv(total + 1, _WAD * 10 ** _OFFSET, supply);
    }

    function _decimalsOffset() internal pure override returns (uint8) {
        return _OFFSET;
    }

    // -- Internals: how much may go in and out -----------------------------------------------------------------------

    /// @return Worth of the requests that wait, smallest units of the settlement token.
    function _waiting(uint256 total, uint256 supply) internal view returns (uint256) {
        return _assets[0].awaited() ? ShareMath.waiting(totalQueuedShares, total, supply) : 0;
    }

    function _locked(address owner) internal view returns (uint256 shares) {
        (shares,) = IFeeManager(feeManager).lockedShares(address(this), owner);
    }

    /// @return Shares that may leave in cash, unless they are locked: the fee manager refuses these when they are burnt.
    function _free(address owner) internal view returns (uint256) {
        return _halted() ? 0 : FixedPointMathLib.zeroFloorSub(balanceOf(owner), queuedShares[owner]);
    }

    /// @dev A depositor would share in retired assets without having paid for them: entry is closed while there are
    /// any.
    /// @param listed Number of assets that are not retired.
    function _closed(uint256 listed) private view returns (bool) {
        if (_halted()) return true;
        return listed < _assets[0].count() && IPortfolioFactory(factory).holdsRetired(address(this));
    }

    function _halted() private view returns (bool) {
        return IRiskEngine(riskEngine).stateOf(address(this)) == IRiskEngine.State.Halted;
    }
}
