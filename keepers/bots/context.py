"""What every bot needs, opened and checked from a config."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from keepers.chain.deployment import Deployment, PortfolioRecord
from keepers.chain.deployment import load as load_deployment
from keepers.chain.keys import (
    Passphrase,
    open_ape_account,
    open_keystore,
    passphrase_from_descriptor,
    passphrase_from_file,
    passphrase_from_prompt,
)
from keepers.chain.node import Block, Node, connect
from keepers.chain.sender import GWEI, Receipt, Sender, SendPolicy
from keepers.chain.signing import Signer
from keepers.chain.state import Reader
from keepers.config import Config, Key
from keepers.store import Cursor, Decision, Store, StoreError

if TYPE_CHECKING:
    from datetime import date

CLOSE = time(21, 0, tzinfo=UTC)
"""When a trading day's close is known: 16:00 in New York in winter, an hour late in summer."""


@dataclass
class Context:
    """A bot's world.

    Attributes:
        bot: Name in the store.
        config: As read.
        node, deployment, reader, store, sender, signers: Open.
        record: The portfolio.
        log: structlog logger.
        stop: Set when the bot is asked to end.
    """

    bot: str
    config: Config
    node: Node
    deployment: Deployment
    reader: Reader
    store: Store
    sender: Sender
    signers: tuple[Signer, ...]
    record: PortfolioRecord
    log: Any
    stop: threading.Event

    def decide(self, key: str, block: Block, outcome: str, reason: str, receipt: Receipt | None = None) -> None:
        """Records a decision with the cursor and says so in one log line."""
        tx_hash = receipt.tx_hash if receipt else None
        decision = Decision(self.bot, key, block.number, outcome, reason, tx_hash, block.timestamp)
        self.store.decide(decision, cursor_at(self.bot, block))
        details: dict[str, Any] = {"tx_hash": tx_hash, "gas": receipt.gas_used} if receipt else {}
        self.log.info("decision", key=key, outcome=outcome, reason=reason, block=block.number, **details)

    def send(self, key: str, to: str, data: bytes, block: Block, reason: str) -> Receipt:
        """Sends and records what became of it.

        Raises:
            Reverted: If the simulation reverts; nothing is recorded then.
        """
        receipt = self.sender.send(key, to, data)
        self.conclude(key, receipt, block, reason)
        return receipt

    def conclude(self, key: str, receipt: Receipt, block: Block, reason: str) -> None:
        """Records the outcome of a mined transaction."""
        if receipt.ok:
            self.decide(key, block, "done", reason, receipt)
        else:
            self.decide(key, block, "failed", receipt.reason, receipt)

    def settle(self, block: Block) -> None:
        """Finishes what an earlier run signed."""
        for key, receipt in self.sender.settle():
            if receipt is None:
                self.store.forget(self.bot, key)
                self.log.warning("displaced", key=key, reason="another transaction took its nonce")
            else:
                self.conclude(key, receipt, block, "finished after a restart")


def open_context(config: Config, bot: str, log: Any, stop: threading.Event) -> Context:
    """Connects, loads, checks and unlocks.

    Raises:
        KeeperError: One line saying what is wrong.
    """
    deployment = load_deployment(config.at(config.deployment))
    record = deployment.portfolio(config.portfolio)
    node = connect(config.rpc_url, config.chain_id)
    deployment.verify(node)
    store = Store.open(config.store_url)
    require_same_chain(store, node)
    signers = open_keys(config, (config.keys.sender, *config.keys.signers))
    policy = SendPolicy(
        max_fee=int(config.max_fee_gwei * GWEI),
        poll_seconds=min(config.poll_seconds, 1.0),
        replace_after=config.replace_after_seconds,
        receipt_timeout=config.receipt_timeout_seconds,
    )
    sender = Sender(node, signers[0], policy, store.journal(bot), stop.is_set)
    reader = Reader(node, deployment)
    return Context(bot, config, node, deployment, reader, store, sender, signers[1:], record, log, stop)


def open_keys(config: Config, keys: tuple[Key, ...]) -> tuple[Signer, ...]:
    """Unlocks keys, side by side where nobody is asked: decryption is slow on purpose."""
    if all(key.keystore and key.passphrase_file for key in keys):
        with ThreadPoolExecutor(len(keys)) as pool:
            return tuple(pool.map(lambda key: _open_key(config, key), keys))
    return tuple(_open_key(config, key) for key in keys)


def require_same_chain(store: Store, node: Node) -> None:
    """Refuses a store that remembers another chain with the same id, such as a local one started again.

    Raises:
        StoreError: If so.
    """
    name = f"genesis:{node.chain_id}"
    genesis, known = node.block(0), store.cursor(name)
    if genesis is None:
        return
    if known is None:
        store.advance(cursor_at(name, genesis))
    elif known.block_hash != genesis.hash:
        reason = f"remembers another chain with id {node.chain_id}"
        raise StoreError("store", reason, "give this chain a store of its own")


def cursor_at(name: str, block: Block) -> Cursor:
    """A cursor at a block."""
    return Cursor(name, block.number, block.hash, block.timestamp)


def close_of(day: date) -> int:
    """Unix seconds at which the close of a day is known."""
    return int(datetime.combine(day, CLOSE).timestamp())


def last_closed_day(timestamp: int) -> date:
    """The newest day whose close is known at a time in unix seconds."""
    moment = datetime.fromtimestamp(timestamp, UTC)
    today = moment.date()
    return today if close_of(today) <= timestamp else today - timedelta(days=1)


def _open_key(config: Config, key: Key) -> Signer:
    if key.ape_account is not None:
        return open_ape_account(key.ape_account, _passphrase(config, key))
    assert key.keystore is not None  # the config sees to it
    return open_keystore(config.at(key.keystore), _passphrase(config, key))


def _passphrase(config: Config, key: Key) -> Passphrase:
    if key.passphrase_file is not None:
        return passphrase_from_file(config.at(key.passphrase_file))
    if key.passphrase_fd is not None:
        return passphrase_from_descriptor(key.passphrase_fd)
    return passphrase_from_prompt
