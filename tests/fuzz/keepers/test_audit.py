"""The audit tells linear filters that look ahead from those that do not, whatever their weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from keepers.signals.audit import Findings, Pipeline, choose_cuts, search
from tests.fixtures.leaks import history

DATA = history(160)
WEIGHTS = st.floats(0.01, 10) | st.floats(-10, -0.01)
LAGS = st.dictionaries(st.integers(0, 12), WEIGHTS, min_size=1, max_size=4)
LEADS = st.dictionaries(st.integers(1, 12), WEIGHTS, min_size=1, max_size=3)


def audited(weights: dict[int, float]) -> Findings:
    """Audits a sum of weighted closes, each so many rows before the decision; rows that are not there count as zero."""

    def filtered(frame: pd.DataFrame) -> pd.Series:
        parts = [weight * frame["close"].shift(rows).fillna(0.0) for rows, weight in weights.items()]
        return pd.Series(np.sum(parts, axis=0), index=frame.index)

    subject = Pipeline(filtered, DATA)
    return search(subject, choose_cuts(subject.days, 10))


@given(LAGS)
def test_search__filter_of_the_past__is_clean(lags: dict[int, float]) -> None:
    assert audited(lags).clean


@given(LAGS, LEADS)
def test_search__filter_with_leads__names_the_nearest_row(lags: dict[int, float], leads: dict[int, float]) -> None:
    (example,) = audited({**lags, **{-rows: weight for rows, weight in leads.items()}}).counterexamples
    assert example.future - example.decision == min(leads)
