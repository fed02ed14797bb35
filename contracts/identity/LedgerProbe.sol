// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";

/// @title Recognises venues that keep a ledger which anyone can hold
/// @notice Uniswap V4's PoolManager keeps ERC-6909 claims, Balancer V2's Vault keeps internal balances, and an ERC-4626
/// vault issues shares. A regulated token that such a contract holds may belong to a stranger, whom no rule of the
/// token sees.
contract LedgerProbe {
    /// @dev Enough for a view of a few slots, so that no account can spend an officer's gas.
    uint256 private constant _GAS = 60_000;
    /// @dev A call passes on 63/64 of what is left: with less than this, an account that answers honestly could seem mute.
    uint256 private constant _NEEDED_GAS = 65_000;
    bytes4 private constant _ERC6909 = 0x0f632fb3;
    bytes4 private constant _ERC1155 = 0xd9b67a26;

    /// @return True if the account answers like one of these contracts. A contract that hides its ledger is not
    /// recognised.
    function keepsSharedLedger(address account) external view returns (bool) {
        if (account.code.length == 0) return false;
        return _answer(account, abi.encodeCall(IERC165.supportsInterface, (_ERC6909))) == 1
            || _answer(account, abi.encodeCall(IERC165.supportsInterface, (_ERC1155))) == 1
            // An array of no balances: its offset of 32 bytes comes first.
            || _answer(
                account, abi.encodeWithSignature("getInternalBalance(address,address[])", account, new address[](0))
            ) == 32
            || (_answer(account, abi.encodeCall(IERC4626.asset, ())) != 0
                && _answer(account, abi.encodeCall(IERC4626.convertToShares, (1 ether))) != 0);
    }

    /// @return word First word of the answer; 0 if there is none.
    function _answer(address account, bytes memory data) private view returns (uint256 word) {
        if (gasleft() < _NEEDED_GAS) {
            revert IIdentityRegistry.IdentityRegistry__NotEnoughGas(_NEEDED_GAS, gasleft());
        }
        assembly ("memory-safe") {
            mstore(0, 0)
            let passed := staticcall(_GAS, account, add(data, 32), mload(data), 0, 32)
            if and(passed, gt(returndatasize(), 31)) { word := mload(0) }
        }
    }
}
