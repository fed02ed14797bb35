from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.risk.errors import RiskError
from keepers.risk.recorded import METRICS, SIMULATED_METRICS, Recorded, RiskUpdate, fold
from keepers.store.tables import risk_metrics
from scripts._lib.artifacts import ROOT


def recorded(block: int = 1, **numbers: float) -> Recorded:
    return Recorded("risk:demo", "demo", block, 1_700_000_000 + block, numbers=numbers)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_fold__any_values__agree_with_numpy(values: list[float]) -> None:
    summaries = {}
    for number, value in enumerate(values):
        summaries = fold(summaries, recorded(number, var99=value))
    found = summaries["var99"]
    assert (found.samples, found.minimum, found.maximum) == (len(values), min(values), max(values))
    assert (found.last, found.last_at) == (values[-1], 1_700_000_000 + len(values) - 1)
    assert found.mean == pytest.approx(float(np.mean(values)), rel=1e-12, abs=1e-8)


def test_fold__number_unknown__adds_nothing_to_its_summary() -> None:
    summaries = fold(fold({}, recorded(1, var99=0.1, beta=1.0)), recorded(2, var99=0.3))
    assert summaries["beta"].samples == 1 and summaries["var99"].samples == 2


def test_recorded__another_name__is_refused() -> None:
    with pytest.raises(RiskError, match="number 'var98': is not recorded"):
        recorded(1, var98=0.1)


def test_metrics__every_one__has_a_column_of_its_own() -> None:
    assert set(METRICS) <= {column.name for column in risk_metrics.columns}
    assert len(SIMULATED_METRICS) == 18
    assert list(SIMULATED_METRICS)[2] == "simulated_var999_1d" and list(SIMULATED_METRICS)[-1] == "simulated_es999_10d"


def test_metrics__every_one__is_in_the_page_with_its_meaning() -> None:
    table = (ROOT / "docs/risk.md").read_text().split("\n## Records\n")[1].split("\n## ")[0]
    told = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE))
    assert told == dict(METRICS)


def test_risk_update__as_a_log_line__is_read_again() -> None:
    update = RiskUpdate.of(recorded(1, var99=0.1))
    assert RiskUpdate.read({"event": RiskUpdate.EVENT, "bot": "risk:demo", **update.fields()}) == update
    assert RiskUpdate.read({"event": "decision"}) is None
