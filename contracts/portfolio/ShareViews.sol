// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {DealingGuard} from "./DealingGuard.sol";
import {ShareMath} from "./ShareMath.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IPortfolioFactory} from "interfaces/portfolio/IPortfolioFactory.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title A portfolio's answers to the questions of ERC-4626
/// @notice See {IFeeManager}. The code is here, because the portfolio has no room for it.
abstract contract ShareViews is DealingGuard {
    using FixedPointMathLib for uint256;

    /// @dev The numbers by which a portfolio's shares are dealt.
    /// @param total `totalAssets`, or `exitAssets` for an exit.
    /// @param supply Issued, virtual, owed and pending shares.
    /// @param fair True if the price is in its band.
    struct Deal {
        uint256 total;
        uint256 supply;
        bool fair;
    }

    /// @inheritdoc IFeeManager
    function answer(address portfolio, bytes4 question, uint256 about) external view returns (uint256) {
        if (question == IERC4626.maxDeposit.selector) return _maxDeposit(portfolio, address(uint160(about)));
        if (question == IERC4626.maxMint.selector) return _maxMint(portfolio, address(uint160(about)));
        if (question == IERC4626.maxWithdraw.selector) return _maxWithdraw(portfolio, address(uint160(about)));
        if (question == IERC4626.maxRedeem.selector) return _maxRedeem(portfolio, address(uint160(about)));
        return _converted(portfolio, question, about);
    }

    // -- Conversions -------------------------------------------------------------------------------------------------

    /// @dev A depositor gets shares rounded down or pays assets rounded up; a leaver has it the other way round.
    function _converted(address portfolio, bytes4 question, uint256 amount) private view returns (uint256) {
        if (question == IERC4626.convertToShares.selector || question == IERC4626.previewDeposit.selector) {
            return _toShares(
                amount,
                _dealAt(portfolio, IPortfolio(portfolio).totalAssets(), Math.Rounding.Floor),
                Math.Rounding.Floor
            );
        }
        if (question == IERC4626.previewMint.selector) {
            return _toAssets(
                amount, _dealAt(portfolio, IPortfolio(portfolio).totalAssets(), Math.Rounding.Floor), Math.Rounding.Ceil
            );
        }
        if (question == IERC4626.convertToAssets.selector) {
            return _toAssets(
                amount, _dealAt(portfolio, IPortfolio(portfolio).totalAssets(), Math.Rounding.Ceil), Math.Rounding.Floor
            );
        }
        if (question == IERC4626.previewWithdraw.selector) {
            return _toShares(
                amount, _dealAt(portfolio, IPortfolio(portfolio).exitAssets(), Math.Rounding.Ceil), Math.Rounding.Ceil
            );
        }
        if (question == IERC4626.previewRedeem.selector) {
            return _toAssets(
                amount, _dealAt(portfolio, IPortfolio(portfolio).exitAssets(), Math.Rounding.Ceil), Math.Rounding.Floor
            );
        }
        revert FeeManager__UnknownQuestion(question);
    }

    // -- Maximums ----------------------------------------------------------------------------------------------------

    function _maxDeposit(address portfolio, address receiver) private view returns (uint256 assets) {
        (bool open, Deal memory deal) = _dealOf(portfolio, IPortfolio(portfolio).totalAssets, Math.Rounding.Floor);
        if (!open) return 0;
        (uint256 least, uint256 most) = _issuable(portfolio, receiver);
        assets = _roomOf(portfolio, deal);
        // The most assets that buy no share more than `most`: assets x supply / (total + 1) < most + 1.
        if (most < type(uint128).max) {
            assets = assets.min((most + 1).fullMulDivUp(deal.total + ShareMath.VIRTUAL_ASSETS, deal.supply) - 1);
        }
        if (assets == type(uint256).max) return assets;
        uint256 shares = _toShares(assets, deal, Math.Rounding.Floor);
        if (shares < least.max(1)) return 0;
    }

    function _maxMint(address portfolio, address receiver) private view returns (uint256 shares) {
        (bool open, Deal memory deal) = _dealOf(portfolio, IPortfolio(portfolio).totalAssets, Math.Rounding.Floor);
        if (!open) return 0;
        (uint256 least, uint256 most) = _issuable(portfolio, receiver);
        shares = _roomOf(portfolio, deal);
        if (shares != type(uint256).max) shares = _toShares(shares, deal, Math.Rounding.Floor);
        shares = shares.min(most);
        if (shares < least) return 0;
    }

    function _maxWithdraw(address portfolio, address owner) private view returns (uint256) {
        (bool open, Deal memory deal) = _dealOf(portfolio, IPortfolio(portfolio).exitAssets, Math.Rounding.Ceil);
        if (!open) return 0;
        return ShareMath.withdrawable(_freeOf(portfolio, owner), _freeCash(portfolio, deal), deal.total, deal.supply);
    }

    function _maxRedeem(address portfolio, address owner) private view returns (uint256) {
        (bool open, Deal memory deal) = _dealOf(portfolio, IPortfolio(portfolio).exitAssets, Math.Rounding.Ceil);
        if (!open) return 0;
        return ShareMath.redeemable(_freeOf(portfolio, owner), _freeCash(portfolio, deal), deal.total, deal.supply);
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    /// @param pendingFee Rounding of the pending fee: up for an exit.
    /// @return supply Supply that shares `totalAssets`.
    /// @return fair True if the price is in its band.
    function _dealtAt(
        address portfolio,
        uint256 totalAssets,
        Math.Rounding pendingFee
    )
        internal
        view
        virtual
        returns (uint256 supply, bool fair);

    /// @dev Dealing is closed while a price is stale or out of its band, a token does not answer, or the portfolio is
    /// halted or in the middle of a call.
    function _dealOf(
        address portfolio,
        function() external view returns (uint256) ask,
        Math.Rounding pendingFee
    )
        private
        view
        returns (bool open, Deal memory deal)
    {
        try ask() returns (uint256 total) {
            deal = _dealAt(portfolio, total, pendingFee);
        } catch {
            return (false, deal);
        }
        open =
            deal.fair && IRiskEngine(IPortfolio(portfolio).riskEngine()).stateOf(portfolio) != IRiskEngine.State.Halted;
    }

    function _dealAt(
        address portfolio,
        uint256 total,
        Math.Rounding pendingFee
    )
        private
        view
        returns (Deal memory deal)
    {
        deal.total = total;
        (deal.supply, deal.fair) = _dealtAt(portfolio, total, pendingFee);
    }

    /// @return Smallest units of the settlement token that may come in.
    function _roomOf(address portfolio, Deal memory deal) private view returns (uint256) {
        bool closed = IPortfolioFactory(IPortfolio(portfolio).factory()).holdsRetired(portfolio);
        return closed ? 0 : roomOf(portfolio, deal.total);
    }

    /// @dev Returns the bounds that the compliance rules of the shares, if there are any, set for the receiver.
    /// @return least Minimum number of shares that it has to get.
    /// @return most Maximum number of shares that it may get.
    function _issuable(address portfolio, address receiver) private view returns (uint256 least, uint256 most) {
        address engine = IPortfolio(portfolio).compliance();
        if (engine == address(0)) return (0, type(uint256).max);
        return IAutomatedComplianceEngine(engine).issuable(portfolio, receiver);
    }

    /// @return True if the compliance rules of the shares, if there are any, let the owner's shares be burnt.
    function _isBurnable(address portfolio, address owner) private view returns (bool) {
        address engine = IPortfolio(portfolio).compliance();
        if (engine == address(0)) return true;
        (, IAutomatedComplianceEngine.Reason reason) =
            IAutomatedComplianceEngine(engine).checkTransfer(portfolio, owner, owner, address(0), 0);
        return reason == IAutomatedComplianceEngine.Reason.None;
    }

    /// @return Shares that may leave in cash.
    function _freeOf(address portfolio, address owner) private view returns (uint256) {
        if (!_isBurnable(portfolio, owner)) return 0;
        (uint256 locked,) = lockedShares(portfolio, owner);
        IPortfolio target = IPortfolio(portfolio);
        return target.balanceOf(owner).zeroFloorSub(locked + target.queuedShares(owner));
    }

    /// @return Cash that nobody waits for, smallest units of the settlement token.
    function _freeCash(address portfolio, Deal memory deal) private view returns (uint256) {
        IPortfolio target = IPortfolio(portfolio);
        address settlement = target.asset();
        uint256 reservedCash =
            target.totalClaimable(settlement) + ShareMath.waiting(target.totalQueuedShares(), deal.total, deal.supply);
        return IERC20(settlement).balanceOf(portfolio).zeroFloorSub(reservedCash);
    }

    function _toShares(uint256 assets, Deal memory deal, Math.Rounding rounding) private pure returns (uint256) {
        return ShareMath.sharesFor(assets, deal.total, deal.supply, rounding);
    }

    function _toAssets(uint256 shares, Deal memory deal, Math.Rounding rounding) private pure returns (uint256) {
        return ShareMath.assetsFor(shares, deal.total, deal.supply, rounding);
    }
}
