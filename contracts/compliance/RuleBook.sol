// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Country} from "../identity/Country.sol";
import {RollingVolume} from "../math/RollingVolume.sol";
import {ComplianceStorage} from "./ComplianceStorage.sol";
import {PackedToken} from "./PackedToken.sol";
import {RulePacking} from "./RulePacking.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";

/// @title Functions that set rules, which are data
/// @notice See {IAutomatedComplianceEngine}, whose functions of these names run this code in the engine's account.
contract RuleBook is ComplianceStorage {
    using Country for uint16;
    using PackedToken for uint256;
    using RulePacking for *;

    // Retail, Accredited and Institutional.
    uint8 private constant _CLASS_MASK = 0x0e;
    uint256 private constant _MAX_FORMER_REGISTRIES = 4;

    address private immutable _sharedRegistry;

    constructor(address sharedRegistry) {
        _sharedRegistry = sharedRegistry;
    }

    // -- Setting -----------------------------------------------------------------------------------------------------

    /// @notice See {IAutomatedComplianceEngine}.
    function openRules(address token, uint16[] calldata countries, uint8 classes) external onlyDelegated restricted {
        if (classes == 0 || classes & ~_CLASS_MASK != 0) {
            revert IAutomatedComplianceEngine.AutomatedComplianceEngine__InvalidClasses(classes);
        }
        _open(token, _sharedRegistry);
        Storage storage $ = _storage();
        IAutomatedComplianceEngine.Rule memory rule;
        rule.classes = classes;
        for (uint256 i; i < countries.length; ++i) {
            $.rules[token][_codeOf(countries[i])].hold = classes;
            emit IAutomatedComplianceEngine.RuleSet(token, countries[i], rule);
        }
    }

    /// @notice See {IAutomatedComplianceEngine}.
    function openRulebook(
        address token,
        address registry,
        IAutomatedComplianceEngine.TokenRule calldata tokenRule,
        uint16[] calldata countries,
        IAutomatedComplianceEngine.Rule[] calldata rules
    )
        external
        onlyDelegated
        restricted
    {
        _open(token, registry);
        _setTokenRule(token, tokenRule);
        _setRules(token, countries, rules, false);
    }

    /// @notice See {IAutomatedComplianceEngine}.
    function setRules(
        address token,
        uint16[] calldata countries,
        IAutomatedComplianceEngine.Rule[] calldata rules
    )
        external
        onlyDelegated
        restricted
    {
        _requireOpen(token);
        _setRules(token, countries, rules, false);
    }

    /// @notice See {IAutomatedComplianceEngine}.
    function tightenRules(
        address token,
        uint16[] calldata countries,
        IAutomatedComplianceEngine.Rule[] calldata rules
    )
        external
        onlyDelegated
        restricted
    {
        _requireOpen(token);
        _setRules(token, countries, rules, true);
    }

    /// @notice See {IAutomatedComplianceEngine}.
    function blockCountries(address token, uint16[] calldata countries) external onlyDelegated restricted {
        _requireOpen(token);
        for (uint256 i; i < countries.length; ++i) {
            Words storage words = _storage().rules[token][_codeOf(countries[i])];
            words.hold = words.hold.withoutClasses();
            emit IAutomatedComplianceEngine.RuleSet(token, countries[i], words.hold.unpacked(words.flow));
        }
    }

    /// @notice See {IAutomatedComplianceEngine}.
    function setTokenRule(
        address token,
        IAutomatedComplianceEngine.TokenRule calldata rule
    )
        external
        onlyDelegated
        restricted
    {
        _requireOpen(token);
        _setTokenRule(token, rule);
    }

    /// @notice See {IAutomatedComplianceEngine}.
    function tightenTokenRule(
        address token,
        IAutomatedComplianceEngine.TokenRule calldata rule
    )
        external
        onlyDelegated
        restricted
    {
        _requireOpen(token);
        IAutomatedComplianceEngine.TokenRule memory old = _tokenRuleOf(token);
        bool fewer = old.maxHolders == 0 || (rule.maxHolders != 0 && rule.maxHolders <= old.maxHolders);
        if (!fewer || old.requiredTopics & ~rule.requiredTopics != 0) {
            revert IAutomatedComplianceEngine.AutomatedComplianceEngine__NotTighter(token, 0);
        }
        _setTokenRule(token, rule);
    }

    /// @notice See {IAutomatedComplianceEngine}.
    function setIssueRule(
        address token,
        uint16 country,
        IAutomatedComplianceEngine.IssueRule calldata rule
    )
        external
        onlyDelegated
        restricted
    {
        _setIssueRule(token, country, rule);
    }

    /// @notice See {IAutomatedComplianceEngine}.
    function tightenIssueRule(
        address token,
        uint16 country,
        IAutomatedComplianceEngine.IssueRule calldata rule
    )
        external
        onlyDelegated
        restricted
    {
        if (!rule.isTighter(_storage().issueRules[token][_issueKey(country)].unpackedIssues())) {
            revert IAutomatedComplianceEngine.AutomatedComplianceEngine__NotTighter(token, country);
        }
        _setIssueRule(token, country, rule);
    }

    /// @notice See {IAutomatedComplianceEngine}.
    function admitSharedLedger(address token, address venue) external onlyDelegated restricted {
        _requireOpen(token);
        _storage().sharedLedgers[token][venue] = true;
        emit IAutomatedComplianceEngine.SharedLedgerSet(token, venue, true);
    }

    /// @notice See {IAutomatedComplianceEngine}.
    function dropSharedLedger(address token, address venue) external onlyDelegated restricted {
        _storage().sharedLedgers[token][venue] = false;
        emit IAutomatedComplianceEngine.SharedLedgerSet(token, venue, false);
    }

    /// @notice See {IAutomatedComplianceEngine}.
    function addTreasury(address token, address account) external onlyDelegated restricted {
        _requireOpen(token);
        Storage storage $ = _storage();
        $.treasuries[token][account] = true;
        $.tokens[token] = $.tokens[token].withTreasuries();
        emit IAutomatedComplianceEngine.TreasurySet(token, account, true);
    }

    /// @notice See {IAutomatedComplianceEngine}.
    function removeTreasury(address token, address account) external onlyDelegated restricted {
        _storage().treasuries[token][account] = false;
        emit IAutomatedComplianceEngine.TreasurySet(token, account, false);
    }

    /// @notice See {IAutomatedComplianceEngine}.
    function setRegistry(address registry) external onlyDelegated {
        address token = msg.sender;
        _requireOpen(token);
        Storage storage $ = _storage();
        address former = $.tokens[token].registry();
        // Nobody holds the token: nothing that the former registry knows can matter.
        if ($.tokens[token].tokenHolders() != 0 && former != registry) _keepFormer(token, former, registry);
        _setRegistry(token, registry);
        emit IAutomatedComplianceEngine.RegistrySet(token, registry);
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    function _open(address token, address registry) private {
        if (_storage().tokens[token] != 0) {
            revert IAutomatedComplianceEngine.AutomatedComplianceEngine__RulesExist(token);
        }
        _setRegistry(token, registry);
        emit IAutomatedComplianceEngine.RulesOpened(token, registry);
    }

    function _setRegistry(address token, address registry) private {
        if (registry.code.length == 0) {
            revert IAutomatedComplianceEngine.AutomatedComplianceEngine__InvalidRegistry(registry);
        }
        Storage storage $ = _storage();
        $.tokens[token] = $.tokens[token].withRegistry(registry);
    }

    /// @dev Freezes and sanctions in the former registry keep binding holders. A registry that comes back is no former
    /// one.
    function _keepFormer(address token, address former, address next) private {
        Storage storage $ = _storage();
        address[] storage formers = $.formerRegistries[token];
        for (uint256 i; i < formers.length; ++i) {
            if (formers[i] != next) continue;
            formers[i] = former;
            return;
        }
        if (formers.length == _MAX_FORMER_REGISTRIES) {
            revert IAutomatedComplianceEngine.AutomatedComplianceEngine__TooManyRegistries(
                token, _MAX_FORMER_REGISTRIES
            );
        }
        formers.push(former);
        $.tokens[token] = $.tokens[token].withFormerRegistries();
    }

    function _setTokenRule(address token, IAutomatedComplianceEngine.TokenRule calldata rule) private {
        Storage storage $ = _storage();
        $.tokens[token] = $.tokens[token].withRule(rule.requiredTopics, rule.maxHolders);
        emit IAutomatedComplianceEngine.TokenRuleSet(token, rule);
    }

    function _setIssueRule(address token, uint16 country, IAutomatedComplianceEngine.IssueRule calldata rule) private {
        _requireOpen(token);
        bool scope = country == EVERYWHERE || rule.supplyCap == 0;
        if (!scope || !_isWindow(rule.issuanceLimit, rule.period)) {
            revert IAutomatedComplianceEngine.AutomatedComplianceEngine__InvalidRule(country);
        }
        Storage storage $ = _storage();
        $.issueRules[token][_issueKey(country)] = rule.packed();
        $.tokens[token] = $.tokens[token].withLimitedIssues();
        emit IAutomatedComplianceEngine.IssueRuleSet(token, country, rule);
    }

    function _setRules(
        address token,
        uint16[] calldata countries,
        IAutomatedComplianceEngine.Rule[] calldata rules,
        bool tighten
    )
        private
    {
        if (countries.length != rules.length) {
            revert IAutomatedComplianceEngine.AutomatedComplianceEngine__LengthMismatch();
        }
        for (uint256 i; i < rules.length; ++i) {
            (uint16 country, IAutomatedComplianceEngine.Rule calldata rule) = (countries[i], rules[i]);
            uint16 code = _codeOf(country);
            _requireValid(country, rule);
            if (tighten && !rule.isTighter(_ruleOf(token, code))) {
                revert IAutomatedComplianceEngine.AutomatedComplianceEngine__NotTighter(token, country);
            }
            Words storage words = _storage().rules[token][code];
            (words.hold, words.flow) = rule.packed(words.hold);
            if (rule.lockup != 0) _storage().tokens[token] = _storage().tokens[token].withLockupRules();
            emit IAutomatedComplianceEngine.RuleSet(token, country, rule);
        }
    }

    function _requireValid(uint16 country, IAutomatedComplianceEngine.Rule calldata rule) private pure {
        if (rule.classes & ~_CLASS_MASK != 0) {
            revert IAutomatedComplianceEngine.AutomatedComplianceEngine__InvalidClasses(rule.classes);
        }
        bool bounds = rule.maxHolding == 0 || rule.minHolding <= rule.maxHolding;
        if (!bounds || !_isWindow(rule.volumeLimit, rule.period)) {
            revert IAutomatedComplianceEngine.AutomatedComplianceEngine__InvalidRule(country);
        }
    }

    function _isWindow(uint256 limit, uint256 period) private pure returns (bool) {
        if (limit == 0) return period == 0;
        return period >= RollingVolume.LEAST_PERIOD && limit <= RollingVolume.MOST;
    }

    /// @return The code under which rules of a country are stored.
    function _codeOf(uint16 country) private pure returns (uint16) {
        if (country == Country.UNSTATED) {
            revert IAutomatedComplianceEngine.AutomatedComplianceEngine__InvalidCountry(country);
        }
        return country.stored();
    }

    function _requireOpen(address token) private view {
        if (_storage().tokens[token] == 0) {
            revert IAutomatedComplianceEngine.AutomatedComplianceEngine__RulesNotSet(token);
        }
    }

    function _tokenRuleOf(address token) private view returns (IAutomatedComplianceEngine.TokenRule memory) {
        uint256 word = _storage().tokens[token];
        return IAutomatedComplianceEngine.TokenRule(uint16(word.requiredTopics()), uint32(word.maxTokenHolders()));
    }

    function _ruleOf(address token, uint16 code) private view returns (IAutomatedComplianceEngine.Rule memory) {
        Words storage words = _storage().rules[token][code];
        return words.hold.unpacked(words.flow);
    }
}
