// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {Tranches} from "contracts/compliance/Tranches.sol";

/// @title Locked tranches beside a plain list of every lock
contract TranchesTest is Test {
    using Tranches for uint256[];
    using Tranches for uint256;

    uint256[] private _list;
    uint256[] private _amounts;
    uint256[] private _ends;

    /// @dev The tranches of any locks in any order free nothing before its end and lose nothing, and the list is sorted
    /// and bounded.
    function testFuzz_add__anyLocks__nothingIsFreeEarly(uint256 seed, uint8 count, uint32 spread, uint32 look) public {
        uint256 start = 1_700_000_000;
        uint256 range = uint256(spread) % 400 days + 1;
        for (uint256 i; i < uint256(count) % 100 + 1; ++i) {
            uint256 amount = uint256(keccak256(abi.encode(seed, i))) % 1e20 + 1;
            uint256 end = start + uint256(keccak256(abi.encode(i, seed))) % range;
            _list.add(amount, end, start - 1);
            _amounts.push(amount);
            _ends.push(end);
        }
        _requireSorted(start - 1);
        uint256 time = start + uint256(look) % range;
        uint256 locked;
        uint256 all;
        for (uint256 i; i < _ends.length; ++i) {
            all += _amounts[i];
            if (_ends[i] > time) locked += _amounts[i];
        }
        assertGe(_list.locked(time), locked);
        assertEq(_list.locked(start - 1), all);
        assertEq(_list.locked(start + range + 1 days), 0);
    }

    /// @dev The parts that are taken away and that stay add up to the former amount, and the earliest ends go first.
    function testFuzz_reduce__anyPart__splitsWhatWasThere(uint256 seed, uint8 count, uint256 kept) public {
        uint256 start = 1_700_000_000;
        for (uint256 i; i < uint256(count) % 70 + 1; ++i) {
            _list.add(uint256(keccak256(abi.encode(seed, i))) % 1e20 + 1, start + i * 1 days, start - 1);
        }
        uint256 before = _list.locked(start - 1);
        kept = bound(kept, 0, before + 1);
        (uint256[] memory gone, uint256 moved) = _list.reduce(kept, start - 1);
        uint256 sum;
        uint256 last;
        for (uint256 i; i < moved; ++i) {
            assertGe(gone[i].end(), last);
            last = gone[i].end();
            sum += gone[i].amount();
        }
        uint256 left = _list.locked(start - 1);
        assertEq(left + sum, before);
        assertEq(left, kept < before ? kept : before);
        if (left != 0 && moved != 0) assertGe(_list[0].end(), last);
        _requireSorted(start - 1);
    }

    function _requireSorted(uint256 time) private view {
        assertLe(_list.length, Tranches.MAXIMUM);
        for (uint256 i; i < _list.length; ++i) {
            assertGt(_list[i].amount(), 0);
            assertGt(_list[i].end(), i == 0 ? time : _list[i - 1].end());
        }
    }
}
