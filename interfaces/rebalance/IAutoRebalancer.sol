// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ISignerSets} from "interfaces/access/ISignerSets.sol";

/// @title Executes signed rebalances
/// @notice Checks that a quorum signed a rebalance and that its trades do what was signed (I6); its cost and risk are
/// checked by the portfolio itself. Anyone may execute a signed rebalance, and earns the portfolio's keeper fee.
interface IAutoRebalancer {
    /// @notice The message that signers sign. The portfolio's address as bytes32 names the signer set.
    /// @param assetsHash keccak256 of the portfolio's `assets()`, each padded to 32 bytes: a signal does not outlive
    /// its list.
    /// @param targets Target weights of NAV, WAD, in the order of the portfolio's `assets()`; they sum to 1e18.
    /// @param bandBps Maximum distance of any weight from its target at the end, basis points of NAV.
    /// @param maxTurnoverBps Maximum turnover over all parts: half the sum of the values' changes, basis points of NAV.
    /// @param maxSlippageBps Maximum that each order, and the whole, may lose against the oracle, basis points of the
    /// traded value.
    /// @param maxParts Maximum number of transactions in which the targets have to be reached, 1 to 255. Every part has
    /// to remove at least half its share of the distance that is left, so that nobody wastes them.
    /// @param validFrom Unix seconds.
    /// @param validUntil Unix seconds, the last at which it may run.
    /// @param nonce Any number not yet used for this portfolio; order does not matter. A signal of several parts holds
    /// its nonce from its first part on.
    /// @param modelId The model that produced it; it has to be live in the {IModelRegistry}.
    /// @param inputHash Hash of the model's input, for an audit of the decision; the chain does not look at it.
    /// @param ordersHash keccak256 of the orders' words; zero where the executor may choose them.
    struct RebalanceSignal {
        address portfolio;
        bytes32 assetsHash;
        uint256[] targets;
        uint16 bandBps;
        uint16 maxTurnoverBps;
        uint16 maxSlippageBps;
        uint8 maxParts;
        uint40 validFrom;
        uint40 validUntil;
        uint256 nonce;
        bytes32 modelId;
        bytes32 inputHash;
        bytes32 ordersHash;
    }

    /// @notice Bounds that no signal of a portfolio may exceed, whichever quorum signed it.
    /// @param maxTurnoverBps Maximum turnover in any window, half the sum of the values' changes, basis points of NAV,
    /// 1 to 50,000.
    /// @param turnoverWindow Seconds, an hour to 90 days.
    /// @param minInterval Seconds between the first transactions of two signals, up to 30 days.
    /// @param keeperFeeBps Fee paid to the executor, basis points of the traded value, up to 10.
    struct Policy {
        uint16 maxTurnoverBps;
        uint32 turnoverWindow;
        uint32 minInterval;
        uint16 keeperFeeBps;
    }

    /// @notice Estimated effects of a rebalance now.
    /// @param gas Gas of the execution, without the transaction's own 21,000 and its calldata.
    /// @param turnover WAD of NAV.
    /// @param cost Loss of NAV at the oracle's prices with the keeper's fee: pool fees and slippage. WAD of NAV.
    /// @param keeperFee Part of it that the executor gets, WAD of NAV.
    /// @param distanceBefore Sum of |weight - target|, WAD.
    /// @param trackingErrorBefore Daily volatility of the difference between the portfolio and its targets, WAD.
    /// @param var99Before One-day value at risk at 99%, WAD of NAV.
    struct Estimate {
        uint256 gas;
        uint256 turnover;
        uint256 cost;
        uint256 keeperFee;
        uint256 distanceBefore;
        uint256 distanceAfter;
        uint256 trackingErrorBefore;
        uint256 trackingErrorAfter;
        uint256 var99Before;
        uint256 var99After;
    }

    /// @param turnover WAD of NAV.
    /// @param part Number of this transaction under the signal, from 1.
    /// @param done True if every weight is inside the band: the nonce is used then.
    event Rebalanced(
        address indexed portfolio,
        uint256 indexed nonce,
        bytes32 indexed modelId,
        address executor,
        uint256 distanceBefore,
        uint256 distanceAfter,
        uint256 turnover,
        uint256 part,
        bool done
    );
    event NonceCancelled(address indexed portfolio, uint256 indexed nonce, address indexed by);
    event PolicySet(address indexed portfolio, Policy policy);

    error AutoRebalancer__NotYetValid(uint256 validFrom, uint256 timestamp);
    error AutoRebalancer__Expired(uint256 validUntil, uint256 timestamp);
    error AutoRebalancer__NonceUsed(address portfolio, uint256 nonce);
    error AutoRebalancer__WrongOrders(bytes32 ordersHash, bytes32 signedHash);
    error AutoRebalancer__WrongTargetCount(uint256 targets, uint256 assets);
    error AutoRebalancer__TargetsDoNotSum(uint256 sum);
    error AutoRebalancer__NoOrders();
    error AutoRebalancer__NoParts();
    /// @dev The sum of |weight - target| did not fall, or not by half the part's share of it.
    error AutoRebalancer__NotCloser(uint256 distanceBefore, uint256 distanceAfter);
    error AutoRebalancer__OutsideBand(address asset, uint256 weight, uint256 target, uint256 bandBps);
    /// @param turnover Turnover of the signal so far, this part included, WAD of NAV.
    error AutoRebalancer__TurnoverAboveSignal(uint256 turnover, uint256 maxTurnoverBps);
    /// @param level Level of the portfolio's bucket before this transaction, WAD of NAV.
    error AutoRebalancer__TurnoverAbovePolicy(uint256 turnover, uint256 level, uint256 capacity);
    /// @dev The whole lost more than was signed; both amounts are WAD of NAV.
    error AutoRebalancer__TooCostly(uint256 cost, uint256 most);
    error AutoRebalancer__TooSoon(address portfolio, uint256 notBefore, uint256 timestamp);
    error AutoRebalancer__InvalidPolicy(Policy policy);
    error AutoRebalancer__NotTighter(Policy current, Policy proposed);
    error AutoRebalancer__OnlyItself(address caller);
    /// @dev {simulate} never returns; it reports its estimate with this error.
    error AutoRebalancer__Simulated(Estimate estimate);
    /// @dev `checkUpkeep` is for simulation: the transaction's origin has to be the zero address or Chainlink's
    /// simulator.
    error AutoRebalancer__OnlySimulated(address origin);

    // -- Execution ---------------------------------------------------------------------------------------------------

    /// @notice Executes a signal, or a part of it, or reverts whole. Anyone may call it and gets the portfolio's keeper
    /// fee.
    /// @param orders Orders in words, as {IPortfolio.execute} defines them.
    /// @dev The portfolio checks that the trades stay within {maxSlippageBps} leg by leg, its loss budget (I2) and its
    /// risk limits (I3).
    function rebalance(
        RebalanceSignal calldata signal,
        uint256[] calldata orders,
        ISignerSets.Signature[] calldata signatures
    )
        external;

    /// @notice Estimates the effects of a rebalance now, without signatures and without doing it. It is meant for
    /// `eth_call`, though a transaction changes nothing either. Reverts as the rebalance would.
    function estimate(RebalanceSignal calldata signal, uint256[] calldata orders) external returns (Estimate memory);

    /// @notice Serves `estimate` alone and always reverts in the end.
    function simulate(RebalanceSignal calldata signal, uint256[] calldata orders, address executor) external;

    /// @notice Tells Chainlink Automation whether a signal may be executed now. Only an `eth_call` from the zero
    /// address or from Chainlink's simulator may call it.
    /// @param checkData ABI-encoded arguments of {rebalance}.
    /// @return upkeepNeeded True if the rebalance would pass: enough signers signed it, and everything that {estimate}
    /// tries passes.
    /// @return performData A copy of `checkData`.
    function checkUpkeep(bytes calldata checkData) external returns (bool upkeepNeeded, bytes memory performData);

    /// @notice Executes as {rebalance} does, for Chainlink Automation. There is no fee, because the upkeep pays the
    /// network. Anyone may call it.
    /// @param performData ABI-encoded arguments of {rebalance}.
    function performUpkeep(bytes calldata performData) external;

    // -- Governance --------------------------------------------------------------------------------------------------

    /// @notice Makes a nonce unusable at once. Role: GUARDIAN. At worst: a signal has to be signed again.
    function cancelNonce(address portfolio, uint256 nonce) external;

    /// @notice Makes a nonce unusable on behalf of the signers, whose quorum has signed {hashCancellation}. Anyone may
    /// send it.
    function cancelSigned(address portfolio, uint256 nonce, ISignerSets.Signature[] calldata signatures) external;

    /// @notice Sets a portfolio's policy. Role: MANAGER_DELAYED. At worst, after its delay: trading as often and as
    /// much as the loss budget and the risk limits allow (I2, I3), and ten basis points of it to executors.
    function setPolicy(address portfolio, Policy calldata policy) external;

    /// @notice Sets a portfolio's policy at once, where nothing loosens. Role: MANAGER. At worst: a portfolio that
    /// trades too little.
    function tightenPolicy(address portfolio, Policy calldata policy) external;

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @return The portfolio's own policy, or the one that every portfolio begins with.
    function policyOf(address portfolio) external view returns (Policy memory);

    /// @notice Returns how much a portfolio has traded: the level of a bucket of half the policy's turnover that drains
    /// over its window, like the loss bucket of {IPortfolio}.
    /// @return level WAD of NAV in the bucket now.
    /// @return capacity WAD of NAV.
    /// @return startedAt Unix seconds of the last signal's first transaction.
    function paceOf(address portfolio) external view returns (uint256 level, uint256 capacity, uint256 startedAt);

    /// @notice Returns how far a signal of several parts has come.
    /// @return parts Transactions so far.
    /// @return turnover Traded so far, WAD of NAV.
    function progressOf(RebalanceSignal calldata signal) external view returns (uint256 parts, uint256 turnover);

    /// @return True if the nonce's signal has run to its end, or was cancelled.
    function isNonceUsed(address portfolio, uint256 nonce) external view returns (bool);

    /// @return EIP-712 digest that signers of this signal sign.
    function hashSignal(RebalanceSignal calldata signal) external view returns (bytes32);

    /// @return EIP-712 digest that signers sign to cancel a nonce.
    function hashCancellation(address portfolio, uint256 nonce) external view returns (bytes32);
}
