"""Runs bots step by step on a test chain."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from keepers.bots.context import Context, open_context, open_runtime
from keepers.bots.names import rebalance_bot, risk_bot
from keepers.bots.rebalance import RebalanceBot
from keepers.bots.risk import RiskBot
from keepers.bots.runtime import Runtime
from keepers.config import load_config
from tests.fixtures.node import SYMBOLS, World


@dataclass
class Running:
    """A bot, its loop and what it logged."""

    bot: Any
    context: Context
    loop: Runtime
    output: io.StringIO

    def step(self, times: int = 3) -> None:
        """Polls; three times lets it see what its own transactions did."""
        for _ in range(times):
            self.loop.step()


def start(kind: str, config_path: Path) -> Running:
    """What `quantera run` starts, without its loop running."""
    name = {"risk": risk_bot, "rebalance": rebalance_bot}[kind]("demo")
    output = io.StringIO()
    log = structlog.wrap_logger(
        structlog.WriteLogger(output), processors=[structlog.processors.JSONRenderer()], bot=name
    )
    stop = threading.Event()
    context = open_context(load_config(config_path), name, log, stop)
    bot: Any = RiskBot(context) if kind == "risk" else RebalanceBot(context)
    return Running(bot, context, open_runtime(bot, context), output)


@contextmanager
def started(kind: str, config_path: Path) -> Iterator[Running]:
    """As `start`; closes the store afterwards."""
    running = start(kind, config_path)
    try:
        yield running
    finally:
        running.context.leadership.resign()
        running.context.store.close()


def ready(world: World, dollars: int = 100_000, days: int = 201, shocks: int = 0) -> Path:
    """A portfolio with cash, a day open, prices on file; returns the config."""
    world.deposit(dollars)
    world.write_prices(days, shocks=shocks)
    world.open_day(days - 1)
    return world.write_config()


def later(world: World, seconds: int) -> None:
    """A block so much later."""
    world.advance_to(world.w3.eth.get_block("latest")["timestamp"] + seconds)
    world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]


def posted(world: World) -> int:
    """Nonce of the chain's model."""
    return int(world.contract("CovarianceModels").functions.modelOf(world.universe).call()[4])


def reported(world: World) -> int:
    """Nonce of the portfolio's last risk report."""
    return int(world.contract("RiskReports").functions.latestOf(world.portfolio.address).call())


def depths(world: World) -> list[int]:
    """Nonces of the assets' last depth reports."""
    book = world.contract("LiquidityBook").functions
    return [int(book.reportOf(world.universe, world.tokens[symbol].address).call()[2]) for symbol in SYMBOLS]


def rebalanced(world: World) -> int:
    """Rebalances that the chain has seen."""
    return len(world.contract("AutoRebalancer").events.Rebalanced().get_logs(from_block=0))


def state_of(world: World) -> int:
    """IRiskEngine.State of the portfolio."""
    return int(world.contract("RiskEngine").functions.stateOf(world.portfolio.address).call())


def sent(world: World, running: Running) -> int:
    """Transactions that the bot's account has had mined."""
    return int(world.w3.eth.get_transaction_count(running.context.sender.address))  # type: ignore[arg-type]
