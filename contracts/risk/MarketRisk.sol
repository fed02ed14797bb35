// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DynamicArrayLib} from "solady/src/utils/DynamicArrayLib.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {PackedCovariance} from "../math/PackedCovariance.sol";
import {ICovarianceModels} from "interfaces/risk/ICovarianceModels.sol";

/// @title Risk numbers of holdings under a model
/// @notice The functions are pure: values in, numbers out. Asset 0 is cash.
library MarketRisk {
    using DynamicArrayLib for uint256[];

    uint256 private constant _WAD = 1e18;
    uint256 private constant _RAY = 1e27;

    /// @param matrix Packed covariance of the universe.
    /// @param indices One byte per asset: its index in the universe.
    struct Model {
        ICovarianceModels.LiveModel live;
        bytes matrix;
        bytes32 indices;
    }

    /// @notice Risk numbers of holdings, WAD of NAV.
    /// @param components Component VaR99 of each asset; empty unless asked for.
    struct Exposure {
        uint256 nav;
        uint256 volatility;
        uint256 var95;
        uint256 var99;
        uint256 es975;
        uint256 herfindahl;
        uint256 leverage;
        uint256[] weights;
        int256[] components;
    }

    /// @param values WAD USD of each asset.
    /// @param withComponents True to compute component VaR, which takes about twice the arithmetic.
    function measure(
        uint256[] memory values,
        Model memory model,
        bool withComponents
    )
        internal
        pure
        returns (Exposure memory e)
    {
        uint256[] memory weights;
        (weights, e.nav) = weigh(values);
        (uint256 leverage, uint256 herfindahl) = (0, 0);
        for (uint256 k = 1; k < weights.length; ++k) {
            uint256 weight = weights.get(k);
            leverage += weight;
            herfindahl += FixedPointMathLib.mulWadUp(weight, weight);
        }
        (e.weights, e.leverage, e.herfindahl) = (weights, leverage, herfindahl);
        uint256[] memory spread = spreadOut(weights, model);
        if (withComponents) {
            _components(e, model, spread);
        } else {
            _tails(e, model, PackedCovariance.rayVolatility(model.matrix, spread));
        }
    }

    /// @return weights WAD of the sum; all zero if the sum is.
    /// @return nav Sum of the values, WAD USD.
    function weigh(uint256[] memory values) internal pure returns (uint256[] memory weights, uint256 nav) {
        weights = new uint256[](values.length);
        for (uint256 k; k < values.length; ++k) {
            nav += values.get(k);
        }
        if (nav == 0) return (weights, 0);
        for (uint256 k; k < values.length; ++k) {
            weights = weights.set(k, FixedPointMathLib.fullMulDiv(values.get(k), _WAD, nav));
        }
    }

    /// @return spread Weights in the order of the universe.
    function spreadOut(uint256[] memory weights, Model memory model) internal pure returns (uint256[] memory spread) {
        spread = new uint256[](model.live.size);
        bytes32 indices = model.indices;
        for (uint256 k = 1; k < weights.length; ++k) {
            spread[uint8(indices[k])] = weights.get(k);
        }
    }

    /// @return largest Largest of the components; zero if none is positive.
    function maxComponent(int256[] memory components) internal pure returns (uint256 largest) {
        for (uint256 k; k < components.length; ++k) {
            if (components[k] > int256(largest)) largest = uint256(components[k]);
        }
    }

    function _tails(Exposure memory e, Model memory model, uint256 ray) private pure {
        e.volatility = FixedPointMathLib.divUp(ray, _RAY / _WAD);
        e.var95 = FixedPointMathLib.fullMulDivUp(ray, model.live.z95, _RAY);
        e.var99 = FixedPointMathLib.fullMulDivUp(ray, model.live.z99, _RAY);
        e.es975 = FixedPointMathLib.fullMulDivUp(ray, model.live.es975, _RAY);
    }

    /// @dev Part i is z w_i (S w)_i / sigma (Euler's theorem; Jorion, Value at Risk, 3rd ed. 2006, section 7.2). The
    /// largest takes the rest of the rounding, so that the parts sum to VaR99.
    function _components(Exposure memory e, Model memory model, uint256[] memory spread) private pure {
        (int256[] memory row, uint256 form) = PackedCovariance.product(model.matrix, spread);
        uint256 ray = FixedPointMathLib.sqrt(form);
        _tails(e, model, ray);
        e.components = new int256[](e.weights.length);
        if (ray == 0) return;
        int256 sum;
        uint256 largest = 1;
        for (uint256 k = 1; k < e.weights.length; ++k) {
            // w (S w) is 1e54 and below 2^253, sigma 1e27, z 1e18: each part WAD.
            int256 part = row[uint8(model.indices[k])] * int256(e.weights[k]);
            uint256 size = FixedPointMathLib.fullMulDiv(FixedPointMathLib.abs(part), model.live.z99, ray * _RAY);
            e.components[k] = part < 0 ? -int256(size) : int256(size);
            sum += e.components[k];
            if (e.components[k] > e.components[largest]) largest = k;
        }
        e.components[largest] += int256(e.var99) - sum;
    }
}
