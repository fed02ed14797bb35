// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Handover} from "../calls/Handover.sol";
import {Country} from "../identity/Country.sol";
import {PackedIdentity} from "../identity/PackedIdentity.sol";
import {RollingVolume} from "../math/RollingVolume.sol";
import {HolderRecords} from "./HolderRecords.sol";
import {PackedToken} from "./PackedToken.sol";
import {RuleBook} from "./RuleBook.sol";
import {RulePacking} from "./RulePacking.sol";
import {Tranches} from "./Tranches.sol";
import {TransferTerms} from "./TransferTerms.sol";
import {Verdicts} from "./Verdicts.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";

/// @title Engine that judges movements by the rules
/// @notice See {IAutomatedComplianceEngine}.
contract AutomatedComplianceEngine is Verdicts, UUPSUpgradeable {
    using Country for uint16;
    using PackedIdentity for uint256;
    using PackedToken for uint256;
    using RulePacking for uint256;
    using RollingVolume for RollingVolume.Window;
    using Tranches for uint256[];
    using Tranches for uint256;
    using Address for address;

    address private immutable _sharedRegistry;
    RuleBook private immutable _ruleBook;
    HolderRecords private immutable _records;
    TransferTerms private immutable _terms;

    /// @param sharedRegistry Registry of tokens that have none of their own; the one that `ruleBook` opens rules with.
    constructor(IIdentityRegistry sharedRegistry, RuleBook ruleBook, HolderRecords records, TransferTerms terms) {
        (_sharedRegistry, _ruleBook, _records, _terms) = (address(sharedRegistry), ruleBook, records, terms);
        _disableInitializers();
    }

    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
    }

    // -- Rules, in the code of {RuleBook} ----------------------------------------------------------------------------

    /// @inheritdoc IAutomatedComplianceEngine
    function openRules(address, uint16[] calldata, uint8) external {
        Handover.run(address(_ruleBook));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function openRulebook(address, address, TokenRule calldata, uint16[] calldata, Rule[] calldata) external {
        Handover.run(address(_ruleBook));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function setRules(address, uint16[] calldata, Rule[] calldata) external {
        Handover.run(address(_ruleBook));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function tightenRules(address, uint16[] calldata, Rule[] calldata) external {
        Handover.run(address(_ruleBook));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function blockCountries(address, uint16[] calldata) external {
        Handover.run(address(_ruleBook));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function setTokenRule(address, TokenRule calldata) external {
        Handover.run(address(_ruleBook));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function tightenTokenRule(address, TokenRule calldata) external {
        Handover.run(address(_ruleBook));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function setIssueRule(address, uint16, IssueRule calldata) external {
        Handover.run(address(_ruleBook));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function tightenIssueRule(address, uint16, IssueRule calldata) external {
        Handover.run(address(_ruleBook));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function admitSharedLedger(address, address) external {
        Handover.run(address(_ruleBook));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function dropSharedLedger(address, address) external {
        Handover.run(address(_ruleBook));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function addTreasury(address, address) external {
        Handover.run(address(_ruleBook));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function removeTreasury(address, address) external {
        Handover.run(address(_ruleBook));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function setRegistry(address) external {
        Handover.run(address(_ruleBook));
    }

    /// @notice Answers {ITransferTerms} in the code of {TransferTerms}.
    fallback() external {
        Handover.run(address(_terms));
    }

    // -- Movements ---------------------------------------------------------------------------------------------------

    /// @inheritdoc IAutomatedComplianceEngine
    function admitTransfer(
        address operator,
        address from,
        address to,
        uint256 amount,
        uint256 fromBalance,
        uint256 toBalance
    )
        external
    {
        Sides memory sides = _sides(msg.sender, from, to);
        // Most transfers have nothing to be counted, logged or looked up.
        if (operator == from && fromBalance != 0 && _isPlain(sides, from, to, amount, toBalance)) return;
        _admit(Movement(msg.sender, operator, from, to, amount, amount, fromBalance, toBalance, false, true), sides);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function admitForcedTransfer(
        address operator,
        address from,
        address to,
        uint256 amount,
        uint256 fromBalance,
        uint256 toBalance
    )
        external
    {
        Movement memory m = Movement(msg.sender, operator, from, to, amount, amount, fromBalance, toBalance, true, true);
        _admit(m, _sides(msg.sender, from, to));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function admitBatch(
        address operator,
        address from,
        address[] calldata to,
        uint256[] calldata amounts,
        uint256 fromBalance,
        uint256[] calldata toBalances
    )
        external
    {
        if (to.length != amounts.length || to.length != toBalances.length) {
            revert AutomatedComplianceEngine__LengthMismatch();
        }
        Movement memory m;
        (m.token, m.operator, m.from, m.fromBalance, m.first) = (msg.sender, operator, from, fromBalance, true);
        for (uint256 i; i < to.length; ++i) {
            m.sent += amounts[i];
        }
        uint256 country;
        uint256 hold;
        for (uint256 i; i < to.length; ++i) {
            (m.to, m.amount, m.toBalance) = (to[i], amounts[i], toBalances[i]);
            Sides memory sides = _sides(msg.sender, from, m.to);
            // The first leg may end the sender's count, and with it the country that a forgotten holder obeys.
            if (m.first) (country, hold) = (sides.senderCountry, sides.senderHold);
            else (sides.senderCountry, sides.senderHold) = (country, hold);
            _admit(m, sides);
            m.first = false;
        }
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function recordRefusal(address, address, address, uint256, address, Reason) external {
        Handover.run(address(_records));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function recount(address, address) external {
        Handover.run(address(_records));
    }

    // -- Verdicts ----------------------------------------------------------------------------------------------------

    /// @inheritdoc IAutomatedComplianceEngine
    function checkTransfer(
        address token,
        address operator,
        address from,
        address to,
        uint256 amount
    )
        external
        view
        returns (address account, Reason reason)
    {
        Movement memory m = Movement(token, operator, from, to, amount, amount, 0, 0, false, true);
        Sides memory sides = _sides(token, from, to);
        if (sides.token != 0) (m.fromBalance, m.toBalance) = _balancesAfter(token, from, to, amount);
        if (from == address(0)) m.fromBalance = amount;
        return _verdict(m, sides);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function eligibility(address token, address account) external view returns (Reason reason) {
        Sides memory sides = _sides(token, account, account);
        if (sides.token == 0) return Reason.RulesNotSet;
        reason = _eligibility(sides.token, sides.receiver, sides.receiverHold);
        if (reason == Reason.None) (, reason) = _directionsUnderTerms(sides.token, token, account);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function directionsOf(address token, address account) external view returns (bool maySend, bool mayReceive) {
        Sides memory sides = _sides(token, account, account);
        if (sides.token == 0 || _accountStatus(sides.sender) != Reason.None) return (false, false);
        Reason reason;
        (maySend, reason) = _directionsUnderTerms(sides.token, token, account);
        maySend = maySend && !sides.senderHold.outboundBlocked();
        if (sides.receiver.isVenue()) return (maySend, _isAdmittedVenue(token, account, sides.receiver));
        mayReceive = reason == Reason.None && !sides.receiverHold.inboundBlocked()
            && _eligibility(sides.token, sides.receiver, sides.receiverHold) == Reason.None;
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function requireNotStopped(address token, address account) external view {
        uint256 word = _storage().tokens[token];
        if (word == 0) revert AutomatedComplianceEngine__RulesNotSet(token);
        Reason reason = _accountStatus(_identityOf(word, token, account));
        if (reason != Reason.None) revert AutomatedComplianceEngine__Refused(token, account, reason);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function issuable(address token, address account) external view returns (uint256 least, uint256 most) {
        Movement memory m = Movement(token, account, address(0), account, 0, 0, 0, 0, false, true);
        Sides memory sides = _sides(token, address(0), account);
        uint256 hold = sides.receiverHold;
        if (sides.token == 0 || _eligibility(sides.token, sides.receiver, hold) != Reason.None) return (0, 0);
        if (hold.inboundBlocked()) return (0, 0);
        m.toBalance = IERC20(token).balanceOf(account);
        if (_checkHolderCaps(m, sides.token, hold, sides.receiver.country()) != Reason.None) return (0, 0);
        least = FixedPointMathLib.zeroFloorSub(hold.minHolding(), m.toBalance);
        uint256 held;
        (most, held) = _maximumOf(m, sides);
        most = most == 0 ? type(uint256).max : FixedPointMathLib.zeroFloorSub(most, m.toBalance + held);
        if (sides.token.boundsIssues()) {
            most = FixedPointMathLib.min(most, TransferTerms(address(this)).issueRoom(m, sides));
        }
        if (least > most) return (0, 0);
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
        Words storage words = _storage().rules[token][country.stored()];
        return words.hold.unpacked(words.flow);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function issueRuleOf(address token, uint16 country) external view returns (IssueRule memory) {
        return _storage().issueRules[token][_issueKey(country)].unpackedIssues();
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function issuedIn(address token, uint16 country) external view returns (uint256) {
        uint256 key = _issueKey(country);
        uint256 period = _storage().issueRules[token][key].period();
        return period == 0 ? 0 : _storage().issued[token][key].total(period, block.timestamp);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function isCountryAllowed(address token, uint16 country) external view returns (bool) {
        return _storage().rules[token][country.stored()].hold.classes() != 0;
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function holdersOf(address token, uint16 country) external view returns (uint256 all, uint256 inCountry) {
        Storage storage $ = _storage();
        return ($.tokens[token].tokenHolders(), $.rules[token][country.stored()].hold.holders());
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function isSharedLedgerAdmitted(address token, address venue) external view returns (bool) {
        return _storage().sharedLedgers[token][venue];
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function freeIssueOf(address token, address account) external view returns (uint40) {
        return _storage().freeIssues[token][account];
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function isTreasury(address token, address account) external view returns (bool) {
        return _storage().treasuries[token][account];
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function formerRegistriesOf(address token) external view returns (address[] memory) {
        return _storage().formerRegistries[token];
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function logOf(address token) external view returns (bytes32 head, uint64 entries) {
        Log storage log = _storage().logs[token];
        return (log.head, log.entries);
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
        Storage storage $ = _storage();
        uint256[] storage tranches = $.tranches[token][account];
        locked = tranches.locked(block.timestamp);
        return ($.countedIn[token][account], locked, locked == 0 ? 0 : uint40(tranches.lastEnd()));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function tranchesOf(address token, address account) external view returns (Tranche[] memory found) {
        (uint256[] memory tranches, uint256 count) = _storage().tranches[token][account].active(block.timestamp);
        found = new Tranche[](count);
        for (uint256 i; i < count; ++i) {
            found[i] = Tranche(tranches[i].amount(), uint40(tranches[i].end()));
        }
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function volumeOf(address token, address account, uint16 country) external view returns (uint256) {
        Storage storage $ = _storage();
        uint256 period = $.rules[token][country.stored()].flow.period();
        if (period == 0) return 0;
        return $.volumes[token][_investorOf(token, account)][country.stored()].total(period, block.timestamp);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function movedInDay(address token, address account) external view returns (uint256 sent, uint256 received) {
        Storage storage $ = _storage();
        address investor = _investorOf(token, account);
        sent = $.sentInDay[token][investor].total(REPORTING_TIME, block.timestamp);
        received = $.receivedInDay[token][investor].total(REPORTING_TIME, block.timestamp);
    }

    // -- Recording ---------------------------------------------------------------------------------------------------

    function _admit(Movement memory m, Sides memory sides) private {
        (address account, Reason reason) = _verdict(m, sides);
        if (reason != Reason.None) revert AutomatedComplianceEngine__Refused(m.token, account, reason);
        _record(m, sides);
    }

    function _record(Movement memory m, Sides memory sides) private {
        _count(m, sides);
        if (!_leavesRecords(m, sides)) return;
        address(_records).functionDelegateCall(abi.encodeCall(HolderRecords.record, (m, sides)));
    }

    /// @dev Returns true if the movement may leave a lock, a volume or an entry of the log.
    function _leavesRecords(Movement memory m, Sides memory sides) private pure returns (bool) {
        if ((sides.senderHold | sides.receiverHold).hasFlow() || sides.sender.isOneOfMany()) return true;
        if (m.amount == 0) return false;
        if (sides.token.hasExceptions()) return true;
        return m.from == address(0)
            && (sides.token.recordsIssues() || sides.receiverHold.lockup() != 0 || sides.receiver.isOneOfMany());
    }

    function _count(Movement memory m, Sides memory sides) private {
        bool limited = sides.token.limitsHolders();
        // The sender leaves with what it sends in all, whatever the first receiver gets.
        if ((m.fromBalance == 0 || limited) && m.first && m.from != address(0) && m.sent != 0) {
            bool stays = m.fromBalance != 0 && !sides.sender.isVenue();
            _countAt(m.token, m.from, stays ? sides.senderCountry : 0);
        }
        if ((m.toBalance == m.amount || limited) && m.amount != 0 && m.to != address(0) && m.from != m.to) {
            _countAt(m.token, m.to, sides.receiver.isVenue() ? 0 : sides.receiver.country());
        }
    }

    // -- Helpers -----------------------------------------------------------------------------------------------------

    /// @dev Returns what the terms of a token leave open to an account: a view asks them of the engine itself.
    function _directionsUnderTerms(uint256 word, address token, address account) private view returns (bool, Reason) {
        return word.hasTerms() ? TransferTerms(address(this)).directionsUnderTerms(token, account) : (true, Reason.None);
    }

    function _balancesAfter(
        address token,
        address from,
        address to,
        uint256 amount
    )
        private
        view
        returns (uint256 fromBalance, uint256 toBalance)
    {
        if (from != address(0)) fromBalance = IERC20(token).balanceOf(from);
        if (from == to) return (fromBalance, fromBalance);
        fromBalance = fromBalance > amount ? fromBalance - amount : 0;
        if (to != address(0)) toBalance = IERC20(token).balanceOf(to) + amount;
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
