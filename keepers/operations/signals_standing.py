"""The model that a portfolio follows: its challenger, the evidence of the trial, its drift, and a demotion lifted."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from keepers.bots.signals import open_regime_model, read_model, read_reference
from keepers.bots.trials import drift_of, trial_of
from keepers.config import Config
from keepers.signals.drift import Gauge, reference_path
from keepers.signals.errors import SignalError
from keepers.signals.evidence import Evidence, judge
from keepers.store import Store, forecasts
from keepers.store.forecasts import Demotion


@dataclass(frozen=True)
class Standing:
    """The facts about a followed model and its challenger.

    Attributes:
        champion: Name of the followed model.
        forecasts, outcomes: Numbers of its recorded forecasts, and of those whose outcome is known.
        demotion: Demotion under which it stands; None where it is followed.
        drift: Numbers that its drift is judged by; empty where they cannot be had.
        unwatched: Reason why drift is not judged; empty where it is.
        challenger: Name of the challenger; None where there is none.
        evidence: Evidence of the trial; None before a day has forecasts of both.
    """

    champion: str
    forecasts: int
    outcomes: int
    demotion: Demotion | None
    drift: tuple[Gauge, ...]
    unwatched: str
    challenger: str | None
    evidence: Evidence | None


def standing(config: Config) -> Standing:
    """The facts of a keeper's store about the model that it follows.

    Raises:
        SignalError: If the portfolio follows no model of the regime.
        StoreError: If the store cannot be read.
    """
    name, challenger = followed(config), config.rebalance.regime.challenger
    with closing(Store.open(config.store_url)) as store:
        made = forecasts.forecasts(store, config.portfolio, name)
        drift, unwatched = _drift(config, store, name)
        evidence = None if challenger is None else _evidence(store, config.portfolio, name, challenger.model)
        return Standing(
            champion=name,
            forecasts=len(made),
            outcomes=sum(found.outcome is not None for found in made),
            demotion=forecasts.demotion(store, config.portfolio, name),
            drift=drift,
            unwatched=unwatched,
            challenger=None if challenger is None else challenger.model,
            evidence=evidence,
        )


def _drift(config: Config, store: Store, name: str) -> tuple[tuple[Gauge, ...], str]:
    file = config.at(config.rebalance.regime.file)
    path = reference_path(file)
    try:
        reference = read_reference(path, open_regime_model(read_model(file), None))
        if reference is None:
            return (), f"{path} is missing"
        return drift_of(store, config.portfolio, name, reference), ""
    except SignalError as error:
        return (), str(error)


def _evidence(store: Store, portfolio: str, champion: str, challenger: str) -> Evidence | None:
    try:
        return judge(trial_of(store, portfolio, champion, challenger))
    except SignalError:
        return None


def as_object(found: Standing) -> dict[str, Any]:
    """A standing as JSON has it."""
    gauges = [{**asdict(gauge), "beyond": gauge.beyond} for gauge in found.drift]
    return {**asdict(found), "drift": gauges}


def lines(found: Standing) -> list[str]:
    """A standing for a terminal."""
    state = "followed" if found.demotion is None else f"demoted on {found.demotion.day}: {found.demotion.reason}"
    rows = [
        f"champion    {found.champion}, {state}",
        f"forecasts   {found.forecasts:,}, {found.outcomes:,} with an outcome",
        *(f"drift       {gauge}{' (beyond)' if gauge.beyond else ''}" for gauge in found.drift),
        *([f"drift       unwatched: {found.unwatched}"] if found.unwatched else []),
    ]
    if found.challenger is None:
        return [*rows, "challenger  none"]
    rows.append(f"challenger  {found.challenger}")
    evidence = found.evidence
    if evidence is None or evidence.brier is None or evidence.log_score is None:
        return [*rows, "trial       no day with an outcome yet"]
    return [
        *rows,
        f"trial       {evidence.days} of {evidence.needed} days; {evidence.reason}",
        f"Brier       {evidence.brier[1]:.4f} beside the champion's {evidence.brier[0]:.4f}",
        f"log score   {evidence.log_score[1]:.4f} beside the champion's {evidence.log_score[0]:.4f}",
    ]


def reinstate(config: Config, why: str, now: datetime) -> str:
    """Lifts the demotion of the model that a portfolio follows.

    Args:
        config: Config of the keeper.
        why: Reason in the words of the person who does it.
        now: Time of the act.

    Returns:
        A line that says what was done.

    Raises:
        SignalError: If no reason is given, the portfolio follows no model, or the model is not demoted.
        StoreError: If the store cannot be read or written.
    """
    name = followed(config)
    if not why.strip():
        raise SignalError("--reason", "is empty", "say why the model is sound")
    with closing(Store.open(config.store_url)) as store:
        standing = forecasts.demotion(store, config.portfolio, name)
        at = int(now.astimezone(UTC).timestamp())
        if standing is None or not forecasts.reinstate(store, config.portfolio, name, why.strip(), at):
            raise SignalError(f"model '{name}'", "is not demoted", "nothing has to be lifted")
    return f"{name} is followed again; it was demoted on {standing.day}: {standing.reason}"


def followed(config: Config) -> str:
    """Name of the model of the regime that a portfolio follows.

    Raises:
        SignalError: If it follows none.
    """
    if not config.portfolio or not config.rebalance.regime.enabled:
        raise SignalError("rebalance.regime", "is not enabled", "enable it, or name another config")
    return config.rebalance.model
