// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";

/// @title Limits on the cost of a portfolio's trades
library TradeLimitsLib {
    uint256 private constant _BPS = 10_000;
    uint256 private constant _MAX_FEE_BPS = 10;

    /// @notice Reverts if the list of assets is not the signed one.
    function requireSame(address[] memory assets, bytes32 signedHash) internal pure {
        bytes32 assetsHash;
        assembly ("memory-safe") {
            assetsHash := keccak256(add(assets, 0x20), shl(5, mload(assets)))
        }
        if (assetsHash != signedHash) revert IPortfolio.Portfolio__AssetsChanged(assetsHash, signedHash);
    }

    /// @notice Reverts if an order sells for too little at the oracle's prices.
    /// @param valueIn Sold value, WAD USD.
    /// @param valueOut Value that came in, WAD USD.
    function requireFair(
        address tokenIn,
        address tokenOut,
        uint256 valueIn,
        uint256 valueOut,
        uint256 maxSlippageBps
    )
        internal
        pure
    {
        uint256 kept = FixedPointMathLib.zeroFloorSub(_BPS, maxSlippageBps);
        if (valueOut < FixedPointMathLib.fullMulDivUp(valueIn, kept, _BPS)) {
            revert IPortfolio.Portfolio__SlippageExceeded(tokenIn, tokenOut, valueIn, valueOut, maxSlippageBps);
        }
    }

    /// @notice Returns the executor's fee: basis points of half of the sum of the values' changes. WAD USD, rounded
    /// down.
    function feeValue(
        uint256[] memory valuesBefore,
        uint256[] memory valuesAfter,
        uint256 feeBps
    )
        internal
        pure
        returns (uint256)
    {
        if (feeBps > _MAX_FEE_BPS) revert IPortfolio.Portfolio__FeeTooHigh(feeBps, _MAX_FEE_BPS);
        uint256 moved;
        for (uint256 k; k < valuesBefore.length; ++k) {
            moved += FixedPointMathLib.dist(valuesBefore[k], valuesAfter[k]);
        }
        return moved * feeBps / (2 * _BPS);
    }
}
