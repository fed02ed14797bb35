"""`python -m scripts.demo`, which `make demo` calls."""

from __future__ import annotations

import shutil
import signal
import sys
from datetime import date, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from scripts._lib.artifacts import ROOT
from scripts._lib.demo.clock import Clock
from scripts._lib.demo.errors import DemoError

STOCKS = ("AAPL", "JNJ", "JPM", "MSFT", "PG", "XOM")
FROM = "2019-08-01"
DAYS = 231
HISTORY_DAYS = 820
"""Trading days before the replay that keepers know from the start: the selector looks back three years."""
FEWEST_DAYS = 20
MARK = "forge.log"
"""File by which an earlier demo's folder is known."""
WIDTH = 132
"""Columns where the output is no terminal."""
INTERRUPTED = 130


def _symbols(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, ...]:
    symbols = tuple(dict.fromkeys(part.strip().upper() for part in value.split(",") if part.strip()))
    if not 5 <= len(symbols) <= 12:
        raise click.BadParameter(f"{len(symbols)} stocks; give 5 to 12, such as {','.join(STOCKS)}")
    return symbols


@click.command(
    short_help="Replay history through the whole protocol",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--from",
    "start",
    type=click.DateTime(["%Y-%m-%d"]),
    default=FROM,
    show_default=True,
    help="First day; the next trading day if it is none. Prices run from 1990 to 2022.",
)
@click.option(
    "--days",
    type=click.IntRange(FEWEST_DAYS, 1000),
    default=DAYS,
    show_default=True,
    help="Trading days to replay, about half a second each.",
)
@click.option(
    "--stocks",
    default=",".join(STOCKS),
    show_default=True,
    callback=_symbols,
    help="Five or more of the data set's.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=ROOT / "build/demo",
    show_default="build/demo",
    help="Folder for report.html, summary.json, logs and keys; written anew.",
)
def cli(start: datetime, days: int, stocks: tuple[str, ...], output: Path) -> None:
    """Replay real market history through the whole protocol on a local chain.

    Starts a node of its own, deploys the protocol and Uniswap's own contracts, and lets two keeper
    processes manage a portfolio of regulated stocks day by day, through the crash of March 2020. Then a
    thief with every keeper key tries its luck. Ends with a table, report.html and summary.json; Ctrl-C
    leaves nothing behind.

    \b
    Examples:
      python -m scripts.demo
      python -m scripts.demo --from 2020-02-10 --days 40
      python -m scripts.demo --from 2008-07-01 --days 120
    """
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        _run(start.date(), days, stocks, output.resolve())
    except DemoError as failure:
        _end(str(failure), 1)
    except KeyboardInterrupt:
        _end("stopped", INTERRUPTED)


def _run(start: date, count: int, stocks: tuple[str, ...], folder: Path) -> None:
    from rich.console import Console

    from scripts._lib.demo.data import load_closes

    clock = Clock()
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    closes = load_closes(stocks)
    first = closes.index_from(start)
    if first < HISTORY_DAYS or first + count > len(closes.days):
        raise DemoError(
            f"no {count} days from {start} with {HISTORY_DAYS} before them: prices run from "
            f"{closes.days[0]} to {closes.days[-1]}; choose --from and --days within"
        )
    _empty(folder)
    with console.status("Compiling (a minute the first time)"), clock.part("compile"):
        _compile(folder)
    from scripts._lib.demo.performance import ReplayRange, perform

    perform(ReplayRange(closes, first, count, HISTORY_DAYS), folder, clock, console)


def _empty(folder: Path) -> None:
    """Removes an earlier demo's folder, and nothing else's."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise DemoError(f"{folder} holds something else; choose another --output")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        (folder / MARK).touch()
    except OSError as error:
        raise DemoError(f"{folder}: {error.strerror}; choose another --output") from error


def _compile(folder: Path) -> None:
    """Brings forge's output up to date, of the same folders as `make demo`."""
    from scripts._lib.demo import processes
    from scripts._lib.demo.contracts import contract_folders

    log = folder / MARK
    forge = processes.spawn([str(ROOT / ".ci/bin/forge"), "build", *contract_folders()], log, cwd=ROOT)
    try:
        if forge.wait() != 0:
            raise DemoError(f"the contracts do not compile; see {log}")
    finally:
        processes.kill(forge)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end(message: str, code: int) -> NoReturn:
    click.echo(f"demo: {message}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        _end(error.format_message(), error.exit_code)
