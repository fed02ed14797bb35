// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {PackedIdentity} from "../identity/PackedIdentity.sol";
import {RollingVolume} from "../math/RollingVolume.sol";
import {ClassCounts} from "./ClassCounts.sol";
import {PackedClass} from "./PackedClass.sol";
import {PackedToken} from "./PackedToken.sol";
import {PackedVolume} from "./PackedVolume.sol";
import {RulePacking} from "./RulePacking.sol";
import {Tranches} from "./Tranches.sol";
import {VolumeTerms} from "./VolumeTerms.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";

/// @title Records that a movement leaves: locked tranches, volumes and the log
/// @notice See {IAutomatedComplianceEngine}; this code runs in the engine's account, for movements that are not plain.
/// Volumes are a person's: they belong to its ONCHAINID, or to the wallet if there is none. Every country of the
/// person's wallets counts all that these wallets send.
contract HolderRecords is VolumeTerms, ClassCounts {
    using PackedClass for uint256;
    using PackedIdentity for uint256;
    using PackedVolume for uint256;
    using PackedToken for uint256;
    using RulePacking for uint256;
    using RollingVolume for RollingVolume.Window;
    using Tranches for uint256[];
    using Tranches for uint256;

    /// @notice Records a movement that the engine let pass, after holders were counted.
    function record(Movement memory m, Sides memory sides) external onlyDelegated {
        if (m.amount != 0) {
            _applyLockup(m, sides);
            if (_isPlacement(m, sides)) _addIssue(m, sides);
            if (sides.token.hasVolumeLimits()) _addUnderLimits(m, sides);
            if (sides.token.countsClasses()) _seatSides(m, sides);
        }
        if ((sides.senderHold | sides.receiverHold).hasFlow() || sides.sender.isOneOfMany()) _trackVolume(m, sides);
    }

    /// @notice See {IAutomatedComplianceEngine}.
    function recordRefusal(
        address operator,
        address from,
        address to,
        uint256 amount,
        address account,
        IAutomatedComplianceEngine.Reason reason
    )
        external
        onlyDelegated
    {
        address token = msg.sender;
        if (_storage().tokens[token] == 0) {
            revert IAutomatedComplianceEngine.AutomatedComplianceEngine__RulesNotSet(token);
        }
        Movement memory m = Movement(token, operator, from, to, amount, amount, 0, 0, false, true);
        (uint64 index, bytes32 head) = _appendLog(m, IAutomatedComplianceEngine.LogKind.Refusal, reason, account);
        emit IAutomatedComplianceEngine.MovementRefused(token, index, reason, account, operator, from, to, amount, head);
    }

    /// @notice See {IAutomatedComplianceEngine}.
    function recount(address token, address account) external onlyDelegated {
        if (_storage().tokens[token] != 0) _recount(token, account);
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    /// @dev The sender of a batch is seated anew with the first leg, or with the first one that moves anything.
    function _seatSides(Movement memory m, Sides memory sides) private {
        if (m.from != address(0) && m.from != m.to) {
            bool holds = _storage().countedIn[m.token][m.from] != 0;
            if (m.first || holds != (_census(m.token).seats[m.from] != address(0))) {
                _seat(m.token, m.from, sides.sender);
            }
        }
        if (m.to != address(0)) _seat(m.token, m.to, sides.receiver);
    }

    /// @dev A forced transfer takes along the locks of tokens that are not free, and a burn ends them. An issue starts
    /// a lock of its own, and so does a transfer from a treasury.
    function _applyLockup(Movement memory m, Sides memory sides) private {
        Storage storage $ = _storage();
        uint256 fresh = m.amount;
        if (sides.token.hasLockups() && m.from != m.to && (m.forced || m.to == address(0))) {
            (uint256[] memory moved, uint256 count) = $.tranches[m.token][m.from].reduce(m.fromBalance, block.timestamp);
            for (uint256 i; m.to != address(0) && i < count; ++i) {
                _addTranche(m.token, m.to, moved[i].amount(), moved[i].end());
                fresh -= moved[i].amount();
            }
        }
        if (fresh == 0 || m.to == address(0) || m.from == m.to) return;
        uint256 since = _issuedAt(m, sides);
        if (since == 0) return;
        uint256 lockup = _lockupOf(m, sides);
        if (since + lockup > block.timestamp) {
            _addTranche(m.token, m.to, fresh, since + lockup);
        } else if (m.from == address(0) && sides.token.hasLockupRules()) {
            $.freeIssues[m.token][m.to] = uint40(block.timestamp);
            $.tokens[m.token] = $.tokens[m.token].withTreasuries();
        }
    }

    /// @dev Returns the time from which the receiver's lock-up runs: now for an issue and a treasury's sale, the last
    /// free issue to any other seller; 0 for none.
    function _issuedAt(Movement memory m, Sides memory sides) private view returns (uint256) {
        if (m.from == address(0)) return block.timestamp;
        if (!sides.token.hasTreasuries()) return 0;
        Storage storage $ = _storage();
        if ($.treasuries[m.token][m.from]) return block.timestamp;
        return m.forced ? 0 : $.freeIssues[m.token][m.from];
    }

    function _addIssue(Movement memory m, Sides memory sides) private {
        _addIssueIn(m, 0);
        uint256 country = sides.receiver.country();
        if (country != 0) _addIssueIn(m, country);
    }

    function _addIssueIn(Movement memory m, uint256 country) private {
        Storage storage $ = _storage();
        uint256 period = $.issueRules[m.token][country].period();
        if (period == 0) return;
        RollingVolume.Window memory window = $.issued[m.token][country];
        $.issued[m.token][country] = window.added(m.amount, period, block.timestamp);
    }

    /// @dev Returns the longest lock-up of the person's countries and of the class rules that bind it now, seconds.
    function _lockupOf(Movement memory m, Sides memory sides) private view returns (uint256 lockup) {
        lockup = sides.receiverHold.lockup();
        bool classes = sides.token.hasClassRules() && !sides.receiver.isVenue();
        if (!classes && !sides.receiver.isOneOfMany()) return lockup;
        mapping(uint256 country => Words) storage rules = _storage().rules[m.token];
        Person memory person = _receiverPerson(m, sides);
        uint256[] memory countries = person.countries;
        for (uint256 i; i < countries.length; ++i) {
            lockup = FixedPointMathLib.max(lockup, rules[countries[i]].hold.lockup());
        }
        if (!classes) return lockup;
        uint256[] memory bound = _classRulesOn(m.token, sides.receiver, person);
        for (uint256 i; i < bound.length; ++i) {
            lockup = FixedPointMathLib.max(lockup, bound[i].classLockup());
        }
    }

    function _addTranche(address token, address account, uint256 amount, uint256 end) private {
        Storage storage $ = _storage();
        $.tranches[token][account].add(amount, end, block.timestamp);
        $.tokens[token] = $.tokens[token].withLockups();
    }

    /// @dev Adds volumes, then writes the log: a threshold of either side counts, the sender's for the sum that it
    /// sends.
    function _trackVolume(Movement memory m, Sides memory sides) private {
        Storage storage $ = _storage();
        uint256 out = sides.senderHold.hasFlow() ? $.rules[m.token][sides.senderCountry].flow : 0;
        uint256 into = sides.receiverHold.hasFlow() ? $.rules[m.token][sides.receiver.country()].flow : 0;
        if (m.first && !m.forced && m.to != address(0) && m.from != address(0)) _addVolume(m, sides);
        if (_reachesTravel(m, sides, out.travelThreshold(), into.travelThreshold())) {
            _report(m, IAutomatedComplianceEngine.LogKind.TravelRule);
        }
        (uint256 least, uint256 leastIn) = (out.reportThreshold(), into.reportThreshold());
        if ((least != 0 && m.sent >= least) || (leastIn != 0 && m.amount >= leastIn)) {
            _report(m, IAutomatedComplianceEngine.LogKind.Reporting);
        }
    }

    /// @dev Adds to the volume of every country of the sender's person that has a limit.
    function _addVolume(Movement memory m, Sides memory sides) private {
        Storage storage $ = _storage();
        if (sides.sender.isVenue()) return;
        if (!sides.sender.isOneOfMany() && $.rules[m.token][sides.senderCountry].flow.volumeLimit() == 0) return;
        Person memory person = _personOf(sides.token, m.token, sides.sender, m.from, sides.senderCountry);
        for (uint256 i; i < person.countries.length; ++i) {
            uint256 flow = $.rules[m.token][person.countries[i]].flow;
            if (flow.volumeLimit() == 0) continue;
            RollingVolume.Window memory window = $.volumes[m.token][person.investor][person.countries[i]];
            $.volumes[m.token][person.investor][person.countries[i]] =
                window.added(m.sent, flow.period(), block.timestamp);
        }
    }

    /// @dev Adds to what the sender's person has sent under every limit of {ITransferTerms} that binds it.
    function _addUnderLimits(Movement memory m, Sides memory sides) private {
        if (m.forced || m.from == address(0) || m.to == address(0) || sides.sender.isVenue()) return;
        Person memory person = _personOf(sides.token, m.token, sides.sender, m.from, sides.senderCountry);
        if (person.investor == _receiverPerson(m, sides).investor) return;
        uint256[] memory limits = _limitsOn(m.token, m.from, person);
        mapping(uint256 key => RollingVolume.Window) storage windows = _storage().sentUnder[m.token][person.investor];
        for (uint256 i; i < limits.length; ++i) {
            RollingVolume.Window memory window = windows[limits[i].key()];
            windows[limits[i].key()] = window.added(m.amount, limits[i].limitPeriod(), block.timestamp);
        }
    }

    /// @dev The travel rule judges the sums that a person sent, or received, in a day. A day is a rolling window, not a
    /// date.
    function _reachesTravel(
        Movement memory m,
        Sides memory sides,
        uint256 out,
        uint256 into
    )
        private
        returns (bool reached)
    {
        if (out != 0 && m.from != address(0)) {
            address sender = _personOf(sides.token, m.token, sides.sender, m.from, sides.senderCountry).investor;
            uint256 sent = _addDay(_storage().sentInDay[m.token], sender, m.first ? m.sent : 0);
            reached = sent >= out && m.sent != 0;
        }
        if (into != 0 && m.to != address(0)) {
            address receiver = _receiverPerson(m, sides).investor;
            uint256 received = _addDay(_storage().receivedInDay[m.token], receiver, m.amount);
            reached = reached || (received >= into && m.amount != 0);
        }
    }

    function _addDay(
        mapping(address investor => RollingVolume.Window) storage windows,
        address investor,
        uint256 amount
    )
        private
        returns (uint256)
    {
        RollingVolume.Window memory window = windows[investor];
        window = window.added(amount, REPORTING_TIME, block.timestamp);
        windows[investor] = window;
        return window.total(REPORTING_TIME, block.timestamp);
    }

    function _report(Movement memory m, IAutomatedComplianceEngine.LogKind kind) private {
        (uint64 index, bytes32 head) = _appendLog(m, kind, IAutomatedComplianceEngine.Reason.None, address(0));
        emit IAutomatedComplianceEngine.ThresholdCrossed(m.token, index, kind, m.operator, m.from, m.to, m.amount, head);
    }
}
