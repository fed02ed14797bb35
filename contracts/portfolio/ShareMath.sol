// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @title Shares for assets and back
/// @notice `total` is a portfolio's `totalAssets`, to which one virtual unit is added; `supply` counts virtual, owed
/// and pending shares. Nobody else adds a virtual amount. The fee manager deals by these functions.
library ShareMath {
    /// @dev Decimals that a share has more than the settlement token.
    uint8 internal constant OFFSET = 6;
    uint256 internal constant VIRTUAL_SHARES = 10 ** OFFSET;
    uint256 internal constant VIRTUAL_ASSETS = 1;

    function sharesFor(
        uint256 assets,
        uint256 total,
        uint256 supply,
        Math.Rounding rounding
    )
        internal
        pure
        returns (uint256)
    {
        return _scaled(assets, supply, total + VIRTUAL_ASSETS, rounding);
    }

    function assetsFor(
        uint256 shares,
        uint256 total,
        uint256 supply,
        Math.Rounding rounding
    )
        internal
        pure
        returns (uint256)
    {
        return _scaled(shares, total + VIRTUAL_ASSETS, supply, rounding);
    }

    /// @param free Shares that may leave in cash.
    /// @param cash Cash that nobody waits for, smallest units of the settlement token.
    function withdrawable(uint256 free, uint256 cash, uint256 total, uint256 supply) internal pure returns (uint256) {
        return FixedPointMathLib.min(assetsFor(free, total, supply, Math.Rounding.Floor), cash);
    }

    /// @dev Shares so few that they are worth nothing are not redeemed.
    function redeemable(uint256 free, uint256 cash, uint256 total, uint256 supply)
        internal
        pure
        returns (uint256 most)
    {
        most = FixedPointMathLib.min(free, sharesFor(cash, total, supply, Math.Rounding.Floor));
        return assetsFor(most, total, supply, Math.Rounding.Floor) == 0 ? 0 : most;
    }

    /// @return Worth of requests for this number of shares, smallest units of the settlement token.
    function waiting(uint256 bound, uint256 total, uint256 supply) internal pure returns (uint256) {
        return bound == 0 ? 0 : assetsFor(bound, total, supply, Math.Rounding.Ceil);
    }

    function _scaled(uint256 x, uint256 y, uint256 d, Math.Rounding rounding) private pure returns (uint256) {
        return rounding == Math.Rounding.Ceil
            ? FixedPointMathLib.fullMulDivUp(x, y, d)
            : FixedPointMathLib.fullMulDiv(x, y, d);
    }
}
