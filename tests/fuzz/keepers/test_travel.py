"""Two desks of the travel rule under chaos: messages lost, repeated, reordered and late, and officers at will.

Whatever happens, both sides agree at the end, a transfer is let go only if the other side approved exactly that one,
and each exchange has one document on either side.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepers.compliance.travel.errors import TravelError
from keepers.compliance.travel.exchange import ExchangeState
from keepers.errors import KeeperError
from keepers.operations.travel_post import Delivered
from tests.fixtures.desk import ADA, BEA
from tests.fixtures.travel import BENEFICIARY, TRANSFER, TXID, Bank, Pair, pair

ACTIONS = (
    "ask",
    "approve",
    "reject",
    "cancel",
    "settle",
    "deliver a",
    "deliver b",
    "replay",
    "late replay",
    "restart",
    "wait",
)
LOSSES = ("nothing", "request", "receipt")


class Chaos:
    """The two desks, and what happens to them."""

    def __init__(self, desks: Pair) -> None:
        self.desks, self.approved, self.settled = desks, set[str](), set[str]()

    def act(self, action: str, number: int, loss: str) -> None:
        bank = self.desks.b if number % 2 else self.desks.a
        for one in (self.desks.a, self.desks.b):
            one.wire.cut = loss == "request"
            one.wire.after = (lambda _: Delivered(0, fault="lost")) if loss == "receipt" else (lambda found: found)
        steps: dict[str, Callable[[], Any]] = {
            "ask": lambda: self.desks.a.desk.ask(replace(TRANSFER, amount=Decimal(number)), "bank-b", BENEFICIARY, ADA),
            "approve": lambda: self.note(self.desks.b.desk.approve(number, BEA).request),
            "reject": lambda: self.desks.b.desk.reject(number, "policy", BEA),
            "cancel": lambda: self.desks.a.desk.cancel(number, ADA),
            "settle": lambda: self.settle(number),
            "deliver a": lambda: self.desks.a.desk.deliver(),
            "deliver b": lambda: self.desks.b.desk.deliver(),
            "replay": lambda: self.replay(bank, number),
            "late replay": lambda: (self.pass_time(400), self.replay(bank, number)),
            "restart": bank.restart,
            "wait": lambda: self.pass_time(3600 * number),
        }
        with contextlib.suppress(KeeperError):
            steps[action]()

    def note(self, request: str) -> None:
        self.approved.add(request)

    def settle(self, number: int) -> None:
        """Sends a transfer as `travel transfer` does: only what is approved at that moment."""
        one = self.desks.a.desk.exchange(number)
        found = self.desks.a.desk.approved(replace(TRANSFER, amount=one.amount))
        if found is not None and found.id == one.id:
            assert one.request in self.approved, "let go without an approval of the other side"
            assert one.request not in self.settled, "let go twice"
            self.desks.a.desk.settle(number, TXID)
            self.settled.add(one.request)

    def replay(self, bank: Bank, number: int) -> None:
        if bank.wire.sent:
            url, request, body = bank.wire.sent[number % len(bank.wire.sent)]
            super(type(bank.wire), bank.wire).send(url, request, body)

    def pass_time(self, seconds: int) -> None:
        self.desks.time.now += seconds
        for bank in (self.desks.a, self.desks.b):
            bank.desk.expire()

    def calm(self) -> None:
        """Everything that can be handed over is."""
        for one in (self.desks.a, self.desks.b):
            one.wire.cut, one.wire.after = False, lambda found: found
        for _ in range(4):
            self.desks.deliver()
            self.desks.time.now += 3600
        self.pass_time(200_000)
        self.desks.deliver()


@pytest.mark.parametrize("losses", [("nothing",), LOSSES], ids=["a wire that holds", "a wire that loses"])
@settings(
    max_examples=settings.default.max_examples // 2,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_two_desks__under_chaos__agree_and_let_nothing_go_that_was_not_approved(
    data: st.DataObject, losses: tuple[str, ...]
) -> None:
    one_action = st.tuples(st.sampled_from(ACTIONS), st.integers(1, 3), st.sampled_from(losses))
    happens = data.draw(st.lists(one_action, max_size=15))
    # In memory where there is such a folder: nobody cuts the power here, and waiting for a disk takes most of the time.
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    try:
        with pair(folder) as desks:
            chaos = Chaos(desks)
            for action, number, loss in happens:
                chaos.act(action, number, loss)
            chaos.calm()
            ours = {one.request: one for one in desks.a.desk.all()}
            theirs = {one.request: one for one in desks.b.desk.all()}
            assert set(theirs) <= set(ours) and len(desks.b.desk.all()) == len(theirs)
            for request, one in ours.items():
                assert one.state is not ExchangeState.OPEN and one.state is not ExchangeState.APPROVED
                assert (one.state is ExchangeState.SETTLED) == (request in chaos.settled)
                if request in chaos.settled:
                    assert theirs[request].state is ExchangeState.SETTLED and theirs[request].txid == TXID
                elif request in theirs:
                    assert theirs[request].state is not ExchangeState.SETTLED
            documents = [one.address for one in desks.b.evidence().documents("K-4", missing_ok=True)]
            assert len(documents) == len(theirs)
    finally:
        shutil.rmtree(folder)


def test_chaos__its_own_check__sees_a_transfer_that_nobody_approved(tmp_path: Path) -> None:
    with pair(tmp_path) as desks:
        chaos = Chaos(desks)
        desks.approved()
        chaos.approved.clear()
        try:
            chaos.settle(1)
        except AssertionError as error:
            assert "without an approval" in str(error)
        else:
            raise TravelError("chaos", "saw nothing", "repair the test")
