// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IOnchainId} from "./IOnchainId.sol";

/// @title Registry of holders' identities
/// @notice Every check is decided by one storage slot per holder: its country, its class of investor, the times until
/// which its KYC, AML and accreditation count, its claim topics and documents, and flags. ONCHAINID claims are verified
/// when an identity is registered and when anyone refreshes it; between the two only the expiries are read.
///
/// The registry speaks ERC-3643's IIdentityRegistry, and is its own trusted issuers and claim topics registry. A
/// registry serves one token or many. "Role" is the AccessManager's role of the function on the shared registry, also
/// for the registries that a factory clones: those also obey their factory, through which delayed roles act. Functions
/// marked "or agent" may be called by an account or token that `isAgent` names.
interface IIdentityRegistry {
    enum InvestorClass {
        None,
        Retail,
        Accredited,
        Institutional
    }

    /// @dev The expiry of the slot that a topic's claims set.
    enum Term {
        None,
        Kyc,
        Aml,
        Accreditation
    }

    /// @param country ISO 3166-1 numeric, or any other number below 65,535; 65,535 stands for ERC-3643's unstated
    /// country 0.
    /// @param investorClass Class of investor; None for a venue account, and for an identity whose required claims are
    /// not valid.
    /// @param frozen True while no transfer in, out or on behalf of others is allowed. All wallets of an ONCHAINID are
    /// frozen together.
    /// @param venue True for a pool or router, which may hold or move regulated tokens only opposite an eligible
    /// account.
    /// @param kycExpiry Unix seconds from which the KYC no longer counts; read on every check.
    /// @param amlExpiry Unix seconds from which the AML check no longer counts; read on every check.
    /// @param accreditationExpiry Unix seconds from which the account counts as Retail.
    /// @param topics Bit i: the claim of the topic at index i was valid when last verified. All bits for an officer's
    /// word.
    /// @param documents Bit i: the holder's document of kind i is on file.
    /// @param sanctioned True if the account, or another wallet of its ONCHAINID, is on the sanctions list.
    /// @param linked True if another wallet has the same ONCHAINID: holdings are added up.
    /// @param listed True if the account itself is on the sanctions list.
    /// @param former True if the account was a wallet of an ONCHAINID, whose freezes and sanctions still bind it.
    /// @param sharedLedger True for a venue account that keeps a ledger which anyone can hold; tokens admit it one by
    /// one.
    struct Identity {
        uint16 country;
        InvestorClass investorClass;
        bool frozen;
        bool venue;
        uint40 kycExpiry;
        uint40 amlExpiry;
        uint40 accreditationExpiry;
        uint16 topics;
        uint16 documents;
        bool sanctioned;
        bool linked;
        bool listed;
        bool former;
        bool sharedLedger;
    }

    /// @notice The meaning of a claim topic in this registry.
    /// @param required True if an identity without a valid claim of the topic is not verified.
    /// @param dated True if the claim's data begins with a 32-byte word: unix seconds from which it no longer counts.
    /// @param term Expiry that it sets; the earliest of the same term counts.
    /// @param grants Class that a valid claim gives; the highest counts.
    /// @param validity Maximum number of seconds for which a verification counts, for any date in the claim; then it
    /// needs a refresh.
    struct TopicTerms {
        bool required;
        bool dated;
        Term term;
        InvestorClass grants;
        uint32 validity;
    }

    // -- ERC-3643 ----------------------------------------------------------------------------------------------------

    event IdentityRegistered(address indexed investorAddress, IOnchainId indexed identity);
    event IdentityRemoved(address indexed investorAddress, IOnchainId indexed identity);
    event IdentityUpdated(IOnchainId indexed oldIdentity, IOnchainId indexed newIdentity);
    event CountryUpdated(address indexed investorAddress, uint16 indexed country);
    event TrustedIssuerAdded(address indexed trustedIssuer, uint256[] claimTopics);
    event TrustedIssuerRemoved(address indexed trustedIssuer);
    event ClaimTopicsUpdated(address indexed trustedIssuer, uint256[] claimTopics);
    event ClaimTopicAdded(uint256 indexed claimTopic);
    event ClaimTopicRemoved(uint256 indexed claimTopic);
    event AgentAdded(address indexed agent);
    event AgentRemoved(address indexed agent);

    // -- Ours --------------------------------------------------------------------------------------------------------

    /// @notice A registration, update or refresh ended with this verdict.
    event IdentityVerified(
        address indexed account,
        uint16 indexed country,
        InvestorClass investorClass,
        uint40 kycExpiry,
        uint40 amlExpiry,
        uint40 accreditationExpiry,
        uint16 topics
    );
    event WalletReplaced(address indexed lost, address indexed replacement, IOnchainId indexed identity);
    event MaxWalletsSet(uint8 most);
    event AccountFrozen(address indexed account, bool frozen);
    event VenueAccountSet(address indexed account, bool venue);
    event DocumentsSet(address indexed account, uint16 documents);
    event AccountSanctioned(address indexed account, bool sanctioned);
    event TopicTermsSet(uint256 indexed claimTopic, uint8 index, TopicTerms terms);

    error IdentityRegistry__InvalidCountry(uint16 country);
    error IdentityRegistry__InvalidClass();
    error IdentityRegistry__ZeroAccount();
    error IdentityRegistry__ZeroIdentity();
    error IdentityRegistry__AlreadyExpired(uint40 kycExpiry);
    error IdentityRegistry__NotRegistered(address account);
    error IdentityRegistry__AlreadyRegistered(address account);
    /// @dev There is nothing to refresh, because no ONCHAINID stands behind the account.
    error IdentityRegistry__NoClaims(address account);
    /// @dev A venue account is no investor and an investor is no venue account.
    error IdentityRegistry__IsVenue(address account);
    error IdentityRegistry__IsInvestor(address account);
    /// @dev Strangers could own what the account holds, as claims, internal balances or shares.
    error IdentityRegistry__KeepsSharedLedger(address account);
    /// @dev A frozen or sanctioned wallet is neither replaced nor given to another ONCHAINID.
    error IdentityRegistry__Restricted(address account);
    error IdentityRegistry__LengthMismatch();
    error IdentityRegistry__TooManyWallets(IOnchainId identity, uint256 most);
    error IdentityRegistry__InvalidMaxWallets(uint8 most);
    /// @dev T-REX refuses an agent that is one already, and removing one that is none.
    error IdentityRegistry__IsAgent(address agent);
    error IdentityRegistry__NotAnAgent(address agent);
    error IdentityRegistry__TooManyTopics(uint256 most);
    error IdentityRegistry__TooManyIssuers(uint256 most);
    /// @dev All trusted issuers together may speak on so many topics: a refresh that asks each of them fits a
    /// transaction.
    error IdentityRegistry__TooManyPairs(uint256 most);
    error IdentityRegistry__UnknownTopic(uint256 topic);
    error IdentityRegistry__KnownTopic(uint256 topic);
    error IdentityRegistry__InvalidTopicTerms(uint256 topic);
    error IdentityRegistry__UnknownIssuer(address issuer);
    error IdentityRegistry__KnownIssuer(address issuer);
    error IdentityRegistry__NoTopics();
    error IdentityRegistry__OnlySanctionsList(address caller);
    /// @dev A token replaces no wallets that may hold another token of the registry; an officer registers the new
    /// wallet.
    error IdentityRegistry__ServesOtherTokens(address token);
    /// @dev A caller could otherwise starve a claim's verification of gas and have it taken for invalid.
    error IdentityRegistry__NotEnoughGas(uint256 needed, uint256 left);
    /// @dev The registry is its own storage, issuers' and topics' registry; they are not swapped.
    error IdentityRegistry__Unsupported();

    // -- Identities: ERC-3643 ----------------------------------------------------------------------------------------

    /// @notice Registers a wallet of an ONCHAINID and verifies its claims. Missing claims do not revert: the wallet is
    /// not verified until someone refreshes it with claims in place. A freeze survives. Role: COMPLIANCE_OFFICER, or
    /// agent.
    function registerIdentity(address account, IOnchainId identity, uint16 country) external;

    /// @notice Registers many accounts, each as {registerIdentity} does. Role: COMPLIANCE_OFFICER, or agent.
    function batchRegisterIdentity(
        address[] calldata accounts,
        IOnchainId[] calldata identities,
        uint16[] calldata countries
    )
        external;

    /// @notice Puts another ONCHAINID behind a wallet and verifies it. Documents of the ONCHAINID before are no longer
    /// on file. Refused for a wallet that is frozen or sanctioned. Role: COMPLIANCE_OFFICER, or agent.
    function updateIdentity(address account, IOnchainId identity) external;

    /// @notice Changes the country of a registered account. Role: COMPLIANCE_OFFICER, or agent.
    function updateCountry(address account, uint16 country) external;

    /// @notice Forgets an investor; a freeze and a sanction survive it, and those of its ONCHAINID still bind it.
    /// Role: COMPLIANCE_OFFICER, or agent.
    function deleteIdentity(address account) external;

    function contains(address account) external view returns (bool);

    /// @notice Tells whether a verified account can send to this one: it is neither frozen nor sanctioned, and it is
    /// either a venue account or one whose verdict stands now (it has a class, and its KYC and AML have not lapsed).
    function isVerified(address account) external view returns (bool);

    /// @return The ONCHAINID behind the wallet; zero for a venue account or an officer's word.
    function identity(address account) external view returns (IOnchainId);
    function investorCountry(address account) external view returns (uint16);

    /// @return This registry, which answers {IIdentityRegistryStorage}.
    function identityStorage() external view returns (address);

    /// @return This registry.
    function issuersRegistry() external view returns (address);
    /// @return This registry.
    function topicsRegistry() external view returns (address);
    /// @notice Always refused: see {IdentityRegistry__Unsupported}.
    function setIdentityRegistryStorage(address) external;
    /// @notice Always refused: see {IdentityRegistry__Unsupported}.
    function setClaimTopicsRegistry(address) external;
    /// @notice Always refused: see {IdentityRegistry__Unsupported}.
    function setTrustedIssuersRegistry(address) external;

    // -- Identities: ours --------------------------------------------------------------------------------------------

    /// @notice Registers or refreshes an investor on the officer's own word, without claims: portfolios, custodians.
    /// KYC, AML and accreditation lapse together. A freeze survives. Role: COMPLIANCE_OFFICER.
    function registerIdentity(address account, uint16 country, InvestorClass investorClass, uint40 kycExpiry) external;

    /// @notice Verifies the claims behind a wallet anew; anyone may, so that a revoked claim cannot hide.
    function refresh(address account) external;

    /// @notice Puts a new wallet in place of a lost one: same ONCHAINID, country, verdict and documents. A token may do
    /// so only while the registry serves no other token. Role: COMPLIANCE_OFFICER, or agent.
    function replaceWallet(address lost, address replacement) external;

    /// @notice Freezes or unfreezes any account, registered or not, and every other wallet of its ONCHAINID, also those
    /// that are registered later. Role: COMPLIANCE_OFFICER.
    function setFrozen(address account, bool frozen) external;

    /// @notice Marks a pool or router as venue account, or takes the mark away; a freeze survives both. An account that
    /// answers like a ledger which anyone can hold is refused: see `setSharedLedger`. Role: COMPLIANCE_OFFICER.
    function setVenueAccount(address account, bool venue) external;

    /// @notice Marks a venue account whose own ledger anyone can hold: Uniswap V4's PoolManager, Balancer's Vault, an
    /// ERC-4626 vault. It receives only tokens that admit it ({IAutomatedComplianceEngine-admitSharedLedger}).
    /// `setVenueAccount(account, false)` takes the mark away. Role: COMPLIANCE_OFFICER.
    function setSharedLedger(address account) external;

    /// @notice Sets how many wallets an ONCHAINID may have, 1 to 32; it is 8 until then. A lower maximum removes no
    /// wallet. Each wallet costs gas whenever a person with several of them moves tokens. Role:
    /// COMPLIANCE_OFFICER_DELAYED.
    function setMaxWallets(uint8 most) external;

    /// @notice Marks accounts and their persons with what the sanctions list says now; anyone may. A registry is told
    /// of each change of the list, so this is needed only for a wallet that was forgotten before its person was
    /// sanctioned.
    function syncSanctions(address[] calldata accounts) external;

    /// @notice Sets which documents of a holder are on file; bit i stands for kind i. Role: COMPLIANCE_OFFICER.
    function setDocuments(address account, uint16 documents) external;

    // -- Claim topics and trusted issuers: ERC-3643 ------------------------------------------------------------------

    /// @notice Adds a required topic that sets the KYC's expiry, is undated, grants Retail and counts for a year; see
    /// `setTopicTerms`. Stored verdicts change when they are refreshed. Role: COMPLIANCE_OFFICER_DELAYED.
    function addClaimTopic(uint256 topic) external;

    /// @notice Removes a claim topic. Role: COMPLIANCE_OFFICER_DELAYED.
    function removeClaimTopic(uint256 topic) external;

    /// @notice Returns the topics by index; a removed one is skipped.
    function getClaimTopics() external view returns (uint256[] memory);

    /// @notice Trusts an issuer on topics. All issuers together have at most 48 pairs of issuer and topic.
    /// Role: COMPLIANCE_OFFICER_DELAYED. At worst, after the delay: a wrong issuer lets anyone in.
    function addTrustedIssuer(address issuer, uint256[] calldata topics) external;

    /// @notice Trusts an issuer no longer. Verdicts that rest on the issuer fall when they are refreshed. Role:
    /// COMPLIANCE_OFFICER.
    function removeTrustedIssuer(address issuer) external;

    /// @notice Changes the topics that an issuer is trusted on. Role: COMPLIANCE_OFFICER_DELAYED.
    function updateIssuerClaimTopics(address issuer, uint256[] calldata topics) external;

    function getTrustedIssuers() external view returns (address[] memory);
    function isTrustedIssuer(address issuer) external view returns (bool);
    /// @notice Returns the topics of a trusted issuer; reverts for any other account.
    function getTrustedIssuerClaimTopics(address issuer) external view returns (uint256[] memory);
    function getTrustedIssuersForClaimTopic(uint256 topic) external view returns (address[] memory);
    function hasClaimTopic(address issuer, uint256 topic) external view returns (bool);

    // -- Claim topics: ours ------------------------------------------------------------------------------------------

    /// @notice Adds a topic or changes what it means. At most 15 topics. Role: COMPLIANCE_OFFICER_DELAYED.
    /// @return index Its bit in `Identity.topics`.
    function setTopicTerms(uint256 topic, TopicTerms calldata terms) external returns (uint8 index);

    function topicTerms(uint256 topic) external view returns (TopicTerms memory terms, uint8 index);

    /// @notice Returns the claim of one issuer on one topic, as a registration reads it. Reverts if identity or issuer
    /// answer nonsense. Only a canonical ECDSA signature counts (65 bytes, v of 27 or 28, s in the lower half of the
    /// order): an issuer revokes a signature, and another encoding of it would bring the claim back.
    /// @return valid True if the issuer confirms the claim.
    /// @return expiry Unix seconds that the claim's data hold if `dated`, at most the maximum of uint40, which stands
    /// for no expiry; 0 if the claim is not valid.
    function readClaim(
        IOnchainId identity,
        address issuer,
        uint256 topic,
        bool dated
    )
        external
        view
        returns (bool valid, uint40 expiry);

    // -- Agents ------------------------------------------------------------------------------------------------------

    /// @notice Makes an account an agent. Role: COMPLIANCE_OFFICER_DELAYED. At worst: an agent registers any account
    /// that it likes.
    function addAgent(address agent) external;

    /// @notice Ends that an account is an agent. Role: COMPLIANCE_OFFICER.
    function removeAgent(address agent) external;

    /// @notice Makes a new token an agent, so that it can recover wallets. Role: FACTORY.
    function bindToken(address token) external;

    /// @return True if `token` was bound and no other token ever was.
    function servesOnly(address token) external view returns (bool);

    function isAgent(address agent) external view returns (bool);

    // -- Reading -----------------------------------------------------------------------------------------------------

    function identityOf(address account) external view returns (Identity memory);

    /// @notice Returns the identity as the one word that it is stored in: country in bits 0-15, class in 16-23, frozen
    /// in bit 24, venue in bit 32, kycExpiry in 40-79, amlExpiry in 80-119, accreditationExpiry in 120-159, topics in
    /// 160-175, documents in 176-191, sanctioned in bit 192, linked in bit 200, listed in bit 208, former in bit 216,
    /// sharedLedger in bit 224.
    function packedIdentityOf(address account) external view returns (uint256);

    /// @notice Returns both sides of a transfer, packed, in one call.
    function counterparties(address sender, address receiver) external view returns (uint256, uint256);

    /// @notice The person behind a wallet that is registered, or was until it was forgotten.
    /// @return identity Its ONCHAINID; zero if there is none.
    /// @return wallets Every registered wallet of that ONCHAINID.
    /// @return countries The country of each of them.
    function personOf(address account)
        external
        view
        returns (IOnchainId identity, address[] memory wallets, uint16[] memory countries);

    /// @return Maximum number of wallets of an ONCHAINID.
    function maxWallets() external view returns (uint256);

    /// @return The AccessManager, whose roles govern the registry (ERC-173's view; ownership is not transferred here).
    function owner() external view returns (address);

    /// @notice Every wallet of an ONCHAINID, at most `maxWallets`.
    function walletsOf(IOnchainId identity) external view returns (address[] memory);

    /// @return The list whose entries are marked here.
    function sanctionsList() external view returns (address);
}
