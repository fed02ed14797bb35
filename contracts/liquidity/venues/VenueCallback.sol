// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {BY_CALLBACK, Leg, PAID_BY_PAIR, ZERO_FOR_ONE} from "../Leg.sol";
import {UniswapV2Venue} from "./UniswapV2Venue.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IPaymentCallback} from "interfaces/liquidity/IPaymentCallback.sol";

/// @title VenueCallback of the aggregator to a venue that asks for its input while it swaps
/// @notice Transient storage holds which venue may ask, and for which amount, because data that travels through a venue
/// could be forged by it. An exact output names its whole route in that data; only its hash is kept here.
abstract contract VenueCallback {
    using SafeERC20 for IERC20;

    /// @dev Bit of `_expectedCaller`: the venue may also ask for less than `_dueAmount`.
    uint256 internal constant _AT_MOST = 1 << 160;

    // Whole words: a shorter variable is read before it is written.

    /// @dev The one venue that may call back, once; zero at all other times.
    uint256 internal transient _expectedCaller;
    uint256 internal transient _dueToken;
    /// @dev Word of the payer, as `_pay` defines it.
    uint256 internal transient _duePayer;
    uint256 internal transient _dueAmount;
    /// @dev Amount that a callback paid or received.
    uint256 internal transient _result;
    /// @dev The one venue that may call back, once, with the data of a route, which has to come back unchanged.
    uint256 internal transient _expectedRouteCaller;
    bytes32 internal transient _expectedDataHash;
    /// @dev Account that gets a venue's payment beyond the amount that was asked for.
    uint256 internal transient _surplusTo;
    /// @dev The only account that may send the chain's own coin: the PoolManager, while it is unlocked.
    uint256 internal transient _unlocked;

    /// @dev Lets `venue` call back once, with this data.
    function _expectCallback(address venue, bytes memory data) internal {
        _expectedRouteCaller = uint160(venue);
        _expectedDataHash = keccak256(data);
    }

    /// @dev Reverts unless this caller was expected with this data; it is not expected again.
    function _consumeCallback(bytes calldata data) internal {
        if (uint160(msg.sender) != _expectedRouteCaller || keccak256(data) != _expectedDataHash) {
            revert ILiquidityAggregator.LiquidityAggregator__UnexpectedCallback(msg.sender);
        }
        _expectedRouteCaller = 0;
    }

    /// @dev Brings `amountOut` of the output of leg `index` to `to`, paid for by the payer or by the legs before it.
    function _buyHop(Leg[] memory legs, uint256 index, uint256 amountOut, address to) internal virtual;

    /// @dev Brings `amount` of the input of leg `index` to `to`.
    function _provide(Leg[] memory legs, uint256 index, uint256 amount, address to) internal {
        if (index == 0) _pay(legs[0].tokenIn, _duePayer, to, amount);
        else _buyHop(legs, index - 1, amount, to);
    }

    /// @param payer An account that has approved this contract, one that pays when asked with BY_CALLBACK, this
    /// contract itself, or a pair with PAID_BY_PAIR.
    function _pay(address token, uint256 payer, address to, uint256 amount) internal {
        address from = address(uint160(payer));
        if (payer & PAID_BY_PAIR != 0) UniswapV2Venue.take(from, payer & ZERO_FOR_ONE != 0, amount, to);
        else if (payer & BY_CALLBACK != 0) IPaymentCallback(from).payDue(token, to, amount);
        else if (from == address(this)) IERC20(token).safeTransfer(to, amount);
        else IERC20(token).safeTransferFrom(from, to, amount);
    }

    function _checkLimit(Leg[] memory legs, uint256 index, uint256 amountIn) internal pure {
        uint256 limit = legs[index].limit;
        if (limit != 0 && amountIn > limit) {
            revert ILiquidityAggregator.LiquidityAggregator__LegLimit(index, amountIn, limit);
        }
    }
}
