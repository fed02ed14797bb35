// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LeakyBucket} from "../math/LeakyBucket.sol";
import {IAutoRebalancer} from "interfaces/rebalance/IAutoRebalancer.sol";

/// @title Amount and frequency of a portfolio's trading
/// @notice A bucket of turnover, which holds half of a window's maximum for the reason that {LeakyBucket} gives, and
/// the time of the last signal. Both fit in one slot, because both are written in every rebalance.
library Pace {
    using LeakyBucket for LeakyBucket.Bucket;

    /// @param level WAD of NAV in the bucket at `updatedAt`.
    /// @param updatedAt Unix seconds.
    /// @param startedAt Unix seconds of the last signal's first transaction.
    struct State {
        uint128 level;
        uint40 updatedAt;
        uint40 startedAt;
    }

    uint256 internal constant BPS_TO_WAD = 1e14;
    uint256 private constant _MAX_TURNOVER_BPS = 50_000;
    uint256 private constant _MIN_WINDOW = 1 hours;
    uint256 private constant _MAX_WINDOW = 90 days;
    uint256 private constant _MAX_INTERVAL = 30 days;
    uint256 private constant _MAX_FEE_BPS = 10;

    /// @notice Reverts if the policy is out of the bounds that {IAutoRebalancer.Policy} gives.
    function requireValid(IAutoRebalancer.Policy memory policy) internal pure {
        if (
            policy.maxTurnoverBps == 0 || policy.maxTurnoverBps > _MAX_TURNOVER_BPS
                || policy.turnoverWindow < _MIN_WINDOW || policy.turnoverWindow > _MAX_WINDOW
                || policy.minInterval > _MAX_INTERVAL || policy.keeperFeeBps > _MAX_FEE_BPS
        ) revert IAutoRebalancer.AutoRebalancer__InvalidPolicy(policy);
    }

    /// @notice Returns true if no field loosens: turnover may fall, the window and the waits may lengthen, fees may
    /// fall.
    function isTighter(
        IAutoRebalancer.Policy memory current,
        IAutoRebalancer.Policy memory proposed
    )
        internal
        pure
        returns (bool)
    {
        return proposed.maxTurnoverBps <= current.maxTurnoverBps && proposed.turnoverWindow >= current.turnoverWindow
            && proposed.minInterval >= current.minInterval && proposed.keeperFeeBps <= current.keeperFeeBps;
    }

    /// @return level WAD of NAV now.
    /// @return capacity WAD of NAV.
    function bucket(
        State memory state,
        IAutoRebalancer.Policy memory policy
    )
        internal
        view
        returns (uint256 level, uint256 capacity)
    {
        capacity = policy.maxTurnoverBps * BPS_TO_WAD / 2;
        level =
            LeakyBucket.Bucket(state.level, state.updatedAt).levelAt(capacity, policy.turnoverWindow, block.timestamp);
    }

    /// @notice Returns the state after a transaction with this turnover, or reverts.
    /// @param first True if the transaction is its signal's first.
    function charged(
        State memory state,
        IAutoRebalancer.Policy memory policy,
        address portfolio,
        uint256 turnover,
        bool first
    )
        internal
        view
        returns (State memory)
    {
        if (first) {
            uint256 notBefore = uint256(state.startedAt) + policy.minInterval;
            if (state.startedAt != 0 && block.timestamp < notBefore) {
                revert IAutoRebalancer.AutoRebalancer__TooSoon(portfolio, notBefore, block.timestamp);
            }
            state.startedAt = uint40(block.timestamp);
        }
        (uint256 level, uint256 capacity) = bucket(state, policy);
        if (level + turnover > capacity) {
            revert IAutoRebalancer.AutoRebalancer__TurnoverAbovePolicy(turnover, level, capacity);
        }
        (state.level, state.updatedAt) = (uint128(level + turnover), uint40(block.timestamp));
        return state;
    }
}
