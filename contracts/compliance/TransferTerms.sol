// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Country} from "../identity/Country.sol";
import {PackedIdentity} from "../identity/PackedIdentity.sol";
import {RollingVolume} from "../math/RollingVolume.sol";
import {ClassCounts} from "./ClassCounts.sol";
import {PackedClass} from "./PackedClass.sol";
import {PackedTerms} from "./PackedTerms.sol";
import {PackedToken} from "./PackedToken.sol";
import {PackedVolume} from "./PackedVolume.sol";
import {RulePacking} from "./RulePacking.sol";
import {VolumeTerms} from "./VolumeTerms.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {ITransferTerms} from "interfaces/compliance/ITransferTerms.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";

/// @title Terms by pairs of countries, dates, affiliates and classes of investors
/// @notice See {ITransferTerms}. The engine hands this code every call that it does not answer itself.
contract TransferTerms is ITransferTerms, VolumeTerms, ClassCounts {
    using Country for uint256;
    using PackedClass for *;
    using PackedIdentity for uint256;
    using PackedTerms for *;
    using PackedToken for uint256;
    using PackedVolume for *;
    using RollingVolume for RollingVolume.Window;
    using RulePacking for uint256;

    uint256 private constant _MOST = 24;
    uint256 private constant _MOST_LIMITS = 8;
    uint256 private constant _MOST_CLASS_RULES = 16;
    // Retail, Accredited and Institutional.
    uint8 private constant _CLASS_MASK = 0x0e;

    // -- Setting -----------------------------------------------------------------------------------------------------

    /// @inheritdoc ITransferTerms
    function addPairRules(address token, PairRule[] calldata rules) external onlyDelegated restricted {
        uint256[] storage list = _begin(token, _storage().pairRules[token]);
        for (uint256 i; i < rules.length; ++i) {
            _requirePeriod(rules[i].start, rules[i].end);
            _requireWhole(rules[i].sender);
            _requireWhole(rules[i].receiver);
            _add(token, list, _packed(rules[i]), _MOST);
        }
        emit PairRulesSet(token, pairRulesOf(token));
    }

    /// @inheritdoc ITransferTerms
    function removePairRules(address token, PairRule[] calldata rules) external onlyDelegated restricted {
        for (uint256 i; i < rules.length; ++i) {
            _remove(_storage().pairRules[token], _packed(rules[i]));
        }
        emit PairRulesSet(token, pairRulesOf(token));
    }

    /// @inheritdoc ITransferTerms
    function addBlackouts(address token, Blackout[] calldata blackouts) external onlyDelegated restricted {
        uint256[] storage list = _begin(token, _storage().blackouts[token]);
        for (uint256 i; i < blackouts.length; ++i) {
            _requirePeriod(blackouts[i].start, blackouts[i].end);
            _add(token, list, blackouts[i].packedBlackout(), _MOST);
        }
        emit BlackoutsSet(token, blackoutsOf(token));
    }

    /// @inheritdoc ITransferTerms
    function removeBlackouts(address token, Blackout[] calldata blackouts) external onlyDelegated restricted {
        for (uint256 i; i < blackouts.length; ++i) {
            _remove(_storage().blackouts[token], blackouts[i].packedBlackout());
        }
        emit BlackoutsSet(token, blackoutsOf(token));
    }

    /// @inheritdoc ITransferTerms
    function addVolumeLimits(address token, VolumeLimit[] calldata limits) external onlyDelegated restricted {
        _requireOpen(token);
        Storage storage $ = _storage();
        $.tokens[token] = $.tokens[token].withVolumeLimits();
        for (uint256 i; i < limits.length; ++i) {
            (uint256 limit, uint32 period) = (limits[i].limit, limits[i].period);
            bool valid = limit != 0 && limit <= RollingVolume.MOST && period >= RollingVolume.LEAST_PERIOD;
            if (!valid) revert TransferTerms__InvalidLimit(limit, period);
            _requireWhole(limits[i].country);
            _addLimit(token, $.volumeLimits[token], _packed(limits[i]));
        }
        emit VolumeLimitsSet(token, volumeLimitsOf(token));
    }

    /// @inheritdoc ITransferTerms
    function removeVolumeLimits(address token, VolumeLimit[] calldata limits) external onlyDelegated restricted {
        for (uint256 i; i < limits.length; ++i) {
            _remove(_storage().volumeLimits[token], _packed(limits[i]));
        }
        emit VolumeLimitsSet(token, volumeLimitsOf(token));
    }

    /// @inheritdoc ITransferTerms
    function addAffiliates(address token, address[] calldata accounts) external onlyDelegated restricted {
        _requireOpen(token);
        _mark(token, accounts, true);
    }

    /// @inheritdoc ITransferTerms
    function removeAffiliates(address token, address[] calldata accounts) external onlyDelegated restricted {
        _requireOpen(token);
        _mark(token, accounts, false);
    }

    /// @inheritdoc ITransferTerms
    function addClassRules(address token, ClassRule[] calldata rules) external onlyDelegated restricted {
        _requireOpen(token);
        Storage storage $ = _storage();
        uint256 marks;
        for (uint256 i; i < rules.length; ++i) {
            _requireClassRule(rules[i]);
            _requireWhole(rules[i].country);
            if (rules[i].lockup != 0) marks = PackedToken.LOCKUP_RULES;
            _add(token, $.classRules[token], _packed(rules[i]), _MOST_CLASS_RULES);
        }
        // The marks stay when the rules go.
        $.tokens[token] = $.tokens[token].withClassRules() | marks;
        _requireCensus(token);
        emit ClassRulesSet(token, classRulesOf(token));
    }

    /// @inheritdoc ITransferTerms
    function removeClassRules(address token, ClassRule[] calldata rules) external onlyDelegated restricted {
        for (uint256 i; i < rules.length; ++i) {
            _remove(_storage().classRules[token], _packed(rules[i]));
        }
        emit ClassRulesSet(token, classRulesOf(token));
    }

    /// @inheritdoc ITransferTerms
    function recountHolders(address token, address[] calldata accounts) external onlyDelegated {
        _requireOpen(token);
        for (uint256 i; i < accounts.length; ++i) {
            IAutomatedComplianceEngine(address(this)).recount(token, accounts[i]);
        }
    }

    // -- Judging -----------------------------------------------------------------------------------------------------

    /// @notice Returns the account that the terms of its token refuse and the reason; (0, None) if they refuse none.
    /// The engine asks it last, about tokens that have terms.
    function judge(
        Movement calldata m,
        Sides calldata sides
    )
        external
        view
        returns (address, IAutomatedComplianceEngine.Reason)
    {
        if (m.to == address(0) || m.from == m.to) return _passed();
        if (sides.token.hasClassRules() && m.amount != 0 && !sides.receiver.isVenue()) {
            (IAutomatedComplianceEngine.Reason reason, uint256 room) = _classRoom(m, sides);
            if (reason != IAutomatedComplianceEngine.Reason.None) return (m.to, reason);
            if (m.amount > room) return (m.to, IAutomatedComplianceEngine.Reason.AboveMaximumHolding);
        }
        if (m.from == address(0)) return _passed();
        uint256[] memory pairs = _activeOf(_storage().pairRules[m.token]);
        bool quiet = m.forced || sides.sender.isVenue();
        uint256[] memory blackouts = quiet ? new uint256[](0) : _activeOf(_storage().blackouts[m.token]);
        bool counted = !quiet && sides.token.hasVolumeLimits();
        if (pairs.length == 0 && blackouts.length == 0 && !counted) return _passed();

        Person memory sender = _personOf(sides.token, m.token, sides.sender, m.from, sides.senderCountry);
        Person memory receiver = _personOf(sides.token, m.token, sides.receiver, m.to, sides.receiver.country());
        if (sender.investor == receiver.investor) return _passed();
        if (_isStopped(m.token, blackouts, m.from, sender)) {
            return (m.from, IAutomatedComplianceEngine.Reason.BlackoutPeriod);
        }
        if (counted && _exceeds(m, sender)) return (m.from, IAutomatedComplianceEngine.Reason.VolumeExceeded);
        if (_isClosed(pairs, sender.countries, receiver.countries)) {
            return (m.to, IAutomatedComplianceEngine.Reason.CountryPairClosed);
        }
        return _passed();
    }

    /// @notice Returns {maySell}, and the reason for which {mayBuy} says no, in one call, as the engine asks for them.
    function directionsUnderTerms(
        address token,
        address account
    )
        external
        view
        returns (bool sells, IAutomatedComplianceEngine.Reason buying)
    {
        return (maySell(token, account), _refusalOf(token, account));
    }

    /// @notice Returns how many smallest units may be issued to the receiver under the limits on issues, the supply cap
    /// and the class rules of its token. The engine asks it where any of them may stand.
    function issueRoom(Movement memory m, Sides memory sides) external view returns (uint256 room) {
        room = type(uint256).max;
        if (sides.token.limitsIssues()) {
            uint256 cap = _storage().issueRules[m.token][0].supplyCap();
            if (cap != 0) room = FixedPointMathLib.zeroFloorSub(cap, IERC20(m.token).totalSupply());
            room = FixedPointMathLib.min(room, _issueRoom(m, sides));
        }
        if (!sides.token.hasClassRules()) return room;
        (IAutomatedComplianceEngine.Reason reason, uint256 most) = _classRoom(m, sides);
        if (reason != IAutomatedComplianceEngine.Reason.None) return 0;
        return FixedPointMathLib.min(room, most);
    }

    // -- Reading -----------------------------------------------------------------------------------------------------

    /// @inheritdoc ITransferTerms
    function pairRulesOf(address token) public view returns (PairRule[] memory rules) {
        uint256[] storage list = _storage().pairRules[token];
        rules = new PairRule[](list.length);
        for (uint256 i; i < rules.length; ++i) {
            uint256 term = list[i];
            rules[i] =
                PairRule(_shown(term.sender()), _shown(term.receiver()), uint40(term.start()), uint40(term.end()));
        }
    }

    /// @inheritdoc ITransferTerms
    function blackoutsOf(address token) public view returns (Blackout[] memory blackouts) {
        uint256[] storage list = _storage().blackouts[token];
        blackouts = new Blackout[](list.length);
        for (uint256 i; i < blackouts.length; ++i) {
            uint256 term = list[i];
            blackouts[i] = Blackout(uint40(term.start()), uint40(term.end()), term.affiliatesOnly());
        }
    }

    /// @inheritdoc ITransferTerms
    function volumeLimitsOf(address token) public view returns (VolumeLimit[] memory limits) {
        uint256[] storage list = _storage().volumeLimits[token];
        limits = new VolumeLimit[](list.length);
        for (uint256 i; i < limits.length; ++i) {
            uint256 volume = list[i];
            limits[i] = VolumeLimit(
                _shown(volume.limitCountry()), volume.bindsAffiliates(), uint32(volume.limitPeriod()), volume.limit()
            );
        }
    }

    /// @inheritdoc ITransferTerms
    function classRulesOf(address token) public view returns (ClassRule[] memory rules) {
        return _shownRules(_storage().classRules[token]);
    }

    /// @inheritdoc ITransferTerms
    function mayBuy(address token, address account) external view returns (bool) {
        return _refusalOf(token, account) == IAutomatedComplianceEngine.Reason.None;
    }

    /// @inheritdoc ITransferTerms
    function classRulesOn(address token, address account) external view returns (ClassRule[] memory rules) {
        uint256 word = _storage().tokens[token];
        if (word == 0) return rules;
        uint256 identity = IIdentityRegistry(word.registry()).packedIdentityOf(account);
        if (identity.isVenue()) return rules;
        Person memory person = _personOf(word, token, identity, account, identity.country());
        return _shownRules(_classRulesOn(token, identity, person));
    }

    /// @inheritdoc ITransferTerms
    function classHoldersOf(address token, ClassRule calldata rule) external view returns (uint256 persons) {
        Census storage census = _census(token);
        uint256 place = _placeOf(census.keys, _packed(rule).classKey());
        return place == census.keys.length ? 0 : census.counts[place];
    }

    /// @inheritdoc ITransferTerms
    function isCountedUnder(address token, address account, ClassRule calldata rule) external view returns (bool) {
        return _isMarkedAt(_census(token), _investorOf(token, account), _packed(rule));
    }

    /// @inheritdoc ITransferTerms
    function leavesUnder(address token, address account, ClassRule calldata rule) external view returns (bool) {
        Census storage census = _census(token);
        address person = census.seats[account];
        return census.persons[person].wallets == 1 && _isMarkedAt(census, person, _packed(rule));
    }

    /// @inheritdoc ITransferTerms
    function censusOf(address token) external view returns (uint256 counted, uint256 holders) {
        return (_census(token).wallets, _storage().tokens[token].tokenHolders());
    }

    /// @inheritdoc ITransferTerms
    function sentUnder(address token, address account, VolumeLimit calldata limit) external view returns (uint256) {
        uint256 volume = _packed(limit);
        if (volume.limitPeriod() == 0) return 0;
        return _sentUnder(token, _investorOf(token, account), volume);
    }

    /// @inheritdoc ITransferTerms
    function maySell(address token, address account) public view returns (bool) {
        uint256[] memory blackouts = _activeOf(_storage().blackouts[token]);
        if (blackouts.length == 0) return true;
        if (IIdentityRegistry(_storage().tokens[token].registry()).packedIdentityOf(account).isVenue()) return true;
        return !_isStopped(token, blackouts, account, _personAt(token, account));
    }

    /// @inheritdoc ITransferTerms
    function isAffiliate(address token, address account) external view returns (bool) {
        return _storage().tokens[token] != 0 && _isMarked(token, account, _personAt(token, account));
    }

    /// @inheritdoc ITransferTerms
    function hasTerms(address token) external view returns (bool) {
        return _storage().tokens[token].hasTerms();
    }

    /// @inheritdoc ITransferTerms
    function mostTerms() external pure returns (uint256) {
        return _MOST;
    }

    /// @inheritdoc ITransferTerms
    function mostVolumeLimits() external pure returns (uint256) {
        return _MOST_LIMITS;
    }

    /// @inheritdoc ITransferTerms
    function mostClassRules() external pure returns (uint256) {
        return _MOST_CLASS_RULES;
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    /// @dev The mark stays when the terms go.
    function _begin(address token, uint256[] storage list) private returns (uint256[] storage) {
        _requireOpen(token);
        _storage().tokens[token] = _storage().tokens[token].withTerms();
        for (uint256 i = list.length; i > 0; --i) {
            if (list[i - 1].end() <= block.timestamp) _removeAt(list, i - 1);
        }
        return list;
    }

    function _add(address token, uint256[] storage list, uint256 term, uint256 most) private {
        if (_indexOf(list, term) != list.length) return;
        if (list.length == most) revert TransferTerms__TooManyTerms(token, most);
        list.push(term);
    }

    function _remove(uint256[] storage list, uint256 term) private {
        uint256 index = _indexOf(list, term);
        if (index != list.length) _removeAt(list, index);
    }

    function _removeAt(uint256[] storage list, uint256 index) private {
        list[index] = list[list.length - 1];
        list.pop();
    }

    function _indexOf(uint256[] storage list, uint256 term) private view returns (uint256 index) {
        while (index < list.length && list[index] != term) ++index;
    }

    function _mark(address token, address[] calldata accounts, bool affiliate) private {
        Storage storage $ = _storage();
        for (uint256 i; i < accounts.length; ++i) {
            address person = _investorOf(token, accounts[i]);
            $.affiliates[token][accounts[i]] = affiliate;
            $.affiliates[token][person] = affiliate;
            emit AffiliateSet(token, accounts[i], person, affiliate);
        }
    }

    function _activeOf(uint256[] storage list) private view returns (uint256[] memory active) {
        uint256 length = list.length;
        active = new uint256[](length);
        uint256 count;
        for (uint256 i; i < length; ++i) {
            uint256 term = list[i];
            if (term.start() <= block.timestamp && block.timestamp < term.end()) active[count++] = term;
        }
        assembly ("memory-safe") {
            mstore(active, count)
        }
    }

    function _isStopped(
        address token,
        uint256[] memory blackouts,
        address account,
        Person memory person
    )
        private
        view
        returns (bool)
    {
        if (blackouts.length == 0) return false;
        for (uint256 i; i < blackouts.length; ++i) {
            if (!blackouts[i].affiliatesOnly()) return true;
        }
        return _isMarked(token, account, person);
    }

    function _isClosed(
        uint256[] memory pairs,
        uint256[] memory senders,
        uint256[] memory receivers
    )
        private
        pure
        returns (bool)
    {
        for (uint256 i; i < pairs.length; ++i) {
            for (uint256 s; s < senders.length; ++s) {
                for (uint256 r; r < receivers.length; ++r) {
                    if (pairs[i].closes(senders[s].whole(), receivers[r].whole())) return true;
                }
            }
        }
        return false;
    }

    /// @return reason Class rule by which an account receives nothing from other persons; None if there is none.
    function _refusalOf(address token, address account)
        private
        view
        returns (IAutomatedComplianceEngine.Reason reason)
    {
        uint256 word = _storage().tokens[token];
        if (word == 0 || !word.hasClassRules()) return reason;
        uint256 identity = IIdentityRegistry(word.registry()).packedIdentityOf(account);
        if (identity.isVenue()) return reason;
        Person memory person = _personOf(word, token, identity, account, identity.country());
        return _refusalBy(_classRulesOn(token, identity, person), identity.documents());
    }

    /// @return Reason for which class rules let a person receive nothing; None if they let it receive something.
    function _refusalBy(
        uint256[] memory rules,
        uint256 documents
    )
        private
        pure
        returns (IAutomatedComplianceEngine.Reason)
    {
        for (uint256 i; i < rules.length; ++i) {
            if (rules[i].closesClass()) return IAutomatedComplianceEngine.Reason.ClassNotAllowed;
            if (rules[i].classDocuments() & ~documents != 0) return IAutomatedComplianceEngine.Reason.DocumentMissing;
        }
        return IAutomatedComplianceEngine.Reason.None;
    }

    /// @dev Wallets of one person are not two sides.
    /// @return reason Class rule by which the receiver gets nothing; None if there is none.
    /// @return room Smallest units that the receiver may get under the maximums of its class rules.
    function _classRoom(
        Movement memory m,
        Sides memory sides
    )
        private
        view
        returns (IAutomatedComplianceEngine.Reason reason, uint256 room)
    {
        room = type(uint256).max;
        Person memory person = _receiverPerson(m, sides);
        if (
            m.from != address(0)
                && _personOf(sides.token, m.token, sides.sender, m.from, sides.senderCountry).investor
                    == person.investor
        ) return (reason, room);
        uint256[] memory rules = _classRulesOn(m.token, sides.receiver, person);
        reason = _refusalBy(rules, sides.receiver.documents());
        if (reason != IAutomatedComplianceEngine.Reason.None) return (reason, 0);
        if (sides.token.countsClasses() && !_hasSeat(m, sides, person.investor, rules)) {
            return (IAutomatedComplianceEngine.Reason.TooManyHolders, 0);
        }
        for (uint256 i; i < rules.length; ++i) {
            uint256 most = rules[i].classMaximum();
            if (most != 0 && most < room) room = most;
        }
        if (room == type(uint256).max) return (reason, room);
        uint256 held = m.toBalance - m.amount;
        for (uint256 i; i < person.wallets.length; ++i) {
            if (person.wallets[i] != m.to) held += IERC20(m.token).balanceOf(person.wallets[i]);
        }
        room = FixedPointMathLib.zeroFloorSub(room, held);
    }

    /// @dev The lower of two limits that count the same stands.
    function _addLimit(address token, uint256[] storage list, uint256 volume) private {
        for (uint256 i; i < list.length; ++i) {
            if (list[i].key() != volume.key()) continue;
            if (volume < list[i]) list[i] = volume;
            return;
        }
        _add(token, list, volume, _MOST_LIMITS);
    }

    function _exceeds(Movement calldata m, Person memory sender) private view returns (bool) {
        uint256[] memory limits = _limitsOn(m.token, m.from, sender);
        for (uint256 i; i < limits.length; ++i) {
            uint256 most = limits[i].limit();
            if (m.amount > most || _sentUnder(m.token, sender.investor, limits[i]) > most - m.amount) return true;
        }
        return false;
    }

    function _sentUnder(address token, address person, uint256 volume) private view returns (uint256) {
        RollingVolume.Window memory window = _storage().sentUnder[token][person][volume.key()];
        return window.total(volume.limitPeriod(), block.timestamp);
    }

    function _requireWhole(uint16 country) private pure {
        if (uint256(country).whole() != country) revert TransferTerms__InvalidCountry(country);
    }

    /// @dev A rule binds somebody, and asks something of whom it binds; one that closes asks nothing else.
    function _requireClassRule(ClassRule calldata rule) private pure {
        bool asks = rule.documents != 0 || rule.maxHolding != 0 || rule.lockup != 0 || rule.maxHolders != 0;
        if (rule.classes == 0 || rule.classes & ~_CLASS_MASK != 0 || asks == rule.closed) {
            revert TransferTerms__InvalidClassRule(rule.country, rule.classes);
        }
    }

    function _shownRules(uint256[] memory packed) private pure returns (ClassRule[] memory rules) {
        rules = new ClassRule[](packed.length);
        for (uint256 i; i < rules.length; ++i) {
            uint256 rule = packed[i];
            rules[i] = ClassRule(
                _shown(rule.classCountry()),
                uint8(rule.classesBound()),
                uint16(rule.exempting()),
                rule.closesClass(),
                uint16(rule.classDocuments()),
                uint32(rule.classLockup()),
                uint128(rule.classMaximum()),
                uint32(rule.classHolders())
            );
        }
    }

    function _isMarkedAt(Census storage census, address person, uint256 rule) private view returns (bool) {
        uint256 place = _placeOf(census.keys, rule.classKey());
        return place != census.keys.length && (census.persons[person].marks >> place) & 1 != 0;
    }

    function _packed(ClassRule calldata rule) private pure returns (uint256) {
        return rule.packedClass(_issueKey(rule.country));
    }

    function _packed(VolumeLimit calldata limit) private pure returns (uint256) {
        return limit.packedVolume(_issueKey(limit.country));
    }

    function _packed(PairRule calldata rule) private pure returns (uint256) {
        return PackedTerms.packedPair(_issueKey(rule.sender), _issueKey(rule.receiver), rule.start, rule.end);
    }

    function _shown(uint256 code) private pure returns (uint16) {
        return code == 0 ? EVERYWHERE : Country.shown(uint16(code));
    }

    function _requirePeriod(uint40 start, uint40 end) private pure {
        if (start >= end) revert TransferTerms__InvalidPeriod(start, end);
    }

    function _requireOpen(address token) private view {
        if (_storage().tokens[token] == 0) {
            revert IAutomatedComplianceEngine.AutomatedComplianceEngine__RulesNotSet(token);
        }
    }

    function _passed() private pure returns (address, IAutomatedComplianceEngine.Reason) {
        return (address(0), IAutomatedComplianceEngine.Reason.None);
    }
}
