// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Sanctioned addresses
/// @notice `isSanctioned` is the function of Chainalysis' oracle, which wallets and protocols already call. A change is
/// one batch of additions and removals; it stands in every registry, and so in every token, when its transaction ends.
/// The hash chain lets an auditor prove which list stood at any time: `head` after a batch is keccak256(abi.encode(head
/// before, version, added, removed, source)).
interface ISanctionsList {
    /// @param version Number of the batch, 1 for the first one.
    /// @param source Hash of the published list (OFAC, UN, ...) that the batch brings the chain to.
    event SanctionsChanged(
        uint64 indexed version, address[] added, address[] removed, bytes32 indexed source, bytes32 head
    );
    event RegistryAdded(address indexed registry);
    event RegistryRemoved(address indexed registry);

    error SanctionsList__AlreadyListed(address account);
    error SanctionsList__NotListed(address account);
    error SanctionsList__ZeroAccount();
    error SanctionsList__EmptyBatch();
    /// @dev The batch was made from another state of the list.
    error SanctionsList__WrongVersion(uint64 version, uint64 current);
    error SanctionsList__KnownRegistry(address registry);
    error SanctionsList__UnknownRegistry(address registry);
    error SanctionsList__TooManyRegistries(uint256 most);
    /// @dev The list changed while the registry was removed, so that it would miss entries. Its tokens need a new
    /// registry.
    error SanctionsList__MissedChanges(address registry);

    /// @notice Adds accounts, at once and everywhere. Role: COMPLIANCE_OFFICER. At worst: stops a right holder.
    /// @param version The list's version before the batch.
    function sanction(uint64 version, address[] calldata accounts, bytes32 source) external;

    /// @notice Takes accounts off the list. Role: COMPLIANCE_OFFICER_DELAYED. At worst, after the delay: frees a
    /// sanctioned holder.
    /// @param version The list's version before the batch.
    function lift(uint64 version, address[] calldata accounts, bytes32 source) external;

    /// @notice Tells a registry of every later change. Role: FACTORY. Earlier entries reach an account when the
    /// registry first writes it. A registry that was removed comes back only if the list has not changed since.
    function addRegistry(address registry) external;

    /// @notice Forgets a registry that no token uses any more. Role: ADMIN. At worst: sanctions no longer reach its
    /// tokens.
    function removeRegistry(address registry) external;

    /// @notice Returns true if the account is on the list.
    function isSanctioned(address account) external view returns (bool);

    /// @return Number of batches so far.
    function version() external view returns (uint64);

    /// @return Head of the hash chain over all batches; zero before the first batch.
    function head() external view returns (bytes32);

    /// @return Registries that are told of changes.
    function registries() external view returns (address[] memory);
}

/// @title Contract that the list informs of its changes
interface ISanctionsListener {
    /// @notice Marks accounts as sanctioned or no longer so. Only the list may call it.
    function onSanctions(address[] calldata accounts, bool sanctioned) external;
}
