"""Stress of a portfolio: what history did, what correlations could do, a grid of shocks, and the nearest breach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers import __version__
from keepers.operations.risk_backtest import History, current_weights
from keepers.operations.risk_simulation import WINDOW
from keepers.risk.bot_model import BotModel
from keepers.risk.episodes import DEPTH, Episode, episode_losses, find_episodes
from keepers.risk.model_terms import DEFAULT_TERMS
from keepers.risk.monte_carlo import tail_factor
from keepers.risk.reverse_stress import Breach, Limits, fewest_assets, reverse_stress
from keepers.risk.shocks import Grid, component_grid, correlation_stress

Array = NDArray[np.float64]

PARTS = (0.0, 0.25, 0.5, 0.75, 1.0)
MOST_SIGMAS = 10.0
"""Farther shocks of a few assets are not reported: under a normal such a day has never happened."""


@dataclass(frozen=True, eq=False)
class Stress:
    """All of it, for one portfolio.

    Attributes:
        symbols: Symbol of each asset.
        weights: (assets,), fractions of NAV.
        data_hash: SHA-256 of the closes.
        episodes, episode_losses: Falls of the market, and the portfolio's loss in each.
        correlated: (parts,), 99% value at risk with correlations moved so far towards one.
        grid: Shocks along the principal components.
        z99: 99% value at risk over volatility, from the model's tails.
        breaches: Nearest breach of each limit.
        limits: Limits whose nearest breach was looked for.
        fewest: Fewest assets whose falls alone breach the drawdown limit, and their distance; None without the limit.
    """

    symbols: tuple[str, ...]
    weights: Array
    data_hash: str
    episodes: tuple[Episode, ...]
    episode_losses: Array
    correlated: Array
    grid: Grid
    z99: float
    breaches: tuple[Breach, ...]
    limits: Limits
    fewest: tuple[tuple[int, ...], float] | None


def stress(history: History, portfolio: str, limits: Limits, depth: float = DEPTH) -> Stress:
    """Stress of a portfolio at the end of a history; covariance and tails are the bot's default model's.

    Args:
        history: Closes.
        portfolio: Name from `keepers.operations.risk_backtest.PORTFOLIOS`.
        limits: Limits whose nearest breach is looked for.
        depth: Minimum fall of an episode.

    Raises:
        RiskError: If there is too little history, or a number is out of range.
    """
    weights = current_weights(portfolio, history, WINDOW)
    recent = history.returns[-WINDOW:]
    model = BotModel.fit(recent, DEFAULT_TERMS)
    covariance, z99 = model.forecast(recent).covariance, tail_factor(model.degrees(recent))
    episodes = tuple(find_episodes(history.dates, history.returns, depth))
    drawdown = limits.drawdown
    return Stress(
        history.symbols,
        weights,
        history.data_hash,
        episodes,
        episode_losses(episodes, weights),
        correlation_stress(weights, covariance, PARTS, z99),
        component_grid(weights, covariance),
        z99,
        tuple(reverse_stress(weights, covariance, limits, z99)),
        limits,
        None if drawdown is None else fewest_assets(weights, covariance, drawdown, MOST_SIGMAS),
    )


def lines(found: Stress, worst: int = 5) -> list[str]:
    """Stress for a terminal."""
    told = [f"{len(found.symbols)} assets, data {found.data_hash[:16]}, quantera {__version__}", "", "episodes"]
    for episode, loss in zip(found.episodes, found.episode_losses, strict=True):
        told.append(f"  {episode.high} to {episode.low}: market {-episode.depth:.1%}, portfolio {-loss:.1%}")
    told += ["", f"99% VaR, {found.z99:.4f} volatilities, with correlations moved towards one"]
    told += [f"  {part:>4.0%} of the way: {value:.3%}" for part, value in zip(PARTS, found.correlated, strict=True)]
    told += ["", f"worst of {found.grid.losses.size:,} shocks along the principal components"]
    for index in found.grid.worst(worst):
        sizes = ", ".join(f"{size:+.0f}" for size in found.grid.sigmas[index])
        told.append(f"  {sizes} sigmas: loses {found.grid.losses[index]:.2%}")
    if found.breaches:
        told += ["", "nearest breach of each limit"]
    for breach in found.breaches:
        told.append(f"  {breach.limit}: {breach.distance:.2f} sigmas away, loses {breach.loss:.2%}")
        order: Sequence[int] = np.argsort(-np.abs(found.weights * breach.shock))[:worst].tolist()
        told.append("     " + ", ".join(f"{found.symbols[index]} {breach.shock[index]:+.1%}" for index in order))
    if found.fewest is not None:
        told.append(fewest_line(found.fewest, found.symbols))
    return told


def fewest_line(fewest: tuple[tuple[int, ...], float], symbols: Sequence[str]) -> str:
    """Returns the fewest assets that breach the drawdown limit in one line."""
    chosen, distance = fewest
    if not chosen:
        return f"  no set of assets breaches the drawdown limit alone within {MOST_SIGMAS:.0f} sigmas"
    names = ", ".join(symbols[index] for index in chosen)
    return f"  fewest assets that breach the drawdown limit alone: {names}, {distance:.2f} sigmas away"


def as_object(found: Stress) -> dict[str, Any]:
    """Stress for programs."""
    return {
        "version": __version__,
        "data": f"sha256:{found.data_hash}",
        "symbols": found.symbols,
        "weights": found.weights.tolist(),
        "episodes": [
            {"high": str(one.high), "low": str(one.low), "market": -one.depth, "portfolio": -float(loss)}
            for one, loss in zip(found.episodes, found.episode_losses, strict=True)
        ],
        "correlations": [
            {"part": part, "var99": float(value)} for part, value in zip(PARTS, found.correlated, strict=True)
        ],
        "z99": found.z99,
        "grid": {"sigmas": found.grid.sigmas.tolist(), "losses": found.grid.losses.tolist()},
        "limits": asdict(found.limits),
        "reverse": [
            {"limit": one.limit, "sigmas": one.distance, "loss": one.loss, "shock": one.shock.tolist()}
            for one in found.breaches
        ],
        "fewest": None
        if found.fewest is None or not found.fewest[0]
        else {"assets": [found.symbols[index] for index in found.fewest[0]], "sigmas": found.fewest[1]},
    }
