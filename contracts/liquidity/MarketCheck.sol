// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";

import {V4Key} from "./venues/V4Key.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IVenueAdapter} from "interfaces/liquidity/IVenueAdapter.sol";
import {IBalancerVault} from "interfaces/liquidity/venues/IBalancerVault.sol";
import {ICurvePool} from "interfaces/liquidity/venues/ICurvePool.sol";
import {IPoolManager} from "interfaces/liquidity/venues/IPoolManager.sol";
import {IUniswapV2Pair} from "interfaces/liquidity/venues/IUniswapV2Pair.sol";
import {IUniswapV3Pool} from "interfaces/liquidity/venues/IUniswapV3Pool.sol";

/// @title Whether a venue answers as what it shall be listed as
/// @notice A listing is checked when it is made, so that what goes wrong later is the order's mistake. Apart from the
/// aggregator, which deploys it, because nothing that swaps needs it.
contract MarketCheck {
    uint256 private constant _PIPS = 1e6;
    /// @dev Of PoolManager: `mapping(PoolId => Pool.State) pools`.
    uint256 private constant _V4_POOLS_SLOT = 6;

    /// @notice The tokens of a Uniswap V2 or V3 pool; reverts unless it answers as its kind does.
    function poolTokens(
        address pool,
        ILiquidityAggregator.VenueKind kind,
        uint24 fee
    )
        external
        view
        returns (address, address)
    {
        bool valid = kind == ILiquidityAggregator.VenueKind.UniswapV2
            ? fee < _PIPS && _read(pool, IUniswapV2Pair.getReserves.selector) <= type(uint112).max
            : kind == ILiquidityAggregator.VenueKind.UniswapV3 && fee == _read(pool, IUniswapV3Pool.fee.selector);
        uint256 token0 = _read(pool, IUniswapV2Pair.token0.selector);
        uint256 token1 = _read(pool, IUniswapV2Pair.token1.selector);
        if (!valid || token0 >= token1 || token1 > type(uint160).max) {
            revert ILiquidityAggregator.LiquidityAggregator__InvalidVenue(pool, kind, fee);
        }
        return (address(uint160(token0)), address(uint160(token1)));
    }

    /// @notice Reverts unless the venue says that it trades the market's tokens.
    function requireMarket(ILiquidityAggregator.Market calldata market) external view {
        if (market.token0 >= market.token1 || market.target.code.length == 0 || !_answers(market)) {
            revert ILiquidityAggregator.LiquidityAggregator__InvalidVenue(market.target, market.kind, market.fee);
        }
    }

    /// @dev A venue that has none of the functions reverts.
    function _answers(ILiquidityAggregator.Market calldata market) private view returns (bool) {
        ILiquidityAggregator.VenueKind kind = market.kind;
        address target = market.target;
        (address token0, address token1) = (market.token0, market.token1);
        if (kind == ILiquidityAggregator.VenueKind.UniswapV4) {
            (IPoolManager.PoolKey memory key,) =
                V4Key.keyOf(token0, token1, market.param, market.fee, address(uint160(uint256(market.id))));
            bytes32 slot = keccak256(abi.encode(keccak256(abi.encode(key)), _V4_POOLS_SLOT));
            bool oneCoin = market.param >> 24 <= 2;
            return oneCoin && uint160(uint256(IPoolManager(target).extsload(slot))) != 0;
        }
        if (market.fee != 0) return false;
        if (kind == ILiquidityAggregator.VenueKind.BalancerV2) {
            // Both revert for a token that is not the pool's.
            // slither-disable-start unused-return
            IBalancerVault(target).getPoolTokenInfo(market.id, token0);
            IBalancerVault(target).getPoolTokenInfo(market.id, token1);
            // slither-disable-end unused-return
            return market.param == 0;
        }
        bool wide = kind == ILiquidityAggregator.VenueKind.CurveUint256;
        if (wide || kind == ILiquidityAggregator.VenueKind.CurveInt128) {
            return ICurvePool(target).coins(uint8(market.param)) == token0
                && ICurvePool(target).coins(uint8(market.param >> 8)) == token1 && market.param >> 16 == 0;
        }
        if (market.param != 0) return false;
        if (kind == ILiquidityAggregator.VenueKind.ERC4626) {
            address asset = IERC4626(target).asset();
            return (token0 == target && token1 == asset) || (token1 == target && token0 == asset);
        }
        return kind == ILiquidityAggregator.VenueKind.Adapter && IVenueAdapter(target).trades(market.id, token0, token1);
    }

    /// @dev The first word that the pool's getter answers, the largest number if it does not answer.
    function _read(address pool, bytes4 selector) private view returns (uint256) {
        (bool success, bytes memory answer) = pool.staticcall(abi.encodePacked(selector));
        return success && answer.length >= 32 ? uint256(bytes32(answer)) : type(uint256).max;
    }
}
