// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

import {Handover} from "../calls/Handover.sol";
import {Country} from "./Country.sol";
import {IdentityRecords} from "./IdentityRecords.sol";
import {IdentityRegistryStorage} from "./IdentityRegistryStorage.sol";
import {LedgerProbe} from "./LedgerProbe.sol";
import {ISanctionsList, ISanctionsListener} from "interfaces/compliance/ISanctionsList.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";
import {IOnchainId} from "interfaces/identity/IOnchainId.sol";

/// @title Registry of holders' identities
/// @notice See {IIdentityRegistry}. The shared registry is a proxy; a token's own registry is a clone that its factory
/// made.
contract IdentityRegistry is ISanctionsListener, IdentityRecords, UUPSUpgradeable {
    using Country for uint16;

    uint16 private constant _ALL_TOPICS = type(uint16).max;
    uint256 private constant _HIGHEST_MAX_WALLETS = 32;

    LedgerProbe private immutable _probe;
    IdentityRegistryStorage private immutable _asStorage;

    /// @dev Admits the role of the function, or an agent.
    modifier orAgent() {
        if (!_storage().agents[msg.sender]) _checkCanCall(msg.sender, msg.data);
        _;
    }

    constructor(ISanctionsList sanctionsList_) IdentityRecords(sanctionsList_) {
        _probe = new LedgerProbe();
        _asStorage = new IdentityRegistryStorage();
        _disableInitializers();
    }

    /// @notice Sets up the shared registry.
    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
    }

    /// @notice Sets up a clone under the roles of the shared registry; the caller becomes its factory.
    function initializeClone(address authority_, address shared) external initializer {
        __AccessManaged_init(authority_);
        Storage storage $ = _storage();
        ($.shared, $.factory) = (shared, msg.sender);
    }

    // -- Identities: ERC-3643 ----------------------------------------------------------------------------------------

    /// @inheritdoc IIdentityRegistry
    function registerIdentity(address account, IOnchainId identity_, uint16 country) external orAgent {
        _register(account, identity_, country);
    }

    /// @inheritdoc IIdentityRegistry
    function batchRegisterIdentity(
        address[] calldata accounts,
        IOnchainId[] calldata identities,
        uint16[] calldata countries
    )
        external
        orAgent
    {
        if (accounts.length != identities.length || accounts.length != countries.length) {
            revert IdentityRegistry__LengthMismatch();
        }
        for (uint256 i; i < accounts.length; ++i) {
            _register(accounts[i], identities[i], countries[i]);
        }
    }

    /// @inheritdoc IIdentityRegistry
    function updateIdentity(address account, IOnchainId identity_) external orAgent {
        Storage storage $ = _storage();
        if (address(identity_) == address(0)) revert IdentityRegistry__ZeroIdentity();
        if ($.identities[account].country == 0) revert IdentityRegistry__NotRegistered(account);
        _syncSanction(account);
        IOnchainId old = $.onchainIds[account];
        if (address(old) != address(0)) _unlink(account, old);
        _link(account, identity_);
        emit IdentityUpdated(old, identity_);
        // Documents on file are those of the person before.
        if (address(old) != address(0) && old != identity_ && $.identities[account].documents != 0) {
            $.identities[account].documents = 0;
            emit DocumentsSet(account, 0);
        }
        _judge(account, identity_);
    }

    /// @inheritdoc IIdentityRegistry
    function updateCountry(address account, uint16 country) external orAgent {
        _requireCountry(country);
        Identity storage identity_ = _storage().identities[account];
        if (identity_.country == 0) revert IdentityRegistry__NotRegistered(account);
        identity_.country = country.stored();
        emit CountryUpdated(account, country);
    }

    /// @inheritdoc IIdentityRegistry
    function deleteIdentity(address account) external orAgent {
        _forget(account);
    }

    /// @inheritdoc IIdentityRegistry
    function contains(address account) external view returns (bool) {
        return _storage().identities[account].country != 0;
    }

    /// @inheritdoc IIdentityRegistry
    function isVerified(address account) external view returns (bool) {
        Identity memory found = _storage().identities[account];
        if (found.frozen || found.sanctioned) return false;
        if (found.venue) return true;
        return found.investorClass != InvestorClass.None && block.timestamp < found.kycExpiry
            && block.timestamp < found.amlExpiry;
    }

    /// @inheritdoc IIdentityRegistry
    function identity(address account) external view returns (IOnchainId) {
        return _storage().onchainIds[account];
    }

    /// @inheritdoc IIdentityRegistry
    function investorCountry(address account) external view returns (uint16) {
        return _storage().identities[account].country.shown();
    }

    /// @inheritdoc IIdentityRegistry
    function identityStorage() external view returns (address) {
        return address(this);
    }

    /// @inheritdoc IIdentityRegistry
    function issuersRegistry() external view returns (address) {
        return address(this);
    }

    /// @inheritdoc IIdentityRegistry
    function topicsRegistry() external view returns (address) {
        return address(this);
    }

    /// @inheritdoc IIdentityRegistry
    function setIdentityRegistryStorage(address) external pure {
        revert IdentityRegistry__Unsupported();
    }

    /// @inheritdoc IIdentityRegistry
    function setClaimTopicsRegistry(address) external pure {
        revert IdentityRegistry__Unsupported();
    }

    /// @inheritdoc IIdentityRegistry
    function setTrustedIssuersRegistry(address) external pure {
        revert IdentityRegistry__Unsupported();
    }

    /// @notice Answers {IIdentityRegistryStorage} in the code of {IdentityRegistryStorage}.
    fallback() external {
        Handover.run(address(_asStorage));
    }

    // -- Identities: ours --------------------------------------------------------------------------------------------

    /// @inheritdoc IIdentityRegistry
    function registerIdentity(
        address account,
        uint16 country,
        InvestorClass investorClass,
        uint40 kycExpiry
    )
        external
        restricted
    {
        _requireCountry(country);
        if (investorClass == InvestorClass.None) revert IdentityRegistry__InvalidClass();
        if (kycExpiry <= block.timestamp) revert IdentityRegistry__AlreadyExpired(kycExpiry);
        // Claims and an officer's word do not mix: a refresh would undo the word.
        if (address(_storage().onchainIds[account]) != address(0)) revert IdentityRegistry__AlreadyRegistered(account);

        Identity memory next = _written(account);
        if (next.country == 0) emit IdentityRegistered(account, IOnchainId(address(0)));
        next.country = country.stored();
        next.investorClass = investorClass;
        (next.kycExpiry, next.amlExpiry, next.accreditationExpiry) = (kycExpiry, kycExpiry, kycExpiry);
        next.topics = _ALL_TOPICS;
        _keep(account, next);
    }

    /// @inheritdoc IIdentityRegistry
    function refresh(address account) external {
        IOnchainId identity_ = _storage().onchainIds[account];
        if (address(identity_) == address(0)) revert IdentityRegistry__NoClaims(account);
        _judge(account, identity_);
    }

    /// @inheritdoc IIdentityRegistry
    function replaceWallet(address lost, address replacement) external orAgent {
        Storage storage $ = _storage();
        IOnchainId identity_ = $.onchainIds[lost];
        if (address(identity_) == address(0)) revert IdentityRegistry__NoClaims(lost);
        if ($.bound[msg.sender] && $.tokens > 1) revert IdentityRegistry__ServesOtherTokens(msg.sender);
        Identity memory old = $.identities[lost];
        if (old.frozen || old.sanctioned) revert IdentityRegistry__Restricted(lost);

        _forget(lost);
        emit WalletReplaced(lost, replacement, identity_);
        if ($.onchainIds[replacement] == identity_) return;
        Identity memory next = _written(replacement);
        if (next.country != 0) revert IdentityRegistry__AlreadyRegistered(replacement);
        next.country = old.country;
        next.investorClass = old.investorClass;
        (next.kycExpiry, next.amlExpiry, next.accreditationExpiry) =
        (old.kycExpiry, old.amlExpiry, old.accreditationExpiry);
        (next.topics, next.documents) = (old.topics, old.documents);
        emit IdentityRegistered(replacement, identity_);
        _keep(replacement, next);
        _link(replacement, identity_);
    }

    /// @inheritdoc IIdentityRegistry
    function setFrozen(address account, bool frozen) external restricted {
        if (account == address(0)) revert IdentityRegistry__ZeroAccount();
        _storage().identities[account].frozen = frozen;
        emit AccountFrozen(account, frozen);
        IOnchainId identity_ = _personOf(account);
        if (address(identity_) == address(0)) return;
        _storage().persons[identity_].frozen = frozen;
        _spread(identity_);
    }

    /// @inheritdoc IIdentityRegistry
    function setVenueAccount(address account, bool venue) external restricted {
        if (account == address(0)) revert IdentityRegistry__ZeroAccount();
        if (venue && _probe.keepsSharedLedger(account)) revert IdentityRegistry__KeepsSharedLedger(account);
        _setVenue(account, venue, false);
    }

    /// @inheritdoc IIdentityRegistry
    function setSharedLedger(address account) external restricted {
        if (account == address(0)) revert IdentityRegistry__ZeroAccount();
        _setVenue(account, true, true);
    }

    /// @inheritdoc IIdentityRegistry
    function setDocuments(address account, uint16 documents) external restricted {
        Identity storage identity_ = _storage().identities[account];
        if (identity_.country == 0) revert IdentityRegistry__NotRegistered(account);
        identity_.documents = documents;
        emit DocumentsSet(account, documents);
    }

    /// @inheritdoc IIdentityRegistry
    function setMaxWallets(uint8 most) external restricted {
        if (most == 0 || most > _HIGHEST_MAX_WALLETS) revert IdentityRegistry__InvalidMaxWallets(most);
        _storage().maxWallets = most;
        emit MaxWalletsSet(most);
    }

    /// @inheritdoc ISanctionsListener
    function onSanctions(address[] calldata accounts, bool sanctioned) external {
        if (msg.sender != address(_sanctionsList)) revert IdentityRegistry__OnlySanctionsList(msg.sender);
        for (uint256 i; i < accounts.length; ++i) {
            _setListed(accounts[i], sanctioned);
        }
    }

    /// @inheritdoc IIdentityRegistry
    function syncSanctions(address[] calldata accounts) external {
        for (uint256 i; i < accounts.length; ++i) {
            _syncSanction(accounts[i]);
        }
    }

    // -- Agents ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IIdentityRegistry
    function addAgent(address agent) external restricted {
        if (_storage().agents[agent]) revert IdentityRegistry__IsAgent(agent);
        _addAgent(agent);
    }

    /// @inheritdoc IIdentityRegistry
    function removeAgent(address agent) external restricted {
        if (!_storage().agents[agent]) revert IdentityRegistry__NotAnAgent(agent);
        _storage().agents[agent] = false;
        emit AgentRemoved(agent);
    }

    /// @inheritdoc IIdentityRegistry
    function bindToken(address token) external restricted {
        Storage storage $ = _storage();
        if (!$.bound[token]) {
            $.bound[token] = true;
            ++$.tokens;
        }
        _addAgent(token);
    }

    /// @inheritdoc IIdentityRegistry
    function servesOnly(address token) external view returns (bool) {
        Storage storage $ = _storage();
        return $.bound[token] && $.tokens == 1;
    }

    /// @inheritdoc IIdentityRegistry
    function isAgent(address agent) external view returns (bool) {
        return _storage().agents[agent];
    }

    // -- Reading -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IIdentityRegistry
    function identityOf(address account) external view returns (Identity memory) {
        return _storage().identities[account];
    }

    /// @inheritdoc IIdentityRegistry
    function packedIdentityOf(address account) external view returns (uint256) {
        return _packed(account);
    }

    /// @inheritdoc IIdentityRegistry
    function counterparties(address sender, address receiver) external view returns (uint256, uint256) {
        return (_packed(sender), _packed(receiver));
    }

    /// @inheritdoc IIdentityRegistry
    function personOf(address account)
        external
        view
        returns (IOnchainId identity_, address[] memory wallets, uint16[] memory countries)
    {
        Storage storage $ = _storage();
        identity_ = _personOf(account);
        wallets = walletsOf(identity_);
        countries = new uint16[](wallets.length);
        for (uint256 i; i < wallets.length; ++i) {
            countries[i] = $.identities[wallets[i]].country;
        }
    }

    /// @inheritdoc IIdentityRegistry
    function owner() external view returns (address) {
        return authority();
    }

    /// @inheritdoc IIdentityRegistry
    function sanctionsList() external view returns (address) {
        return address(_sanctionsList);
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    function _register(address account, IOnchainId identity_, uint16 country) private {
        _requireCountry(country);
        if (address(identity_) == address(0)) revert IdentityRegistry__ZeroIdentity();
        Identity memory next = _written(account);
        if (next.country != 0) revert IdentityRegistry__AlreadyRegistered(account);
        next.country = country.stored();
        emit IdentityRegistered(account, identity_);
        _decide(account, next, identity_);
        _link(account, identity_);
    }

    function _judge(address account, IOnchainId identity_) private {
        _decide(account, _storage().identities[account], identity_);
    }

    /// @dev Writes the verdict on the claims into the account's slot.
    function _decide(address account, Identity memory next, IOnchainId identity_) private {
        Verdict memory verdict = _verify(identity_);
        next.investorClass = verdict.investorClass;
        (next.kycExpiry, next.amlExpiry, next.accreditationExpiry) =
        (verdict.kycExpiry, verdict.amlExpiry, verdict.accreditationExpiry);
        next.topics = verdict.topics;
        _keep(account, next);
    }

    function _setVenue(address account, bool venue, bool sharedLedger) private {
        Identity storage identity_ = _storage().identities[account];
        if (identity_.country != 0) revert IdentityRegistry__IsInvestor(account);
        (identity_.venue, identity_.sharedLedger) = (venue, sharedLedger);
        _syncSanction(account);
        emit VenueAccountSet(account, venue);
    }

    function _addAgent(address agent) private {
        if (agent == address(0)) revert IdentityRegistry__ZeroAccount();
        _storage().agents[agent] = true;
        emit AgentAdded(agent);
    }

    function _requireCountry(uint16 country) private pure {
        if (country == Country.UNSTATED) revert IdentityRegistry__InvalidCountry(country);
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
