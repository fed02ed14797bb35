// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Float20} from "contracts/math/Float20.sol";
import {Test} from "forge-std/Test.sol";

/// @title Packed bounds beside the bounds that were packed
contract Float20Test is Test {
    /// @param bits Number of leading zeros, so that every size of number comes up.
    function testFuzz_pack__anyNumber__enclosesItClosely(uint128 x, uint8 bits) public pure {
        x >>= bits & 0x7f;
        (uint256 below, uint256 above) = (Float20.packDown(x), Float20.packUp(x));
        assertLt(below | above, 1 << 20);
        (below, above) = (Float20.unpack(below), Float20.unpack(above));
        assertLe(below, x);
        assertGe(above, x);
        assertLe(above - below, x >> 12);
        assertTrue(below == x || above != x);
    }

    function testFuzz_pack__belowTwoToThe13__isExact(uint128 x) public pure {
        x &= 2 ** 13 - 1;
        assertEq(Float20.unpack(Float20.packDown(x)), x);
        assertEq(Float20.unpack(Float20.packUp(x)), x);
    }

    function test_packUp__theLargest__carries() public pure {
        assertEq(Float20.unpack(Float20.packUp(type(uint128).max)), 1 << 128);
        assertEq(Float20.unpack(Float20.packUp(2 ** 14 - 1)), 2 ** 14);
    }

    function testFuzz_unpack__otherBitsAbove__doNotCount(uint128 x, uint256 dirt) public pure {
        uint256 packed = Float20.packDown(x);
        assertEq(Float20.unpack(packed | dirt << 20), Float20.unpack(packed));
    }
}
