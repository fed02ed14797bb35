"""The numbers of a signed risk report, and the hash of what they came from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np
from eth_utils.crypto import keccak

from keepers.risk.fixed_point import from_fixed_point
from keepers.risk.metrics import volatility
from keepers.risk.monte_carlo import METHOD, simulate
from keepers.risk.stress import Scenario, stress_losses

WAD = 10**18


@dataclass(frozen=True)
class Inputs:
    """The inputs that determine a report's numbers.

    Attributes:
        portfolio: Address.
        as_of: Unix seconds; with the portfolio and the model it seeds the simulation.
        model_nonce: Nonce of the posted model.
        weights: WAD of NAV, of the risky assets in the portfolio's order.
        covariance: Covariance of those assets, upper triangle by rows, daily, 1e18 = 1.
        z95, z99: Quantiles of the posted model, WAD.
        degrees: Degrees of freedom of the simulation.
        paths: Number of simulated paths.
        scenarios: Stress scenarios.
    """

    portfolio: str
    as_of: int
    model_nonce: int
    weights: tuple[int, ...]
    covariance: tuple[int, ...]
    z95: int
    z99: int
    degrees: float
    paths: int
    scenarios: tuple[Scenario, ...]

    def describe(self, version: str) -> bytes:
        """Canonical JSON of the inputs, the method and the versions of what computes.

        Args:
            version: Version of the keepers.
        """
        values = {
            **asdict(self),
            "scenarios": [scenario.model_dump() for scenario in self.scenarios],
            "method": METHOD,
            "keepers": version,
            "numpy": np.__version__,
        }
        return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()

    def model_hash(self, version: str) -> bytes:
        """IRiskReports.RiskReport.modelHash, 32 bytes: keccak256 of `describe`."""
        return keccak(self.describe(version))

    @property
    def seed(self) -> int:
        """Seed of the simulation; it follows from portfolio, model and time."""
        values = (METHOD, self.portfolio.lower(), self.model_nonce, self.as_of)
        return int.from_bytes(keccak(text=json.dumps(values))[:16], "big")


@dataclass(frozen=True)
class Numbers:
    """WAD of NAV, as IRiskReports.RiskReport has them.

    Attributes:
        volatility, var95, var99: Parametric figures for one day, which the chain computes for itself (I7).
        monte_carlo_var, monte_carlo_es: 1, 5, 10 days, each at 95%, 99%, 99.9%.
        stress_losses: One loss per scenario; a negative one is a gain.
    """

    volatility: int
    var95: int
    var99: int
    monte_carlo_var: tuple[int, ...]
    monte_carlo_es: tuple[int, ...]
    stress_losses: tuple[int, ...]


def measure(inputs: Inputs) -> Numbers:
    """Parametric risk, simulated tails and stress losses.

    Raises:
        RiskError: If weights and covariance do not fit each other, or a number cannot be computed.
    """
    weights = np.array(inputs.weights, dtype=np.float64) / WAD
    covariance = from_fixed_point(inputs.covariance) if inputs.covariance else np.zeros((0, 0))
    sigma = volatility(weights, covariance)
    tails = simulate(weights, covariance, inputs.degrees, inputs.paths, inputs.seed)
    return Numbers(
        volatility=_wad(sigma),
        var95=_wad(sigma * inputs.z95 / WAD),
        var99=_wad(sigma * inputs.z99 / WAD),
        monte_carlo_var=tuple(map(_wad, tails.var.ravel())),
        monte_carlo_es=tuple(map(_wad, tails.shortfall.ravel())),
        stress_losses=tuple(map(_wad, stress_losses(inputs.scenarios, weights, covariance))),
    )


def _wad(value: float) -> int:
    return round(float(value) * WAD)
