// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";

import {Details, HAS_ID, Leg} from "../Leg.sol";
import {UniswapV3Hop} from "./UniswapV3Hop.sol";
import {V4Key} from "./V4Key.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IPoolManager, IUnlockCallback} from "interfaces/liquidity/venues/IPoolManager.sol";
import {IWrappedCoin} from "interfaces/liquidity/venues/IWrappedCoin.sol";

/// @title One swap on a Uniswap V4 pool
/// @notice Pools of the chain's own coin trade here as its wrapped token, which is unwrapped on the way in and wrapped on the
/// way out. Hooks may take their share of the output; an exact input that they change, or do not use up, is refused.
abstract contract UniswapV4Hop is UniswapV3Hop, IUnlockCallback {
    using SafeERC20 for IERC20;

    /// @param legs Up to `index`, the one to swap on; those before it provide an exact output's input.
    struct V4Swap {
        Leg[] legs;
        uint256 index;
        bool exactOut;
        uint256 amount;
        address to;
    }

    /// @dev Of markets that are no contracts of their own.
    mapping(address market => Details) internal _details;

    /// @dev As `_swapV3`.
    function _swapV4(Leg memory leg, uint256 amountIn, address payer, address to) internal returns (uint256 amountOut) {
        _debtPayer = payer;
        Leg[] memory legs = new Leg[](1);
        legs[0] = leg;
        amountOut = _unlock(_details[leg.market].target, V4Swap(legs, 0, false, amountIn, to));
    }

    /// @dev As `_deliverV3`. A pool of the same manager may lie behind this one: then it is unlocked already.
    function _deliverV4(Leg[] memory legs, uint256 index, uint256 amountOut, address to) internal {
        address manager = _details[legs[index].market].target;
        V4Swap memory swap = V4Swap(legs, index, true, amountOut, to);
        if (_unlocked == manager) _settle(manager, swap);
        else _unlock(manager, swap);
    }

    /// @inheritdoc IUnlockCallback
    // slither-disable-start reentrancy-eth,write-after-write (transient: who may send coin while the manager is unlocked)
    function unlockCallback(bytes calldata data) external returns (bytes memory) {
        _redeem(data);
        address outer = _unlocked;
        _unlocked = msg.sender;
        uint256 amount = _settle(msg.sender, abi.decode(data, (V4Swap)));
        _unlocked = outer;
        return abi.encode(amount);
    }
    // slither-disable-end reentrancy-eth,write-after-write

    function _unlock(address manager, V4Swap memory swap) private returns (uint256 amount) {
        bytes memory data = abi.encode(swap);
        _oweRoute(manager, data);
        bytes memory answer = IPoolManager(manager).unlock(data);
        if (_routeDebtor != address(0)) {
            revert ILiquidityAggregator.LiquidityAggregator__PartialFill(manager, 0, swap.amount);
        }
        amount = abi.decode(answer, (uint256));
    }

    /// @return credit What came out.
    // slither-disable-next-line arbitrary-send-eth (to the wrapped coin of a listed pool)
    function _settle(address manager, V4Swap memory swap) private returns (uint256 credit) {
        Leg memory leg = swap.legs[swap.index];
        (address tokenIn, address tokenOut) = (leg.tokenIn, leg.tokenOut);
        Details storage market = _details[leg.market];
        uint96 param = market.param;
        // A slot that is not read for pools without hooks.
        address hooks = param & HAS_ID == 0 ? address(0) : address(uint160(uint256(market.id)));
        (address token0, address token1) = leg.zeroForOne ? (tokenIn, tokenOut) : (tokenOut, tokenIn);
        (IPoolManager.PoolKey memory key, address coin) = V4Key.keyOf(token0, token1, param, leg.listing.fee(), hooks);
        uint256 owed;
        {
            bool up = coin == address(0) ? leg.zeroForOne : tokenIn == coin;
            int256 specified = SafeCastLib.toInt256(swap.amount);
            int256 delta = IPoolManager(manager)
                .swap(
                    key,
                    IPoolManager.SwapParams(
                        up, swap.exactOut ? specified : -specified, up ? _MIN_SQRT_PRICE : _MAX_SQRT_PRICE
                    ),
                    ""
                );
            (int256 amount0, int256 amount1) = (delta >> 128, int256(int128(delta)));
            (int256 debit, int256 gain) = up ? (-amount0, amount1) : (-amount1, amount0);
            (owed, credit) = (debit > 0 ? uint256(debit) : 0, gain > 0 ? uint256(gain) : 0);
        }
        uint256 filled = swap.exactOut ? credit : owed;
        if (filled != swap.amount) {
            revert ILiquidityAggregator.LiquidityAggregator__PartialFill(manager, filled, swap.amount);
        }

        if (tokenOut == coin) {
            IPoolManager(manager).take(address(0), address(this), credit);
            IWrappedCoin(coin).deposit{value: credit}();
            if (swap.to != address(this)) IERC20(coin).safeTransfer(swap.to, credit);
        } else {
            IPoolManager(manager).take(tokenOut, swap.to, credit);
        }
        _payManager(manager, swap, tokenIn, owed, tokenIn == coin);
    }

    /// @dev Between `sync` and `settle` the manager must see nothing but this payment: legs before go first.
    // slither-disable-next-line arbitrary-send-eth (to the manager of a listed pool)
    function _payManager(address manager, V4Swap memory swap, address token, uint256 owed, bool inCoin) private {
        address payer = _debtPayer;
        if (swap.exactOut) {
            _checkLimit(swap.legs, swap.index, owed);
            if (swap.index != 0) {
                _provide(swap.legs, swap.index, owed, address(this));
                payer = address(this);
            }
        }
        if (inCoin) {
            if (payer != address(this)) IERC20(token).safeTransferFrom(payer, address(this), owed);
            IWrappedCoin(token).withdraw(owed);
            IPoolManager(manager).settle{value: owed}();
        } else {
            IPoolManager(manager).sync(token);
            _pay(token, payer, manager, owed);
            IPoolManager(manager).settle();
        }
    }
}
