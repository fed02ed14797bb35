// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";

/// @title Shares that wait in the redemption queue
/// @notice See {IPortfolio}. They stay in their owner's balance and do not move.
abstract contract BoundShares is IPortfolio {
    /// @inheritdoc IPortfolio
    address public immutable queue;

    /// @inheritdoc IPortfolio
    mapping(address owner => uint256) public boundShares;
    /// @inheritdoc IPortfolio
    uint256 public totalBoundShares;

    modifier onlyQueue() {
        _requireQueue();
        _;
    }

    constructor(address queue_) {
        queue = queue_;
    }

    function _setBound(address owner, uint256 shares) internal {
        totalBoundShares = totalBoundShares - boundShares[owner] + shares;
        boundShares[owner] = shares;
    }

    function _requireQueue() private view {
        if (msg.sender != queue) revert Portfolio__OnlyQueue(msg.sender);
    }
}
