"""The registry documents every feature, and refuses what it cannot document or compute."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from keepers.signals.errors import SignalError
from keepers.signals.features import Feature, Frame, definition_hash, feature_named, first_row, matrix, registered
from keepers.signals.features.registry import add, readable
from tests.unit.keepers.signals.histories import history

PLAIN = Feature("plain", "close_t", "definition", "price", ("close",), 1, 0, lambda window: float(window["close"][-1]))


def with_(**changes: object) -> Feature:
    return dataclasses.replace(PLAIN, **changes)  # type: ignore[arg-type]


def test_registered__all__are_more_than_thirty() -> None:
    assert len(registered()) >= 30


@pytest.mark.parametrize("found", registered(), ids=lambda found: found.name)
def test_registered__each__says_what_it_is(found: Feature) -> None:
    texts = (found.name, found.formula, found.source, found.unit)
    assert all(text.strip() == text and text for text in texts)
    assert found.inputs and found.length >= 1 and found.lag >= 0


@pytest.mark.parametrize(
    "found",
    [found for found in registered() if found.length > 1 and set(found.inputs) & set(history().daily)],
    ids=lambda found: found.name,
)
def test_value__one_row_less_than_its_length__is_refused(found: Feature) -> None:
    with pytest.raises(SignalError, match="are needed"):
        found.value(history(), found.length + found.lag - 2)


@pytest.mark.parametrize("found", registered(), ids=lambda found: found.name)
def test_value__series_that_stand_still__is_a_number(found: Feature) -> None:
    moving = history()
    still = Frame(
        moving.dates,
        {name: np.full_like(column, column.flat[0]) for name, column in moving.daily.items()},
        moving.releases,
    )
    assert np.isfinite(found.value(still, 400))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"formula": ""}, "formula, source, unit or inputs are missing"),
        ({"inputs": ()}, "formula, source, unit or inputs are missing"),
        ({"length": 0}, "a window of 0 rows"),
        ({"lag": -1}, "a lag of -1 looks into the future"),
        ({"inputs": ("clsoe",)}, "input 'clsoe': unknown"),
    ],
)
def test_add__feature_without_a_part__is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(SignalError, match=said):
        add(with_(**changes), {})


def test_add__name_that_is_taken__is_refused() -> None:
    known: dict[str, Feature] = {}
    add(PLAIN, known)
    with pytest.raises(SignalError, match="feature 'plain': registered already"):
        add(PLAIN, known)


def test_value__nan__is_refused_with_feature_and_day() -> None:
    broken = with_(compute=lambda window: float("nan"))
    with pytest.raises(SignalError, match=f"plain on {history().dates[7]}: is nan; clean its inputs"):
        broken.value(history(), 7)


def test_value__release_with_too_few_observations__is_refused() -> None:
    with pytest.raises(SignalError, match="observations of rate are known and 13 are needed"):
        feature_named("rate_change_12").value(history(), 30)


def test_feature_named__unknown__is_refused() -> None:
    with pytest.raises(SignalError, match="feature 'rsi': unknown"):
        feature_named("rsi")


def test_readable__closes_alone__leaves_out_what_reads_more() -> None:
    names = {found.name for found in readable(frozenset({"close"}))}
    assert "volatility_21" in names and not names & {"parkinson_21", "beta_252", "vix_level"}


def test_first_row__all_features__is_the_first_that_computes() -> None:
    row = first_row(history(), registered())
    assert np.isfinite(matrix(history(), registered(), [row])).all()
    with pytest.raises(SignalError):
        matrix(history(), registered(), [row - 1])


def test_first_row__history_too_short__is_refused() -> None:
    short = history().until(history().dates[100])
    with pytest.raises(SignalError, match="101 days: too few"):
        first_row(short, registered())


def test_definition_hash__changed_formula__differs() -> None:
    assert definition_hash([PLAIN]) != definition_hash([with_(formula="close_(t-1)")])


def test_definition_hash__the_same_features__is_the_same() -> None:
    assert definition_hash(registered()) == definition_hash(registered())
