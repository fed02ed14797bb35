"""Terms with dates from an issuer's file to the chain: applied, explained, removed after the delay, cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from eth_utils import keccak, to_checksum_address

from keepers.compliance.moments import NEVER
from keepers.compliance.rulebook import load_rulebook
from keepers.compliance.rulebook.assignment import assign
from keepers.compliance.rulebook.terms import IssuerTerms
from keepers.compliance.rules import InvestorClass, Rule
from keepers.compliance.transfer_terms import EVERY_OTHER, Blackout, ClassRule, PairRule, TransferTerms, VolumeLimit
from keepers.operations.rules import plan
from scripts import check, rulebook
from scripts._lib.anvil import advance
from scripts._lib.artifacts import artifact, contract_at
from scripts._lib.deployment.chain import Chain
from scripts._lib.deployment.local import UnlockedSender
from scripts._lib.rules.apply import Officer, Outcome
from scripts._lib.transactions import send
from tests.fixtures.rule_commands import printing, refused, written
from tests.fixtures.rules import FOREVER, RuledChain, deployed, deployment, node, undone

RULEBOOK = load_rulebook()
DELAY = 1_000
FAR = date(2027, 12, 31)
OPEN = {"instrument": "security", "worth": {"EUR": 920}, "open": {"DE": {}}}
WAY = {"sender": "every-other", "receiver": "DE", "law": "Placement agreement, section 4"}
QUIET = {"affiliates_only": True, "law": "Insider policy, section 2"}
VOLUME = {"affiliates_only": True, "tokens": 10, "period": "90 days", "law": "Rule 144, 17 CFR 230.144, (e)(1)"}
DUTY = {"classes": ["institutional"], "tokens": 1, "lockup": "30 days", "law": "Offering terms, section 6"}
CLOSED = PairRule(EVERY_OTHER, 276, 0, NEVER)


@pytest.fixture
def office() -> Iterator[RuledChain]:
    """Undoes what a test does on chain."""
    market = deployment()
    with undone(node()):
        yield market


def terms(**fields: Any) -> IssuerTerms:
    return IssuerTerms.model_validate({**OPEN, **fields})


def applied(market: RuledChain, token: Any, asked: IssuerTerms) -> Outcome:
    """Applies an issuer's terms as the owner."""
    reader = market.reader(token)
    planned = plan(reader, assign(RULEBOOK, asked, 18), 0, FAR, asked.dated(RULEBOOK, 18))
    chain = Chain(market.w3, UnlockedSender(market.w3, market.owner), lambda _: None)
    return Officer(chain, reader.engine).apply(token.address, planned.steps)


def test_rulebook__terms_with_dates__shown_then_applied_then_nothing(
    office: RuledChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token, asked = office.token(), terms(ways=[WAY], blackouts=[QUIET], volumes=[VOLUME])
    run: Callable[..., str] = printing(office, written(tmp_path, asked), capsys)
    output = run(rulebook.cli, tokens=(token.address,), mode="diff")
    assert "tightens add from every other country to DE, without an end  (Placement agreement, section 4)" in output
    assert "tightens add of affiliates, without an end  (Insider policy, section 2)" in output
    assert "tightens add at most 10 of affiliates, in any 90 days  (Rule 144, 17 CFR 230.144, (e)(1))" in output
    applied(office, token, asked)
    limit = VolumeLimit(EVERY_OTHER, True, 90 * 86_400, 10 * 10**18)
    assert office.reader(token).terms() == TransferTerms((CLOSED,), (Blackout(0, NEVER, True),), (limit,))
    assert "Nothing to change" in run(rulebook.cli, tokens=(token.address,), mode="diff")


def test_check__closed_way__says_so_in_words(
    office: RuledChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token, asked = office.token(), terms(ways=[WAY])
    giver, taker = (to_checksum_address(keccak(text=f"{name} of a way")[12:]) for name in ("giver", "taker"))
    registry = office.contracts["IdentityRegistry"].functions
    for account, country in ((giver, 756), (taker, 276)):
        send(office.w3, office.owner, registry.registerIdentity(account, country, 3, FOREVER))
    engine = office.contracts["AutomatedComplianceEngine"].functions
    send(office.w3, office.owner, engine.setRules(token.address, [756], [Rule(classes=0b1110).struct()]))
    send(office.w3, office.owner, token.functions.mint(giver, 10**18))
    applied(office, token, asked)
    run: Callable[..., str] = printing(office, written(tmp_path, asked), capsys)
    output = run(check.cli, token=token.address, sender=giver, receiver=taker, amount="1", spender=None)
    assert "NO  receiver  way          closed from every other country to DE, without an end" in output
    assert f"Refused, code 30: country pair closed, {taker}." in output


def test_apply__class_rules__stand_and_the_command_says_why(
    office: RuledChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token, asked = office.token(), terms(classes=[DUTY])
    assert applied(office, token, asked).sent
    rule = ClassRule(EVERY_OTHER, 1 << 3, 0, False, 0, 30 * 86_400, 10**18)
    assert office.reader(token).terms().class_rules == (rule,)
    taker = office.register(276, InvestorClass.INSTITUTIONAL)
    run: Callable[..., str] = printing(office, written(tmp_path, asked), capsys)
    assert "Nothing to change" in run(rulebook.cli, tokens=(token.address,), mode="diff")
    output = run(check.cli, token=token.address, sender="mint", receiver=taker, amount="2", spender=None)
    assert "would have 2 in all its wallets, of 1, rule of institutional: locked up for 30 days; a maximum" in output
    assert f"Refused, code 20: above maximum holding, {taker}." in output


def test_apply__holders_of_a_class__counted_first_and_then_refused_in_words(
    office: RuledChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = {"classes": ["institutional"], "holders": 1, "law": "Offering terms, section 6"}
    token, asked = office.token(), terms(classes=[few])
    run: Callable[..., str] = printing(office, written(tmp_path, asked), capsys)
    applied(office, token, terms())
    first, second = (office.register(276, InvestorClass.INSTITUTIONAL) for _ in range(2))
    send(office.w3, office.owner, token.functions.mint(first, 10**18))
    shown = run(rulebook.cli, tokens=(token.address,), mode="diff")
    assert "tightens add of institutional: 1 of them hold at most  (Offering terms, section 6)" in shown
    assert "1 wallets of holders have to be counted before anybody comes in whom the limit of holders binds" in shown
    applied(office, token, asked)
    mint = {"token": token.address, "sender": "mint", "receiver": second, "amount": "2", "spender": None}
    assert "0 of 1 wallets of holders are counted, rule of institutional" in run(check.cli, **mint)
    engine = contract_at(office.w3, office.reader(token).engine, artifact("TransferTerms").abi).functions
    send(office.w3, office.owner, engine.recountHolders(token.address, [first]))
    output = run(check.cli, **mint)
    assert "would be 2 of 1, rule of institutional: 1 of them hold at most" in output
    assert f"Refused, code 21: too many holders, {second}." in output
    assert "have to be counted" not in run(rulebook.cli, tokens=(token.address,), mode="diff")


def test_diff__topic_that_exempts__looked_up_in_the_registry_or_refused(
    office: RuledChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token, asked = office.token(), terms(classes=[{**DUTY, "exempt_topics": ["QUALIFIED"]}])
    run: Callable[..., str] = printing(office, written(tmp_path, asked), capsys)
    line = refused(run, rulebook.cli, tokens=(token.address,), mode="diff")
    assert "exempt_topics: QUALIFIED: is no claim topic of the token's registry" in line
    registry = office.contracts["IdentityRegistry"].functions
    topic = int.from_bytes(keccak(text="QUALIFIED"))
    send(office.w3, office.owner, registry.setTopicTerms(topic, (False, True, 3, 0, 10_000)))
    index = registry.topicTerms(topic).call()[1]
    shown = run(rulebook.cli, tokens=(token.address,), mode="diff")
    assert f"of institutional without the claims number {index}: locked up for 30 days" in shown


@pytest.fixture
def delayed(office: RuledChain) -> RuledChain:
    """A protocol whose officer waits out a delay."""
    return deployed(office.w3, office.w3.eth.accounts[1], DELAY)


def test_apply__way_no_longer_asked_for__removed_after_the_delay(delayed: RuledChain) -> None:
    token = delayed.token()
    applied(delayed, token, terms(ways=[WAY]))
    advance(delayed.w3, DELAY)
    assert applied(delayed, token, terms(ways=[])) == Outcome(sent=1, scheduled=1, waiting=1)
    assert delayed.reader(token).terms().pair_rules == (CLOSED,)
    advance(delayed.w3, DELAY)
    assert applied(delayed, token, terms(ways=[])) == Outcome(sent=1, scheduled=0, waiting=0)
    assert delayed.reader(token).terms().pair_rules == ()


def test_cancel__removal_of_a_way__does_not_run(delayed: RuledChain) -> None:
    token = delayed.token()
    applied(delayed, token, terms(ways=[WAY]))
    advance(delayed.w3, DELAY)
    applied(delayed, token, terms())
    applied(delayed, token, terms(ways=[]))
    reader = delayed.reader(token)
    chain = Chain(delayed.w3, UnlockedSender(delayed.w3, delayed.owner), lambda _: None)
    assert Officer(chain, reader.engine).cancel(token.address) == 1
    advance(delayed.w3, DELAY)
    assert applied(delayed, token, terms(ways=[])) == Outcome(sent=0, scheduled=1, waiting=1)


def test_cancel__removal_of_a_class_rule__does_not_run(delayed: RuledChain) -> None:
    token = delayed.token()
    applied(delayed, token, terms(classes=[DUTY]))
    advance(delayed.w3, DELAY)
    applied(delayed, token, terms(classes=[DUTY]))
    applied(delayed, token, terms(classes=[]))
    chain = Chain(delayed.w3, UnlockedSender(delayed.w3, delayed.owner), lambda _: None)
    assert Officer(chain, delayed.reader(token).engine).cancel(token.address) == 1
    advance(delayed.w3, DELAY)
    assert applied(delayed, token, terms(classes=[])) == Outcome(sent=0, scheduled=1, waiting=1)


def test_terms__engine__answers_their_interface(office: RuledChain) -> None:
    engine = office.contracts["AutomatedComplianceEngine"].address
    found = contract_at(office.w3, engine, artifact("TransferTerms").abi)
    assert found.functions.mostTerms().call() == 24
