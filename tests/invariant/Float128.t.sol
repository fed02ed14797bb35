// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Float128} from "contracts/math/Float128.sol";
import {Test} from "forge-std/Test.sol";

/// @title Packed numbers beside the numbers that were packed
contract Float128Test is Test {
    using Float128 for uint128;

    /// @param bits Number of leading zeros, so that every size of number comes up.
    function testFuzz_packDown__anyNumber__belowByLessThanItsLastBit(uint256 x, uint8 bits) public pure {
        x >>= bits;
        uint256 packed = Float128.packDown(x).unpack();
        assertLe(packed, x);
        assertTrue(packed == x || x - packed < x >> 119);
        assertEq(Float128.packDown(packed).unpack(), packed, "not a fixed point");
    }

    function testFuzz_packUp__anyNumber__aboveByLessThanItsLastBit(uint256 x, uint8 bits) public pure {
        x >>= bits;
        x = bound(x, 0, uint256(2 ** 120 - 1) << 136);
        uint256 packed = Float128.packUp(x).unpack();
        assertGe(packed, x);
        assertTrue(packed == x || packed - x < x >> 119);
        assertEq(Float128.packUp(packed).unpack(), packed, "not a fixed point");
    }

    function test_packUp__aboveTheLargest__isTheLargest() public pure {
        uint256 largest = uint256(2 ** 120 - 1) << 136;
        assertEq(Float128.packUp(largest + 1).unpack(), largest);
        assertEq(Float128.packUp(type(uint256).max).unpack(), largest);
    }

    function testFuzz_pack__belowTwoToThe120__isExact(uint120 x) public pure {
        assertEq(Float128.packDown(x).unpack(), x);
        assertEq(Float128.packUp(x).unpack(), x);
    }

    /// @dev A mantissa of ones rounds up into the next power of two.
    function testFuzz_packUp__aroundPowersOfTwo__carries(uint8 power, uint8 below) public pure {
        uint256 x = (uint256(1) << bound(power, 121, 254)) - bound(below, 0, 2);
        uint256 packed = Float128.packUp(x).unpack();
        assertGe(packed, x);
        assertLe(packed - x, x >> 119);
    }
}
