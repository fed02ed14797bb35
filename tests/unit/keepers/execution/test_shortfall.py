from dataclasses import replace
from math import acosh, inf, nan, sinh, sqrt

import numpy as np
import pytest

from keepers.execution.errors import ExecutionError
from keepers.execution.schedules import twap
from keepers.execution.shortfall import Impact, expected_cost, recovered_after, shortfall, slope_of
from keepers.execution.slices import Division
from keepers.routing.pools import V2Pool, quote

POOL = Impact(slope=1e-3, recovered=0.8, volatility=0.02)
ORDER = Division(10**24, 12)


def test_shortfall__no_risk_aversion__is_twap() -> None:
    assert shortfall(ORDER, POOL, 0.0, 60) == twap(ORDER)


def test_shortfall__two_slots__is_the_formula() -> None:
    decay = acosh(1 + 2.0 * 0.02**2 * 60 / (2 * 1e-3 * 0.8))
    first = 1 - sinh(decay) / sinh(2 * decay)
    assert shortfall(Division(10**12, 2), POOL, 2.0, 60)[0] == pytest.approx(10**12 * first, abs=2)


def test_shortfall__paper_of_almgren_and_chriss__has_its_decay() -> None:
    # Table 1 and section 3.4: eta 2.5e-6, gamma 2.5e-7, sigma 0.95, five slots of a day, lambda 1e-6, kappa 0.61.
    slope = 2.5e-6
    paper = Impact(slope, 1 - 2.5e-7 / (2 * slope), 0.95)
    amounts = shortfall(Division(10**6, 5), paper, 1e-6, 1)
    held = 1 - np.cumsum(amounts) / 10**6
    assert held[:4] == pytest.approx([sinh(0.607 * left) / sinh(0.607 * 5) for left in (4, 3, 2, 1)], abs=2e-3)


@pytest.mark.parametrize("impact", [replace(POOL, slope=0.0), replace(POOL, recovered=0.0)])
def test_shortfall__waiting_saves_nothing__sells_at_once(impact: Impact) -> None:
    assert shortfall(ORDER, impact, 1.0, 60) == (10**24, *[0] * 11)


def test_shortfall__enormous_risk_aversion__sells_at_once() -> None:
    assert shortfall(ORDER, POOL, 1e300, 60)[0] == 10**24


@pytest.mark.parametrize(("aversion", "seconds"), [(-1.0, 60.0), (nan, 60.0), (inf, 60.0), (1.0, 0.0), (1.0, nan)])
def test_shortfall__number_out_of_range__is_refused(aversion: float, seconds: float) -> None:
    with pytest.raises(ExecutionError, match="not"):
        shortfall(ORDER, POOL, aversion, seconds)


@pytest.mark.parametrize(("slope", "recovered", "volatility"), [(-1, 0.5, 1), (1, 1.1, 1), (1, nan, 1), (1, 0.5, inf)])
def test_impact__number_out_of_range__is_refused(slope: float, recovered: float, volatility: float) -> None:
    with pytest.raises(ExecutionError, match="not"):
        Impact(slope, recovered, volatility)


def test_expected_cost__two_slices__is_the_formula() -> None:
    # 1e-3 (1 - 0.8) 5^2 lasts, 1e-3 0.8 (3^2 + 2^2) passes, and 2 units are held for a slot.
    cost, deviation = expected_cost([3.0, 2.0], POOL, 60)
    assert (cost, deviation) == pytest.approx((0.005 + 0.0104, 0.02 * sqrt(60) * 2))


def test_slope_of__constant_product__is_its_price_over_its_reserve() -> None:
    pool = V2Pool("0x1", "A", "B", 10**24, 2 * 10**24, 0)
    sizes = [10**20, 2 * 10**20, 3 * 10**20]
    outputs = [quote(pool, "A", size) for size in sizes]
    # R1 x / (R0 + x) is p x (1 - x / R0) for small x.
    assert slope_of(sizes, outputs) == pytest.approx(2 / 10**24, rel=1e-3)


@pytest.mark.parametrize(
    ("sizes", "outputs"), [([1], [1]), ([1, 1], [1, 1]), ([1, 2], [1]), ([0, 1], [1, 1]), ([1, 2], [1, nan])]
)
def test_slope_of__quotes_without_a_line__are_refused(sizes: list[float], outputs: list[float]) -> None:
    with pytest.raises(ExecutionError, match="quote"):
        slope_of(sizes, outputs)


def test_recovered_after__falls_that_halve_in_a_minute__are_half_back_after_one() -> None:
    ages = [10.0, 30.0, 60.0, 120.0]
    assert recovered_after(60, ages, [0.5 ** (age / 60) for age in ages]) == pytest.approx(0.5, abs=0.01)


def test_recovered_after__falls_that_stay__are_not_back() -> None:
    assert recovered_after(60, [30.0, 60.0], [1.0, 1.2]) < 0.02


@pytest.mark.parametrize(("ages", "remaining"), [([], []), ([1.0], []), ([0.0], [1.0]), ([1.0], [nan]), ([inf], [1.0])])
def test_recovered_after__no_observations__is_refused(ages: list[float], remaining: list[float]) -> None:
    with pytest.raises(ExecutionError, match="observe"):
        recovered_after(60, ages, remaining)
