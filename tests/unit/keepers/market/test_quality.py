"""Findings of the gate in closes, and what it lets pass."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from keepers.market.packaged import sp500
from keepers.market.prices import PriceError, Prices
from keepers.market.quality import Rules, inspect, sessions_of

Array = NDArray[np.float64]
DAYS = tuple(date(2020, 1, 1) + timedelta(index) for index in range(300))


def closes(seed: int = 1) -> Array:
    return np.asarray(100 * np.cumprod(1 + 0.01 * np.random.default_rng(seed).standard_normal((300, 2)), axis=0))


def flat(start: int, length: int) -> Array:
    """Closes of which the second asset's stand still for a while and then go on from there."""
    table = closes()
    table[start + length :, 1] *= table[start, 1] / table[start + length - 1, 1]
    table[start : start + length, 1] = table[start, 1]
    return table


def prices(table: Array) -> Prices:
    return Prices(DAYS, ("AAA", "BBB"), table)


def test_inspect__ordinary_closes__has_no_findings() -> None:
    got = inspect(prices(closes()), sessions=DAYS)
    assert got.findings == () and (got.days, got.symbols) == (300, 2)
    got.require("closes.csv")


def test_inspect__days_against_sessions__names_missing_and_extra() -> None:
    later = DAYS[-1] + timedelta(1)
    sessions = [day for day in (*DAYS, later) if day != DAYS[7]]
    got = inspect(Prices(DAYS[:5] + DAYS[6:], ("AAA", "BBB"), np.delete(closes(), 5, axis=0)), sessions=sessions)
    assert [(finding.kind, finding.first) for finding in got.findings] == [
        ("missing day", DAYS[5]),
        ("extra day", DAYS[7]),
    ]


@pytest.mark.parametrize(("length", "found"), [(9, False), (10, True)])
def test_inspect__closes_alike__are_stale_from_ten_on(length: int, found: bool) -> None:
    table = flat(100, length)
    got = inspect(prices(table)).findings
    assert bool(got) == found
    if found:
        (only,) = got
        assert (only.kind, only.symbol, only.first, only.last) == ("stale run", "BBB", DAYS[100], DAYS[109])
        assert only.value == f"10 closes of {table[100, 1]:g}"


@pytest.mark.parametrize(("ratio", "words"), [(2.0, "2 for 1"), (10.0, "10 for 1"), (1 / 4, "1 for 4")])
def test_inspect__closes_jump_by_a_splits_ratio__says_which(ratio: float, words: str) -> None:
    table = closes()
    table[150:, 0] /= ratio
    (only,) = inspect(prices(table)).findings
    assert (only.kind, only.symbol, only.first) == ("split", "AAA", DAYS[150])
    assert words in only.remedy and only.refuses


def test_inspect__large_move_that_is_no_split__is_noted_only() -> None:
    table = closes()
    table[150:, 0] *= 0.65
    got = inspect(prices(table))
    assert [finding.kind for finding in got.findings] == ["outlier"]
    assert got.refusals == ()
    got.require("closes.csv")


def test_inspect__other_rules__find_more() -> None:
    assert inspect(prices(closes()), Rules(outlier_sigmas=3.0)).findings


def test_inspect__asset_that_never_moves__is_stale_and_nothing_else() -> None:
    table = closes()
    table[:, 0] = 5.0
    assert [finding.kind for finding in inspect(prices(table)).findings] == ["stale run"]


def test_require__refusals__names_the_first_and_how_many() -> None:
    table = flat(20, 20)
    table[150:, 0] /= 2
    with pytest.raises(PriceError, match=r"closes.csv: BBB 2020-01-21: stale run, 20 closes of [\d.]+ \(and 1 more\)"):
        inspect(prices(table)).require("closes.csv")


def test_packaged_closes__against_the_exchanges_calendar__miss_no_day() -> None:
    """The known fault in them is early Range Resources, thinly traded before 1993."""
    packaged = sp500()
    got = inspect(packaged, sessions=sessions_of("XNYS", packaged.dates[0], packaged.dates[-1]))
    assert {finding.symbol for finding in got.refusals} == {"RRC"}
    assert max(finding.last for finding in got.refusals) < date(1993, 1, 1)


def test_sessions_of__unknown_calendar__is_refused() -> None:
    with pytest.raises(PriceError, match="calendar NOWHERE: unknown"):
        sessions_of("NOWHERE", DAYS[0], DAYS[-1])
