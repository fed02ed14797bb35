"""Loosenings of a token's rules that wait out the officer's delay: shown, and cancelled, on a local chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from keepers.compliance.rulebook import load_rulebook
from keepers.compliance.rulebook.assignment import assign
from keepers.compliance.rulebook.terms import IssuerTerms
from keepers.operations.rules import plan
from scripts import rulebook
from scripts._lib.anvil import advance
from scripts._lib.deployment.chain import Chain, DeploymentError
from scripts._lib.deployment.local import UnlockedSender
from scripts._lib.rules.apply import Officer
from tests.fixtures.rule_commands import printing, written
from tests.fixtures.rules import RuledChain, deployed, deployment, node, undone

RULEBOOK = load_rulebook()
DELAY = 1_000
FAR = date(2027, 12, 31)
"""A day on which every regime of the rulebook is in force."""


@pytest.fixture
def office() -> Iterator[RuledChain]:
    """Undoes what a test does on chain."""
    # Before what the test does, so that it is not undone with it.
    market = deployment()
    with undone(node()):
        yield market


@dataclass
class Delayed:
    """A token whose officer waits out a delay, with an opening that is scheduled."""

    market: RuledChain
    token: Any
    officer: Officer
    run: Callable[..., str]

    def diff(self) -> str:
        return self.run(rulebook.cli, tokens=(self.token.address,), mode="diff")


@pytest.fixture
def delayed(office: RuledChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Delayed:
    w3 = office.w3
    market = deployed(w3, w3.eth.accounts[1], DELAY)
    token = market.token()
    terms = IssuerTerms.model_validate({"instrument": "security", "open": {"FR": {}, "DE": {}}})
    reader = market.reader(token)
    officer = Officer(Chain(w3, UnlockedSender(w3, market.owner), lambda _: None), reader.engine)
    planned = plan(reader, assign(RULEBOOK, terms, 18), 0, FAR)
    officer.apply(token.address, planned.steps)
    return Delayed(market, token, officer, printing(market, written(tmp_path, terms), capsys))


def test_rulebook__loosening_is_scheduled__says_from_when_it_may_run(delayed: Delayed) -> None:
    output = delayed.diff()
    assert f"waits: setRules in FR, DE, scheduled by {delayed.market.owner}, may run from 20" in output


def test_cancel__scheduled__does_not_run_any_more(delayed: Delayed) -> None:
    assert delayed.officer.cancel(delayed.token.address) == 1
    assert "waits:" not in delayed.diff()
    advance(delayed.market.w3, DELAY)
    reader = delayed.market.reader(delayed.token)
    assert 250 not in reader.rules()
    assert delayed.officer.cancel(delayed.token.address) == 0


def test_cancel__another_token__is_left_alone(delayed: Delayed) -> None:
    assert delayed.officer.cancel(delayed.market.token("BOND").address) == 0
    assert "waits:" in delayed.diff()


def test_cancel__whoever_is_no_officer__is_refused_in_a_line(delayed: Delayed) -> None:
    w3 = delayed.market.w3
    thief = Chain(w3, UnlockedSender(w3, w3.eth.accounts[9]), lambda _: None)
    with pytest.raises(DeploymentError, match=r"cancel setRules in FR, DE: 0x.* may not; send it as 0x"):
        Officer(thief, delayed.market.reader(delayed.token).engine).cancel(delayed.token.address)
    assert "waits:" in delayed.diff()


def test_cancel__run_already__is_no_longer_there(delayed: Delayed) -> None:
    advance(delayed.market.w3, DELAY)
    reader = delayed.market.reader(delayed.token)
    terms = IssuerTerms.model_validate({"instrument": "security", "open": {"FR": {}, "DE": {}}})
    delayed.officer.apply(delayed.token.address, plan(reader, assign(RULEBOOK, terms, 18), 0, FAR).steps)
    assert "waits:" not in delayed.diff()
