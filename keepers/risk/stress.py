"""Losses of a portfolio in named scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from keepers.risk.errors import RiskError
from keepers.schema import Strict, YamlError, parse_mapping

Array = NDArray[np.float64]

MAX_SCENARIOS = 32
"""IRiskReports: maximum number of scenarios in one report."""


class Scenario(Strict):
    """A named fall.

    Attributes:
        name: Maximum 32 characters of ASCII.
        kind: "market", "sigmas" or "largest"; see scenarios.yaml.
        size: Fraction, or number of daily volatilities.
        source: Origin of the size.
    """

    name: Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[ -~]+$")]
    kind: Literal["market", "sigmas", "largest"]
    size: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    source: str

    @property
    def id(self) -> bytes:
        """The name as a report carries it, 32 bytes."""
        return self.name.encode("ascii").ljust(32, b"\0")


class _Table(Strict):
    scenarios: list[Scenario] = Field(max_length=MAX_SCENARIOS)


def parse_scenarios(text: str, where: str) -> tuple[Scenario, ...]:
    """Reads a table such as scenarios.yaml.

    Args:
        text: YAML.
        where: Named in refusals.

    Raises:
        RiskError: If it is no such table, or two scenarios share a name.
    """
    try:
        table = _Table.model_validate(parse_mapping(text, where))
    except YamlError as error:
        raise RiskError(where, error.reason, error.remedy) from None
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        key = ".".join(map(str, fault["loc"])) or "file"
        raise RiskError(f"{where}: {key}", str(fault["msg"]), "see keepers/risk/scenarios.yaml") from None
    names = [scenario.name for scenario in table.scenarios]
    for name in names:
        if names.count(name) > 1:
            raise RiskError(f"{where}: {name}", "stands twice", "give each scenario a name of its own")
    return tuple(table.scenarios)


def stress_losses(scenarios: Sequence[Scenario], weights: Array, covariance: Array) -> tuple[float, ...]:
    """Losses in each scenario; a gain is negative.

    In a fall of the market each asset falls by what the model expects of it given that fall, its beta times the fall:
    Kupiec (1998), "Stress testing in a value at risk framework", J. of Derivatives 6(1). The market is an equal weight
    of the assets given.

    Args:
        scenarios: Which.
        weights: (assets,), fractions of NAV, none negative.
        covariance: (assets, assets), daily.

    Returns:
        Fractions of NAV, in the order of the scenarios.

    Raises:
        RiskError: If shapes differ or a number is not finite.
    """
    if weights.ndim != 1 or covariance.shape != (weights.size, weights.size):
        raise RiskError(f"weights {weights.shape}, covariance {covariance.shape}", "do not fit", "give (n,), (n, n)")
    if not (np.all(np.isfinite(weights)) and np.all(np.isfinite(covariance))):
        raise RiskError("weights or covariance", "not finite", "clean the input")
    return tuple(_loss(scenario, weights, covariance) for scenario in scenarios)


def _loss(scenario: Scenario, weights: Array, covariance: Array) -> float:
    if weights.size == 0:
        return 0.0
    if scenario.kind == "largest":
        return float(weights.max()) * min(scenario.size, 1.0)
    if scenario.kind == "sigmas":
        falls = scenario.size * np.sqrt(np.diag(covariance))
    else:
        market = np.full(weights.size, 1 / weights.size)
        variance = float(market @ covariance @ market)
        falls = scenario.size * (covariance @ market) / variance if variance > 0 else np.zeros(weights.size)
    return float(weights @ np.minimum(falls, 1.0))
