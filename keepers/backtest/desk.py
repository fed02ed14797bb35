"""A simulated portfolio as the place where a rebalance is decided and judged. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from keepers.backtest.portfolio import Fill, Moment, Signal, SimulatedPortfolio
from keepers.backtest.refusals import Rejected
from keepers.portfolio.state import PortfolioState, RiskView
from keepers.rebalancing.decision import Refusal, Refused
from keepers.rebalancing.proposal import Proposal
from keepers.rebalancing.settings import RebalanceSettings
from keepers.risk.fixed_point import from_fixed_point
from keepers.routing.pools import Pool
from keepers.signals.signal import Advice

NOBODY = "0x" + "00" * 19 + "ff"
"""Address of a simulated portfolio."""


@dataclass
class SimulatedDesk:
    """A `keepers.rebalancing.decision.Desk` on a simulated portfolio, for one decision.

    Attributes:
        portfolio: The portfolio.
        moment: Time, prices and model.
        settings: Settings of the bot.
        market: Pools at this time.
        advise: Called for the advice.
        block: Number of the day, which stands for the block's height.
        fills: What was traded.
        refusals: Refusals on the way.
    """

    portfolio: SimulatedPortfolio
    moment: Moment
    settings: RebalanceSettings
    market: Sequence[Pool]
    advise: Callable[[], Advice]
    block: int
    fills: tuple[Fill, ...] = ()
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def now(self) -> int:
        """Unix seconds."""
        return self.moment.now

    def state(self) -> PortfolioState:
        """The portfolio as keepers read it from the chain."""
        portfolio, moment = self.portfolio, self.moment
        return PortfolioState(
            address=NOBODY,
            block=self.block,
            assets=portfolio.listing.addresses,
            decimals=portfolio.listing.decimals,
            balances=tuple(portfolio.balances),
            values=tuple(portfolio.values(moment.prices)),
            prices=moment.prices,
            risk=portfolio.view(moment),
            covariance=self._covariance(),
            loss_level=portfolio.bucket.level_at(moment.now),
            loss_capacity=portfolio.bucket.capacity,
        )

    def advice(self, state: PortfolioState) -> Advice:
        """Advice of the configured signal, or of the fallback."""
        return self.advise()

    def trip(self, view: RiskView) -> bool:
        """Trips the breaker; False if there is nothing to trip."""
        return self.portfolio.trip(self.moment)

    def pools(self, state: PortfolioState) -> Sequence[Pool]:
        """Pools at this time."""
        return self.market

    def execute(self, proposal: Proposal, model: str, inputs: bytes) -> None:
        """Trades on the simulated portfolio.

        Raises:
            Refused: If the protocol would not take it.
        """
        settings = self.settings
        signal = Signal(proposal.targets, settings.band_bps, proposal.most_turnover_bps, settings.oracle_slippage_bps)
        try:
            self.fills = self.portfolio.execute(proposal.orders, signal, self.market, self.moment)
        except Rejected as error:
            raise Refused(Refusal(error.text, error.error)) from error

    def refused(self, scale: float, refusal: Refusal) -> None:
        """Keeps a refusal."""
        self.refusals.append(refusal)

    def _covariance(self) -> NDArray[np.float64] | None:
        model = self.moment.model
        return None if model is None else from_fixed_point(model.entries)
