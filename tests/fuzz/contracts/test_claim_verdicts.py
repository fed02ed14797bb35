"""The claims keeper foretells what a refresh finds, for any topics, issuers, claims and dates."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepers.contracts.identities import IdentityReader
from keepers.rpc.node import connect
from tests.fixtures.compliance import ONCHAINID, signed_claim, signer_key, trex
from tests.fixtures.protocol import DAY, SWITZERLAND, YEAR
from tests.isolation import isolated

TOPICS = range(1, 5)
TERMS = st.tuples(st.booleans(), st.booleans(), st.integers(0, 3), st.integers(0, 3), st.integers(1, 2 * YEAR))
ISSUED = st.sets(st.sampled_from(TOPICS), min_size=1)
DATES = st.sampled_from((-DAY, 0, 1, DAY, YEAR, 3 * YEAR, None))
"""Seconds from now; None is the end of time."""
EXAMPLES = 12


@pytest.fixture
def issuers(admin) -> list[Any]:
    """Two of ONCHAINID's; CLAIM_SIGNER signs for both."""
    made = [admin.deploy(trex(f"{ONCHAINID}/ClaimIssuer.sol/ClaimIssuer.json"), admin) for _ in range(2)]
    for issuer in made:
        issuer.addKey(signer_key(), 3, 1, sender=admin)
    return made


def test_verdicts__any_claims__are_what_a_refresh_finds(
    identity_registry, compliance_officer, admin, issuers, create_onchainid, wallet, chain
):
    reader = IdentityReader(connect(str(chain.provider.web3.provider.endpoint_uri), 31337), identity_registry.address)

    @settings(max_examples=EXAMPLES * _scale(), deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        terms=st.fixed_dictionaries({topic: TERMS for topic in TOPICS}),
        trusts=st.tuples(ISSUED, ISSUED),
        claims=st.dictionaries(st.tuples(st.integers(0, 1), st.sampled_from(TOPICS)), DATES),
        revoked=st.sets(st.tuples(st.integers(0, 1), st.sampled_from(TOPICS)), max_size=2),
        dropped=st.none() | st.sampled_from(TOPICS),
    )
    def check(terms, trusts, claims, revoked, dropped):
        with isolated(chain):
            identity, account, now = create_onchainid(), wallet(), chain.pending_timestamp
            for topic, values in terms.items():
                identity_registry.setTopicTerms(topic, values, sender=compliance_officer)
            for issuer, topics in zip(issuers, trusts, strict=True):
                identity_registry.addTrustedIssuer(issuer, sorted(topics), sender=compliance_officer)
            for (number, topic), seconds in claims.items():
                expiry = 2**40 - 1 if seconds is None else now + seconds
                signature, data = signed_claim(identity.address, topic, expiry)
                identity.addClaim(topic, 1, issuers[number], signature, data, "", sender=admin)
                if (number, topic) in revoked:
                    issuers[number].revokeClaimBySignature(signature, sender=admin)
            identity_registry.registerIdentity(account, identity, SWITZERLAND, sender=compliance_officer)
            if dropped is not None:
                identity_registry.removeClaimTopic(dropped, sender=compliance_officer)
            identity_registry.refresh(account, sender=admin)
            block = reader._node.latest()
            (found,) = reader.verdicts([identity.address.lower()], reader.topics(block), block).values()
            (stands,) = (standing.identity for standing in reader.wallets([account], block))
            for name in ("investor_class", "kyc_expiry", "aml_expiry", "accreditation_expiry", "topics"):
                assert getattr(found, name) == getattr(stands, name), name

    check()


def _scale() -> int:
    return 40 if settings().max_examples > 1000 else 1
