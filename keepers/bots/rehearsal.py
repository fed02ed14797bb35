"""Bots that look once, and bots that only say what they would do: all is decided and simulated, nothing sent."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from keepers import abi
from keepers.bots.launch import open_services, opened_bot
from keepers.bots.names import bot_name
from keepers.config import Config
from keepers.contracts.deployment import Deployment
from keepers.errors import Waiting
from keepers.runtime.logging import configure
from keepers.runtime.services import BotServices, open_runtime, send_policy
from keepers.signers.keyring import open_keys
from keepers.store import Store
from keepers.store.backup import backup
from keepers.store.leases import release_all
from keepers.transactions.sender import Receipt, Sender, Settled


class NotSent(Waiting):
    """Would have been sent."""


class Rehearsal(Sender):
    """Simulates, tells, and sends nothing; of what was sent before it knows nothing.

    Args:
        services: Whose sender it stands in for.
    """

    rehearses = True

    def __init__(self, services: BotServices) -> None:
        signer, journal = services.sender.signer, services.store.journal(services.bot)
        super().__init__(services.node, signer, send_policy(services.config), journal, services.stop.is_set)
        self._services = services

    def send(self, key: str, to: str, data: bytes, source: int = 0, trace: str = "", value: int = 0) -> Receipt:
        """Does what `Sender.send` does up to the signature.

        Raises:
            Reverted: If the simulation reverts.
            NotSent: Always, otherwise.
        """
        self.simulate(to, data, value)
        told = described(self._services.deployment, to, data)
        self._services.log.info("would send", key=key, to=to, value=value, **told)
        raise NotSent(key, "simulated and not sent", "run without --dry-run")

    def settle(self) -> Iterator[Settled]:
        """Yields nothing."""
        return iter(())


def described(deployment: Deployment, to: str, data: bytes) -> dict[str, Any]:
    """Contract, function and arguments of a call, as far as the deployment knows them."""
    name = next((name for name, item in deployment.contracts.items() if item.address.lower() == to.lower()), None)
    if name is None:
        return {"data": f"0x{data.hex()}"}
    try:
        function, arguments = abi.describe(name, data)
    except (KeyError, FileNotFoundError):
        return {"contract": name, "data": f"0x{data.hex()}"}
    return {"contract": name, "function": function, "arguments": arguments}


def look_once(config: Config, kinds: tuple[str, ...], *, dry_run: bool) -> None:
    """One look at the chain by each bot.

    Args:
        config: Config of the keeper.
        kinds: Some of `KINDS`.
        dry_run: True if nothing may be sent or remembered.

    Raises:
        KeeperError: If a bot fails.
    """
    with ExitStack() as stack:
        log = configure(config.log)
        keys = open_keys(config, (config.keys.sender, *config.keys.signers))
        quiet = config.model_copy(update={"ws_urls": ()})
        used = stack.enter_context(_copied(quiet)) if dry_run else quiet
        for kind in kinds:
            name = bot_name(used, kind)
            services = open_services(used, kind, keys, log.bind(bot=name), threading.Event())
            with closing(services.store):
                if dry_run:
                    services.sender = Rehearsal(services)
                try:
                    with opened_bot(kind, services) as bot:
                        runtime = open_runtime(bot, services)
                        runtime.step()
                        while kind == "training" and bot.busy:
                            services.stop.wait(used.poll_seconds)
                            runtime.step()
                finally:
                    services.leadership.resign()


@contextmanager
def _copied(config: Config) -> Iterator[Config]:
    """The config with a copy of its store, of which nobody holds a lease."""
    with tempfile.TemporaryDirectory(prefix="quantera-") as folder:
        path = Path(folder) / "keeper.sqlite"
        with closing(Store.open(config.store_url)) as store:
            backup(store, path)
        with closing(Store.open(f"sqlite:///{path}")) as copy, copy.transaction() as connection:
            release_all(connection)
        yield config.model_copy(update={"store": f"sqlite:///{path}"})
