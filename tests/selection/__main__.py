"""`python -m tests.selection [--write]`: the table of docs/selection.md."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
import numpy as np

from keepers.market.packaged import sp500
from keepers.operations.generated_part import replace_part
from tests.selection.problem import Problem, generated, scaled
from tests.selection.solvers import METHODS, SCIP_SECONDS, Choice

PAGE = Path(__file__).resolve().parents[2] / "docs/selection.md"
PART = "selection-table"
SIZES = (20, 50, 100, 200)
SEEDS = (1, 2, 3)
SHARE = 5
"""One asset in five is chosen."""


@dataclass(frozen=True)
class Line:
    """A method over the problems of one size.

    Attributes:
        method: Its name.
        gaps: Objective over the best that any method found, less one, for each problem; None where it found no choice.
        times: Time over that of the swap search, for each problem.
        proven: Gap that the method proved itself, for each problem; None where it proves nothing.
    """

    method: str
    gaps: tuple[float | None, ...]
    times: tuple[float, ...]
    proven: tuple[float, ...] | None


def problems(assets: int) -> list[Problem]:
    """Problems of a size: of twenty assets the packaged stocks' last three spans of five years, else generated ones."""
    if assets != 20:
        return [generated(assets, assets // SHARE, seed) for seed in SEEDS]
    returns = sp500().returns()
    spans = [returns[len(returns) - 1260 * n : len(returns) - 1260 * (n - 1)] for n in SEEDS]
    return [scaled(np.cov(span, rowvar=False), assets // SHARE) for span in spans]


def solved(problem: Problem, seed: int) -> dict[str, tuple[Choice, float]]:
    """Every method's choice and its seconds."""
    found = {}
    for name, method in METHODS.items():
        begun = time.perf_counter()
        choice = method(problem, seed)
        found[name] = choice, time.perf_counter() - begun
    return found


def compared(assets: int) -> list[Line]:
    """Every method over the problems of a size."""
    runs = [(problem, solved(problem, seed)) for problem, seed in zip(problems(assets), SEEDS, strict=True)]
    scores = [
        {name: None if choice.chosen is None else problem.objective(choice.chosen) for name, (choice, _) in run.items()}
        for problem, run in runs
    ]
    best = [min(score for score in one.values() if score is not None) for one in scores]
    lines = []
    for name in METHODS:
        gaps = tuple(
            None if (score := one[name]) is None else score / least - 1 for one, least in zip(scores, best, strict=True)
        )
        times = tuple(run[name][1] / run["swaps"][1] for _, run in runs)
        bounds = [run[name][0].bound for _, run in runs]
        known = [(least, bound) for least, bound in zip(best, bounds, strict=True) if bound is not None]
        proven = tuple(1 - bound / least for least, bound in known) if known else None
        lines.append(Line(name, gaps, times, proven))
    return lines


def rows(assets: int, lines: list[Line]) -> Iterator[str]:
    """Rows of the table."""
    for line in lines:
        known = [gap for gap in line.gaps if gap is not None]
        missed = len(line.gaps) - len(known)
        shown = f"{median(known):.2%} | {max(known):.2%}" if known else "none | none"
        note = f" ({missed} without a choice)" if missed else ""
        proven = "" if line.proven is None else f"{max(0.0, max(line.proven)):.1%}"
        best = sum(gap < 1e-9 for gap in known)
        yield (
            f"| {assets} | {line.method} | {shown}{note} | {best} of {len(line.gaps)} "
            f"| {median(line.times):,.1f} | {proven} |"
        )


@click.command()
@click.option("--write", is_flag=True, help="Replace the table of docs/selection.md.")
def main(write: bool) -> None:
    """Choose one asset in five by every method, and compare."""
    head = (
        f"{len(SEEDS)} problems a size: 20 are the packaged S&P 500 stocks over three spans of five years, the others "
        f"generated. A gap is the variance above the least that any method found. SCIP had {SCIP_SECONDS} seconds a "
        "problem; the last column is the largest gap that it left open. Times are ratios within this run. "
        "`python -m tests.selection --write`"
    )
    table = [
        head,
        "",
        "| assets | method | gap, median | gap, largest | found the best | time, swaps = 1 | left open |",
        "|--:|---|--:|--:|--:|--:|--:|",
    ]
    for assets in SIZES:
        table += rows(assets, compared(assets))
    text = "\n".join(table)
    if write:
        replace_part(PAGE, PART, text)
    click.echo(text)


if __name__ == "__main__":
    main()
