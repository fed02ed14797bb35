"""A portfolio at a glance."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from keepers.bots.names import bot_name
from keepers.chain.deployment import load as load_deployment
from keepers.chain.node import Block, connect
from keepers.chain.reader import Reader
from keepers.chain.state import OFF, UNKNOWN_DAYS, WAD, Limits, Metrics, PortfolioState, ReportInfo, RiskView
from keepers.config import Config
from keepers.risk.monte_carlo import HORIZONS, LEVELS
from keepers.store import Store
from keepers.store.fanout import Fanout
from keepers.store.pauses import paused

REMEMBERED_SECONDS = 2
"""For which Redis, where there is one, answers whoever asks again: a screen on a wall costs the node nothing."""


def report(config: Config) -> str:
    """NAV, weights, risk against limits, model, loss bucket and bots, as text; of a config without a portfolio, bots.

    Raises:
        KeeperError: One line saying what is wrong.
    """
    if config.redis is None:
        return _report(config)
    what = (config.rpc_url, config.chain_id, config.at(config.deployment), config.portfolio, config.store_url)
    fanout = Fanout.open(config.redis)
    try:
        name = f"status:{hashlib.sha256(repr(what).encode()).hexdigest()[:32]}"
        return fanout.remember(name, REMEMBERED_SECONDS, lambda: _report(config))
    finally:
        fanout.close()


def _report(config: Config) -> str:
    deployment = load_deployment(config.at(config.deployment))
    if config.portfolio:
        deployment.portfolio(config.portfolio)
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    deployment.verify(node)
    block = node.latest()
    if not config.portfolio:
        where = f"block     {block.number}, {_when(block.timestamp)}, on {deployment.network}"
        return "\n".join([where, *_bots(config, block)])
    reader = Reader(node, deployment)
    state = reader.portfolio(config.portfolio, block.number)
    symbols = [deployment.symbol_of(asset) for asset in state.assets]
    lines = [
        f"portfolio {config.portfolio} ({state.address}) on {deployment.network}",
        f"block     {block.number}, {_when(block.timestamp)}",
        f"state     {state.risk.state}",
        f"NAV       {state.nav / WAD:,.2f} USD",
        *_weights(state, symbols),
        *_risk(state.risk, block),
        *_reported(reader.report(state.address, block.number), block),
        f"losses    {_pct(state.loss_level)} of {_pct(state.loss_capacity)} in the bucket",
        *_bots(config, block),
    ]
    return "\n".join(lines)


def _weights(state: PortfolioState, symbols: list[str]) -> list[str]:
    nav = state.nav or 1
    rows = zip(symbols, state.values, strict=True)
    return [f"  {symbol:<8}{value / nav:>8.2%}{value / WAD:>18,.2f}" for symbol, value in rows]


def _risk(view: RiskView, block: Block) -> list[str]:
    if view.metrics is None:
        return [f"risk      unknown: {view.why_not}", *_model(view, block)]
    found, limits = view.metrics, view.limits
    return [
        f"VaR 99%   {_pct(found.var99)} of {limits.max_var99_bps / 100:.2f}% allowed",
        f"weight    {_pct(found.max_weight)} of {limits.max_weight_bps / 100:.2f}% allowed",
        f"drawdown  {_pct(found.drawdown)} of {limits.max_drawdown_bps / 100:.2f}% allowed,"
        f" halt at {limits.halt_drawdown_bps / 100:.2f}%",
        f"liquidity {_days(found)} to sell the slowest asset{_days_allowed(limits)}",
        f"shares    {_share_price(found)}",
        *_model(view, block),
    ]


def _model(view: RiskView, block: Block) -> list[str]:
    model = view.model
    if model.nonce == 0:
        return ["model     none posted"]
    age = (block.timestamp - model.as_of) / 3600
    left = (model.expiry - block.timestamp) / 3600
    life = f"expires in {left:.0f} h" if left > 0 else "expired"
    return [f"model     {model.nonce}, {age:.0f} h old, {life}"]


def _reported(last: ReportInfo, block: Block) -> list[str]:
    if last.nonce == 0:
        return ["report    none posted"]
    age = (block.timestamp - last.as_of) / 3600
    left = (last.expiry - block.timestamp) / 3600
    life = f"lapses in {left:.0f} h" if left > 0 else f"lapsed {-left:.0f} h ago"
    lines = [f"report    {last.nonce}, under model {last.model_nonce}, {age:.0f} h old, {life}"]
    lines.append(f"  simulated VaR 99%  {' '.join(_simulated(last))}")
    if last.stress_losses:
        name, loss = max(zip(last.scenarios, last.stress_losses, strict=True), key=lambda pair: pair[1])
        lines.append(f"  worst scenario     {_pct(loss)} {name}")
    return lines


def _simulated(last: ReportInfo) -> list[str]:
    middle = last.monte_carlo_var[LEVELS.index(0.99) :: len(LEVELS)]
    return [f"{days} d {_pct(value)}" for days, value in zip(HORIZONS, middle, strict=True)]


def _bots(config: Config, block: Block) -> list[str]:
    store = Store.open(config.store_url)
    try:
        names = [bot_name(config, kind) for kind in config.kinds]
        return [line for name in names for line in _bot(store, name, block)]
    finally:
        store.close()


def _bot(store: Store, name: str, block: Block) -> list[str]:
    cursor, lease, rest = store.cursor(name), store.lease(f"bot:{name}"), paused(store, name)
    if cursor is None:
        return [f"{name}: has not run yet"]
    words = [f"{max(block.number - cursor.block_number, 0)} blocks behind"]
    if lease is not None:
        words.append(f"last led by {lease.holder}")
    if waiting := store.open_transactions(name):
        words.append(f"{waiting} transactions not yet mined")
    if rest is not None:
        words.append(f"paused: {rest.reason}")
    lines = [f"{name}: {', '.join(words)}"]
    for decision in store.decisions(name, 1):
        lines.append(f"  {decision.outcome} at block {decision.block}: {decision.reason}")
    return lines


def _days(found: Metrics) -> str:
    unknown = found.days_to_liquidate == UNKNOWN_DAYS
    return "unknown days" if unknown else f"{found.days_to_liquidate / WAD:.2f} days"


def _days_allowed(limits: Limits) -> str:
    tenths = limits.max_liquidation_tenths
    return "" if tenths == OFF else f" of {tenths / 10:.1f} allowed"


def _share_price(found: Metrics) -> str:
    return f"{found.share_price / WAD:.6f}, high-water mark {found.high_water_mark / WAD:.6f}"


def _pct(value: int) -> str:
    return f"{value / WAD:.2%}"


def _when(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M UTC")
