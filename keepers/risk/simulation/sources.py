"""Sources of simulated days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from keepers.risk.distributions import Distribution
from keepers.risk.errors import RiskError
from keepers.risk.models.garch import Volatilities
from keepers.risk.simulation.draws import Draws

Array = NDArray[np.float64]


class Source(Protocol):
    """A way to simulate days. A source can be pickled, so that any process can draw any block.

    Attributes:
        assets: Number of assets.
        width: Normal numbers of a path on a day.
        extra: Uniform numbers of a path on a day.
    """

    @property
    def assets(self) -> int:
        """Number of assets."""
        ...

    @property
    def width(self) -> int:
        """Normal numbers that a path needs on a day."""
        ...

    @property
    def extra(self) -> int:
        """Uniform numbers that a path needs on a day."""
        ...

    def days(self, draws: Draws, paths: int, horizon: int) -> Iterator[Array]:
        """Yields the simple returns of each day, (paths, assets); the arrays are the caller's to change."""
        ...


def root_of(covariance: Array) -> Array:
    """L with L L' = S, its columns by falling variance; S may be singular.

    The first numbers of a Sobol sequence are its most even ones, so they go to what moves most (Acworth, Broadie and
    Glasserman 1998, "A comparison of some Monte Carlo and quasi Monte Carlo techniques for option pricing").

    Raises:
        RiskError: If the matrix is not symmetric, finite and positive semi-definite.
    """
    square = covariance.ndim == 2 and covariance.shape[0] == covariance.shape[1] and covariance.size > 0
    if not square or not np.all(np.isfinite(covariance)) or not np.allclose(covariance, covariance.T, rtol=1e-9):
        raise RiskError(f"covariance of shape {covariance.shape}", "not symmetric and finite", "estimate it again")
    values, vectors = np.linalg.eigh(covariance)
    if values[0] < -1e-10 * max(float(values[-1]), 0.0):
        raise RiskError("covariance", f"has eigenvalue {values[0]:.3g}", "give a positive semi-definite one")
    found: Array = (vectors * np.sqrt(np.maximum(values, 0.0)))[:, ::-1]
    return np.ascontiguousarray(found)


@dataclass(frozen=True, eq=False)
class Gaussian:
    """Independent days of a multivariate normal with mean zero.

    Attributes:
        covariance: (assets, assets), daily.
        root: (assets, assets), L with L L' = S.
    """

    covariance: Array
    extra: int = 0
    root: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", root_of(self.covariance))

    @property
    def assets(self) -> int:
        """See `Source`."""
        return int(self.covariance.shape[0])

    @property
    def width(self) -> int:
        """See `Source`."""
        return self.assets

    def days(self, draws: Draws, paths: int, horizon: int) -> Iterator[Array]:
        """See `Source`."""
        for normal, _ in self.shocks(draws, horizon):
            yield normal @ self.root.T

    def shocks(self, draws: Draws, horizon: int) -> Iterator[tuple[Array, None]]:
        """Yields each day's normal numbers, (paths, assets), and that nothing mixes their scales."""
        for _ in range(horizon):
            normal = draws.normal()
            draws.uniform()
            yield normal, None


@dataclass(frozen=True, eq=False)
class StudentT:
    """Independent days of a multivariate t with mean zero: sqrt((nu - 2) / W) L z.

    Source: McNeil, Frey and Embrechts (2015), section 6.2.1.

    Attributes:
        covariance: (assets, assets), daily.
        degrees: Degrees of freedom nu, above 2.
        root: (assets, assets), L with L L' = S.
    """

    covariance: Array
    degrees: float
    extra: int = 1
    root: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.degrees > 2:
            raise RiskError(f"{self.degrees} degrees of freedom", "not above 2", "a t has no variance there")
        object.__setattr__(self, "root", root_of(self.covariance))

    @property
    def assets(self) -> int:
        """See `Source`."""
        return int(self.covariance.shape[0])

    @property
    def width(self) -> int:
        """See `Source`."""
        return self.assets

    def days(self, draws: Draws, paths: int, horizon: int) -> Iterator[Array]:
        """See `Source`."""
        for normal, mixing in self.shocks(draws, horizon):
            found = normal @ self.root.T
            found *= mixing
            yield found

    def shocks(self, draws: Draws, horizon: int) -> Iterator[tuple[Array, Array]]:
        """Yields each day's normal numbers, (paths, assets), and the scales that mix them, (paths, 1)."""
        for _ in range(horizon):
            normal = draws.normal()
            yield normal, np.sqrt((self.degrees - 2) / draws.chi_squared(self.degrees))


def aligned(source: Source, weights: Array) -> Source:
    """The same source with its first normal number along a portfolio: all of a day's loss then depends on that one.

    A rotation of independent normal numbers changes no distribution, and the first dimension of a Sobol sequence is its
    most even one. Source: Imai and Tan (2006), "A general dimension reduction technique for derivative pricing", J. of
    Computational Finance 10(2), for linear portfolios. Sources without a root stay as they are.

    Args:
        source: Source of days.
        weights: (assets,), of the portfolio.
    """
    if not isinstance(source, Gaussian | StudentT):
        return source
    direction = source.root.T @ weights
    size = float(np.linalg.norm(direction))
    if size == 0:
        return source
    mirror = direction / size
    mirror[0] -= 1.0
    length = float(mirror @ mirror)
    found = replace(source)
    # Householder's reflection takes the first axis to the portfolio's direction.
    rotated = source.root if length < 1e-30 else source.root - 2 / length * np.outer(source.root @ mirror, mirror)
    object.__setattr__(found, "root", rotated)
    return found


@dataclass(frozen=True, eq=False)
class TCopula:
    """Independent days whose ranks are those of a multivariate t, with a distribution of its own for each asset.

    Source: Demarta and McNeil (2005), "The t copula and related copulas", International Statistical Review 73(1).

    Attributes:
        correlation: (assets, assets).
        degrees: Degrees of freedom of the copula, above 0.
        margins: Standardised distribution of each asset.
        scales: (assets,), daily volatilities that the margins are multiplied by.
    """

    correlation: Array
    degrees: float
    margins: tuple[Distribution, ...]
    scales: Array
    extra: int = 1
    _root: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        assets = self.correlation.shape[0]
        if not self.degrees > 0 or len(self.margins) != assets or self.scales.shape != (assets,):
            shapes = f"{self.degrees} degrees, {len(self.margins)} margins, scales {self.scales.shape}"
            raise RiskError(shapes, f"do not fit {assets} assets", "give degrees above 0, one margin and scale each")
        object.__setattr__(self, "_root", root_of(self.correlation))

    @property
    def assets(self) -> int:
        """See `Source`."""
        return int(self.correlation.shape[0])

    @property
    def width(self) -> int:
        """See `Source`."""
        return self.assets

    def days(self, draws: Draws, paths: int, horizon: int) -> Iterator[Array]:
        """See `Source`."""
        for _ in range(horizon):
            normal = draws.normal() @ self._root.T
            ranks = stdtr(self.degrees, normal * np.sqrt(self.degrees / draws.chi_squared(self.degrees)))
            ranks = np.clip(ranks, 1e-15, 1 - 1e-15)
            columns = [margin.quantile(ranks[:, asset]) for asset, margin in enumerate(self.margins)]
            yield np.stack(columns, axis=1) * self.scales


@dataclass(frozen=True, eq=False)
class BlockBootstrap:
    """Stretches of history of random length, one after another, all assets together.

    Source: Politis and Romano (1994), "The stationary bootstrap", J. of the American Statistical Association 89.

    Attributes:
        returns: (days, assets), simple daily returns.
        mean_length: Mean length of a stretch, days; 1 draws every day for itself.
    """

    returns: Array
    mean_length: float = 10.0
    width: int = 0
    extra: int = 2

    def __post_init__(self) -> None:
        if self.returns.ndim != 2 or self.returns.size == 0 or not np.all(np.isfinite(self.returns)):
            raise RiskError(f"returns of shape {self.returns.shape}", "not (days, assets), finite", "clean the prices")
        if not self.mean_length >= 1:
            raise RiskError(f"mean length of {self.mean_length} days", "below 1", "give 1 day or more")

    @property
    def assets(self) -> int:
        """See `Source`."""
        return int(self.returns.shape[1])

    def days(self, draws: Draws, paths: int, horizon: int) -> Iterator[Array]:
        """See `Source`."""
        history = self.returns.shape[0]
        at = np.zeros(paths, dtype=np.int64)
        for day in range(horizon):
            draws.normal()
            chance = draws.uniform()
            fresh = (chance[:, 1] * history).astype(np.int64)
            jumps = chance[:, 0] * self.mean_length < 1
            at = fresh if day == 0 else np.where(jumps, fresh, (at + 1) % history)
            yield self.returns[at]


@dataclass(frozen=True, eq=False)
class FilteredHistory:
    """Past shocks of all assets together, at volatilities that follow each path.

    Source: Barone-Adesi, Giannopoulos and Vosper (1999), "VaR without correlations for portfolios of derivative
    securities", J. of Futures Markets 19(5).

    Attributes:
        volatilities: Parameters of every asset.
        shocks: (days, assets), standardised returns.
        variance: (assets,), variance of the first simulated day.
    """

    volatilities: Volatilities
    shocks: Array
    variance: Array
    width: int = 0
    extra: int = 1

    def __post_init__(self) -> None:
        if self.shocks.ndim != 2 or self.shocks.size == 0 or self.variance.shape != self.shocks.shape[1:]:
            shapes = f"shocks {self.shocks.shape}, variance {self.variance.shape}"
            raise RiskError(shapes, "do not fit", "give (days, assets) and (assets,)")

    @property
    def assets(self) -> int:
        """See `Source`."""
        return int(self.shocks.shape[1])

    def days(self, draws: Draws, paths: int, horizon: int) -> Iterator[Array]:
        """See `Source`."""
        variance = np.tile(self.variance, (paths, 1))
        model = self.volatilities
        for _ in range(horizon):
            draws.normal()
            chosen = self.shocks[(draws.uniform()[:, 0] * self.shocks.shape[0]).astype(np.int64)]
            found = np.sqrt(variance) * chosen
            news = model.alpha + model.gamma * (found < 0)
            variance = model.omega + news * found**2 + model.beta * variance
            yield found
