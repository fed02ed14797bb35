// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IYieldOptimizer} from "interfaces/yield/IYieldOptimizer.sol";

/// @title Creates and governs yield optimizers
/// @notice The one place through which their settings change, so that one role mapping and one timelock serve all
/// clones. A call that tightens acts at once; a call that loosens waits out the delay.
interface IYieldFactory {
    event OptimizerCreated(address indexed optimizer, address indexed asset);

    error YieldFactory__NotAnOptimizer(address optimizer);
    error YieldFactory__InvalidTerms(IYieldOptimizer.OptimizerTerms terms);
    error YieldFactory__InvalidCap(address strategy, uint16 capBps);
    error YieldFactory__TermsNotTighter(
        IYieldOptimizer.OptimizerTerms current, IYieldOptimizer.OptimizerTerms proposed
    );
    error YieldFactory__CapNotTighter(address strategy, uint16 currentBps, uint16 proposedBps);

    /// @notice Creates an optimizer without strategies. Role: MANAGER; at worst one that nobody uses.
    function createOptimizer(
        IYieldOptimizer.InitParams calldata params,
        bytes32 salt
    )
        external
        returns (address optimizer);

    /// @notice Lists a strategy. Role: MANAGER_DELAYED; at worst, after the delay, one that steals its cap.
    function addStrategy(address optimizer, address strategy, uint16 capBps) external;

    /// @notice Sets a cap. Role: MANAGER_DELAYED.
    function setCap(address optimizer, address strategy, uint16 capBps) external;

    /// @notice Sets terms. Role: MANAGER_DELAYED.
    function setTerms(address optimizer, IYieldOptimizer.OptimizerTerms calldata terms) external;

    /// @notice Lets a strategy that was cut have money again. Role: MANAGER_DELAYED.
    function restoreStrategy(address optimizer, address strategy) external;

    /// @notice Drops a strategy that owes nothing, or is cut and does not answer. Role: MANAGER_DELAYED; at worst the
    /// holdings of a silent strategy are given up.
    function removeStrategy(address optimizer, address strategy) external;

    /// @notice Ends an emergency exit. Role: MANAGER_DELAYED.
    function reopen(address optimizer) external;

    /// @notice Lowers a cap at once; it moves nothing by itself. Role: MANAGER.
    function tightenCap(address optimizer, address strategy, uint16 capBps) external;

    /// @notice Tightens terms at once. Role: MANAGER; at worst nothing is invested and gains unlock over a year.
    function tightenTerms(address optimizer, IYieldOptimizer.OptimizerTerms calldata terms) external;

    /// @notice Cuts a strategy and calls back what it pays. Role: GUARDIAN; at worst its further earnings are lost.
    function cutStrategy(address optimizer, address strategy) external;

    /// @notice Stops deposits and plans and calls everything back. Role: GUARDIAN; at worst the further earnings of all
    /// strategies are lost.
    function emergencyExit(address optimizer) external;

    /// @return Address at which `createOptimizer` puts the optimizer of this salt.
    function addressOf(bytes32 salt) external view returns (address);

    function isOptimizer(address optimizer) external view returns (bool);
    function implementation() external view returns (address);
}
