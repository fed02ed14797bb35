"""Verdicts on claims, and which of them are less than the verdict that stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keepers.compliance.claims import Topic, Verdict, counts, lost, verdict
from keepers.compliance.movement import Identity

NOW, FOREVER, YEAR = 1_800_000_000, 2**40 - 1, 31_536_000
KYC, AML, ACCREDITED = (
    Topic(1, 0, True, True, 1, 1, YEAR, ("first", "second")),
    Topic(2, 1, True, True, 2, 0, YEAR, ("first",)),
    Topic(3, 2, False, True, 3, 2, YEAR, ("first",)),
)
TOPICS = (KYC, AML, ACCREDITED)
CLAIMS = {("first", 1): FOREVER, ("first", 2): FOREVER, ("first", 3): FOREVER}
STANDS = Identity(
    country=756,
    investor_class=2,
    kyc_expiry=NOW + YEAR,
    aml_expiry=NOW + YEAR,
    accreditation_expiry=NOW + YEAR,
    topics=0b111,
)


def test_verdict__all_claims__highest_class_and_no_more_than_the_validity() -> None:
    assert verdict(TOPICS, CLAIMS, NOW) == Verdict(2, NOW + YEAR, NOW + YEAR, NOW + YEAR, 0b111)


def test_verdict__required_claim_missing__no_class_and_the_other_bits() -> None:
    found = verdict(TOPICS, {**CLAIMS, ("first", 2): 0}, NOW)
    assert (found.investor_class, found.topics, found.aml_expiry) == (0, 0b101, FOREVER)


def test_verdict__first_issuer_s_claim_lapsed__the_second_s_decides() -> None:
    claims = {**CLAIMS, ("first", 1): NOW, ("second", 1): NOW + 5}
    assert verdict(TOPICS, claims, NOW).kyc_expiry == NOW + 5


def test_verdict__nothing_is_required__nobody_is_verified() -> None:
    assert verdict((replace(KYC, required=False),), CLAIMS, NOW).investor_class == 0


@pytest.mark.parametrize(
    "change",
    [{"investor_class": 0}, {"kyc_expiry": NOW}, {"aml_expiry": NOW}],
)
def test_counts__nothing_to_lose__false(change: dict[str, int]) -> None:
    assert counts(STANDS, NOW)
    assert not counts(replace(STANDS, **change), NOW)


def test_lost__later_and_as_much__nothing() -> None:
    assert lost(STANDS, verdict(TOPICS, CLAIMS, NOW + 100), TOPICS) == []


def test_lost__revoked__says_topic_and_class() -> None:
    found = verdict(TOPICS, {**CLAIMS, ("first", 3): 0}, NOW)
    assert lost(STANDS, found, TOPICS) == ["topic 3 no longer valid", "accredited becomes retail"]


def test_lost__topic_taken_off_the_list__its_bit_is_one() -> None:
    assert lost(STANDS, verdict((KYC, AML), CLAIMS, NOW), (KYC, AML))[0] == "a topic that no longer counts"


def test_lost__counts_for_a_shorter_time__says_until_when() -> None:
    found = verdict(TOPICS, {**CLAIMS, ("first", 2): NOW + 60}, NOW)
    assert lost(STANDS, found, TOPICS) == ["aml counts until 2027-01-15 08:01 UTC and not 2028-01-15 08:00 UTC"]


def test_lost__retail_claims_accreditation_anew__nothing() -> None:
    retail = replace(STANDS, investor_class=1, accreditation_expiry=FOREVER, topics=0b11)
    assert lost(retail, verdict(TOPICS, CLAIMS, NOW), TOPICS) == []
