"""The model that a portfolio follows, watched: forecasts recorded, a challenger beside it, drift judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from keepers.bots.trials import drift_of
from keepers.runtime.services import PortfolioServices
from keepers.signals.drift import Reference
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame
from keepers.signals.regimes.forecast import RegimeForecast, RegimeModel
from keepers.signals.regimes.label import Label, outcomes
from keepers.signals.signal import regime_inputs_hash
from keepers.store.forecasts import (
    Demotion,
    Forecasted,
    Role,
    demote,
    demotion,
    fill_outcomes,
    mark_told,
    open_days,
    record,
)


class Demoted(SignalError):
    """A model that drifted and that no person has reinstated."""


@dataclass(frozen=True, eq=False)
class Contender:
    """An opened model under the name that it is registered by."""

    name: str
    model: RegimeModel


@dataclass(frozen=True)
class Moment:
    """Height and unix seconds that a decision is made at."""

    block: int
    at: int


class WatchedModel:
    """The champion as a `RegimeModel` whose forecasts are recorded and watched.

    Args:
        services: Services of the bot.
        champion: The model that is followed.
        challenger: The model in its shadow; None for none.
        reference: Training days of the champion, by which drift is judged; None leaves drift unwatched.
        moment: Time of the decision.
    """

    def __init__(
        self,
        services: PortfolioServices,
        champion: Contender,
        challenger: Contender | None,
        reference: Reference | None,
        moment: Moment,
    ) -> None:
        self._services = services
        self._champion = champion
        self._challenger = challenger
        self._reference = reference
        self._moment = moment

    @property
    def weights_hash(self) -> bytes:
        """keccak256 of the champion's file, 32 bytes."""
        return self._champion.model.weights_hash

    @property
    def label(self) -> Label:
        """Label that the champion forecasts."""
        return self._champion.model.label

    @property
    def trained_until(self) -> date:
        """Last day whose close the champion was trained on."""
        return self._champion.model.trained_until

    def forecast(self, frame: Frame) -> RegimeForecast:
        """The champion's forecast; the challenger's is recorded beside it and changes nothing.

        Raises:
            Demoted: If the champion has drifted.
            SignalError: If the champion cannot decide.
            StoreError: If the store cannot be read or written.
        """
        found = self._champion.model.forecast(frame)
        self._record(frame, self._champion, found, "champion")
        self._run_challenger(frame)
        self._fill_outcomes(frame)
        self._require_no_drift(frame.dates[-1])
        return found

    def _run_challenger(self, frame: Frame) -> None:
        if self._challenger is None:
            return
        name, model = self._challenger.name, self._challenger.model
        try:
            if model.label != self.label:
                raise SignalError(f"challenger '{name}'", "forecasts another label", "train it for the champion's")
            if frame.dates[-1] <= model.trained_until:
                until = model.trained_until
                raise SignalError(f"challenger '{name}'", f"was trained until {until}", "its trial begins after that")
            self._record(frame, self._challenger, model.forecast(frame), "challenger")
        except SignalError as error:
            self._services.log.warning("challenger failed", model=name, reason=str(error))

    def _record(self, frame: Frame, contender: Contender, found: RegimeForecast, role: Role) -> None:
        services, model = self._services, contender.model
        row = Forecasted(
            portfolio=services.config.portfolio,
            model=contender.name,
            day=frame.dates[-1],
            role=role,
            weights_hash="0x" + model.weights_hash.hex(),
            inputs_hash="0x" + regime_inputs_hash(model.weights_hash, found).hex(),
            inputs=tuple(map(float, found.inputs)),
            probability=found.probability,
            predicted=found.turbulent,
            horizon_days=model.label.horizon,
            median_days=model.label.median_days,
            bot=services.bot,
            block=self._moment.block,
            at=self._moment.at,
        )
        record(services.store, row)

    def _fill_outcomes(self, frame: Frame) -> None:
        store, portfolio = self._services.store, self._services.config.portfolio
        waiting: dict[Label, list[date]] = {}
        for day, horizon, median in open_days(store, portfolio):
            waiting.setdefault(Label(horizon, median), []).append(day)
        closes = frame.daily["close"]
        known = {
            (day, label.horizon, label.median_days): outcome
            for label, days in waiting.items()
            for day, outcome in outcomes(frame.dates, closes, label, days).items()
        }
        if known:
            fill_outcomes(store, portfolio, known)

    def _require_no_drift(self, day: date) -> None:
        services, name = self._services, self._champion.name
        store, portfolio = services.store, services.config.portfolio
        standing = demotion(store, portfolio, name)
        if standing is None and (reason := self._drift()):
            weights = "0x" + self.weights_hash.hex()
            moment = self._moment
            demote(store, Demotion(portfolio, name, weights, day.isoformat(), reason, moment.block, moment.at))
            standing = demotion(store, portfolio, name)
        if standing is None:
            return
        if not standing.told:
            to = services.config.rebalance.strategy
            services.log.error("signal demoted", model=name, to=to, day=standing.day, reason=standing.reason)
            # Afterwards: a process that is killed between the two tells it again, and never not at all.
            mark_told(store, portfolio, name)
        raise Demoted(f"model '{name}'", f"demoted on {standing.day}: {standing.reason}", "quantera signals reinstate")

    def _drift(self) -> str:
        """Numbers that are beyond their bounds; empty where there are none."""
        if self._reference is None:
            return ""
        services = self._services
        found = drift_of(services.store, services.config.portfolio, self._champion.name, self._reference)
        return "; ".join(str(gauge) for gauge in found if gauge.beyond)
