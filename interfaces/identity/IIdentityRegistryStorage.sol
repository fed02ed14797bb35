// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IOnchainId} from "./IOnchainId.sol";

/// @title Registry as ERC-3643's storage of identities
/// @notice The address of an {IIdentityRegistry} answers this interface too, so that a registry of another suite can
/// keep its identities there. What such a registry stores is registered: its claims are verified by the rules of this
/// registry, and a freeze or a sanction binds the person. Events of this interface report what came through it; those
/// of {IIdentityRegistry} report everything.
interface IIdentityRegistryStorage {
    event IdentityStored(address indexed investorAddress, IOnchainId indexed identity);
    event IdentityUnstored(address indexed investorAddress, IOnchainId indexed identity);
    event IdentityModified(IOnchainId indexed oldIdentity, IOnchainId indexed newIdentity);
    event CountryModified(address indexed investorAddress, uint16 indexed country);
    event IdentityRegistryBound(address indexed identityRegistry);
    event IdentityRegistryUnbound(address indexed identityRegistry);

    /// @dev The code runs only as a part of a registry.
    error IdentityRegistryStorage__NotDelegated();
    error IdentityRegistryStorage__NotBound(address registry);
    error IdentityRegistryStorage__TooManyRegistries(uint256 most);

    /// @notice Does what {IIdentityRegistry-registerIdentity} does, for whoever may call that.
    function addIdentityToStorage(address account, IOnchainId identity, uint16 country) external;

    /// @notice Does what {IIdentityRegistry-deleteIdentity} does, for whoever may call that.
    function removeIdentityFromStorage(address account) external;

    /// @notice Does what {IIdentityRegistry-updateCountry} does, for whoever may call that.
    function modifyStoredInvestorCountry(address account, uint16 country) external;

    /// @notice Does what {IIdentityRegistry-updateIdentity} does, for whoever may call that.
    function modifyStoredIdentity(address account, IOnchainId identity) external;

    /// @notice Makes a registry of another suite an agent that this one names among {linkedIdentityRegistries}; 32 at
    /// most. At worst, whoever governs it registers and deletes identities as a COMPLIANCE_OFFICER does. Role:
    /// COMPLIANCE_OFFICER_DELAYED.
    function bindIdentityRegistry(address registry) external;

    /// @notice Ends that a registry of another suite is bound and an agent, at once; what it stored stays. Role:
    /// COMPLIANCE_OFFICER.
    function unbindIdentityRegistry(address registry) external;

    /// @return This registry, and those that are bound to it and still agents.
    function linkedIdentityRegistries() external view returns (address[] memory);

    /// @return The ONCHAINID behind a wallet; zero for a venue account or an officer's word.
    function storedIdentity(address account) external view returns (IOnchainId);
    function storedInvestorCountry(address account) external view returns (uint16);
}
