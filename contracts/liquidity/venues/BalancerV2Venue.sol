// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IBalancerVault} from "interfaces/liquidity/venues/IBalancerVault.sol";

/// @title One swap on any Balancer V2 pool, through the Vault
/// @notice The Vault pulls the input from this contract and pays the recipient itself.
library BalancerV2Venue {
    using SafeERC20 for IERC20;

    /// @return out Output that the Vault reports, smallest units of tokenOut.
    function swap(
        address vault,
        bytes32 poolId,
        address tokenIn,
        address tokenOut,
        uint256 amountIn,
        address to
    )
        internal
        returns (uint256 out)
    {
        IERC20(tokenIn).forceApprove(vault, amountIn);
        out = IBalancerVault(vault)
            .swap(
                IBalancerVault.SingleSwap(poolId, IBalancerVault.SwapKind.GivenIn, tokenIn, tokenOut, amountIn, ""),
                _funds(to),
                0,
                block.timestamp
            );
    }

    /// @param maxAmountIn Amount that is approved, which is the maximum that the Vault may take. The caller clears the
    /// rest.
    function deliver(
        address vault,
        bytes32 poolId,
        address tokenIn,
        address tokenOut,
        uint256 maxAmountIn,
        uint256 amountOut,
        address to
    )
        internal
    {
        IERC20(tokenIn).forceApprove(vault, maxAmountIn);
        IBalancerVault(vault)
            .swap(
                IBalancerVault.SingleSwap(poolId, IBalancerVault.SwapKind.GivenOut, tokenIn, tokenOut, amountOut, ""),
                _funds(to),
                maxAmountIn,
                block.timestamp
            );
    }

    function quote(
        address vault,
        bytes32 poolId,
        address tokenIn,
        address tokenOut,
        uint256 amountIn
    )
        internal
        returns (uint256)
    {
        return uint256(-_query(vault, poolId, IBalancerVault.SwapKind.GivenIn, tokenIn, tokenOut, amountIn)[1]);
    }

    function quoteIn(
        address vault,
        bytes32 poolId,
        address tokenIn,
        address tokenOut,
        uint256 amountOut
    )
        internal
        returns (uint256)
    {
        return uint256(_query(vault, poolId, IBalancerVault.SwapKind.GivenOut, tokenIn, tokenOut, amountOut)[0]);
    }

    function _query(
        address vault,
        bytes32 poolId,
        IBalancerVault.SwapKind kind,
        address tokenIn,
        address tokenOut,
        uint256 amount
    )
        private
        returns (int256[] memory)
    {
        IBalancerVault.BatchSwapStep[] memory steps = new IBalancerVault.BatchSwapStep[](1);
        steps[0] = IBalancerVault.BatchSwapStep(poolId, 0, 1, amount, "");
        address[] memory assets = new address[](2);
        (assets[0], assets[1]) = (tokenIn, tokenOut);
        return IBalancerVault(vault).queryBatchSwap(kind, steps, assets, _funds(address(this)));
    }

    function _funds(address to) private view returns (IBalancerVault.FundManagement memory) {
        return IBalancerVault.FundManagement(address(this), false, payable(to), false);
    }
}
