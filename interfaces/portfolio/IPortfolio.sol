// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";

import {IPaymentCallback} from "interfaces/liquidity/IPaymentCallback.sol";

/// @title Managed portfolio
/// @notice ERC-4626 shares, in a settlement token, over up to 32 assets. NAV is what the oracle says the holdings are
/// worth. Assets leave in three ways only (I1): a swap through the aggregator, a redemption, a claim of what a
/// redemption set aside. An asset may be retired: no longer priced, traded or counted in NAV and risk, still shared out
/// by exits in kind. Fees are paid in shares.
///
/// It differs from a plain ERC-4626 vault in these points:
/// - `totalAssets` and the conversions revert while a price is stale. The `max*` functions then return 0;
///   `redeemInKind` needs no price and goes on. While a price is frozen, exits in cash go on at `exitAssets`,
///   everything else stops.
/// - `withdraw` and `redeem` pay from cash at hand, beyond what waits in the {IRedemptionQueue} is worth; `maxWithdraw`
///   and `maxRedeem` say how far it reaches. A request in the queue, or `redeemInKind`, pays the rest.
/// - Shares that wait in the queue are bound: they stay in the balance and do not move.
/// - While something retired is held (`IPortfolioFactory.holdsRetired`), nobody enters: `maxDeposit` and `maxMint` are
///   0.
/// - Fees are shares that are owed before they exist ({IFeeManager}): `totalAssets / totalSupply` is not the price of a
///   share, `convertToAssets` is, net of fees.
/// - Bought shares stay where they are for the portfolio's lock. While the share price is out of its band, deposits,
///   exits in cash and trades pause, and the `max*` functions return 0. `maxDeposit` and `maxMint` speak of the
///   receiver's own deposit.
/// - Shares have six decimals more than the settlement token: virtual shares make the first-depositor attack cost
///   more than it takes (OpenZeppelin ERC4626, "Inflation attack").
/// - If the portfolio has compliance rules, shares move under them, and the `max*` functions count what they refuse.
///
/// Tokens that take a fee on transfer, rebase, or call back are refused: by balance checks on deposit and in the
/// aggregator, by the transient reentrancy guard on every path.
interface IPortfolio is IERC4626, IPaymentCallback {
    /// @notice States that an asset can have in a portfolio.
    enum Listing {
        None,
        Listed,
        Retired
    }

    /// @param settlement ERC-20 with 0 to 18 decimals in which shares are bought and priced; asset 0 of the portfolio.
    /// @param assets Further assets, at most 31.
    /// @param compliance Engine that decides on share movements; address zero for unrestricted shares.
    /// @param lossBudgetBps Maximum that trading may lose in any window of `lossWindow`, basis points of NAV, 1 to
    /// 10,000.
    /// @param lossWindow Seconds, above zero.
    struct InitParams {
        string name;
        string symbol;
        address settlement;
        address[] assets;
        address compliance;
        uint16 lossBudgetBps;
        uint40 lossWindow;
    }

    /// @notice The limits of an `execute`: its list of assets and the maximum cost of its trades.
    /// @param assetsHash keccak256 of the `assets()` that they are for, each padded to 32 bytes.
    /// @param maxSlippageBps Maximum that an order may lose against the oracle, basis points of the sold value; where
    /// the aggregator's `maxDeviationBps` is lower, that one counts.
    /// @param feeBps Fee of the executor, basis points of the turnover, up to 10.
    /// @param feeTo Account that gets the fee, in the settlement token.
    struct TradeLimits {
        bytes32 assetsHash;
        uint256 maxSlippageBps;
        uint256 feeBps;
        address feeTo;
    }

    /// @notice Outcome of `execute`, in the order of `assets()`.
    /// @param valuesBefore WAD USD.
    /// @param valuesAfter WAD USD at the same prices, after the fee.
    /// @param fee WAD USD that the executor got.
    struct Execution {
        uint256[] valuesBefore;
        uint256[] valuesAfter;
        uint256 fee;
    }

    event ListingChanged(address indexed asset, Listing listing);
    /// @param navBefore NAV before the trades, WAD USD, as is navAfter.
    /// @param lossBucket Level afterwards, WAD of NAV.
    /// @param trades One word per order, laid out as the order's head: the index in `assets()` of the sold asset (8
    /// bits) and of the bought one (8), 16 zeros, the amount sold (112), and the amount that came in (112, capped at
    /// the maximum), in smallest units.
    event Executed(uint256 navBefore, uint256 navAfter, uint256 lossBucket, uint256[] trades);
    /// @param amount Smallest units of the settlement token.
    event ExecutorPaid(address indexed executor, uint256 amount);
    event LossBudgetChanged(uint16 lossBudgetBps, uint40 lossWindow);
    event RedeemedInKind(address indexed caller, address indexed receiver, address indexed owner, uint256 shares);
    /// @notice A part that could not be sent is kept for the owner of the shares.
    event MadeClaimable(address indexed asset, address indexed owner, uint256 amount);
    event Claimed(address indexed asset, address indexed owner, address indexed receiver, uint256 amount);
    /// @notice The asset did not answer `balanceOf`; the redemption went on without it.
    event InKindUnreadable(address indexed asset, address indexed owner);

    error Portfolio__OnlyFactory(address caller);
    error Portfolio__OnlyRebalancer(address caller);
    error Portfolio__OnlyFeeManager(address caller);
    error Portfolio__OnlyQueue(address caller);
    /// @param balance Shares that the owner would be left with.
    /// @param bound Shares of the owner that wait in the redemption queue.
    error Portfolio__SharesBound(address owner, uint256 balance, uint256 bound);
    /// @dev The trades leave less cash than redemption requests wait for. Smallest units of the settlement token.
    error Portfolio__CashAwaited(uint256 cash, uint256 least);
    error Portfolio__BalanceUnreadable(address asset);
    error Portfolio__InvalidAsset(address asset);
    error Portfolio__AssetExists(address asset);
    error Portfolio__AssetNotListed(address asset);
    error Portfolio__TooManyAssets(uint256 assets, uint256 max);
    error Portfolio__InvalidLossBudget(uint16 lossBudgetBps, uint40 lossWindow);
    /// @param loss Loss of this execution, WAD of NAV.
    /// @param level Level of the bucket before it, WAD of NAV.
    /// @param capacity Capacity of the bucket, WAD of NAV.
    error Portfolio__LossBudgetExceeded(uint256 loss, uint256 level, uint256 capacity);
    /// @dev The list of assets is not the one that was signed for.
    error Portfolio__AssetsChanged(bytes32 assetsHash, bytes32 signedHash);
    error Portfolio__OnlyAggregator(address caller);
    /// @dev An order names an asset that is not in `assets()`.
    error Portfolio__NoSuchAsset(uint256 index, uint256 assets);
    /// @dev The words of the order that begins at `cursor` go beyond the end.
    error Portfolio__BrokenOrder(uint256 cursor, uint256 next, uint256 words);
    /// @dev The aggregator asks for another token or for more than the order that runs has left to pay.
    error Portfolio__NotDue(address token, uint256 amount);
    /// @dev The route of an order adds up to less than the order sells.
    error Portfolio__Unpaid(address token, uint256 left);
    error Portfolio__InsufficientOutput(address tokenOut, uint256 amountOut, uint256 minAmountOut);
    /// @dev A token debited more than was sent. Smallest units.
    error Portfolio__BalanceMismatch(address token, uint256 expected, uint256 actual);
    /// @dev An order sells for less than the oracle allows. WAD USD.
    error Portfolio__SlippageExceeded(
        address tokenIn, address tokenOut, uint256 valueIn, uint256 valueOut, uint256 maxSlippageBps
    );
    error Portfolio__FeeTooHigh(uint256 feeBps, uint256 most);
    error Portfolio__TransferMismatch(address asset, uint256 expected, uint256 actual);
    error Portfolio__ZeroShares();
    error Portfolio__ZeroAssets();
    error Portfolio__NothingToClaim(address asset, address owner);

    /// @notice Sets up a clone. Only the factory may call it, once.
    function initialize(InitParams calldata params) external;

    // -- Trading -----------------------------------------------------------------------------------------------------

    /// @notice Runs swaps between listed assets over listed pools. Only the AutoRebalancer may call it.
    /// @dev Enforces by itself, whatever the rebalancer was told: I1 through the asset list and the aggregator's pool
    /// list; that the oracle allows trades of the traded assets now; each order by the oracle's prices; while
    /// redemption requests wait, that the cash afterwards is at least the worth of the requests, or as much as before;
    /// I2 by charging the fall of NAV at constant prices, the executor's fee included, to the bucket; I3 through the
    /// RiskEngine.
    /// @param orders Order after order, each a head and its route. The head has from its lowest bit: the index in
    /// `assets()` of the sold asset (8 bits) and of the bought one (8), the number of words of the route (16), the
    /// amount sold (112) and the minimum amount that has to come in (112), in smallest units. The route is that of
    /// {ILiquidityAggregator.swapRoute}; its paths' amounts add up to the amount sold.
    function execute(uint256[] calldata orders, TradeLimits calldata limits) external returns (Execution memory);

    // -- Exits -------------------------------------------------------------------------------------------------------

    /// @notice Burns shares for their part of every asset, in any state and without any price (I5). Locked shares stay.
    /// @dev A part whose transfer fails (paused, frozen, receiver refused) is set aside for `owner`, who claims it
    /// later. Amounts round down. Bound shares do not hold it up: if some are needed, all of the owner's requests end.
    /// @return amounts Part of each asset, sent or set aside, in the order of `allAssets()`.
    function redeemInKind(uint256 shares, address receiver, address owner) external returns (uint256[] memory amounts);

    /// @notice Sends `receiver` the amount of an asset that exits in kind and filled requests set aside for the caller.
    function claim(address asset, address receiver) external returns (uint256 amount);

    /// @notice Sends `receiver` a part of the amount that is set aside for the caller; reverts if there is less.
    function claimPart(address asset, address receiver, uint256 amount) external;

    function claimable(address asset, address owner) external view returns (uint256);

    /// @return Sum that is set aside of an asset, smallest units; it is no part of NAV.
    function totalClaimable(address asset) external view returns (uint256);

    /// @notice Mints the shares that the fee manager owes to a fee recipient. Only the fee manager may call it.
    function mintFees(address recipient, uint256 shares) external;

    // -- Requests, all through the queue -----------------------------------------------------------------------------

    /// @notice Sets the number of an owner's shares that wait. Only the queue may call it.
    function lockForRedemption(address owner, uint256 shares) external;

    /// @notice Burns bound shares for cash at hand, which is set aside for the controller. Only the queue may call it,
    /// which has seen that the portfolio is not halted, and that every price is live.
    /// @param shares Maximum number of shares to burn; fewer are burnt if there is too little cash, none if there is
    /// none.
    /// @param total `totalAssets()` of this moment, read by the queue once for many requests.
    /// @return burnt Number of shares that were burnt.
    /// @return assets Smallest units of the settlement token.
    function settle(
        address owner,
        address controller,
        uint256 shares,
        uint256 total
    )
        external
        returns (uint256 burnt, uint256 assets);

    // -- Governance, all through the factory -------------------------------------------------------------------------

    /// @notice Lists an asset, retires it, or drops it. Only the factory may call it, which drops only an asset that is
    /// no longer held.
    /// @dev The settlement token stays.
    function setListing(address asset, Listing listing) external;

    /// @notice Sets the loss budget and its window. Only the factory may call it. The bucket keeps its level.
    function setLossBudget(uint16 lossBudgetBps, uint40 lossWindow) external;

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @return All listed assets, the settlement token first.
    function assets() external view returns (address[] memory);

    /// @return The listed assets, then the retired ones, which are only shared out in kind; at most 32.
    function allAssets() external view returns (address[] memory);

    /// @return True if the asset is listed.
    function isAsset(address asset) external view returns (bool);

    /// @return Shares of an owner that wait in the redemption queue; part of its balance.
    function queuedShares(address owner) external view returns (uint256);

    /// @return Sum over all owners.
    function totalQueuedShares() external view returns (uint256);

    /// @notice Returns everything that risk is judged by, at prices that are read once.
    /// @return assets_ The list that `assets()` returns.
    /// @return balances Smallest units, without the amounts that are set aside.
    /// @return values WAD USD.
    /// @return sharePrice_ The price that `sharePrice()` returns.
    function positions()
        external
        view
        returns (address[] memory assets_, uint256[] memory balances, uint256[] memory values, uint256 sharePrice_);

    /// @return WAD USD.
    function nav() external view returns (uint256);

    /// @return WAD settlement tokens for one whole share, net of fees; 1e18 before the first deposit.
    function sharePrice() external view returns (uint256);

    /// @return `totalAssets` at the prices at which holders may leave in cash: frozen ones count with their discount.
    function exitAssets() external view returns (uint256);

    /// @notice The loss bucket (I2). It holds at most half the budget and drains over one window, so that any window
    /// loses at most a full bucket plus what drains meanwhile: the budget.
    /// @return level WAD of NAV in the bucket now.
    /// @return capacity WAD of NAV, half the budget.
    /// @return window Seconds in which a full bucket drains.
    function lossBucket() external view returns (uint256 level, uint256 capacity, uint256 window);

    function compliance() external view returns (address);

    /// @return The manager of fees, locks and share prices.
    function feeManager() external view returns (address);
    function factory() external view returns (address);
    function rebalancer() external view returns (address);
    /// @return The {IRedemptionQueue} of all portfolios of the factory.
    function queue() external view returns (address);
    function riskEngine() external view returns (address);
    function oracle() external view returns (address);
    function aggregator() external view returns (address);
}
