"""The watched model: forecasts once a day, a challenger that moves nothing, drift that demotes until a person acts."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import structlog

from keepers.bots.champion import Contender, Demoted, Moment, WatchedModel
from keepers.bots.trials import drift_of, trial_of
from keepers.runtime.services import PortfolioServices
from keepers.signals.drift import INPUT_DAYS, Reference
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame
from keepers.signals.regimes.forecast import RegimeForecast, RegimeModel
from keepers.signals.regimes.label import Label, Labelled, outcomes
from keepers.signals.regimes.rule_file import EwmaRule
from keepers.signals.regimes.rules import ewma_at
from keepers.store import Store, forecasts

LABEL = Label(5, 40)
RULE = EwmaRule(LABEL, 0.0, 0.8, 0.3, date(2019, 12, 31), "d" * 64)
RIVAL = replace(RULE, cut=0.2, above=0.9)
FIRST = 60
"""Row of the first day that is decided on."""


def market(days: int = 200, seed: int = 1) -> Frame:
    moves = np.random.default_rng(seed).normal(0, 0.01, days)
    dates = tuple(date(2020, 1, 1) + timedelta(days=number) for number in range(days))
    return Frame(dates, {"close": 100 * np.exp(np.cumsum(moves))})


@dataclass
class Keeper:
    """A store and a log, and the models that decide with them."""

    url: str
    store: Store
    champion: RegimeModel = RULE
    challenger: RegimeModel | None = RIVAL
    reference: Reference | None = None
    output: io.StringIO = field(default_factory=io.StringIO)

    def decide(self, frame: Frame, row: int) -> RegimeForecast:
        """A decision at the close of a row's day, by a bot that has just been started."""
        log = structlog.wrap_logger(
            structlog.WriteLogger(self.output), processors=[structlog.processors.JSONRenderer()]
        )
        config = SimpleNamespace(portfolio="demo", rebalance=SimpleNamespace(strategy="equal-weight"))
        services = SimpleNamespace(bot="rebalance:demo", store=self.store, config=config, log=log)
        challenger = None if self.challenger is None else Contender("rival", self.challenger)
        watched = WatchedModel(
            cast(PortfolioServices, services),
            Contender("regimes", self.champion),
            challenger,
            self.reference,
            Moment(row, row),
        )
        return watched.forecast(frame.until(frame.dates[row]))

    def told(self, event: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.output.getvalue().splitlines()]
        return [line for line in lines if line["event"] == event]

    def rows(self, model: str = "regimes") -> list[forecasts.Forecasted]:
        return forecasts.forecasts(self.store, "demo", model)


@pytest.fixture
def desk(tmp_path: Path) -> Keeper:
    url = f"sqlite:///{tmp_path}/keeper.sqlite"
    return Keeper(url, Store.open(url))


def training(volatility: float = 1.0) -> Reference:
    """The reference of a rule that was trained on such a market, or on one so many times as volatile."""
    labelled = Labelled.of(market(1500, seed=3).daily["close"], LABEL)
    scores = ewma_at(labelled, np.arange(LABEL.first_row, 1500))[:, None] + np.log(volatility)
    flags = np.zeros(len(scores), dtype=np.bool_)
    return Reference.fit("0x" + RULE.weights_hash.hex(), scores, np.full(len(scores), 0.3), flags, flags)


def test_forecast__both_models__are_recorded_with_hash_and_day(desk: Keeper) -> None:
    frame = market()
    found = desk.decide(frame, FIRST)
    (mine,), (shadow,) = desk.rows(), desk.rows("rival")
    assert (mine.role, shadow.role, mine.day, shadow.day) == ("champion", "challenger", *2 * (frame.dates[FIRST],))
    assert (mine.probability, mine.inputs) == (found.probability, tuple(found.inputs))
    assert mine.weights_hash == "0x" + RULE.weights_hash.hex() and mine.inputs_hash != shadow.inputs_hash


def test_forecast__challenger_beside_it__is_the_champions_to_the_bit(desk: Keeper) -> None:
    frame = market()
    desk.challenger = None
    alone = [desk.decide(frame, row).probability for row in range(FIRST, FIRST + 20)]
    desk.challenger = RIVAL
    assert [desk.decide(frame, row).probability for row in range(FIRST, FIRST + 20)] == alone


def test_forecast__same_day_again_with_other_closes__the_first_record_stays(desk: Keeper) -> None:
    desk.decide(market(), FIRST)
    before = desk.rows()
    desk.decide(market(seed=2), FIRST)
    assert desk.rows() == before


def test_forecast__days_after_the_label__have_their_outcome(desk: Keeper) -> None:
    frame = market()
    for row in range(FIRST, FIRST + 12):
        desk.decide(frame, row)
    known = outcomes(frame.dates, frame.daily["close"], LABEL, frame.dates)
    found = desk.rows()
    assert [row.outcome for row in found[:7]] == [known[row.day] for row in found[:7]]
    assert [row.outcome for row in found[7:]] == [None] * 5


class Killed(BaseException):
    """The end of a process."""


class Broken:
    """A challenger whose forecast fails."""

    weights_hash = b"\1" * 32
    label = LABEL
    trained_until = date(2019, 1, 1)

    def forecast(self, frame: Frame) -> RegimeForecast:
        raise SignalError("a feature", "is nan", "clean its inputs")


@pytest.mark.parametrize(
    ("challenger", "said"),
    [
        (Broken(), "is nan"),
        (replace(RULE, label=Label(6, 40)), "forecasts another label"),
        (replace(RULE, trained_until=date(2020, 12, 31)), "was trained until 2020-12-31"),
    ],
    ids=["broken", "another label", "trained on the day"],
)
def test_forecast__challenger_that_cannot_be_judged__is_told_and_stops_nothing(
    desk: Keeper, challenger: RegimeModel, said: str
) -> None:
    desk.challenger = challenger
    desk.decide(market(), FIRST)
    (line,) = desk.told("challenger failed")
    assert said in line["reason"] and len(desk.rows()) == 1 and desk.rows("rival") == []


def test_forecast__champion_that_fails__records_nothing(desk: Keeper) -> None:
    desk.champion = Broken()
    with pytest.raises(SignalError, match="is nan"):
        desk.decide(market(), FIRST)
    assert desk.rows() == desk.rows("rival") == []


def drifted(desk: Keeper) -> int:
    """Decides with inputs that are none of training's until the model is demoted; the row."""
    desk.reference = training(volatility=4)
    frame = market()
    for row in range(FIRST, FIRST + INPUT_DAYS - 1):
        desk.decide(frame, row)
    with pytest.raises(Demoted, match=r"inputs .* over 63 days, bound"):
        desk.decide(frame, FIRST + INPUT_DAYS - 1)
    return FIRST + INPUT_DAYS - 1


def test_forecast__inputs_like_training__is_followed(desk: Keeper) -> None:
    desk.reference = training()
    frame = market()
    for row in range(FIRST, FIRST + INPUT_DAYS + 5):
        desk.decide(frame, row)
    assert desk.told("signal demoted") == []


def test_forecast__inputs_that_drifted__demotes_and_alerts_once(desk: Keeper) -> None:
    row = drifted(desk)
    (line,) = desk.told("signal demoted")
    assert (line["model"], line["to"]) == ("regimes", "equal-weight") and "inputs" in line["reason"]
    with pytest.raises(Demoted, match="quantera signals reinstate"):
        desk.decide(market(), row + 1)
    assert len(desk.told("signal demoted")) == 1


def test_forecast__demoted__stays_so_after_a_restart_and_without_its_reference(desk: Keeper) -> None:
    row = drifted(desk)
    desk.store.close()
    desk.store, desk.reference = Store.open(desk.url), None
    with pytest.raises(Demoted):
        desk.decide(market(), row + 1)


def test_forecast__demoted__goes_on_recording_both(desk: Keeper) -> None:
    row = drifted(desk)
    with pytest.raises(Demoted):
        desk.decide(market(), row + 1)
    assert len(desk.rows()) == len(desk.rows("rival")) == INPUT_DAYS + 1


def test_forecast__reinstated__is_followed_until_later_days_have_drifted(desk: Keeper) -> None:
    row = drifted(desk)
    assert forecasts.reinstate(desk.store, "demo", "regimes", "a person looked", 1000)
    frame = market()
    for later in range(row + 1, row + INPUT_DAYS):
        desk.decide(frame, later)
    with pytest.raises(Demoted):
        desk.decide(frame, row + INPUT_DAYS)
    assert len(desk.told("signal demoted")) == 2


def test_forecast__killed_before_the_alert__tells_it_with_the_next_decision(
    desk: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = forecasts.demote

    def killed(*arguments: Any) -> bool:
        real(*arguments)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("keepers.bots.champion.demote", killed)
        with pytest.raises(Killed):
            drifted(desk)
    assert desk.told("signal demoted") == []
    with pytest.raises(Demoted):
        desk.decide(market(), FIRST + INPUT_DAYS)
    assert len(desk.told("signal demoted")) == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from keepers.store import Store, forecasts
from tests.unit.keepers.bots import test_champion as work

real, wanted, calls = forecasts.insert_into, int(sys.argv[2]), []
def dying(*arguments):
    calls.append(arguments)
    if len(calls) == wanted:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)
forecasts.insert_into = dying
desk = work.Keeper(sys.argv[1], Store.open(sys.argv[1]))
desk.decide(work.market(), work.FIRST)
"""


@pytest.mark.parametrize("writes", [1, 2])
def test_forecast__killed_at_a_write_and_started_again__has_one_row_for_each_model(desk: Keeper, writes: int) -> None:
    command = [sys.executable, "-c", KILLED, desk.url, str(writes)]
    died = subprocess.run(command, capture_output=True, timeout=120, check=False, env=dict(os.environ))
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert len(desk.rows() + desk.rows("rival")) == writes - 1
    desk.decide(market(), FIRST)
    assert len(desk.rows()) == len(desk.rows("rival")) == 1


def test_trial_of__days_of_both__are_paired_by_day(desk: Keeper) -> None:
    frame = market()
    for row in range(FIRST, FIRST + 10):
        desk.challenger = None if row == FIRST + 3 else RIVAL
        desk.decide(frame, row)
    found = trial_of(desk.store, "demo", "regimes", "rival")
    assert found.champion.size == 9 and found.horizon == 5
    assert int(np.isnan(found.outcome).sum()) == 5


def test_trial_of__no_day_of_both__is_refused(desk: Keeper) -> None:
    desk.challenger = None
    desk.decide(market(), FIRST)
    with pytest.raises(SignalError, match="has no day with a forecast of both"):
        trial_of(desk.store, "demo", "regimes", "rival")


def test_drift_of__no_forecast_yet__says_nothing(desk: Keeper) -> None:
    assert [gauge.value for gauge in drift_of(desk.store, "demo", "regimes", training())] == [None] * 3
