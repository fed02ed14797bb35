// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PackedCovariance} from "../math/PackedCovariance.sol";
import {MarketRisk} from "../risk/MarketRisk.sol";
import {RiskLimits} from "../risk/RiskLimits.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";

/// @title The risk libraries' functions as calls
/// @notice Harness for differential tests against numpy, and for the bench: gas between two readings of `gasleft`.
contract PackedCovarianceHarness {
    address public stored;

    function volatility(int64[] calldata covariance, uint256[] calldata weights) external pure returns (uint256) {
        return PackedCovariance.volatility(PackedCovariance.pack(covariance), weights);
    }

    function rayVolatility(int64[] calldata covariance, uint256[] calldata weights) external pure returns (uint256) {
        return PackedCovariance.rayVolatility(PackedCovariance.pack(covariance), weights);
    }

    function quadraticForm(int64[] calldata covariance, uint256[] calldata weights) external pure returns (uint256) {
        return PackedCovariance.quadraticForm(PackedCovariance.pack(covariance), weights);
    }

    function product(
        int64[] calldata covariance,
        uint256[] calldata weights
    )
        external
        pure
        returns (int256[] memory row, uint256 form)
    {
        return PackedCovariance.product(PackedCovariance.pack(covariance), weights);
    }

    /// @param values WAD USD, cash first, then the assets of the matrix in its order.
    function measure(
        int64[] calldata covariance,
        uint256[] calldata values,
        uint64[3] calldata tails
    )
        external
        pure
        returns (MarketRisk.Exposure memory)
    {
        return MarketRisk.measure(values, _model(covariance, values.length, tails), true);
    }

    /// @notice Numbers of many books under one model, and whether any of them is outside of limits.
    /// @param books WAD USD of each book's assets, cash first, then the assets of the matrix in its order.
    /// @param partBps Part of each limit that counts, basis points.
    /// @return numbers VaR95, VaR99, ES97.5, volatility, Herfindahl index, leverage, largest weight and largest component
    /// of each book, WAD.
    /// @return breached True for each book that is outside of a limit.
    function measureMany(
        int64[] calldata covariance,
        uint256[][] calldata books,
        uint64[3] calldata tails,
        IRiskEngine.Limits calldata limits,
        uint256 partBps
    )
        external
        pure
        returns (uint256[8][] memory numbers, bool[] memory breached)
    {
        MarketRisk.Model memory model = _model(covariance, books[0].length, tails);
        numbers = new uint256[8][](books.length);
        breached = new bool[](books.length);
        for (uint256 k; k < books.length; ++k) {
            MarketRisk.Exposure memory e = MarketRisk.measure(books[k], model, true);
            uint256 largest;
            for (uint256 j = 1; j < e.weights.length; ++j) {
                largest = FixedPointMathLib.max(largest, e.weights[j]);
            }
            IRiskEngine.Metrics memory m;
            (m.var95, m.var99, m.es975, m.volatility) = (e.var95, e.var99, e.es975, e.volatility);
            (m.herfindahl, m.leverage, m.maxWeight) = (e.herfindahl, e.leverage, largest);
            m.maxComponent = MarketRisk.maxComponent(e.components);
            numbers[k] = [m.var95, m.var99, m.es975, m.volatility, m.herfindahl, m.leverage, largest, m.maxComponent];
            (breached[k],,,) = RiskLimits.firstOutside(limits, m, partBps);
        }
    }

    /// @notice Keeps a matrix.
    function store(int64[] calldata covariance) external {
        stored = SSTORE2.write(PackedCovariance.pack(covariance));
    }

    /// @notice Measures w' S w of the stored matrix, reading included.
    function packedGas(uint256[] memory weights) external view returns (uint256 form, uint256 spent) {
        uint256 before = gasleft();
        form = PackedCovariance.quadraticForm(SSTORE2.read(stored), weights);
        spent = before - gasleft();
    }

    /// @notice Measures the form as a plain loop over an `int256[][]` that is in memory already: reading it from
    /// storage, 2,100 gas per entry, is not counted.
    function plainGas(uint256[] memory weights) external view returns (uint256 form, uint256 spent) {
        uint256 n = weights.length;
        bytes memory packed = SSTORE2.read(stored);
        int256[][] memory matrix = new int256[][](n);
        for (uint256 i; i < n; ++i) {
            matrix[i] = new int256[](n);
        }
        uint256 index;
        for (uint256 i; i < n; ++i) {
            for (uint256 j = i; j < n; ++j) {
                matrix[i][j] = matrix[j][i] = PackedCovariance.load(packed, index++);
            }
        }
        uint256 before = gasleft();
        int256 total;
        for (uint256 i; i < n; ++i) {
            for (uint256 j; j < n; ++j) {
                total += int256(weights[i]) * matrix[i][j] * int256(weights[j]);
            }
        }
        form = uint256(total);
        spent = before - gasleft();
    }

    /// @dev Returns a model whose universe is the portfolio's: `assets` counts cash.
    function _model(
        int64[] calldata covariance,
        uint256 assets,
        uint64[3] calldata tails
    )
        private
        pure
        returns (MarketRisk.Model memory model)
    {
        model.matrix = PackedCovariance.pack(covariance);
        model.live.size = uint8(assets - 1);
        (model.live.z95, model.live.z99, model.live.es975) = (tails[0], tails[1], tails[2]);
        uint256 indices;
        for (uint256 k = 1; k < assets; ++k) {
            indices |= (k - 1) << (248 - 8 * k);
        }
        model.indices = bytes32(indices);
    }
}
