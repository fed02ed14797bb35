// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SettlementToken} from "./market/SettlementToken.sol";

/// @title A token that hands over control when it moves
/// @notice Stand-in for tests: it takes the place of ERC-777 and other tokens with hooks. While it moves it makes one
/// call, which anyone may set.
contract HookedToken is SettlementToken {
    address private _target;
    bytes private _call;

    constructor() SettlementToken("Hooked", "HOOK", 18) {}

    function setHook(address target, bytes calldata call_) external {
        (_target, _call) = (target, call_);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (_target == address(0)) return;
        (bool success, bytes memory reason) = _target.call(_call);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
    }
}
