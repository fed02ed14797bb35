// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Asset, AssetLib} from "./Asset.sol";
import {Holdings} from "./Holdings.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";

/// @title Shares that wait in the redemption queue
/// @notice See {IPortfolio}. They stay in their owner's balance and do not move.
abstract contract QueuedShares is Holdings {
    /// @inheritdoc IPortfolio
    address public immutable queue;

    /// @inheritdoc IPortfolio
    mapping(address owner => uint256) public queuedShares;
    /// @inheritdoc IPortfolio
    uint256 public totalQueuedShares;

    modifier onlyQueue() {
        _requireQueue();
        _;
    }

    constructor(address queue_) {
        queue = queue_;
    }

    function _setQueued(address owner, uint256 shares) internal {
        uint256 total = totalQueuedShares - queuedShares[owner] + shares;
        (totalQueuedShares, queuedShares[owner]) = (total, shares);
        Asset settlement = _assets[0];
        if (settlement.awaited() == (total != 0)) return;
        _assets[0] = total != 0 ? settlement.with(AssetLib.AWAITED) : settlement.without(AssetLib.AWAITED);
    }

    function _requireQueue() private view {
        if (msg.sender != queue) revert Portfolio__OnlyQueue(msg.sender);
    }
}
