// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SettlementToken} from "./market/SettlementToken.sol";

/// @title A token that takes a fee on transfer
/// @notice Stand-in for tests: it takes the place of tokens that burn one percent of every move, out of the arriving
/// amount or on top of the sent one.
contract FeeOnTransferToken is SettlementToken {
    bool private immutable _onTop;

    constructor(bool onTop) SettlementToken("Fee on transfer", "FEE", 18) {
        _onTop = onTop;
    }

    function _update(address from, address to, uint256 value) internal override {
        uint256 fee = from == address(0) || to == address(0) ? 0 : value / 100;
        super._update(from, to, _onTop ? value : value - fee);
        if (fee != 0) super._update(from, address(0), fee);
    }
}
