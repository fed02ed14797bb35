// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LeakyBucket} from "../math/LeakyBucket.sol";
import {IAutoRebalancer} from "interfaces/rebalance/IAutoRebalancer.sol";

/// @title Amount and frequency of a portfolio's trading
/// @notice A bucket of turnover, which holds half of a window's maximum for the reason that {LeakyBucket} gives, the
/// time of the last signal, and the policy that bounds both. They fit in one slot, which every rebalance reads and
/// writes.
library TurnoverPolicy {
    using LeakyBucket for LeakyBucket.Bucket;

    /// @param level WAD of NAV in the bucket at `updatedAt`; the largest capacity is 2.5e18.
    /// @param updatedAt Unix seconds.
    /// @param startedAt Unix seconds of the last signal's first transaction.
    /// @param maxTurnoverBps Zero if the portfolio has no policy of its own. The rest is {IAutoRebalancer.Policy}'s.
    struct State {
        uint64 level;
        uint40 updatedAt;
        uint40 startedAt;
        uint16 maxTurnoverBps;
        uint32 turnoverWindow;
        uint32 minInterval;
        uint16 keeperFeeBps;
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

    /// @notice Sets another policy. The level that is there now drains by the new terms from now on.
    /// @param current The policy by which it has drained so far.
    function setPolicy(
        State storage state,
        IAutoRebalancer.Policy memory current,
        IAutoRebalancer.Policy memory policy
    )
        internal
    {
        (uint256 level,) = bucket(state, current);
        (state.level, state.updatedAt) = (uint64(level), uint40(block.timestamp));
        (state.maxTurnoverBps, state.turnoverWindow) = (policy.maxTurnoverBps, policy.turnoverWindow);
        (state.minInterval, state.keeperFeeBps) = (policy.minInterval, policy.keeperFeeBps);
    }

    /// @return level WAD of NAV now.
    /// @return capacity WAD of NAV.
    function bucket(
        State storage state,
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

    /// @notice Charges a transaction with this turnover, or reverts.
    /// @param first True if the transaction is its signal's first.
    function charge(
        State storage state,
        IAutoRebalancer.Policy memory policy,
        address portfolio,
        uint256 turnover,
        bool first
    )
        internal
    {
        uint40 startedAt = state.startedAt;
        if (first) {
            uint256 notBefore = uint256(startedAt) + policy.minInterval;
            if (startedAt != 0 && block.timestamp < notBefore) {
                revert IAutoRebalancer.AutoRebalancer__TooSoon(portfolio, notBefore, block.timestamp);
            }
            startedAt = uint40(block.timestamp);
        }
        (uint256 level, uint256 capacity) = bucket(state, policy);
        if (level + turnover > capacity) {
            revert IAutoRebalancer.AutoRebalancer__TurnoverAbovePolicy(turnover, level, capacity);
        }
        (state.level, state.updatedAt, state.startedAt) = (uint64(level + turnover), uint40(block.timestamp), startedAt);
    }
}
