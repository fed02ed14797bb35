// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {IFluidDex} from "interfaces/liquidity/venues/IFluidDex.sol";

interface IWithDecimals {
    function decimals() external view returns (uint8);
}

/// @title A pool of Fluid DEX with collateral and no debt
/// @notice It stands in, in tests, for a FluidDexT1, which no package ships. It follows the original's arithmetic:
/// amounts of twelve decimals, imaginary reserves, a fee of the input in millionths, everything rounded down, the
/// smallest and the largest amounts that it takes, the price band of a swap, and answers to 0x…dEaD by reverting after
/// it has written. Debt, interest, the liquidity layer with its limits, moving ranges and native coin are left out; it
/// holds its own tokens.
contract MockFluidDex is IFluidDex {
    using SafeTransferLib for address;

    uint256 private constant _WHOLE = 1e6;
    uint256 private constant _SMALLEST = 1e6;
    uint256 private constant _BAND = 20;
    address private constant _DEAD = 0x000000000000000000000000000000000000dEaD;

    uint256 private constant _NOT_ENOUGH_OUT = 51010;
    uint256 private constant _TOO_LITTLE_LEFT = 51006;
    uint256 private constant _PRICE_MOVED = 51040;
    uint256 private constant _PAUSED = 51043;
    uint256 private constant _ABOVE_MAX = 51044;
    uint256 private constant _IN_LIMIT = 51045;
    uint256 private constant _OUT_LIMIT = 51046;
    uint256 private constant _AMOUNT_LIMIT = 51049;

    address private immutable _token0;
    address private immutable _token1;
    uint256 private immutable _times0;
    uint256 private immutable _over0;
    uint256 private immutable _times1;
    uint256 private immutable _over1;
    /// @dev Multiple of the real reserves that the imaginary ones hold when liquidity is counted.
    uint256 private immutable _reach;

    uint256 public fee;
    bool public paused;
    /// @dev Counts what the pool has written since it was made: a quote leaves nothing.
    uint256 public written;
    uint256[2] private _real;
    uint256[2] private _beyond;

    event Swap(bool swap0to1, uint256 amountIn, uint256 amountOut, address to);

    constructor(address token0, address token1, uint256 fee_, uint256 reach) {
        (_token0, _token1, fee, _reach) = (token0, token1, fee_, reach);
        (_times0, _over0) = _precision(token0);
        (_times1, _over1) = _precision(token1);
    }

    function setFee(uint256 fee_) external {
        fee = fee_;
    }

    function setPaused(bool paused_) external {
        paused = paused_;
    }

    /// @notice Counts what it holds as its liquidity, in a range around the price of both.
    function sync() external {
        _real = [_counted(_token0.balanceOf(address(this)), true), _counted(_token1.balanceOf(address(this)), false)];
        _beyond = [_real[0] * (_reach - 1), _real[1] * (_reach - 1)];
    }

    function constantsView() external view returns (ConstantViews memory views) {
        (views.dexId, views.liquidity, views.token0, views.token1) = (1, address(this), _token0, _token1);
    }

    function constantsView2() external view returns (ConstantViews2 memory) {
        return ConstantViews2(_times0, _over0, _times1, _over1);
    }

    function swapIn(
        bool up,
        uint256 amountIn,
        uint256 amountOutMin,
        address to
    )
        external
        payable
        returns (uint256 amountOut)
    {
        _open();
        uint256 counted = _counted(amountIn, up);
        _requireAmount(counted, amountIn);
        (uint256 poolIn, uint256 poolOut) = _imaginary(up);
        if (counted > poolIn / 2) revert FluidDexError(_IN_LIMIT);
        uint256 taxed = counted * (_WHOLE - fee) / _WHOLE;
        uint256 paid = taxed * poolOut / (poolIn + taxed);
        _requireLeft(up, paid);
        amountOut = _units(paid, !up);
        if (to == _DEAD) revert FluidDexSwapResult(amountOut);
        if (amountOut < amountOutMin) revert FluidDexError(_NOT_ENOUGH_OUT);
        _settle(up, amountIn, counted, amountOut, paid, to);
    }

    function swapOut(
        bool up,
        uint256 amountOut,
        uint256 amountInMax,
        address to
    )
        external
        payable
        returns (uint256 amountIn)
    {
        _open();
        uint256 counted = _counted(amountOut, !up);
        _requireAmount(counted, amountOut);
        (uint256 poolIn, uint256 poolOut) = _imaginary(up);
        if (counted > poolOut / 2) revert FluidDexError(_OUT_LIMIT);
        uint256 given = (counted * poolIn / (poolOut - counted)) * _WHOLE / (_WHOLE - fee);
        _requireLeft(up, counted);
        amountIn = _units(given, up);
        if (to == _DEAD) revert FluidDexSwapResult(amountIn);
        if (amountIn > amountInMax) revert FluidDexError(_ABOVE_MAX);
        _settle(up, amountIn, given, _units(counted, !up), counted, to);
    }

    function _open() private {
        if (paused) revert FluidDexError(_PAUSED);
        ++written;
    }

    function _settle(
        bool up,
        uint256 amountIn,
        uint256 countedIn,
        uint256 amountOut,
        uint256 countedOut,
        address to
    )
        private
    {
        (uint256 poolIn, uint256 poolOut) = _imaginary(up);
        // The new price of the input in the output is at most a twentieth below the old one.
        if ((poolOut - countedOut) * poolIn * _BAND < poolOut * (poolIn + countedIn) * (_BAND - 1)) {
            revert FluidDexError(_PRICE_MOVED);
        }
        (uint256 place, uint256 other) = up ? (0, 1) : (1, 0);
        _real[place] += countedIn;
        _real[other] -= countedOut;
        (up ? _token0 : _token1).safeTransferFrom(msg.sender, address(this), amountIn);
        (up ? _token1 : _token0).safeTransfer(to == address(0) ? msg.sender : to, amountOut);
        emit Swap(up, amountIn, amountOut, to);
    }

    function _requireAmount(uint256 counted, uint256 amount) private pure {
        if (counted < _SMALLEST || counted > type(uint96).max || amount < 100 || amount > type(uint128).max) {
            revert FluidDexError(_AMOUNT_LIMIT);
        }
    }

    function _requireLeft(bool up, uint256 paid) private view {
        if (paid >= _real[up ? 1 : 0]) revert FluidDexError(_TOO_LITTLE_LEFT);
    }

    function _imaginary(bool up) private view returns (uint256, uint256) {
        (uint256 first, uint256 second) = (_real[0] + _beyond[0], _real[1] + _beyond[1]);
        return up ? (first, second) : (second, first);
    }

    function _counted(uint256 amount, bool first) private view returns (uint256) {
        return first ? amount * _times0 / _over0 : amount * _times1 / _over1;
    }

    function _units(uint256 counted, bool first) private view returns (uint256) {
        return first ? counted * _over0 / _times0 : counted * _over1 / _times1;
    }

    function _precision(address token) private view returns (uint256 times, uint256 over) {
        uint256 decimals = IWithDecimals(token).decimals();
        times = decimals < 12 ? 10 ** (12 - decimals) : 1;
        over = decimals > 12 ? 10 ** (decimals - 12) : 1;
    }
}

/// @title A pool that answers nobody
/// @notice It stands in for a contract that is listed as a pool of Fluid DEX by mistake: it takes a question for a
/// swap.
contract SilentFluidDex {
    IFluidDex private immutable _like;

    constructor(IFluidDex like) {
        _like = like;
    }

    function constantsView() external view returns (IFluidDex.ConstantViews memory) {
        return _like.constantsView();
    }

    function constantsView2() external view returns (IFluidDex.ConstantViews2 memory) {
        return _like.constantsView2();
    }

    function swapIn(bool, uint256, uint256, address) external pure returns (uint256) {
        return 1;
    }

    function swapOut(bool, uint256, uint256, address) external pure returns (uint256) {
        return 1;
    }
}
