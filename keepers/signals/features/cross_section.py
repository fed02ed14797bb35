"""Correlation, dispersion, absorption and beta over several assets."""

from __future__ import annotations

import numpy as np

from keepers.signals.features.arithmetic import TRADING_DAYS, Array, log_returns, ratio
from keepers.signals.features.frame import Window
from keepers.signals.features.registry import feature


def _correlations(returns: Array) -> Array:
    """Correlation matrix; an asset that stands still correlates with none."""
    centred = returns - returns.mean(axis=0)
    spread = np.sqrt(np.mean(centred**2, axis=0))
    scaled = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-14)
    found: Array = scaled.T @ scaled / returns.shape[0]
    return found


def _average_correlation(days: int) -> None:
    @feature(
        f"average_correlation_{days}",
        formula=f"mean of the correlations of {days} r over all pairs of assets",
        source="Pollet and Wilson 2010",
        unit="correlation",
        inputs=("closes",),
        length=days + 1,
    )
    def compute(window: Window) -> float:
        """Mean correlation of all pairs of assets; zero for one asset, which has no pair."""
        correlations = _correlations(log_returns(window["closes"]))
        assets = correlations.shape[0]
        pairs = assets * (assets - 1)
        return float((correlations.sum() - np.trace(correlations)) / pairs) if pairs else 0.0


for _days in (21, 63):
    _average_correlation(_days)


@feature(
    "absorption_252",
    formula="share of the trace of the covariance of 252 r that its largest fifth of eigenvalues has",
    source="Kritzman, Li, Page and Rigobon 2011",
    unit="fraction",
    inputs=("closes",),
    length=253,
)
def absorption_252(window: Window) -> float:
    """How much of all variance a few common factors absorb."""
    returns = log_returns(window["closes"])
    centred = returns - returns.mean(axis=0)
    values = np.linalg.eigvalsh(centred.T @ centred)
    most = max(1, round(values.size / 5))
    return ratio(float(values[-most:].sum()), float(values.sum()))


@feature(
    "dispersion_21",
    formula="standard deviation over assets of ln(closes_t / closes_(t-21))",
    source="Solnik and Roulet 2000",
    unit="log return",
    inputs=("closes",),
    length=22,
)
def dispersion_21(window: Window) -> float:
    """How far apart a month's returns are."""
    closes = window["closes"]
    return float(np.std(np.log(closes[-1] / closes[0])))


@feature(
    "dispersion_daily_21",
    formula="root of 252 times the mean over 21 days of the variance of r over assets",
    source="Solnik and Roulet 2000",
    unit="fraction a year",
    inputs=("closes",),
    length=22,
)
def dispersion_daily_21(window: Window) -> float:
    """How far apart daily returns are, a year."""
    return float(np.sqrt(TRADING_DAYS * np.mean(np.var(log_returns(window["closes"]), axis=1))))


@feature(
    "breadth_63",
    formula="share of assets with ln(closes_t / closes_(t-63)) above zero",
    unit="fraction",
    inputs=("closes",),
    length=64,
)
def breadth_63(window: Window) -> float:
    """How many assets rose over a quarter."""
    closes = window["closes"]
    return float(np.mean(closes[-1] > closes[0]))


def _betas(window: Window) -> Array:
    market = log_returns(window["close"])
    market = market - market.mean()
    assets = log_returns(window["closes"])
    assets = assets - assets.mean(axis=0)
    variance = float(market @ market)
    found: Array = market @ assets / variance if variance > 0 else np.zeros(assets.shape[1])
    return found


@feature(
    "beta_252",
    formula="mean over assets of cov(r_asset, r_index) / var(r_index), 252 days",
    source="Sharpe 1964",
    unit="ratio",
    inputs=("close", "closes"),
    length=253,
)
def beta_252(window: Window) -> float:
    """The assets' response to a move of the market."""
    return float(_betas(window).mean())


@feature(
    "beta_dispersion_252",
    formula="standard deviation over assets of cov(r_asset, r_index) / var(r_index), 252 days",
    source="Frazzini and Pedersen 2014",
    unit="ratio",
    inputs=("close", "closes"),
    length=253,
)
def beta_dispersion_252(window: Window) -> float:
    """How different the assets' betas are."""
    return float(_betas(window).std())
