"""Simulated portfolios over made histories: no look-ahead, every bound of the protocol, and what trading costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from keepers.backtest.arithmetic import BPS_TO_WAD
from keepers.backtest.errors import BacktestError
from keepers.backtest.replay import DAY, Participant, Replay, Span, Track
from keepers.backtest.shares import FeeTerms
from keepers.backtest.terms import Costs, Pacing, ProtocolTerms
from keepers.market.prices import Prices
from keepers.portfolio.state import WAD, Limits
from keepers.rebalancing.settings import MomentumSettings, RebalanceSchedule, RebalanceSettings
from keepers.risk.model_terms import ModelTerms
from keepers.signals.errors import SignalError
from keepers.signals.regimes.forecast import RegimeModel

Array = NDArray[np.float64]

FIRST = 70
QUICK = ModelTerms(halflife_days=11, tails="normal")
EAGER = RebalanceSettings(schedule=RebalanceSchedule(every_n_days=1, drift_bps=20), turnover_cost=0.0)
TERMS = ProtocolTerms(limits=Limits(340, 6_000, 3_000, 6_000))


def history(days: int = 20, volatility: float = 0.01, crash: int | None = None, seed: int = 1) -> Prices:
    """Closes of three assets: 70 days that keepers know from the start, and those of the replay."""
    moves = np.random.default_rng(seed).normal(0.0, volatility, (FIRST + days, 3))
    if crash is not None:
        moves[FIRST + crash] = -0.15
    closes = 100 * np.cumprod(1 + moves, axis=0)
    return Prices(tuple(date(2020, 1, 1) + timedelta(day) for day in range(len(closes))), ("A", "B", "C"), closes)


def no_model() -> RegimeModel:
    raise SignalError("model file", "missing", "name it")


def replayed(
    prices: Prices | None = None,
    bot: RebalanceSettings = EAGER,
    terms: ProtocolTerms = TERMS,
    models: ModelTerms = QUICK,
    capital: int = 1_000_000,
) -> Track:
    span = Span(prices or history(), FIRST, capital)
    return Replay(span, [Participant("one", bot, no_model)], terms, models).run()["one"]


def refusals(track: Track) -> set[str]:
    return {refusal.error for day in track.days for refusal in day.refusals}


def test_replay__other_closes_later__has_the_same_days_before() -> None:
    prices = history()
    later = np.array(prices.closes)
    later[FIRST + 12 :] *= 1.3
    first, second = replayed(prices), replayed(Prices(prices.dates, prices.symbols, later))
    assert first.days[:12] == second.days[:12] and first.days[12] != second.days[12]


def test_replay__the_same_again__is_the_same() -> None:
    assert replayed() == replayed()


def test_replay__several_portfolios__are_as_if_alone() -> None:
    span = Span(history(), FIRST, 1_000_000)
    parity = replace(Participant("two", EAGER, no_model), settings=EAGER.model_copy(update={"strategy": "risk-parity"}))
    both = Replay(span, [Participant("one", EAGER, no_model), parity], TERMS, QUICK).run()
    assert both["one"] == replayed() and both["one"].days != both["two"].days


@given(flat=st.floats(0, 100), seed=st.integers(0, 5))
@settings(max_examples=5, deadline=None)
def test_replay__any_cost__nav_falls_by_what_trades_lose_and_nothing_else(flat: float, seed: int) -> None:
    track = replayed(history(6, seed=seed), terms=replace(TERMS, costs=Costs(flat_bps=flat)))
    assert any(day.fills for day in track.days)
    for day in track.days:
        lost = sum(fill.value_in - fill.value_out for fill in day.fills)
        # A value is rounded down once for each balance, and once for each fill.
        assert abs(day.cost - lost) <= 10**13
        for fill in day.fills:
            assert (fill.value_in - fill.value_out) / fill.value_in * 1e4 == pytest.approx(flat, abs=0.1)


def test_replay__deeper_pools__cost_less() -> None:
    costs = [
        sum(day.cost for day in replayed(terms=replace(TERMS, costs=Costs(pool_usd=usd))).days) for usd in (2e7, 4e8)
    ]
    assert costs[0] > 2 * costs[1] > 0


def test_replay__losses__stay_inside_the_budget_in_any_window() -> None:
    terms = replace(TERMS, costs=Costs(flat_bps=100), loss_budget_bps=60)
    track = replayed(history(20, volatility=0.03), terms=terms)
    losses = [day.cost / day.reached * 1e4 for day in track.days]
    assert max(sum(losses[at : at + 7]) for at in range(len(losses))) <= 60
    assert any("part of the way" in day.reason for day in track.days)


def test_replay__interval_of_the_policy__has_to_pass_between_rebalances() -> None:
    track = replayed(terms=replace(TERMS, pacing=Pacing(min_interval=5 * DAY)))
    traded = [number for number, day in enumerate(track.days) if day.fills]
    assert len(traded) >= 2 and min(np.diff(traded)) >= 5
    waiting = [day for day in track.days if day.outcome == "waiting"]
    assert waiting and all("AutoRebalancer__TooSoon" in day.reason for day in waiting)


def test_replay__turnover_of_the_policy__refuses_what_is_beyond() -> None:
    track = replayed(terms=replace(TERMS, pacing=Pacing(max_turnover_bps=500)))
    assert "AutoRebalancer__TurnoverAbovePolicy" in refusals(track)
    moved = [day.turnover for day in track.days]
    assert max(sum(moved[at : at + 7]) for at in range(len(moved))) <= 0.05


def test_replay__price_outside_its_band__is_not_traded_at() -> None:
    terms = replace(TERMS, fees=FeeTerms(max_jump_bps=100))
    track = replayed(history(crash=5), terms=terms)
    assert "FeeManager__PriceJumped" in refusals(track)


def test_replay__slippage_beyond_what_is_signed__trades_nothing() -> None:
    track = replayed(terms=replace(TERMS, costs=Costs(flat_bps=200)))
    assert not any(day.fills for day in track.days) and refusals(track) == {"TooCostly"}


def test_replay__crash__derisks_and_recovers_after_the_cooling_time() -> None:
    track = replayed(history(40, crash=8))
    states = [day.state for day in track.days]
    assert states[8] == "DeRiskOnly" and "Normal" in states[9:]
    back = states.index("Normal", 9)
    assert back - 8 >= TERMS.cooling // DAY


def test_replay__derisking__never_raises_var() -> None:
    track = replayed(history(30, crash=8))
    sold = [day for day in track.days if day.state == "DeRiskOnly" and day.fills]
    assert sold and all(fill.bought == 0 for day in sold[:1] for fill in day.fills)


def test_replay__drawdown_beyond_the_halt__trades_no_more() -> None:
    terms = replace(TERMS, limits=Limits(340, 6_000, 500, 1_000))
    track = replayed(history(20, crash=5), terms=terms)
    assert [day.state for day in track.days[5:]] == ["Halted"] * 15
    assert not any(day.fills for day in track.days[5:])
    assert track.days[-1].reason == "trading is halted"


def test_replay__management_fee__takes_its_part_of_the_share_price() -> None:
    plain, charged = (
        replayed(history(60), terms=replace(TERMS, fees=FeeTerms(management_bps=bps))) for bps in (0, 500)
    )
    years = (charged.days[-1].day - charged.days[0].day).days / 365
    assert charged.days[-1].nav == plain.days[-1].nav
    ratio = charged.days[-1].share_price / plain.days[-1].share_price
    assert ratio == pytest.approx(np.exp(-0.05 * years), rel=2e-4)


def test_replay__performance_fee__takes_its_part_of_a_gain_and_none_of_a_loss() -> None:
    prices = history(40, seed=4)
    drift = np.concatenate([np.ones(FIRST), np.cumprod(np.full(40, 1.01))])[:, None]
    for factor, charged in ((drift, True), (1 / drift, False)):
        moved = Prices(prices.dates, prices.symbols, prices.closes * factor)
        wide = replace(TERMS, limits=Limits(5_000, 6_000, 9_000, 10_000))
        plain = replayed(moved, terms=wide).days[-1]
        taken = replayed(moved, terms=replace(wide, fees=FeeTerms(performance_bps=2_000, period=366 * DAY))).days[-1]
        gain = plain.share_price - WAD
        expected = plain.share_price - (gain // 5 if charged else 0)
        assert taken.share_price == pytest.approx(expected, rel=1e-9)
        assert (taken.share_price < plain.share_price) == charged


def test_replay__performance_fee_every_day__gives_the_recipient_shares() -> None:
    span = Span(history(40, seed=4), FIRST, 1_000_000)
    terms = replace(TERMS, fees=FeeTerms(performance_bps=2_000, period=DAY))
    replay = Replay(span, [Participant("one", EAGER, no_model)], terms, QUICK)
    best = max(day.share_price for day in replay.run()["one"].days) / WAD - 1
    # A fifth of the best gain, less what later falls took from it.
    assert 0 < replay.fees()["one"] <= best / 4


def test_replay__keepers_fee__is_paid_from_cash() -> None:
    terms = replace(TERMS, costs=Costs(flat_bps=0), pacing=Pacing(keeper_fee_bps=10))
    first = replayed(terms=terms).days[0]
    assert first.cost / first.reached == pytest.approx(first.turnover * 10 / 1e4, rel=0.03)


def test_replay__short_history__momentum_falls_back_to_the_strategy() -> None:
    bot = RebalanceSettings(model="momentum", momentum=MomentumSettings(enabled=True, lookback_days=85))
    track = replayed(bot=bot)
    assert 0 < len(track.fallbacks) < len(track.days)
    assert track.days[0].model == "equal-weight" and track.days[-1].model == "momentum"


def test_replay__no_model_file__falls_back_every_day() -> None:
    bot = RebalanceSettings.model_validate({"model": "ewma", "regime": {"enabled": True}})
    track = replayed(bot=bot)
    assert [reason for _, reason in track.fallbacks] == ["model file: missing; name it"] * len(track.days)


def test_replay__too_little_history__waits_for_a_risk_model() -> None:
    track = replayed(models=replace(QUICK, min_observations=FIRST + 3))
    assert [bool(day.fills) for day in track.days[:4]] == [False, False, False, True]
    assert "no risk numbers" in track.days[0].reason


@pytest.mark.parametrize("first", [0, 89, 90, 200])
def test_span__no_close_before_or_no_days_after__is_refused(first: int) -> None:
    with pytest.raises(BacktestError, match="choose another start"):
        Span(history(), first)


def test_replay__rebalance__ends_within_the_band_of_its_targets() -> None:
    track = replayed()
    invested = next(day for day in track.days if day.fills)
    weights = np.array(invested.weights[1:])
    assert np.abs(weights - weights.mean()).max() <= EAGER.band_bps * BPS_TO_WAD / WAD
