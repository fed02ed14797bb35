// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SettlementToken} from "./SettlementToken.sol";

/// @title A token that takes a fee on transfer
/// @notice For tests: stands in for tokens that burn one percent of every move, of what arrives or on top of what is sent.
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
