"""Momentum, a model of the regime and the fallback behind one protocol."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pytest

from keepers.signals.errors import SignalError
from keepers.signals.features import Frame
from keepers.signals.momentum import momentum
from keepers.signals.regimes.inputs import Inputs
from keepers.signals.regimes.label import Label
from keepers.signals.regimes.rule_file import EwmaRule
from keepers.signals.regimes.rules import RULES
from keepers.signals.signal import NO_INPUTS, Fallback, MomentumSignal, Observed, RegimeSignal, Signal
from tests.unit.keepers.signals.histories import history

FRAME = history()
SHORT = Label(horizon=5, median_days=40)
RULE = EwmaRule(SHORT, 0.1, 0.8, 0.3, date(2020, 1, 2), "d" * 64)
REGIMES = RegimeSignal("regimes", RULE, "equal-weight", "minimum-variance")


def observed(rows: int | None = None) -> Observed:
    return Observed(FRAME.dates[:rows], FRAME.daily["closes"][:rows], FRAME.daily["close"][:rows])


@pytest.mark.parametrize(
    "signal", [Fallback("equal-weight"), MomentumSignal("momentum", 0.001, 252, 21), REGIMES], ids=lambda one: one.model
)
def test_signal__every_kind__names_its_model_and_how_sure_it_is(signal: Signal) -> None:
    found = signal.advise(observed())
    assert found.model == signal.model and 0.5 <= found.confidence <= 1 and len(found.inputs_hash) == 32


def test_fallback__anything__holds_the_portfolios_own_strategy() -> None:
    found = Fallback("equal-weight").advise()
    assert (found.strategy, found.views, found.inputs_hash) == (None, None, NO_INPUTS)


def test_momentum_signal__history__has_the_views_of_momentum() -> None:
    found = MomentumSignal("momentum", 0.001, 252, 21).advise(observed())
    np.testing.assert_array_equal(found.views, momentum(FRAME.daily["closes"], 0.001))


def test_momentum_signal__history_too_short__advises_nothing() -> None:
    with pytest.raises(SignalError, match="200 days: 253 are needed"):
        MomentumSignal("momentum", 0.001, 252, 21).advise(observed(200))


def test_regime_signal__each_regime__has_its_strategy_and_confidence() -> None:
    found = {advice.strategy: advice.confidence for advice in (REGIMES.advise(observed(row)) for row in range(60, 300))}
    assert found == {"equal-weight": 0.7, "minimum-variance": 0.8}


def test_regime_signal__close_or_weights_changed__has_another_hash() -> None:
    market = FRAME.daily["close"].copy()
    market[-1] *= 1.001
    moved = Observed(FRAME.dates, FRAME.daily["closes"], market)
    other = dataclasses.replace(REGIMES, regimes=dataclasses.replace(RULE, below=0.31))
    found = [REGIMES.advise(observed()), REGIMES.advise(moved), other.advise(observed())]
    assert len({advice.inputs_hash for advice in found}) == 3
    assert REGIMES.advise(observed()).inputs_hash == found[0].inputs_hash


def test_regime_signal__no_closes_of_the_market__advises_nothing() -> None:
    with pytest.raises(SignalError, match="input 'close': not part of this history"):
        REGIMES.advise(Observed(FRAME.dates, FRAME.daily["closes"]))


def test_rule__fitted__forecasts_as_the_rule_of_the_table() -> None:
    inputs = Inputs.of(Frame(FRAME.dates, {"close": FRAME.daily["close"]}), (), SHORT)
    train, test = np.arange(100), np.arange(130, inputs.rows.size)
    rule = EwmaRule.fit(inputs, train, FRAME.dates, "d" * 64)
    wanted = RULES[1].forecast(inputs, train, test)
    frames = (FRAME.until(FRAME.dates[inputs.rows[place]]) for place in test[::10])
    found = [rule.forecast(Frame(frame.dates, {"close": frame.daily["close"]})) for frame in frames]
    assert [one.turbulent for one in found] == wanted.turbulent[::10].tolist()
    assert [one.probability for one in found] == wanted.probability[::10].tolist()
    assert rule.trained_until == FRAME.dates[inputs.rows[99] + 5]


def test_rule__written_and_opened__is_the_same() -> None:
    assert EwmaRule.open(RULE.content, RULE.weights_hash) == RULE


def test_rule__hash_that_is_not_registered__is_refused() -> None:
    with pytest.raises(SignalError, match="registered is 0x01"):
        EwmaRule.open(RULE.content, b"\1" * 32)


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"[]",
        b"{",
        RULE.content.replace(b"ewma", b"tea "),
        RULE.content.replace(b"0.8", b"1.8"),
        RULE.content.replace(b"0.1", b"NaN"),
        RULE.content + b" ",
    ],
    ids=["empty", "list", "cut short", "another rule", "share above 1", "cut that is none", "another spelling"],
)
def test_rule__broken_file__is_refused(content: bytes) -> None:
    with pytest.raises(SignalError, match="the model file"):
        EwmaRule.open(content)
