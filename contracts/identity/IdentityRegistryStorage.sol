// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

import {Country} from "./Country.sol";
import {RegistryRecords} from "./RegistryRecords.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";
import {IIdentityRegistryStorage} from "interfaces/identity/IIdentityRegistryStorage.sol";
import {IOnchainId} from "interfaces/identity/IOnchainId.sol";

/// @title ERC-3643's storage of identities, in the registry's account
/// @notice See {IIdentityRegistryStorage}. {IdentityRegistry} hands this code every call that it does not answer itself.
/// Writing goes back to the registry's own functions, in the name of the same caller: nobody can store here what it
/// could not register (decision 243).
contract IdentityRegistryStorage is IIdentityRegistryStorage, RegistryRecords {
    using Address for address;
    using Country for uint16;

    uint256 private constant _MOST_REGISTRIES = 32;
    // The registry has two functions of this name.
    bytes4 private constant _REGISTER = bytes4(keccak256("registerIdentity(address,address,uint16)"));

    address private immutable _self = address(this);
    address private immutable _registry = msg.sender;

    modifier onlyDelegated() {
        if (address(this) == _self) revert IdentityRegistryStorage__NotDelegated();
        _;
    }

    // -- Writing -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IIdentityRegistryStorage
    function addIdentityToStorage(address account, IOnchainId identity, uint16 country) external onlyDelegated {
        _registry.functionDelegateCall(abi.encodeWithSelector(_REGISTER, account, identity, country));
        emit IdentityStored(account, identity);
    }

    /// @inheritdoc IIdentityRegistryStorage
    function removeIdentityFromStorage(address account) external onlyDelegated {
        IOnchainId old = storedIdentity(account);
        _registry.functionDelegateCall(abi.encodeCall(IIdentityRegistry.deleteIdentity, (account)));
        emit IdentityUnstored(account, old);
    }

    /// @inheritdoc IIdentityRegistryStorage
    function modifyStoredInvestorCountry(address account, uint16 country) external onlyDelegated {
        _registry.functionDelegateCall(abi.encodeCall(IIdentityRegistry.updateCountry, (account, country)));
        emit CountryModified(account, country);
    }

    /// @inheritdoc IIdentityRegistryStorage
    function modifyStoredIdentity(address account, IOnchainId identity) external onlyDelegated {
        IOnchainId old = storedIdentity(account);
        _registry.functionDelegateCall(abi.encodeCall(IIdentityRegistry.updateIdentity, (account, identity)));
        emit IdentityModified(old, identity);
    }

    // -- Registries --------------------------------------------------------------------------------------------------

    /// @inheritdoc IIdentityRegistryStorage
    function bindIdentityRegistry(address registry) external onlyDelegated restricted {
        Storage storage $ = _storage();
        if (registry == address(0)) revert IIdentityRegistry.IdentityRegistry__ZeroAccount();
        if ($.agents[registry]) revert IIdentityRegistry.IdentityRegistry__IsAgent(registry);
        // One that was removed as an agent leaves its place.
        for (uint256 i = $.registries.length; i > 0; --i) {
            if (!$.agents[$.registries[i - 1]]) _removeAt($.registries, i - 1);
        }
        if ($.registries.length == _MOST_REGISTRIES) {
            revert IdentityRegistryStorage__TooManyRegistries(_MOST_REGISTRIES);
        }
        $.registries.push(registry);
        $.agents[registry] = true;
        emit IIdentityRegistry.AgentAdded(registry);
        emit IdentityRegistryBound(registry);
    }

    /// @inheritdoc IIdentityRegistryStorage
    function unbindIdentityRegistry(address registry) external onlyDelegated restricted {
        Storage storage $ = _storage();
        uint256 index;
        while (index < $.registries.length && $.registries[index] != registry) ++index;
        if (index == $.registries.length) revert IdentityRegistryStorage__NotBound(registry);
        _removeAt($.registries, index);
        if ($.agents[registry]) {
            $.agents[registry] = false;
            emit IIdentityRegistry.AgentRemoved(registry);
        }
        emit IdentityRegistryUnbound(registry);
    }

    /// @inheritdoc IIdentityRegistryStorage
    function linkedIdentityRegistries() external view returns (address[] memory linked) {
        Storage storage $ = _storage();
        uint256 length = $.registries.length;
        linked = new address[](length + 1);
        linked[0] = address(this);
        uint256 count = 1;
        for (uint256 i; i < length; ++i) {
            if ($.agents[$.registries[i]]) linked[count++] = $.registries[i];
        }
        assembly ("memory-safe") {
            mstore(linked, count)
        }
    }

    // -- Reading -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IIdentityRegistryStorage
    function storedIdentity(address account) public view returns (IOnchainId) {
        return _storage().onchainIds[account];
    }

    /// @inheritdoc IIdentityRegistryStorage
    function storedInvestorCountry(address account) external view returns (uint16) {
        return _storage().identities[account].country.shown();
    }

    function _removeAt(address[] storage registries, uint256 index) private {
        registries[index] = registries[registries.length - 1];
        registries.pop();
    }
}
