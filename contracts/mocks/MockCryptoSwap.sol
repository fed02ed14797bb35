// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

interface IDecimals {
    function decimals() external view returns (uint8);
}

/// @title A CryptoSwap pool of two coins
/// @notice Stand-in for tests: it takes the place of Curve's two-coin crypto pools (Twocrypto), which no package ships.
/// It solves the published invariant (Egorov 2021, "Automatic market-making with dynamic peg") by Newton's method
/// inside a bracket, takes the paper's dynamic fee, and answers to Twocrypto's interface: uint256 indices, `get_dy`,
/// `get_dx`, `exchange`, `exchange_received`, `coins`, `balances`. It does not repeg: its price scale stays, so that it
/// is the pool between two repegs. Outputs may differ from Curve's own code in the last units; its quotes equal its own
/// outputs.
contract MockCryptoSwap {
    using FixedPointMathLib for uint256;
    using SafeTransferLib for address;

    uint256 private constant _WAD = 1e18;
    uint256 private constant _FEE_DENOMINATOR = 1e10;
    /// @dev The number one of the solver.
    uint256 private constant _ONE = 1e36;
    uint256 private constant _ROUNDS = 255;
    uint256 private constant _DX_ROUNDS = 5;

    /// @param a A of the paper, WAD.
    /// @param gamma WAD.
    /// @param priceScale Worth of coin 1 in coin 0, WAD, at the centre of liquidity.
    /// @param midFee Fee near the centre, tenths of a billionth.
    /// @param outFee Fee far from the centre, tenths of a billionth.
    /// @param feeGamma Speed at which the fee goes from one to the other, WAD.
    struct CurveParameters {
        uint256 a;
        uint256 gamma;
        uint256 priceScale;
        uint256 midFee;
        uint256 outFee;
        uint256 feeGamma;
    }

    address[2] public coins;
    uint256[2] public balances;
    uint256[2] private _scales;
    CurveParameters private _parameters;

    constructor(address[2] memory coins_, CurveParameters memory parameters) {
        (coins, _parameters) = (coins_, parameters);
        for (uint256 k; k < 2; ++k) {
            _scales[k] = 10 ** (36 - IDecimals(coins_[k]).decimals());
        }
        _scales[1] = _scales[1].mulWad(parameters.priceScale);
    }

    /// @notice Takes what was sent to it into its balances.
    function gulp() external {
        for (uint256 k; k < 2; ++k) {
            balances[k] = coins[k].balanceOf(address(this));
        }
    }

    function exchange(uint256 i, uint256 j, uint256 dx, uint256 minDy) external returns (uint256 dy) {
        dy = get_dy(i, j, dx);
        coins[i].safeTransferFrom(msg.sender, address(this), dx);
        _pay(i, j, dx, dy, minDy, msg.sender);
    }

    /// @notice Counts all that is here beyond its balances, like Twocrypto; that has to be `dx` at least.
    function exchange_received(
        uint256 i,
        uint256 j,
        uint256 dx,
        uint256 minDy,
        address receiver
    )
        external
        returns (uint256 dy)
    {
        uint256 received = coins[i].balanceOf(address(this)) - balances[i];
        require(received >= dx, "user didn't give us coins");
        dy = get_dy(i, j, received);
        _pay(i, j, received, dy, minDy, receiver);
    }

    function _pay(uint256 i, uint256 j, uint256 dx, uint256 dy, uint256 minDy, address to) private {
        require(dy >= minDy, "Slippage");
        (balances[i], balances[j]) = (balances[i] + dx, balances[j] - dy);
        coins[j].safeTransfer(to, dy);
    }

    // forge-lint: disable-start(mixed-case-function)
    function get_dy(uint256 i, uint256 j, uint256 dx) public view returns (uint256) {
        require(i != j && i < 2 && j < 2, "coin index out of range");
        require(dx > 0, "zero input");
        uint256[2] memory xp = _xp();
        uint256 d = _d(xp);
        uint256 before = xp[j];
        xp[i] += dx * _scales[i] / _WAD;
        xp[j] = _y(xp[i], d);
        // A unit for rounding is the pool's.
        uint256 dy = (before - xp[j] - 1) * _WAD / _scales[j];
        return dy - dy.fullMulDivUp(_fee(xp), _FEE_DENOMINATOR);
    }

    function get_dx(uint256 i, uint256 j, uint256 dy) public view returns (uint256 dx) {
        require(i != j && i < 2 && j < 2, "coin index out of range");
        uint256[2] memory start = _xp();
        uint256 d = _d(start);
        uint256 gross = dy;
        // The fee is of the state afterwards, which depends on the fee.
        for (uint256 round; round < _DX_ROUNDS; ++round) {
            uint256 left = start[j] - (gross * _scales[j] / _WAD + 1);
            uint256[2] memory xp;
            (xp[j], xp[i]) = (left, _y(left, d));
            dx = (xp[i] - start[i]).fullMulDivUp(_WAD, _scales[i]);
            gross = dy.fullMulDivUp(_FEE_DENOMINATOR, _FEE_DENOMINATOR - _fee(xp));
        }
    }

    // forge-lint: disable-end(mixed-case-function)

    /// @notice Returns the invariant, in coin 0, WAD.
    function invariant() external view returns (uint256) {
        return _d(_xp());
    }

    /// @dev Returns the balances in coin 0, WAD.
    function _xp() private view returns (uint256[2] memory xp) {
        (xp[0], xp[1]) = (balances[0] * _scales[0] / _WAD, balances[1] * _scales[1] / _WAD);
    }

    /// @dev Returns the paper's fee: f of midFee, the rest of outFee, f = feeGamma / (feeGamma + 1 - K0 at D = x + y).
    function _fee(uint256[2] memory xp) private view returns (uint256) {
        CurveParameters memory parameters = _parameters;
        uint256 sum = xp[0] + xp[1];
        uint256 k0 = xp[0].fullMulDiv(4 * _WAD, sum).fullMulDiv(xp[1], sum);
        uint256 f = parameters.feeGamma.divWad(parameters.feeGamma + _WAD - k0);
        return (parameters.midFee * f + parameters.outFee * (_WAD - f)) / _WAD;
    }

    /// @dev Returns D for which K D (x + y) + x y = K D^2 + D^2 / 4, between those of the product and of the sum;
    /// rounded down. In parts of x + y: g(d) = K d (1 - d) + p - d^2 / 4, which falls.
    function _d(uint256[2] memory xp) private view returns (uint256) {
        uint256 sum = xp[0] + xp[1];
        uint256 p = xp[0].fullMulDiv(_ONE, sum).fullMulDiv(xp[1], sum);
        (uint256 low, uint256 high) = (2 * (p * _ONE).sqrt(), _ONE);
        uint256 d = low;
        for (uint256 round; round < _ROUNDS && high > low + 1; ++round) {
            uint256 k0 = _min((4 * p).fullMulDiv(_ONE, d).fullMulDiv(_ONE, d), _ONE);
            (uint256 k, uint256 steepness) = _k(k0);
            uint256 plus = k.fullMulDiv(d, _ONE).fullMulDiv(_ONE - d, _ONE) + p;
            uint256 minus = d.fullMulDiv(d, 4 * _ONE);
            if (plus >= minus) low = d;
            else high = d;
            // -g' = 2 K (1 - d) (1 + steepness) + K (2 d - 1) + d / 2, all above zero where d is.
            uint256 slope = (2 * k).fullMulDiv(_ONE - d, _ONE).fullMulDiv(_ONE + steepness, _ONE) + d / 2;
            if (2 * d >= _ONE) slope += k.fullMulDiv(2 * d - _ONE, _ONE);
            d = _next(d, plus >= minus, _gap(plus, minus).fullMulDiv(_ONE, slope), low, high);
        }
        return low.fullMulDiv(sum, _ONE);
    }

    /// @dev Returns the other balance where one is x, rounded up. In parts of D: g(v) = K (u + v - 1) + u v - 1 / 4,
    /// which rises.
    function _y(uint256 x, uint256 d) private view returns (uint256) {
        uint256 u = x.fullMulDiv(_ONE, d);
        require(u > _ONE / 100 && u < 100 * _ONE, "unsafe value of x");
        (uint256 low, uint256 high) = (0, _ONE.fullMulDivUp(_ONE, 4 * u));
        uint256 v = high;
        for (uint256 round; round < _ROUNDS && high > low + 1; ++round) {
            (uint256 k, uint256 steepness) = _k(_min((4 * u).fullMulDiv(v, _ONE), _ONE));
            bool above = u + v >= _ONE;
            uint256 share = k.fullMulDiv(_gap(u + v, _ONE), _ONE);
            uint256 plus = u.fullMulDiv(v, _ONE) + (above ? share : 0);
            uint256 minus = _ONE / 4 + (above ? 0 : share);
            if (plus >= minus) high = v;
            else low = v;
            // g' = K (1 + steepness) (u + v - 1) / v + K + u.
            uint256 slope = k + u;
            uint256 bend = share.fullMulDiv(_ONE + steepness, v);
            slope = above ? slope + bend : slope > bend ? slope - bend : 0;
            uint256 step = slope == 0 ? high : _gap(plus, minus).fullMulDiv(_ONE, slope);
            v = _next(v, plus < minus, step, low, high);
        }
        require(high > _ONE / 100 && high < 100 * _ONE, "unsafe value of y");
        return high.fullMulDivUp(d, _ONE);
    }

    /// @return k A K0 gamma^2 / (gamma + 1 - K0)^2.
    /// @return steepness 2 K0 / (gamma + 1 - K0), by which K grows faster than K0.
    function _k(uint256 k0) private view returns (uint256 k, uint256 steepness) {
        CurveParameters memory parameters = _parameters;
        uint256 gamma = parameters.gamma * _WAD;
        uint256 span = gamma + _ONE - k0;
        uint256 ratio = gamma.fullMulDiv(_ONE, span);
        k = (parameters.a * _WAD).fullMulDiv(k0, _ONE).fullMulDiv(ratio, _ONE).fullMulDiv(ratio, _ONE);
        steepness = (2 * k0).fullMulDiv(_ONE, span);
    }

    /// @dev Makes Newton's step, or goes to the middle of the bracket where the step would leave it.
    function _next(uint256 here, bool up, uint256 step, uint256 low, uint256 high) private pure returns (uint256) {
        if (step == 0) step = 1;
        if (up) return step < high - here ? here + step : (low + high) / 2;
        return step < here - low ? here - step : (low + high) / 2;
    }

    function _gap(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a - b : b - a;
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
