"""Topics of claims and the issuers that are trusted with them."""

import pytest

from tests.reverts import reverts


def test_topics__erc3643__added_and_removed(identity_registry, compliance_officer):
    topic = 77
    receipt = identity_registry.addClaimTopic(topic, sender=compliance_officer)
    assert identity_registry.ClaimTopicAdded(topic) in receipt.events
    assert list(identity_registry.getClaimTopics()) == [topic]
    with reverts(identity_registry.IdentityRegistry__KnownTopic, topic):
        identity_registry.addClaimTopic(topic, sender=compliance_officer)
    identity_registry.removeClaimTopic(topic, sender=compliance_officer)
    assert list(identity_registry.getClaimTopics()) == []
    with reverts(identity_registry.IdentityRegistry__UnknownTopic, topic):
        identity_registry.removeClaimTopic(topic, sender=compliance_officer)


def test_topics__removed_and_added_again__same_bit(identity_registry, compliance_officer):
    for topic in (5, 6):
        identity_registry.addClaimTopic(topic, sender=compliance_officer)
    identity_registry.removeClaimTopic(5, sender=compliance_officer)
    identity_registry.addClaimTopic(7, sender=compliance_officer)
    identity_registry.addClaimTopic(5, sender=compliance_officer)
    assert [identity_registry.topicTerms(topic).index for topic in (5, 6, 7)] == [0, 1, 2]


def test_topics__sixteenth__refused(identity_registry, compliance_officer):
    for topic in range(15):
        identity_registry.addClaimTopic(topic, sender=compliance_officer)
    with reverts(identity_registry.IdentityRegistry__TooManyTopics, 15):
        identity_registry.addClaimTopic(15, sender=compliance_officer)


def test_topics__no_validity__refused(identity_registry, compliance_officer):
    with reverts(identity_registry.IdentityRegistry__InvalidTopicTerms, 5):
        identity_registry.setTopicTerms(5, (True, False, 1, 1, 0), sender=compliance_officer)


def test_issuers__erc3643__added_changed_removed(identity_registry, compliance_officer, wallet):
    first, second = wallet(), wallet()
    identity_registry.addTrustedIssuer(first, [1, 2], sender=compliance_officer)
    identity_registry.addTrustedIssuer(second, [2], sender=compliance_officer)
    assert list(identity_registry.getTrustedIssuers()) == [first, second]
    assert list(identity_registry.getTrustedIssuersForClaimTopic(2)) == [first, second]
    assert identity_registry.hasClaimTopic(first, 1)
    assert not identity_registry.hasClaimTopic(second, 1)
    identity_registry.updateIssuerClaimTopics(first, [3], sender=compliance_officer)
    assert list(identity_registry.getTrustedIssuerClaimTopics(first)) == [3]
    assert list(identity_registry.getTrustedIssuersForClaimTopic(2)) == [second]
    identity_registry.removeTrustedIssuer(first, sender=compliance_officer)
    assert not identity_registry.isTrustedIssuer(first)
    with reverts(identity_registry.IdentityRegistry__UnknownIssuer, first):
        identity_registry.getTrustedIssuerClaimTopics(first)
    assert list(identity_registry.getTrustedIssuersForClaimTopic(3)) == []
    assert list(identity_registry.getTrustedIssuers()) == [second]


def test_issuers__more_pairs_than_a_refresh_can_ask__refused(identity_registry, compliance_officer, wallet):
    topics = list(range(1, 13))
    issuers = [wallet() for _ in range(5)]
    for issuer in issuers[:4]:
        identity_registry.addTrustedIssuer(issuer, topics, sender=compliance_officer)
    with reverts(identity_registry.IdentityRegistry__TooManyPairs, 48):
        identity_registry.addTrustedIssuer(issuers[4], [1], sender=compliance_officer)
    identity_registry.updateIssuerClaimTopics(issuers[0], topics[1:], sender=compliance_officer)
    identity_registry.addTrustedIssuer(issuers[4], [1], sender=compliance_officer)
    identity_registry.removeTrustedIssuer(issuers[1], sender=compliance_officer)
    identity_registry.updateIssuerClaimTopics(issuers[4], topics, sender=compliance_officer)


@pytest.mark.parametrize(
    ("function", "topics", "error"),
    [
        ("addTrustedIssuer", [], "IdentityRegistry__NoTopics"),
        ("addTrustedIssuer", [1, 1], "IdentityRegistry__KnownTopic"),
        ("addTrustedIssuer", list(range(16)), "IdentityRegistry__TooManyTopics"),
        ("updateIssuerClaimTopics", [1], "IdentityRegistry__UnknownIssuer"),
        ("removeTrustedIssuer", None, "IdentityRegistry__UnknownIssuer"),
    ],
)
def test_issuers__nonsense__refused(identity_registry, compliance_officer, wallet, function, topics, error):
    arguments = () if topics is None else (topics,)
    with reverts(getattr(identity_registry, error)):
        getattr(identity_registry, function)(wallet(), *arguments, sender=compliance_officer)


@pytest.mark.parametrize(
    "function", ["setIdentityRegistryStorage", "setClaimTopicsRegistry", "setTrustedIssuersRegistry"]
)
def test_parts__swapped__refused(identity_registry, compliance_officer, thief, function):
    with reverts(identity_registry.IdentityRegistry__Unsupported):
        getattr(identity_registry, function)(thief, sender=compliance_officer)
