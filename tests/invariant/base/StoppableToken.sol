// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";

/// @title A stock whose issuer stops it
/// @notice Stands in for a token with a pause: while it is stopped it moves nowhere, but answers.
contract StoppableToken is SettlementToken {
    bool public stopped;

    constructor() SettlementToken("Stock", "STK", 18) {}

    function stop(bool stopped_) external {
        stopped = stopped_;
    }

    function _update(address from, address to, uint256 amount) internal override {
        require(!stopped || from == address(0), "stopped");
        super._update(from, to, amount);
    }
}
