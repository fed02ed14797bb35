"""One decision under one risk model, top to bottom: what to hold, whether to trade, how far to go. No I/O.

The bot decides with it on a chain, the backtester on a simulated portfolio: a `Desk` is all that differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from keepers.errors import KeeperError, Waiting
from keepers.portfolio.state import PortfolioState, RiskView
from keepers.rebalancing.breaker import steps_due
from keepers.rebalancing.proposal import Intent, PlanRefused, Proposal, TooSmall, build, decide, inputs_of
from keepers.rebalancing.settings import RebalanceSettings
from keepers.routing.errors import RoutingError
from keepers.routing.pools import Pool
from keepers.signals.signal import Advice

SCALES = (1.0, 0.5)
"""Parts of the way to the targets that are tried, the second if the first is refused."""

_TOO_EARLY = (
    "AutoRebalancer__TooSoon",
    "AutoRebalancer__NotYetValid",
    "PriceOracle__MarketClosed",
    "PriceOracle__TooOldToTrade",
)
"""Refusals that pass with time."""

AGAIN = "the same is tried with the next block"


@dataclass(frozen=True)
class Refusal:
    """The reason for which a rebalance did not happen.

    Attributes:
        text: Reason in words.
        error: Name of the contract's error, or of the kind of refusal of a plan.
        mined: True if it cost a transaction.
    """

    text: str
    error: str = ""
    mined: bool = False


class Refused(Exception):
    """The protocol refused a rebalance, or a question about one.

    Args:
        refusal: The reason.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text)
        self.refusal = refusal


class Desk(Protocol):
    """The place where a rebalance is decided and judged: the chain, or a simulated portfolio."""

    @property
    def now(self) -> int:
        """Unix seconds of the state."""
        ...

    def state(self) -> PortfolioState:
        """The portfolio, with whatever was sent before.

        Raises:
            Waiting: If it cannot be valued now.
        """
        ...

    def advice(self, state: PortfolioState) -> Advice:
        """Advice of the signal or of its fallback.

        Raises:
            KeeperError: If there is none.
        """
        ...

    def trip(self, view: RiskView) -> bool:
        """Moves the breaker to the state that the numbers ask for; False if that is refused."""
        ...

    def pools(self, state: PortfolioState) -> Sequence[Pool]:
        """Pools at the time of the state.

        Raises:
            Refused: If they cannot be read.
        """
        ...

    def execute(self, proposal: Proposal, model: str, inputs: bytes) -> None:
        """Trades.

        Args:
            proposal: Orders and targets.
            model: Name of the model that decided.
            inputs: Hash of what it was decided from, 32 bytes.

        Raises:
            Refused: If the protocol does not take it; then nothing was traded.
        """
        ...

    def refused(self, scale: float, refusal: Refusal) -> None:
        """Notes a refusal, and the part of the way that was tried."""
        ...


@dataclass(frozen=True)
class Decided:
    """Outcome of one decision.

    Attributes:
        outcome: Result: it traded, had no reason to, was refused, or failed after it was sent.
        reason: Reason in a sentence.
        proposal: The rebalance that was executed; None where there was none.
        advice: Advice that it followed.
    """

    outcome: Literal["done", "nothing", "refused", "failed"]
    reason: str
    advice: Advice
    proposal: Proposal | None = None


def intend(state: PortfolioState, settings: RebalanceSettings, now: int, last: int | None, advice: Advice) -> Intent:
    """Returns the decision to rebalance or not; it has no targets if no weights meet the limits.

    Args:
        state: State at one block.
        settings: Settings of the bot.
        now: Unix seconds of that block.
        last: Unix seconds of the last rebalance; None if there was none, or it stopped short of its targets.
        advice: Advice of the signal.
    """
    if advice.strategy is not None:
        settings = settings.model_copy(update={"strategy": advice.strategy})
    try:
        intent = decide(state, settings, now, last, advice)
    except KeeperError as error:
        return Intent(f"no target weights: {error}", True, None)
    return replace(intent, reason=f"{intent.reason}; {advice.reason}") if advice.reason else intent


def _carried_out(
    desk: Desk, state: PortfolioState, intent: Intent, settings: RebalanceSettings, scale: float, advice: Advice
) -> Proposal:
    """Plans and trades; a basket that is refused before it is sent is planned anew, one order after another.

    Raises:
        Refused: If the protocol does not take it.
        PlanRefused: If there is nothing to trade, or it costs too much.
        RoutingError: If the pools cannot take a trade.
    """
    proposal = build(state, desk.pools(state), intent, settings, scale)
    inputs = inputs_of(state, intent, advice.inputs_hash)
    try:
        desk.execute(proposal, advice.model, inputs)
    except Refused as error:
        if not proposal.is_basket or error.refusal.mined or error.refusal.error in _TOO_EARLY:
            raise
        desk.refused(scale, error.refusal)
        proposal = build(state, desk.pools(state), intent, settings.model_copy(update={"basket_seconds": 0.0}), scale)
        desk.execute(proposal, advice.model, inputs)
    return proposal


def rebalance(desk: Desk, settings: RebalanceSettings, last: int | None, subject: str) -> Decided:
    """Reads the portfolio, decides, plans and trades: the whole way first, then half of it.

    Args:
        desk: Where it happens.
        settings: Settings of the bot.
        last: Unix seconds of the last rebalance; None if there was none, or it stopped short of its targets.
        subject: Named where it has to wait, such as "model 7".

    Raises:
        Waiting: If the portfolio cannot be valued yet, or it is refused for the time alone.
        KeeperError: If the desk has no advice.
    """
    state = desk.state()
    advice = desk.advice(state)
    intent = intend(state, settings, desk.now, last, advice)
    if intent.targets is None:
        return Decided("nothing", intent.reason, advice)
    if steps_due(state.risk) > 0 and desk.trip(state.risk):
        state = desk.state()
    refusal, mined = Refusal(""), False
    for scale in SCALES:
        if mined:
            state = desk.state()
        try:
            proposal = _carried_out(desk, state, intent, settings, scale, advice)
        except TooSmall as error:
            if not refusal.text:
                return Decided("nothing", f"{intent.reason}; {error}", advice)
            refusal = Refusal(str(error), type(error).__name__)
        except (PlanRefused, RoutingError) as error:
            refusal = Refusal(str(error), type(error).__name__)
        except Refused as error:
            refusal = error.refusal
            mined = mined or refusal.mined
        else:
            return Decided("done", f"{intent.reason}; {proposal.summary()}", advice, proposal)
        if refusal.error in _TOO_EARLY:
            # Half of the way would be refused just so.
            raise Waiting(subject, refusal.text, AGAIN)
        desk.refused(scale, refusal)
    return Decided("failed" if mined else "refused", f"{intent.reason}; {refusal.text}", advice)
