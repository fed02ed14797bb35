// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A call handed over to another contract's code
/// @notice A contract that is too large for one address keeps parts elsewhere. They run in its account and see the call
/// as it came.
library Handover {
    /// @dev Ends the present call with the answer of another contract's code.
    function run(address code) internal {
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            let passed := delegatecall(gas(), code, data, calldatasize(), 0, 0)
            returndatacopy(data, 0, returndatasize())
            if iszero(passed) { revert(data, returndatasize()) }
            return(data, returndatasize())
        }
    }
}
