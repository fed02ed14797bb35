"""Scenarios: what they cost, where their sizes are from, and tables that are none."""

import numpy as np
import pytest

from keepers.risk.errors import RiskError
from keepers.risk.scenarios import SHIPPED, load_scenarios
from keepers.risk.stress import Scenario, parse_scenarios, stress_losses

COVARIANCE = np.array([[4e-4, 1e-4], [1e-4, 9e-4]])
WEIGHTS = np.array([0.5, 0.3])


def loss(kind: str, size: float, weights: np.ndarray = WEIGHTS, covariance: np.ndarray = COVARIANCE) -> float:
    scenario = Scenario.model_validate({"name": "x", "kind": kind, "size": size, "source": "here"})
    return stress_losses([scenario], weights, covariance)[0]


def test_stress_losses__market_falls__by_beta() -> None:
    """Variance of the equal weight is 3.75e-4; covariances with it are 2.5e-4 and 5e-4."""
    assert loss("market", 0.1) == pytest.approx(0.5 * 0.1 * 2.5 / 3.75 + 0.3 * 0.1 * 5 / 3.75)


def test_stress_losses__the_market_itself__loses_what_the_market_loses() -> None:
    assert loss("market", 0.2, np.array([0.5, 0.5])) == pytest.approx(0.2)


def test_stress_losses__a_hedge__gains() -> None:
    hedge = np.array([[9e-4, -4e-4], [-4e-4, 2e-4]])
    assert loss("market", 0.1, np.array([0.0, 0.5]), hedge) < 0


def test_stress_losses__sigmas_and_largest__are_textbook() -> None:
    assert loss("sigmas", 6) == pytest.approx(0.5 * 0.12 + 0.3 * 0.18)
    assert loss("largest", 0.5) == pytest.approx(0.25)


def test_stress_losses__monstrous_sizes__lose_no_more_than_all() -> None:
    assert loss("market", 50.0) == loss("sigmas", 1000) == pytest.approx(0.8)
    assert loss("largest", 7.0) == pytest.approx(0.5)


def test_stress_losses__nothing_held__loses_nothing() -> None:
    assert stress_losses(load_scenarios(), np.zeros(2), COVARIANCE) == (0.0,) * len(load_scenarios())
    assert set(stress_losses(load_scenarios(), np.zeros(0), np.zeros((0, 0)))) == {0.0}


def test_stress_losses__shapes_apart__are_refused() -> None:
    with pytest.raises(RiskError, match="do not fit"):
        stress_losses(load_scenarios(), WEIGHTS, np.eye(3))


def test_shipped__market_falls__are_what_the_index_did() -> None:
    """Recomputed from S&P 500 closes; Black Monday is older than the data set."""
    from skfolio.datasets import load_sp500_index

    closes = load_sp500_index()["SP500"]
    days = {
        "lehman ten days 2008": ("2008-09-26", "2008-10-10"),
        "covid day 2020": ("2020-03-13", "2020-03-16"),
        "covid ten days 2020": ("2020-03-04", "2020-03-18"),
    }
    sizes = {scenario.name: scenario.size for scenario in load_scenarios() if scenario.kind == "market"}
    for name, (before, after) in days.items():
        assert sizes[name] == pytest.approx(1 - closes[after] / closes[before], abs=5e-5), name
    assert sizes["black monday 1987"] == pytest.approx(1 - 1738.74 / 2246.74, abs=5e-5)
    assert len(sizes) == len(days) + 1


def test_shipped__ids__are_32_bytes_and_differ() -> None:
    ids = [scenario.id for scenario in load_scenarios()]
    assert {len(item) for item in ids} == {32} and len(set(ids)) == len(ids)


ROW = "{name: a, kind: market, size: 0.1, source: b}"
BAD = {
    "nothing": ("", "holds no keys"),
    "no YAML": ("scenarios: [", "is not YAML"),
    "unknown key": (f"scenarios: [{ROW}]\nmore: 1", "more"),
    "unknown kind": (f"scenarios: [{ROW.replace('market', 'flood')}]", "kind"),
    "no fall": (f"scenarios: [{ROW.replace('0.1', '0')}]", "size"),
    "long name": (f"scenarios: [{ROW.replace('name: a', 'name: ' + 'a' * 33)}]", "name"),
    "twice": (f"scenarios: [{ROW}, {ROW}]", "twice"),
    "too many": ("scenarios: [" + ",".join(ROW.replace("a,", f"a{n},") for n in range(33)) + "]", "scenarios"),
}


@pytest.mark.parametrize("what", BAD)
def test_parse__no_table__is_one_line_with_the_key(what: str) -> None:
    text, key = BAD[what]
    with pytest.raises(RiskError) as refused:
        parse_scenarios(text, "mine.yaml")
    assert str(refused.value).startswith("mine.yaml") and key in str(refused.value)
    assert "\n" not in str(refused.value)


def test_load__missing__names_the_file(tmp_path) -> None:
    with pytest.raises(RiskError, match=r"none\.yaml: No such file.*correct risk\.reports\.scenarios"):
        load_scenarios(tmp_path / "none.yaml")
    assert load_scenarios(SHIPPED) == load_scenarios()
