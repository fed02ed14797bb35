// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

/// @title A Curve pool of two coins that does not do what it is asked
/// @notice It stands in, in tests, for a pool that answers as Twocrypto-NG does when it is listed, one to one, and
/// whose `exchange_received` does something else.
contract LyingCurvePool {
    using SafeTransferLib for address;

    enum Act {
        Keep,
        PayLess,
        ClaimMore,
        HasNone
    }

    address[2] public coins;
    Act private immutable _act;

    constructor(address coin0, address coin1, Act act) {
        coins = [coin0, coin1];
        _act = act;
    }

    function exchange_received(uint256, uint256 j, uint256 dx, uint256, address receiver)
        external
        returns (uint256 dy)
    {
        if (_act == Act.Keep) return 0;
        require(_act != Act.HasNone);
        coins[j].safeTransfer(receiver, _act == Act.PayLess ? dx / 2 : dx);
        return _act == Act.PayLess ? dx / 2 : dx + 1;
    }

    // forge-lint: disable-start(mixed-case-function)
    function get_dy(uint256, uint256, uint256 dx) external pure returns (uint256) {
        return dx;
    }

    function get_dx(uint256, uint256, uint256 dy) external pure returns (uint256) {
        return dy;
    }

    // forge-lint: disable-end(mixed-case-function)
}
