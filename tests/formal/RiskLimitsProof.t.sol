// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {RiskLimits} from "contracts/risk/RiskLimits.sol";

/// @title R2: tightening is monotone
/// @notice A field at a time, which is how the library works; any values, in the field's own type.
contract RiskLimitsProof is Test {
    /// @dev The tighter of two is one of them, and as tight as both.
    function check_R2_theTighterIsAsTightAsBoth(uint256 k, uint16 a, uint16 b) public pure {
        vm.assume(k < RiskLimits.FIELDS);
        (int256 x, int256 y) = (_typed(k, a), _typed(k, b));
        int256 z = RiskLimits.tighterAt(k, x, y);
        assert(z == x || z == y);
        assert(RiskLimits.asTightAt(k, z, x) && RiskLimits.asTightAt(k, z, y));
    }

    /// @dev Whatever a limit refuses, a tighter one refuses.
    function check_R2_tighteningIsMonotone(uint256 k, uint16 limit, uint16 tighter, uint16 value) public pure {
        vm.assume(k < RiskLimits.FIELDS);
        (int256 x, int256 y, int256 v) = (_typed(k, limit), _typed(k, tighter), _typed(k, value));
        vm.assume(RiskLimits.asTightAt(k, y, x));
        if (!RiskLimits.asTightAt(k, v, x)) assert(!RiskLimits.asTightAt(k, v, y));
    }

    /// @dev A chain of tightenings is a tightening: no sequence of them loosens.
    function check_R2_tighteningIsTransitive(uint256 k, uint16 a, uint16 b, uint16 c) public pure {
        vm.assume(k < RiskLimits.FIELDS);
        (int256 x, int256 y, int256 z) = (_typed(k, a), _typed(k, b), _typed(k, c));
        if (RiskLimits.asTightAt(k, y, x) && RiskLimits.asTightAt(k, z, y)) assert(RiskLimits.asTightAt(k, z, x));
    }

    /// @dev Everybody's limits bind whatever a manager sets.
    function check_R2_noManagerLoosensAFloor(uint256 k, uint16 floor, uint16 own) public pure {
        vm.assume(k < RiskLimits.FIELDS);
        int256 effective = RiskLimits.tighterAt(k, _typed(k, own), _typed(k, floor));
        assert(RiskLimits.asTightAt(k, effective, _typed(k, floor)));
    }

    /// @dev The least Sharpe ratio is the one signed limit.
    function _typed(uint256 k, uint16 value) private pure returns (int256) {
        return k == 14 ? int256(int16(value)) : int256(uint256(value));
    }
}
