"""One transaction of a keeper, told: what it did, why, from what, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keepers.bots.names import bot_name
from keepers.bots.rehearsal import described
from keepers.config import Config
from keepers.contracts.deployment import Deployment
from keepers.contracts.deployment import load as load_deployment
from keepers.contracts.messages import model_id
from keepers.contracts.reader import Reader
from keepers.errors import KeeperError
from keepers.portfolio.state import WAD, PortfolioState
from keepers.rebalancing.orders import orders_of
from keepers.rpc.errors import ChainError
from keepers.rpc.node import Node, connect
from keepers.store import Store


class CannotExplain(KeeperError):
    """A transaction of which nothing is known."""


@dataclass(frozen=True)
class Found:
    """A transaction as the node has it.

    Attributes:
        raw, receipt: Answers of the node; the receipt is None before the transaction is mined.
        told: Contract, function and arguments, as far as they are known.
    """

    raw: dict[str, Any]
    receipt: dict[str, Any] | None
    told: dict[str, Any]

    @property
    def block(self) -> int | None:
        """Height; None while it is not mined."""
        return None if self.receipt is None else int(self.receipt["blockNumber"], 16)


def explain(config: Config, tx_hash: str) -> list[str]:
    """Renders for a terminal the call, the decision behind it, and a rebalance's inputs, signal and orders.

    Raises:
        CannotExplain: If it is no hash, or of no transaction.
        KeeperError: If node or store cannot be read.
    """
    deployment = load_deployment(config.at(config.deployment))
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    found = find(node, deployment, tx_hash)
    lines = [*_call(found, tx_hash), *_decision(config, tx_hash.lower())]
    if found.told.get("contract") == "AutoRebalancer" and "signal" in found.told.get("arguments", {}):
        lines += _rebalance(config, deployment, node, found)
    return lines


def find(node: Node, deployment: Deployment, tx_hash: str) -> Found:
    """A transaction as the node has it.

    Raises:
        CannotExplain: If it is no hash, or of no transaction.
    """
    if not re.fullmatch(r"0x[0-9a-fA-F]{64}", tx_hash):
        raise CannotExplain(tx_hash, "no transaction hash", "give 0x and 64 hexadecimal digits")
    tx_hash = tx_hash.lower()
    raw = node.rpc("eth_getTransactionByHash", [tx_hash])
    if raw is None:
        raise CannotExplain(tx_hash, f"unknown to {node.url}", "check the hash and the network")
    data = bytes.fromhex(raw["input"][2:])
    return Found(raw, node.receipt(tx_hash), described(deployment, raw["to"], data) if raw["to"] else {})


def _call(found: Found, tx_hash: str) -> Iterator[str]:
    told, raw, receipt = found.told, found.raw, found.receipt
    what = f"{told['contract']}.{told['function']}" if "function" in told else f"a call of {raw['to']}"
    yield f"transaction {tx_hash}"
    yield f"call        {what}, from {raw['from']}, nonce {int(raw['nonce'], 16)}"
    if receipt is None:
        yield "outcome     not mined yet"
        return
    gas, price = int(receipt["gasUsed"], 16), int(receipt["effectiveGasPrice"], 16)
    outcome = "done" if int(receipt["status"], 16) else "reverted"
    yield f"outcome     {outcome} in block {found.block}, {gas:,} gas, {gas * price / 10**18:.6f} ether"


def _decision(config: Config, tx_hash: str) -> Iterator[str]:
    with closing(Store.open(config.store_url)) as store:
        decision = store.decision_of(tx_hash)
    if decision is None:
        known = ", ".join(bot_name(config, kind) for kind in config.kinds)
        yield f"decision    none of {known} in this store"
        return
    yield f"decision    {decision.bot}: {decision.outcome}, from block {decision.block}, trace {decision.trace}"
    yield f"reason      {decision.reason}"


def _rebalance(config: Config, deployment: Deployment, node: Node, found: Found) -> Iterator[str]:
    signal = found.told["arguments"]["signal"]
    wanted = f"0x{model_id(config.rebalance.model).hex()}"
    name = config.rebalance.model if signal["modelId"] == wanted else signal["modelId"]
    until = datetime.fromtimestamp(signal["validUntil"], UTC).strftime("%Y-%m-%d %H:%M UTC")
    most = f"{signal['maxTurnoverBps'] / 100:.2f}%"
    yield f"model       {name}; signal {signal['nonce']}, good until {until}, turnover at most {most}"
    yield f"inputs      keccak256 {signal['inputHash']}"
    if found.block is None:
        return
    try:
        before = Reader(node, deployment).portfolio(config.portfolio, found.block - 1)
    except ChainError as error:
        yield f"before      the node no longer has block {found.block - 1}: {error.reason}"
        return
    yield f"before      NAV {before.nav / WAD:,.2f} USD, state {before.risk.state}"
    symbols = [deployment.symbol_of(asset) for asset in before.assets]
    yield from _targets(before, symbols, signal["targets"])
    yield from _orders(before, symbols, found.told["arguments"]["orders"])


def _targets(before: PortfolioState, symbols: list[str], targets: list[int]) -> Iterator[str]:
    nav = before.nav or 1
    for symbol, value, target in zip(symbols, before.values, targets, strict=True):
        yield f"  {symbol:<8}{value / nav:>8.2%} to {target / WAD:.2%}"


def _orders(before: PortfolioState, symbols: list[str], words: list[int]) -> Iterator[str]:
    yield "orders"
    named = dict(zip(before.assets, symbols, strict=True))
    units = dict(zip(before.assets, before.decimals, strict=True))
    for order in orders_of(words, before.assets):
        sold = f"{order.amount_in / 10 ** units[order.token_in]:,.6g} {named[order.token_in]}"
        least = f"{order.min_amount_out / 10 ** units[order.token_out]:,.6g} {named[order.token_out]}"
        pools = "; ".join(" then ".join(pool for pool, _ in hops) for _, hops in order.paths)
        yield f"  sell {sold} for at least {least}, over {pools}"
