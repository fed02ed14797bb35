// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPoolManager} from "interfaces/liquidity/venues/IPoolManager.sol";

/// @title Uniswap V4 pools as the PoolManager knows them
library V4Key {
    uint96 private constant _COIN_IS_TOKEN0 = 1 << 24;
    uint96 private constant _COIN_IS_TOKEN1 = 1 << 25;

    /// @param param Word that ILiquidityAggregator.Market defines.
    /// @return key Key with the chain's own coin in the place of the token that stands for it, which is always
    /// currency0.
    /// @return coin Token that stands for the coin, zero if neither does.
    function keyOf(
        address token0,
        address token1,
        uint96 param,
        uint24 fee,
        address hooks
    )
        internal
        pure
        returns (IPoolManager.PoolKey memory key, address coin)
    {
        (key.currency0, key.currency1) = (token0, token1);
        if (param & _COIN_IS_TOKEN0 != 0) {
            (coin, key.currency0) = (token0, address(0));
        } else if (param & _COIN_IS_TOKEN1 != 0) {
            (coin, key.currency0, key.currency1) = (token1, address(0), token0);
        }
        (key.fee, key.tickSpacing, key.hooks) = (fee, int24(uint24(param)), hooks);
    }
}
