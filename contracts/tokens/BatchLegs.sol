// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IComplianceAwareToken} from "interfaces/tokens/IComplianceAwareToken.sol";

/// @title The legs of a batch
/// @notice Adds up what each receiver of a batch gets, because rules judge sums and not legs.
library BatchLegs {
    uint256 private constant _MOST = 256;

    /// @notice Refuses lists of different lengths, and more legs than a batch may have.
    function requireSame(uint256 legs, uint256 others) internal pure {
        if (legs != others) revert IComplianceAwareToken.ComplianceAwareToken__LengthMismatch();
        if (legs > _MOST) revert IComplianceAwareToken.ComplianceAwareToken__TooManyLegs(legs, _MOST);
    }

    /// @notice Returns each receiver once, with the sum that it gets.
    function summed(
        address[] calldata toList,
        uint256[] calldata amounts
    )
        internal
        pure
        returns (address[] memory receivers, uint256[] memory sums)
    {
        requireSame(toList.length, amounts.length);
        receivers = new address[](toList.length);
        sums = new uint256[](toList.length);
        uint256 count;
        for (uint256 i; i < toList.length; ++i) {
            address receiver = toList[i];
            uint256 k = _indexOf(receivers, count, receiver);
            if (k == count) receivers[count++] = receiver;
            sums[k] += amounts[i];
        }
        assembly ("memory-safe") {
            mstore(receivers, count)
            mstore(sums, count)
        }
    }

    /// @dev Returns the position of an account among the first `count`, or `count`. A batch looks up each receiver among
    /// all before it.
    function _indexOf(address[] memory list, uint256 count, address account) private pure returns (uint256 index) {
        assembly ("memory-safe") {
            let wanted := shr(96, shl(96, account))
            let first := add(list, 32)
            let end := add(first, shl(5, count))
            let at := first
            for {} lt(at, end) { at := add(at, 32) } {
                if eq(mload(at), wanted) { break }
            }
            index := shr(5, sub(at, first))
        }
    }
}
