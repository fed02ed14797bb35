// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";

/// @title A jurisdiction's rule in two words
/// @notice `hold` decides on holding and is read on every movement: classes in bits 0-7, inbound blocked 8, outbound
/// blocked 9, residents only 10, "flow is set" 11, documents 16-31, lock-up 32-63, maximum number of holders 64-95,
/// holders counted 96-127 (state, not rule), minimum holding 128-183, maximum holding 184-239. `flow` is read only
/// where it is set: volume limit 0-55, period 56-87, travel-rule threshold 88-143, reporting threshold 144-199. A rule
/// for issuing is a word of its own: issuance limit 0-55 and period 56-87, like volume, and supply cap 88-143. Amounts
/// are decimal floating point: 48 bits of digits, 8 bits of exponent, exact or refused.
library RulePacking {
    uint256 private constant _INBOUND = 1 << 8;
    uint256 private constant _OUTBOUND = 1 << 9;
    uint256 private constant _RESIDENTS = 1 << 10;
    uint256 private constant _FLOW = 1 << 11;
    uint256 private constant _DIGITS = 2 ** 48 - 1;
    uint256 private constant _LEAST = uint256(type(uint56).max) << 128;
    uint256 private constant _SENDING = _OUTBOUND | _RESIDENTS | _FLOW | _LEAST;
    uint256 private constant _RECEIVING = _INBOUND | _RESIDENTS | _LEAST;
    uint256 private constant _HOLDERS = uint256(type(uint32).max) << 96;
    uint256 private constant _HOLDERS_LIMIT = uint256(type(uint32).max) << 64;
    uint256 private constant _ONE_HOLDER = 1 << 96;

    // -- Reading -----------------------------------------------------------------------------------------------------

    function classes(uint256 hold) internal pure returns (uint256) {
        return hold & 0xff;
    }

    /// @return True if anything but a lock-up limits sending.
    function limitsSending(uint256 hold) internal pure returns (bool) {
        return hold & _SENDING != 0;
    }

    /// @return True if anything but the maximum holding and the maximum number of holders limits receiving.
    function limitsReceiving(uint256 hold) internal pure returns (bool) {
        return hold & _RECEIVING != 0;
    }

    function inboundBlocked(uint256 hold) internal pure returns (bool) {
        return hold & _INBOUND != 0;
    }

    function outboundBlocked(uint256 hold) internal pure returns (bool) {
        return hold & _OUTBOUND != 0;
    }

    function residentOnly(uint256 hold) internal pure returns (bool) {
        return hold & _RESIDENTS != 0;
    }

    function hasFlow(uint256 hold) internal pure returns (bool) {
        return hold & _FLOW != 0;
    }

    function requiredDocuments(uint256 hold) internal pure returns (uint256) {
        return (hold >> 16) & 0xffff;
    }

    function lockup(uint256 hold) internal pure returns (uint256) {
        return (hold >> 32) & 0xffffffff;
    }

    function maxHolders(uint256 hold) internal pure returns (uint256) {
        return (hold >> 64) & 0xffffffff;
    }

    function limitsHolders(uint256 hold) internal pure returns (bool) {
        return hold & _HOLDERS_LIMIT != 0;
    }

    function holders(uint256 hold) internal pure returns (uint256) {
        return (hold >> 96) & 0xffffffff;
    }

    function minHolding(uint256 hold) internal pure returns (uint256) {
        return _amount(hold >> 128);
    }

    function maxHolding(uint256 hold) internal pure returns (uint256) {
        return _amount(hold >> 184);
    }

    function volumeLimit(uint256 flow) internal pure returns (uint256) {
        return _amount(flow);
    }

    function period(uint256 flow) internal pure returns (uint256) {
        return (flow >> 56) & 0xffffffff;
    }

    function travelThreshold(uint256 flow) internal pure returns (uint256) {
        return _amount(flow >> 88);
    }

    function reportThreshold(uint256 flow) internal pure returns (uint256) {
        return _amount(flow >> 144);
    }

    function supplyCap(uint256 issues) internal pure returns (uint256) {
        return _amount(issues >> 88);
    }

    // -- Writing -----------------------------------------------------------------------------------------------------

    /// @param hold The word that stands: its count of holders stays.
    function packed(
        IAutomatedComplianceEngine.Rule calldata rule,
        uint256 hold
    )
        internal
        pure
        returns (uint256, uint256 flow)
    {
        flow = _digits(rule.volumeLimit) | (uint256(rule.period) << 56) | (_digits(rule.travelThreshold) << 88)
            | (_digits(rule.reportThreshold) << 144);
        hold = (hold & _HOLDERS) | rule.classes | (uint256(rule.documents) << 16) | (uint256(rule.lockup) << 32)
            | (uint256(rule.maxHolders) << 64) | (_digits(rule.minHolding) << 128) | (_digits(rule.maxHolding) << 184);
        if (rule.inboundBlocked) hold |= _INBOUND;
        if (rule.outboundBlocked) hold |= _OUTBOUND;
        if (rule.residentOnly) hold |= _RESIDENTS;
        if (flow != 0) hold |= _FLOW;
        return (hold, flow);
    }

    function unpacked(uint256 hold, uint256 flow) internal pure returns (IAutomatedComplianceEngine.Rule memory rule) {
        rule.classes = uint8(classes(hold));
        rule.inboundBlocked = inboundBlocked(hold);
        rule.outboundBlocked = outboundBlocked(hold);
        rule.residentOnly = residentOnly(hold);
        rule.documents = uint16(requiredDocuments(hold));
        rule.lockup = uint32(lockup(hold));
        rule.maxHolders = uint32(maxHolders(hold));
        rule.minHolding = minHolding(hold);
        rule.maxHolding = maxHolding(hold);
        rule.volumeLimit = volumeLimit(flow);
        rule.period = uint32(period(flow));
        rule.travelThreshold = travelThreshold(flow);
        rule.reportThreshold = reportThreshold(flow);
    }

    function packed(IAutomatedComplianceEngine.IssueRule calldata rule) internal pure returns (uint256) {
        return _digits(rule.issuanceLimit) | (uint256(rule.period) << 56) | (_digits(rule.supplyCap) << 88);
    }

    function unpackedIssues(uint256 word) internal pure returns (IAutomatedComplianceEngine.IssueRule memory) {
        return IAutomatedComplianceEngine.IssueRule(supplyCap(word), volumeLimit(word), uint32(period(word)));
    }

    /// @return True if no field of `next` is looser than that of `rule`.
    function isTighter(
        IAutomatedComplianceEngine.IssueRule calldata next,
        IAutomatedComplianceEngine.IssueRule memory rule
    )
        internal
        pure
        returns (bool)
    {
        return _isLower(next.supplyCap, rule.supplyCap) && _isLower(next.issuanceLimit, rule.issuanceLimit)
            && next.period >= rule.period;
    }

    function withoutClasses(uint256 hold) internal pure returns (uint256) {
        return hold & ~uint256(0xff);
    }

    function withHolder(uint256 hold) internal pure returns (uint256) {
        return hold + _ONE_HOLDER;
    }

    function withoutHolder(uint256 hold) internal pure returns (uint256) {
        return hold - _ONE_HOLDER;
    }

    /// @return True if no field of `next` is looser than that of `rule`.
    function isTighter(
        IAutomatedComplianceEngine.Rule calldata next,
        IAutomatedComplianceEngine.Rule memory rule
    )
        internal
        pure
        returns (bool)
    {
        return next.classes & ~rule.classes == 0 && (next.inboundBlocked || !rule.inboundBlocked)
            && (next.outboundBlocked || !rule.outboundBlocked) && (next.residentOnly || !rule.residentOnly)
            && rule.documents & ~next.documents == 0 && next.lockup >= rule.lockup
            && _isLower(next.maxHolders, rule.maxHolders) && next.minHolding >= rule.minHolding
            && _isLower(next.maxHolding, rule.maxHolding) && _isLower(next.volumeLimit, rule.volumeLimit)
            && next.period >= rule.period && _isLower(next.travelThreshold, rule.travelThreshold)
            && _isLower(next.reportThreshold, rule.reportThreshold);
    }

    /// @dev Compares limits of which 0 means none.
    function _isLower(uint256 next, uint256 limit) private pure returns (bool) {
        return limit == 0 || (next != 0 && next <= limit);
    }

    function _amount(uint256 digits) private pure returns (uint256) {
        unchecked {
            // At most what was packed: no overflow.
            return (digits & _DIGITS) * 10 ** ((digits >> 48) & 0xff);
        }
    }

    function _digits(uint256 amount) private pure returns (uint256) {
        uint256 digits = amount;
        uint256 exponent;
        for (; digits > _DIGITS; ++exponent) {
            if (digits % 10 != 0) {
                revert IAutomatedComplianceEngine.AutomatedComplianceEngine__InexactAmount(amount);
            }
            digits /= 10;
        }
        return digits | (exponent << 48);
    }
}
