// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";

/// @title Yield optimizer: one asset over several ERC-4626 strategies
/// @notice ERC-4626 shares in an asset that signed plans spread over at most ten listed ERC-4626 vaults ("strategies").
/// A Portfolio may list the share and let its idle cash earn.
///
/// Value: `totalAssets` = idle cash + the debt of every strategy - profit that is still locked.
/// - The debt of a strategy is what was paid in, plus reported gains, minus losses. Strategies are asked what they
///   would pay (`previewRedeem` of the shares that this vault counts itself, exit fees included), never what they hold.
/// - A fall below the debt is a loss and counts at once, in every view and before every deposit and exit; locked profit
///   absorbs it first. A rise counts only when reported, at most `maxGainBps` per interval, and unlocks over
///   `unlockTime`.
/// - Neither the asset nor shares of a strategy that are sent here count: donations do not move the price.
///
/// It differs from a plain ERC-4626 vault in these points:
/// - Strategies are called with bounded gas, and what they return is bounded. One that does not answer counts at its
///   debt in `totalAssets`, as zero in exits for cash (`exitAssets`), and stops deposits: nobody buys or sells on what
///   is not known. `redeemInKind` sends its shares all the same.
/// - `withdraw` and `redeem` pay from idle cash, then from strategies in the order of the list; `maxWithdraw` and
///   `maxRedeem` say how far that reaches by the strategies' own word.
/// - Shares have six decimals more than the asset (OpenZeppelin ERC4626, "Inflation attack").
///
/// Assumed, and refused where it shows: the asset takes no fee on transfer, does not rebase and cannot be seized.
interface IYieldOptimizer is IERC4626 {
    /// @dev Listed: the strategy takes money. Cut: it takes none, and anyone may call back its debt.
    enum Status {
        None,
        Listed,
        Cut
    }

    /// @param minLiquidBps Minimum part of gross value that has to be withdrawable at once after a plan, 0 to 10,000.
    /// @param lossBudgetBps Maximum part of gross value that plans may lose in any window, 1 to 10,000.
    /// @param maxGainBps Maximum gain that one report counts, as a part of the strategy's debt, 0 to 10,000.
    /// @param maxLossBps Loss of a strategy, as a part of its debt, above which it is cut, 1 to 10,000; a leaky bucket
    /// that drains over `lossWindow`, so that small losses add up.
    /// @param lossWindow Seconds, an hour to a year.
    /// @param coolDown Seconds between two plans, at most 30 days.
    /// @param reportInterval Seconds between two gains of a strategy, an hour to 30 days.
    /// @param unlockTime Seconds over which a gain unlocks, an hour to a year.
    struct OptimizerTerms {
        uint16 minLiquidBps;
        uint16 lossBudgetBps;
        uint16 maxGainBps;
        uint16 maxLossBps;
        uint40 lossWindow;
        uint40 coolDown;
        uint40 reportInterval;
        uint40 unlockTime;
    }

    /// @param asset ERC-20 with at most 18 decimals.
    struct InitParams {
        string name;
        string symbol;
        address asset;
        OptimizerTerms terms;
    }

    /// @param vault The strategy.
    /// @param capBps Maximum part of gross value that a plan may bring it to.
    /// @param status Status that decides whether the strategy takes money.
    /// @param reportedAt Unix seconds of its last gain.
    /// @param shares Shares of the strategy, counted by this vault.
    /// @param debt Amount that the shares count for, in the asset, before losses that are not booked yet.
    struct Strategy {
        address vault;
        uint16 capBps;
        Status status;
        uint40 reportedAt;
        uint128 shares;
        uint128 debt;
    }

    /// @param strategy Listed vault.
    /// @param weightBps Part of gross value (idle cash and all debts) that the strategy should owe.
    struct Target {
        address strategy;
        uint16 weightBps;
    }

    /// @param valueBefore Idle cash and live worth of all strategies, in the asset, before the moves.
    /// @param valueAfter Idle cash and live worth of all strategies, in the asset, after the moves.
    /// @param lossBucket WAD in the loss bucket afterwards.
    event Moved(uint256 valueBefore, uint256 valueAfter, uint256 lossBucket);
    event Pushed(address indexed strategy, uint256 assets, uint256 shares);
    event Pulled(address indexed strategy, uint256 assets, uint256 shares);
    /// @notice The strategy refused to pay; the call that asked went on without it.
    event PullFailed(address indexed strategy, uint256 shares);
    event GainReported(address indexed strategy, uint256 gain, uint256 debt, uint256 unlockedAt);
    /// @notice The strategy lost this much, before locked profit absorbs any of it.
    event LossBooked(address indexed strategy, uint256 loss, uint256 debt);
    event StrategyAdded(address indexed strategy, uint16 capBps);
    event StrategyRemoved(address indexed strategy, uint256 sharesLeftBehind);
    event StrategyCut(address indexed strategy);
    event StrategyRestored(address indexed strategy);
    event CapChanged(address indexed strategy, uint16 capBps);
    event TermsChanged(OptimizerTerms terms);
    event EmergencyExited();
    event Reopened();
    event RedeemedInKind(address indexed caller, address indexed receiver, address indexed owner, uint256 shares);
    /// @notice A part of an exit in kind that could not be sent is kept for the owner of the shares.
    event MadeClaimable(address indexed token, address indexed owner, uint256 amount);
    event Claimed(address indexed token, address indexed owner, address indexed receiver, uint256 amount);

    error YieldOptimizer__OnlyFactory(address caller);
    error YieldOptimizer__OnlyPlanner(address caller);
    error YieldOptimizer__InvalidAsset(address asset);
    error YieldOptimizer__InvalidStrategy(address strategy);
    error YieldOptimizer__StrategyExists(address strategy);
    error YieldOptimizer__NotAStrategy(address strategy);
    error YieldOptimizer__TooManyStrategies(uint256 max);
    /// @dev A strategy that is not cut cannot be called back or restored, nor removed while it owes.
    error YieldOptimizer__NotCut(address strategy);
    error YieldOptimizer__StrategyOwes(address strategy, uint256 debt);
    error YieldOptimizer__Closed();
    error YieldOptimizer__CoolingDown(uint256 until, uint256 timestamp);
    error YieldOptimizer__NamedTwice(address strategy);
    error YieldOptimizer__Unreadable(address strategy);
    error YieldOptimizer__CapExceeded(address strategy, uint256 weightBps, uint256 capBps);
    error YieldOptimizer__PullRefused(address strategy);
    /// @param liquid Amount that is withdrawable at once after the plan, in the asset.
    error YieldOptimizer__TooLittleLiquid(uint256 liquid, uint256 least);
    /// @param loss Loss of this plan, WAD of value.
    /// @param level Level of the bucket before it, WAD of value.
    error YieldOptimizer__LossBudgetExceeded(uint256 loss, uint256 level, uint256 capacity);
    error YieldOptimizer__ReportedTooSoon(address strategy, uint256 nextAt, uint256 timestamp);
    error YieldOptimizer__TransferMismatch(uint256 expected, uint256 actual);
    error YieldOptimizer__ZeroShares();
    error YieldOptimizer__ZeroAssets();
    /// @dev Idle cash together with the payments of strategies is too little; leave with less, or in kind.
    error YieldOptimizer__CashShort(uint256 wanted, uint256 there);
    error YieldOptimizer__Slippage(uint256 limit, uint256 actual);
    error YieldOptimizer__NothingToClaim(address token, address owner);
    /// @dev A strategy has to get all the gas that it may use, or a caller could make it look as if it did not answer.
    error YieldOptimizer__TooLittleGas(uint256 gas, uint256 needed);

    /// @notice Sets up a clone. Only the factory may call it, once.
    function initialize(InitParams calldata params) external;

    // -- Moves -------------------------------------------------------------------------------------------------------

    /// @notice Brings strategies to weights. Only the planner may call it, for a plan that a quorum signed
    /// (IYieldPlans).
    /// @dev Pulls before it pushes; a push takes at most the idle cash and the amount that the strategy accepts. It
    /// does not trust the planner: for any plan, no push brings a strategy above its cap, `coolDown` lies between two
    /// moves, the amount that is withdrawable at once ends above `minLiquidBps`, and the fall of live value goes to a
    /// leaky bucket of half the loss budget, so that no window loses more than the budget.
    /// @param targets Targets, with each strategy once; strategies that are not named stay as they are.
    function execute(Target[] calldata targets) external;

    /// @notice Books the losses of all strategies, then this one's gain. Anyone may call it.
    /// @dev The gain counts up to `maxGainBps` of its debt, once per `reportInterval`; the rest waits for later
    /// reports. It unlocks linearly; the end of the lock is the mean of the old end and the new one, weighted by
    /// amounts, as in Yearn's VaultV3.vy (`_process_report`). A strategy that is cut pays back instead.
    /// @return gain Gain that was counted, smallest units of the asset.
    function report(address strategy) external returns (uint256 gain);

    /// @notice Calls back the debt of a strategy that is cut, or of any strategy after an emergency exit. Anyone may
    /// call it.
    /// @return received Smallest units of the asset that came in. An amount above the debt is a gain, locked like any
    /// other.
    function recall(address strategy) external returns (uint256 received);

    // -- Exits -------------------------------------------------------------------------------------------------------

    /// @notice Redeems as ERC-4626's `redeem` does, but reverts below `minAssets` (ERC-5143).
    function redeem(uint256 shares, address receiver, address owner, uint256 minAssets) external returns (uint256);

    /// @notice Withdraws as ERC-4626's `withdraw` does, but reverts above `maxShares` (ERC-5143).
    function withdraw(uint256 assets, address receiver, address owner, uint256 maxShares) external returns (uint256);

    /// @notice Burns shares for idle cash and shares of every strategy, in any state (I5).
    /// @dev The exit is worth at most the result of `convertToAssets`, at live worth: neither locked profit nor gains
    /// that nobody has reported leave this way. A strategy that does not answer is weighed by its debt, and once it is
    /// cut gives its part of shares unweighed. A part that cannot be sent is set aside for `owner`. Amounts round down.
    /// @return cash Smallest units of the asset that were sent.
    /// @return parts Shares of each strategy, sent or set aside, in the order of `strategies()`.
    function redeemInKind(
        uint256 shares,
        address receiver,
        address owner
    )
        external
        returns (uint256 cash, uint256[] memory parts);

    /// @notice Sends `receiver` the amount of a token that exits in kind set aside for the caller.
    function claim(address token, address receiver) external returns (uint256 amount);

    function claimable(address token, address owner) external view returns (uint256);

    // -- Governance, all through the factory -------------------------------------------------------------------------

    /// @notice Lists a vault over the same asset. Only the factory may call it.
    function addStrategy(address strategy, uint16 capBps) external;

    /// @notice Drops a strategy that owes nothing, or is cut and does not answer. Shares that are left stay behind.
    /// Only the factory may call it.
    function removeStrategy(address strategy) external;

    /// @notice Sets the cap of a strategy. Only the factory may call it.
    function setCap(address strategy, uint16 capBps) external;

    /// @notice Sets the terms. Only the factory may call it, and it checks them. The loss bucket keeps its level;
    /// locked profit stays locked as it was.
    function setTerms(OptimizerTerms calldata terms) external;

    /// @notice Stops a strategy from getting money and calls back all that it pays. Only the factory may call it.
    /// @dev A strategy that is cut counts nothing while it does not answer.
    function cut(address strategy) external;

    /// @notice Lets a strategy have money again. Only the factory may call it.
    function restore(address strategy) external;

    /// @notice Stops deposits and plans and calls back all that any strategy pays. Only the factory may call it.
    function emergencyExit() external;

    /// @notice Ends an emergency exit. Only the factory may call it.
    function reopen() external;

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @return The strategies, in the order in which exits draw on them.
    function strategies() external view returns (Strategy[] memory);

    function strategyOf(address strategy) external view returns (Strategy memory);

    /// @return `totalAssets` without strategies that do not answer: the amount that exits in cash are paid from.
    function exitAssets() external view returns (uint256);

    /// @return Idle cash and the amounts that strategies say that they would pay at once, smallest units of the asset.
    function liquidAssets() external view returns (uint256);

    /// @return Cash in the asset that is in no strategy; amounts that are set aside or were donated do not count.
    function idle() external view returns (uint256);

    /// @return amount Profit that is locked now, in the asset, after losses that are not booked yet.
    /// @return unlockedAt Unix seconds when the last of it is unlocked.
    function lockedProfit() external view returns (uint256 amount, uint256 unlockedAt);

    /// @return level WAD of value in the loss bucket now.
    /// @return capacity WAD, half the budget (see LeakyBucket).
    /// @return window Seconds in which a full bucket drains.
    function lossBucket() external view returns (uint256 level, uint256 capacity, uint256 window);

    /// @return level WAD of its debt in a strategy's own loss bucket now; above `maxLossBps` it is cut.
    function lossOf(address strategy) external view returns (uint256 level);

    function terms() external view returns (OptimizerTerms memory);
    function isClosed() external view returns (bool);
    function factory() external view returns (address);
    function planner() external view returns (address);
}
