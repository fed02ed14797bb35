"""Verdicts on an identity's claims, computed as ClaimVerifier does, and compared with the registry's record. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keepers.compliance.moments import moment
from keepers.compliance.movement import Identity
from keepers.compliance.verdict import class_name

_KYC, _AML, _ACCREDITATION = 1, 2, 3
"""IIdentityRegistry.Term; 0 is none."""
_FOREVER = 2**40 - 1
_RETAIL = 1


@dataclass(frozen=True)
class Topic:
    """A claim topic that counts: IIdentityRegistry.TopicTerms, and the issuers that are believed.

    Attributes:
        id: Topic number of the claims.
        index: Bit in `Identity.topics`.
        required: True if nobody is verified without a valid claim of it.
        dated: True if a claim's data begin with the time from which it no longer counts.
        term: Expiry that it sets.
        grants: Class that a valid claim gives.
        validity: Maximum seconds for which a verification counts.
        issuers: Addresses in lower case, in the order in which the registry asks them.
    """

    id: int
    index: int
    required: bool
    dated: bool
    term: int
    grants: int
    validity: int
    issuers: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """The fields of `Identity` that claims decide."""

    investor_class: int
    kyc_expiry: int
    aml_expiry: int
    accreditation_expiry: int
    topics: int


def verdict(topics: Sequence[Topic], claims: Mapping[tuple[str, int], int], now: int) -> Verdict:
    """Returns what the registry would find at a time.

    Args:
        topics: Topics that count.
        claims: (issuer, topic id) -> unix seconds from which the claim no longer counts; 0 or nothing if it is invalid.
        now: Unix seconds.
    """
    expiries = {term: _FOREVER for term in (_KYC, _AML, _ACCREDITATION)}
    granted = valid = 0
    complete = True
    for topic in topics:
        found = (claims.get((issuer, topic.id), 0) for issuer in topic.issuers)
        expiry = next((expiry for expiry in found if expiry > now), 0)
        if not expiry:
            complete = complete and not topic.required
            continue
        valid |= 1 << topic.index
        granted = max(granted, topic.grants)
        if topic.term in expiries:
            expiries[topic.term] = min(expiries[topic.term], expiry, now + topic.validity)
    if not complete or not any(topic.required for topic in topics):
        granted = 0
    return Verdict(granted, expiries[_KYC], expiries[_AML], expiries[_ACCREDITATION], valid)


def counts(identity: Identity, now: int) -> bool:
    """Returns True if there is anything to lose: a lapsed record counts for nothing already."""
    return identity.investor_class > 0 and now < min(identity.kyc_expiry, identity.aml_expiry)


def lost(stands: Identity, found: Verdict, topics: Sequence[Topic]) -> list[str]:
    """Returns one phrase per excess of the record: topics, class and time that claims no longer give."""
    gone = stands.topics & ~found.topics
    reasons = [f"topic {topic.id} no longer valid" for topic in topics if gone >> topic.index & 1]
    if gone & ~sum(1 << topic.index for topic in topics):
        reasons.append("a topic that no longer counts")
    if found.investor_class < stands.investor_class:
        reasons.append(f"{class_name(stands.investor_class)} becomes {class_name(found.investor_class)}")
    # Accreditation says how long a class above retail counts, and nothing of anyone else.
    terms = ("kyc_expiry", "aml_expiry", *(("accreditation_expiry",) if stands.investor_class > _RETAIL else ()))
    for name in terms:
        was, becomes = getattr(stands, name), getattr(found, name)
        if becomes < was:
            reasons.append(f"{name.removesuffix('_expiry')} counts until {moment(becomes)} and not {moment(was)}")
    return reasons
