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

from keepers.bots.names import rebalance_key
from tools.demo.attacks import Thief
from tools.demo.clock import Clock
from tools.demo.data import Closes, HistoryFile, close_time
from tools.demo.environment import create_world
from tools.demo.exits import leave_after_shutdown
from tools.demo.keepers import prepare_keepers
from tools.demo.ledger import gas_by_kind, read_transactions, verify_once
from tools.demo.node import local_node
from tools.demo.protocol import Terms
from tools.demo.replay import Day, Story
from tools.demo.report import Outcome, show, summarise, write
from tools.demo.risk_reports import read_reported
from tools.demo.staleness import executed_rebalances, measure_staleness


@dataclass(frozen=True)
class Replay:
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


def perform(replay: Replay, folder: Path, clock: Clock, console: Console) -> None:
    """The whole demo.

    Args:
        replay: History to replay.
        folder: Folder for everything that is written.
        clock: Times the parts.
        console: Console for progress and results.
    """
    closes, first = replay.closes, replay.first
    terms = Terms()
    with local_node(close_time(closes.days[first - 1]), folder / "anvil.log") as url:
        with console.status("Deploying protocol, venues and pools"), clock.part("deploy"):
            world = create_world(url, closes.symbols, closes.prices(first - 1), terms, folder)
        history = HistoryFile(folder / "prices.csv", closes, first - replay.history, first)
        keepers = prepare_keepers(folder / "keepers", world.protocol, world.people, history.path)
        story = Story(world, keepers, closes, history, first, replay.count)
        try:
            with clock.part("replay"):
                story.begin()
                keepers.start()
                _replay(story, console)
        finally:
            keepers.stop()
        outcome = _aftermath(story, terms, clock, console)
    summary = summarise(outcome)
    report, data = write(outcome, summary, folder)
    show(summary, console)
    console.print(f"Report   {report}\nSummary  {data}", soft_wrap=True, highlight=False)


def _replay(story: Story, console: Console) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("starting the keepers", total=story.count)

        def on_day(day: Day) -> None:
            for when, what in story.events:
                if when == day.day:
                    progress.console.print(f"{when}  {what}", highlight=False)
            progress.update(task, advance=1, description=f"{day.day} {day.state:<10} NAV {day.nav / 1e6:6.2f}m")

        story.run(on_day)


def _aftermath(story: Story, terms: Terms, clock: Clock, console: Console) -> Outcome:
    world, keepers = story.world, story.keepers
    with console.status("Checking that nothing was done twice or missed"), clock.part("verify"):
        transactions = read_transactions(world)
        prefix = rebalance_key(str(world.protocol.portfolio.address), 0).removesuffix("0")
        decided = {
            int(decision.key.removeprefix(prefix))
            for decision in keepers.decisions("rebalance")
            if decision.key.startswith(prefix)
        }
        closes = [close_time(day.day) for day in story.days]
        once = verify_once(world, transactions, closes, decided)
        reported = read_reported(world)
        executed = executed_rebalances(
            world.protocol.contract("AutoRebalancer"), world.chain.w3, int(transactions[-1]["blockNumber"], 16)
        )
        staleness = measure_staleness(executed, story.closes)
    with console.status("A thief has every keeper key"), clock.part("attacks"):
        thief = Thief(world, story.prices())
        attacks = thief.run()
        left, late, turned_away = leave_after_shutdown(world, thief)
        gas = gas_by_kind(read_transactions(world))
    return Outcome(
        story=story,
        terms=terms,
        attacks=[*attacks, late] if late not in attacks else attacks,
        refusals=[*story.refusals, *turned_away],
        exit=left,
        once=once,
        reported=reported,
        staleness=staleness,
        gas=gas,
        decisions={bot: dict(counts) for bot, counts in keepers.outcomes().items()},
        seconds=clock.all(),
    )
