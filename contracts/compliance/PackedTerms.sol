// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITransferTerms} from "interfaces/compliance/ITransferTerms.sol";

/// @title A term with its period, in one word
/// @notice Start in bits 0-39 and end in 40-79. A pair rule has the sender's country in 80-95 and the receiver's in
/// 96-111, each 0 for every other one; a blackout says in bit 80 that it stops affiliates alone.
library PackedTerms {
    uint256 private constant _TIME = 0xffffffffff;
    uint256 private constant _CODE = 0xffff;

    function start(uint256 term) internal pure returns (uint256) {
        return term & _TIME;
    }

    function end(uint256 term) internal pure returns (uint256) {
        return (term >> 40) & _TIME;
    }

    function sender(uint256 term) internal pure returns (uint256) {
        return (term >> 80) & _CODE;
    }

    function receiver(uint256 term) internal pure returns (uint256) {
        return (term >> 96) & _CODE;
    }

    function affiliatesOnly(uint256 term) internal pure returns (bool) {
        return (term >> 80) & 1 != 0;
    }

    /// @param from Country of the sender; 0 for a venue account, whose tokens may come from anywhere.
    /// @param to Country of the receiver; 0 for a venue account, which is in none.
    /// @return True if the pair rule closes the way, whatever its period.
    function closes(uint256 term, uint256 from, uint256 to) internal pure returns (bool) {
        (uint256 source, uint256 target) = (sender(term), receiver(term));
        if (source == 0) return from != to && (target == 0 || target == to);
        if (target == 0) return source == from && from != to;
        return target == to && (from == 0 || source == from);
    }

    /// @param from Stored code, or 0 for every country but the receiver's.
    /// @param to Stored code, or 0 for every country but the sender's.
    function packedPair(uint256 from, uint256 to, uint256 first, uint256 last) internal pure returns (uint256) {
        return first | (last << 40) | (from << 80) | (to << 96);
    }

    function packedBlackout(ITransferTerms.Blackout calldata blackout) internal pure returns (uint256) {
        return uint256(blackout.start) | (uint256(blackout.end) << 40) | (blackout.affiliatesOnly ? 1 << 80 : 0);
    }
}
