"""Runs the demo from the first block to the last table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from keepers.bots.names import rebalance_model, rebalance_prefix
from scripts._lib.demo.attacks import Thief
from scripts._lib.demo.clock import Clock
from scripts._lib.demo.data import Closes, HistoryFile, close_time
from scripts._lib.demo.environment import create_environment
from scripts._lib.demo.exits import leave_after_shutdown
from scripts._lib.demo.keepers import prepare_keepers
from scripts._lib.demo.ledger import gas_by_kind, read_transactions, verify_once
from scripts._lib.demo.node import local_node
from scripts._lib.demo.protocol import PortfolioTerms
from scripts._lib.demo.replay import Day, Replay
from scripts._lib.demo.report import Outcome, show, summarise, write
from scripts._lib.demo.risk_models import summarise_models
from scripts._lib.demo.risk_reports import read_risk_reports
from scripts._lib.demo.selector import RULE_FILE, fit_selector, index_cells
from scripts._lib.demo.staleness import executed_rebalances, measure_staleness


@dataclass(frozen=True)
class ReplayRange:
    """A stretch of history to replay.

    Attributes:
        closes: Prices.
        first, count: Index of the first day, and how many.
        history: Days before it that keepers know from the start.
    """

    closes: Closes
    first: int
    count: int
    history: int


def perform(span: ReplayRange, folder: Path, clock: Clock, console: Console) -> None:
    """The whole demo.

    Args:
        span: History to replay.
        folder: Folder for everything that is written.
        clock: Times the parts.
        console: Console for progress and results.
    """
    closes, first = span.closes, span.first
    terms = PortfolioTerms()
    with local_node(close_time(closes.days[first - 1]), folder / "anvil.log") as url:
        with console.status("Deploying protocol, venues and pools"), clock.part("deploy"):
            rule = fit_selector(closes.days[first], folder / "keepers")
            environment = create_environment(
                url, closes.symbols, closes.prices(first - 1), terms, folder, selector=rule.weights_hash
            )
        history = HistoryFile(folder / "prices.csv", closes, first - span.history, first, index_cells())
        selector = folder / "keepers" / RULE_FILE
        keepers = prepare_keepers(
            folder / "keepers", environment.protocol, environment.accounts, history.path, selector
        )
        replay = Replay(environment, keepers, closes, history, first, span.count)
        try:
            with clock.part("replay"):
                replay.begin()
                keepers.start()
                _replay(replay, console)
        finally:
            keepers.stop()
        outcome = _aftermath(replay, terms, clock, console)
    summary = summarise(outcome)
    report, data = write(outcome, summary, folder)
    show(summary, console)
    console.print(f"Report   {report}\nSummary  {data}", soft_wrap=True, highlight=False)


def _replay(replay: Replay, console: Console) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("starting the keepers", total=replay.count)

        def on_day(day: Day) -> None:
            for when, what in replay.events:
                if when == day.day:
                    progress.console.print(f"{when}  {what}", highlight=False)
            progress.update(task, advance=1, description=f"{day.day} {day.state:<10} NAV {day.nav / 1e6:6.2f}m")

        replay.run(on_day)


def _aftermath(replay: Replay, terms: PortfolioTerms, clock: Clock, console: Console) -> Outcome:
    environment, keepers = replay.environment, replay.keepers
    with console.status("Checking that nothing was done twice or missed"), clock.part("verify"):
        transactions = read_transactions(environment)
        prefix = rebalance_prefix(str(environment.protocol.portfolio.address))
        decided = {
            rebalance_model(decision.key)
            for decision in keepers.decisions("rebalance")
            if decision.key.startswith(prefix)
        }
        closes = [close_time(day.day) for day in replay.days]
        once = verify_once(environment, transactions, closes, decided)
        models = summarise_models(
            [one.reason for one in keepers.decisions("risk") if one.key.startswith("model:") and one.outcome == "done"]
        )
        reported = read_risk_reports(environment)
        executed = executed_rebalances(
            environment.protocol.contract("AutoRebalancer"),
            environment.chain.w3,
            int(transactions[-1]["blockNumber"], 16),
        )
        staleness = measure_staleness(executed, replay.closes)
    with console.status("A thief has every keeper key"), clock.part("attacks"):
        thief = Thief(environment, replay.prices())
        attacks = thief.run()
        left, late, turned_away = leave_after_shutdown(environment, thief)
        gas = gas_by_kind(read_transactions(environment))
    return Outcome(
        replay=replay,
        terms=terms,
        attacks=[*attacks, late] if late not in attacks else attacks,
        refusals=[*replay.refusals, *turned_away],
        exit=left,
        once=once,
        models=models,
        reported=reported,
        staleness=staleness,
        gas=gas,
        decisions={bot: dict(counts) for bot, counts in keepers.outcomes().items()},
        seconds=clock.all(),
    )
