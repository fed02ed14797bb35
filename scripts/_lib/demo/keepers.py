"""The two keepers, as separate processes, started as a user would start them; killed as no user would."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from keepers.bots.names import rebalance_bot, rebalance_key, risk_bot
from keepers.contracts.deployment import load
from keepers.contracts.reader import Reader
from keepers.store import Decision, Store
from scripts._lib.demo import processes
from scripts._lib.demo.accounts import Accounts, Keyring
from scripts._lib.demo.data import MARKET
from scripts._lib.demo.errors import DemoError
from scripts._lib.demo.protocol import HEARTBEAT, MODEL, PORTFOLIO, REBALANCE, UNIVERSE, Protocol

BOTS = ("risk", "rebalance")
POLL_SECONDS = 0.01
WAIT_SECONDS = 90.0
LEASE_SECONDS = 1
"""A keeper that is killed holds its lease for so long; the one that follows waits."""
REPORT_PATHS = 10_000
"""Simulated for a report: enough to show, and quick."""
DEPTH_HOURS = 240
"""The most that the chain takes: pools are refilled every day."""


@dataclass
class Keepers:
    """Both bots.

    Attributes:
        folder: Folder of configs, logs and the database.
        restarts: How often both were killed and started again.
    """

    folder: Path
    protocol: Protocol
    store: Store
    restarts: int = 0
    _reader: Reader = field(init=False)
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._reader = Reader(self.protocol.chain.node, load(self.protocol.record_path))

    def start(self) -> None:
        """`quantera run risk` and `quantera run rebalance`."""
        program = str(Path(sys.executable).with_name("quantera"))
        for bot in BOTS:
            command = [program, "run", bot, "--config", str(self._path(f"{bot}.yaml"))]
            # Two keepers share the processors with a node: threads that wait for each other would take them from all.
            env = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
            self._processes[bot] = processes.spawn(command, self._path(f"{bot}.log"), env=env)

    def kill_and_restart(self) -> None:
        """SIGKILL to both, wherever they are in their work, and a new start."""
        for process in self._processes.values():
            processes.kill(process)
        self.restarts += 1
        self.start()

    def stop(self) -> None:
        """A clean end."""
        for process in self._processes.values():
            processes.stop(process)
        self._processes.clear()

    def wait_for_day(self, as_of: int) -> Decision:
        """Waits until the model of a close stands on chain, the rebalance bot has decided under it, and both have
        seen the newest block.

        Args:
            as_of: Unix seconds of the close.

        Returns:
            The decision of the rebalance bot.

        Raises:
            DemoError: If a bot dies or they do not come to rest.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            decision = self._decided(as_of)
            if decision is not None and self._at_rest():
                return decision
            self._require_alive()
            time.sleep(POLL_SECONDS)
        raise DemoError(f"the keepers did not come to rest in {WAIT_SECONDS:.0f} s; see {self.folder}/*.log")

    def outcomes(self) -> dict[str, Counter[str]]:
        """How many decisions of each outcome each bot recorded."""
        return {name: Counter(decision.outcome for decision in self.decisions(name)) for name in BOTS}

    def decisions(self, bot: str) -> list[Decision]:
        """All decisions of a bot, newest first."""
        name = risk_bot(PORTFOLIO) if bot == "risk" else rebalance_bot(PORTFOLIO)
        return self.store.decisions(name, limit=1_000_000)

    def _decided(self, as_of: int) -> Decision | None:
        universe = bytes.fromhex(self.protocol.record.universes[UNIVERSE]["id"][2:])
        # Asked over and over, on processors that the keepers need: it costs a fifth of what a contract of web3 does.
        model = self._reader.model(universe)
        if model.as_of < as_of:
            return None
        key = rebalance_key(str(self.protocol.portfolio.address), model.nonce)
        return self.store.decision(rebalance_bot(PORTFOLIO), key)

    def _at_rest(self) -> bool:
        newest = self.protocol.chain.node.latest().number
        cursors = (self.store.cursor(name) for name in (risk_bot(PORTFOLIO), rebalance_bot(PORTFOLIO)))
        return all(cursor is not None and cursor.block_number >= newest for cursor in cursors)

    def _require_alive(self) -> None:
        for bot, process in self._processes.items():
            if process.poll() is not None:
                raise DemoError(f"the {bot} bot ended with {process.returncode}; see {self._path(f'{bot}.log')}")

    def _path(self, name: str) -> Path:
        return self.folder / name


def prepare_keepers(folder: Path, protocol: Protocol, accounts: Accounts, history: Path, selector: Path) -> Keepers:
    """Writes each bot's keeper.yaml; both share one database, and the rebalance bot follows the selector's file."""
    folder.mkdir(parents=True, exist_ok=True)
    for bot, keyring in zip(BOTS, (accounts.risk, accounts.rebalance), strict=True):
        text = yaml.safe_dump(_config(protocol, keyring, history, selector), sort_keys=False)
        (folder / f"{bot}.yaml").write_text(text, encoding="utf-8")
    return Keepers(folder, protocol, Store.open(f"sqlite:///{folder / 'keepers.sqlite'}"))


def _config(protocol: Protocol, keyring: Keyring, history: Path, selector: Path) -> dict[str, Any]:
    def key(name: str) -> dict[str, str]:
        return {"keystore": str(keyring.path(name)), "passphrase_file": str(keyring.passphrase)}

    return {
        "rpc_url": protocol.chain.url,
        "chain_id": protocol.record.chain_id,
        "deployment": str(protocol.record_path),
        "store": "sqlite:///keepers.sqlite",
        "portfolio": PORTFOLIO,
        "prices": {"path": str(history)},
        # Two of three sign; the third key lies in a drawer.
        "keys": {"sender": key(keyring.sender), "signers": [key(name) for name in keyring.signers[:2]]},
        "risk": {
            "model_lifetime_hours": 120,
            "reports": {"paths": REPORT_PATHS, "lifetime_hours": HEARTBEAT / 3600},
            "depth": {"lifetime_hours": DEPTH_HOURS},
        },
        "rebalance": {
            "model": MODEL,
            "regime": {"enabled": True, "file": str(selector), "market": MARKET},
            **REBALANCE,
        },
        "poll_seconds": POLL_SECONDS,
        "lease_seconds": LEASE_SECONDS,
    }
