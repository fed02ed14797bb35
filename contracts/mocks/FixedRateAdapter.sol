// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {IVenueAdapter} from "interfaces/liquidity/IVenueAdapter.sol";

/// @title A desk that swaps one to one, as a venue
/// @notice Stand-in for tests, and an example of an adapter: it pays from its own balance. The id is ignored.
contract FixedRateAdapter is IVenueAdapter {
    using SafeTransferLib for address;

    address private immutable _token0;
    address private immutable _token1;

    constructor(address token0, address token1) {
        (_token0, _token1) = (token0, token1);
    }

    /// @inheritdoc IVenueAdapter
    function trades(bytes32, address token0, address token1) external view returns (bool) {
        return token0 == _token0 && token1 == _token1;
    }

    /// @inheritdoc IVenueAdapter
    function swap(bytes32, address, address tokenOut, uint256 amountIn, address to) external returns (uint256) {
        tokenOut.safeTransfer(to, amountIn);
        return amountIn;
    }

    /// @inheritdoc IVenueAdapter
    function quote(bytes32, address, address, uint256 amountIn) external pure returns (uint256) {
        return amountIn;
    }

    /// @inheritdoc IVenueAdapter
    function quoteIn(bytes32, address, address, uint256 amountOut) external pure returns (uint256) {
        return amountOut;
    }
}
