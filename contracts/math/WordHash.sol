// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Hashes of words where they lie in calldata
library WordHash {
    /// @return digest keccak256 of the words, as `keccak256(abi.encodePacked(words))` returns it.
    function hash(uint256[] calldata words) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            let size := shl(5, words.length)
            calldatacopy(free, words.offset, size)
            digest := keccak256(free, size)
        }
    }
}
