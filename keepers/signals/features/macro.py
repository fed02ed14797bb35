"""Rates, credit, implied volatility, currencies, oil and prices, as they were published by then."""

from __future__ import annotations

import numpy as np

from keepers.signals.features.arithmetic import log_returns, volatility
from keepers.signals.features.frame import Window
from keepers.signals.features.registry import feature


@feature("rate_level", formula="rate, newest published", unit="percent a year", inputs=("rate",), length=1)
def rate_level(window: Window) -> float:
    """Short interest rate."""
    return float(window["rate"][-1])


@feature(
    "rate_change_12",
    formula="rate, newest published month less that twelve months before",
    unit="percentage points",
    inputs=("rate",),
    length=13,
)
def rate_change_12(window: Window) -> float:
    """A year's change of the short rate."""
    rate = window["rate"]
    return float(rate[-1] - rate[0])


@feature(
    "term_spread",
    formula="long_rate - rate, newest published of each",
    source="Estrella and Hardouvelis 1991",
    unit="percentage points",
    inputs=("long_rate", "rate"),
    length=1,
)
def term_spread(window: Window) -> float:
    """Slope of the yield curve."""
    return float(window["long_rate"][-1] - window["rate"][-1])


@feature(
    "credit_spread",
    formula="baa_yield - aaa_yield, newest published month",
    source="Fama and French 1989",
    unit="percentage points",
    inputs=("baa_yield", "aaa_yield"),
    length=1,
)
def credit_spread(window: Window) -> float:
    """The spread that weaker debtors pay."""
    return float(window["baa_yield"][-1] - window["aaa_yield"][-1])


@feature(
    "credit_spread_change_6",
    formula="credit_spread of the newest published month less that six months before",
    source="Gilchrist and Zakrajsek 2012",
    unit="percentage points",
    inputs=("baa_yield", "aaa_yield"),
    length=7,
)
def credit_spread_change_6(window: Window) -> float:
    """Half a year's change of that."""
    spread = window["baa_yield"] - window["aaa_yield"]
    return float(spread[-1] - spread[0])


@feature("vix_level", formula="vix, newest published", unit="percent a year", inputs=("vix",), length=1)
def vix_level(window: Window) -> float:
    """Implied volatility of the index."""
    return float(window["vix"][-1])


@feature(
    "vix_change_21",
    formula="ln(vix newest / vix 21 observations before)",
    unit="log ratio",
    inputs=("vix",),
    length=22,
)
def vix_change_21(window: Window) -> float:
    """A month's change of implied volatility."""
    vix = window["vix"]
    return float(np.log(vix[-1] / vix[0]))


@feature(
    "variance_premium_21",
    formula="(vix / 100)^2 - volatility of 21 r squared",
    source="Bollerslev, Tauchen and Zhou 2009",
    unit="fraction a year, squared",
    inputs=("vix", "close"),
    length=22,
)
def variance_premium_21(window: Window) -> float:
    """The cost of insurance beyond the variance that came."""
    return float((window["vix"][-1] / 100) ** 2 - volatility(log_returns(window["close"])) ** 2)


@feature(
    "fx_return_21",
    formula="ln(fx newest / fx 21 observations before)",
    unit="log return",
    inputs=("fx",),
    length=22,
)
def fx_return_21(window: Window) -> float:
    """A month's move of the currency."""
    fx = window["fx"]
    return float(np.log(fx[-1] / fx[0]))


@feature(
    "fx_volatility_63",
    formula="root of 252 times the mean of 63 squared log returns of fx",
    unit="fraction a year",
    inputs=("fx",),
    length=64,
)
def fx_volatility_63(window: Window) -> float:
    """Volatility of the currency."""
    return volatility(log_returns(window["fx"]))


@feature(
    "oil_return_63",
    formula="ln(oil newest / oil 63 observations before)",
    source="Driesprong, Jacobsen and Maat 2008",
    unit="log return",
    inputs=("oil",),
    length=64,
)
def oil_return_63(window: Window) -> float:
    """A quarter's move of oil."""
    oil = window["oil"]
    return float(np.log(oil[-1] / oil[0]))


@feature(
    "inflation_12",
    formula="ln(core_cpi of the newest published month / that twelve months before)",
    unit="log ratio",
    inputs=("core_cpi",),
    length=13,
)
def inflation_12(window: Window) -> float:
    """A year's inflation without food and energy."""
    prices = window["core_cpi"]
    return float(np.log(prices[-1] / prices[0]))
