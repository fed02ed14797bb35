// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Proxy} from "@openzeppelin/contracts/proxy/Proxy.sol";

import {TokenMovements} from "./TokenMovements.sol";

/// @title Account of a regulated token
/// @notice It answers ERC-20 and permit itself and hands every other call to {ComplianceAwareToken}, which acts on this
/// account's storage. A transfer therefore pays neither for a clone's delegation nor for the selectors of the functions
/// that agents use (decision 94).
contract TokenEntry is TokenMovements, Proxy {
    address private immutable _token;

    constructor(address token) {
        _token = token;
    }

    function _implementation() internal view override returns (address) {
        return _token;
    }
}
