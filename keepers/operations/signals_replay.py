"""A rebalance on chain made again: closes, forecast, weights and `inputHash`, each beside what was signed.

The portfolio is read at the block that the signal was made at, so the node has to keep old states. A rebalance before
which the breaker was tripped was intended at an earlier block than it was built at, and does not agree.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any

from keepers.bots.names import rebalance_bot, rebalance_prefix
from keepers.bots.signals import observed, open_regime_model, read_model
from keepers.config import Config
from keepers.contracts.deployment import Deployment
from keepers.contracts.deployment import load as load_deployment
from keepers.contracts.messages import model_id
from keepers.contracts.price_sources import open_prices
from keepers.contracts.reader import Reader
from keepers.errors import KeeperError
from keepers.market.close_time import last_closed_day
from keepers.operations.explain import CannotExplain, find
from keepers.portfolio.state import WAD, PortfolioState
from keepers.rebalancing.advice import signal_of
from keepers.rebalancing.decision import SCALES, intend
from keepers.rebalancing.proposal import Intent, build, inputs_of
from keepers.rpc.errors import ChainError
from keepers.rpc.node import Block, Node, connect
from keepers.signals.regimes.forecast import RegimeModel
from keepers.signals.signal import Advice, Fallback
from keepers.store import Decision, Store
from keepers.store.forecasts import forecasts

_LOOK_BACK = 256
"""Blocks before a transaction in which the block of its signal is looked for."""


@dataclass(frozen=True)
class Replay:
    """A rebalance and what making it again gave.

    Attributes:
        tx_hash: Hash of the transaction.
        block: Height that the signal was made at.
        model: Name of the model that signed; its id where the config names no such model.
        reason: Reason of the decision, made again.
        advised: Hash of the model's own inputs, made again, 0x-prefixed.
        input_hash: Signed hash and the one made again, 0x-prefixed.
        targets: Symbol, signed weight and weight made again; None where no weights were found again.
        differences: What does not agree, each in a sentence; empty where everything does.
    """

    tx_hash: str
    block: int
    model: str
    reason: str
    advised: str
    input_hash: tuple[str, str]
    targets: tuple[tuple[str, float, float | None], ...]
    differences: tuple[str, ...]


def replay(config: Config, tx_hash: str) -> Replay:
    """Makes a rebalance again from closes, model file, chain and store.

    Args:
        config: Config of the keeper that decided.
        tx_hash: Hash of the rebalance's transaction.

    Raises:
        CannotExplain: If it is no mined rebalance of the config's portfolio by one of its models.
        KeeperError: If closes, the model's file, the node or the store cannot be read.
    """
    deployment = load_deployment(config.at(config.deployment))
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    signal, block, state = _signed(config, deployment, node, tx_hash)
    name = _name(config, signal["modelId"])
    advice = _advice(config, deployment, node, state, block, name)
    decided, last = _decisions(config, state.address, tx_hash, block)
    intent = intend(state, config.rebalance, block.timestamp, last, advice)
    made = "0x" + inputs_of(state, intent, advice.inputs_hash).hex()
    targets = _targets(config, deployment, node, state, intent, signal["targets"])
    symbols = [deployment.symbol_of(asset) for asset in state.assets]
    again = [None] * len(symbols) if targets is None else [target / WAD for target in targets]
    weights = ((symbol, one / WAD, other) for symbol, one, other in zip(symbols, signal["targets"], again, strict=True))
    differences = (
        *_inputs_differ(config, name, advice, block),
        *_reasons_differ(decided, intent),
        *(() if made == signal["inputHash"] else (f"inputHash: signed {signal['inputHash']}, made again {made}",)),
        *_weights_differ(symbols, signal["targets"], targets),
    )
    advised, hashes = "0x" + advice.inputs_hash.hex(), (signal["inputHash"], made)
    return Replay(tx_hash, block.number, name, intent.reason, advised, hashes, tuple(weights), differences)


def _signed(
    config: Config, deployment: Deployment, node: Node, tx_hash: str
) -> tuple[dict[str, Any], Block, PortfolioState]:
    """The signal of a transaction, the block that it was made at, and the portfolio there."""
    found = find(node, deployment, tx_hash)
    signal = found.told.get("arguments", {}).get("signal")
    if found.told.get("contract") != "AutoRebalancer" or signal is None or found.block is None:
        raise CannotExplain(tx_hash, "no mined rebalance", "give one of a rebalance; `quantera explain` tells others")
    if signal["portfolio"].lower() != deployment.portfolio(config.portfolio).address.lower():
        raise CannotExplain(tx_hash, f"of portfolio {signal['portfolio']}", "name the config of its keeper")
    block = _block_of(node, found.block, signal["validFrom"], tx_hash)
    try:
        return signal, block, Reader(node, deployment).portfolio(config.portfolio, block.number)
    except ChainError as error:
        reason = f"block {block.number} cannot be read: {error.reason}"
        raise CannotExplain(tx_hash, reason, "ask an archive node") from None


def _block_of(node: Node, mined: int, valid_from: int, tx_hash: str) -> Block:
    """The newest block before a transaction that has the time of its signal."""
    for number in range(mined - 1, max(-1, mined - 1 - _LOOK_BACK), -1):
        block = node.block(number)
        if block is None or block.timestamp < valid_from:
            break
        if block.timestamp == valid_from:
            return block
    raise CannotExplain(tx_hash, f"no block before it has the signal's time {valid_from}", "ask another node")


def _name(config: Config, signed: str) -> str:
    """Name of the model that signed.

    Raises:
        CannotExplain: If the config names no such model.
    """
    settings = config.rebalance
    challenger = settings.regime.challenger
    names = (settings.model, settings.strategy, *([] if challenger is None else [challenger.model]))
    for name in names:
        if f"0x{model_id(name).hex()}" == signed:
            return name
    raise CannotExplain(f"model {signed}", f"none of {', '.join(names)}", "name the config that the bot had then")


def _advice(
    config: Config, deployment: Deployment, node: Node, state: PortfolioState, block: Block, name: str
) -> Advice:
    """The advice of the model that signed, from the closes that are on file now."""
    settings = config.rebalance
    if name == settings.strategy or not settings.follows_signal:
        return Fallback(name).advise()
    source = open_prices(config, node, deployment)
    symbols = [deployment.symbol_of(asset) for asset in state.assets[1:]]
    prices = source.closes(symbols, last_closed_day(block.timestamp))

    def model() -> RegimeModel:
        return open_regime_model(read_model(config.at(settings.regime.file)), None)

    return signal_of(settings, model).advise(observed(source, settings, prices))


def _decisions(config: Config, portfolio: str, tx_hash: str, block: Block) -> tuple[Decision | None, int | None]:
    """The decision behind a transaction, and unix seconds of the last whole rebalance before it."""
    bot = rebalance_bot(config.portfolio)
    with closing(Store.open(config.store_url)) as store:
        decided = store.decision_of(tx_hash.lower())
        done = [found for key in store.keys(bot, rebalance_prefix(portfolio)) if (found := store.decision(bot, key))]
    before = [found for found in done if found.outcome == "done" and found.created < block.timestamp]
    before = [found for found in before if decided is None or found.key != decided.key]
    last = max(before, key=lambda found: found.created, default=None)
    return decided, last.created if last is not None and last.complete else None


def _targets(
    config: Config, deployment: Deployment, node: Node, state: PortfolioState, intent: Intent, signed: list[int]
) -> tuple[int, ...] | None:
    """Targets of the proposal that the bot would build: of the scale that was signed, or else of the whole way."""
    if intent.targets is None:
        return None
    built: list[tuple[int, ...]] = []
    for scale in SCALES:
        try:
            pools = Reader(node, deployment).pools(state.assets, state.block)
            built.append(build(state, pools, intent, config.rebalance, scale).targets)
        except KeeperError:
            continue
        if list(built[-1]) == list(signed):
            return built[-1]
    return built[0] if built else None


def _inputs_differ(config: Config, name: str, advice: Advice, block: Block) -> list[str]:
    """The recorded forecast of the decision's day beside the one made again."""
    with closing(Store.open(config.store_url)) as store:
        rows = forecasts(store, config.portfolio, name)
    row = max((row for row in rows if row.block <= block.number), key=lambda row: row.day, default=None)
    made = "0x" + advice.inputs_hash.hex()
    if row is None or row.inputs_hash == made:
        return []
    why = "closes or model file are not what they were"
    return [f"forecast of {row.day}: recorded with inputs {row.inputs_hash}, made again with {made}; {why}"]


def _reasons_differ(decided: Decision | None, intent: Intent) -> list[str]:
    if decided is None or decided.reason.startswith(intent.reason):
        return []
    return [f"reason: recorded '{decided.reason}', made again '{intent.reason}'"]


def _weights_differ(symbols: list[str], signed: list[int], made: tuple[int, ...] | None) -> list[str]:
    if made is None:
        return ["weights: none were found again"]
    return [
        f"weight of {symbol}: signed {one / WAD:.4%}, made again {other / WAD:.4%}"
        for symbol, one, other in zip(symbols, signed, made, strict=True)
        if one != other
    ]


def as_object(found: Replay) -> dict[str, Any]:
    """A replay as JSON has it."""
    return {**vars(found), "agrees": not found.differences}


def lines(found: Replay) -> list[str]:
    """A replay for a terminal."""
    rows = [
        f"transaction {found.tx_hash}, decided at block {found.block} by {found.model}",
        f"reason      {found.reason}",
        f"model reads {found.advised}",
        f"inputHash   {found.input_hash[0]}",
        *(
            f"  {symbol:<8}{signed:>10.4%}, made again {'none' if made is None else format(made, '.4%')}"
            for symbol, signed, made in found.targets
        ),
    ]
    if not found.differences:
        return [*rows, "everything agrees with what was signed"]
    return [*rows, *(f"differs: {one}" for one in found.differences)]
