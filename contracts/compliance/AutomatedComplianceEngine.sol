// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {PackedIdentity} from "../identity/PackedIdentity.sol";
import {RollingVolume} from "../math/RollingVolume.sol";
import {PackedToken} from "./PackedToken.sol";
import {RulePacking} from "./RulePacking.sol";
import {RuleStore} from "./RuleStore.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";
import {IOnchainId} from "interfaces/identity/IOnchainId.sol";

/// @title What rules mean for a movement
/// @notice See {IAutomatedComplianceEngine}.
contract AutomatedComplianceEngine is RuleStore, UUPSUpgradeable {
    using PackedIdentity for uint256;
    using PackedToken for uint256;
    using RulePacking for uint256;
    using RollingVolume for RollingVolume.Window;

    /// @dev One sender and one receiver. Balances are those after the movement.
    /// @param sent What the sender sends in all: more than `amount` in a batch.
    /// @param forced By an agent: the sender is not asked.
    /// @param first Whether the sender has still to be judged and recorded: false after a batch's first receiver.
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

    /// @dev What is known of both sides: the token's word, packed identities and the `hold` words of their countries.
    struct Sides {
        uint256 token;
        uint256 sender;
        uint256 receiver;
        uint256 senderHold;
        uint256 receiverHold;
    }

    uint256 private constant _RETAIL = uint256(IIdentityRegistry.InvestorClass.Retail);

    constructor(IIdentityRegistry sharedRegistry) RuleStore(address(sharedRegistry)) {
        _disableInitializers();
    }

    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
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
        if (operator == from && fromBalance != 0 && _isPlain(sides, amount, toBalance)) return;
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
        for (uint256 i; i < to.length; ++i) {
            (m.to, m.amount, m.toBalance) = (to[i], amounts[i], toBalances[i]);
            _admit(m, _sides(msg.sender, from, m.to));
            m.first = false;
        }
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function recordRefusal(
        address operator,
        address from,
        address to,
        uint256 amount,
        address account,
        Reason reason
    )
        external
    {
        address token = msg.sender;
        if (_storage().tokens[token] == 0) revert AutomatedComplianceEngine__RulesNotSet(token);
        Movement memory m = Movement(token, operator, from, to, amount, amount, 0, 0, false, true);
        (uint64 index, bytes32 head) = _logged(m, LogKind.Refusal, reason, account);
        emit MovementRefused(token, index, reason, account, operator, from, to, amount, head);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function recount(address token, address account) external {
        Storage storage $ = _storage();
        uint16 counted = $.holders[token][account].country;
        if (counted == 0) return;
        uint16 country = uint16(_identity($.tokens[token].registry(), account).country());
        // slither-disable-next-line incorrect-equality (zero says that there is none)
        if (country == 0 || counted == country) return;
        _leave(token, account, counted);
        _enter(token, account, country);
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
        return _verdict(m, sides);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function eligibility(address token, address account) external view returns (Reason) {
        uint256 word = _storage().tokens[token];
        if (word == 0) return Reason.RulesNotSet;
        uint256 identity = _identity(word.registry(), account);
        return _eligibility(word, identity, _storage().rules[token][identity.country()].hold);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function issuable(address token, address account) external view returns (uint256 least, uint256 most) {
        Movement memory m = Movement(token, account, address(0), account, 0, 0, 0, 0, false, true);
        Sides memory sides = _sides(token, address(0), account);
        uint256 hold = sides.receiverHold;
        if (sides.token == 0 || _eligibility(sides.token, sides.receiver, hold) != Reason.None) return (0, 0);
        if (hold.inboundBlocked()) return (0, 0);
        m.toBalance = IERC20(token).balanceOf(account);
        // slither-disable-next-line incorrect-equality (no holder yet)
        bool enters = m.toBalance == 0;
        if (enters && _entering(m, sides.token, hold, sides.receiver.country()) != Reason.None) return (0, 0);
        least = FixedPointMathLib.zeroFloorSub(hold.minHolding(), m.toBalance);
        most = hold.maxHolding();
        most = most == 0
            ? type(uint256).max
            : FixedPointMathLib.zeroFloorSub(most, m.toBalance + _heldElsewhere(m, sides));
        if (least > most) return (0, 0);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function volumeOf(address token, address account) external view returns (uint256) {
        Storage storage $ = _storage();
        address registry = $.tokens[token].registry();
        if (registry == address(0)) return 0;
        uint256 period = $.rules[token][_identity(registry, account).country()].flow.period();
        return period == 0 ? 0 : $.volumes[token][_investor(registry, account)].total(period, block.timestamp);
    }

    // -- Judging -----------------------------------------------------------------------------------------------------

    function _admit(Movement memory m, Sides memory sides) private {
        (address account, Reason reason) = _verdict(m, sides);
        if (reason != Reason.None) revert AutomatedComplianceEngine__Refused(m.token, account, reason);
        _record(m, sides);
    }

    /// @dev Identities in one call, rules of one country once.
    function _sides(address token, address from, address to) private view returns (Sides memory sides) {
        uint256 word = _storage().tokens[token];
        if (word == 0) return sides;
        sides.token = word;
        IIdentityRegistry registry = IIdentityRegistry(word.registry());
        (uint256 sender, uint256 receiver) = registry.counterparties(from, to);
        (sides.sender, sides.receiver) = (sender, receiver);
        mapping(uint256 country => Words) storage rules = _storage().rules[token];
        (uint256 here, uint256 there) = (sender.country(), receiver.country());
        if (there != 0) sides.receiverHold = rules[there].hold;
        if (here != 0) sides.senderHold = here == there ? sides.receiverHold : rules[here].hold;
    }

    /// @dev Whether `_verdict` would let a transfer by its sender pass and `_record` would have nothing to do.
    function _isPlain(Sides memory sides, uint256 amount, uint256 toBalance) private view returns (bool) {
        (uint256 token, uint256 receiver, uint256 hold) = (sides.token, sides.receiver, sides.receiverHold);
        if (sides.senderHold.limitsSending() || token.hasLockups() || hold.hasFlow()) return false;
        if (receiver.isVenue()) {
            // Nothing is counted for a venue account. The holder opposite has to be eligible.
            return
                _standing(receiver) == Reason.None && _eligibility(token, sides.sender, sides.senderHold) == Reason.None;
        }
        if (_standing(sides.sender) != Reason.None || hold.limitsReceiving() || toBalance == amount) return false;
        uint256 most = hold.maxHolding();
        if (most != 0 && (toBalance > most || receiver.isLinked())) return false;
        return _eligibility(token, receiver, hold) == Reason.None;
    }

    /// @dev In the order of the interface.
    function _verdict(Movement memory m, Sides memory sides) private view returns (address, Reason reason) {
        if (sides.token == 0) return (m.to == address(0) ? m.from : m.to, Reason.RulesNotSet);
        bool asked = m.from != address(0) && !m.forced;

        if (asked && m.first) {
            reason = _standing(sides.sender);
            if (reason != Reason.None) return (m.from, reason);
        }
        if (m.to == address(0) && m.from != address(0)) return (address(0), Reason.None);

        if (asked && sides.receiver.isVenue() && !sides.sender.isVenue()) {
            reason = _standing(sides.receiver);
            if (reason != Reason.None) return (m.to, reason);
            reason = _eligibility(sides.token, sides.sender, sides.senderHold);
            if (reason != Reason.None) return (m.from, reason);
        } else {
            reason = _eligibility(sides.token, sides.receiver, sides.receiverHold);
            if (reason != Reason.None) return (m.to, reason);
        }

        if (asked) {
            // A receiver that pulls has just passed.
            if (m.first && m.operator != m.from && m.operator != m.to) {
                reason = _spending(m, sides);
                if (reason != Reason.None) return (m.operator, reason);
            }
            reason = _sending(m, sides);
            if (reason != Reason.None) return (m.from, reason);
        }
        if (!sides.receiver.isVenue()) {
            reason = _receiving(m, sides);
            if (reason != Reason.None) return (m.to, reason);
        }
        return (address(0), Reason.None);
    }

    function _standing(uint256 identity) private pure returns (Reason) {
        if (identity.isSanctioned()) return Reason.Sanctioned;
        return identity.isFrozen() ? Reason.AccountFrozen : Reason.None;
    }

    // slither-disable-start incorrect-equality (zero of a packed field says that there is none)

    /// @dev A venue account is never eligible: it has no investor behind it.
    function _eligibility(uint256 token, uint256 identity, uint256 hold) private view returns (Reason) {
        if (identity.isSpecial()) {
            Reason reason = _standing(identity);
            return reason == Reason.None ? Reason.VenueOnlyOppositeEligible : reason;
        }
        uint256 class = identity.investorClass();
        if (class == 0) return identity.country() == 0 ? Reason.NotRegistered : Reason.NotVerified;
        if (block.timestamp >= identity.kycExpiry()) return Reason.KycExpired;
        if (block.timestamp >= identity.amlExpiry()) return Reason.AmlExpired;
        bool lapsed = class > _RETAIL && block.timestamp >= identity.accreditationExpiry();
        if ((hold.classes() >> (lapsed ? _RETAIL : class)) & 1 == 0) {
            return _classReason(hold.classes(), class, lapsed);
        }
        if (token.requiredTopics() & ~identity.topics() != 0) return Reason.ClaimMissing;
        if (hold.requiredDocuments() & ~identity.documents() != 0) return Reason.DocumentMissing;
        return Reason.None;
    }

    function _classReason(uint256 classes, uint256 class, bool lapsed) private pure returns (Reason) {
        if (classes == 0) return Reason.CountryNotAllowed;
        return lapsed && (classes >> class) & 1 != 0 ? Reason.AccreditationExpired : Reason.ClassNotAllowed;
    }

    function _spending(Movement memory m, Sides memory sides) private view returns (Reason) {
        uint256 spender = _identity(sides.token.registry(), m.operator);
        if (spender.isVenue()) return _standing(spender);
        return _eligibility(sides.token, spender, _storage().rules[m.token][spender.country()].hold);
    }

    function _sending(Movement memory m, Sides memory sides) private view returns (Reason) {
        uint256 hold = sides.senderHold;
        if (!hold.limitsSending()) return m.first && _isLocked(m, sides) ? Reason.LockedUp : Reason.None;
        if (hold.residentOnly() && sides.receiver.country() != sides.sender.country()) return Reason.ResidentsOnly;
        if (!m.first) return Reason.None;
        if (hold.outboundBlocked()) return Reason.OutboundBlocked;
        if (_isLocked(m, sides)) return Reason.LockedUp;
        if (hold.hasFlow() && _exceedsVolume(m, sides)) return Reason.VolumeExceeded;
        if (m.fromBalance != 0 && m.fromBalance < hold.minHolding()) return Reason.BelowMinimumHolding;
        return Reason.None;
    }

    function _isLocked(Movement memory m, Sides memory sides) private view returns (bool) {
        if (!sides.token.hasLockups()) return false;
        Holder memory holder = _storage().holders[m.token][m.from];
        return block.timestamp < holder.unlocksAt && m.fromBalance < holder.locked;
    }

    function _receiving(Movement memory m, Sides memory sides) private view returns (Reason) {
        uint256 hold = sides.receiverHold;
        if (hold.limitsReceiving()) {
            if (hold.inboundBlocked()) return Reason.InboundBlocked;
            bool free = m.forced || m.from == address(0);
            if (!free && hold.residentOnly() && sides.sender.country() != sides.receiver.country()) {
                return Reason.ResidentsOnly;
            }
            if (!m.forced && m.toBalance != 0 && m.toBalance < hold.minHolding()) return Reason.BelowMinimumHolding;
        }
        if (m.amount == 0 || m.from == m.to) return Reason.None;
        uint256 most = hold.maxHolding();
        if (most != 0 && m.toBalance + _heldElsewhere(m, sides) > most) return Reason.AboveMaximumHolding;
        return m.toBalance == m.amount ? _entering(m, sides.token, hold, sides.receiver.country()) : Reason.None;
    }

    /// @dev A new holder. One that leaves with the same movement makes room.
    function _entering(Movement memory m, uint256 token, uint256 hold, uint256 country) private view returns (Reason) {
        uint256 most = hold.maxHolders();
        if (token.maxTokenHolders() == 0 && most == 0) return Reason.None;
        uint256 leaving = m.from != address(0) && m.fromBalance == 0 ? _storage().holders[m.token][m.from].country : 0;
        uint256 all = token.tokenHolders() + (leaving == 0 ? 1 : 0);
        if (token.maxTokenHolders() != 0 && all > token.maxTokenHolders()) return Reason.TooManyHolders;
        return most != 0 && hold.holders() + (leaving == country ? 0 : 1) > most
            ? Reason.TooManyHoldersInCountry
            : Reason.None;
    }

    // slither-disable-end incorrect-equality

    function _exceedsVolume(Movement memory m, Sides memory sides) private view returns (bool) {
        Storage storage $ = _storage();
        uint256 flow = $.rules[m.token][sides.sender.country()].flow;
        uint256 most = flow.volumeLimit();
        if (most == 0) return false;
        address investor = _investor(sides.token.registry(), m.from);
        return m.sent > most || $.volumes[m.token][investor].total(flow.period(), block.timestamp) > most - m.sent;
    }

    /// @dev What the receiver's other wallets hold after the movement.
    function _heldElsewhere(Movement memory m, Sides memory sides) private view returns (uint256 held) {
        if (!sides.receiver.isLinked()) return 0;
        IIdentityRegistry registry = IIdentityRegistry(sides.token.registry());
        address[] memory wallets = registry.walletsOf(registry.identity(m.to));
        for (uint256 i; i < wallets.length; ++i) {
            if (wallets[i] == m.to) continue;
            held += wallets[i] == m.from ? m.fromBalance : IERC20(m.token).balanceOf(wallets[i]);
        }
    }

    // -- Recording ---------------------------------------------------------------------------------------------------

    function _record(Movement memory m, Sides memory sides) private {
        _count(m, sides);
        bool lockups = sides.token.hasLockups() || (m.from == address(0) && sides.receiverHold.lockup() != 0);
        if (lockups && m.amount != 0) _lock(m, sides);
        if ((sides.senderHold | sides.receiverHold).hasFlow()) _flow(m, sides);
    }

    function _count(Movement memory m, Sides memory sides) private {
        // The sender leaves with what it sends in all, whatever the first receiver gets.
        if (m.first && m.sent != 0 && m.from != address(0) && m.fromBalance == 0) {
            uint16 counted = _storage().holders[m.token][m.from].country;
            if (counted != 0) _leave(m.token, m.from, counted);
        }
        if (m.amount == 0 || m.to == address(0) || m.from == m.to) return;
        if (m.toBalance == m.amount && !sides.receiver.isVenue()) {
            _enter(m.token, m.to, uint16(sides.receiver.country()));
        }
    }

    function _leave(address token, address account, uint16 country) private {
        Storage storage $ = _storage();
        $.holders[token][account].country = 0;
        $.tokens[token] = $.tokens[token].withoutTokenHolder();
        Words storage words = $.rules[token][country];
        words.hold = words.hold.withoutHolder();
        emit HolderCounted(token, account, country, false);
    }

    function _enter(address token, address account, uint16 country) private {
        Storage storage $ = _storage();
        $.holders[token][account].country = country;
        $.tokens[token] = $.tokens[token].withTokenHolder();
        Words storage words = $.rules[token][country];
        words.hold = words.hold.withHolder();
        emit HolderCounted(token, account, country, true);
    }

    /// @dev An issue starts a lock, a forced transfer takes along what is not free, a burn takes it away.
    function _lock(Movement memory m, Sides memory sides) private {
        Storage storage $ = _storage();
        Holder memory sender = $.holders[m.token][m.from];
        uint256 locked = block.timestamp < sender.unlocksAt ? sender.locked : 0;
        if (m.from == address(0)) {
            uint256 lockup = sides.receiverHold.lockup();
            if (lockup != 0) _addLock(m, m.amount, uint40(block.timestamp + lockup));
        } else if (m.from != m.to && locked > m.fromBalance && (m.forced || m.to == address(0))) {
            $.holders[m.token][m.from].locked = uint128(m.fromBalance);
            if (m.to != address(0)) _addLock(m, locked - m.fromBalance, sender.unlocksAt);
        }
    }

    function _addLock(Movement memory m, uint256 amount, uint40 unlocksAt) private {
        Holder storage holder = _storage().holders[m.token][m.to];
        uint256 locked = block.timestamp < holder.unlocksAt ? holder.locked : 0;
        holder.locked = uint128(FixedPointMathLib.min(locked + amount, type(uint128).max));
        if (unlocksAt > holder.unlocksAt) holder.unlocksAt = unlocksAt;
        Storage storage $ = _storage();
        $.tokens[m.token] = $.tokens[m.token].withLockups();
    }

    /// @dev Volume of the sender, then the log: a threshold of either side counts, the sender's for what it sends in all.
    function _flow(Movement memory m, Sides memory sides) private {
        Storage storage $ = _storage();
        uint256 out = sides.senderHold.hasFlow() ? $.rules[m.token][sides.sender.country()].flow : 0;
        uint256 into = sides.receiverHold.hasFlow() ? $.rules[m.token][sides.receiver.country()].flow : 0;
        if (m.first && !m.forced && m.to != address(0) && out.volumeLimit() != 0) {
            address investor = _investor(sides.token.registry(), m.from);
            RollingVolume.Window memory window = $.volumes[m.token][investor];
            $.volumes[m.token][investor] = window.added(m.sent, out.period(), block.timestamp);
        }
        if (_reaches(m, out.travelThreshold(), into.travelThreshold())) _report(m, LogKind.TravelRule);
        if (_reaches(m, out.reportThreshold(), into.reportThreshold())) _report(m, LogKind.Reporting);
    }

    function _reaches(Movement memory m, uint256 out, uint256 into) private pure returns (bool) {
        return (out != 0 && m.sent >= out) || (into != 0 && m.amount >= into);
    }

    function _report(Movement memory m, LogKind kind) private {
        (uint64 index, bytes32 head) = _logged(m, kind, Reason.None, address(0));
        emit ThresholdCrossed(m.token, index, kind, m.operator, m.from, m.to, m.amount, head);
    }

    function _logged(
        Movement memory m,
        LogKind kind,
        Reason reason,
        address account
    )
        private
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

    // -- Helpers -----------------------------------------------------------------------------------------------------

    function _identity(address registry, address account) private view returns (uint256) {
        return IIdentityRegistry(registry).packedIdentityOf(account);
    }

    /// @dev Volume is an investor's: of its ONCHAINID, or of the wallet where there is none.
    function _investor(address registry, address account) private view returns (address) {
        IOnchainId identity = IIdentityRegistry(registry).identity(account);
        return address(identity) == address(0) ? account : address(identity);
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
