// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {LeakyBucket} from "contracts/math/LeakyBucket.sol";

/// @title I2: amounts that the bucket lets through
/// @notice The budget is 2% of NAV per week; levels and losses are any, times lie within a window, after which a bucket
/// is empty.
contract LeakyBucketProof is Test {
    using LeakyBucket for LeakyBucket.Bucket;

    uint256 private constant _CAPACITY = 1e16;
    uint256 private constant _WINDOW = 7 days;

    /// @dev Two losses that both fit, within one window: together at most the budget, twice the capacity. The bound is
    /// reached: fill the bucket, wait a window, fill it again.
    function check_I2_twoLossesInAWindowStayInTheBudget(
        uint128 level,
        uint128 first,
        uint128 second,
        uint40 between
    )
        public
        pure
    {
        vm.assume(level <= _CAPACITY);
        vm.assume(between <= _WINDOW);
        (bool fits, uint256 held) = _bucket(level).charge(first, _CAPACITY, _WINDOW, 0);
        if (!fits) return;
        (fits,) = _bucket(uint128(held)).charge(second, _CAPACITY, _WINDOW, between);
        if (fits) assert(uint256(first) + second <= 2 * _CAPACITY);
    }

    /// @dev While no time passes nothing drains, and a loss raises the level by itself.
    function check_I2_aLossRaisesTheLevelByItself(uint128 level, uint128 loss) public pure {
        vm.assume(level <= _CAPACITY);
        (bool fits, uint256 held) = _bucket(level).charge(loss, _CAPACITY, _WINDOW, 0);
        assert(held == uint256(level) + loss);
        assert(fits == (loss == 0 || held <= _CAPACITY));
    }

    function _bucket(uint128 level) private pure returns (LeakyBucket.Bucket memory) {
        return LeakyBucket.Bucket(level, 0);
    }
}
