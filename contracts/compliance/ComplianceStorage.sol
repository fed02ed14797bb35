// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Country} from "../identity/Country.sol";
import {PackedIdentity} from "../identity/PackedIdentity.sol";
import {RollingVolume} from "../math/RollingVolume.sol";
import {PackedToken} from "./PackedToken.sol";
import {RulePacking} from "./RulePacking.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";
import {IOnchainId} from "interfaces/identity/IOnchainId.sol";

/// @title Storage of the compliance engine, and the persons whom its rules bind
/// @notice The engine, {RuleBook}, {HolderRecords} and {TransferTerms} share it: the last three run by delegation in the engine's account
/// (decision 97).
abstract contract ComplianceStorage is AccessManagedUpgradeable {
    using Country for uint16;
    using PackedIdentity for uint256;
    using PackedToken for uint256;
    using RulePacking for uint256;
    using RollingVolume for RollingVolume.Window;

    struct Words {
        uint256 hold;
        uint256 flow;
    }

    struct Log {
        bytes32 head;
        uint64 entries;
    }

    /// @dev A person whom class rules count: how many of its wallets hold, and bit i for key i.
    struct Counted {
        uint128 wallets;
        uint128 marks;
    }

    /// @dev See {ClassCounts}.
    struct Census {
        uint256[] keys;
        uint256 wallets;
        mapping(address account => address person) seats;
        mapping(address person => Counted) persons;
        // Persons, by the place of the key.
        mapping(uint256 place => uint256) counts;
    }

    /// @custom:storage-location erc7201:quantera.storage.AutomatedComplianceEngine
    struct Storage {
        mapping(address token => uint256 word) tokens;
        mapping(address token => mapping(uint256 country => Words)) rules;
        // The country in which a holder is counted, 0 if in none: the registry may name another one meanwhile.
        mapping(address token => mapping(address account => uint16 country)) countedIn;
        mapping(address token => mapping(address account => uint256[])) tranches;
        mapping(address token => mapping(address investor => mapping(uint256 country => RollingVolume.Window))) volumes;
        mapping(address token => mapping(address investor => RollingVolume.Window)) sentInDay;
        mapping(address token => mapping(address investor => RollingVolume.Window)) receivedInDay;
        mapping(address token => mapping(address account => bool)) treasuries;
        mapping(address token => address[]) formerRegistries;
        mapping(address token => mapping(address venue => bool)) sharedLedgers;
        mapping(address token => Log) logs;
        // Country 0 stands for all of them.
        mapping(address token => mapping(uint256 country => uint256)) issueRules;
        mapping(address token => mapping(uint256 country => RollingVolume.Window)) issued;
        mapping(address token => mapping(address account => uint40 time)) freeIssues;
        mapping(address token => uint256[]) pairRules;
        mapping(address token => uint256[]) blackouts;
        // Persons, by their ONCHAINID, and accounts.
        mapping(address token => mapping(address account => bool)) affiliates;
        mapping(address token => uint256[]) volumeLimits;
        // By what a limit counts, whatever it is.
        mapping(address token => mapping(address investor => mapping(uint256 key => RollingVolume.Window))) sentUnder;
        mapping(address token => uint256[]) classRules;
        mapping(address token => uint256 number) censusNumbers;
        mapping(address token => mapping(uint256 number => Census)) censuses;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.AutomatedComplianceEngine")) - 1))
    //     & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0x8b3034b2a5f4b006a123d01b0b3a14d132b70edee69bf06a680e8ae031290000;

    /// @dev One sender and one receiver. Balances are those after the movement.
    /// @param sent Sum that the sender sends: more than `amount` in a batch.
    /// @param fromBalance Balance of the sender; of an issue, the part that the supply does not contain yet.
    /// @param forced True if an agent forces it: the sender is not asked.
    /// @param first True if the sender has still to be judged and recorded: false after a batch's first receiver.
    struct Movement {
        address token;
        address operator;
        address from;
        address to;
        uint256 amount;
        uint256 sent;
        uint256 fromBalance;
        uint256 toBalance;
        bool forced;
        bool first;
    }

    /// @dev Facts of both sides: the token's word, packed identities, and the `hold` words of their countries.
    /// @param senderCountry Country in which the sender is registered, or else the one in which it is counted as a
    /// holder.
    struct Sides {
        uint256 token;
        uint256 sender;
        uint256 receiver;
        uint256 senderCountry;
        uint256 senderHold;
        uint256 receiverHold;
    }

    /// @param investor Key of the person's volumes.
    /// @param wallets Registered wallets of the person; empty where only its one wallet matters.
    /// @param countries Countries of its wallets, each once.
    struct Person {
        address investor;
        address[] wallets;
        uint256[] countries;
    }

    /// @dev Country under which callers name the rule for issuing that holds in all of them.
    uint16 internal constant EVERYWHERE = type(uint16).max;
    /// @dev Seconds over which the travel rule adds up.
    uint256 internal constant REPORTING_TIME = 1 days;

    address private immutable _self = address(this);

    /// @dev Lets the code run only as a part of the engine, never by itself.
    modifier onlyDelegated() {
        if (address(this) == _self) revert IAutomatedComplianceEngine.AutomatedComplianceEngine__NotDelegated();
        _;
    }

    // -- Identities --------------------------------------------------------------------------------------------------

    /// @dev A freeze or a sanction in a registry that the token had before still stops the account.
    function _identityOf(uint256 word, address token, address account) internal view returns (uint256 identity) {
        identity = IIdentityRegistry(word.registry()).packedIdentityOf(account);
        if (word.hasFormerRegistries()) identity |= _formerRestrictions(token, account);
    }

    function _formerRestrictions(address token, address account) internal view returns (uint256 flags) {
        address[] storage formers = _storage().formerRegistries[token];
        for (uint256 i; i < formers.length; ++i) {
            flags |= IIdentityRegistry(formers[i]).packedIdentityOf(account).restrictions();
        }
    }

    /// @dev Returns the person that the rules bind through an account.
    /// @param identity Packed identity of the account.
    /// @param country Country in which the account is registered or counted.
    function _personOf(
        uint256 word,
        address token,
        uint256 identity,
        address account,
        uint256 country
    )
        internal
        view
        returns (Person memory person)
    {
        IIdentityRegistry registry = IIdentityRegistry(word.registry());
        if (!identity.isOneOfMany() && identity.country() != 0) {
            person.investor = address(registry.identity(account));
        } else {
            IOnchainId onchainId;
            uint16[] memory others;
            (onchainId, person.wallets, others) = registry.personOf(account);
            address[] storage formers = _storage().formerRegistries[token];
            for (uint256 i; address(onchainId) == address(0) && i < formers.length; ++i) {
                (onchainId, person.wallets, others) = IIdentityRegistry(formers[i]).personOf(account);
            }
            person.investor = address(onchainId);
            person.countries = _distinct(others, country);
        }
        if (person.investor == address(0)) person.investor = account;
        if (person.countries.length == 0) {
            person.countries = new uint256[](1);
            person.countries[0] = country;
        }
    }

    /// @return Key of the person behind an account: its ONCHAINID, or the account itself if it has none.
    function _investorOf(address token, address account) internal view returns (address) {
        return _storage().tokens[token] == 0 ? account : _personAt(token, account).investor;
    }

    /// @return Person behind an account, for a token whose rules are open.
    function _personAt(address token, address account) internal view returns (Person memory) {
        uint256 word = _storage().tokens[token];
        uint256 identity = IIdentityRegistry(word.registry()).packedIdentityOf(account);
        return _personOf(word, token, identity, account, 0);
    }

    function _distinct(uint16[] memory found, uint256 own) private pure returns (uint256[] memory countries) {
        countries = new uint256[](found.length + 1);
        countries[0] = own;
        uint256 count = 1;
        for (uint256 i; i < found.length; ++i) {
            uint256 k;
            while (k < count && countries[k] != found[i]) ++k;
            if (k == count) countries[count++] = found[i];
        }
        assembly ("memory-safe") {
            mstore(countries, count)
        }
    }

    function _receiverPerson(Movement memory m, Sides memory sides) internal view returns (Person memory) {
        return _personOf(sides.token, m.token, sides.receiver, m.to, sides.receiver.country());
    }

    // -- Issues ------------------------------------------------------------------------------------------------------

    /// @dev Returns true if the movement counts against issuance limits: an issue to an investor, or a treasury's sale.
    function _isPlacement(Movement memory m, Sides memory sides) internal view returns (bool) {
        if (!sides.token.limitsIssues()) return false;
        if (!sides.token.hasTreasuries()) return m.from == address(0);
        mapping(address account => bool) storage treasuries = _storage().treasuries[m.token];
        return (m.from == address(0) || treasuries[m.from]) && !treasuries[m.to];
    }

    /// @return room Smallest units that may still be issued to the receiver in this period, or sold to it by a treasury.
    function _issueRoom(Movement memory m, Sides memory sides) internal view returns (uint256 room) {
        room = type(uint256).max;
        if (!_isPlacement(m, sides)) return room;
        uint256 country = sides.receiver.country();
        room = FixedPointMathLib.min(_roomIn(m.token, 0), country == 0 ? room : _roomIn(m.token, country));
    }

    function _roomIn(address token, uint256 country) private view returns (uint256) {
        uint256 rule = _storage().issueRules[token][country];
        uint256 limit = rule.volumeLimit();
        if (limit == 0) return type(uint256).max;
        uint256 used = _storage().issued[token][country].total(rule.period(), block.timestamp);
        return FixedPointMathLib.zeroFloorSub(limit, used);
    }

    /// @return Code under which the rule for issuing is stored.
    function _issueKey(uint16 country) internal pure returns (uint16) {
        return country == EVERYWHERE ? 0 : country.stored();
    }

    // -- Counts and the log ------------------------------------------------------------------------------------------

    /// @dev Counts an account in a country, and no longer in another one; in none if it is 0.
    function _countAt(address token, address account, uint256 country) internal {
        uint16 counted = _storage().countedIn[token][account];
        if (counted == country) return;
        if (counted != 0) _leave(token, account, counted);
        if (country != 0) _enter(token, account, uint16(country));
    }

    function _leave(address token, address account, uint16 country) private {
        Storage storage $ = _storage();
        $.countedIn[token][account] = 0;
        $.tokens[token] = $.tokens[token].withoutTokenHolder();
        Words storage words = $.rules[token][country];
        words.hold = words.hold.withoutHolder();
        emit IAutomatedComplianceEngine.HolderCounted(token, account, country, false);
    }

    function _enter(address token, address account, uint16 country) private {
        Storage storage $ = _storage();
        $.countedIn[token][account] = country;
        $.tokens[token] = $.tokens[token].withTokenHolder();
        Words storage words = $.rules[token][country];
        words.hold = words.hold.withHolder();
        emit IAutomatedComplianceEngine.HolderCounted(token, account, country, true);
    }

    function _appendLog(
        Movement memory m,
        IAutomatedComplianceEngine.LogKind kind,
        IAutomatedComplianceEngine.Reason reason,
        address account
    )
        internal
        returns (uint64 index, bytes32 head)
    {
        Log storage log = _storage().logs[m.token];
        index = log.entries;
        head = keccak256(
            abi.encode(
                log.head, m.token, index, kind, reason, account, m.operator, m.from, m.to, m.amount, block.timestamp
            )
        );
        (log.head, log.entries) = (head, index + 1);
    }

    function _storage() internal pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }
}
