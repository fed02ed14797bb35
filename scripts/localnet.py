"""A local chain with the whole protocol, a funded portfolio, prices and keys, to try keepers on.

    python -m scripts.localnet

It is the demo's first morning: real prices of six stocks, Uniswap's own pools. Ctrl-C takes it away.
"""

from __future__ import annotations

import shutil
import signal
import sys
import threading
from datetime import date
from pathlib import Path

import click

from scripts._lib.artifacts import ROOT, build

STOCKS = ("AAPL", "JNJ", "JPM", "MSFT", "PG", "XOM")
FIRST_DAY = date(2019, 8, 1)
HISTORY_DAYS = 500
DEPOSIT_USD = 10_000_000
MARK = "anvil.log"
"""File by which an earlier localnet's folder is known."""


@click.command(
    short_help="Run a local chain with the protocol on it", context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=ROOT / "build/localnet",
    show_default="build/localnet",
    help="For prices.csv, deployments/demo.json and keys/; written anew.",
)
@click.option("--port", type=click.IntRange(1, 65_535), default=8545, show_default=True, help="Of the node.")
@click.option(
    "--day-seconds",
    type=click.FloatRange(min=0),
    default=60,
    show_default=True,
    help="Seconds after which the next trading day closes; 0 for never.",
)
def cli(folder: Path, port: int, day_seconds: float) -> None:
    """Start a local chain with the protocol on it, for keepers to work on."""
    from scripts._lib.demo.errors import DemoError

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        _run(folder.resolve(), port, day_seconds, stop)
    except DemoError as failure:
        click.echo(f"localnet: {failure}", err=True)
        sys.exit(1)


def _run(folder: Path, port: int, day_seconds: float, stop: threading.Event) -> None:
    from scripts._lib.demo.data import HistoryFile, close_time, load_closes
    from scripts._lib.demo.environment import create_environment
    from scripts._lib.demo.errors import DemoError
    from scripts._lib.demo.market import SETTLEMENT_DECIMALS
    from scripts._lib.demo.node import local_node
    from scripts._lib.demo.protocol import PORTFOLIO, PortfolioTerms

    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise DemoError(f"{folder} holds something else; choose another --folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    closes = load_closes(STOCKS)
    first = closes.index_from(FIRST_DAY)
    build()
    with local_node(close_time(closes.days[first]) - 3600, folder / MARK, port) as url:
        environment = create_environment(
            url, STOCKS, closes.prices(first), PortfolioTerms(), folder, ("keeper", "keeper")
        )
        history = HistoryFile(folder / "prices.csv", closes, first - HISTORY_DAYS, first)
        deposit = environment.protocol.portfolio.functions.deposit(
            DEPOSIT_USD * 10**SETTLEMENT_DECIMALS, environment.accounts.alpine
        )
        environment.chain.send(environment.accounts.alpine, deposit)
        click.echo(f"Ready: {url}, portfolio {PORTFOLIO} of {DEPOSIT_USD:,} USD, files in {folder}. Ctrl-C ends it.")
        for day in range(first, len(closes.days)):
            environment.market.open_day(close_time(closes.days[day]), closes.prices(day))
            click.echo(f"{history.append_next()} has closed")
            if stop.wait(day_seconds or None):
                return
        stop.wait()


if __name__ == "__main__":
    cli()
