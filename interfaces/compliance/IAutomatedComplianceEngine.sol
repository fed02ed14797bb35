// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Rules of regulated tokens
/// @notice Decides who may hold and move a token (I4). An account is eligible for a token if it is registered, not frozen,
/// its KYC has not lapsed, and its country and investor class are allowed. A movement is allowed if
/// - the receiver is eligible, or is a venue account and the sender is eligible;
/// - the sender is not frozen; a venue account sends only to eligible accounts;
/// - a spender other than the sender is eligible or a venue account, and not frozen.
/// Minting checks the receiver. Burning checks only that the holder is not frozen, so that lapsed holders can leave.
interface IAutomatedComplianceEngine {
    enum Reason {
        None,
        RulesNotSet,
        AccountFrozen,
        NotRegistered,
        KycExpired,
        CountryNotAllowed,
        ClassNotAllowed,
        VenueOnlyOppositeEligible
    }

    event RulesOpened(address indexed token, uint16[] countries, uint8 classes);
    event CountriesAllowed(address indexed token, uint16[] countries);
    event CountriesBlocked(address indexed token, uint16[] countries);
    event ClassesAllowed(address indexed token, uint8 classes);
    event ClassesBlocked(address indexed token, uint8 classes);

    /// @param account The account that is refused: sender, receiver or spender.
    error AutomatedComplianceEngine__Refused(address token, address account, Reason reason);
    error AutomatedComplianceEngine__RulesExist(address token);
    error AutomatedComplianceEngine__RulesNotSet(address token);
    error AutomatedComplianceEngine__InvalidCountry(uint16 country);
    error AutomatedComplianceEngine__InvalidClasses(uint8 classes);

    /// @notice Opens the rules of a new token. Role: FACTORY.
    /// @param countries ISO 3166-1 numeric codes that may hold it.
    /// @param classes Bit i stands for IIdentityRegistry.InvestorClass(i); bit 0 (None) is refused.
    function openRules(address token, uint16[] calldata countries, uint8 classes) external;

    /// @notice Lets further countries in. Role: COMPLIANCE_OFFICER_DELAYED.
    function allowCountries(address token, uint16[] calldata countries) external;

    /// @notice Shuts countries out at once. Holders there keep their tokens and may send them to eligible accounts. Role: COMPLIANCE_OFFICER.
    function blockCountries(address token, uint16[] calldata countries) external;

    /// @notice Lets further classes in. Role: COMPLIANCE_OFFICER_DELAYED.
    function allowClasses(address token, uint8 classes) external;

    /// @notice Shuts classes out at once. Role: COMPLIANCE_OFFICER.
    function blockClasses(address token, uint8 classes) external;

    /// @notice Called by a token before every movement; reverts with the account and the reason if it is refused.
    /// @param operator Who moves the tokens: the sender, a spender, or the issuer when minting and burning.
    /// @param from Address zero when minting.
    /// @param to Address zero when burning.
    /// @param amount Smallest units.
    function enforceTransfer(address operator, address from, address to, uint256 amount) external;

    /// @notice The verdict of `enforceTransfer` for any token, without reverting.
    /// @return account The refused account, address zero if allowed.
    /// @return reason None if allowed.
    function checkTransfer(
        address token,
        address operator,
        address from,
        address to,
        uint256 amount
    )
        external
        view
        returns (address account, Reason reason);

    /// @notice Whether `account` may hold `token` now.
    function eligibility(address token, address account) external view returns (Reason);

    function identityRegistry() external view returns (address);
    function isCountryAllowed(address token, uint16 country) external view returns (bool);
    function allowedClasses(address token) external view returns (uint8);
}
