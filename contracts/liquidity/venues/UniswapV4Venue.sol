// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {Details, HAS_ID, Leg} from "../Leg.sol";
import {MarketWord} from "../MarketWord.sol";
import {Markets} from "../Markets.sol";
import {PriceEnds} from "./PriceEnds.sol";
import {V4Key} from "./V4Key.sol";
import {VenueCallback} from "./VenueCallback.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IPoolManager, IUnlockCallback} from "interfaces/liquidity/venues/IPoolManager.sol";
import {IWrappedCoin} from "interfaces/liquidity/venues/IWrappedCoin.sol";

/// @title One swap on a Uniswap V4 pool
/// @notice Pools of the chain's own coin trade here as its wrapped token, which is unwrapped on the way in and wrapped
/// on the way out. Hooks may take their share of the output; an exact input that they change, or do not use up, is
/// refused.
abstract contract UniswapV4Venue is VenueCallback, Markets, IUnlockCallback {
    using SafeERC20 for IERC20;
    using SafeTransferLib for address;

    /// @param fee Fee of the pool's key; param and hooks are the key's as well.
    /// @param amount Amount of tokenOut if exactOut, otherwise of tokenIn.
    /// @param limit Maximum that an exact output may cost.
    /// @param payer Word of the payer, as `_pay` defines it.
    struct V4Swap {
        address tokenIn;
        address tokenOut;
        bool zeroForOne;
        bool exactOut;
        uint24 fee;
        uint96 param;
        address hooks;
        uint256 amount;
        uint256 limit;
        uint256 payer;
        address to;
    }

    uint256 private constant _SWAP_BYTES = 11 * 32;

    /// @param amount Amount of tokenOut if `exactOut`, otherwise of tokenIn.
    /// @param limit Maximum that an exact output may cost.
    /// @param payer Word of the payer, as `_pay` defines it.
    /// @return result The output, or the cost of an exact output.
    function _swapV4(
        address market,
        MarketWord listing,
        address tokenIn,
        address tokenOut,
        bool exactOut,
        uint256 amount,
        uint256 limit,
        uint256 payer,
        address to
    )
        internal
        returns (uint256 result)
    {
        V4Swap memory swap = V4Swap(
            tokenIn, tokenOut, tokenIn < tokenOut, exactOut, listing.fee(), 0, address(0), amount, limit, payer, to
        );
        _unlock(_managerOf(market, swap), abi.encode(swap), amount);
        result = _result;
    }

    /// @dev Delivers as `_deliverV3` does. A pool of the same manager may lie behind this one: then it is unlocked
    /// already.
    function _deliverV4(Leg[] memory legs, uint256 index, uint256 amountOut, address to) internal {
        Leg memory leg = legs[index];
        uint256 payer = index == 0 ? _duePayer : uint160(address(this));
        V4Swap memory swap = V4Swap(
            leg.tokenIn,
            leg.tokenOut,
            leg.zeroForOne,
            true,
            leg.listing.fee(),
            0,
            address(0),
            amountOut,
            type(uint256).max,
            payer,
            to
        );
        address manager = _managerOf(leg.market, swap);
        if (_unlocked == uint160(manager)) _settle(manager, swap, legs, index);
        else _unlock(manager, bytes.concat(abi.encode(swap), abi.encode(legs, index)), amountOut);
    }

    /// @inheritdoc IUnlockCallback
    function unlockCallback(bytes calldata data) external returns (bytes memory) {
        _consumeCallback(data);
        uint256 outer = _unlocked;
        _unlocked = uint160(msg.sender);
        Leg[] memory legs;
        uint256 index;
        V4Swap memory swap = abi.decode(data, (V4Swap));
        if (data.length != _SWAP_BYTES) (legs, index) = abi.decode(data[_SWAP_BYTES:], (Leg[], uint256));
        _result = _settle(msg.sender, swap, legs, index);
        _unlocked = outer;
        return "";
    }

    function _managerOf(address market, V4Swap memory swap) private view returns (address manager) {
        Details storage details = _details[market];
        (manager, swap.param) = (details.target, details.param);
        // A slot that is not read for pools without hooks.
        if (swap.param & HAS_ID != 0) swap.hooks = address(uint160(uint256(details.id)));
    }

    function _unlock(address manager, bytes memory data, uint256 amount) private {
        _expectCallback(manager, data);
        // The callback leaves its result in transient storage, not in the manager's answer.
        IPoolManager(manager).unlock(data);
        if (_expectedRouteCaller != 0) {
            revert ILiquidityAggregator.LiquidityAggregator__PartialFill(manager, 0, amount);
        }
    }

    /// @param legs Legs of an exact output's path; those before `index` provide its input. The list is empty for a
    /// single hop.
    /// @return The output, or the cost of an exact output.
    function _settle(address manager, V4Swap memory swap, Leg[] memory legs, uint256 index) private returns (uint256) {
        (address tokenIn, address tokenOut) = (swap.tokenIn, swap.tokenOut);
        (uint256 owed, uint256 credit, address coin) = _swapAt(manager, swap);
        uint256 filled = swap.exactOut ? credit : owed;
        if (filled != swap.amount) {
            revert ILiquidityAggregator.LiquidityAggregator__PartialFill(manager, filled, swap.amount);
        }
        if (swap.exactOut && owed > swap.limit) {
            revert ILiquidityAggregator.LiquidityAggregator__ExcessiveInput(owed, swap.limit);
        }

        if (tokenOut == coin) {
            IPoolManager(manager).take(address(0), address(this), credit);
            IWrappedCoin(coin).deposit{value: credit}();
            if (swap.to != address(this)) IERC20(coin).safeTransfer(swap.to, credit);
        } else {
            IPoolManager(manager).take(tokenOut, swap.to, credit);
        }
        // Between `sync` and `settle` the manager must see nothing but this payment: legs before go first.
        if (legs.length != 0) {
            _checkLimit(legs, index, owed);
            if (index != 0) _provide(legs, index, owed, address(this));
        }
        _payManager(manager, tokenIn, swap.payer, owed, tokenIn == coin);
        return swap.exactOut ? owed : credit;
    }

    /// @return owed Amount owed to the manager.
    /// @return credit Amount that the manager owes.
    /// @return coin The token that stands for the chain's own coin in this pool, zero if none does.
    function _swapAt(address manager, V4Swap memory swap) private returns (uint256 owed, uint256 credit, address coin) {
        IPoolManager.PoolKey memory key;
        {
            (address token0, address token1) =
                swap.zeroForOne ? (swap.tokenIn, swap.tokenOut) : (swap.tokenOut, swap.tokenIn);
            (key, coin) = V4Key.keyOf(token0, token1, swap.param, swap.fee, swap.hooks);
        }
        bool up = coin == address(0) ? swap.zeroForOne : swap.tokenIn == coin;
        int256 specified = SafeCastLib.toInt256(swap.amount);
        int256 delta = IPoolManager(manager)
            .swap(
                key,
                IPoolManager.SwapParams(
                    up, swap.exactOut ? specified : -specified, up ? PriceEnds.LOWEST : PriceEnds.HIGHEST
                ),
                ""
            );
        (int256 amount0, int256 amount1) = (delta >> 128, int256(int128(delta)));
        (int256 debit, int256 gain) = up ? (-amount0, amount1) : (-amount1, amount0);
        (owed, credit) = (debit > 0 ? uint256(debit) : 0, gain > 0 ? uint256(gain) : 0);
    }

    function _payManager(address manager, address token, uint256 payer, uint256 owed, bool inCoin) private {
        if (inCoin) {
            if (payer != uint160(address(this))) {
                // The manager sees the coin only.
                uint256 held = token.balanceOf(address(this));
                _pay(token, payer, address(this), owed);
                uint256 paid = token.balanceOf(address(this)) - held;
                if (paid < owed) {
                    revert ILiquidityAggregator.LiquidityAggregator__BalanceMismatch(token, owed, paid);
                }
            }
            IWrappedCoin(token).withdraw(owed);
            IPoolManager(manager).settle{value: owed}();
        } else {
            IPoolManager(manager).sync(token);
            _pay(token, payer, manager, owed);
            IPoolManager(manager).settle();
        }
    }
}
