from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from keepers.compliance.travel.errors import TravelError
from keepers.compliance.travel.exchange import STEPS, Exchange, ExchangeState, ExchangeStep, stepped
from tests.unit.keepers.store.filled import EXCHANGE

APPROVED = stepped(replace(EXCHANGE, id=7), ExchangeStep.APPROVE, 2000, officer="Ada Example")


@pytest.mark.parametrize("state", list(ExchangeState))
@pytest.mark.parametrize("step", list(ExchangeStep))
def test_stepped__every_state_and_step__goes_on_exactly_where_the_table_says(
    state: ExchangeState, step: ExchangeStep
) -> None:
    before = replace(EXCHANGE, state=state, approved=1, moves=3)
    now = before.expires if step is ExchangeStep.EXPIRE else 2000
    if (state, step) in STEPS:
        after = stepped(before, step, now)
        assert (after.state, after.moves) == (STEPS[(state, step)], 4)
    else:
        with pytest.raises(TravelError, match=f"is {state}, so that it cannot {step}"):
            stepped(before, step, now)


@pytest.mark.parametrize("step", [ExchangeStep.APPROVE, ExchangeStep.REJECT])
def test_stepped__an_answer_after_its_end__is_refused(step: ExchangeStep) -> None:
    with pytest.raises(TravelError, match="has expired; ask anew"):
        stepped(EXCHANGE, step, EXCHANGE.expires)


def test_stepped__expiry_before_its_moment__is_refused() -> None:
    with pytest.raises(TravelError, match="has not expired"):
        stepped(EXCHANGE, ExchangeStep.EXPIRE, EXCHANGE.expires - 1)


@pytest.mark.parametrize("end", [ExchangeStep.EXPIRE, ExchangeStep.CANCEL])
def test_stepped__a_transfer_after_the_end__counts_only_if_it_was_approved(end: ExchangeStep) -> None:
    late = EXCHANGE.expires + 5
    assert stepped(stepped(APPROVED, end, late), ExchangeStep.SETTLE, late, txid="0x1").state is ExchangeState.SETTLED
    with pytest.raises(TravelError, match=r"so that it cannot settle"):
        stepped(stepped(EXCHANGE, end, late), ExchangeStep.SETTLE, late)


@pytest.mark.parametrize(
    ("change", "now", "allowed"),
    [
        ({}, 3000, True),
        ({}, APPROVED.expires, False),
        ({"direction": "in"}, 3000, False),
        ({"state": ExchangeState.OPEN}, 3000, False),
        ({"state": ExchangeState.SETTLED}, 3000, False),
        ({"amount": Decimal("12.500001")}, 3000, False),
        ({"receiver": EXCHANGE.sender}, 3000, False),
        ({"token": EXCHANGE.sender}, 3000, False),
        ({"chain_id": 2}, 3000, False),
    ],
)
def test_allows__anything_but_the_transfer_that_was_approved__is_refused(
    change: dict[str, object], now: int, allowed: bool
) -> None:
    found: Exchange = replace(APPROVED, **change)  # type: ignore[arg-type]
    one = EXCHANGE
    assert found.allows(one.chain_id, one.token, one.sender, one.receiver, Decimal("12.50"), now) is allowed
