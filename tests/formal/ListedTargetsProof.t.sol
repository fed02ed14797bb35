// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {LiquidityAggregator} from "contracts/liquidity/LiquidityAggregator.sol";
import {VenueQuotes} from "contracts/liquidity/VenueQuotes.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";

/// @title Only listed contracts are called, for any order, and only the called one may call back
contract ListedTargetsProof {
    LiquidityAggregator private _aggregator;

    function setUp() public {
        _aggregator =
            new LiquidityAggregator(address(new AccessManager(address(this))), address(0), new VenueQuotes(), 10_000);
    }

    /// @notice While no market at all is listed, an order with any fields reverts.
    function check_swapSingle_unlistedMarket_reverts(
        address pool,
        address tokenIn,
        address tokenOut,
        uint256 amountIn,
        uint256 minAmountOut,
        uint256 deadline
    )
        public
    {
        bytes memory call_ = abi.encodeCall(
            ILiquidityAggregator.swapSingle, (pool, tokenIn, tokenOut, amountIn, minAmountOut, deadline)
        );
        (bool success,) = address(_aggregator).call(call_);
        assert(!success);
    }

    function check_swapExactOutSingle_unlistedMarket_reverts(
        address pool,
        address tokenIn,
        address tokenOut,
        uint256 amountOut,
        uint256 maxAmountIn,
        uint256 deadline
    )
        public
    {
        bytes memory call_ = abi.encodeCall(
            ILiquidityAggregator.swapExactOutSingle, (pool, tokenIn, tokenOut, amountOut, maxAmountIn, deadline)
        );
        (bool success,) = address(_aggregator).call(call_);
        assert(!success);
    }

    /// @notice A route of any four words reverts.
    function check_swapRoute_unlistedMarket_reverts(
        address tokenIn,
        address tokenOut,
        uint256 minAmountOut,
        uint256 deadline,
        uint256[4] calldata words
    )
        public
    {
        uint256[] memory route = new uint256[](4);
        for (uint256 i; i < route.length; ++i) {
            route[i] = words[i];
        }
        bytes memory call_ =
            abi.encodeCall(ILiquidityAggregator.swapRoute, (tokenIn, tokenOut, minAmountOut, deadline, route));
        (bool success,) = address(_aggregator).call(call_);
        assert(!success);
    }

    function check_uniswapV3SwapCallback_anyCaller_reverts(int256 amount0, int256 amount1) public {
        (bool success,) = address(_aggregator)
            .call(abi.encodeWithSignature("uniswapV3SwapCallback(int256,int256,bytes)", amount0, amount1, ""));
        assert(!success);
    }

    function check_pancakeV3SwapCallback_anyCaller_reverts(int256 amount0, int256 amount1) public {
        (bool success,) = address(_aggregator)
            .call(abi.encodeWithSignature("pancakeV3SwapCallback(int256,int256,bytes)", amount0, amount1, ""));
        assert(!success);
    }

    function check_unlockCallback_anyCaller_reverts(bytes32 word) public {
        (bool success,) = address(_aggregator).call(abi.encodeWithSignature("unlockCallback(bytes)", abi.encode(word)));
        assert(!success);
    }
}
