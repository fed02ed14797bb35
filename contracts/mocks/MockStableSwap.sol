// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

interface IDecimals {
    function decimals() external view returns (uint8);
}

/// @title A StableSwap pool
/// @notice Stand-in for tests: it takes the place of Curve's pools, which no package ships. It implements the published
/// StableSwap invariant (Egorov 2019, "StableSwap: efficient mechanism for stablecoin liquidity") with the rounding of
/// Curve's Vyper pools, and answers to the int128 indices of StableSwap and StableSwap-NG. Its `exchange` returns
/// nothing, as in the oldest pools. Like StableSwap-NG, it counts its receipts in books of its own, unless a coin
/// rebases, and swaps tokens that were sent to it before (`exchange_received`). For uint256 indices see
/// {MockCryptoSwap}.
contract MockStableSwap {
    using SafeTransferLib for address;

    uint256 private constant _A_PRECISION = 100;
    uint256 private constant _FEE_DENOMINATOR = 1e10;
    /// @dev Factor by which StableSwap-NG multiplies the fee where its coins are far out of balance; most pools have
    /// this one.
    uint256 private constant _OFF_PEG = 2e10;

    address[] public coins;
    uint256[] private _stored;
    uint256[] private _rates;
    uint256 private immutable _a;
    uint256 private immutable _fee;
    /// @dev True if it is StableSwap-NG: it tells the cost of an output, and has a fee off the peg. Otherwise it is as
    /// old as 3pool.
    bool private immutable _ng;
    /// @dev True if one of its coins rebases (asset type 2): then balances are read, and nothing is swapped unasked.
    bool private immutable _rebasing;

    constructor(address[] memory coins_, uint256 a, uint256 fee_, bool ng, bool rebasing) {
        (_a, _fee, _ng, _rebasing) = (a * _A_PRECISION, fee_, ng, rebasing);
        coins = coins_;
        for (uint256 k; k < coins_.length; ++k) {
            _stored.push(0);
            _rates.push(10 ** (36 - IDecimals(coins_[k]).decimals()));
        }
    }

    /// @notice Takes what was sent to it into its balances.
    function gulp() external {
        for (uint256 k; k < coins.length; ++k) {
            _stored[k] = coins[k].balanceOf(address(this));
        }
    }

    /// @notice Returns the coins' types as the factory of a pool does, here for this pool itself: 0 ordinary, 2
    /// rebasing.
    function get_pool_asset_types(address pool) external view returns (uint8[] memory types) {
        if (pool == address(this) && _ng) types = new uint8[](coins.length);
        if (types.length != 0 && _rebasing) types[0] = 2;
    }

    // forge-lint: disable-start(mixed-case-function)
    function A() external view returns (uint256) {
        return _a / _A_PRECISION;
    }

    function A_precise() external view returns (uint256) {
        return _a;
    }

    // forge-lint: disable-end(mixed-case-function)

    function fee() external view returns (uint256) {
        return _fee;
    }

    /// @notice Returns the part of the fee that would leave the balances: none does here.
    function admin_fee() external pure returns (uint256) {
        return 0;
    }

    function offpeg_fee_multiplier() external view returns (uint256) {
        require(_ng);
        return _OFF_PEG;
    }

    function stored_rates() external view returns (uint256[] memory) {
        require(_ng);
        return _rates;
    }

    function balances(uint256 k) public view returns (uint256) {
        return _rebasing ? coins[k].balanceOf(address(this)) : _stored[k];
    }

    /// @dev The oldest pools take the fee from whole coins here and from 18 decimals in `exchange`.
    function get_dy(int128 i, int128 j, uint256 dx) external view returns (uint256) {
        if (_ng) return _dy(uint128(i), uint128(j), dx);
        (uint256 dy,) = _swapped(uint128(i), uint128(j), dx);
        dy = dy * 1e18 / _rates[uint128(j)];
        return dy - dy * _fee / _FEE_DENOMINATOR;
    }

    function get_dx(int128 i, int128 j, uint256 dy) external view returns (uint256) {
        return _dx(uint128(i), uint128(j), dy);
    }

    function exchange(int128 i, int128 j, uint256 dx, uint256 minDy) external {
        uint256 dy = _dy(uint128(i), uint128(j), dx);
        coins[uint128(i)].safeTransferFrom(msg.sender, address(this), dx);
        _pay(uint128(i), uint128(j), dx, dy, minDy, msg.sender);
    }

    /// @notice Counts all that is here beyond its books, like StableSwap-NG; that has to be `dx` at least.
    function exchange_received(
        int128 i,
        int128 j,
        uint256 dx,
        uint256 minDy,
        address receiver
    )
        external
        returns (uint256 dy)
    {
        require(_ng && !_rebasing && dx > 0 && receiver != address(0));
        uint256 received = coins[uint128(i)].balanceOf(address(this)) - _stored[uint128(i)];
        require(received >= dx);
        dy = _dy(uint128(i), uint128(j), received);
        _pay(uint128(i), uint128(j), received, dy, minDy, receiver);
    }

    function _pay(uint256 i, uint256 j, uint256 dx, uint256 dy, uint256 minDy, address to) private {
        require(dy >= minDy, "Exchange resulted in fewer coins than expected");
        (_stored[i], _stored[j]) = (_stored[i] + dx, _stored[j] - dy);
        coins[j].safeTransfer(to, dy);
    }

    function _dy(uint256 i, uint256 j, uint256 dx) private view returns (uint256) {
        (uint256 dy, uint256 charged) = _swapped(i, j, dx);
        return (dy - dy * charged / _FEE_DENOMINATOR) * 1e18 / _rates[j];
    }

    /// @return dy Output before the fee, 18 decimals.
    /// @return charged Fee at the balances half-way.
    function _swapped(uint256 i, uint256 j, uint256 dx) private view returns (uint256 dy, uint256 charged) {
        uint256[] memory xp = _xp();
        uint256 x = xp[i] + dx * _rates[i] / 1e18;
        uint256 y = _y(i, j, x, xp, _d(xp));
        return (xp[j] - y - 1, _dynamicFee((xp[i] + x) / 2, (xp[j] + y) / 2));
    }

    /// @dev StableSwap-NG asks more where its coins are out of balance.
    function _dynamicFee(uint256 xpi, uint256 xpj) private view returns (uint256) {
        if (!_ng) return _fee;
        uint256 sum = xpi + xpj;
        return _OFF_PEG * _fee / ((_OFF_PEG - _FEE_DENOMINATOR) * 4 * xpi * xpj / (sum * sum) + _FEE_DENOMINATOR);
    }

    function _dx(uint256 i, uint256 j, uint256 dy) private view returns (uint256) {
        require(_ng, "no get_dx");
        uint256[] memory xp = _xp();
        // At the fee of before the trade, as StableSwap-NG has it: too little where the trade moves the balances.
        uint256 charged = _dynamicFee(xp[i], xp[j]);
        uint256 wanted = (dy * _rates[j] / 1e18 + 1) * _FEE_DENOMINATOR / (_FEE_DENOMINATOR - charged);
        uint256 x = _y(j, i, xp[j] - wanted, xp, _d(xp));
        return (x - xp[i]) * 1e18 / _rates[i];
    }

    function _xp() private view returns (uint256[] memory xp) {
        xp = new uint256[](coins.length);
        for (uint256 k; k < xp.length; ++k) {
            xp[k] = balances(k) * _rates[k] / 1e18;
        }
    }

    /// @dev Newton's iteration for the invariant D.
    function _d(uint256[] memory xp) private view returns (uint256 d) {
        uint256 n = xp.length;
        uint256 sum;
        for (uint256 k; k < n; ++k) {
            sum += xp[k];
        }
        uint256 ann = _a * n;
        d = sum;
        for (uint256 round; round < 255; ++round) {
            uint256 product = d;
            for (uint256 k; k < n; ++k) {
                product = product * d / (_ng ? xp[k] : xp[k] * n);
            }
            // StableSwap-NG divides once, where older pools divide by n with each coin.
            if (_ng) product /= n ** n;
            uint256 last = d;
            d = (ann * sum / _A_PRECISION + product * n) * d
                / ((ann - _A_PRECISION) * d / _A_PRECISION + (n + 1) * product);
            if (d > last ? d - last <= 1 : last - d <= 1) return d;
        }
        revert("no convergence");
    }

    /// @dev Balance of coin j when coin i has x.
    function _y(uint256 i, uint256 j, uint256 x, uint256[] memory xp, uint256 d) private view returns (uint256 y) {
        uint256 n = xp.length;
        uint256 ann = _a * n;
        uint256 c = d;
        uint256 sum;
        for (uint256 k; k < n; ++k) {
            if (k == j) continue;
            uint256 other = k == i ? x : xp[k];
            sum += other;
            c = c * d / (other * n);
        }
        c = c * d * _A_PRECISION / (ann * n);
        uint256 b = sum + d * _A_PRECISION / ann;
        y = d;
        for (uint256 round; round < 255; ++round) {
            uint256 last = y;
            y = (y * y + c) / (2 * y + b - d);
            if (y > last ? y - last <= 1 : last - y <= 1) return y;
        }
        revert("no convergence");
    }
}
