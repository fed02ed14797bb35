// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";

import {Leg} from "../Leg.sol";
import {PriceEnds} from "./PriceEnds.sol";
import {VenueCallback} from "./VenueCallback.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {
    IPancakeV3SwapCallback,
    IUniswapV3Pool,
    IUniswapV3SwapCallback
} from "interfaces/liquidity/venues/IUniswapV3Pool.sol";

/// @title One swap on a Uniswap V3 pool, or on a fork's
/// @notice The pool takes its input in a callback; forks differ only in the name of that function.
abstract contract UniswapV3Venue is VenueCallback, IUniswapV3SwapCallback, IPancakeV3SwapCallback {
    /// @param payer Word of the payer, as `_pay` defines it.
    /// @return amountOut Output that the pool reports as sent to `to`.
    function _swapV3(
        address pool,
        address tokenIn,
        bool zeroForOne,
        uint256 amountIn,
        uint256 payer,
        address to
    )
        internal
        returns (uint256 amountOut)
    {
        _expectedCaller = uint160(pool);
        _dueToken = uint160(tokenIn);
        _duePayer = payer;
        _dueAmount = amountIn;
        (int256 amount0, int256 amount1) = IUniswapV3Pool(pool)
            .swap(to, zeroForOne, SafeCastLib.toInt256(amountIn), zeroForOne ? PriceEnds.LOWEST : PriceEnds.HIGHEST, "");
        if (_expectedCaller != 0) revert ILiquidityAggregator.LiquidityAggregator__PartialFill(pool, 0, amountIn);
        amountOut = _credit(zeroForOne ? amount1 : amount0);
    }

    /// @dev Buys an exact output over one hop, from the caller to the caller, who measures what arrives.
    /// @return amountIn Amount that the pool was paid.
    function _buyV3(
        address pool,
        address tokenIn,
        bool zeroForOne,
        uint256 amountOut,
        uint256 maxAmountIn
    )
        internal
        returns (uint256 amountIn)
    {
        _expectedCaller = uint160(pool) | _AT_MOST;
        _dueToken = uint160(tokenIn);
        _duePayer = uint160(msg.sender);
        _dueAmount = maxAmountIn;
        int256 specified = -SafeCastLib.toInt256(amountOut);
        uint160 limit = zeroForOne ? PriceEnds.LOWEST : PriceEnds.HIGHEST;
        // The paid and the received amounts count, not the pool's answer.
        IUniswapV3Pool(pool).swap(msg.sender, zeroForOne, specified, limit, "");
        if (_expectedCaller != 0) revert ILiquidityAggregator.LiquidityAggregator__PartialFill(pool, 0, amountOut);
        amountIn = _result;
    }

    /// @dev Delivers an exact output: the amount that the pool asks for in return comes from the leg before, inside the
    /// callback.
    function _deliverV3(Leg[] memory legs, uint256 index, uint256 amountOut, address to) internal {
        Leg memory leg = legs[index];
        bytes memory route = abi.encode(legs, index);
        _expectCallback(leg.market, route);
        (int256 amount0, int256 amount1) = IUniswapV3Pool(leg.market)
            .swap(
                to,
                leg.zeroForOne,
                -SafeCastLib.toInt256(amountOut),
                leg.zeroForOne ? PriceEnds.LOWEST : PriceEnds.HIGHEST,
                route
            );
        uint256 paid = _expectedRouteCaller != 0 ? 0 : _credit(leg.zeroForOne ? amount1 : amount0);
        if (paid != amountOut) {
            revert ILiquidityAggregator.LiquidityAggregator__PartialFill(leg.market, paid, amountOut);
        }
    }

    /// @inheritdoc IUniswapV3SwapCallback
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata data) external {
        _payV3(amount0Delta, amount1Delta, data);
    }

    /// @inheritdoc IPancakeV3SwapCallback
    function pancakeV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata data) external {
        _payV3(amount0Delta, amount1Delta, data);
    }

    function _payV3(int256 amount0Delta, int256 amount1Delta, bytes calldata data) private {
        // Checks
        int256 asked = amount0Delta > amount1Delta ? amount0Delta : amount1Delta;
        uint256 taken = asked > 0 ? uint256(asked) : 0;
        uint256 debtor = _expectedCaller;
        if (uint160(msg.sender) != uint160(debtor)) {
            _consumeCallback(data);
            (Leg[] memory legs, uint256 index) = abi.decode(data, (Leg[], uint256));
            _checkLimit(legs, index, taken);
            _provide(legs, index, taken, msg.sender);
            return;
        }
        uint256 debt = _dueAmount;
        if (debtor & _AT_MOST == 0) {
            if (taken != debt) revert ILiquidityAggregator.LiquidityAggregator__PartialFill(msg.sender, taken, debt);
        } else {
            if (taken > debt) revert ILiquidityAggregator.LiquidityAggregator__ExcessiveInput(taken, debt);
            _result = taken;
        }

        // Effects
        _expectedCaller = 0;

        // Interactions
        _pay(address(uint160(_dueToken)), _duePayer, msg.sender, taken);
    }

    function _credit(int256 delta) private pure returns (uint256 amount) {
        // Cannot wrap: the least int256 negates to 2^255 as an unsigned number.
        unchecked {
            if (delta < 0) amount = uint256(-delta);
        }
    }
}
