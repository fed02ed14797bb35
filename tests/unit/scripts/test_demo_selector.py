"""The demo's selector: fitted to the past alone, and read back from the reasons of decisions."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from keepers.signals.regimes.rule_file import EwmaRule
from scripts._lib.demo.selector import RULE_FILE, Advised, advised, fit_selector, summarise_advice

TURBULENT = "schedule due, drift 300 bps; turbulent by 82%, minimum-variance, inputs 0xab; 5 trades, turnover 20.0%"
CALM = "inside every limit; schedule not due; calm by 73%, equal-weight, inputs 0xcd"


def test_fit_selector__a_first_day__is_fitted_to_the_days_before_it(tmp_path: Path) -> None:
    rule = fit_selector(date(1996, 1, 2), tmp_path / "keepers")
    assert rule.trained_until < date(1996, 1, 2)
    assert EwmaRule.open((tmp_path / "keepers" / RULE_FILE).read_bytes(), rule.weights_hash) == rule


def test_advised__reason_of_a_decision__has_regime_confidence_and_strategy() -> None:
    assert advised(TURBULENT) == Advised("turbulent", 0.82, "minimum-variance")
    assert advised(CALM) == Advised("calm", 0.73, "equal-weight")


def test_advised__fallback__is_none() -> None:
    assert advised("inside every limit; schedule not due") is None


def test_summarise_advice__some_days__counts_them() -> None:
    found = summarise_advice([TURBULENT, CALM, CALM, "nothing deposited"])
    assert (found["days"], found["without"], found["confidence"]) == (3, 1, 0.73)
    assert found["regimes"] == {"turbulent": 1, "calm": 2}
    assert found["strategies"] == {"minimum-variance": 1, "equal-weight": 2}
