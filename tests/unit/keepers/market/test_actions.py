"""Closes adjusted for splits, dividends and new symbols."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from keepers.market.actions import Action, adjust, read_actions
from keepers.market.prices import PriceError, Prices

DAYS = tuple(date(2020, 1, 1) + timedelta(index) for index in range(4))
PRICES = Prices(DAYS, ("AAA", "BBB"), np.array([[100.0, 10.0], [102.0, 10.0], [51.0, 10.0], [52.0, 9.0]]))


def test_adjust__split__divides_the_closes_before_it() -> None:
    got = adjust(PRICES, [Action(DAYS[2], "AAA", "split", "2")])
    np.testing.assert_allclose(got.closes[:, 0], [50, 51, 51, 52])
    np.testing.assert_array_equal(got.closes[:, 1], PRICES.closes[:, 1])


def test_adjust__dividend__is_part_of_its_days_return() -> None:
    got = adjust(PRICES, [Action(DAYS[3], "BBB", "dividend", "1")])
    assert got.returns()[2, 1] == pytest.approx(9 / (10 - 1) - 1)


def test_adjust__two_actions__factors_multiply() -> None:
    actions = [Action(DAYS[3], "AAA", "dividend", "0.51"), Action(DAYS[2], "AAA", "split", "2")]
    got = adjust(PRICES, actions)
    np.testing.assert_allclose(got.closes[:, 0], [50 * 0.99, 51 * 0.99, 51 * 0.99, 52])


def test_adjust__new_symbol__renames_and_later_actions_use_it() -> None:
    actions = [Action(DAYS[2], "NEW", "split", "2"), Action(DAYS[1], "AAA", "symbol", "NEW")]
    got = adjust(PRICES, actions)
    assert got.symbols == ("NEW", "BBB") and got.closes[0, 0] == 50


def test_adjust__outside_the_closes__changes_nothing() -> None:
    actions = [Action(DAYS[0], "AAA", "split", "2"), Action(date(2021, 1, 1), "ZZZ", "split", "2")]
    np.testing.assert_array_equal(adjust(PRICES, actions).closes, PRICES.closes)


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (Action(DAYS[1], "ZZZ", "split", "2"), "no closes of that symbol"),
        (Action(DAYS[1], "AAA", "split", "0"), "no number above zero"),
        (Action(DAYS[1], "AAA", "split", "two"), "no number above zero"),
        (Action(DAYS[1], "BBB", "dividend", "10"), "not below the close before it"),
    ],
)
def test_adjust__impossible_action__is_refused(action: Action, reason: str) -> None:
    with pytest.raises(PriceError, match=reason):
        adjust(PRICES, [action])


def test_read_actions__file__has_a_line_each(tmp_path: Path) -> None:
    path = tmp_path / "actions.csv"
    path.write_text(
        "date,symbol,kind,value\n2020-01-03, AAA, split, 2\n\n2020-01-04,BBB,symbol,CCC\n", encoding="utf-8"
    )
    assert read_actions(path) == (
        Action(date(2020, 1, 3), "AAA", "split", "2"),
        Action(date(2020, 1, 4), "BBB", "symbol", "CCC"),
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "another header"),
        ("day,symbol,kind,value\n", "another header"),
        ("date,symbol,kind,value\n2020-01-03,AAA,split\n", "3 cells"),
        ("date,symbol,kind,value\n2020-01-03,AAA,merger,1\n", "unknown kind 'merger'"),
        ("date,symbol,kind,value\n3 January,AAA,split,2\n", "'3 January' is no date"),
    ],
)
def test_read_actions__broken_file__names_the_line(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "actions.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PriceError, match=reason):
        read_actions(path)


def test_read_actions__no_file_or_no_text__is_refused(tmp_path: Path) -> None:
    with pytest.raises(PriceError, match="No such file"):
        read_actions(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PriceError, match="save it as CSV in UTF-8"):
        read_actions(tmp_path / "bytes.csv")
