// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";

/// @title Arithmetic of a portfolio's fees
/// @notice Fees are shares. With base B (issued, virtual and owed shares), gross assets P (`totalAssets` + 1),
/// high-water mark h and performance rate f:
///
///   management    B grows by e^(rate x time): however often it is settled, the recipient's part is 1 - e^-(rt) <= rt
///   gain          G = max(0, P - h B)
///   pending       F = B f G / (P - f G), the shares that are worth f G once they exist
///   price         n = P / (B + F) = (P - f G) / B, what everybody deals at
///
/// A move of holders keeps n: docs/decisions/0052-fees-are-owed-shares.md derives it. Everything rounds towards the
/// holders who stay.
library Fees {
    uint256 private constant _MAX_MANAGEMENT_BPS = 500;
    uint256 private constant _MAX_PERFORMANCE_BPS = 3000;
    uint256 private constant _MIN_PERIOD = 1 days;
    uint256 private constant _MAX_PERIOD = 366 days;
    uint256 private constant _BPS = 10_000;
    uint256 private constant _BPS_TO_WAD = 1e14;
    uint256 private constant _YEAR = 365 days;

    /// @dev Gross assets and gains are 1e-33 of the settlement token's smallest unit, so that they divide by shares into
    /// prices: 1e27 is one settlement token for one whole share, which has six decimals more. Nothing is rounded but
    /// shares and high-water marks.
    uint256 internal constant SCALE = 1e33;

    /// @notice Returns the shares after `time` seconds of management fees. Rounds down.
    /// @param bps Basis points per year, compounded continuously.
    function grown(uint256 base, uint256 bps, uint256 time) internal pure returns (uint256) {
        if (bps == 0) return base;
        uint256 growth = uint256(FixedPointMathLib.expWad(int256(bps * _BPS_TO_WAD * time / _YEAR)));
        return FixedPointMathLib.fullMulDiv(base, growth, 1e18);
    }

    /// @notice Fills in what the assets make of a quote's shares.
    /// @param grossAssets 1e-33 of the settlement token's smallest unit, up to 2^240, above zero.
    /// @param highWaterMark Settlement tokens per whole share, scaled by 1e27.
    function quote(IFeeManager.Quote memory q, uint256 grossAssets, uint256 highWaterMark, uint256 bps) internal pure {
        q.grossAssets = grossAssets;
        q.gain = FixedPointMathLib.zeroFloorSub(grossAssets, FixedPointMathLib.saturatingMul(highWaterMark, q.base));
        uint256 fee = q.gain * bps;
        q.pending = FixedPointMathLib.fullMulDiv(q.base, fee, grossAssets * _BPS - fee);
    }

    /// @param pendingFee Rounding of the shares that the pending fee amounts to.
    /// @return Shares that share the assets: issued, virtual, owed and pending ones.
    function supplyOf(IFeeManager.Quote memory q, Math.Rounding pendingFee) internal pure returns (uint256) {
        return q.base + q.pending + (pendingFee == Math.Rounding.Ceil && q.gain != 0 ? 1 : 0);
    }

    /// @return Settlement tokens per whole share, scaled by 1e27, net of all fees. Rounds down.
    function priceOf(IFeeManager.Quote memory q) internal pure returns (uint256) {
        return q.grossAssets / (q.base + q.pending);
    }

    /// @notice Returns the gross assets that a net price stands for. Rounds down, to at least one.
    function grossAssetsAt(
        uint256 price,
        uint256 base,
        uint256 highWaterMark,
        uint256 bps
    )
        internal
        pure
        returns (uint256)
    {
        if (price > highWaterMark) price += (price - highWaterMark) * bps / (_BPS - bps);
        return FixedPointMathLib.clamp(FixedPointMathLib.saturatingMul(price, base), 1, type(uint240).max);
    }

    /// @notice Returns the high-water mark at which gross assets of this worth are no gain. Rounds up.
    function highWaterMarkOf(uint256 worth, uint256 base) internal pure returns (uint256) {
        return FixedPointMathLib.divUp(worth, base);
    }

    /// @notice Reverts if terms exceed the maximums of the protocol.
    function requireAllowed(IFeeManager.FeeTerms memory terms) internal pure {
        bool payable_ = terms.recipient != address(0) || (terms.managementBps == 0 && terms.performanceBps == 0);
        if (
            !payable_ || terms.managementBps > _MAX_MANAGEMENT_BPS || terms.performanceBps > _MAX_PERFORMANCE_BPS
                || terms.period < _MIN_PERIOD || terms.period > _MAX_PERIOD
        ) {
            revert IFeeManager.FeeManager__InvalidFees(
                terms.managementBps, terms.performanceBps, terms.period, terms.recipient
            );
        }
    }

    /// @return True if no field of `b` charges more than `a`, nor pays somebody else.
    function isLower(IFeeManager.FeeTerms memory a, IFeeManager.FeeTerms memory b) internal pure returns (bool) {
        return b.managementBps <= a.managementBps && b.performanceBps <= a.performanceBps && b.period >= a.period
            && b.recipient == a.recipient;
    }
}
