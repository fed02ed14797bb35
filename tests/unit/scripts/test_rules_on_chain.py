"""The rulebook on a local chain: the rules of every jurisdiction, loaded and tried; plans applied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from eth_utils import keccak, to_checksum_address

from keepers.compliance.countries import UNSTATED
from keepers.compliance.plan import MOST_A_TRANSACTION, changes
from keepers.compliance.report_log import LogKind
from keepers.compliance.rulebook import load_rulebook
from keepers.compliance.rulebook.assignment import Assignment, assign
from keepers.compliance.rulebook.terms import IssuerTerms
from keepers.compliance.rules import CLOSED, InvestorClass, Reason, Rule
from keepers.compliance.verdict import judge, verdict
from keepers.contracts.compliance import ComplianceReader
from keepers.operations.rules import plan
from scripts._lib.anvil import advance
from scripts._lib.deployment.chain import Chain, DeploymentError
from scripts._lib.deployment.local import UnlockedSender
from scripts._lib.rules.apply import Officer, Outcome
from scripts._lib.transactions import send
from tests.fixtures.openings import WORTH, everywhere, opening, rules_everywhere
from tests.fixtures.rules import EVERY_DOCUMENT, FOREVER, NO_DOCUMENTS, RuledChain, deployed, deployment, node, undone
from tests.fixtures.waiting import GENEROUS

ROOT = Path(__file__).parents[3]
RULEBOOK = load_rulebook()
EVERYWHERE = everywhere(RULEBOOK)
UNIT = 10**18
DELAY = 1_000
FAR = date(2027, 12, 31)
"""A day on which every regime of the rulebook is in force."""
CLASSES = [InvestorClass.RETAIL, InvestorClass.ACCREDITED, InvestorClass.INSTITUTIONAL]


@pytest.fixture
def office() -> Iterator[RuledChain]:
    """Undoes what a test does on chain."""
    # Before what the test does, so that it is not undone with it.
    everything()
    with undone(node()):
        yield deployment()


# -- Every jurisdiction, in every regime


def assigned(code: int, regime: str) -> Assignment:
    """The rule of one regime, every question of it answered."""
    jurisdiction = RULEBOOK.jurisdictions[code]
    terms = {
        "instrument": jurisdiction.regimes[regime].instruments[0],
        "open": {jurisdiction.alpha2: opening(jurisdiction, regime)},
        "worth": WORTH,
        "supply": 1_000_000,
    }
    return assign(RULEBOOK, IssuerTerms.model_validate(terms), 18, FAR)[code]


Keys = list[tuple[int, str]]
"""Jurisdictions and regimes."""

REGIMES = [(code, name) for code, found in sorted(RULEBOOK.jurisdictions.items()) for name in found.regimes]
RULES = {key: assigned(*key).rule for key in REGIMES}
LOADS = max(len(found.regimes) for found in RULEBOOK.jurisdictions.values())


@dataclass(frozen=True)
class Loaded:
    """Tokens that between them have every regime, and holders of every kind in every jurisdiction."""

    market: RuledChain
    tokens: dict[tuple[int, str], Any]
    readers: dict[tuple[int, str], ComplianceReader]
    holders: dict[tuple[int, InvestorClass], str]
    stranger: str


def register_all(office: RuledChain) -> dict[tuple[int, InvestorClass], str]:
    """A holder of every class in every jurisdiction, with documents where a regime asks for them."""
    registry = office.contracts["IdentityRegistry"]
    asking = {code for (code, _), rule in RULES.items() if rule.documents}
    holders, calls = {}, []
    for code in RULEBOOK.jurisdictions:
        for kind in CLASSES:
            account = to_checksum_address(keccak(text=f"holder {code} {kind}")[:20])
            holders[code, kind] = account
            calls.append(registry.functions.registerIdentity(account, code, int(kind), FOREVER))
            if code in asking:
                calls.append(registry.functions.setDocuments(account, EVERY_DOCUMENT))
    first = office.w3.eth.get_transaction_count(office.owner)
    sent = [call.transact({"from": office.owner, "gas": 500_000, "nonce": first + i}) for i, call in enumerate(calls)]
    for tx in sent:
        assert office.w3.eth.wait_for_transaction_receipt(tx, timeout=GENEROUS, poll_latency=0.002)["status"] == 1
    return holders


@cache
def everything() -> Loaded:
    """Loaded once; the cases below only ask."""
    office = deployment()
    tokens: dict[tuple[int, str], Any] = {}
    for turn in range(LOADS):
        wanted = {}
        token = office.token(f"T{turn}")
        for code, found in RULEBOOK.jurisdictions.items():
            if turn < len(found.regimes):
                name = list(found.regimes)[turn]
                wanted[code] = RULES[code, name]
                tokens[code, name] = token
        outcome = office.load(token, wanted)
        assert outcome.sent <= 2 * -(-len(wanted) // MOST_A_TRANSACTION)
    holders = register_all(office)
    stranger = office.register(999, InvestorClass.RETAIL, NO_DOCUMENTS)
    # Last, so that every reader stands at the block at which nothing more changes.
    by_address = {token.address: office.reader(token) for token in tokens.values()}
    readers = {key: by_address[token.address] for key, token in tokens.items()}
    return Loaded(office, tokens, readers, holders, stranger)


@pytest.fixture
def loaded() -> Loaded:
    """For cases that only ask."""
    return everything()


@pytest.fixture
def scene(loaded: Loaded) -> Iterator[Loaded]:
    """Undoes what a case does on chain."""
    with undone(node()):
        yield loaded


def said(scene: Loaded, key: tuple[int, str], sender: str | None, receiver: str | None, amount: int) -> Reason:
    """The engine's reason, having made sure that the model gives the same."""
    # A reader stands at its block; cases that change the chain take a new one.
    reader = scene.readers[key]
    if scene.market.w3.eth.block_number != reader.block.number:
        reader = scene.market.reader(scene.tokens[key])
    movement, state = reader.movement(sender, receiver, amount)
    on_chain = reader.verdict(movement)
    assert verdict(judge(movement, state)) == on_chain
    return on_chain[1]


def fitting(rule: Rule) -> int:
    """An amount that a new holder may have."""
    return max(rule.min_holding, 100 * UNIT)


def allowed_class(rule: Rule) -> InvestorClass:
    return next(kind for kind in CLASSES if rule.classes >> kind & 1)


OPEN = [key for key in REGIMES if RULES[key].classes]
SHUT = [key for key in REGIMES if not RULES[key].classes]


def cases(keys: Keys) -> Any:
    """A case a jurisdiction, with those of its regimes that are among the keys."""
    codes = sorted({code for code, _ in keys})
    ids = [RULEBOOK.jurisdictions[code].alpha2 for code in codes]
    return pytest.mark.parametrize("keys", [[key for key in keys if key[0] == code] for code in codes], ids=ids)


def test_load__every_regime__stands_on_chain_as_the_rulebook_has_it(loaded: Loaded) -> None:
    assert {code for code, _ in loaded.tokens} == set(RULEBOOK.jurisdictions)
    for token in {token.address: token for token in loaded.tokens.values()}.values():
        wanted = {key[0]: RULES[key] for key, of in loaded.tokens.items() if of.address == token.address}
        assert changes(loaded.market.reader(token).rules(), wanted) == []


@cases(OPEN)
def test_issue__eligible_holder__allowed(loaded: Loaded, keys: Keys) -> None:
    for key in keys:
        rule = RULES[key]
        for kind in CLASSES:
            if rule.classes >> kind & 1:
                assert said(loaded, key, None, loaded.holders[key[0], kind], fitting(rule)) == Reason.NONE


@cases([key for key in OPEN if RULES[key].classes != 0b1110])
def test_issue__class_that_the_regime_leaves_out__refused(loaded: Loaded, keys: Keys) -> None:
    for key in keys:
        rule = RULES[key]
        for kind in CLASSES:
            if not rule.classes >> kind & 1:
                assert said(loaded, key, None, loaded.holders[key[0], kind], fitting(rule)) == Reason.CLASS_NOT_ALLOWED


@cases([key for key in OPEN if RULES[key].classes == 0b1110])
def test_issue__open_to_all_and_the_holder_lives_elsewhere__refused(loaded: Loaded, keys: Keys) -> None:
    for key in keys:
        assert said(loaded, key, None, loaded.stranger, fitting(RULES[key])) == Reason.COUNTRY_NOT_ALLOWED


@cases(SHUT)
def test_issue__country_is_closed__every_class_refused(loaded: Loaded, keys: Keys) -> None:
    for key in keys:
        for kind in CLASSES:
            assert said(loaded, key, None, loaded.holders[key[0], kind], UNIT) == Reason.COUNTRY_NOT_ALLOWED


@cases(SHUT)
def test_transfer__out_of_a_closed_country__allowed_unless_nothing_moves(scene: Loaded, keys: Keys) -> None:
    for key in keys:
        holder = scene.holders[key[0], InvestorClass.INSTITUTIONAL]
        # Where the same token may be held: Switzerland's first regime was loaded with every closed country's.
        swiss = scene.holders[756, InvestorClass.INSTITUTIONAL]
        if scene.tokens[key].address != scene.tokens[756, "professional-clients"].address:
            scene.market.load(scene.tokens[key], {756: RULES[756, "professional-clients"], key[0]: RULES[key]})
        expected = Reason.OUTBOUND_BLOCKED if RULES[key].outbound_blocked else Reason.NONE
        assert said(scene, key, holder, swiss, UNIT) == expected


@cases([key for key in OPEN if RULES[key].documents])
def test_issue__document_is_not_on_file__refused(scene: Loaded, keys: Keys) -> None:
    for key in keys:
        holder = scene.market.register(key[0], allowed_class(RULES[key]), NO_DOCUMENTS)
        assert said(scene, key, None, holder, fitting(RULES[key])) == Reason.DOCUMENT_MISSING


@cases([key for key in OPEN if RULES[key].min_holding])
def test_issue__a_unit_below_the_minimum__refused(scene: Loaded, keys: Keys) -> None:
    for key in keys:
        holder = scene.holders[key[0], allowed_class(RULES[key])]
        assert said(scene, key, None, holder, RULES[key].min_holding - 1) == Reason.BELOW_MINIMUM_HOLDING


@cases([key for key in OPEN if RULES[key].max_holders])
def test_issue__one_holder_too_many__refused(scene: Loaded, keys: Keys) -> None:
    for key in keys:
        code, rule = key[0], RULES[key]
        holder = scene.holders[code, allowed_class(rule)]
        scene.market.pretend_holders(scene.tokens[key], code, rule.max_holders - 1)
        advance(scene.market.w3, 1)
        assert said(scene, key, None, holder, fitting(rule)) == Reason.NONE
        scene.market.pretend_holders(scene.tokens[key], code, rule.max_holders)
        advance(scene.market.w3, 1)
        assert said(scene, key, None, holder, fitting(rule)) == Reason.TOO_MANY_HOLDERS_IN_COUNTRY


@cases([key for key in OPEN if RULES[key].lockup])
def test_transfer__locked_up__refused_until_the_period_is_over(scene: Loaded, keys: Keys) -> None:
    for key in keys:
        rule, office, token = RULES[key], scene.market, scene.tokens[key]
        holder = scene.holders[key[0], InvestorClass.INSTITUTIONAL]
        other = office.register(key[0], InvestorClass.INSTITUTIONAL)
        send(office.w3, office.owner, token.functions.mint(holder, 2 * fitting(rule)))
        amount = min(fitting(rule), rule.volume_limit or fitting(rule))
        assert said(scene, key, holder, other, amount) == Reason.LOCKED_UP
        advance(office.w3, rule.lockup)
        assert said(scene, key, holder, other, amount) == Reason.NONE


@cases([key for key in OPEN if RULES[key].volume_limit])
def test_transfer__more_than_the_periods_volume__refused(scene: Loaded, keys: Keys) -> None:
    for key in keys:
        rule = RULES[key]
        holder = scene.holders[key[0], InvestorClass.INSTITUTIONAL]
        other = scene.market.register(key[0], InvestorClass.INSTITUTIONAL)
        assert said(scene, key, holder, other, rule.volume_limit) == Reason.NONE
        assert said(scene, key, holder, other, rule.volume_limit + 1) == Reason.VOLUME_EXCEEDED


# A holding below the threshold has to be one that the minimum lets be.
@cases([key for key in OPEN if RULES[key].travel_threshold > RULES[key].min_holding])
def test_issue__from_the_threshold__is_logged(scene: Loaded, keys: Keys) -> None:
    for key in keys:
        rule, office, token = RULES[key], scene.market, scene.tokens[key]
        holder = scene.holders[key[0], allowed_class(rule)]
        send(office.w3, office.owner, token.functions.mint(holder, rule.travel_threshold - 1))
        assert office.reader(token).log_head() == (bytes(32), 0)
        send(office.w3, office.owner, token.functions.mint(holder, rule.travel_threshold))
        entries = office.reader(token).log_entries()
        assert [entry.kind for entry in entries] == [LogKind.TRAVEL_RULE]


# -- Diff and apply


def test_apply__new_token__has_everything_in_a_bounded_number_of_transactions(office: RuledChain) -> None:
    token, wanted = office.token(), rules_everywhere(RULEBOOK)
    outcome = office.load(token, wanted)
    opened = sum(rule != CLOSED for rule in wanted.values())
    assert outcome == Outcome(sent=outcome.sent, scheduled=0, waiting=0)
    assert outcome.sent <= 2 * -(-opened // MOST_A_TRANSACTION) <= 6
    assert changes(office.reader(token).rules(), wanted) == []


def test_apply__second_time__sends_nothing(office: RuledChain) -> None:
    token = office.token()
    office.load(token, rules_everywhere(RULEBOOK))
    assert office.load(token, rules_everywhere(RULEBOOK)) == Outcome(0, 0, 0)


def test_apply__most_jurisdictions_that_a_transaction_takes__cost_what_the_plan_says(office: RuledChain) -> None:
    token = office.token()
    full = Rule(0b1110, False, False, True, 7, 1, 1, 1, 10, 1, 3, 1, 1)
    wanted = dict.fromkeys(range(1, MOST_A_TRANSACTION + 1), full)
    office.load(token, wanted)
    used = office.w3.eth.get_block("latest")["gasUsed"]
    assert 2_100_000 < used < 2_300_000


def test_apply__killed_between_transactions__the_next_run_ends_it(office: RuledChain) -> None:
    class KilledError(Exception):
        pass

    class Mortal(UnlockedSender):
        life = 1

        def send(self, to: str, data: bytes, value: int = 0) -> Any:
            if not self.life:
                raise KilledError
            self.life -= 1
            return super().send(to, data, value)

    token = office.token()
    with pytest.raises(KilledError):
        office.load(token, rules_everywhere(RULEBOOK), Mortal(office.w3, office.owner))
    office.load(token, rules_everywhere(RULEBOOK))
    assert changes(office.reader(token).rules(), rules_everywhere(RULEBOOK)) == []


def test_apply__country_that_the_rulebook_does_not_have__is_closed(office: RuledChain) -> None:
    token = office.token()
    office.load(token, {**rules_everywhere(RULEBOOK), 4: Rule(classes=0b1110, lockup=5)})
    office.load(token, rules_everywhere(RULEBOOK))
    assert changes(office.reader(token).rules(), rules_everywhere(RULEBOOK)) == []


def test_apply__whoever_is_no_officer__is_refused_in_a_line(office: RuledChain) -> None:
    thief = UnlockedSender(office.w3, office.w3.eth.accounts[9])
    with pytest.raises(DeploymentError, match="may not; send it as a compliance officer"):
        office.load(office.token(), rules_everywhere(RULEBOOK), thief)


def test_apply__loosening_is_delayed__tightens_now_schedules_waits_and_executes(office: RuledChain) -> None:
    w3 = office.w3
    office = deployed(w3, w3.eth.accounts[1], DELAY)
    token = office.token()
    before = Rule(classes=0b1110, lockup=100)
    assert office.load(token, {756: before}) == Outcome(sent=0, scheduled=1, waiting=1)
    assert office.reader(token).rules() == {}
    assert office.load(token, {756: before}) == Outcome(sent=0, scheduled=0, waiting=1)
    advance(w3, DELAY)
    assert office.load(token, {756: before}) == Outcome(sent=1, scheduled=0, waiting=0)
    # Fewer classes at once, a shorter lock-up later.
    after = Rule(classes=0b1100, lockup=50)
    assert office.load(token, {756: after}) == Outcome(sent=1, scheduled=1, waiting=1)
    assert office.reader(token).rules() == {756: replace(before, classes=0b1100)}
    advance(w3, DELAY)
    assert office.load(token, {756: after}) == Outcome(sent=1, scheduled=0, waiting=0)
    assert office.reader(token).rules() == {756: after}


@pytest.mark.parametrize("country", [0, 1_234], ids=["unstated", "beyond ISO"])
def test_apply__number_that_no_country_has_is_open__is_closed(office: RuledChain, country: int) -> None:
    token = office.token()
    engine = office.contracts["AutomatedComplianceEngine"]
    send(office.w3, office.owner, engine.functions.setRules(token.address, [country], [Rule(classes=0b1110).struct()]))
    reader = office.reader(token)
    planned = plan(reader, {}, 0, FAR)
    chain = Chain(office.w3, UnlockedSender(office.w3, office.owner), lambda _: None)
    assert Officer(chain, reader.engine).apply(token.address, planned.steps) == Outcome(sent=1, scheduled=0, waiting=0)
    assert office.reader(token).rules(0) == {}
    assert engine.functions.ruleOf(token.address, country or UNSTATED).call()[0] == 0
