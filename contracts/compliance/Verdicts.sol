// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {PackedIdentity} from "../identity/PackedIdentity.sol";
import {RollingVolume} from "../math/RollingVolume.sol";
import {ComplianceStorage} from "./ComplianceStorage.sol";
import {PackedToken} from "./PackedToken.sol";
import {RulePacking} from "./RulePacking.sol";
import {Tranches} from "./Tranches.sol";
import {TransferTerms} from "./TransferTerms.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";

/// @title Verdicts on movements of a token
/// @notice {AutomatedComplianceEngine} asks these functions, which change nothing.
///
/// PATHS
/// - Both sides are read once, as {Sides}. A transfer that is plain passes at once: `_isPlain` says so without knowing
///   a reason, for what `_verdict` would let pass and nobody would have to record.
/// - `_verdict` finds the first reason in the order of {IAutomatedComplianceEngine.checkTransfer}: the sender's
///   standing, the receiver's eligibility, the spender's, what limits sending, what limits receiving, issuance,
///   and the terms of {TransferTerms}, which the engine asks of itself because a view cannot delegate.
///
/// PERSONS
/// - Maximums and volumes bind the person behind an account in every country in which one of its wallets is registered.
abstract contract Verdicts is IAutomatedComplianceEngine, ComplianceStorage {
    using PackedIdentity for uint256;
    using PackedToken for uint256;
    using RulePacking for uint256;
    using RollingVolume for RollingVolume.Window;
    using Tranches for uint256[];

    uint256 private constant _RETAIL = uint256(IIdentityRegistry.InvestorClass.Retail);

    /// @dev Reads both identities in one call, and the rules of one country once.
    function _sides(address token, address from, address to) internal view returns (Sides memory sides) {
        uint256 word = _storage().tokens[token];
        if (word == 0) return sides;
        sides.token = word;
        (uint256 sender, uint256 receiver) = IIdentityRegistry(word.registry()).counterparties(from, to);
        if (word.hasFormerRegistries()) {
            sender |= _formerRestrictions(token, from);
            receiver |= _formerRestrictions(token, to);
        }
        (sides.sender, sides.receiver) = (sender, receiver);
        mapping(uint256 country => Words) storage rules = _storage().rules[token];
        (uint256 here, uint256 there) = (sender.country(), receiver.country());
        // A holder that was forgotten obeys the country in which it is counted.
        if (here == 0 && from != address(0) && !sender.isVenue()) here = _storage().countedIn[token][from];
        sides.senderCountry = here;
        if (there != 0) sides.receiverHold = rules[there].hold;
        if (here != 0) sides.senderHold = here == there ? sides.receiverHold : rules[here].hold;
    }

    /// @dev Returns true if `_verdict` would let a transfer by its sender pass and `_record` would have nothing to do.
    function _isPlain(
        Sides memory sides,
        address from,
        address to,
        uint256 amount,
        uint256 toBalance
    )
        internal
        view
        returns (bool)
    {
        (uint256 token, uint256 receiver, uint256 hold) = (sides.token, sides.receiver, sides.receiverHold);
        if (sides.senderHold.limitsSending() || hold.hasFlow()) return false;
        {
            uint256 exceptions = token.exceptions();
            bool limited = exceptions == PackedToken.HOLDERS_LIMITED;
            if (exceptions != 0 && (!limited || !_isCounted(msg.sender, sides, from, to))) return false;
        }
        if ((sides.sender | receiver).isOneOfMany()) return false;
        if (receiver.isSharedLedger()) return false;
        if (receiver.isVenue()) {
            // Nothing is counted for a venue account. The holder opposite has to be eligible.
            return _accountStatus(receiver) == Reason.None
                && _eligibility(token, sides.sender, sides.senderHold) == Reason.None;
        }
        if (_accountStatus(sides.sender) != Reason.None || hold.limitsReceiving() || toBalance == amount) return false;
        uint256 most = hold.maxHolding();
        if (most != 0 && toBalance > most) return false;
        return _eligibility(token, receiver, hold) == Reason.None;
    }

    /// @dev Returns true if both sides are counted where they are registered.
    function _isCounted(address token, Sides memory sides, address from, address to) private view returns (bool) {
        mapping(address account => uint16) storage counted = _storage().countedIn[token];
        return counted[from] == sides.senderCountry && counted[to] == sides.receiver.country();
    }

    /// @dev Looks for reasons in the order of the interface.
    function _verdict(Movement memory m, Sides memory sides) internal view returns (address, Reason reason) {
        if (sides.token == 0) return (m.to == address(0) ? m.from : m.to, Reason.RulesNotSet);
        bool asked = m.from != address(0) && !m.forced;

        if (asked && m.first) {
            reason = _accountStatus(sides.sender);
            if (reason != Reason.None) return (m.from, reason);
        }
        if (m.to == address(0) && m.from != address(0)) return (address(0), Reason.None);

        if (asked && sides.receiver.isVenue() && !sides.sender.isVenue()) {
            reason = _accountStatus(sides.receiver);
            if (reason != Reason.None) return (m.to, reason);
            if (!_isAdmittedVenue(m.token, m.to, sides.receiver)) return (m.to, Reason.VenueNotAdmitted);
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
        if (sides.token.limitsIssues()) {
            reason = _issuing(m, sides);
            if (reason != Reason.None) return (m.to, reason);
        }
        return sides.token.hasTerms() ? TransferTerms(address(this)).judge(m, sides) : (address(0), Reason.None);
    }

    function _issuing(Movement memory m, Sides memory sides) private view returns (Reason) {
        if (m.from == address(0)) {
            uint256 cap = _storage().issueRules[m.token][0].supplyCap();
            if (cap != 0 && IERC20(m.token).totalSupply() + m.fromBalance > cap) return Reason.SupplyCapExceeded;
        }
        return m.amount > _issueRoom(m, sides) ? Reason.IssuanceExceeded : Reason.None;
    }

    function _isAdmittedVenue(address token, address venue, uint256 identity) internal view returns (bool) {
        return !identity.isSharedLedger() || _storage().sharedLedgers[token][venue];
    }

    function _accountStatus(uint256 identity) internal pure returns (Reason) {
        if (identity.isSanctioned()) return Reason.Sanctioned;
        return identity.isFrozen() ? Reason.AccountFrozen : Reason.None;
    }

    /// @dev A venue account is never eligible: it has no investor behind it.
    function _eligibility(uint256 token, uint256 identity, uint256 hold) internal view returns (Reason) {
        if (identity.isSpecial()) {
            Reason reason = _accountStatus(identity);
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
        uint256 spender = _identityOf(sides.token, m.token, m.operator);
        if (spender.isVenue()) return _accountStatus(spender);
        return _eligibility(sides.token, spender, _storage().rules[m.token][spender.country()].hold);
    }

    function _sending(Movement memory m, Sides memory sides) private view returns (Reason) {
        uint256 hold = sides.senderHold;
        if (hold.residentOnly() && sides.receiver.country() != sides.senderCountry) return Reason.ResidentsOnly;
        if (!m.first) return Reason.None;
        if (hold.outboundBlocked()) return Reason.OutboundBlocked;
        if (_isLocked(m, sides)) return Reason.LockedUp;
        if ((hold.hasFlow() || sides.sender.isOneOfMany()) && _exceedsVolume(m, sides)) return Reason.VolumeExceeded;
        if (m.fromBalance != 0 && m.fromBalance < hold.minHolding()) return Reason.BelowMinimumHolding;
        return Reason.None;
    }

    function _isLocked(Movement memory m, Sides memory sides) private view returns (bool) {
        if (!sides.token.hasLockups()) return false;
        return m.fromBalance < _storage().tranches[m.token][m.from].locked(block.timestamp);
    }

    function _receiving(Movement memory m, Sides memory sides) private view returns (Reason) {
        uint256 hold = sides.receiverHold;
        if (hold.limitsReceiving()) {
            if (hold.inboundBlocked()) return Reason.InboundBlocked;
            bool free = m.forced || m.from == address(0);
            if (!free && hold.residentOnly() && sides.senderCountry != sides.receiver.country()) {
                return Reason.ResidentsOnly;
            }
            if (!m.forced && m.toBalance != 0 && m.toBalance < hold.minHolding()) return Reason.BelowMinimumHolding;
        }
        if (m.amount == 0 || m.from == m.to) return Reason.None;
        (uint256 most, uint256 held) = _maximumOf(m, sides);
        unchecked {
            // No sum of balances is above the supply.
            if (most != 0 && m.toBalance + held > most) return Reason.AboveMaximumHolding;
        }
        if (!sides.token.limitsHolders()) return Reason.None;
        return _checkHolderCaps(m, sides.token, hold, sides.receiver.country());
    }

    /// @dev Judges a holder that is new, or not counted where it is registered. A holder that leaves with the same
    /// movement makes room.
    function _checkHolderCaps(
        Movement memory m,
        uint256 token,
        uint256 hold,
        uint256 country
    )
        internal
        view
        returns (Reason)
    {
        uint256 most = hold.maxHolders();
        if (token.maxTokenHolders() == 0 && most == 0) return Reason.None;
        mapping(address account => uint16) storage countedIn = _storage().countedIn[m.token];
        uint256 counted = countedIn[m.to];
        if (counted == country) return Reason.None;
        uint256 leaving = m.from != address(0) && m.fromBalance == 0 ? countedIn[m.from] : 0;
        uint256 all = token.tokenHolders() + (leaving == 0 ? 1 : 0);
        if (counted == 0 && token.maxTokenHolders() != 0 && all > token.maxTokenHolders()) {
            return Reason.TooManyHolders;
        }
        return most != 0 && hold.holders() + (leaving == country ? 0 : 1) > most
            ? Reason.TooManyHoldersInCountry
            : Reason.None;
    }

    /// @dev Returns true if the movement exceeds the volume limit of any country of the sender's person.
    function _exceedsVolume(Movement memory m, Sides memory sides) private view returns (bool) {
        if (sides.sender.isVenue()) return false;
        Storage storage $ = _storage();
        if (!sides.sender.isOneOfMany() && $.rules[m.token][sides.senderCountry].flow.volumeLimit() == 0) return false;
        Person memory person = _personOf(sides.token, m.token, sides.sender, m.from, sides.senderCountry);
        for (uint256 i; i < person.countries.length; ++i) {
            uint256 flow = $.rules[m.token][person.countries[i]].flow;
            uint256 most = flow.volumeLimit();
            if (most == 0) continue;
            RollingVolume.Window memory window = $.volumes[m.token][person.investor][person.countries[i]];
            if (m.sent > most || window.total(flow.period(), block.timestamp) > most - m.sent) return true;
        }
        return false;
    }

    /// @return most Lowest of the maximums in the countries of the receiver's person; 0 if none has one.
    /// @return held Sum that the person's other wallets hold after the movement; counted only if there is a maximum.
    function _maximumOf(Movement memory m, Sides memory sides) internal view returns (uint256 most, uint256 held) {
        most = sides.receiverHold.maxHolding();
        if (!sides.receiver.isOneOfMany()) return (most, 0);
        mapping(uint256 country => Words) storage rules = _storage().rules[m.token];
        Person memory person = _receiverPerson(m, sides);
        for (uint256 i; i < person.countries.length; ++i) {
            uint256 other = rules[person.countries[i]].hold.maxHolding();
            if (other != 0 && (most == 0 || other < most)) most = other;
        }
        if (most == 0) return (0, 0);
        for (uint256 i; i < person.wallets.length; ++i) {
            address wallet = person.wallets[i];
            if (wallet == m.to) continue;
            held += wallet == m.from ? m.fromBalance : IERC20(m.token).balanceOf(wallet);
        }
    }
}
