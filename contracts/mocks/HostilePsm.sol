// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {MockLitePsm} from "./MockLitePsm.sol";

/// @title A peg stability module that turned against its callers
/// @notice This test double stands in for a LitePSM whose code somebody exchanged after it was listed.
contract HostilePsm is MockLitePsm {
    using SafeTransferLib for address;

    enum Act {
        Keep,
        PayLess,
        TakeLess,
        TakeMore,
        Reenter,
        Honest
    }

    Act public act;
    address private _target;
    bytes private _errand;

    constructor(address gem_, address dai_) MockLitePsm(gem_, dai_, 0, 0) {}

    /// @param errand The calldata with which Reenter calls the target, once, before it does as it should.
    function plan(Act act_, address target, bytes calldata errand) external {
        (act, _target, _errand) = (act_, target, errand);
    }

    function sellGem(address usr, uint256 gemAmt) external override returns (uint256 told) {
        told = gemAmt * to18ConversionFactor;
        _act(gem, dai, usr, gemAmt, told);
    }

    function buyGem(address usr, uint256 gemAmt) external override returns (uint256 told) {
        told = gemAmt * to18ConversionFactor;
        _act(dai, gem, usr, told, gemAmt);
    }

    /// @dev The module holds both tokens here.
    function _act(address tokenIn, address tokenOut, address usr, uint256 cost, uint256 out) private {
        if (act == Act.Reenter) {
            act = Act.Honest;
            (bool success, bytes memory reason) = _target.call(_errand);
            if (!success) {
                assembly ("memory-safe") {
                    revert(add(reason, 32), mload(reason))
                }
            }
        }
        uint256 taken = act == Act.TakeLess ? cost - 1 : act == Act.TakeMore ? cost + 1 : cost;
        tokenIn.safeTransferFrom(msg.sender, address(this), taken);
        if (act != Act.Keep) tokenOut.safeTransfer(usr, act == Act.PayLess ? out - 1 : out);
    }
}
