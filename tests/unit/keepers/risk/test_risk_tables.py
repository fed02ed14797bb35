"""The tables of docs/risk-models.md are what the code computes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from keepers.operations.risk_backtest import (
    PORTFOLIOS,
    Closes,
    History,
    backtest,
    current_weights,
    passes_holm,
    portfolio_weights,
    read_history,
)
from keepers.operations.risk_steps import Steps, count_steps
from keepers.operations.risk_tables import full_table, power_table, size_table, summary_table
from keepers.risk.backtests.calibration import MISSPECIFICATIONS, rejection_rates
from keepers.risk.backtests.outcome import Outcome
from keepers.risk.backtests.rolling import Protocol
from keepers.risk.errors import RiskError
from keepers.risk.models import MODELS, STEPPED, model_named
from keepers.risk.models.weighted import WeightedModel
from scripts._lib.risk_page import BEGIN, END, PAGE, heading, write


@pytest.fixture(scope="module")
def history() -> History:
    return read_history(Closes())


def test_page__row_of_a_fast_model__is_computed_again_from_the_packaged_closes(history: History) -> None:
    results, _ = backtest(history, [model_named("historical")], ["demo"], Protocol(levels=(0.99,)))
    page = PAGE.read_text(encoding="utf-8")
    for row in full_table(results).splitlines()[2:]:
        assert row in page
    # A new version alone changes no number.
    assert heading(history, Protocol()).split(", quantera")[0] in page and history.data_hash in page


def test_page__generated_part__opens_it_and_has_every_model_and_truth() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.splitlines()[2] == BEGIN
    generated = page.split(BEGIN)[1].split(END)[0]
    table = generated.split("## Every test")[1].split("\n## ")[0]
    for model in MODELS:
        for portfolio in PORTFOLIOS:
            assert table.count(f"| {model.name} | {portfolio} | ") == 2, (model.name, portfolio)
    held = generated.split("## What the chain would hold")[1].split("\n## ")[0]
    for stepped in STEPPED:
        for portfolio in PORTFOLIOS:
            # Two levels, and the value at risk that the chain holds over the estimate's.
            assert held.count(f"| {stepped.name} | {portfolio} | ") == 3, (stepped.name, portfolio)
    for truth in MISSPECIFICATIONS:
        assert generated.count(f"| {truth} | ") == 6, truth


def test_page__sizes__are_nominal_within_half_a_point() -> None:
    """With ties counted in part, at every level and length."""
    table = PAGE.read_text(encoding="utf-8").split("## Size of the tests")[1].split("## Power")[0]
    rows = [row for row in table.splitlines() if row.startswith("| ") and "N = " not in row]
    assert len(rows) == 12
    for row in rows:
        for cell in row.strip("| ").split(" | ")[1:]:
            assert abs(float(cell.split(" (")[0]) - 5) <= 0.5, row


@pytest.mark.parametrize("level", [0.95, 0.99])
def test_rejection_rates__right_forecasts_for_a_year__are_nominal(level: float) -> None:
    """Within four standard errors of 4,000 series."""
    for rate in rejection_rates("right", 250, level, 4000, seed=3):
        assert abs(rate.randomised - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 4000), rate
        assert rate.decided <= rate.randomised + 4 * np.sqrt(0.05 * 0.95 / 4000), rate


def test_rejection_rates__student_forecasts_that_are_right__are_nominal() -> None:
    for rate in rejection_rates("right", 250, 0.975, 4000, seed=4, tail="student 5"):
        assert abs(rate.randomised - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 4000), rate


@pytest.mark.parametrize(
    ("truth", "seen_by", "blind"),
    [
        ("volatility a fifth too low", ("bin", "pof", "unconditional", "minimally biased"), ()),
        ("volatility a quarter too high", ("bin", "pof"), ("tl", "unconditional")),
        ("GARCH(1,1), forecast constant", ("tbfi", "tbf"), ()),
        ("Student, 3 degrees", ("conditional",), ()),
    ],
)
def test_rejection_rates__wrong_forecasts__are_seen_by_the_tests_made_for_them(
    truth: str, seen_by: tuple[str, ...], blind: tuple[str, ...]
) -> None:
    rates = {rate.test: rate.decided for rate in rejection_rates(truth, 500, 0.95, 600, seed=5)}
    assert all(rates[test] > 0.3 for test in seen_by), rates
    assert all(rates[test] < 0.05 for test in blind), rates


def test_rejection_rates__unknown_truth__lists_what_there_is() -> None:
    with pytest.raises(RiskError, match="choose from right, volatility a fifth too low"):
        rejection_rates("martian", 250, 0.95, 10, seed=1)


def test_tables__two_rates__have_a_cell_each() -> None:
    rates = rejection_rates("right", 250, 0.95, 50, seed=1) + rejection_rates("right", 250, 0.99, 50, seed=1)
    assert size_table(rates).splitlines()[0] == "| test | 95.0%, N = 250 | 99.0%, N = 250 |"
    assert len(size_table(rates).splitlines()) == 14
    assert [row.count("|") for row in power_table(rates).splitlines()] == [16] * 4


def test_portfolio_weights__every_portfolio__sums_to_one_and_knows_no_future(history: History) -> None:
    protocol = Protocol()
    changed = History(history.symbols, history.dates, history.returns.copy(), "")
    changed.returns[5000:] = 0.01
    for name in PORTFOLIOS:
        weights = portfolio_weights(name, history, protocol)
        np.testing.assert_allclose(weights[protocol.window :].sum(axis=1), 1, atol=1e-9)
        np.testing.assert_array_equal(weights[:5001], portfolio_weights(name, changed, protocol)[:5001])
    concentrated = portfolio_weights("concentrated", history, protocol)[-1]
    assert concentrated[0] == pytest.approx(0.5) and history.symbols[0] == "AAPL"


def test_current_weights__minimum_variance__is_of_the_last_window(history: History) -> None:
    found = current_weights("minimum variance", history, 1000)
    assert found.sum() == pytest.approx(1) and found.min() >= 0
    assert not np.allclose(found, portfolio_weights("minimum variance", history, Protocol())[1000], atol=0.02)


def test_passes_holm__smallest_probability__decides() -> None:
    def outcome(p_value: float) -> Outcome:
        return Outcome("pof", 0.0, 0.0, p_value, 100, 0.99, 0.95)

    assert passes_holm([outcome(0.03), outcome(0.5)], 0.95)
    assert not passes_holm([outcome(0.02), outcome(0.5)], 0.95)


def test_summary_table__one_model__counts_its_rejections_by_level(history: History) -> None:
    results, _ = backtest(history.last(500, 300), [model_named("historical")], ["demo"], Protocol(500, 300))
    counts = [len(result.rejections) for result in results]
    holm = passes_holm([outcome for result in results for outcome in result.outcomes], 0.95)
    row = summary_table(results, 0.95).splitlines()[2]
    every, after = ("passes" if passed else "fails" for passed in (sum(counts) == 0, holm))
    assert row == f"| historical | {counts[0]} of 12 | {counts[1]} of 12 | {every} | {after} |"


def test_count_steps__one_wild_day__rises_once_and_falls_afterwards() -> None:
    returns = np.tile(np.array([[0.01, 0.01], [-0.01, -0.01]]), (60, 1))
    returns[100] = 0.3
    history = History(("AAA", "BBB"), (date(2020, 1, 1),) * 120, returns, "")
    protocol = Protocol(80, 40)
    calm = WeightedModel("calm", 200.0, tails="normal")
    quick = WeightedModel("quick", 1.0, tails="normal")
    assert count_steps(calm, history, history.symbols, protocol, 0.06, 0.25) == Steps("calm", 39, 0, 0)
    found = count_steps(quick, history, history.symbols, protocol, 0.06, 0.25)
    assert found.risen == 1 and found.fallen > 3


def test_write__between_markers__keeps_the_rest(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# A\n{BEGIN}\nold\n{END}\nkept\n", encoding="utf-8")
    write("new", page)
    assert page.read_text(encoding="utf-8") == f"# A\n{BEGIN}\nnew\n{END}\nkept\n"


def test_write__no_markers__is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no markers"):
        write("new", page)
