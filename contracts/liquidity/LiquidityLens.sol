// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";

import {TickReader} from "./TickReader.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {ILiquidityLens} from "interfaces/liquidity/ILiquidityLens.sol";
import {IVenueQuotes} from "interfaces/liquidity/IVenueQuotes.sol";
import {IBalancerVault} from "interfaces/liquidity/venues/IBalancerVault.sol";
import {ICurvePool} from "interfaces/liquidity/venues/ICurvePool.sol";
import {IUniswapV2Pair} from "interfaces/liquidity/venues/IUniswapV2Pair.sol";

/// @title Quotes of orders and pairs in one call
/// @notice See {ILiquidityLens}.
contract LiquidityLens is ILiquidityLens {
    ILiquidityAggregator public immutable aggregator;
    IVenueQuotes private immutable _quotes;

    constructor(ILiquidityAggregator aggregator_) {
        aggregator = aggregator_;
        _quotes = aggregator_.quotes();
    }

    /// @inheritdoc ILiquidityLens
    function quotePair(
        address tokenIn,
        address tokenOut,
        uint256[] calldata amountsIn,
        uint256 tickWords
    )
        external
        returns (MarketQuote[] memory found)
    {
        address[] memory keys = aggregator.markets();
        found = new MarketQuote[](keys.length);
        bool zeroForOne = tokenIn < tokenOut;
        (address token0, address token1) = zeroForOne ? (tokenIn, tokenOut) : (tokenOut, tokenIn);
        uint256 count;
        for (uint256 k; k < keys.length; ++k) {
            // A pool that no longer says what it trades is no market of this pair.
            try aggregator.marketOf{gas: _share(keys.length - k)}(keys[k]) returns (
                ILiquidityAggregator.Market memory market
            ) {
                if (market.token0 != token0 || market.token1 != token1) continue;
                found[count++] = _ask(keys[k], market, zeroForOne, amountsIn, tickWords, keys.length - k);
            } catch {}
        }
        assembly ("memory-safe") {
            mstore(found, count)
        }
    }

    /// @inheritdoc ILiquidityLens
    function quoteOrder(ILiquidityAggregator.Order calldata order)
        external
        returns (uint256 amountOut, uint256[] memory legs)
    {
        legs = _legsOf(order.paths);
        uint256 leg;
        for (uint256 i; i < order.paths.length; ++i) {
            uint256 amount = order.paths[i].amountIn;
            for (uint256 k; k < order.paths[i].hops.length; ++k) {
                ILiquidityAggregator.Hop calldata hop = order.paths[i].hops[k];
                amount = _quotes.quote(_market(hop.pool), hop.zeroForOne, amount);
                legs[leg++] = amount;
            }
            amountOut += amount;
        }
    }

    /// @inheritdoc ILiquidityLens
    function quoteExactOut(ILiquidityAggregator.ExactOutOrder calldata order)
        external
        returns (uint256 amountIn, uint256[] memory legs)
    {
        legs = _legsOf(order.paths);
        uint256 leg;
        for (uint256 i; i < order.paths.length; ++i) {
            uint256 amount = order.paths[i].amountIn;
            uint256 hops = order.paths[i].hops.length;
            leg += hops;
            for (uint256 k = hops; k > 0; --k) {
                ILiquidityAggregator.Hop calldata hop = order.paths[i].hops[k - 1];
                amount = _quotes.quoteIn(_market(hop.pool), hop.zeroForOne, amount);
                legs[leg - 1 - (hops - k)] = amount;
            }
            amountIn += amount;
        }
    }

    /// @notice Returns the state of a market, as {ILiquidityLens.MarketQuote} has it. The lens calls it on itself, so
    /// that it may fail.
    function stateOf(
        ILiquidityAggregator.Market calldata market,
        uint256 tickWords
    )
        external
        view
        returns (uint256[] memory state, Tick[] memory ticks)
    {
        ILiquidityAggregator.VenueKind kind = market.kind;
        address target = market.target;
        if (kind == ILiquidityAggregator.VenueKind.UniswapV3) return TickReader.readV3(target, tickWords);
        if (kind == ILiquidityAggregator.VenueKind.UniswapV4) return TickReader.readV4(market, tickWords);
        bool adapted =
            kind == ILiquidityAggregator.VenueKind.Adapter || kind == ILiquidityAggregator.VenueKind.SignedQuote;
        if (adapted) return (state, ticks);
        state = new uint256[](2);
        if (kind == ILiquidityAggregator.VenueKind.UniswapV2) {
            (state[0], state[1],) = IUniswapV2Pair(target).getReserves();
        } else if (kind == ILiquidityAggregator.VenueKind.BalancerV2) {
            (state[0],,,) = IBalancerVault(target).getPoolTokenInfo(market.id, market.token0);
            (state[1],,,) = IBalancerVault(target).getPoolTokenInfo(market.id, market.token1);
        } else if (kind == ILiquidityAggregator.VenueKind.ERC4626) {
            (state[0], state[1]) = (IERC4626(target).totalAssets(), IERC4626(target).totalSupply());
        } else {
            state[0] = ICurvePool(target).balances(uint8(market.param));
            state[1] = ICurvePool(target).balances(uint8(market.param >> 8));
        }
    }

    function _ask(
        address key,
        ILiquidityAggregator.Market memory market,
        bool zeroForOne,
        uint256[] calldata amountsIn,
        uint256 tickWords,
        uint256 left
    )
        private
        returns (MarketQuote memory found)
    {
        (found.market, found.kind, found.fee, found.zeroForOne) = (key, market.kind, market.fee, zeroForOne);
        found.amountsOut = new uint256[](amountsIn.length);
        for (uint256 i; i < amountsIn.length; ++i) {
            uint256 gas_ = _share(left * (amountsIn.length - i + 1));
            try _quotes.quote{gas: gas_}(market, zeroForOne, amountsIn[i]) returns (uint256 amountOut) {
                found.amountsOut[i] = amountOut;
            } catch (bytes memory reason) {
                if (found.failure.length == 0) found.failure = _named(reason);
            }
        }
        try this.stateOf{gas: _share(left)}(market, tickWords) returns (uint256[] memory state, Tick[] memory ticks) {
            (found.state, found.ticks) = (state, ticks);
        } catch (bytes memory reason) {
            if (found.failure.length == 0) found.failure = _named(reason);
        }
    }

    function _market(address key) private view returns (ILiquidityAggregator.Market memory market) {
        market = aggregator.marketOf(key);
        if (market.kind == ILiquidityAggregator.VenueKind.None) {
            revert ILiquidityAggregator.LiquidityAggregator__PoolNotListed(key);
        }
    }

    /// @dev Returns half of the gas that is left, divided by the number of calls that have to share it.
    function _share(uint256 among) private view returns (uint256) {
        return gasleft() / (2 * among);
    }

    /// @dev A venue that burnt its gas gives no reason, and the failure still has to be visible.
    function _named(bytes memory reason) private pure returns (bytes memory) {
        return reason.length == 0 ? bytes("no reason") : reason;
    }

    function _legsOf(ILiquidityAggregator.Path[] calldata paths) private pure returns (uint256[] memory legs) {
        uint256 count;
        for (uint256 i; i < paths.length; ++i) {
            count += paths[i].hops.length;
        }
        legs = new uint256[](count);
        address[] memory seen = new address[](count);
        count = 0;
        for (uint256 i; i < paths.length; ++i) {
            for (uint256 k; k < paths[i].hops.length; ++k) {
                address market = paths[i].hops[k].pool;
                for (uint256 j; j < count; ++j) {
                    if (seen[j] == market) revert LiquidityLens__MarketTwice(market);
                }
                seen[count++] = market;
            }
        }
    }
}
