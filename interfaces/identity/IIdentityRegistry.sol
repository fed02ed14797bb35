// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Who a holder is
/// @notice One storage slot a holder: where it lives, what class of investor it is, until when its KYC counts, and flags.
interface IIdentityRegistry {
    enum InvestorClass {
        None,
        Retail,
        Accredited,
        Institutional
    }

    /// @param country ISO 3166-1 numeric, 1 to 999.
    /// @param investorClass Class of investor; None for a venue account.
    /// @param frozen No transfer in, out or on behalf of others while set.
    /// @param venue A pool or router: may hold or move regulated tokens only opposite an eligible account.
    /// @param kycExpiry Unix seconds from which the KYC no longer counts; read on every check.
    struct Identity {
        uint16 country;
        InvestorClass investorClass;
        bool frozen;
        bool venue;
        uint40 kycExpiry;
    }

    event IdentityRegistered(
        address indexed account, uint16 indexed country, InvestorClass investorClass, uint40 kycExpiry
    );
    event IdentityRemoved(address indexed account);
    event AccountFrozen(address indexed account, bool frozen);
    event VenueAccountSet(address indexed account, bool venue);

    error IdentityRegistry__InvalidCountry(uint16 country);
    error IdentityRegistry__InvalidClass();
    error IdentityRegistry__ZeroAccount();
    error IdentityRegistry__AlreadyExpired(uint40 kycExpiry);
    error IdentityRegistry__NotRegistered(address account);
    /// @dev A venue account is no investor and an investor is no venue account.
    error IdentityRegistry__IsVenue(address account);
    error IdentityRegistry__IsInvestor(address account);

    /// @notice Registers or refreshes an investor; a freeze survives it. Role: COMPLIANCE_OFFICER.
    function registerIdentity(address account, uint16 country, InvestorClass investorClass, uint40 kycExpiry) external;

    /// @notice Forgets an investor; a freeze survives it. Role: COMPLIANCE_OFFICER.
    function removeIdentity(address account) external;

    /// @notice Freezes or unfreezes any account, registered or not. Role: COMPLIANCE_OFFICER.
    function setFrozen(address account, bool frozen) external;

    /// @notice Marks a pool or router as venue account, or takes the mark away; a freeze survives both. Role: COMPLIANCE_OFFICER.
    function setVenueAccount(address account, bool venue) external;

    function identityOf(address account) external view returns (Identity memory);

    /// @notice The identity as the one word that it is stored in: country in bits 0-15, class in 16-23, frozen in bit 24,
    /// venue in bit 32, kycExpiry in 40-79.
    function packedIdentityOf(address account) external view returns (uint256);

    /// @notice Both sides of a transfer in one call.
    function packedIdentitiesOf(address first, address second) external view returns (uint256, uint256);
}
