// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The state of a portfolio's nonces
/// @notice A nonce is spent when its signal has run to its end or was cancelled. Between its first part and its end, a
/// signal of several parts holds its nonce: no other signal begins with it.
library Nonces {
    /// @param words Two bits per nonce, 128 nonces per word: the lower says that it is spent, the upper that it is
    /// held.
    struct Map {
        mapping(uint256 index => uint256) words;
    }

    function isSpent(Map storage map, uint256 nonce) internal view returns (bool) {
        return map.words[nonce >> 7] & _spentBit(nonce) != 0;
    }

    function isHeld(Map storage map, uint256 nonce) internal view returns (bool) {
        return map.words[nonce >> 7] & _heldBit(nonce) != 0;
    }

    function spend(Map storage map, uint256 nonce) internal {
        map.words[nonce >> 7] |= _spentBit(nonce);
    }

    /// @notice Turns a nonce that its signal has just spent into one that the signal holds for its next parts.
    function hold(Map storage map, uint256 nonce) internal {
        map.words[nonce >> 7] = map.words[nonce >> 7] & ~_spentBit(nonce) | _heldBit(nonce);
    }

    function _spentBit(uint256 nonce) private pure returns (uint256) {
        return 1 << ((nonce & 0x7f) << 1);
    }

    function _heldBit(uint256 nonce) private pure returns (uint256) {
        return 2 << ((nonce & 0x7f) << 1);
    }
}
