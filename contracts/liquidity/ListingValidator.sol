// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import {V4Key} from "./venues/V4Key.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IVenueAdapter} from "interfaces/liquidity/IVenueAdapter.sol";
import {IBalancerVault} from "interfaces/liquidity/venues/IBalancerVault.sol";
import {
    ICurveInt128,
    ICurvePool,
    ICurveStableFactoryNG,
    ICurveUint256
} from "interfaces/liquidity/venues/ICurvePool.sol";
import {IPoolManager} from "interfaces/liquidity/venues/IPoolManager.sol";
import {IUniswapV2Pair} from "interfaces/liquidity/venues/IUniswapV2Pair.sol";
import {IUniswapV3Pool} from "interfaces/liquidity/venues/IUniswapV3Pool.sol";

/// @title Check that a venue answers as the market that it is to be listed as
/// @notice A listing is checked when it is made, so that a later failure is the order's mistake. The code is apart from
/// the aggregator, which deploys it, because nothing that swaps needs it.
contract ListingValidator {
    uint256 private constant _PIPS = 1e6;
    /// @dev The asset type that StableSwap-NG gives a coin that rebases.
    uint8 private constant _REBASING = 2;
    /// @dev Storage slot of PoolManager's `mapping(PoolId => Pool.State) pools`.
    uint256 private constant _V4_POOLS_SLOT = 6;

    /// @notice Returns the tokens of a Uniswap V2 or V3 pool; reverts unless it answers as its kind does.
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
        // A pool that trades the chain's own coin names an address without code for it.
        if (market.token0.code.length == 0) revert ILiquidityAggregator.LiquidityAggregator__NoToken(market.token0);
        if (market.token1.code.length == 0) revert ILiquidityAggregator.LiquidityAggregator__NoToken(market.token1);
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
            IBalancerVault(target).getPoolTokenInfo(market.id, token0);
            IBalancerVault(target).getPoolTokenInfo(market.id, token1);
            return market.param == 0;
        }
        bool stableNG = kind == ILiquidityAggregator.VenueKind.CurveInt128NG;
        bool wide = kind == ILiquidityAggregator.VenueKind.CurveUint256
            || kind == ILiquidityAggregator.VenueKind.CurveUint256NG;
        if (wide || stableNG || kind == ILiquidityAggregator.VenueKind.CurveInt128) {
            (uint256 i, uint256 j) = (uint8(market.param), uint8(market.param >> 8));
            if (_coin(target, i) != token0 || _coin(target, j) != token1 || market.param >> 16 != 0) return false;
            _requireQuote(target, wide, i, j, 10 ** IERC20Metadata(token0).decimals());
            _requireQuote(target, wide, j, i, 10 ** IERC20Metadata(token1).decimals());
            return stableNG ? _isMade(target, address(uint160(uint256(market.id)))) : market.id == 0;
        }
        if (market.param != 0) return false;
        if (kind == ILiquidityAggregator.VenueKind.ERC4626) {
            address asset = IERC4626(target).asset();
            return (token0 == target && token1 == asset) || (token1 == target && token0 == asset);
        }
        bool adapted =
            kind == ILiquidityAggregator.VenueKind.Adapter || kind == ILiquidityAggregator.VenueKind.SignedQuote;
        return adapted && IVenueAdapter(target).trades(market.id, token0, token1);
    }

    /// @dev Returns true if the StableSwap-NG factory made the pool. Reverts if one of its coins rebases.
    function _isMade(address pool, address factory) private view returns (bool) {
        uint8[] memory types = ICurveStableFactoryNG(factory).get_pool_asset_types(pool);
        for (uint256 k; k < types.length; ++k) {
            if (types[k] == _REBASING) revert ILiquidityAggregator.LiquidityAggregator__RebasingCoin(pool);
        }
        return types.length != 0;
    }

    /// @dev Returns a pool's coin. The oldest pools are asked by int128, because they lack the function by uint256.
    function _coin(address pool, uint256 index) private view returns (address) {
        return address(uint160(_answer(pool, abi.encodeCall(ICurvePool.coins, (index)))));
    }

    /// @dev A pool whose indices are of the other type does not quote, nor does an empty one.
    function _requireQuote(address pool, bool wide, uint256 i, uint256 j, uint256 amount) private view {
        bytes memory call = wide
            ? abi.encodeCall(ICurveUint256.get_dy, (i, j, amount))
            : abi.encodeCall(ICurveInt128.get_dy, (int128(uint128(i)), int128(uint128(j)), amount));
        if (_answer(pool, call) == 0) {
            revert ILiquidityAggregator.LiquidityAggregator__NoAnswer(pool, bytes4(call));
        }
    }

    function _answer(address pool, bytes memory call) private view returns (uint256) {
        (bool success, bytes memory answer) = pool.staticcall(call);
        if (!success || answer.length < 32) {
            revert ILiquidityAggregator.LiquidityAggregator__NoAnswer(pool, bytes4(call));
        }
        return uint256(bytes32(answer));
    }

    /// @dev Returns the first word that the pool's getter answers, or the maximum of uint256 if it does not answer.
    function _read(address pool, bytes4 selector) private view returns (uint256) {
        (bool success, bytes memory answer) = pool.staticcall(abi.encodePacked(selector));
        return success && answer.length >= 32 ? uint256(bytes32(answer)) : type(uint256).max;
    }
}
