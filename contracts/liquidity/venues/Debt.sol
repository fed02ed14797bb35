// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {BY_CALLBACK, BY_PAIR, Leg, UP} from "../Leg.sol";
import {UniswapV2Hop} from "./UniswapV2Hop.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IPaymentCallback} from "interfaces/liquidity/IPaymentCallback.sol";

/// @title Debt of the aggregator to a venue that asks for its input while it swaps
/// @notice Transient storage holds which venue may ask, and for which amount, because data that travels through a venue
/// could be forged by it. An exact output names its whole route in that data; only its hash is kept here.
abstract contract Debt {
    using SafeERC20 for IERC20;

    /// @dev Bit of `_debtor`: the venue may also ask for less than `_debt`.
    uint256 internal constant _AT_MOST = 1 << 160;

    // Whole words: a shorter variable is read before it is written.

    /// @dev The one venue that may call back, once; zero at all other times.
    uint256 internal transient _debtor;
    uint256 internal transient _debtToken;
    /// @dev Word of the payer, as `_pay` defines it.
    uint256 internal transient _debtPayer;
    uint256 internal transient _debt;
    /// @dev Amount that a callback paid or received.
    uint256 internal transient _result;
    /// @dev The one venue that may call back, once, with the data of a route, which has to come back unchanged.
    uint256 internal transient _routeDebtor;
    bytes32 internal transient _debtHash;
    /// @dev Account that gets a venue's payment beyond the amount that was asked for.
    uint256 internal transient _surplusTo;
    /// @dev The only account that may send the chain's own coin: the PoolManager, while it is unlocked.
    uint256 internal transient _unlocked;

    /// @dev Lets `venue` call back once, with this data.
    function _oweRoute(address venue, bytes memory data) internal {
        _routeDebtor = uint160(venue);
        _debtHash = keccak256(data);
    }

    /// @dev Reverts unless this caller was expected with this data; it is not expected again.
    function _redeem(bytes calldata data) internal {
        if (uint160(msg.sender) != _routeDebtor || keccak256(data) != _debtHash) {
            revert ILiquidityAggregator.LiquidityAggregator__UnexpectedCallback(msg.sender);
        }
        _routeDebtor = 0;
    }

    /// @dev Brings `amountOut` of the output of leg `index` to `to`, paid for by the payer or by the legs before it.
    function _deliver(Leg[] memory legs, uint256 index, uint256 amountOut, address to) internal virtual;

    /// @dev Brings `amount` of the input of leg `index` to `to`.
    function _provide(Leg[] memory legs, uint256 index, uint256 amount, address to) internal {
        if (index == 0) _pay(legs[0].tokenIn, _debtPayer, to, amount);
        else _deliver(legs, index - 1, amount, to);
    }

    /// @param payer An account that has approved this contract, one that pays when asked with BY_CALLBACK, this
    /// contract itself, or a pair with BY_PAIR.
    function _pay(address token, uint256 payer, address to, uint256 amount) internal {
        address from = address(uint160(payer));
        if (payer & BY_PAIR != 0) UniswapV2Hop.take(from, payer & UP != 0, amount, to);
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
