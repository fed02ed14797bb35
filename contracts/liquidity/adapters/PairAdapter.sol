// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IVenueAdapter} from "interfaces/liquidity/IVenueAdapter.sol";
import {IPairAdapter} from "interfaces/liquidity/adapters/IPairAdapter.sol";

/// @title An adapter of one market of two tokens
/// @notice See {IPairAdapter}.
abstract contract PairAdapter is IPairAdapter {
    address private immutable _first;
    address private immutable _second;

    constructor(address first, address second) {
        (_first, _second) = (first, second);
    }

    /// @inheritdoc IVenueAdapter
    function trades(bytes32 id, address token0, address token1) external view returns (bool) {
        return id == 0 && ((token0 == _first && token1 == _second) || (token0 == _second && token1 == _first));
    }

    /// @return True if the first of the two tokens goes in.
    function _takesFirst(address tokenIn, address tokenOut) internal view returns (bool) {
        if (tokenIn == _first && tokenOut == _second) return true;
        if (tokenIn == _second && tokenOut == _first) return false;
        revert PairAdapter__WrongTokens(tokenIn, tokenOut);
    }

    /// @dev Reverts if a part of the approval is left, so that nothing stays approved.
    function _requireTaken(address token, address venue, uint256 given) internal view {
        uint256 left = IERC20(token).allowance(address(this), venue);
        if (left != 0) revert PairAdapter__NotTaken(given, left);
    }
}
