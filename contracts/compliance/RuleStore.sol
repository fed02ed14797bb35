// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";

import {RollingVolume} from "../math/RollingVolume.sol";
import {PackedToken} from "./PackedToken.sol";
import {RulePacking} from "./RulePacking.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";

/// @title Rules as data: who sets them, and how they are kept
/// @notice See {IAutomatedComplianceEngine}. What they mean for a movement is the engine's.
abstract contract RuleStore is IAutomatedComplianceEngine, AccessManagedUpgradeable {
    using PackedToken for uint256;
    using RulePacking for *;
    using RollingVolume for RollingVolume.Window;

    struct Words {
        uint256 hold;
        uint256 flow;
    }

    /// @param country Where the holder is counted, 0 if it is not: what stands in the registry may change meanwhile.
    struct Holder {
        uint16 country;
        uint40 unlocksAt;
        uint128 locked;
    }

    struct Log {
        bytes32 head;
        uint64 entries;
    }

    /// @custom:storage-location erc7201:quantera.storage.AutomatedComplianceEngine
    struct Storage {
        mapping(address token => uint256 word) tokens;
        mapping(address token => mapping(uint256 country => Words)) rules;
        mapping(address token => mapping(address account => Holder)) holders;
        mapping(address token => mapping(address investor => RollingVolume.Window)) volumes;
        mapping(address token => Log) logs;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.AutomatedComplianceEngine")) - 1))
    //     & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0x8b3034b2a5f4b006a123d01b0b3a14d132b70edee69bf06a680e8ae031290000;

    uint16 private constant _MAX_COUNTRY = 999;
    // Retail, Accredited and Institutional.
    uint8 private constant _CLASS_MASK = 0x0e;

    address private immutable _sharedRegistry;

    constructor(address sharedRegistry) {
        _sharedRegistry = sharedRegistry;
    }

    // -- Setting -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IAutomatedComplianceEngine
    function openRules(address token, uint16[] calldata countries, uint8 classes) external restricted {
        if (classes == 0 || classes & ~_CLASS_MASK != 0) revert AutomatedComplianceEngine__InvalidClasses(classes);
        _open(token, _sharedRegistry);
        Storage storage $ = _storage();
        Rule memory rule;
        rule.classes = classes;
        for (uint256 i; i < countries.length; ++i) {
            _requireCountry(countries[i]);
            $.rules[token][countries[i]].hold = classes;
            emit RuleSet(token, countries[i], rule);
        }
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function openRulebook(
        address token,
        address registry,
        TokenRule calldata tokenRule,
        uint16[] calldata countries,
        Rule[] calldata rules
    )
        external
        restricted
    {
        _open(token, registry);
        _setTokenRule(token, tokenRule);
        _setRules(token, countries, rules, false);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function setRules(address token, uint16[] calldata countries, Rule[] calldata rules) external restricted {
        _requireOpen(token);
        _setRules(token, countries, rules, false);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function tightenRules(address token, uint16[] calldata countries, Rule[] calldata rules) external restricted {
        _requireOpen(token);
        _setRules(token, countries, rules, true);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function blockCountries(address token, uint16[] calldata countries) external restricted {
        _requireOpen(token);
        for (uint256 i; i < countries.length; ++i) {
            _requireCountry(countries[i]);
            Words storage words = _storage().rules[token][countries[i]];
            words.hold = words.hold.withoutClasses();
            emit RuleSet(token, countries[i], words.hold.unpacked(words.flow));
        }
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function setTokenRule(address token, TokenRule calldata rule) external restricted {
        _requireOpen(token);
        _setTokenRule(token, rule);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function tightenTokenRule(address token, TokenRule calldata rule) external restricted {
        _requireOpen(token);
        TokenRule memory old = tokenRuleOf(token);
        bool fewer = old.maxHolders == 0 || (rule.maxHolders != 0 && rule.maxHolders <= old.maxHolders);
        if (!fewer || old.requiredTopics & ~rule.requiredTopics != 0) {
            revert AutomatedComplianceEngine__NotTighter(token, 0);
        }
        _setTokenRule(token, rule);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function setRegistry(address registry) external {
        _requireOpen(msg.sender);
        _setRegistry(msg.sender, registry);
        emit RegistrySet(msg.sender, registry);
    }

    // -- Reading -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IAutomatedComplianceEngine
    function identityRegistry() external view returns (address) {
        return _sharedRegistry;
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function registryOf(address token) external view returns (address) {
        return _storage().tokens[token].registry();
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function tokenRuleOf(address token) public view returns (TokenRule memory) {
        uint256 word = _storage().tokens[token];
        return TokenRule(uint16(word.requiredTopics()), uint32(word.maxTokenHolders()));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function ruleOf(address token, uint16 country) public view returns (Rule memory) {
        Words storage words = _storage().rules[token][country];
        return words.hold.unpacked(words.flow);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function isCountryAllowed(address token, uint16 country) external view returns (bool) {
        return _storage().rules[token][country].hold.classes() != 0;
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function holdersOf(address token, uint16 country) external view returns (uint256 all, uint256 inCountry) {
        Storage storage $ = _storage();
        return ($.tokens[token].tokenHolders(), $.rules[token][country].hold.holders());
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function holderOf(
        address token,
        address account
    )
        external
        view
        returns (uint16 country, uint256 locked, uint40 unlocksAt)
    {
        Holder storage holder = _storage().holders[token][account];
        return (holder.country, holder.locked, holder.unlocksAt);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function logOf(address token) external view returns (bytes32 head, uint64 entries) {
        Log storage log = _storage().logs[token];
        return (log.head, log.entries);
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    function _open(address token, address registry) private {
        if (_storage().tokens[token] != 0) revert AutomatedComplianceEngine__RulesExist(token);
        _setRegistry(token, registry);
        emit RulesOpened(token, registry);
    }

    function _setRegistry(address token, address registry) private {
        if (registry.code.length == 0) revert AutomatedComplianceEngine__InvalidRegistry(registry);
        Storage storage $ = _storage();
        $.tokens[token] = $.tokens[token].withRegistry(registry);
    }

    function _setTokenRule(address token, TokenRule calldata rule) private {
        Storage storage $ = _storage();
        $.tokens[token] = $.tokens[token].withRule(rule.requiredTopics, rule.maxHolders);
        emit TokenRuleSet(token, rule);
    }

    function _setRules(address token, uint16[] calldata countries, Rule[] calldata rules, bool tighten) private {
        if (countries.length != rules.length) revert AutomatedComplianceEngine__LengthMismatch();
        for (uint256 i; i < rules.length; ++i) {
            (uint16 country, Rule calldata rule) = (countries[i], rules[i]);
            _requireCountry(country);
            _requireValid(country, rule);
            if (tighten && !rule.isTighter(ruleOf(token, country))) {
                revert AutomatedComplianceEngine__NotTighter(token, country);
            }
            Words storage words = _storage().rules[token][country];
            (words.hold, words.flow) = rule.packed(words.hold);
            emit RuleSet(token, country, rule);
        }
    }

    function _requireValid(uint16 country, Rule calldata rule) private pure {
        if (rule.classes & ~_CLASS_MASK != 0) revert AutomatedComplianceEngine__InvalidClasses(rule.classes);
        bool bounds = rule.maxHolding == 0 || rule.minHolding <= rule.maxHolding;
        bool volume = rule.volumeLimit == 0
            ? rule.period == 0
            : rule.period >= RollingVolume.LEAST_PERIOD && rule.volumeLimit <= RollingVolume.MOST;
        if (!bounds || !volume) revert AutomatedComplianceEngine__InvalidRule(country);
    }

    function _requireCountry(uint16 country) private pure {
        if (country == 0 || country > _MAX_COUNTRY) revert AutomatedComplianceEngine__InvalidCountry(country);
    }

    function _requireOpen(address token) private view {
        if (_storage().tokens[token] == 0) revert AutomatedComplianceEngine__RulesNotSet(token);
    }

    function _storage() internal pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }
}
