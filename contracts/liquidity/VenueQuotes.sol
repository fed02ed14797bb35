// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";

import {BalancerV2Venue} from "./venues/BalancerV2Venue.sol";
import {CurveVenue} from "./venues/CurveVenue.sol";
import {ERC4626Venue} from "./venues/ERC4626Venue.sol";
import {PriceEnds} from "./venues/PriceEnds.sol";
import {UniswapV2Venue} from "./venues/UniswapV2Venue.sol";
import {V4Key} from "./venues/V4Key.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IVenueAdapter} from "interfaces/liquidity/IVenueAdapter.sol";
import {IVenueQuotes} from "interfaces/liquidity/IVenueQuotes.sol";
import {IPoolManager, IUnlockCallback} from "interfaces/liquidity/venues/IPoolManager.sol";
import {
    IPancakeV3SwapCallback,
    IUniswapV3Pool,
    IUniswapV3SwapCallback
} from "interfaces/liquidity/venues/IUniswapV3Pool.sol";

/// @title Amounts that one market pays, or asks, now
/// @notice See {IVenueQuotes}.
contract VenueQuotes is IVenueQuotes, IUniswapV3SwapCallback, IPancakeV3SwapCallback, IUnlockCallback {
    /// @inheritdoc IVenueQuotes
    function quote(
        ILiquidityAggregator.Market calldata market,
        bool zeroForOne,
        uint256 amountIn
    )
        external
        returns (uint256)
    {
        ILiquidityAggregator.VenueKind kind = market.kind;
        address target = market.target;
        (address tokenIn, address tokenOut) = _tokens(market, zeroForOne);
        if (kind == ILiquidityAggregator.VenueKind.UniswapV2) {
            return UniswapV2Venue.quote(target, zeroForOne, market.fee, amountIn);
        }
        if (kind <= ILiquidityAggregator.VenueKind.UniswapV4) {
            (uint256 taken, uint256 paid) = _try(market, zeroForOne, SafeCastLib.toInt256(amountIn));
            if (taken != amountIn) {
                revert ILiquidityAggregator.LiquidityAggregator__PartialFill(target, taken, amountIn);
            }
            return paid;
        }
        if (kind == ILiquidityAggregator.VenueKind.BalancerV2) {
            return BalancerV2Venue.quote(target, market.id, tokenIn, tokenOut, amountIn);
        }
        if (kind == ILiquidityAggregator.VenueKind.ERC4626) return ERC4626Venue.quote(target, tokenIn, amountIn);
        if (kind == ILiquidityAggregator.VenueKind.Adapter) {
            return IVenueAdapter(target).quote(market.id, tokenIn, tokenOut, amountIn);
        }
        _requireAskable(kind, target);
        return CurveVenue.quote(_curve(market, zeroForOne), amountIn);
    }

    /// @inheritdoc IVenueQuotes
    function quoteIn(
        ILiquidityAggregator.Market calldata market,
        bool zeroForOne,
        uint256 amountOut
    )
        external
        returns (uint256)
    {
        ILiquidityAggregator.VenueKind kind = market.kind;
        address target = market.target;
        (address tokenIn, address tokenOut) = _tokens(market, zeroForOne);
        if (kind == ILiquidityAggregator.VenueKind.UniswapV2) {
            (uint256 reserveIn, uint256 reserveOut) = UniswapV2Venue.reserves(target, zeroForOne);
            return UniswapV2Venue.quoteIn(amountOut, reserveIn, reserveOut, market.fee);
        }
        if (kind <= ILiquidityAggregator.VenueKind.UniswapV4) {
            (uint256 taken, uint256 paid) = _try(market, zeroForOne, -SafeCastLib.toInt256(amountOut));
            if (paid != amountOut) {
                revert ILiquidityAggregator.LiquidityAggregator__PartialFill(target, paid, amountOut);
            }
            return taken;
        }
        if (kind == ILiquidityAggregator.VenueKind.BalancerV2) {
            return BalancerV2Venue.quoteIn(target, market.id, tokenIn, tokenOut, amountOut);
        }
        if (kind == ILiquidityAggregator.VenueKind.ERC4626) return ERC4626Venue.quoteIn(target, tokenIn, amountOut);
        if (kind == ILiquidityAggregator.VenueKind.Adapter) {
            return IVenueAdapter(target).quoteIn(market.id, tokenIn, tokenOut, amountOut);
        }
        _requireAskable(kind, target);
        return CurveVenue.quoteIn(_curve(market, zeroForOne), amountOut);
    }

    /// @inheritdoc IUniswapV3SwapCallback
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata) external pure {
        revert VenueQuotes__Tried(amount0Delta, amount1Delta);
    }

    /// @inheritdoc IPancakeV3SwapCallback
    function pancakeV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata) external pure {
        revert VenueQuotes__Tried(amount0Delta, amount1Delta);
    }

    /// @inheritdoc IUnlockCallback
    function unlockCallback(bytes calldata data) external returns (bytes memory) {
        (IPoolManager.PoolKey memory key, IPoolManager.SwapParams memory params) =
            abi.decode(data, (IPoolManager.PoolKey, IPoolManager.SwapParams));
        int256 delta = IPoolManager(msg.sender).swap(key, params, "");
        // The signs are those of V3 pools: an amount owed to the pool is positive.
        revert VenueQuotes__Tried(-(delta >> 128), -int256(int128(delta)));
    }

    /// @dev A maker that signs quotes is asked off chain.
    function _requireAskable(ILiquidityAggregator.VenueKind kind, address target) private pure {
        if (kind == ILiquidityAggregator.VenueKind.SignedQuote) {
            revert ILiquidityAggregator.LiquidityAggregator__QuoteMissing(target);
        }
    }

    /// @param amount Signed as V3 pools count: above zero an exact input, below an exact output.
    /// @return taken Amount owed to the pool.
    /// @return paid Amount that the pool pays.
    function _try(
        ILiquidityAggregator.Market calldata market,
        bool zeroForOne,
        int256 amount
    )
        private
        returns (uint256 taken, uint256 paid)
    {
        bool up = zeroForOne;
        bytes memory told;
        if (market.kind == ILiquidityAggregator.VenueKind.UniswapV3) {
            try IUniswapV3Pool(market.target)
                .swap(address(this), up, amount, up ? PriceEnds.LOWEST : PriceEnds.HIGHEST, "") {
                // A pool that does not ask for its input.
                return (0, 0);
            } catch (bytes memory reason) {
                told = reason;
            }
        } else {
            (IPoolManager.PoolKey memory key, address coin) = V4Key.keyOf(
                market.token0, market.token1, market.param, market.fee, address(uint160(uint256(market.id)))
            );
            if (coin != address(0)) up = (up ? market.token0 : market.token1) == coin;
            IPoolManager.SwapParams memory params =
                IPoolManager.SwapParams(up, -amount, up ? PriceEnds.LOWEST : PriceEnds.HIGHEST);
            try IPoolManager(market.target).unlock(abi.encode(key, params)) returns (bytes memory) {
                return (0, 0);
            } catch (bytes memory reason) {
                told = reason;
            }
        }
        (int256 amount0, int256 amount1) = _told(told);
        (int256 debit, int256 credit) = up ? (amount0, -amount1) : (amount1, -amount0);
        (taken, paid) = (debit > 0 ? uint256(debit) : 0, credit > 0 ? uint256(credit) : 0);
    }

    /// @dev Returns the amounts that a tried swap reported, or reverts with the venue's own reason to refuse it.
    function _told(bytes memory reason) private pure returns (int256 amount0, int256 amount1) {
        if (reason.length != 68 || bytes4(reason) != VenueQuotes__Tried.selector) {
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
        assembly ("memory-safe") {
            amount0 := mload(add(reason, 36))
            amount1 := mload(add(reason, 68))
        }
    }

    function _tokens(
        ILiquidityAggregator.Market calldata market,
        bool zeroForOne
    )
        private
        pure
        returns (address, address)
    {
        return zeroForOne ? (market.token0, market.token1) : (market.token1, market.token0);
    }

    function _curve(
        ILiquidityAggregator.Market calldata market,
        bool zeroForOne
    )
        private
        pure
        returns (CurveVenue.Pair memory)
    {
        return CurveVenue.Pair(market.target, market.kind, market.param, zeroForOne);
    }
}
