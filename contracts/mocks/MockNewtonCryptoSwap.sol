// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

interface IDecimals {
    function decimals() external view returns (uint8);
}

/// @title A CryptoSwap pool of two coins that rounds as the first generation does
/// @notice Stand-in for tests: it takes the place of Curve's first two-coin crypto pools, which no package ships. It
/// finds the last balance by Newton's method on the published invariant (Egorov 2021, "Automatic market-making with
/// dynamic peg"), step by step in whole numbers as those pools do, and shows the views that a pool is read by. Its price
/// scale and its invariant stay. {MockCryptoSwap} solves the same invariant more exactly, and shows no views.
contract MockNewtonCryptoSwap {
    using SafeTransferLib for address;

    uint256 private constant _WAD = 1e18;
    uint256 private constant _FEE_DENOMINATOR = 1e10;
    uint256 private constant _A_UNIT = 10_000;

    // forge-lint: disable-start(mixed-case-function, mixed-case-variable)
    uint256 public immutable A;
    uint256 public immutable gamma;
    uint256 public immutable price_scale;
    uint256 public immutable mid_fee;
    uint256 public immutable out_fee;
    uint256 public immutable fee_gamma;
    /// @notice Sum of the scaled balances at the last `gulp`, which is the invariant at the centre.
    uint256 public D;

    address[2] public coins;
    uint256[2] public balances;

    /// @param numbers A n^n times 10,000, gamma, price scale (WAD), fee at the centre and far from it, fee gamma.
    constructor(address[2] memory coins_, uint256[6] memory numbers) {
        coins = coins_;
        (A, gamma, price_scale) = (numbers[0], numbers[1], numbers[2]);
        (mid_fee, out_fee, fee_gamma) = (numbers[3], numbers[4], numbers[5]);
    }

    /// @notice Takes what was sent to it into its balances; they have to be at the centre of liquidity.
    function gulp() external {
        for (uint256 k; k < 2; ++k) {
            balances[k] = coins[k].balanceOf(address(this));
        }
        D = _scaled(0, balances[0]) + _scaled(1, balances[1]);
    }

    function get_dy(uint256 i, uint256 j, uint256 dx) public view returns (uint256 dy) {
        require(i != j && i < 2 && j < 2 && dx > 0);
        uint256 x = _scaled(i, balances[i] + dx);
        uint256 y = _left(x);
        dy = (_scaled(j, balances[j]) - y - 1) * _WAD / _scale(j);
        dy -= _fee(x, y) * dy / _FEE_DENOMINATOR;
    }

    // forge-lint: disable-end(mixed-case-function, mixed-case-variable)

    function exchange(uint256 i, uint256 j, uint256 dx, uint256 minDy) external returns (uint256 dy) {
        dy = get_dy(i, j, dx);
        require(dy >= minDy, "Slippage");
        coins[i].safeTransferFrom(msg.sender, address(this), dx);
        (balances[i], balances[j]) = (balances[i] + dx, balances[j] - dy);
        coins[j].safeTransfer(msg.sender, dy);
    }

    function _scale(uint256 k) private view returns (uint256) {
        return 10 ** (18 - IDecimals(coins[k]).decimals()) * (k == 0 ? _WAD : price_scale);
    }

    function _scaled(uint256 k, uint256 amount) private view returns (uint256) {
        return amount * _scale(k) / _WAD;
    }

    function _fee(uint256 x, uint256 y) private view returns (uint256) {
        uint256 sum = x + y;
        uint256 f = fee_gamma * _WAD / (fee_gamma + _WAD - 4 * _WAD * x / sum * y / sum);
        return (mid_fee * f + out_fee * (_WAD - f)) / _WAD;
    }

    /// @dev Newton's method from the balance that keeps D in a constant product.
    function _left(uint256 x) private view returns (uint256 y) {
        uint256 d = D;
        uint256 share = 2 * _WAD * x / d;
        require(share >= 2e16 && share <= 2e20, "unsafe values x[i]");
        y = d * d / (4 * x);
        uint256 limit = x > d ? x / 1e14 : d / 1e14;
        if (limit < 100) limit = 100;
        for (uint256 round; round < 255; ++round) {
            uint256 last = y;
            y = _step(x, y, share, d);
            if ((y > last ? y - last : last - y) < (limit > y / 1e14 ? limit : y / 1e14)) return y;
        }
        revert("Did not converge");
    }

    function _step(uint256 x, uint256 y, uint256 share, uint256 d) private view returns (uint256) {
        uint256 k0 = share * y * 2 / d;
        uint256 span = gamma + _WAD;
        span = (span > k0 ? span - k0 : k0 - span) + 1;
        uint256 weight = _WAD * d / gamma * span / gamma * span * _A_UNIT / A;
        uint256 steepness = _WAD + 2 * _WAD * k0 / span;
        uint256 rise = _WAD * y + (x + y) * steepness + weight;
        if (rise < d * steepness) return y / 2;
        rise -= d * steepness;
        uint256 slope = rise / y;
        uint256 less = weight / slope;
        uint256 more = (rise + _WAD * d) / slope + less * _WAD / k0;
        less += _WAD * (x + y) / slope;
        return more < less ? y / 2 : more - less;
    }
}
