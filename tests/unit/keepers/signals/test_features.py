"""Features beside independent formulas of pandas, scipy and by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.unit.keepers.signals.histories import history, panel, table, value

ROWS = (320, 377, 419)
DF = pd.DataFrame


def moves(data: DF) -> pd.Series:
    return np.log(data["close"]).diff()


def wilder(values: pd.Series, length: int) -> pd.Series:
    return values.ewm(alpha=1 / length, adjust=False).mean()


def yearly(variance: pd.Series) -> pd.Series:
    return np.sqrt(252 * variance)


def vol(days: int) -> Callable[[DF], pd.Series]:
    return lambda data: yearly((moves(data) ** 2).rolling(days).mean())


def rsi(data: DF) -> pd.Series:
    change = data["close"].diff()
    strength = wilder(change.clip(lower=0), 14) / wilder((-change).clip(lower=0), 14)
    return 100 - 100 / (1 + strength)


def true_range(data: DF) -> pd.Series:
    before = data["close"].shift()
    parts = [data["high"] - data["low"], (data["high"] - before).abs(), (data["low"] - before).abs()]
    return pd.concat(parts, axis=1).max(axis=1, skipna=False)


def bands(data: DF) -> pd.Series:
    mean, spread = data["close"].rolling(20).mean(), data["close"].rolling(20).std(ddof=0)
    return (data["close"] - mean) / spread


def line(data: DF) -> pd.Series:
    return data["close"].ewm(span=12, adjust=False).mean() - data["close"].ewm(span=26, adjust=False).mean()


def garman_klass(data: DF) -> pd.Series:
    span, body = np.log(data["high"] / data["low"]), np.log(data["close"] / data["open"])
    return yearly((0.5 * span**2 - 0.3862943611198906 * body**2).rolling(21).mean())


def rogers_satchell(data: DF) -> pd.Series:
    up, down = np.log(data["high"] / data["open"]), np.log(data["low"] / data["open"])
    body = np.log(data["close"] / data["open"])
    return yearly((up * (up - body) + down * (down - body)).rolling(21).mean())


def bipower(data: DF) -> pd.Series:
    size = moves(data).abs()
    return yearly(np.pi / 2 * (size * size.shift()).rolling(21).mean())


SERIES: dict[str, Callable[[DF], pd.Series]] = {
    "return_1": lambda data: np.log1p(data["close"].pct_change()),
    "return_21": lambda data: moves(data).rolling(21).sum(),
    "return_252": lambda data: moves(data).rolling(252).sum(),
    "momentum_12_1": lambda data: moves(data).rolling(231).sum().shift(21),
    "reversal_5": lambda data: -moves(data).rolling(5).sum() / np.sqrt(5 * (moves(data) ** 2).rolling(63).mean()),
    "trend_200": lambda data: np.log(data["close"] / data["close"].rolling(200).mean()),
    "up_days_21": lambda data: (moves(data) > 0).rolling(21).mean(),
    "volatility_5": vol(5),
    "volatility_21": vol(21),
    "volatility_252": vol(252),
    "volatility_slope_5_21": lambda data: np.log(vol(5)(data) / vol(21)(data)),
    "volatility_slope_21_252": lambda data: np.log(vol(21)(data) / vol(252)(data)),
    "volatility_of_volatility_63": lambda data: np.log(vol(21)(data)).diff().rolling(63).std(),
    "parkinson_21": lambda data: yearly((np.log(data["high"] / data["low"]) ** 2).rolling(21).mean() / np.log(16)),
    "garman_klass_21": garman_klass,
    "rogers_satchell_21": rogers_satchell,
    "downside_63": lambda data: yearly((moves(data).clip(upper=0) ** 2).rolling(63).mean()),
    "bipower_21": bipower,
    "jump_share_21": lambda data: (1 - (bipower(data) / vol(21)(data)) ** 2).clip(lower=0),
    "largest_move_63": lambda data: (
        moves(data).abs().rolling(63).max() / np.sqrt((moves(data) ** 2).rolling(63).mean())
    ),
    "drawdown_252": lambda data: data["close"] / data["close"].rolling(252).max() - 1,
    "rsi_14": rsi,
    "macd": lambda data: line(data) / data["close"],
    "macd_histogram": lambda data: (line(data) - line(data).ewm(span=9, adjust=False).mean()) / data["close"],
    "atr_14": lambda data: wilder(true_range(data).dropna(), 14) / data["close"],
    "bollinger_20": bands,
    "volume_trend_21_252": lambda data: np.log(data["volume"].rolling(21).mean() / data["volume"].rolling(252).mean()),
    "turnover_21": lambda data: data["turnover"].rolling(21).mean(),
    "yield_21": lambda data: data["strategy_yield"].rolling(21).mean(),
    "yield_change_21": lambda data: data["strategy_yield"].diff(21),
    "pool_imbalance": lambda data: 2 * data["pool_base"] / (data["pool_base"] + data["pool_quote"]) - 1,
    "pool_depth_change_5": lambda data: np.log(data["pool_depth"]).diff(5),
    "pool_depth_trend_21": lambda data: np.log(data["pool_depth"] / data["pool_depth"].rolling(21).median()),
}
WARMED = {"rsi_14": 2e-3, "macd": 1e-4, "macd_histogram": 1e-4, "atr_14": 1e-4}
"""Averages that never forget: pandas begins them with the history, the feature with its window."""


@pytest.mark.parametrize("name", SERIES)
def test_feature__beside_pandas__agrees(name: str) -> None:
    expected = SERIES[name](table()).reindex(table().index)
    for row in ROWS:
        assert value(name, row) == pytest.approx(
            float(expected.iloc[row]), rel=WARMED.get(name, 1e-9), abs=1e-6 if name in WARMED else 1e-12
        )


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("days", [63, 252])
def test_skew__beside_scipy__agrees(row: int, days: int) -> None:
    assert value(f"skew_{days}", row) == pytest.approx(stats.skew(moves(table())[row - days + 1 : row + 1]), rel=1e-9)


@pytest.mark.parametrize("row", ROWS)
def test_kurtosis__beside_scipy__agrees(row: int) -> None:
    expected = stats.kurtosis(moves(table())[row - 251 : row + 1])
    assert value("kurtosis_252", row) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("days", [21, 63])
def test_average_correlation__beside_pandas__agrees(row: int, days: int) -> None:
    matrix = np.log(panel()).diff().iloc[row - days + 1 : row + 1].corr().to_numpy()
    expected = matrix[np.triu_indices_from(matrix, 1)].mean()
    assert value(f"average_correlation_{days}", row) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("row", ROWS)
def test_absorption__beside_singular_values__agrees(row: int) -> None:
    window = np.log(panel()).diff().iloc[row - 251 : row + 1].to_numpy()
    squares = np.linalg.svd(window - window.mean(axis=0), compute_uv=False) ** 2
    assert value("absorption_252", row) == pytest.approx(squares[0] / squares.sum(), rel=1e-9)


@pytest.mark.parametrize("row", ROWS)
def test_beta__beside_regressions__agrees(row: int) -> None:
    market = moves(table()).iloc[row - 251 : row + 1]
    assets = np.log(panel()).diff().iloc[row - 251 : row + 1]
    slopes = [stats.linregress(market, assets[column]).slope for column in assets]
    assert value("beta_252", row) == pytest.approx(np.mean(slopes), rel=1e-9)
    assert value("beta_dispersion_252", row) == pytest.approx(np.std(slopes), rel=1e-9)


@pytest.mark.parametrize("row", ROWS)
def test_dispersion__beside_pandas__agrees(row: int) -> None:
    month = np.log(panel()).diff(21).iloc[row]
    assert value("dispersion_21", row) == pytest.approx(month.std(ddof=0), rel=1e-9)
    daily = np.log(panel()).diff().iloc[row - 20 : row + 1].var(axis=1, ddof=0).mean()
    assert value("dispersion_daily_21", row) == pytest.approx(np.sqrt(252 * daily), rel=1e-9)


@pytest.mark.parametrize("row", ROWS)
def test_breadth__beside_a_count__agrees(row: int) -> None:
    closes = history().daily["closes"]
    assert value("breadth_63", row) == np.mean([closes[row, asset] > closes[row - 63, asset] for asset in range(5)])


@pytest.mark.parametrize("row", ROWS)
def test_max_drawdown__beside_all_pairs__agrees(row: int) -> None:
    close = history().daily["close"][row - 251 : row + 1]
    worst = min(close[late] / close[early] - 1 for early in range(252) for late in range(early, 252))
    assert value("max_drawdown_252", row) == pytest.approx(worst, rel=1e-12)


@pytest.mark.parametrize("row", ROWS)
def test_days_from_high__beside_a_loop__agrees(row: int) -> None:
    close = list(history().daily["close"][row - 251 : row + 1])
    assert value("days_from_high_252", row) == (251 - close.index(max(close))) / 251


@pytest.mark.parametrize("row", ROWS)
def test_stochastic__beside_pandas__agrees(row: int) -> None:
    data = table()
    low, high = data["low"].rolling(14).min(), data["high"].rolling(14).max()
    expected = ((data["close"] - low) / (high - low)).iloc[row]
    assert value("stochastic_14", row) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("row", ROWS)
def test_leverage__beside_pandas__agrees(row: int) -> None:
    window = moves(table()).iloc[row - 62 : row + 1].reset_index(drop=True)
    assert value("leverage_63", row) == pytest.approx((window**2).corr(window.shift()), rel=1e-9)


@pytest.mark.parametrize("row", ROWS)
def test_downside_share__with_upside_share__is_one(row: int) -> None:
    window = moves(table()).iloc[row - 62 : row + 1]
    rises = (window.clip(lower=0) ** 2).sum() / (window**2).sum()
    assert value("downside_share_63", row) + rises == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("row", ROWS)
def test_ewma__beside_weights_by_hand__agrees(row: int) -> None:
    squares = (moves(table()) ** 2).to_numpy()
    weights = [0.94**age for age in range(126)]
    mean = sum(weight * squares[row - age] for age, weight in enumerate(weights)) / sum(weights)
    assert value("volatility_ewma", row) == pytest.approx(np.sqrt(252 * mean), rel=1e-9)


def test_credit_spread__month_not_yet_published__is_the_last_that_is() -> None:
    frame = history()
    row = next(number for number, day in enumerate(frame.dates) if day.month == 6 and day.day > 8)
    known = frame.releases["baa_yield"].values - frame.releases["aaa_yield"].values
    # On 9 June, the newest month that was published 35 days after its first is May, on 5 June.
    assert value("credit_spread", row) == pytest.approx(known[4])


def test_inflation__observation_revised_later__is_the_vintage_of_its_time() -> None:
    frame = history()
    release, row = frame.releases["core_cpi"], 350
    day = frame.dates[row].toordinal()
    newest: dict[int, float] = {}
    for observed, published, number in zip(release.observed, release.published, release.values, strict=True):
        if published <= day:
            newest[int(observed)] = float(number)
    months = sorted(newest)
    assert value("inflation_12", row) == pytest.approx(np.log(newest[months[-1]] / newest[months[-13]]))


def test_variance_premium__beside_its_parts__is_their_difference() -> None:
    expected = (value("vix_level", 400) / 100) ** 2 - value("volatility_21", 400) ** 2
    assert value("variance_premium_21", 400) == pytest.approx(expected, rel=1e-12)
