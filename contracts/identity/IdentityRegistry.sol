// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

import {ClaimVerifier} from "./ClaimVerifier.sol";
import {Country} from "./Country.sol";
import {LedgerProbe} from "./LedgerProbe.sol";
import {ISanctionsList, ISanctionsListener} from "interfaces/compliance/ISanctionsList.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";
import {IOnchainId} from "interfaces/identity/IOnchainId.sol";

/// @title Registry of holders' identities
/// @notice See {IIdentityRegistry}. The shared registry is a proxy; a token's own registry is a clone that its factory
/// made.
contract IdentityRegistry is IIdentityRegistry, ISanctionsListener, ClaimVerifier, UUPSUpgradeable {
    using Country for uint16;

    /// @dev The person behind an ONCHAINID. The first slot is all that is used while it has one wallet.
    /// @param listed Number of its wallets, present and former, that are on the sanctions list.
    /// @param frozen True if an officer froze the person.
    struct Person {
        address first;
        uint32 listed;
        bool frozen;
        address[] others;
    }

    /// @custom:storage-location erc7201:quantera.storage.IdentityRegistry
    struct Storage {
        mapping(address account => Identity) identities;
        mapping(address account => IOnchainId) onchainIds;
        // The ONCHAINID of a wallet that was unlinked: what binds the person still binds the wallet.
        mapping(address account => IOnchainId) formerIds;
        mapping(IOnchainId identity => Person) persons;
        mapping(address account => bool) agents;
        // Zero in the shared registry: whose roles count, and who may act for delayed ones.
        address shared;
        address factory;
        mapping(address token => bool) bound;
        uint32 tokens;
        // 0 stands for the usual one.
        uint8 maxWallets;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.IdentityRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0x0a65ae3701efc2b255e2bf489ac8a1e58299528f412904609739a8ee929ff000;

    uint16 private constant _ALL_TOPICS = type(uint16).max;
    uint256 private constant _USUAL_MAX_WALLETS = 8;
    uint256 private constant _HIGHEST_MAX_WALLETS = 32;

    ISanctionsList private immutable _sanctionsList;
    LedgerProbe private immutable _probe;

    /// @dev Admits the role of the function, or an agent.
    modifier orAgent() {
        if (!_storage().agents[msg.sender]) _checkCanCall(msg.sender, msg.data);
        _;
    }

    constructor(ISanctionsList sanctionsList_) {
        _sanctionsList = sanctionsList_;
        _probe = new LedgerProbe();
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
    function storedIdentity(address account) external view returns (IOnchainId) {
        return _storage().onchainIds[account];
    }

    /// @inheritdoc IIdentityRegistry
    function storedInvestorCountry(address account) external view returns (uint16) {
        return _storage().identities[account].country.shown();
    }

    /// @inheritdoc IIdentityRegistry
    function linkedIdentityRegistries() external view returns (address[] memory registries) {
        registries = new address[](1);
        registries[0] = address(this);
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
    function walletsOf(IOnchainId identity_) public view returns (address[] memory wallets) {
        Person storage person = _storage().persons[identity_];
        if (person.first == address(0)) return wallets;
        address[] memory others = person.others;
        wallets = new address[](others.length + 1);
        wallets[0] = person.first;
        for (uint256 i; i < others.length; ++i) {
            wallets[i + 1] = others[i];
        }
    }

    /// @inheritdoc IIdentityRegistry
    function maxWallets() public view returns (uint256 most) {
        most = _storage().maxWallets;
        if (most == 0) most = _USUAL_MAX_WALLETS;
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

    function _keep(address account, Identity memory next) private {
        _storage().identities[account] = next;
        emit IdentityVerified(
            account,
            next.country,
            next.investorClass,
            next.kycExpiry,
            next.amlExpiry,
            next.accreditationExpiry,
            next.topics
        );
    }

    /// @dev Returns the present identity, for an investor's new one to be written over it, with the present sanctions.
    function _written(address account) private returns (Identity memory next) {
        if (account == address(0)) revert IdentityRegistry__ZeroAccount();
        _syncSanction(account);
        next = _storage().identities[account];
        if (next.venue) revert IdentityRegistry__IsVenue(account);
    }

    /// @return Person whose wallet the account is, or was when it was forgotten; zero if it never had an ONCHAINID.
    function _personOf(address account) private view returns (IOnchainId) {
        Storage storage $ = _storage();
        Identity storage identity_ = $.identities[account];
        if (identity_.former) return $.formerIds[account];
        return identity_.country == 0 ? IOnchainId(address(0)) : $.onchainIds[account];
    }

    function _syncSanction(address account) private {
        _setListed(account, _sanctionsList.isSanctioned(account));
    }

    /// @dev Counts the account under its person, and marks it and every wallet of the person with the present result.
    function _setListed(address account, bool listed) private {
        Storage storage $ = _storage();
        Identity storage identity_ = $.identities[account];
        IOnchainId onchainId = _personOf(account);
        bool changes = identity_.listed != listed;
        if (changes) identity_.listed = listed;
        if (address(onchainId) == address(0)) {
            _mark(account, identity_.frozen, listed);
            return;
        }
        Person storage person = $.persons[onchainId];
        if (changes) person.listed = listed ? person.listed + 1 : person.listed - 1;
        if (identity_.former) _mark(account, identity_.frozen || person.frozen, person.listed != 0);
        if (changes) _spread(onchainId);
    }

    /// @dev Every wallet of a person carries the person's freeze and sanction.
    function _spread(IOnchainId identity_) private {
        Person storage person = _storage().persons[identity_];
        if (person.first == address(0)) return;
        (bool frozen, bool sanctioned) = (person.frozen, person.listed != 0);
        _mark(person.first, frozen, sanctioned);
        for (uint256 i; i < person.others.length; ++i) {
            _mark(person.others[i], frozen, sanctioned);
        }
    }

    function _mark(address account, bool frozen, bool sanctioned) private {
        Identity storage identity_ = _storage().identities[account];
        if (identity_.frozen != frozen) {
            identity_.frozen = frozen;
            emit AccountFrozen(account, frozen);
        }
        if (identity_.sanctioned != sanctioned) {
            identity_.sanctioned = sanctioned;
            emit AccountSanctioned(account, sanctioned);
        }
    }

    /// @dev A freeze and a sanction stay, and later ones of the person still reach the account.
    function _forget(address account) private {
        Storage storage $ = _storage();
        Identity memory old = $.identities[account];
        if (old.country == 0) revert IdentityRegistry__NotRegistered(account);
        IOnchainId identity_ = $.onchainIds[account];
        if (address(identity_) != address(0)) _unlink(account, identity_);
        Identity memory next;
        (next.frozen, next.sanctioned, next.listed) = (old.frozen, old.sanctioned, old.listed);
        next.former = $.identities[account].former;
        $.identities[account] = next;
        emit IdentityRemoved(account, identity_);
    }

    function _link(address account, IOnchainId identity_) private {
        Storage storage $ = _storage();
        Person storage person = $.persons[identity_];
        _join(account, identity_, person);
        $.onchainIds[account] = identity_;
        if (person.first == address(0)) {
            person.first = account;
        } else {
            uint256 most = maxWallets();
            if (person.others.length + 1 >= most) revert IdentityRegistry__TooManyWallets(identity_, most);
            person.others.push(account);
            ($.identities[account].linked, $.identities[person.first].linked) = (true, true);
        }
        if (person.frozen || person.listed != 0) _spread(identity_);
    }

    /// @dev A freeze or sanction of the wallet binds its person. A wallet that is frozen or sanctioned is not given to
    /// another person: that would free it, or bind somebody else.
    function _join(address account, IOnchainId identity_, Person storage person) private {
        Storage storage $ = _storage();
        Identity storage wallet = $.identities[account];
        bool comesBack;
        if (wallet.former) {
            comesBack = $.formerIds[account] == identity_;
            if (!comesBack && (wallet.frozen || wallet.sanctioned)) revert IdentityRegistry__Restricted(account);
            wallet.former = false;
            delete $.formerIds[account];
        }
        if (wallet.listed && !comesBack) ++person.listed;
        if (wallet.frozen) person.frozen = true;
    }

    function _unlink(address account, IOnchainId identity_) private {
        Storage storage $ = _storage();
        delete $.onchainIds[account];
        $.formerIds[account] = identity_;
        ($.identities[account].linked, $.identities[account].former) = (false, true);
        Person storage person = $.persons[identity_];
        uint256 others = person.others.length;
        if (person.first != account) {
            _remove(person.others, account);
        } else if (others == 0) {
            delete person.first;
        } else {
            person.first = person.others[others - 1];
            person.others.pop();
        }
        if (others == 1) $.identities[person.first].linked = false;
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

    function _packed(address account) private view returns (uint256 word) {
        Identity storage identity_ = _storage().identities[account];
        assembly ("memory-safe") {
            word := sload(identity_.slot)
        }
    }

    /// @dev A clone obeys the shared registry's roles, held without a delay, and its factory, through which delayed
    /// ones act.
    function _checkCanCall(address caller, bytes calldata data) internal override {
        Storage storage $ = _storage();
        if ($.shared == address(0)) return super._checkCanCall(caller, data);
        if (caller == $.factory) return;
        (bool immediate,) = IAccessManager(authority()).canCall(caller, $.shared, bytes4(data[:4]));
        if (!immediate) revert AccessManagedUnauthorized(caller);
    }

    function _storage() private pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
