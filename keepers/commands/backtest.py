"""`quantera backtest`."""

from __future__ import annotations

import json
import os
import shlex
from datetime import datetime
from pathlib import Path

import click

from keepers.commands.base import one_line_errors, progress_bar

_file = click.Path(path_type=Path, dir_okay=False)
_day = click.DateTime(["%Y-%m-%d"])


@click.command("backtest")
@click.option(
    "--config",
    "config_path",
    type=_file,
    metavar="FILE",
    help="Closes, portfolios and terms; docs/backtest.md has every key.",
)
@click.option(
    "--strategy",
    "strategies",
    multiple=True,
    metavar="NAME",
    help="Portfolio to replay, by the name of a strategy or of a signal without a file; 'all' is each. Repeatable.",
)
@click.option("--prices", type=_file, metavar="FILE", help="CSV or Parquet of closes, in place of the config's.")
@click.option("--from", "start", type=_day, metavar="DAY", help="First day, in place of the config's.")
@click.option("--to", "end", type=_day, metavar="DAY", help="Last day, in place of the config's.")
@click.option(
    "--trials", type=int, metavar="N", help="Strategies that were tried until these were chosen, these included."
)
@click.option("--html", type=_file, metavar="FILE", help="Write a tear sheet.")
@click.option("--page", type=_file, metavar="FILE", help="Markdown page whose generated table is replaced.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: days, trades, refusals, the tear sheet.")
@one_line_errors
def backtest(
    config_path: Path | None,
    strategies: tuple[str, ...],
    prices: Path | None,
    start: datetime | None,
    end: datetime | None,
    trials: int | None,
    html: Path | None,
    page: Path | None,
    as_json: bool,
) -> None:
    """Replay portfolios over a history of closes with the bots' own decisions and the protocol's own bounds.

    Each portfolio is decided day by day by the code that `quantera run rebalance` runs, on a simulated protocol with
    its limits, loss bucket, breaker, pace, fees and costs. Without a config it replays the S&P 500 stocks that skfolio
    packages, which have survivors only.

    \b
    Example:
      quantera backtest --strategy equal-weight
      quantera backtest --strategy risk-parity --strategy momentum --from 2010-01-04 --html sheet.html
      quantera backtest --config backtest.yaml --json
    """
    # Threads that wait for each other take twice the time over matrices of twenty assets; numpy reads this once.
    os.putenv("OPENBLAS_NUM_THREADS", "1")
    from keepers.operations import backtest as work
    from keepers.operations.backtest_config import STRATEGIES, load, overridden, settings_named
    from keepers.operations.backtest_report import PART, as_object, lines, markdown, report
    from keepers.operations.generated_part import around, replace_part
    from keepers.operations.report.files import prepare, save_all

    targets = prepare({"html": html}, needed=False)
    if page is not None:
        # A page that cannot be written is refused before the minutes that the table takes.
        around(page, PART)
    if "all" in strategies:
        strategies = STRATEGIES
    settings = overridden(load(config_path), prices, start and start.date(), end and end.date(), trials)
    names = strategies or (() if settings.portfolios else ("equal-weight",))
    base = config_path.parent if config_path is not None else Path()
    study = work.prepare(settings, base, {name: settings_named(name) for name in names})
    with progress_bar("Replaying", len(study.days)) as advance:
        found = work.run(study, advance)
    given = (
        *(("--config", config_path), ("--prices", prices), ("--trials", trials)),
        *(("--strategy", name) for name in names),
        *(("--from", study.days[0]), ("--to", study.days[-1])),
    )
    words = [str(word) for option, value in given if value is not None for word in (option, value)]
    command = ["quantera", "backtest", *words]
    if page is not None:
        replace_part(page, PART, markdown(found, shlex.join([*command, "--page", str(page)])))
    sheet = report(found, shlex.join([*command, "--json"]))
    written = save_all(sheet, targets) if targets else {}
    if as_json:
        click.echo(json.dumps({**as_object(found), "report": sheet.as_object(), "files": written}))
        return
    click.echo("\n".join(lines(found)))
    for path, digest in written.items():
        click.echo(f"{path}: written, SHA-256 {digest}")
