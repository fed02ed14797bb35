"""The Python verdict beside the engine's own, under rules, holders and movements that Hypothesis makes up."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from eth_utils import keccak, to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.compliance.moments import NEVER
from keepers.compliance.rules import EVERYWHERE, IssueRule, Rule
from keepers.compliance.transfer_terms import EVERY_OTHER
from keepers.compliance.verdict import judge, judge_token, verdict
from scripts._lib.anvil import advance
from scripts._lib.artifacts import artifact, contract_at
from scripts._lib.transactions import deploy, send
from tests.fixtures.rules import FOREVER, RuledChain, deployment, undone

COUNTRIES = (276, 756)
TERMS = artifact("TransferTerms").abi
LOCKUP, SOON, VALIDITY = 100, 5, 10_000
"""Seconds."""

few = st.sampled_from([0, 0, 5, 20, 50])
rules = st.builds(
    Rule,
    classes=st.sampled_from([0b1110, 0b1110, 0b1100, 0b0110, 0b1000, 0]),
    inbound_blocked=st.sampled_from([False, False, False, True]),
    outbound_blocked=st.sampled_from([False, False, False, True]),
    resident_only=st.sampled_from([False, False, True]),
    documents=st.sampled_from([0, 0, 1, 3]),
    lockup=few,
    max_holders=st.sampled_from([0, 0, 1, 2]),
    min_holding=few,
    max_holding=few,
    volume_limit=st.sampled_from([0, 0, 1, 30]),
    period=st.just(0),
    travel_threshold=few,
    report_threshold=few,
).map(lambda rule: replace(rule, period=30 if rule.volume_limit else 0))
issues = st.builds(
    IssueRule,
    supply_cap=st.sampled_from([0, 0, 70, 110]),
    issuance_limit=st.sampled_from([0, 0, 5, 30]),
    period=st.just(0),
).map(lambda rule: replace(rule, period=30 if rule.issuance_limit else 0))
ends = st.sampled_from([*COUNTRIES, EVERY_OTHER])
ways = st.lists(st.tuples(ends, ends), max_size=2)
quiet = st.lists(st.booleans(), max_size=2)
duties = st.sampled_from(
    [
        (True, 0, 0, 0, 0),
        *[(False, documents, 0, 0, 0) for documents in (1, 2)],
        *[(False, 0, 0, most, 0) for most in (20, 45)],
        *[(False, 0, 0, 0, holders) for holders in (1, 2, 1, 2)],
    ]
)
classes = st.lists(
    st.tuples(ends, st.sampled_from([2, 14]), st.sampled_from([0, 1 << 9]), duties).map(
        lambda drawn: (*drawn[:3], *drawn[3])
    ),
    max_size=2,
    unique=True,
)
volumes = st.lists(st.tuples(ends, st.booleans(), st.just(30), st.sampled_from([1, 20])), max_size=2)
holders = st.fixed_dictionaries(
    {
        "balance": st.sampled_from([0, 5, 20, 40]),
        "country": st.sampled_from(COUNTRIES),
        "class": st.integers(1, 3),
        "documents": st.integers(0, 3),
        "state": st.sampled_from(["fine"] * 6 + ["lapsed", "frozen", "unregistered", "venue", "wallet", "sanctioned"]),
        "sent": st.sampled_from([0, 0, 5]),
    }
)


def register(market: RuledChain, accounts: list[str], drawn: list[dict[str, Any]], person: tuple[int, ...]) -> None:
    """Everybody is let in; the wallets at the positions in `person` are one person's, who has an ONCHAINID."""
    owner, w3 = market.owner, market.w3
    registry = market.contracts["IdentityRegistry"]
    by_claims = registry.get_function_by_signature("registerIdentity(address,address,uint16)")
    identity = deploy(w3, owner, artifact("LyingIdentity")).address
    send(w3, owner, registry.functions.setTopicTerms(1, (True, True, 1, 1, VALIDITY)))
    send(w3, owner, registry.functions.addTrustedIssuer(identity, [1]))
    for position, (account, holder) in enumerate(zip(accounts, drawn, strict=True)):
        if position in person:
            send(w3, owner, by_claims(account, identity, holder["country"]))
        else:
            send(w3, owner, registry.functions.registerIdentity(account, holder["country"], holder["class"], FOREVER))


def prepare(
    market: RuledChain, token: Any, accounts: list[str], drawn: list[dict[str, Any]], person: tuple[int, ...]
) -> None:
    """Everybody is let in and given tokens; then everybody becomes what was drawn."""
    owner, w3 = market.owner, market.w3
    registry = market.contracts["IdentityRegistry"].functions
    sanctions = market.contracts["SanctionsList"].functions
    engine = market.contracts["AutomatedComplianceEngine"].functions
    open_ = Rule(classes=0b1110, lockup=LOCKUP, volume_limit=1_000, period=30)
    send(w3, owner, engine.setRules(token.address, list(COUNTRIES), [open_.struct()] * 2))
    register(market, accounts, drawn, person)
    for account, holder in zip(accounts, drawn, strict=True):
        if holder["balance"]:
            send(w3, owner, token.functions.mint(account, holder["balance"]))
    advance(w3, LOCKUP + 1)
    for account, holder in zip(accounts, drawn, strict=True):
        if holder["sent"] and holder["balance"] > holder["sent"]:
            w3.provider.make_request("anvil_setBalance", [account, hex(10**18)])
            w3.provider.make_request("anvil_impersonateAccount", [account])
            send(w3, account, token.functions.transfer(account, holder["sent"]))
    # Some of it locked up again.
    send(w3, owner, token.functions.mint(accounts[0], 3))
    for position, (account, holder) in enumerate(zip(accounts, drawn, strict=True)):
        send(w3, owner, registry.setDocuments(account, holder["documents"]))
        match holder["state"]:
            case "lapsed" if position not in person:
                soon = w3.eth.get_block("latest")["timestamp"] + SOON
                send(w3, owner, registry.registerIdentity(account, holder["country"], holder["class"], soon))
            case "frozen":
                send(w3, owner, registry.setFrozen(account, True))
            case "unregistered":
                send(w3, owner, registry.deleteIdentity(account))
            case "venue":
                send(w3, owner, registry.deleteIdentity(account))
                send(w3, owner, registry.setVenueAccount(account, True))
            case "wallet":
                send(w3, owner, token.functions.setAddressFrozen(account, True))
            case "sanctioned":
                version = sanctions.version().call()
                send(w3, owner, sanctions.sanction(version, [account], b"\x01" * 32))
    advance(w3, SOON)


@pytest.mark.parametrize("has_treasury", [False, True], ids=["holders only", "with a treasury"])
@given(
    book=st.tuples(rules, rules),
    drawn=st.lists(holders, min_size=3, max_size=3),
    person=st.sampled_from([(), (0, 1), (0, 2), (1, 2), (0, 1, 2)]),
    most=st.sampled_from([0, 0, 2, 3]),
    limits=st.tuples(issues, issues),
    treasury=st.integers(0, 2),
    closed=ways,
    blackouts=quiet,
    volume_limits=volumes,
    class_rules=classes,
    recounted=st.sampled_from([3, 3, 3, 1]),
    amounts=st.lists(st.sampled_from([0, 1, 5, 20, 23, 40]), min_size=2, max_size=2, unique=True),
)
@settings(max_examples=max(5, settings.default.max_examples // 8))
def test_judge__any_rules_and_holders__says_what_the_engine_says(
    book: tuple[Rule, Rule],
    drawn: list[dict[str, Any]],
    person: tuple[int, ...],
    most: int,
    limits: tuple[IssueRule, IssueRule],
    treasury: int,
    closed: list[tuple[int, int]],
    blackouts: list[bool],
    volume_limits: list[tuple[int, bool, int, int]],
    class_rules: list[tuple[Any, ...]],
    recounted: int,
    amounts: list[int],
    has_treasury: bool,
) -> None:
    market = deployment()
    with undone(market.w3):
        token = market.token()
        accounts = [to_checksum_address(keccak(text=f"fuzz {index}")[:20]) for index in range(3)]
        prepare(market, token, accounts, drawn, person)
        engine = market.contracts["AutomatedComplianceEngine"].functions
        valid = [rule if rule.is_valid else replace(rule, max_holding=0) for rule in book]
        structs = [rule.struct() for rule in valid]
        send(market.w3, market.owner, engine.setRules(token.address, list(COUNTRIES), structs))
        send(market.w3, market.owner, engine.setTokenRule(token.address, (0, most)))
        in_all, in_one = limits[0], replace(limits[1], supply_cap=0)
        for country, rule in ((EVERYWHERE, in_all), (COUNTRIES[0], in_one)):
            send(market.w3, market.owner, engine.setIssueRule(token.address, country, rule.struct()))
        if has_treasury:
            send(market.w3, market.owner, engine.addTreasury(token.address, accounts[treasury]))
        terms = contract_at(market.w3, market.contracts["AutomatedComplianceEngine"].address, TERMS).functions
        send(market.w3, market.owner, terms.addPairRules(token.address, [(*way, 0, NEVER) for way in closed]))
        send(market.w3, market.owner, terms.addBlackouts(token.address, [(0, NEVER, only) for only in blackouts]))
        send(market.w3, market.owner, terms.addVolumeLimits(token.address, volume_limits))
        if class_rules:
            send(market.w3, market.owner, terms.addClassRules(token.address, class_rules))
        send(market.w3, market.owner, terms.recountHolders(token.address, accounts[:recounted]))
        send(market.w3, market.owner, terms.addAffiliates(token.address, accounts[:1]))
        reader = market.reader(token)
        for sender, receiver, amount in product([None, *accounts], [*accounts, None], amounts):
            if sender is None and receiver is None:
                continue
            spender = accounts[2] if sender and receiver and accounts[2] not in (sender, receiver) else None
            movement, state = reader.movement(sender, receiver, amount, spender)
            assert verdict(judge(movement, state)) == reader.verdict(movement)
            if sender and receiver and spender is None:
                assert verdict([*judge_token(movement, state), *judge(movement, state)])[1] == reader.restriction(
                    movement
                )
