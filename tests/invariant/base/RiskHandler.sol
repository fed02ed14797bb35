// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {PackedCovariance} from "contracts/math/PackedCovariance.sol";
import {RiskLimits} from "contracts/risk/RiskLimits.sol";
import {ISignerSets} from "interfaces/access/ISignerSets.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {ICovarianceModels} from "interfaces/risk/ICovarianceModels.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";

/// @title All accounts that may touch risk without waiting, each of them hostile
/// @notice Records what the invariants ask about.
contract RiskHandler is Test {
    address public constant MANAGER = address(0xA11CE1);
    address public constant GUARDIAN = address(0x6A2D);
    uint256 private constant _COOLING = 12 hours;
    bytes32 private constant _UNIVERSE = "universe";

    IPortfolio private immutable _portfolio;
    IRiskEngine private immutable _risk;
    ICovarianceModels private immutable _models;
    uint256 private immutable _riskKey;

    uint256 private _firstPost;
    uint256 private _lastPost;
    IRiskEngine.Limits private _tightest;
    IRiskEngine.Limits private _seen;
    ICovarianceModels.CovarianceModel private _last;
    bool private _posted;
    uint256 public unauthorisedFalls;
    uint256 public replaysPassed;

    constructor(IPortfolio portfolio, IRiskEngine risk, ICovarianceModels models, uint256 riskKey) {
        (_portfolio, _risk, _models, _riskKey) = (portfolio, risk, models, riskKey);
        _tightest = risk.limitsOf(address(portfolio));
        (_firstPost, _lastPost) = (vm.getBlockTimestamp(), vm.getBlockTimestamp());
    }

    // -- The manager and the guardian --------------------------------------------------------------------------------

    /// @notice Proposes, as the manager, limits with one field changed, up or down.
    function tighten(uint256 field, uint256 partBps) external {
        IRiskEngine.Limits memory limits = _changed(_risk.limitsOf(address(_portfolio)), field, partBps);
        vm.prank(MANAGER);
        try _risk.tightenLimits(address(_portfolio), limits) {} catch {}
        _note();
    }

    /// @notice Tries, as the manager, a change that it would have to wait for.
    function loosen(uint256 seed) external {
        vm.startPrank(MANAGER);
        if (seed % 4 == 0) try _risk.setLimits(address(_portfolio), RiskLimits.none()) {} catch {}
        if (seed % 4 == 1) try _risk.setFloors(RiskLimits.none()) {} catch {}
        if (seed % 4 == 2) try _risk.reopen(address(_portfolio)) {} catch {}
        if (seed % 4 == 3) try _risk.resetHighWaterMark(address(_portfolio)) {} catch {}
        vm.stopPrank();
    }

    function tightenFloors(uint256 field, uint256 partBps) external {
        IRiskEngine.Limits memory floors = _changed(_risk.floors(), field, partBps);
        vm.prank(GUARDIAN);
        try _risk.tightenFloors(floors) {} catch {}
        _note();
    }

    function guard(uint256 seed) external {
        IRiskEngine.State before = _risk.stateOf(address(_portfolio));
        vm.prank(GUARDIAN);
        if (seed % 8 == 7) {
            try _risk.shutdown(address(_portfolio)) {} catch {}
        } else {
            try _risk.deRisk(address(_portfolio)) {} catch {}
        }
        if (_risk.stateOf(address(_portfolio)) < before) ++unauthorisedFalls;
    }

    // -- Anyone -------------------------------------------------------------------------------------------------------

    function trip() external {
        IRiskEngine.State before = _risk.stateOf(address(_portfolio));
        try _risk.trip(address(_portfolio)) {} catch {}
        if (_risk.stateOf(address(_portfolio)) < before) ++unauthorisedFalls;
    }

    function recover() external {
        IRiskEngine.State before = _risk.stateOf(address(_portfolio));
        (bool held, uint40 since,) = _risk.breakerOf(address(_portfolio));
        try _risk.recover(address(_portfolio)) {} catch {}
        if (_risk.stateOf(address(_portfolio)) >= before) return;
        bool waited = since != 0 && vm.getBlockTimestamp() - since >= _COOLING;
        if (held || before == IRiskEngine.State.Halted || !waited) ++unauthorisedFalls;
    }

    function wait(uint256 time) external {
        vm.roll(vm.getBlockNumber() + time % 12);
        vm.warp(vm.getBlockTimestamp() + bound(time, 1 hours, 30 hours));
    }

    // -- The stolen desk ----------------------------------------------------------------------------------------------

    /// @notice Posts the last model with every entry lower by up to a tenth of the variance, or higher by up to a
    /// third.
    function post(uint256 seed, uint256 bps) external {
        ICovarianceModels.ModelInfo memory info = _models.modelOf(_UNIVERSE);
        int256 change = seed % 5 < 3 ? -int256(bound(bps, 0, 1000)) : int256(bound(bps, 0, 3333));
        bytes memory matrix = SSTORE2.read(info.pointer);
        int256 variance = PackedCovariance.load(matrix, 0);
        ICovarianceModels.CovarianceModel memory model;
        (model.universe, model.nonce) = (_UNIVERSE, info.nonce + 1);
        model.asOf = uint40(vm.getBlockTimestamp());
        model.expiry = model.asOf + 10 days;
        (model.z95, model.z99, model.es975) = (info.z95, info.z99, info.es975);
        model.covariance = new int64[](6);
        for (uint256 k; k < 6; ++k) {
            int256 entry = PackedCovariance.load(matrix, k) + variance * change / 10_000;
            model.covariance[k] = int64(entry);
        }
        try _models.postModel(model, _sign(_models.hashModel(model))) {
            (_last, _posted, _lastPost) = (model, true, vm.getBlockTimestamp());
        } catch {}
    }

    function replay() external {
        if (!_posted) return;
        try _models.postModel(_last, _sign(_models.hashModel(_last))) {
            ++replaysPassed;
        } catch {}
    }

    // -- For the invariants -------------------------------------------------------------------------------------------

    function tightest() external view returns (IRiskEngine.Limits memory) {
        return _tightest;
    }

    /// @return variance Variance of the first asset now, 1e18 = 1.
    /// @return steps Maximum number of steps that the time from the first model to the last allows.
    function drift() external view returns (uint256 variance, uint256 steps) {
        bytes memory matrix = SSTORE2.read(_models.modelOf(_UNIVERSE).pointer);
        variance = uint256(PackedCovariance.load(matrix, 0));
        steps = (_lastPost - _firstPost) / 20 hours;
    }

    // -- Internals ----------------------------------------------------------------------------------------------------

    function _note() private {
        _seen = _risk.limitsOf(address(_portfolio));
        _tightest = RiskLimits.tighter(_tightest, _seen);
    }

    /// @dev Returns half to one and a half times the value; the signed last field moves by as much.
    function _changed(
        IRiskEngine.Limits memory limits,
        uint256 k,
        uint256 partBps
    )
        private
        pure
        returns (IRiskEngine.Limits memory)
    {
        k = k % RiskLimits.FIELDS;
        partBps = bound(partBps, 5000, 15_000);
        int256 value = RiskLimits.field(limits, k) * int256(partBps) / 10_000;
        int256 most = k == 13 ? int256(255) : k == 14 ? int256(32_767) : int256(65_535);
        if (value > most) value = most;
        if (value < -32_768) value = -32_768;
        assembly ("memory-safe") {
            mstore(add(limits, shl(5, k)), value)
        }
        return limits;
    }

    function _sign(bytes32 digest) private view returns (ISignerSets.Signature[] memory signatures) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_riskKey, digest);
        signatures = new ISignerSets.Signature[](1);
        signatures[0] = ISignerSets.Signature(vm.addr(_riskKey), abi.encodePacked(r, s, v));
    }
}
