"""A basket that is refused before it is sent is planned anew, one order after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from keepers.portfolio.state import WAD, PortfolioState, RiskView
from keepers.rebalancing.decision import Refusal, Refused, rebalance
from keepers.rebalancing.proposal import Proposal
from keepers.rebalancing.settings import RebalanceSettings
from keepers.routing.pools import Pool, V2Pool
from keepers.signals.signal import Advice
from tests.unit.keepers.rebalancing.test_proposal import AAA, BBB, HOLD, NOW, pools, state

DIRECT = V2Pool("0x" + "f" * 40, AAA, BBB, 10**9 * WAD, 10**9 * WAD, 100)
"""A pool between the two assets that is cheaper than the way through cash."""


@dataclass
class RefusingDesk:
    """A portfolio that is far from its targets, on a protocol that refuses baskets.

    Attributes:
        refusal: Answer to a basket; None to take it.
        executed, refusals: What it was asked to trade, and what it was told to note.
    """

    refusal: Refusal | None
    executed: list[Proposal] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    now: int = NOW

    def state(self) -> PortfolioState:
        return state((0.55, 0.02))

    def advice(self, state: PortfolioState) -> Advice:
        return HOLD

    def trip(self, view: RiskView) -> bool:
        return False

    def pools(self, state: PortfolioState) -> Sequence[Pool]:
        return [*pools(), DIRECT]

    def execute(self, proposal: Proposal, model: str, inputs: bytes) -> None:
        self.executed.append(proposal)
        if self.refusal is not None and proposal.is_basket:
            raise Refused(self.refusal)

    def refused(self, scale: float, refusal: Refusal) -> None:
        self.refusals.append(refusal)


def test_rebalance__pool_between_a_sale_and_a_purchase__is_traded_as_a_basket() -> None:
    desk = RefusingDesk(None)
    found = rebalance(desk, RebalanceSettings(basket_seconds=1), None, "model 1")
    (proposal,) = desk.executed
    assert found.outcome == "done" and proposal.is_basket
    assert (AAA, BBB) in {(order.token_in, order.token_out) for order in proposal.orders}


def test_rebalance__basket_refused_before_it_is_sent__goes_the_whole_way_one_after_another() -> None:
    desk = RefusingDesk(Refusal("no", "Some__Error"))
    found = rebalance(desk, RebalanceSettings(basket_seconds=1), None, "model 1")
    first, second = desk.executed
    assert found.outcome == "done" and found.proposal is second
    assert first.is_basket and not second.is_basket
    assert first.scale == second.scale == 1 and desk.refusals == [desk.refusal]
    assert first.cost_bps < second.cost_bps


def test_rebalance__basket_that_failed_on_chain__is_not_sent_again_in_one_try() -> None:
    desk = RefusingDesk(Refusal("no", "Some__Error", mined=True))
    found = rebalance(desk, RebalanceSettings(basket_seconds=1), None, "model 1")
    assert found.outcome == "failed"
    assert [proposal.scale for proposal in desk.executed] == [1.0, 0.5]


def test_rebalance__no_seconds_for_a_basket__is_planned_one_after_another() -> None:
    desk = RefusingDesk(None)
    rebalance(desk, RebalanceSettings(basket_seconds=0), None, "model 1")
    (proposal,) = desk.executed
    assert not proposal.is_basket
    assert all(state((0, 0)).assets[0] in (order.token_in, order.token_out) for order in proposal.orders)


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_rebalance__either_way__ends_at_the_same_targets(seconds: float) -> None:
    desk = RefusingDesk(None)
    rebalance(desk, RebalanceSettings(basket_seconds=seconds), None, "model 1")
    weights = np.array(desk.executed[0].targets) / WAD
    other = RefusingDesk(None)
    rebalance(other, RebalanceSettings(basket_seconds=0), None, "model 1")
    np.testing.assert_allclose(weights, np.array(other.executed[0].targets) / WAD, atol=1e-3)
