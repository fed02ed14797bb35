"""Schedules: they sum to the order, hold no dust, keep to caps, and sell sooner the more risk counts."""

from itertools import accumulate

from hypothesis import assume, given
from hypothesis import strategies as st

from keepers.execution.participation import BPS, Caps, capped
from keepers.execution.shortfall import Impact, expected_cost, shortfall
from keepers.execution.slices import Division, by_weights

AMOUNTS = st.integers(1, 10**30)
WEIGHTS = st.lists(st.floats(0, 1e12), min_size=1, max_size=40)
IMPACTS = st.builds(Impact, st.floats(0, 1e3), st.floats(0, 1), st.floats(0, 1e3))
AVERSIONS = st.floats(0, 1e6)
UNITS = 10**12


@given(AMOUNTS, WEIGHTS, st.data())
def test_by_weights__any_weights__sum_to_the_order_without_dust(
    amount: int, weights: list[float], data: st.DataObject
) -> None:
    assume(any(weights))
    least = data.draw(st.integers(1, amount))
    amounts = by_weights(Division(amount, len(weights), least), weights)
    assert sum(amounts) == amount
    assert all(slice_ == 0 or slice_ >= least for slice_ in amounts)


@given(AMOUNTS, st.integers(1, 40), IMPACTS, AVERSIONS, st.floats(1, 1e5), st.data())
def test_shortfall__any_market__sums_to_the_order_without_dust(
    amount: int, slots: int, impact: Impact, aversion: float, seconds: float, data: st.DataObject
) -> None:
    least = data.draw(st.integers(1, amount))
    amounts = shortfall(Division(amount, slots, least), impact, aversion, seconds)
    assert sum(amounts) == amount
    assert all(slice_ == 0 or slice_ >= least for slice_ in amounts)


@given(st.integers(1, 40), IMPACTS, AVERSIONS, st.floats(1, 100), st.floats(1, 1e5))
def test_shortfall__more_risk_aversion__never_sells_later(
    slots: int, impact: Impact, aversion: float, factor: float, seconds: float
) -> None:
    calm = accumulate(shortfall(Division(UNITS, slots), impact, aversion, seconds))
    wary = accumulate(shortfall(Division(UNITS, slots), impact, aversion * factor, seconds))
    # float64 moves a holding by less than a thousandth of a millionth of the order.
    assert all(sooner >= later - 1_000 for sooner, later in zip(wary, calm, strict=True))


@given(
    st.builds(Impact, st.floats(1e-6, 1), st.floats(0.01, 1), st.floats(1e-6, 1)),
    st.floats(1e-6, 10),
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
)
def test_shortfall__any_other_schedule__costs_no_less(impact: Impact, aversion: float, weights: list[float]) -> None:
    assume(sum(weights) > 1e-3)

    def objective(amounts: tuple[int, ...]) -> float:
        cost, deviation = expected_cost([amount / UNITS for amount in amounts], impact, 60)
        return cost + aversion * deviation**2

    order = Division(UNITS, 4)
    assert objective(shortfall(order, impact, aversion, 60)) <= objective(by_weights(order, weights)) * (1 + 1e-9)


@given(
    st.lists(st.tuples(st.integers(0, 10**24), st.integers(0, 10**24)), min_size=1, max_size=30),
    st.integers(1, BPS),
    st.integers(1, 10**22),
)
def test_capped__any_volumes__never_pass_the_cap_or_lose_a_unit(
    slots: list[tuple[int, int]], cap_bps: int, least: int
) -> None:
    planned, volumes = [amount for amount, _ in slots], [volume for _, volume in slots]
    done = capped(planned, [Caps(volume_bps=cap_bps).most(volume, 0) for volume in volumes], least)
    assert sum(done.amounts) + done.undone == sum(planned)
    assert all(sold * BPS <= volume * cap_bps for sold, volume in zip(done.amounts, volumes, strict=True))
    assert all(sold == 0 or sold >= least for sold in done.amounts)
    assert all(now <= due for now, due in zip(accumulate(done.amounts), accumulate(planned), strict=True))
