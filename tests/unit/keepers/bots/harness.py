"""Runs bots step by step on a test chain."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
import yaml
from click.testing import CliRunner

from keepers.bots.claims import ClaimsBot
from keepers.bots.execution import ExecutionBot
from keepers.bots.kyc import KycBot
from keepers.bots.names import WITHOUT_PORTFOLIO, bot_name
from keepers.bots.rebalance import RebalanceBot
from keepers.bots.risk import RiskBot
from keepers.bots.sanctions import SanctionsBot
from keepers.bots.training import TrainingBot
from keepers.cli import main
from keepers.config import load_config
from keepers.runtime.runtime import Runtime
from keepers.runtime.services import BotServices, open_bot_services, open_portfolio_services, open_runtime
from tests.fixtures.node import SYMBOLS, World
from tests.fixtures.officers import Bureau
from tests.unit.keepers.compliance.lists.reading import DATA, OFAC_FILES


@dataclass
class Running:
    """A bot, its loop and what it logged."""

    bot: Any
    services: Any
    loop: Runtime
    output: io.StringIO

    def step(self, times: int = 3) -> None:
        """Polls; three times lets it see what its own transactions did."""
        for _ in range(times):
            self.loop.step()


def start(kind: str, config_path: Path) -> Running:
    """The bot that `quantera run` starts, without its loop running."""
    config = load_config(config_path)
    name = bot_name(config, kind)
    output = io.StringIO()
    log = structlog.wrap_logger(
        structlog.WriteLogger(output), processors=[structlog.processors.JSONRenderer()], bot=name
    )
    stop = threading.Event()
    services: BotServices
    bot: Any
    if kind in WITHOUT_PORTFOLIO:
        services = open_bot_services(config, name, log, stop)
        kinds = {
            "claims": ClaimsBot,
            "sanctions": SanctionsBot,
            "kyc": KycBot,
            "execution": ExecutionBot,
            "training": TrainingBot,
        }
        bot = kinds[kind](services)
    else:
        services = open_portfolio_services(config, name, log, stop)
        bot = RiskBot(services) if kind == "risk" else RebalanceBot(services)
    return Running(bot, services, open_runtime(bot, services), output)


@contextmanager
def started(kind: str, config_path: Path) -> Iterator[Running]:
    """Runs `start` and closes the store afterwards. The bot's log is shown where a test fails."""
    running = start(kind, config_path)
    try:
        yield running
    finally:
        print(running.output.getvalue())
        running.services.leadership.resign()
        running.services.store.close()


def ready(world: World, dollars: int = 100_000, days: int = 201, shocks: int = 0) -> Path:
    """A portfolio with cash, a day open, prices on file; returns the config."""
    world.deposit(dollars)
    world.write_prices(days, shocks=shocks)
    world.open_day(days - 1)
    return world.write_config()


def claims_config(world: World, **claims: Any) -> Path:
    """Returns the config of a bot that looks after claims and has no portfolio."""
    path = world.write_config(claims={"enabled": True, **claims})
    raw = yaml.safe_load(path.read_text())
    del raw["portfolio"], raw["prices"], raw["keys"]["signers"]
    path.write_text(yaml.safe_dump(raw))
    return path


def sanctions_config(bureau: Bureau, **sanctions: Any) -> Path:
    """Returns the config of a bot that works on the officer's database and has no portfolio."""
    written = yaml.safe_load(bureau.config.read_text())
    path = bureau.world.folder / "sanctions.yaml"
    path.write_text(yaml.safe_dump({**written, "sanctions": {"enabled": True, **sanctions}, "lease_seconds": 3600}))
    return path


def listed_accounts(bureau: Bureau) -> str:
    """Accepts OFAC's four test files, which name three accounts; returns the hash of their source."""
    files = [str(DATA / name) for name in OFAC_FILES]
    given = (*files, "--format", "ofac-csv", "--published", "2026-09-23", "--json", "--config", str(bureau.config))
    result = CliRunner(mix_stderr=False).invoke(main, ["compliance", "lists", "import", *given])
    assert result.exit_code == 0, result.stderr
    return str(json.loads(result.stdout)["source_hash"])


def refreshes(bot: Running) -> list[tuple[str, str]]:
    """Outcome and reason of each, oldest first."""
    store, name = bot.services.store, bot.bot.name
    found = [store.decision(name, key) for key in store.keys(name, "refresh:")]
    return [(decision.outcome, decision.reason) for decision in found]


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
    book = world.contract("MarketDepthRegistry").functions
    return [int(book.reportOf(world.universe, world.tokens[symbol].address).call()[2]) for symbol in SYMBOLS]


def rebalanced(world: World) -> int:
    """Rebalances that the chain has seen."""
    return len(world.contract("AutoRebalancer").events.Rebalanced().get_logs(from_block=0))


def state_of(world: World) -> int:
    """IRiskEngine.State of the portfolio."""
    return int(world.contract("RiskEngine").functions.stateOf(world.portfolio.address).call())


def sent(world: World, running: Running) -> int:
    """Transactions that the bot's account has had mined."""
    return int(world.w3.eth.get_transaction_count(running.services.sender.address))  # type: ignore[arg-type]
