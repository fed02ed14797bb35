// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title A pool of Fluid DEX, version T1
/// @notice The functions that are called here. Source: Fluid's published IFluidDexT1.
interface IFluidDex {
    struct Implementations {
        address shift;
        address admin;
        address colOperations;
        address debtOperations;
        address perfectOperationsAndSwapOut;
    }

    struct ConstantViews {
        uint256 dexId;
        address liquidity;
        address factory;
        Implementations implementations;
        address deployerContract;
        address token0;
        address token1;
        bytes32 supplyToken0Slot;
        bytes32 borrowToken0Slot;
        bytes32 supplyToken1Slot;
        bytes32 borrowToken1Slot;
        bytes32 exchangePriceToken0Slot;
        bytes32 exchangePriceToken1Slot;
        uint256 oracleMapping;
    }

    /// @dev The pool counts in amount x numerator / denominator, rounded down: twelve decimals of every token.
    struct ConstantViews2 {
        uint256 token0NumeratorPrecision;
        uint256 token0DenominatorPrecision;
        uint256 token1NumeratorPrecision;
        uint256 token1DenominatorPrecision;
    }

    /// @dev Fluid numbers its reasons; its ErrorTypes names them.
    error FluidDexError(uint256 errorId);
    /// @dev The answer to a swap whose receiver is 0x…dEaD: its output, or the input of an exact output.
    error FluidDexSwapResult(uint256 amountOut);

    function constantsView() external view returns (ConstantViews memory);
    function constantsView2() external view returns (ConstantViews2 memory);

    /// @notice Takes the input from its caller, which has approved it. To 0x…dEaD it only says what it would pay.
    function swapIn(
        bool swap0to1,
        uint256 amountIn,
        uint256 amountOutMin,
        address to
    )
        external
        payable
        returns (uint256 amountOut);

    /// @notice Swaps for an exact output as {swapIn} does for an exact input, rounded down to the precision of the
    /// pool.
    function swapOut(
        bool swap0to1,
        uint256 amountOut,
        uint256 amountInMax,
        address to
    )
        external
        payable
        returns (uint256 amountIn);
}
