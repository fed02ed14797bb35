// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IVenueQuotes} from "interfaces/liquidity/IVenueQuotes.sol";
import {IUnlockCallback} from "interfaces/liquidity/venues/IPoolManager.sol";
import {IPancakeV3SwapCallback, IUniswapV3SwapCallback} from "interfaces/liquidity/venues/IUniswapV3Pool.sol";

/// @title Swaps over listed markets of many venues
/// @notice Splits an order over paths of listed markets, of any venues in any mixture. Tokens go from the caller
/// straight to the first pool and from the last pool straight to the recipient where the venue allows it; otherwise,
/// and between hops, they touch this contract, and nothing is left behind: no balance, no allowance. Results are
/// measured by balance differences. A token that takes a fee on transfer, or whose balances move by themselves, fails
/// the order unless its terms accept that: here, or at the pool, which then finds less than it was promised. Each
/// listed market is trusted with the amounts of the paths that lead through it, never with more, with another token, or
/// with anything else that callers have approved.
///
/// A market is a pair of tokens on one pool and is named by an address: that of the pool for Uniswap V2 and V3 and
/// their forks, otherwise the last twenty bytes of the hash of what it is (see `marketKey`). Calls go to what was
/// listed, never to an address that an order brings along.
interface ILiquidityAggregator is IUniswapV3SwapCallback, IPancakeV3SwapCallback, IUnlockCallback {
    /// @dev UniswapV2: any fork whose pair keeps the constant product, its fee as data. UniswapV3: any fork that calls
    /// back as Uniswap or PancakeSwap does. CurveInt128 and CurveUint256: named for the type of a pool's coin indices
    /// (StableSwap and CryptoSwap). CurveInt128NG and CurveUint256NG: those of them that swap what was sent to them
    /// before (`exchange_received`; StableSwap-NG and Twocrypto-NG). Adapter: see {IVenueAdapter}. SignedQuote: see
    /// {ISignedQuoteAdapter}.
    enum VenueKind {
        None,
        UniswapV2,
        UniswapV3,
        UniswapV4,
        BalancerV2,
        CurveInt128,
        CurveUint256,
        ERC4626,
        Adapter,
        CurveInt128NG,
        CurveUint256NG,
        SignedQuote
    }

    /// @param kind None when the market is not listed.
    /// @param fee Hundredths of a basis point (3000 = 0.3%).
    struct Venue {
        VenueKind kind;
        uint24 fee;
    }

    /// @param fee UniswapV2, V3 and V4: hundredths of a basis point, as the pool's key has it; otherwise zero.
    /// @param target Contract that is called: the pool, V4's PoolManager, Balancer's Vault, the ERC-4626 vault, or the
    /// adapter.
    /// @param param UniswapV4: the tick spacing in the lowest 24 bits; bit 24 if token0, bit 25 if token1 stands for
    /// the chain's own coin, which it wraps. Curve: the index of token0, and eight bits higher that of token1.
    /// Otherwise zero.
    /// @param id UniswapV4: the hooks' address; BalancerV2: the pool's id; CurveInt128NG: the StableSwap-NG factory
    /// that made the pool; Adapter and SignedQuote: whatever the adapter needs; otherwise zero.
    /// @param token0 The token of the lower address.
    struct Market {
        VenueKind kind;
        uint24 fee;
        address target;
        uint96 param;
        bytes32 id;
        address token0;
        address token1;
    }

    /// @param pool A listed market.
    /// @param zeroForOne True if token0 goes in and token1 comes out.
    struct Hop {
        address pool;
        bool zeroForOne;
    }

    /// @param amountIn Smallest units of the order's tokenIn that go this way, above zero; in an exact-output order, of
    /// its tokenOut that come out of it.
    /// @param hops One or more markets in order.
    struct Path {
        uint256 amountIn;
        Hop[] hops;
    }

    /// @param amountIn Sum of the paths' amounts; pulled from the caller, who has approved at least as much.
    /// @param minAmountOut Minimum by which the recipient's balance of tokenOut has to grow.
    /// @param deadline Last second at which the order may run.
    struct Order {
        address tokenIn;
        address tokenOut;
        uint256 amountIn;
        uint256 minAmountOut;
        address recipient;
        uint40 deadline;
        Path[] paths;
    }

    /// @param amountOut Sum of the paths' amounts: what the recipient's balance of tokenOut grows by at least; by more
    /// only where a venue cannot be asked for an exact output.
    /// @param maxAmountIn Maximum by which the caller's balance of tokenIn may fall. Only the needed amount is pulled.
    struct ExactOutOrder {
        address tokenIn;
        address tokenOut;
        uint256 amountOut;
        uint256 maxAmountIn;
        address recipient;
        uint40 deadline;
        Path[] paths;
    }

    /// @param feeTokens Accepts tokens that deliver less than was sent: what arrives counts, and the order's own limits
    /// decide. Nobody ever pays more than the order's amount.
    /// @param maxDeviationBps Maximum by which the output may be worth less than the input by {IPriceOracle}, basis
    /// points; zero asks for no guard.
    /// @param legLimits An empty list, or one limit per hop, path after path: the minimum that the hop has to pay out,
    /// in an exact-output order the maximum that it may take in. Smallest units; zero is no limit.
    struct SwapTerms {
        bool feeTokens;
        uint16 maxDeviationBps;
        uint256[] legLimits;
    }

    event PoolListed(address indexed pool, VenueKind kind, uint24 fee);
    event PoolDelisted(address indexed pool);
    event MaxDeviationSet(uint16 maxDeviationBps);
    event Swapped(
        address indexed caller,
        address indexed tokenIn,
        address indexed tokenOut,
        address recipient,
        uint256 amountIn,
        uint256 amountOut
    );

    error LiquidityAggregator__PoolNotListed(address pool);
    error LiquidityAggregator__InvalidVenue(address pool, VenueKind kind, uint24 fee);
    /// @dev A listing names a token that is none, such as Curve's address for the chain's own coin.
    error LiquidityAggregator__NoToken(address token);
    /// @dev A listing's pool lacks a function of its kind, or has nothing to quote.
    /// @param selector Selector of the function.
    error LiquidityAggregator__NoAnswer(address pool, bytes4 selector);
    /// @dev The pool's factory says that one of its coins rebases: then StableSwap-NG refuses `exchange_received`. List
    /// it as CurveInt128.
    error LiquidityAggregator__RebasingCoin(address pool);
    error LiquidityAggregator__Expired(uint256 deadline, uint256 timestamp);
    /// @dev The route has no path, a path without a market, or a path without an amount.
    error LiquidityAggregator__EmptyRoute();
    error LiquidityAggregator__SameToken(address token);
    /// @dev The recipient is zero, the aggregator, or a market of the route.
    error LiquidityAggregator__InvalidRecipient(address recipient);
    error LiquidityAggregator__AmountMismatch(uint256 amount, uint256 sumOfPaths);
    /// @dev The market was listed with other tokens than the route brings to it and expects from it.
    error LiquidityAggregator__WrongTokens(address pool, address token0, address token1);
    error LiquidityAggregator__InsufficientOutput(uint256 amountOut, uint256 minAmountOut);
    error LiquidityAggregator__ExcessiveInput(uint256 amountIn, uint256 maxAmountIn);
    /// @dev A market of signed quotes is used without a quote, beside other hops in its path, or for an exact output.
    error LiquidityAggregator__QuoteMissing(address market);
    /// @dev A hop paid less, or took more, than its own limit.
    error LiquidityAggregator__LegLimit(uint256 leg, uint256 amount, uint256 limit);
    error LiquidityAggregator__WrongLegCount(uint256 given, uint256 hops);
    /// @dev The pool took, or paid, another amount than it was given, or asked for.
    error LiquidityAggregator__PartialFill(address pool, uint256 taken, uint256 given);
    error LiquidityAggregator__UnexpectedCallback(address caller);
    /// @dev Coin of the chain arrives only from venues, while they are swapped on.
    error LiquidityAggregator__UnexpectedCoin(address sender);
    /// @dev A token debited or credited another amount than was sent: it takes a fee or rebases, or a pool lied.
    error LiquidityAggregator__BalanceMismatch(address token, uint256 expected, uint256 actual);
    /// @dev The values are WAD USD.
    error LiquidityAggregator__OracleDeviation(uint256 valueIn, uint256 valueOut, uint256 maxDeviationBps);
    error LiquidityAggregator__InvalidDeviation(uint16 maxDeviationBps, uint16 current);

    // -- Listing

    /// @notice Lists a Uniswap V2 or V3 pool or a fork's, or changes the fee of a listed one. Role: MANAGER_DELAYED. At
    /// worst it lists a hostile pool, which can then keep the input of orders routed through it, down to their minimum
    /// outputs.
    /// @param pool A contract that answers as its kind does: token0 and token1; getReserves (V2) or fee (V3).
    /// @param fee Hundredths of a basis point; below 1e6 for UniswapV2, the pool's own for UniswapV3.
    function listPool(address pool, VenueKind kind, uint24 fee) external;

    /// @notice Lists a market of any other venue. Role: MANAGER_DELAYED. At worst as {listPool}.
    /// @dev It reverts if the venue does not answer that it trades these tokens. Whether a Curve pool has
    /// `exchange_received` cannot be tried without tokens. The factory answers for a StableSwap-NG pool; for a
    /// CurveUint256NG the lister does: orders over a pool that lacks the function revert.
    /// @return key Address by which orders name the market: `marketKey(market)`.
    function listMarket(Market calldata market) external returns (address key);

    /// @notice Delists a market at once. Role: GUARDIAN. At worst orders routed through it revert.
    function delistPool(address pool) external;

    /// @notice Sets how far portfolios' orders may be from the oracle: they check it themselves, at the prices that
    /// they have read, and neither keepers nor managers can leave it out. Role: MANAGER_DELAYED. At worst the guard
    /// admits any price, and only the loss budget (I2) and the orders' minimums are left.
    /// @param maxDeviationBps 1 to 10,000.
    function setMaxDeviation(uint16 maxDeviationBps) external;

    /// @notice Lowers the maximum deviation at once. Role: GUARDIAN. At worst portfolios' trades revert.
    function tightenMaxDeviation(uint16 maxDeviationBps) external;

    // -- Swaps

    /// @notice Swaps an exact input over the order's paths, or reverts whole.
    /// @dev Anyone may call it: the caller is the payer. It reverts for a deadline that has passed, a route that does
    /// not add up, a pool that takes more or less than its path's amount, and a token that debits more than was sent or
    /// credits less.
    /// @return amountOut Growth of the recipient's tokenOut balance, at least `minAmountOut`.
    function swap(Order calldata order) external returns (uint256 amountOut);

    /// @notice Executes an order as {swap} does, on the caller's own terms.
    function swapOnTerms(Order calldata order, SwapTerms calldata terms) external returns (uint256 amountOut);

    /// @notice Swaps an exact input over one hop, from the caller to the caller, at the lowest gas. It emits no event:
    /// the pool's own event records the swap.
    /// @dev The caller's own balance of tokenIn is not measured, here and in the other functions without an event: this
    /// contract never sends more than was asked for, and any amount that a token debits on top of that is between the
    /// token and its holder.
    /// @param tokenOut Token that the market pays; the market has to be listed with it and with tokenIn.
    function swapSingle(
        address pool,
        address tokenIn,
        address tokenOut,
        uint256 amountIn,
        uint256 minAmountOut,
        uint256 deadline
    )
        external
        returns (uint256 amountOut);

    /// @notice Swaps an exact input as {swapSingle} does, over any number of paths and hops.
    /// @param tokenIn Token that every path begins with; tokenOut is the token that it ends with.
    /// @param route Path after path: the smallest units of tokenIn that go this way, above zero, then one word per hop:
    /// the market in the lowest 160 bits, bit 160 if token0 goes in, bit 161 on the path's last hop. A market of signed
    /// quotes is the only hop of its path, and bits 168 to 175 say how many words of its quote follow. Other bits are
    /// ignored.
    function swapRoute(
        address tokenIn,
        address tokenOut,
        uint256 minAmountOut,
        uint256 deadline,
        uint256[] calldata route
    )
        external
        returns (uint256 amountOut);

    /// @notice Swaps as {swapRoute} does, for a contract that pays when it is asked to and measures the amount that it
    /// gets: see {IPaymentCallback}. It needs no allowance, and neither a minimum nor a deadline is checked here.
    function swapWithCallback(address tokenIn, address tokenOut, uint256[] calldata route) external;

    /// @notice Swaps for an exact output over the order's paths, or reverts whole.
    /// @dev It reverts where {swap} reverts, and for a market that cannot tell the cost of an output (Curve pools
    /// without get_dx). A venue's payment beyond the needed amount goes to the recipient.
    /// @return amountIn Fall of the caller's tokenIn balance, at most `maxAmountIn`.
    function swapExactOut(ExactOutOrder calldata order, SwapTerms calldata terms) external returns (uint256 amountIn);

    /// @notice Swaps for an exact output over one hop, from the caller to the caller, at the lowest gas. It emits no
    /// event.
    /// @dev Uniswap's venues are paid what they cost. From Balancer's Vault the whole of `maxAmountIn`, which the
    /// caller has to hold and to have approved, comes here first, and what the Vault leaves goes back: asking it first
    /// would compute the swap twice. Other venues are asked first, as in {swapExactOut}.
    /// @param tokenOut Token that the market pays; the market has to be listed with it and with tokenIn.
    /// @return amountIn Smallest units of tokenIn that were paid, at most `maxAmountIn`.
    function swapExactOutSingle(
        address pool,
        address tokenIn,
        address tokenOut,
        uint256 amountOut,
        uint256 maxAmountIn,
        uint256 deadline
    )
        external
        returns (uint256 amountIn);

    // -- Views

    /// @return Kind and fee of the market; None and zero if it is not listed.
    function venueOf(address pool) external view returns (Venue memory);

    /// @notice Returns the market that is listed under this key.
    function marketOf(address pool) external view returns (Market memory);

    /// @notice Returns the keys of listed markets, in no order.
    function markets() external view returns (address[] memory);

    /// @notice Returns the address that names a market: the pool's own for V2 and V3.
    function marketKey(Market calldata market) external pure returns (address);

    /// @notice Maximum by which portfolios' orders may fall short of the oracle's value, basis points.
    function maxDeviationBps() external view returns (uint16);

    /// @notice Returns the contract that quotes what each market pays or asks.
    function quotes() external view returns (IVenueQuotes);

    /// @notice Returns the PriceOracle of the guard.
    function oracle() external view returns (address);
}
