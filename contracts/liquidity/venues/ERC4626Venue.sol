// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Wrapping into an ERC-4626 vault, or unwrapping from it, as a swap
library ERC4626Venue {
    using SafeERC20 for IERC20;

    /// @param tokenIn The vault's share to unwrap, anything else to wrap.
    function swap(address vault, address tokenIn, uint256 amountIn, address to) internal returns (uint256 amountOut) {
        if (tokenIn == vault) return IERC4626(vault).redeem(amountIn, to, address(this));
        IERC20(tokenIn).forceApprove(vault, amountIn);
        amountOut = IERC4626(vault).deposit(amountIn, to);
    }

    /// @param amountIn Result of `quoteIn`; the vault may take less, and is approved for no more afterwards.
    function deliver(address vault, address tokenIn, uint256 amountIn, uint256 amountOut, address to) internal {
        if (tokenIn == vault) {
            // The caller measures what is left.
            IERC4626(vault).withdraw(amountOut, to, address(this));
            return;
        }
        IERC20(tokenIn).forceApprove(vault, amountIn);
        IERC4626(vault).mint(amountOut, to);
        if (IERC20(tokenIn).allowance(address(this), vault) != 0) IERC20(tokenIn).forceApprove(vault, 0);
    }

    function quote(address vault, address tokenIn, uint256 amountIn) internal view returns (uint256) {
        return tokenIn == vault ? IERC4626(vault).previewRedeem(amountIn) : IERC4626(vault).previewDeposit(amountIn);
    }

    function quoteIn(address vault, address tokenIn, uint256 amountOut) internal view returns (uint256) {
        return tokenIn == vault ? IERC4626(vault).previewWithdraw(amountOut) : IERC4626(vault).previewMint(amountOut);
    }
}
