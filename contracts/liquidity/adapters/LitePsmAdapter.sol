// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {PairAdapter} from "./PairAdapter.sol";
import {IVenueAdapter} from "interfaces/liquidity/IVenueAdapter.sol";
import {ILitePsmAdapter} from "interfaces/liquidity/adapters/ILitePsmAdapter.sol";
import {ILitePsm} from "interfaces/liquidity/venues/ILitePsm.sol";

/// @title One LitePSM as a venue
/// @notice See {ILitePsmAdapter}.
contract LitePsmAdapter is PairAdapter, ILitePsmAdapter {
    using SafeERC20 for IERC20;

    uint256 private constant _WAD = 1e18;
    uint256 private constant _HALTED = type(uint256).max;

    /// @inheritdoc ILitePsmAdapter
    address public immutable psm;
    address private immutable _gem;
    address private immutable _dai;
    address private immutable _pocket;
    /// @dev Wei of Dai per unit of the gem.
    uint256 private immutable _factor;

    constructor(ILitePsm psm_) PairAdapter(psm_.gem(), psm_.dai()) {
        psm = address(psm_);
        (_gem, _dai, _pocket) = (psm_.gem(), psm_.dai(), psm_.pocket());
        _factor = psm_.to18ConversionFactor();
    }

    /// @inheritdoc IVenueAdapter
    function swap(
        bytes32,
        address tokenIn,
        address tokenOut,
        uint256 amountIn,
        address to
    )
        external
        returns (uint256 amountOut)
    {
        if (_takesFirst(tokenIn, tokenOut)) {
            IERC20(_gem).forceApprove(psm, amountIn);
            amountOut = ILitePsm(psm).sellGem(to, amountIn);
            _requireTaken(_gem, psm, amountIn);
        } else {
            uint256 cost;
            (amountOut, cost) = _bought(amountIn);
            IERC20(_dai).forceApprove(psm, cost);
            // The amount taken is checked here; the receiver measures the amount that arrives.
            ILitePsm(psm).buyGem(to, amountOut);
            _requireTaken(_dai, psm, cost);
            if (cost < amountIn) IERC20(_dai).safeTransfer(psm, amountIn - cost);
        }
    }

    /// @inheritdoc IVenueAdapter
    function quote(
        bytes32,
        address tokenIn,
        address tokenOut,
        uint256 amountIn
    )
        external
        view
        returns (uint256 amountOut)
    {
        if (_takesFirst(tokenIn, tokenOut)) {
            amountOut = _sold(amountIn, _tin());
            _requireHeld(_dai, psm, amountOut);
        } else {
            (amountOut,) = _bought(amountIn);
            _requireHeld(_gem, _pocket, amountOut);
        }
    }

    /// @inheritdoc IVenueAdapter
    function quoteIn(
        bytes32,
        address tokenIn,
        address tokenOut,
        uint256 amountOut
    )
        external
        view
        returns (uint256 amountIn)
    {
        if (!_takesFirst(tokenIn, tokenOut)) {
            _requireHeld(_gem, _pocket, amountOut);
            return _cost(amountOut, _tout());
        }
        uint256 fee = _tin();
        if (fee >= _WAD) revert LitePsmAdapter__FeeTakesAll(tokenIn);
        amountIn = FixedPointMathLib.divUp(FixedPointMathLib.fullMulDivUp(amountOut, _WAD, _WAD - fee), _factor);
        // The fee is rounded down: one unit less may do.
        if (amountIn != 0 && _sold(amountIn - 1, fee) >= amountOut) --amountIn;
        _requireHeld(_dai, psm, _sold(amountIn, fee));
    }

    function _tin() private view returns (uint256 fee) {
        fee = ILitePsm(psm).tin();
        if (fee == _HALTED) revert LitePsmAdapter__Halted(_gem);
    }

    function _tout() private view returns (uint256 fee) {
        fee = ILitePsm(psm).tout();
        if (fee == _HALTED) revert LitePsmAdapter__Halted(_dai);
    }

    /// @dev Returns the Dai that this amount of the gem pays.
    function _sold(uint256 gemAmount, uint256 fee) private view returns (uint256 par) {
        par = gemAmount * _factor;
        par -= par * fee / _WAD;
    }

    /// @dev Returns the Dai that this amount of the gem costs.
    function _cost(uint256 gemAmount, uint256 fee) private view returns (uint256 par) {
        par = gemAmount * _factor;
        par += par * fee / _WAD;
    }

    /// @dev Returns the maximum of the gem that this amount of Dai buys, and its cost.
    function _bought(uint256 amount) private view returns (uint256 gemAmount, uint256 cost) {
        uint256 fee = _tout();
        gemAmount = FixedPointMathLib.fullMulDiv(amount, _WAD, _WAD + fee) / _factor;
        // The fee is rounded down: one unit more may be had.
        cost = _cost(gemAmount + 1, fee);
        if (cost <= amount) ++gemAmount;
        else cost = _cost(gemAmount, fee);
    }

    function _requireHeld(address token, address holder, uint256 wanted) private view {
        uint256 held = IERC20(token).balanceOf(holder);
        if (held < wanted) revert LitePsmAdapter__Drained(token, wanted, held);
    }
}
