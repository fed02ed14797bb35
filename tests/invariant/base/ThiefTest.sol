// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ProtocolTest} from "./ProtocolTest.sol";
import {ThiefPool} from "./ThiefPool.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";

/// @title The protocol, with one listed pool a stock that a thief controls
abstract contract ThiefTest is ProtocolTest {
    ThiefPool[] internal pools;

    /// @dev The protocol, the pools, and a model that trades are judged by.
    function setUpThief() internal {
        setUpProtocol();
        for (uint256 k; k < stocks.length; ++k) {
            pools.push(new ThiefPool(address(usd), address(stocks[k])));
            pools[k].setReserves(1e18, 1e18);
            aggregator.listPool(address(pools[k]), ILiquidityAggregator.VenueKind.UniswapV2, 0);
        }
        postModel(1);
    }

    /// @dev The campaign calls these functions of the handler, and nothing else.
    function target(address handler, bytes4[] memory selectors) internal {
        targetContract(handler);
        targetSelector(FuzzSelector(handler, selectors));
    }
}
