"""The services that every bot needs, opened and checked from a config."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from keepers import abi
from keepers.config import Config
from keepers.contracts.deployment import Deployment, PortfolioRecord
from keepers.contracts.deployment import load as load_deployment
from keepers.contracts.messages import SignedMessage
from keepers.contracts.reader import Reader
from keepers.rpc.heads import HeadStream
from keepers.rpc.node import Block, Node, connect
from keepers.runtime.decision_log import DecisionLog
from keepers.runtime.invocation import Invocation
from keepers.runtime.leadership import Leadership
from keepers.runtime.runtime import Bot, Policy, Runtime, Step
from keepers.signers.keyring import open_key, open_keys
from keepers.signers.signing import Signer, sign_quorum
from keepers.store import Cursor, Store, StoreError
from keepers.transactions.routes import PrivateRoute, Relay
from keepers.transactions.sender import GWEI, Receipt, Sender, SendPolicy


@dataclass
class BotServices(DecisionLog):
    """The services of a bot that a config describes.

    Attributes:
        config: Config of the keeper.
        deployment: Deployment that the config names.
        leadership: Leadership of this replica.
        stop: Set when the bot is asked to end.
    """

    config: Config
    deployment: Deployment
    leadership: Leadership
    stop: threading.Event


@dataclass
class PortfolioServices(BotServices):
    """The services of a bot that looks after a portfolio.

    Attributes:
        reader, signers: Reader of the chain, and the keys that sign.
        record: The portfolio in the deployment.
    """

    reader: Reader
    signers: tuple[Signer, ...]
    record: PortfolioRecord

    def send_signed(
        self, invocation: Invocation, key: str, call: tuple[str, str], message: SignedMessage, *arguments: Any
    ) -> Receipt:
        """Has every key sign a message, and sends the call that carries message and signatures.

        Args:
            invocation: Call of the handler that sends.
            key: Purpose of the transaction.
            call: Names of the contract that the message is for, and of its function.
            message: Message that the quorum signs, the function's first argument.
            arguments: Arguments between the message and the signatures, which are the last.

        Raises:
            Reverted: If the simulation reverts; nothing was sent then.
        """
        contract, function = call
        address = self.deployment.address(contract)
        signatures = sign_quorum(message.message(self.node.chain_id, address), self.signers)
        data = abi.function(contract, function).encode(message.as_tuple(), *arguments, signatures)
        return self.send(invocation, key, address, data)


def open_portfolio_services(
    config: Config, bot: str, log: Any, stop: threading.Event, keys: tuple[Signer, ...] | None = None
) -> PortfolioServices:
    """`open_bot_services` of a portfolio.

    Raises:
        KeeperError: One line saying what is wrong.
    """
    record = load_deployment(config.at(config.deployment)).portfolio(config.portfolio)
    opened = keys or open_keys(config, (config.keys.sender, *config.keys.signers))
    services = open_bot_services(config, bot, log, stop, opened[0])
    parts = {part.name: getattr(services, part.name) for part in fields(BotServices)}
    return PortfolioServices(
        **parts, reader=Reader(services.node, services.deployment), signers=opened[1:], record=record
    )


def open_bot_services(
    config: Config, bot: str, log: Any, stop: threading.Event, key: Signer | None = None
) -> BotServices:
    """Connects, loads, checks and unlocks.

    Args:
        config: Config of the keeper.
        bot: Name in the store.
        log: structlog logger.
        stop: Set when the bot is asked to end.
        key: The sender's key, if it is open already.

    Raises:
        KeeperError: One line saying what is wrong.
    """
    deployment = load_deployment(config.at(config.deployment))
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    deployment.verify(node)
    node.report_to(log.warning)
    store = Store.open(config.store_url)
    require_same_chain(store, node)
    leadership = Leadership(store, bot, config.lease_seconds)
    account = key or open_key(config, config.keys.sender)
    journal = store.journal(bot, lambda: leadership.lease)
    private = private_route(config, account)
    sender = Sender(node, account, send_policy(config), journal, stop.is_set, private, log.info)
    return BotServices(
        bot=bot,
        node=node,
        store=store,
        sender=sender,
        log=log,
        config=config,
        deployment=deployment,
        leadership=leadership,
        stop=stop,
    )


def open_runtime(bot: Bot, services: BotServices, beat: Callable[[Step], None] = lambda _: None) -> Runtime:
    """Returns the runtime of a bot, as its config describes it."""
    config = services.config
    policy = Policy(
        poll_seconds=config.poll_seconds,
        max_failures=config.max_failures,
        confirmations=config.confirmations,
        finality=config.finality_blocks,
        page=config.max_log_range,
    )
    wake = threading.Event()
    heads = HeadStream(config.ws_urls, wake, services.log) if config.ws_urls else None
    return Runtime(bot, services, policy, services.stop, services.leadership, heads, wake, beat)


def send_policy(config: Config) -> SendPolicy:
    """How to send, from a config."""
    limit = config.max_spend_eth_per_day
    return SendPolicy(
        max_fee=int(config.max_fee_gwei * GWEI),
        daily_limit=None if limit is None else int(limit * 10**18),
        confirmations=config.confirmations,
        finality=config.finality_blocks,
        poll_seconds=min(config.poll_seconds, 1.0),
        replace_after=config.replace_after_seconds,
        receipt_timeout=config.receipt_timeout_seconds,
    )


def private_route(config: Config, sender: Signer) -> PrivateRoute | None:
    """The relay of a config, if it names one."""
    wanted = config.private_relay
    if wanted is None:
        return None
    identity = sender if wanted.identity is None else open_key(config, wanted.identity)
    return PrivateRoute(Relay(wanted.url, wanted.kind, wanted.blocks, wanted.fallback), identity)


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
