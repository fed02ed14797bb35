// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

interface IWithDecimals {
    function decimals() external view returns (uint8);
}

/// @title A pool of two tokens, volatile or stable, and its factory
/// @notice It stands in, in tests, for a pool of Aerodrome (Velodrome V2), which no package ships. It follows the
/// original's arithmetic: the fee of an input leaves the pool rounded down, a volatile pool keeps x y and a stable one
/// x^3 y + y^3 x in 18 decimals, and swaps revert where that falls. Shares, votes, price history and flash loans are
/// left out.
contract MockAerodromePool {
    using SafeTransferLib for address;

    uint256 private constant _WAD = 1e18;

    address public immutable token0;
    address public immutable token1;
    address public immutable factory;
    address public immutable poolFees;
    bool public immutable stable;
    uint256 private immutable _unit0;
    uint256 private immutable _unit1;
    uint256 public reserve0;
    uint256 public reserve1;
    uint256 public feeBps;
    bool public isPaused;

    constructor(address token0_, address token1_, bool stable_, uint256 feeBps_) {
        (token0, token1, stable, feeBps) = (token0_, token1_, stable_, feeBps_);
        (_unit0, _unit1) = (10 ** IWithDecimals(token0_).decimals(), 10 ** IWithDecimals(token1_).decimals());
        factory = address(this);
        poolFees = address(new MockAerodromeFees());
    }

    // -- The factory

    function getFee(address, bool) external view returns (uint256) {
        return feeBps;
    }

    function setFee(uint256 feeBps_) external {
        feeBps = feeBps_;
    }

    function setPauseState(bool paused) external {
        isPaused = paused;
    }

    // -- The pool

    function getReserves() external view returns (uint256, uint256, uint256) {
        return (reserve0, reserve1, block.timestamp);
    }

    function sync() public {
        (reserve0, reserve1) = (_held(token0), _held(token1));
    }

    function getAmountOut(uint256 amountIn, address tokenIn) external view returns (uint256) {
        amountIn -= amountIn * feeBps / 10_000;
        bool up = tokenIn == token0;
        (uint256 reserveIn, uint256 reserveOut) = up ? (reserve0, reserve1) : (reserve1, reserve0);
        if (!stable) return amountIn * reserveOut / (reserveIn + amountIn);
        (uint256 unitIn, uint256 unitOut) = up ? (_unit0, _unit1) : (_unit1, _unit0);
        uint256 kept = _invariant(reserve0, reserve1);
        uint256 wadIn = amountIn * _WAD / unitIn + reserveIn * _WAD / unitIn;
        uint256 wadOut = reserveOut * _WAD / unitOut;
        return (wadOut - _solve(wadIn, kept, wadOut)) * unitOut / _WAD;
    }

    function swap(uint256 amount0Out, uint256 amount1Out, address to, bytes calldata) external {
        require(!isPaused, "IsPaused");
        require(amount0Out != 0 || amount1Out != 0, "InsufficientOutputAmount");
        require(amount0Out < reserve0 && amount1Out < reserve1, "InsufficientLiquidity");
        require(to != token0 && to != token1, "InvalidTo");
        if (amount0Out != 0) token0.safeTransfer(to, amount0Out);
        if (amount1Out != 0) token1.safeTransfer(to, amount1Out);
        uint256 in0 = _came(_held(token0), reserve0 - amount0Out);
        uint256 in1 = _came(_held(token1), reserve1 - amount1Out);
        require(in0 != 0 || in1 != 0, "InsufficientInputAmount");
        if (in0 != 0) token0.safeTransfer(poolFees, in0 * feeBps / 10_000);
        if (in1 != 0) token1.safeTransfer(poolFees, in1 * feeBps / 10_000);
        require(_invariant(_held(token0), _held(token1)) >= _invariant(reserve0, reserve1), "K");
        sync();
    }

    function _held(address token) private view returns (uint256) {
        return token.balanceOf(address(this));
    }

    function _came(uint256 held, uint256 before) private pure returns (uint256) {
        return held > before ? held - before : 0;
    }

    function _invariant(uint256 x, uint256 y) private view returns (uint256) {
        return stable ? _cubic(x * _WAD / _unit0, y * _WAD / _unit1) : x * y;
    }

    /// @dev Returns x y (x^2 + y^2), WAD.
    function _cubic(uint256 x, uint256 y) private pure returns (uint256) {
        return (x * y / _WAD) * (x * x / _WAD + y * y / _WAD) / _WAD;
    }

    /// @dev Returns the y for which the invariant is `kept`, rounded up; Newton's method starts from a y nearby.
    function _solve(uint256 x, uint256 kept, uint256 y) private pure returns (uint256) {
        for (uint256 k; k < 255; ++k) {
            uint256 now_ = _cubic(x, y);
            uint256 slope = 3 * x * (y * y / _WAD) / _WAD + (x * x / _WAD) * x / _WAD;
            if (now_ < kept) {
                uint256 up = (kept - now_) * _WAD / slope;
                if (up == 0) {
                    if (_cubic(x, y + 1) > kept) return y + 1;
                    up = 1;
                }
                y += up;
            } else {
                uint256 down = (now_ - kept) * _WAD / slope;
                if (down == 0) {
                    if (now_ == kept || _cubic(x, y - 1) < kept) return y;
                    down = 1;
                }
                y -= down;
            }
        }
        revert("!y");
    }
}

/// @title Account that receives the fees of a pool
contract MockAerodromeFees {}
