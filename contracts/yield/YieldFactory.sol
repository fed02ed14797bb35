// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {YieldOptimizer} from "./YieldOptimizer.sol";
import {YieldTerms} from "./YieldTerms.sol";
import {IYieldFactory} from "interfaces/yield/IYieldFactory.sol";
import {IYieldOptimizer} from "interfaces/yield/IYieldOptimizer.sol";

/// @title Creates and governs yield optimizers
/// @notice See {IYieldFactory}.
contract YieldFactory is IYieldFactory, AccessManaged {
    using YieldTerms for IYieldOptimizer.OptimizerTerms;

    uint16 private constant _BPS = 10_000;

    /// @inheritdoc IYieldFactory
    address public immutable implementation;
    /// @inheritdoc IYieldFactory
    mapping(address optimizer => bool) public isOptimizer;

    constructor(address authority_, address planner) AccessManaged(authority_) {
        implementation = address(new YieldOptimizer(planner));
    }

    /// @inheritdoc IYieldFactory
    function createOptimizer(
        IYieldOptimizer.InitParams calldata params,
        bytes32 salt
    )
        external
        restricted
        returns (address optimizer)
    {
        _requireValid(params.terms);
        optimizer = Clones.cloneDeterministic(implementation, salt);
        isOptimizer[optimizer] = true;
        IYieldOptimizer(optimizer).initialize(params);
        emit OptimizerCreated(optimizer, params.asset);
    }

    // -- Loosening ---------------------------------------------------------------------------------------------------

    /// @inheritdoc IYieldFactory
    function addStrategy(address optimizer, address strategy, uint16 capBps) external restricted {
        if (capBps > _BPS) revert YieldFactory__InvalidCap(strategy, capBps);
        _existing(optimizer).addStrategy(strategy, capBps);
    }

    /// @inheritdoc IYieldFactory
    function setCap(address optimizer, address strategy, uint16 capBps) external restricted {
        if (capBps > _BPS) revert YieldFactory__InvalidCap(strategy, capBps);
        _existing(optimizer).setCap(strategy, capBps);
    }

    /// @inheritdoc IYieldFactory
    function setTerms(address optimizer, IYieldOptimizer.OptimizerTerms calldata terms) external restricted {
        _requireValid(terms);
        _existing(optimizer).setTerms(terms);
    }

    /// @inheritdoc IYieldFactory
    function restoreStrategy(address optimizer, address strategy) external restricted {
        _existing(optimizer).restore(strategy);
    }

    /// @inheritdoc IYieldFactory
    function removeStrategy(address optimizer, address strategy) external restricted {
        _existing(optimizer).removeStrategy(strategy);
    }

    /// @inheritdoc IYieldFactory
    function reopen(address optimizer) external restricted {
        _existing(optimizer).reopen();
    }

    // -- Tightening --------------------------------------------------------------------------------------------------

    /// @inheritdoc IYieldFactory
    function tightenCap(address optimizer, address strategy, uint16 capBps) external restricted {
        IYieldOptimizer target = _existing(optimizer);
        uint16 current = target.strategyOf(strategy).capBps;
        if (capBps > current) revert YieldFactory__CapNotTighter(strategy, current, capBps);
        target.setCap(strategy, capBps);
    }

    /// @inheritdoc IYieldFactory
    function tightenTerms(address optimizer, IYieldOptimizer.OptimizerTerms calldata terms) external restricted {
        IYieldOptimizer target = _existing(optimizer);
        IYieldOptimizer.OptimizerTerms memory current = target.terms();
        if (current.loosenedBy(terms)) revert YieldFactory__TermsNotTighter(current, terms);
        _requireValid(terms);
        target.setTerms(terms);
    }

    /// @inheritdoc IYieldFactory
    function cutStrategy(address optimizer, address strategy) external restricted {
        _existing(optimizer).cut(strategy);
    }

    /// @inheritdoc IYieldFactory
    function emergencyExit(address optimizer) external restricted {
        _existing(optimizer).emergencyExit();
    }

    /// @inheritdoc IYieldFactory
    function addressOf(bytes32 salt) external view returns (address) {
        return Clones.predictDeterministicAddress(implementation, salt);
    }

    function _requireValid(IYieldOptimizer.OptimizerTerms calldata terms) private pure {
        if (!terms.valid()) revert YieldFactory__InvalidTerms(terms);
    }

    function _existing(address optimizer) private view returns (IYieldOptimizer) {
        if (!isOptimizer[optimizer]) revert YieldFactory__NotAnOptimizer(optimizer);
        return IYieldOptimizer(optimizer);
    }
}
