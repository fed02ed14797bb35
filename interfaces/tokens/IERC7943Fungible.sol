// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @title ERC-7943 (uRWA) for fungible tokens
/// @notice A protocol can ask any regulated token the same questions: whether an account may send or receive at all,
/// and whether a transfer is allowed now. The views never revert. The ERC-165 id is 0x3edbb4c4.
interface IERC7943Fungible is IERC165 {
    /// @notice Tokens were moved by an agent.
    event ForcedTransfer(address indexed from, address indexed to, uint256 amount);

    /// @notice The frozen amount of an account changed.
    /// @param amount Smallest units that are frozen after the change.
    event Frozen(address indexed account, uint256 amount);

    error ERC7943CannotSend(address account);
    error ERC7943CannotReceive(address account);
    error ERC7943CannotTransfer(address from, address to, uint256 amount);
    /// @notice The balance would be enough, but too much of it is frozen.
    /// @param unfrozen Smallest units that are not frozen.
    error ERC7943InsufficientUnfrozenBalance(address account, uint256 amount, uint256 unfrozen);

    /// @notice Moves tokens without the holder, to an eligible account; frozen ones are unfrozen if the rest is not
    /// enough. A transfer to the holder itself changes nothing. Role: COMPLIANCE_OFFICER, or agent.
    /// @return True.
    function forcedTransfer(address from, address to, uint256 amount) external returns (bool);

    /// @notice Sets the frozen amount of an account, in place of the present one; it may be more than the balance, so
    /// that later receipts are frozen too. At most 2^120 - 1. Role: COMPLIANCE_OFFICER, or agent.
    /// @return True.
    function setFrozenTokens(address account, uint256 amount) external returns (bool);

    /// @notice Tells whether the account may send tokens at all: it is neither frozen nor sanctioned, and its
    /// jurisdiction lets tokens out.
    function canSend(address account) external view returns (bool);

    /// @notice Tells whether the account may receive tokens at all: it is eligible and its jurisdiction lets tokens in,
    /// or it is a venue account, which receives from eligible accounts.
    function canReceive(address account) external view returns (bool);

    /// @return Smallest units that are frozen; it may be more than the balance.
    function getFrozenTokens(address account) external view returns (uint256);

    /// @notice Tells whether the rules allow this transfer by its sender now. It does not judge whether the balance is
    /// enough.
    function canTransfer(address from, address to, uint256 amount) external view returns (bool);
}
