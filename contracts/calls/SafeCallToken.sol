// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ERC-20 calls that cannot take their caller down
/// @notice A token that reverts, burns all gas it gets or returns megabytes costs at most a bounded amount of gas.
library SafeCallToken {
    /// @dev Gas that is enough for any token that is worth listing; the rest of the redemption keeps what it needs.
    uint256 private constant _GAS = 500_000;

    /// @return ok True if the token took the transfer, by the rules of OpenZeppelin's SafeERC20.
    function transfer(address token, address to, uint256 amount) internal returns (bool ok) {
        bytes memory data = abi.encodeWithSignature("transfer(address,uint256)", to, amount);
        assembly ("memory-safe") {
            mstore(0, 0)
            ok := call(_GAS, token, 0, add(data, 32), mload(data), 0, 32)
            // Nothing returned counts as true if there is a contract; else the word has to be exactly 1.
            switch returndatasize()
            case 0 { ok := and(ok, gt(extcodesize(token), 0)) }
            default { ok := and(ok, and(gt(returndatasize(), 31), eq(mload(0), 1))) }
        }
    }

    /// @return ok True if the token answered.
    /// @return amount Smallest units, 0 if it did not.
    function balanceOf(address token, address account) internal view returns (bool ok, uint256 amount) {
        bytes memory data = abi.encodeWithSignature("balanceOf(address)", account);
        assembly ("memory-safe") {
            ok := staticcall(_GAS, token, add(data, 32), mload(data), 0, 32)
            ok := and(ok, gt(returndatasize(), 31))
            if ok { amount := mload(0) }
        }
    }
}
