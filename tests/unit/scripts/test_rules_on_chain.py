"""The rulebook on a local chain: every jurisdiction's rules, loaded and tried; diff, apply, check, verify_log."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner
from eth_utils import keccak, to_checksum_address

from keepers.chain.compliance import ComplianceReader
from keepers.cli import main
from keepers.compliance.plan import MOST_A_TRANSACTION, changes, token_steps
from keepers.compliance.report_log import LogKind
from keepers.compliance.rulebook import load_rulebook
from keepers.compliance.rulebook.assignment import Assignment, assign
from keepers.compliance.rulebook.terms import Terms
from keepers.compliance.rules import CLOSED, InvestorClass, Reason, Rule, TokenRule
from keepers.compliance.verdict import judge, verdict
from keepers.operations.rules import plan
from scripts import check, rulebook, verify_log
from scripts.anvil import advance
from scripts.deployment.chain import Chain, DeploymentError
from scripts.deployment.local import UnlockedSender
from scripts.rules.apply import Officer, Outcome
from scripts.transactions import send
from tests.fixtures.openings import WORTH, everywhere, opening
from tests.fixtures.rules import EVERY_DOCUMENT, FOREVER, NO_DOCUMENTS, Market, deployed, deployment, node, undone
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
def office() -> Iterator[Market]:
    """What a test does on chain is undone."""
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
    return assign(RULEBOOK, Terms.model_validate(terms), 18, FAR)[code]


Keys = list[tuple[int, str]]
"""Jurisdictions and regimes."""

REGIMES = [(code, name) for code, found in sorted(RULEBOOK.jurisdictions.items()) for name in found.regimes]
RULES = {key: assigned(*key).rule for key in REGIMES}
LOADS = max(len(found.regimes) for found in RULEBOOK.jurisdictions.values())


@dataclass(frozen=True)
class Loaded:
    """Tokens that between them have every regime, and holders of every kind in every jurisdiction."""

    market: Market
    tokens: dict[tuple[int, str], Any]
    readers: dict[tuple[int, str], ComplianceReader]
    holders: dict[tuple[int, InvestorClass], str]
    stranger: str


def register_all(office: Market) -> dict[tuple[int, InvestorClass], str]:
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
    """What a case does on chain is undone."""
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


def wanted_everywhere() -> dict[int, Rule]:
    return {code: found.rule for code, found in assign(RULEBOOK, EVERYWHERE, 18).items()}


def test_apply__new_token__has_everything_in_a_bounded_number_of_transactions(office: Market) -> None:
    token, wanted = office.token(), wanted_everywhere()
    outcome = office.load(token, wanted)
    opened = sum(rule != CLOSED for rule in wanted.values())
    assert outcome == Outcome(sent=outcome.sent, scheduled=0, waiting=0)
    assert outcome.sent <= 2 * -(-opened // MOST_A_TRANSACTION) <= 6
    assert changes(office.reader(token).rules(), wanted) == []


def test_apply__second_time__sends_nothing(office: Market) -> None:
    token = office.token()
    office.load(token, wanted_everywhere())
    assert office.load(token, wanted_everywhere()) == Outcome(0, 0, 0)


def test_apply__most_jurisdictions_that_a_transaction_takes__cost_what_the_plan_says(office: Market) -> None:
    token = office.token()
    full = Rule(0b1110, False, False, True, 7, 1, 1, 1, 10, 1, 3, 1, 1)
    wanted = dict.fromkeys(range(1, MOST_A_TRANSACTION + 1), full)
    office.load(token, wanted)
    used = office.w3.eth.get_block("latest")["gasUsed"]
    assert 2_100_000 < used < 2_300_000


def test_apply__killed_between_transactions__the_next_run_ends_it(office: Market) -> None:
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
        office.load(token, wanted_everywhere(), Mortal(office.w3, office.owner))
    office.load(token, wanted_everywhere())
    assert changes(office.reader(token).rules(), wanted_everywhere()) == []


def test_apply__country_that_the_rulebook_does_not_have__is_closed(office: Market) -> None:
    token = office.token()
    office.load(token, {**wanted_everywhere(), 4: Rule(classes=0b1110, lockup=5)})
    office.load(token, wanted_everywhere())
    assert changes(office.reader(token).rules(), wanted_everywhere()) == []


def test_apply__whoever_is_no_officer__is_refused_in_a_line(office: Market) -> None:
    thief = UnlockedSender(office.w3, office.w3.eth.accounts[9])
    with pytest.raises(DeploymentError, match="may not; send it as a compliance officer"):
        office.load(office.token(), wanted_everywhere(), thief)


def test_apply__loosening_is_delayed__tightens_now_schedules_waits_and_executes(office: Market) -> None:
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


# -- The commands


@pytest.fixture
def terms_file(tmp_path: Path) -> Path:
    """Terms of NOTE that open every jurisdiction."""
    return written(tmp_path, EVERYWHERE)


def written(folder: Path, terms: Terms) -> Path:
    path = folder / "terms.yaml"
    path.write_text(yaml.safe_dump({"tokens": {"NOTE": terms.model_dump(mode="json", exclude_none=True)}}))
    return path


@pytest.fixture
def run(office: Market, terms_file: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """`run(command, ...)`: what it prints; a click error is what it refuses with."""
    provider = SimpleNamespace(http_uri=office.w3.provider.endpoint_uri, web3=office.w3)
    defaults = {"deployment": ROOT / "none.json", "terms_path": terms_file}

    def ran(command: Any, **arguments: Any) -> str:
        given = {parameter.name: parameter.get_default(click.Context(command)) for parameter in command.params}
        known = {name: value for name, value in given.items() if name in command.callback.__code__.co_varnames}
        taken = {key: value for key, value in defaults.items() if key in command.callback.__code__.co_varnames}
        command.callback(**{**known, "provider": provider, **taken, **arguments})
        return capsys.readouterr().out

    return ran


def refused(run: Callable[..., str], command: Any, **arguments: Any) -> str:
    with pytest.raises(click.ClickException) as error:
        run(command, **arguments)
    message = error.value.message
    assert message and "\n" not in message
    return message


@pytest.fixture
def note(office: Market) -> Any:
    token = office.token()
    office.load(token, wanted_everywhere())
    return token


def test_rulebook__no_mode__says_what_it_holds(run) -> None:
    output = run(rulebook.cli, tokens=(), mode=None)
    assert "756 CH Switzerland: professional-clients and 4 more, medium confidence" in output
    assert f"{len(RULEBOOK.jurisdictions)} jurisdictions" in output
    assert "not legal advice" in output


def test_rulebook__country__shows_its_laws_and_questions(run) -> None:
    output = run(rulebook.cli, tokens=(), mode=None, country="sg")
    assert "question about travel_rule: MAS Notice PSN02" in output and "Switzerland" not in output


def test_rulebook__country_that_is_not_there__is_refused(run) -> None:
    assert "country TV: not in the rulebook; leave it out to see which are" in refused(
        run, rulebook.cli, tokens=(), mode=None, country="TV"
    )


def test_rulebook__diff__says_what_changes_with_the_law_and_changes_nothing(run, office: Market) -> None:
    token = office.token()
    output = run(rulebook.cli, tokens=(token.address,), mode="diff")
    assert "US 840 United States of America" in output
    assert "lockup: - -> 366 days  (reg-d-506c: Rule 144, 17 CFR 230.144, (d)(1)(ii) (checked 2026-11-24))" in output
    assert office.reader(token).rules() == {}


def test_rulebook__diff_after_apply__has_nothing(run, office: Market) -> None:
    token = office.token()
    reader = office.reader(token)
    planned = plan(reader, assign(RULEBOOK, EVERYWHERE, 18), 0, FAR)
    chain = Chain(office.w3, UnlockedSender(office.w3, office.owner), lambda _: None)
    Officer(chain, reader.engine).apply(token.address, planned.steps)
    assert "Nothing to change" in run(rulebook.cli, tokens=(token.address,), mode="diff")


def test_rulebook__symbol_of_the_deployment__is_found(run, note, tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text(json.dumps({"tokens": {"NOTE": note.address}}))
    assert note.address in run(rulebook.cli, tokens=("NOTE",), mode="diff", deployment=path)
    assert note.address in run(rulebook.cli, tokens=(), mode="diff", deployment=path)
    assert "token BOND: not in net.json; choose from: NOTE" in refused(
        run, rulebook.cli, tokens=("BOND",), mode="diff", deployment=path
    )


def test_rulebook__apply_without_account__is_refused(run, note) -> None:
    assert "--apply needs --account" in refused(run, rulebook.cli, tokens=(note.address,), mode="apply", account=None)


def test_rulebook__terms_that_lack_a_worth__are_refused(run, note, tmp_path: Path) -> None:
    path = written(tmp_path, EVERYWHERE.model_copy(update={"worth": {}}))
    complaint = refused(run, rulebook.cli, tokens=(note.address,), mode="diff", terms_path=path)
    assert "rules need worth.USD (for US travel_rule, US reporting)" in complaint


def test_rulebook__token_that_the_terms_do_not_name__is_refused_and_changes_nothing(run, note, tmp_path: Path) -> None:
    path = tmp_path / "terms.yaml"
    path.write_text("tokens: {}\n")
    complaint = refused(run, rulebook.cli, tokens=(note.address,), mode="diff", terms_path=path)
    assert complaint == "token NOTE: terms.yaml does not name it; add its terms, open nowhere if need be"


def test_check__token_that_the_terms_do_not_name__is_judged_all_the_same(run, office, note, tmp_path: Path) -> None:
    path = tmp_path / "terms.yaml"
    path.write_text("tokens: {}\n")
    bob = office.register(756, InvestorClass.INSTITUTIONAL)
    output = run(check.cli, token=note.address, sender="mint", receiver=bob, amount="1", terms_path=path)
    assert "the issuer's terms do not name this token" in output and output.endswith("Allowed.\n")


# -- The maximum of holders in every country


def test_apply__regime_counts_holders_worldwide__the_token_has_the_maximum(run, office: Market, tmp_path: Path) -> None:
    token = office.token()
    us = opening(RULEBOOK.jurisdictions[840])
    terms = Terms.model_validate({"instrument": "security", "open": {"US": us}, "worth": WORTH})
    arguments = {"tokens": (token.address,), "terms_path": written(tmp_path, terms)}
    shown = run(rulebook.cli, mode="diff", **arguments)
    assert (
        "every country together" in shown and "tightens max_holders: 1,999  (Securities Exchange Act of 1934" in shown
    )
    assert office.reader(token).token_rule() == TokenRule()
    chain = Chain(office.w3, UnlockedSender(office.w3, office.owner), lambda _: None)
    reader = office.reader(token)
    assert Officer(chain, reader.engine).apply(token.address, token_steps(TokenRule(), 1_999)) == Outcome(1, 0, 0)
    assert office.reader(token).token_rule() == TokenRule(max_holders=1_999)
    assert "every country together" not in run(rulebook.cli, mode="diff", **arguments)


def test_apply__higher_maximum_worldwide__waits_for_the_delay(office: Market) -> None:
    w3 = office.w3
    office = deployed(w3, w3.eth.accounts[1], DELAY)
    token = office.token()
    reader = office.reader(token)
    officer = Officer(Chain(w3, UnlockedSender(w3, office.owner), lambda _: None), reader.engine)
    assert officer.apply(token.address, token_steps(TokenRule(), 99)) == Outcome(sent=1, scheduled=0, waiting=0)
    higher = token_steps(office.reader(token).token_rule(), 1_999)
    assert officer.apply(token.address, higher) == Outcome(sent=0, scheduled=1, waiting=1)
    advance(w3, DELAY)
    assert officer.apply(token.address, higher) == Outcome(sent=1, scheduled=0, waiting=0)
    assert office.reader(token).token_rule().max_holders == 1_999


@pytest.mark.parametrize("command", [rulebook.cli, check.cli, verify_log.cli], ids=["rulebook", "check", "verify_log"])
@pytest.mark.parametrize("token", ["0x12", "NOTE", "0x" + "11" * 20, "market"])
def test_command__token_that_is_none__is_refused_in_a_line(run, office: Market, command: Any, token: str) -> None:
    address = office.contracts["AutomatedComplianceEngine"].address if token == "market" else token
    arguments: dict[str, Any] = {"token": address}
    if command is rulebook.cli:
        arguments = {"tokens": (address,), "mode": "diff"}
    if command is check.cli:
        arguments |= {"sender": "mint", "receiver": "0x" + "22" * 20, "amount": "1"}
    complaint = refused(run, command, **arguments)
    assert any(words in complaint for words in ("is no address", "is not there", "is no regulated token"))


def test_check__allowed__says_so_with_every_source(run, office: Market, note) -> None:
    alice, bob = (office.register(756, InvestorClass.INSTITUTIONAL) for _ in range(2))
    send(office.w3, office.owner, note.functions.mint(alice, 10 * UNIT))
    output = run(check.cli, token=note.address, sender=alice, receiver=bob, amount="2.5")
    assert output.endswith("Allowed.\n")
    assert "Financial Services Act (FinSA, SR 950.1), Article 36(1)(a) (checked 2026-11-24)" in output


def test_check__refused__names_the_rule_the_account_and_the_law(run, office: Market, note) -> None:
    alice, bob = (office.register(840, kind) for kind in (InvestorClass.INSTITUTIONAL, InvestorClass.ACCREDITED))
    send(office.w3, office.owner, note.functions.mint(alice, 10 * UNIT))
    output = run(check.cli, token=note.address, sender=alice, receiver=bob, amount="2.5")
    assert f"Refused, code 17: locked up, {alice}." in output
    assert "NO  sender    lock-up" in output
    assert "Rule 144, 17 CFR 230.144, (d)(1)(ii)" in output


def test_check__more_than_the_balance__is_the_tokens_refusal(run, office: Market, note) -> None:
    alice, bob = (office.register(756, InvestorClass.INSTITUTIONAL) for _ in range(2))
    output = run(check.cli, token=note.address, sender=alice, receiver=bob, amount="1")
    assert f"Refused, code 25: insufficient balance, {alice}." in output
    assert note.functions.detectTransferRestriction(alice, bob, UNIT).call() == Reason.INSUFFICIENT_BALANCE


def test_check__spender_mint_and_burn__are_judged(run, office: Market, note) -> None:
    alice, bob = (office.register(756, InvestorClass.INSTITUTIONAL) for _ in range(2))
    send(office.w3, office.owner, note.functions.mint(alice, UNIT))
    thief = office.w3.eth.accounts[9]
    output = run(check.cli, token=note.address, sender=alice, receiver=bob, amount="1", spender=thief)
    assert f"Refused, code 3: not registered, {thief}." in output
    assert "Allowed." in run(check.cli, token=note.address, sender="mint", receiver=bob, amount="1")
    assert "Allowed." in run(check.cli, token=note.address, sender=alice, receiver="burn", amount="1")


def test_check__rule_that_an_officer_set__says_that_it_is_not_the_rulebooks(run, office: Market, note) -> None:
    engine = office.contracts["AutomatedComplianceEngine"]
    send(office.w3, office.owner, engine.functions.blockCountries(note.address, [756]))
    bob = office.register(756, InvestorClass.INSTITUTIONAL)
    output = run(check.cli, token=note.address, sender="mint", receiver=bob, amount="1")
    assert f"Refused, code 5: country not allowed, {bob}." in output
    assert "the compliance officer set it" in output


@pytest.mark.parametrize(
    ("changes_", "complaint"),
    [
        ({"sender": "alice"}, "from alice: is no address"),
        ({"receiver": "0x12"}, "to 0x12: is no address"),
        ({"sender": "mint", "receiver": "burn"}, "nothing moves"),
        ({"spender": "0x12"}, "spender 0x12: is no address"),
        ({"receiver": "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92267"}, "fails its checksum"),
        ({"amount": "ten"}, "amount ten: is no number"),
        ({"amount": "-1"}, "is not between 0"),
        ({"amount": "nan"}, "is not between 0"),
        ({"amount": "1e80"}, "is not between 0"),
        ({"amount": "0.0000000000000000001"}, "more digits than the token's 18 decimals"),
    ],
)
def test_check__bad_argument__is_refused_in_a_line(run, note, changes_: dict[str, str], complaint: str) -> None:
    good = {"sender": "mint", "receiver": "0x" + "22" * 20, "amount": "1"}
    assert complaint in refused(run, check.cli, token=note.address, **{**good, **changes_})


@pytest.fixture
def logged(office: Market, note: Any) -> Any:
    """A token with two crossings in one transaction and a refusal in its log."""
    alice = office.register(840, InvestorClass.INSTITUTIONAL)
    send(office.w3, office.owner, note.functions.mint(alice, 50 * UNIT))
    w3 = office.w3
    for method in ("anvil_impersonateAccount", "anvil_setBalance"):
        w3.provider.make_request(method, [alice, hex(UNIT)] if method.endswith("Balance") else [alice])
    send(w3, alice, note.functions.tryTransfer(w3.eth.accounts[9], UNIT))
    return note


def test_verify_log__untouched__is_proven(run, logged: Any) -> None:
    output = run(verify_log.cli, token=logged.address, report=None, write=None, from_block=0)
    assert "the log is complete and unaltered: 1 refusal, 1 reporting, 1 travel rule." in output


def test_verify_log__nothing_logged__is_proven(run, note: Any) -> None:
    assert "no entries" in run(verify_log.cli, token=note.address, report=None, write=None, from_block=0)


def test_verify_log__report_written_and_filed__is_proven_until_a_word_changes(run, logged: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    run(verify_log.cli, token=logged.address, report=None, write=path, from_block=0)
    assert "the report.jsonl is complete" in run(
        verify_log.cli, token=logged.address, report=path, write=None, from_block=0
    )
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-1]))
    arguments = {"token": logged.address, "report": path, "write": None, "from_block": 0}
    assert "entry 2: is missing: the chain has 3 entries" in refused(run, verify_log.cli, **arguments)
    path.write_text("\n".join(lines).replace(str(50 * UNIT), str(UNIT)))
    assert "entry 0: does not give the running hash" in refused(run, verify_log.cli, **arguments)


def test_verify_log__events_from_too_late_a_block__is_not_proven(run, office: Market, logged: Any) -> None:
    late = office.w3.eth.block_number
    complaint = refused(run, verify_log.cli, token=logged.address, report=None, write=None, from_block=late)
    assert "entry 0: is missing" in complaint


def test_verify_log__files_that_cannot_be__are_refused(run, logged: Any, tmp_path: Path) -> None:
    given = {"token": logged.address, "from_block": 0}
    assert "cannot be read" in refused(run, verify_log.cli, report=tmp_path / "none", write=None, **given)
    assert "cannot be written" in refused(run, verify_log.cli, report=None, write=tmp_path / "no/report", **given)
    assert "give one of them" in refused(run, verify_log.cli, report=tmp_path, write=tmp_path, **given)


# -- `quantera compliance`, without Ape


def quantera(office: Market, *arguments: str) -> Any:
    node_options = ["--rpc", str(office.w3.provider.endpoint_uri), "--chain-id", "31337"]
    wanted = node_options if arguments[0] != "rulebook" else []
    return CliRunner(mix_stderr=False).invoke(main, ["compliance", *arguments, *wanted])


def test_quantera_rulebook__country__is_shown_without_a_node(office: Market) -> None:
    result = quantera(office, "rulebook", "SG")
    assert result.exit_code == 0 and "question about travel_rule: MAS Notice PSN02" in result.stdout


def test_quantera_diff__holder_of_a_class_that_leaves__is_listed_before_anything_is_sent(
    office: Market, note: Any, tmp_path: Path
) -> None:
    alice, hans = (office.register(code, InvestorClass.ACCREDITED) for code in (756, 276))
    for holder in (alice, hans):
        send(office.w3, office.owner, note.functions.mint(holder, 10 * UNIT))
    send(office.w3, office.owner, note.functions.burn(hans, 10 * UNIT))
    terms = Terms.model_validate({"instrument": "security", "open": {"FR": {}}, "worth": WORTH})
    result = quantera(office, "diff", note.address, "--terms", str(written(tmp_path, terms)))
    assert result.exit_code == 0, result.stderr
    assert f"becomes ineligible: holder    {alice}  CH (756), accredited; country not allowed" in result.stdout
    assert hans not in result.stdout


def test_quantera_check__refused__says_it_as_ape_does(run, office: Market, note: Any, terms_file: Path) -> None:
    bob = office.register(756, InvestorClass.RETAIL)
    said = quantera(office, "check", note.address, "mint", bob, "1", "--terms", str(terms_file))
    assert said.exit_code == 0, said.stderr
    assert said.stdout == run(check.cli, token=note.address, sender="mint", receiver=bob, amount="1")
    assert said.stdout.endswith(f"Refused, code 6: class not allowed, {bob}.\n")


def test_quantera_check__no_address__is_refused_in_a_line(office: Market, note: Any) -> None:
    said = quantera(office, "check", note.address, "alice", "burn", "1")
    assert (said.exit_code, said.stdout) == (1, "")
    assert said.stderr == "quantera: from alice: is no address; give 0x and 40 hexadecimal digits\n"


# -- Through Ape


def ape_run(office: Market, *arguments: str) -> tuple[int, str]:
    network = f"ethereum:local:{office.w3.provider.endpoint_uri}"
    command = ["ape", "run", arguments[0], "--network", network, *arguments[1:]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, env=os.environ)
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


def test_ape_run__on_a_running_node__applies_explains_and_refuses_in_a_line(office: Market, terms_file: Path) -> None:
    token = office.token()
    arguments = ("--apply", "--account", "TEST::0", "--terms", str(terms_file))
    code, output = ape_run(office, "rulebook", token.address, *arguments)
    assert code == 0, output
    assert "transactions set rules, 0 scheduled, 0 wait." in output
    holder = office.register(756, InvestorClass.RETAIL)
    code, output = ape_run(office, "check", token.address, "mint", holder, "1")
    assert code == 0 and f"Refused, code 6: class not allowed, {holder}." in output
    code, output = ape_run(office, "verify_log", "0x12")
    assert code != 0 and "token 0x12: is no address" in output
