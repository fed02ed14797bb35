// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {ProfitLock} from "contracts/yield/ProfitLock.sol";

/// @title Y5: the locked profit is the reported profit, and only ever unlocks
/// @notice The proofs cover any second of a lock of 2^20 seconds, twelve days. The amounts are powers of two, from far
/// fewer units than seconds to far more than any asset has, because that is the division that solvers decide.
/// `SmallNumbers.t.sol` goes through other amounts and periods.
contract ProfitLockProof is Test {
    using ProfitLock for ProfitLock.Lock;

    uint256 private constant _PERIOD = 1 << 20;

    /// @dev All of the profit is locked at the start, nothing at the end, and never more than was locked.
    function check_Y5_noMoreIsLockedThanWas(uint40 since, uint40 time, uint8 size) public pure {
        vm.assume(since < 1 << 38 && time >= since);
        ProfitLock.Lock memory lock = _lock(since, size);
        assert(lock.lockedAt(time) <= lock.amount);
        assert(lock.lockedAt(since) == lock.amount);
        if (time >= since + _PERIOD) assert(lock.lockedAt(time) == 0);
        else assert(lock.lockedAt(time) != 0);
    }

    function check_Y5_itOnlyUnlocks(uint40 since, uint40 first, uint40 second, uint8 size) public pure {
        vm.assume(since < 1 << 38 && first >= since && second >= first);
        ProfitLock.Lock memory lock = _lock(since, size);
        assert(lock.lockedAt(second) <= lock.lockedAt(first));
    }

    /// @dev A loss takes from the locked profit, at most all of it; the end stays.
    function check_Y5_aLossOnlyUnlocks(uint40 since, uint40 time, uint128 loss, uint8 size) public pure {
        vm.assume(since < 1 << 38 && time >= since);
        ProfitLock.Lock memory lock = _lock(since, size);
        uint256 left = lock.lockedAt(time);
        ProfitLock.Lock memory next = lock.lost(loss, time);
        assert(next.amount == (loss < left ? left - loss : 0));
        assert(next.end == lock.end && next.since == time);
    }

    function _lock(uint40 since, uint8 size) private pure returns (ProfitLock.Lock memory) {
        uint128[4] memory amounts = [uint128(1), 1 << 10, 1 << 60, 1 << 112];
        // A branch each, so that the amount is a number.
        for (uint256 k; k < 3; ++k) {
            if (size == k) return ProfitLock.Lock(amounts[k], since, since + uint40(_PERIOD));
        }
        return ProfitLock.Lock(amounts[3], since, since + uint40(_PERIOD));
    }
}
