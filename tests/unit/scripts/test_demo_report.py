"""The demo's report: paths beside the portfolio, and the places of its labels."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from keepers.portfolio.benchmarks import buy_and_hold, equal_weight
from scripts._lib.demo.report import label_rows

CLOSES = np.array([[100.0, 50.0], [200.0, 50.0], [100.0, 50.0]])


def test_buy_and_hold__one_doubles_and_halves__ends_where_it_began() -> None:
    assert buy_and_hold(CLOSES).tolist() == [1.0, 1.5, 1.0]


def test_equal_weight__one_doubles_and_halves__gains_from_rebalancing() -> None:
    assert equal_weight(CLOSES) == pytest.approx([1.0, 1.5, 1.125])


def test_label_rows__days_apart__share_a_row() -> None:
    first = date(2020, 1, 1)
    assert label_rows([first, first + timedelta(days=60), first + timedelta(days=120)]) == [0, 0, 0]


def test_label_rows__many_at_once__no_two_lie_on_each_other_and_the_rest_has_none() -> None:
    days = [date(2020, 1, 1) + timedelta(days=day) for day in range(8)]
    assert label_rows(days) == [0, 1, 2, 3, 4, None, None, None]
