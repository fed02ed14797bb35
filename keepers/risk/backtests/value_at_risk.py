"""Eight tests of value at risk, under their usual names.

| name | asks whether | source |
|---|---|---|
| bin | hits are as many as promised, by the normal score | Jorion 2006, 6.2 |
| tl | there are not too many; the Basel colour of the count is its note | Basel Committee (1996), 950101 framework |
| pof | hits are as many as promised, by the likelihood ratio | Kupiec 1995 |
| tuff | the first hit comes when it should | Kupiec 1995 |
| cci | a hit says nothing about the next day's | Christoffersen 1998 |
| cc | pof and cci together | Christoffersen 1998 |
| tbf | pof and every gap between hits together | Haas 2001 |
| tbfi | the gaps alone | Haas 2001 |

cci and tbfi are judged among series with the same number of hits, so that they say nothing about that number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlog1py
from scipy.stats import binom, chi2

from keepers.risk.backtests import nulls
from keepers.risk.backtests.hits import Hits, binomial_ratio, gap_ratio, independence_ratio
from keepers.risk.backtests.outcome import Null, Outcome, check_levels

Array = NDArray[np.float64]

VAR_TESTS = ("bin", "tl", "pof", "tuff", "cci", "cc", "tbf", "tbfi")

_YELLOW, _RED = 0.95, 0.9999
"""Basel Committee (1996): cumulative probabilities at which the yellow and the red zone begin."""


@dataclass(frozen=True, eq=False)
class Verdicts:
    """Statistics of many series, with the probabilities that they are judged by.

    Attributes:
        statistic: (series,), value of the test.
        p_value: (series,), probability of it or more under the hypothesis.
        p_beyond: (series,), probability of more than it: a rule that takes a part of the ties has the nominal size.
    """

    statistic: Array
    p_value: Array
    p_beyond: Array


def statistics(hits: Hits, level: float) -> dict[str, Array]:
    """Statistic of every test.

    Returns:
        (series,) for each of VAR_TESTS; larger values speak against the forecasts.
    """
    days = hits.observations
    counts = hits.count.astype(np.float64)
    frequency = binomial_ratio(counts, np.full_like(counts, days), 1 - level)
    edges = [side.astype(np.float64) for side in (hits.adjacent, hits.at_start, hits.at_end)]
    independence = independence_ratio(days, counts, *edges)
    never = -2 * float(xlog1py(days, level - 1))
    return {
        "bin": nulls.score(counts, days, 1 - level),
        "tl": counts,
        "pof": frequency,
        "tuff": np.where(hits.first > 0, gap_ratio(np.maximum(hits.first, 1).astype(np.float64), 1 - level), never),
        "cci": independence,
        "cc": frequency + independence,
        "tbf": frequency + hits.gap_ratio,
        "tbfi": hits.gap_ratio,
    }


def verdicts(hits: Hits, level: float) -> dict[str, Verdicts]:
    """Statistic and probabilities of every test, for all series at once.

    Raises:
        RiskError: If the level is not between 0 and 1.
    """
    check_levels(level, level)
    found = statistics(hits, level)
    return {name: Verdicts(found[name], *_probabilities(name, found[name], hits, level)) for name in VAR_TESTS}


def var_outcomes(exceeded: NDArray[np.bool_], level: float, test_level: float = 0.95) -> list[Outcome]:
    """The eight tests of one series.

    Args:
        exceeded: (days,), in order of time.
        level: Confidence of value at risk.
        test_level: Confidence of the tests.

    Raises:
        RiskError: If there are fewer than two days, or a level is not between 0 and 1.
    """
    check_levels(level, test_level)
    hits = Hits.of(exceeded, level)
    found = verdicts(hits, level)
    return [
        Outcome(
            name,
            float(found[name].statistic[0]),
            _critical(name, hits, level, test_level),
            float(found[name].p_value[0]),
            hits.observations,
            level,
            test_level,
            zone(int(hits.count[0]), hits.observations, level) if name == "tl" else "",
        )
        for name in VAR_TESTS
    ]


def zone(count: int, observations: int, level: float) -> str:
    """The Basel Committee's colour of a number of hits: "green", "yellow" or "red"."""
    cumulative = float(binom.cdf(count, observations, 1 - level))
    return "green" if cumulative < _YELLOW else "yellow" if cumulative < _RED else "red"


def _null(name: str, days: int, level: float, count: int) -> Null:
    if name in ("bin", "tl", "pof"):
        return nulls.count_nulls(days, level)[name]
    if name == "tuff":
        return nulls.first_null(days, level)
    if name == "cci":
        return nulls.independence_null(days, count)
    if name == "cc":
        return nulls.conditional_coverage_null(days, level)
    return nulls.gaps_null(days, level) if name == "tbf" else nulls.gaps_independence_null(days, level, count)


def _probabilities(name: str, statistic: Array, hits: Hits, level: float) -> tuple[Array, Array]:
    days = hits.observations
    if name not in ("cci", "tbfi"):
        null = _null(name, days, level, 0)
        scaled = nulls.gaps_scale(statistic, hits.count) if name == "tbf" else statistic
        return null.p_value(scaled), null.p_beyond(scaled)
    at_least, beyond = np.empty(statistic.size), np.empty(statistic.size)
    for count in np.unique(hits.count):
        rows = hits.count == count
        null = _null(name, days, level, int(count))
        at_least[rows], beyond[rows] = null.p_value(statistic[rows]), null.p_beyond(statistic[rows])
    return at_least, beyond


def _critical(name: str, hits: Hits, level: float, test_level: float) -> float:
    count = int(hits.count[0])
    found = _null(name, hits.observations, level, count).critical(test_level)
    return _as_ratio(found, count + 1) if name == "tbf" else found


def _as_ratio(scaled: float, degrees: int) -> float:
    """Likelihood ratio whose chi-squared tail has this -log."""
    return float(chi2.isf(np.exp(-scaled), degrees)) if np.isfinite(scaled) else float("inf")
