// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";

import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IUniswapV3Pool, IUniswapV3SwapCallback} from "interfaces/liquidity/venues/IUniswapV3Pool.sol";

/// @title One exact-input swap on a Uniswap V3 pool
/// @notice The pool takes its input in a callback. Who may call back, and what it is paid, stands in transient storage:
/// data that travels through the pool could be forged by it.
abstract contract UniswapV3Hop is IUniswapV3SwapCallback {
    using SafeERC20 for IERC20;

    // The ends of the pool's price range (TickMath), one inside. The limits on price are the order's, on its output.
    uint160 private constant _MIN_SQRT_PRICE = 4295128739 + 1;
    uint160 private constant _MAX_SQRT_PRICE = 1461446703485210103287273052203988822378723970342 - 1;

    /// @dev The one pool that may call back, once; zero at all other times.
    address private transient _debtorPool;
    address private transient _debtToken;
    address private transient _debtPayer;
    uint256 private transient _debt;

    /// @param payer This contract, or the caller of the order.
    /// @return amountOut Sent by the pool to `to`, if it keeps its word.
    function _swapV3(
        address pool,
        address tokenIn,
        bool zeroForOne,
        uint256 amountIn,
        address payer,
        address to
    )
        internal
        returns (uint256 amountOut)
    {
        _debtorPool = pool;
        _debtToken = tokenIn;
        _debtPayer = payer;
        _debt = amountIn;
        (int256 amount0, int256 amount1) = IUniswapV3Pool(pool)
            .swap(to, zeroForOne, SafeCastLib.toInt256(amountIn), zeroForOne ? _MIN_SQRT_PRICE : _MAX_SQRT_PRICE, "");
        if (_debtorPool != address(0)) {
            revert ILiquidityAggregator.LiquidityAggregator__PartialFill(pool, 0, amountIn);
        }
        int256 credit = zeroForOne ? amount1 : amount0;
        if (credit < 0) {
            // Cannot wrap: the least int256 negates to 2^255 as an unsigned number.
            unchecked {
                amountOut = uint256(-credit);
            }
        }
    }

    /// @inheritdoc IUniswapV3SwapCallback
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata) external {
        // Checks
        if (msg.sender != _debtorPool) revert ILiquidityAggregator.LiquidityAggregator__UnexpectedCallback(msg.sender);
        uint256 debt = _debt;
        int256 asked = amount0Delta > amount1Delta ? amount0Delta : amount1Delta;
        uint256 taken = asked > 0 ? uint256(asked) : 0;
        if (taken != debt) revert ILiquidityAggregator.LiquidityAggregator__PartialFill(msg.sender, taken, debt);

        // Effects
        _debtorPool = address(0);

        // Interactions
        address payer = _debtPayer;
        if (payer == address(this)) IERC20(_debtToken).safeTransfer(msg.sender, debt);
        else IERC20(_debtToken).safeTransferFrom(payer, msg.sender, debt);
    }
}
