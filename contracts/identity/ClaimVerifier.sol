// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RegistryRecords} from "./RegistryRecords.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";
import {IClaimIssuer, IOnchainId} from "interfaces/identity/IOnchainId.sol";

/// @title Claim topics, trusted issuers, and the verdict on the claims of an ONCHAINID
/// @notice See {IIdentityRegistry}.
abstract contract ClaimVerifier is IIdentityRegistry, RegistryRecords {
    /// @param index Bit in Identity.topics. It stays with its topic for ever: a bit of an old verdict never means a new
    /// topic.
    /// @param active False once removed.
    struct Topic {
        TopicTerms terms;
        uint8 index;
        bool known;
        bool active;
    }

    /// @custom:storage-location erc7201:quantera.storage.ClaimVerifier
    struct ClaimStorage {
        uint256[] topicIds;
        mapping(uint256 topic => Topic) topics;
        address[] issuers;
        mapping(address issuer => uint256[]) topicsOf;
        mapping(uint256 topic => address[]) issuersOf;
        uint256 pairs;
    }

    /// @dev The result of all claims, in Identity's fields of the same names.
    struct Verdict {
        InvestorClass investorClass;
        uint40 kycExpiry;
        uint40 amlExpiry;
        uint40 accreditationExpiry;
        uint16 topics;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.ClaimVerifier")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _CLAIMS = 0xa1513dfa3124065cc5e1d4e9999295d1dc30a791faba44dca62af58e47625100;

    // T-REX has the same maximum.
    uint256 private constant _MAX_TOPICS = 15;
    uint256 private constant _MAX_ISSUERS = 16;
    // Pairs of issuer and topic. With `_CLAIM_GAS` for each, a refresh stays below the 2^24 gas that EIP-7825 grants.
    uint256 private constant _MAX_PAIRS = 48;
    uint32 private constant _YEAR = 365 days;
    // A claim is read with this much gas, whatever identity and issuer do with it.
    uint256 private constant _CLAIM_GAS = 250_000;
    // This much gas has to be left, so that 63/64 of it cover `_CLAIM_GAS`.
    uint256 private constant _NEEDED_GAS = 260_000;
    // Half of the order of secp256k1: the greatest s of a canonical signature.
    bytes32 private constant _HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    // -- Topics ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IIdentityRegistry
    function addClaimTopic(uint256 topic) external restricted {
        if (_claims().topics[topic].active) revert IdentityRegistry__KnownTopic(topic);
        _setTerms(topic, TopicTerms(true, false, Term.Kyc, InvestorClass.Retail, _YEAR));
    }

    /// @inheritdoc IIdentityRegistry
    function removeClaimTopic(uint256 topic) external restricted {
        Topic storage known = _claims().topics[topic];
        if (!known.active) revert IdentityRegistry__UnknownTopic(topic);
        known.active = false;
        emit ClaimTopicRemoved(topic);
    }

    /// @inheritdoc IIdentityRegistry
    function setTopicTerms(uint256 topic, TopicTerms calldata terms) external restricted returns (uint8) {
        if (terms.validity == 0) revert IdentityRegistry__InvalidTopicTerms(topic);
        return _setTerms(topic, terms);
    }

    /// @inheritdoc IIdentityRegistry
    function topicTerms(uint256 topic) external view returns (TopicTerms memory terms, uint8 index) {
        Topic storage known = _claims().topics[topic];
        if (!known.active) revert IdentityRegistry__UnknownTopic(topic);
        return (known.terms, known.index);
    }

    /// @inheritdoc IIdentityRegistry
    function getClaimTopics() external view returns (uint256[] memory topics) {
        ClaimStorage storage $ = _claims();
        uint256 count;
        topics = new uint256[]($.topicIds.length);
        for (uint256 i; i < topics.length; ++i) {
            if ($.topics[$.topicIds[i]].active) topics[count++] = $.topicIds[i];
        }
        assembly ("memory-safe") {
            mstore(topics, count)
        }
    }

    // -- Issuers -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IIdentityRegistry
    function addTrustedIssuer(address issuer, uint256[] calldata topics) external restricted {
        ClaimStorage storage $ = _claims();
        if (issuer == address(0)) revert IdentityRegistry__ZeroAccount();
        if ($.topicsOf[issuer].length != 0) revert IdentityRegistry__KnownIssuer(issuer);
        if ($.issuers.length == _MAX_ISSUERS) revert IdentityRegistry__TooManyIssuers(_MAX_ISSUERS);
        $.issuers.push(issuer);
        _setTopicsOf(issuer, topics);
        emit TrustedIssuerAdded(issuer, topics);
    }

    /// @inheritdoc IIdentityRegistry
    function removeTrustedIssuer(address issuer) external restricted {
        ClaimStorage storage $ = _claims();
        _clearTopicsOf(issuer);
        _remove($.issuers, issuer);
        emit TrustedIssuerRemoved(issuer);
    }

    /// @inheritdoc IIdentityRegistry
    function updateIssuerClaimTopics(address issuer, uint256[] calldata topics) external restricted {
        _clearTopicsOf(issuer);
        _setTopicsOf(issuer, topics);
        emit ClaimTopicsUpdated(issuer, topics);
    }

    /// @inheritdoc IIdentityRegistry
    function getTrustedIssuers() external view returns (address[] memory) {
        return _claims().issuers;
    }

    /// @inheritdoc IIdentityRegistry
    function isTrustedIssuer(address issuer) external view returns (bool) {
        return _claims().topicsOf[issuer].length != 0;
    }

    /// @inheritdoc IIdentityRegistry
    function getTrustedIssuerClaimTopics(address issuer) public view returns (uint256[] memory topics) {
        topics = _claims().topicsOf[issuer];
        if (topics.length == 0) revert IdentityRegistry__UnknownIssuer(issuer);
    }

    /// @inheritdoc IIdentityRegistry
    function getTrustedIssuersForClaimTopic(uint256 topic) external view returns (address[] memory) {
        return _claims().issuersOf[topic];
    }

    /// @inheritdoc IIdentityRegistry
    function hasClaimTopic(address issuer, uint256 topic) external view returns (bool) {
        uint256[] storage topics = _claims().topicsOf[issuer];
        for (uint256 i; i < topics.length; ++i) {
            if (topics[i] == topic) return true;
        }
        return false;
    }

    // -- Claims ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IIdentityRegistry
    function readClaim(
        IOnchainId identity_,
        address issuer,
        uint256 topic,
        bool dated
    )
        external
        view
        returns (bool valid, uint40 expiry)
    {
        // The identity is the holder's: the issuer that it names is not believed, the trusted one is asked.
        (uint256 found,,, bytes memory signature, bytes memory data,) =
            identity_.getClaim(keccak256(abi.encode(issuer, topic)));
        if (found != topic || !_isCanonical(signature)) return (false, 0);
        if (!IClaimIssuer(issuer).isClaimValid(identity_, topic, signature, data)) return (false, 0);
        if (!dated) return (true, type(uint40).max);
        if (data.length < 32) return (false, 0);
        uint256 date = uint256(bytes32(data));
        return (true, date > type(uint40).max ? type(uint40).max : uint40(date));
    }

    /// @dev The class is None if a required topic has no valid claim, or there are no required topics at all.
    function _verify(IOnchainId identity_) internal view returns (Verdict memory verdict) {
        ClaimStorage storage $ = _claims();
        uint256[] memory ids = $.topicIds;
        (verdict.kycExpiry, verdict.amlExpiry, verdict.accreditationExpiry) =
        (type(uint40).max, type(uint40).max, type(uint40).max);
        bool complete = true;
        bool required;
        for (uint256 i; i < ids.length; ++i) {
            Topic memory topic = $.topics[ids[i]];
            if (!topic.active) continue;
            uint40 expiry = _expiry(identity_, ids[i], topic.terms);
            required = required || topic.terms.required;
            if (expiry == 0) {
                complete = complete && !topic.terms.required;
                continue;
            }
            verdict.topics |= uint16(1 << topic.index);
            if (topic.terms.grants > verdict.investorClass) verdict.investorClass = topic.terms.grants;
            if (topic.terms.term == Term.Kyc && expiry < verdict.kycExpiry) verdict.kycExpiry = expiry;
            if (topic.terms.term == Term.Aml && expiry < verdict.amlExpiry) verdict.amlExpiry = expiry;
            if (topic.terms.term == Term.Accreditation && expiry < verdict.accreditationExpiry) {
                verdict.accreditationExpiry = expiry;
            }
        }
        if (!complete || !required) verdict.investorClass = InvestorClass.None;
    }

    /// @dev The first trusted issuer whose claim is valid and has not lapsed decides; the result is 0 if there is none.
    /// Any other failure in there, out of gas included, counts as an invalid claim: a holder cannot keep its verdict by
    /// making this revert, nor a stranger spoil it by sending little gas.
    function _expiry(IOnchainId identity_, uint256 topic, TopicTerms memory terms) private view returns (uint40) {
        address[] memory issuers = _claims().issuersOf[topic];
        uint256 latest = block.timestamp + terms.validity;
        for (uint256 i; i < issuers.length; ++i) {
            if (gasleft() < _NEEDED_GAS) revert IdentityRegistry__NotEnoughGas(_NEEDED_GAS, gasleft());
            try this.readClaim{gas: _CLAIM_GAS}(identity_, issuers[i], topic, terms.dated) returns (
                bool valid, uint40 expiry
            ) {
                if (valid && expiry > block.timestamp) return expiry < latest ? expiry : uint40(latest);
            } catch {
                continue;
            }
        }
        return 0;
    }

    function _isCanonical(bytes memory signature) private pure returns (bool) {
        if (signature.length != 65) return false;
        bytes32 s;
        assembly ("memory-safe") {
            s := mload(add(signature, 0x40))
        }
        return s <= _HALF_ORDER && (signature[64] == 0x1b || signature[64] == 0x1c);
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    function _setTerms(uint256 topic, TopicTerms memory terms) private returns (uint8) {
        ClaimStorage storage $ = _claims();
        Topic storage known = $.topics[topic];
        if (!known.known) {
            if ($.topicIds.length == _MAX_TOPICS) revert IdentityRegistry__TooManyTopics(_MAX_TOPICS);
            (known.known, known.index) = (true, uint8($.topicIds.length));
            $.topicIds.push(topic);
        }
        if (!known.active) emit ClaimTopicAdded(topic);
        (known.active, known.terms) = (true, terms);
        emit TopicTermsSet(topic, known.index, terms);
        return known.index;
    }

    function _setTopicsOf(address issuer, uint256[] calldata topics) private {
        ClaimStorage storage $ = _claims();
        if (topics.length == 0) revert IdentityRegistry__NoTopics();
        if (topics.length > _MAX_TOPICS) revert IdentityRegistry__TooManyTopics(_MAX_TOPICS);
        for (uint256 i; i < topics.length; ++i) {
            for (uint256 k; k < i; ++k) {
                if (topics[k] == topics[i]) revert IdentityRegistry__KnownTopic(topics[i]);
            }
            $.issuersOf[topics[i]].push(issuer);
        }
        $.topicsOf[issuer] = topics;
        $.pairs += topics.length;
        if ($.pairs > _MAX_PAIRS) revert IdentityRegistry__TooManyPairs(_MAX_PAIRS);
    }

    function _clearTopicsOf(address issuer) private {
        ClaimStorage storage $ = _claims();
        uint256[] memory topics = getTrustedIssuerClaimTopics(issuer);
        for (uint256 i; i < topics.length; ++i) {
            _remove($.issuersOf[topics[i]], issuer);
        }
        delete $.topicsOf[issuer];
        $.pairs -= topics.length;
    }

    /// @dev `account` is in the list, once.
    function _remove(address[] storage list, address account) internal {
        uint256 last = list.length - 1;
        for (uint256 i; i < last; ++i) {
            if (list[i] == account) {
                list[i] = list[last];
                break;
            }
        }
        list.pop();
    }

    function _claims() private pure returns (ClaimStorage storage $) {
        bytes32 slot = _CLAIMS;
        assembly {
            $.slot := slot
        }
    }
}
