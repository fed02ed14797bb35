// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    ERC20PermitUpgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC20PermitUpgradeable.sol";

import {IComplianceAwareToken} from "interfaces/tokens/IComplianceAwareToken.sol";
import {IERC7943Fungible} from "interfaces/tokens/IERC7943Fungible.sol";

/// @title Balances with their frozen parts, one slot per holder
/// @notice OpenZeppelin's ERC-20 with permit, its balances replaced. Names can change, and the permit's domain with
/// them. The contract moves nothing on its own: the token decides which accounts may.
abstract contract PackedHoldings is ERC20PermitUpgradeable {
    uint256 private constant _MASK = type(uint120).max;
    uint256 private constant _FROZEN_SHIFT = 120;
    uint256 private constant _WALLET_FROZEN = 1 << 240;

    /// @dev Balance in bits 0-119, frozen amount in 120-239, "wallet frozen" in 240.
    mapping(address account => uint256) private _holdings;
    uint256 private _supply;
    string private _name;
    string private _symbol;

    /// @notice Returns the name of the token.
    function name() public view override returns (string memory) {
        return _name;
    }

    /// @notice Returns the symbol of the token.
    function symbol() public view override returns (string memory) {
        return _symbol;
    }

    /// @notice Returns the smallest units that exist; at most 2^120 - 1.
    function totalSupply() public view virtual override returns (uint256) {
        return _supply;
    }

    /// @notice Returns the smallest units of `account`, frozen ones included.
    function balanceOf(address account) public view virtual override returns (uint256) {
        return _holdings[account] & _MASK;
    }

    function _frozenOf(address account) internal view returns (uint256) {
        return _frozen(_holdings[account]);
    }

    function _isWalletFrozen(address account) internal view returns (bool) {
        return _holdings[account] & _WALLET_FROZEN != 0;
    }

    function _setNames(string memory name_, string memory symbol_) internal {
        if (bytes(name_).length == 0 || bytes(symbol_).length == 0) {
            revert IComplianceAwareToken.ComplianceAwareToken__EmptyName();
        }
        (_name, _symbol) = (name_, symbol_);
    }

    /// @dev Returns the part of the balance that is not frozen, smallest units.
    function _free(address account) internal view returns (uint256) {
        return _freeOf(_holdings[account]);
    }

    /// @dev Moves what is free between wallets that are not frozen. The caller emits the event.
    /// @return fromBalance After it.
    /// @return toBalance After it.
    function _moveFree(address from, address to, uint256 amount) internal returns (uint256, uint256) {
        uint256 sender = _holdings[from];
        uint256 receiver = _holdings[to];
        if (sender & _WALLET_FROZEN != 0) revert IComplianceAwareToken.ComplianceAwareToken__WalletFrozen(from);
        if (receiver & _WALLET_FROZEN != 0) revert IComplianceAwareToken.ComplianceAwareToken__WalletFrozen(to);
        _requireFree(from, sender, amount);
        if (from == to) return (sender & _MASK, sender & _MASK);
        // Neither under- nor overflows its 120 bits: the balance is there, and the supply fits.
        unchecked {
            sender -= amount;
            receiver += amount;
        }
        (_holdings[from], _holdings[to]) = (sender, receiver);
        return (sender & _MASK, receiver & _MASK);
    }

    /// @dev Takes an amount from `from`, and unfreezes the part that is not free.
    function _take(address from, uint256 amount) internal returns (uint256 balance) {
        uint256 word = _holdings[from];
        balance = word & _MASK;
        if (amount > balance) revert ERC20InsufficientBalance(from, balance, amount);
        uint256 free = _freeOf(word);
        // The balance is there; whatever of it is not free is frozen.
        unchecked {
            if (amount > free) word = _withFrozen(from, word, _frozen(word) - (amount - free));
            balance -= amount;
            _holdings[from] = word - amount;
        }
    }

    /// @dev Gives an amount to a wallet that is not frozen. The supply bounds every balance, so that it fits its bits.
    function _give(address to, uint256 amount) internal returns (uint256) {
        uint256 word = _holdings[to];
        if (word & _WALLET_FROZEN != 0) revert IComplianceAwareToken.ComplianceAwareToken__WalletFrozen(to);
        unchecked {
            word += amount;
        }
        _holdings[to] = word;
        return word & _MASK;
    }

    function _increaseSupply(uint256 amount) internal {
        uint256 supply = _supply;
        if (amount > _MASK - supply) revert IComplianceAwareToken.ComplianceAwareToken__SupplyTooLarge(amount);
        _supply = supply + amount;
    }

    function _decreaseSupply(uint256 amount) internal {
        _supply -= amount;
    }

    function _freeze(address account, uint256 amount) internal {
        uint256 word = _holdings[account];
        _requireFree(account, word, amount);
        _holdings[account] = _withFrozen(account, word, _frozen(word) + amount);
    }

    function _unfreeze(address account, uint256 amount) internal {
        uint256 word = _holdings[account];
        uint256 frozen = _frozen(word);
        if (amount > frozen) revert IComplianceAwareToken.ComplianceAwareToken__NotFrozen(account, frozen, amount);
        _holdings[account] = _withFrozen(account, word, frozen - amount);
    }

    /// @dev Sets the frozen amount, for any balance.
    function _setFrozen(address account, uint256 amount) internal {
        if (amount > _MASK) revert IComplianceAwareToken.ComplianceAwareToken__SupplyTooLarge(amount);
        _holdings[account] = _withFrozen(account, _holdings[account], amount);
    }

    /// @dev ERC-3643's events report changes, ERC-7943's report the amount afterwards.
    function _withFrozen(address account, uint256 word, uint256 amount) private returns (uint256) {
        uint256 frozen = _frozen(word);
        if (amount >= frozen) emit IComplianceAwareToken.TokensFrozen(account, amount - frozen);
        else emit IComplianceAwareToken.TokensUnfrozen(account, frozen - amount);
        emit IERC7943Fungible.Frozen(account, amount);
        return (word & ~(_MASK << _FROZEN_SHIFT)) | (amount << _FROZEN_SHIFT);
    }

    function _setWalletFrozen(address account, bool frozen) internal {
        uint256 word = _holdings[account] & ~_WALLET_FROZEN;
        _holdings[account] = frozen ? word | _WALLET_FROZEN : word;
        emit IComplianceAwareToken.AddressFrozen(account, frozen, msg.sender);
    }

    function _requireFree(address account, uint256 word, uint256 amount) private pure {
        uint256 balance = word & _MASK;
        if (amount > balance) revert ERC20InsufficientBalance(account, balance, amount);
        uint256 free = _freeOf(word);
        if (amount > free) revert IERC7943Fungible.ERC7943InsufficientUnfrozenBalance(account, amount, free);
    }

    function _freeOf(uint256 word) private pure returns (uint256) {
        (uint256 balance, uint256 frozen) = (word & _MASK, _frozen(word));
        return frozen < balance ? balance - frozen : 0;
    }

    function _frozen(uint256 word) private pure returns (uint256) {
        return (word >> _FROZEN_SHIFT) & _MASK;
    }

    /// @dev A wallet takes the domain's name from `name()`.
    function _EIP712Name() internal view override returns (string memory) {
        return _name;
    }
}
