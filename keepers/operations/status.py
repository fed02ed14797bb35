"""A portfolio at a glance."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from keepers.bots.names import bot_name
from keepers.config import Config
from keepers.contracts.deployment import Deployment
from keepers.contracts.deployment import load as load_deployment
from keepers.contracts.reader import Reader
from keepers.operations.execution import as_object, line
from keepers.portfolio.state import OFF, UNKNOWN_DAYS, WAD, Limits, Metrics, PortfolioState, ReportInfo, RiskView
from keepers.risk.monte_carlo import HORIZONS, LEVELS
from keepers.rpc.node import Block, connect
from keepers.store import Decision, Store
from keepers.store.execution import open_on
from keepers.store.fanout import Fanout
from keepers.store.pauses import paused

REMEMBERED_SECONDS = 2
"""Time for which Redis, if there is one, answers repeated requests: a screen on a wall costs the node nothing."""


@dataclass(frozen=True)
class BotLook:
    """The state of a bot in its store.

    Attributes:
        name: Name in the store.
        blocks_behind: Blocks behind the newest one; None before its first look at the chain.
        led_by: Holder of the last lease; "" where there was none.
        waiting: Transactions that are not mined yet.
        paused: Reason; "" while it is not.
        decision: Last decision, if there is one.
    """

    name: str
    blocks_behind: int | None
    led_by: str
    waiting: int
    paused: str
    decision: Decision | None


@dataclass(frozen=True)
class Look:
    """The facts that status shows.

    Attributes:
        deployment: Deployment that the config names.
        block: Block that everything was read at.
        bots: States of the bots, in the order of the config.
        orders: Open orders that are sold slice by slice, oldest first: one line and one object each.
        state, report: State and report of the portfolio; None for a config without one.
    """

    deployment: Deployment
    block: Block
    bots: tuple[BotLook, ...]
    orders: tuple[tuple[str, dict[str, Any]], ...] = ()
    state: PortfolioState | None = None
    report: ReportInfo | None = None

    @property
    def symbols(self) -> list[str]:
        """The symbols of the portfolio's assets."""
        return [self.deployment.symbol_of(asset) for asset in self.state.assets] if self.state else []


def report(config: Config, *, as_json: bool = False) -> str:
    """NAV, weights, risk against limits, model, loss bucket and bots; of a config without a portfolio, bots.

    Args:
        config: Config of a keeper.
        as_json: True for one JSON object in place of text. Amounts are USD, limits and measures fractions, times unix
            seconds.

    Raises:
        KeeperError: One line saying what is wrong.
    """

    def make() -> str:
        found = look(config)
        return json.dumps(facts(config, found)) if as_json else "\n".join(_lines(config, found))

    if config.redis is None:
        return make()
    what = (config.rpc_url, config.chain_id, config.at(config.deployment), config.portfolio, config.store_url, as_json)
    fanout = Fanout.open(config.redis)
    try:
        name = f"status:{hashlib.sha256(repr(what).encode()).hexdigest()[:32]}"
        return fanout.remember(name, REMEMBERED_SECONDS, make)
    finally:
        fanout.close()


def look(config: Config) -> Look:
    """Reads it all at one block.

    Raises:
        KeeperError: One line saying what is wrong.
    """
    deployment = load_deployment(config.at(config.deployment))
    if config.portfolio:
        deployment.portfolio(config.portfolio)
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    deployment.verify(node)
    block = node.latest()
    bots, orders = _bots(config, block), _orders(config)
    if not config.portfolio:
        return Look(deployment, block, bots, orders)
    reader = Reader(node, deployment)
    state = reader.portfolio(config.portfolio, block.number)
    return Look(deployment, block, bots, orders, state, reader.report(state.address, block.number))


def facts(config: Config, found: Look) -> dict[str, Any]:
    """Renders a look as JSON has it."""
    told: dict[str, Any] = {
        "network": found.deployment.network,
        "block": {"number": found.block.number, "timestamp": found.block.timestamp},
        "bots": [asdict(bot) for bot in found.bots],
        "orders": [told for _, told in found.orders],
    }
    if found.state is None or found.report is None:
        return told
    state, risk, nav = found.state, found.state.risk, found.state.nav
    told["portfolio"] = {
        "name": config.portfolio,
        "address": state.address,
        "state": risk.state,
        "nav": nav / WAD,
        "holdings": {
            symbol: {"value": value / WAD, "weight": value / nav if nav else 0.0}
            for symbol, value in zip(found.symbols, state.values, strict=True)
        },
        "losses": {"level": state.loss_level / WAD, "capacity": state.loss_capacity / WAD},
        "metrics": None if risk.metrics is None else _numbers(risk.metrics),
        "no_metrics_because": risk.unavailable_reason or None,
        "breaches": risk.breaches(),
        "limits": asdict(risk.limits),
        "model": {key: getattr(risk.model, key) for key in ("nonce", "as_of", "expiry", "posted_at")},
        "report": {
            **{key: getattr(found.report, key) for key in ("nonce", "as_of", "expiry", "model_nonce")},
            "stress_losses": dict(
                zip(found.report.scenarios, (loss / WAD for loss in found.report.stress_losses), strict=True)
            ),
        },
    }
    return told


def _numbers(metrics: Metrics) -> dict[str, float | None]:
    counted = ("observations", "grade")
    found: dict[str, float | None] = {
        name: value if name in counted else value / WAD for name, value in asdict(metrics).items()
    }
    if metrics.days_to_liquidate == UNKNOWN_DAYS:
        found["days_to_liquidate"] = None
    return found


def _lines(config: Config, found: Look) -> list[str]:
    deployment, block, state = found.deployment, found.block, found.state
    bots = [line for bot in found.bots for line in _bot_lines(bot)]
    bots += [f"order {told}" for told, _ in found.orders]
    if state is None or found.report is None:
        return [f"block     {block.number}, {_when(block.timestamp)}, on {deployment.network}", *bots]
    return [
        f"portfolio {config.portfolio} ({state.address}) on {deployment.network}",
        f"block     {block.number}, {_when(block.timestamp)}",
        f"state     {state.risk.state}",
        f"NAV       {state.nav / WAD:,.2f} USD",
        *_weights(state, found.symbols),
        *_risk(state.risk, block),
        *_reported(found.report, block),
        f"losses    {_pct(state.loss_level)} of {_pct(state.loss_capacity)} in the bucket",
        *bots,
    ]


def _weights(state: PortfolioState, symbols: list[str]) -> list[str]:
    nav = state.nav or 1
    rows = zip(symbols, state.values, strict=True)
    return [f"  {symbol:<8}{value / nav:>8.2%}{value / WAD:>18,.2f}" for symbol, value in rows]


def _risk(view: RiskView, block: Block) -> list[str]:
    if view.metrics is None:
        return [f"risk      unknown: {view.unavailable_reason}", *_model(view, block)]
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


def _bots(config: Config, block: Block) -> tuple[BotLook, ...]:
    store = Store.open(config.store_url)
    try:
        return tuple(_bot(store, bot_name(config, kind), block) for kind in config.kinds)
    finally:
        store.close()


def _orders(config: Config) -> tuple[tuple[str, dict[str, Any]], ...]:
    store, bot = Store.open(config.store_url), bot_name(config, "execution")
    try:
        found = open_on(store, config.chain_id)
        return tuple((line(store, bot, order), as_object(store, bot, order, whole=False)) for order in found)
    finally:
        store.close()


def _bot(store: Store, name: str, block: Block) -> BotLook:
    cursor, lease, rest = store.cursor(name), store.lease(f"bot:{name}"), paused(store, name)
    return BotLook(
        name=name,
        blocks_behind=None if cursor is None else max(block.number - cursor.block_number, 0),
        led_by="" if lease is None else lease.holder,
        waiting=store.open_transactions(name),
        paused="" if rest is None else rest.reason,
        decision=next(iter(store.decisions(name, 1)), None),
    )


def _bot_lines(bot: BotLook) -> list[str]:
    if bot.blocks_behind is None:
        return [f"{bot.name}: has not run yet"]
    words = [f"{bot.blocks_behind} blocks behind"]
    if bot.led_by:
        words.append(f"last led by {bot.led_by}")
    if bot.waiting:
        words.append(f"{bot.waiting} transactions not yet mined")
    if bot.paused:
        words.append(f"paused: {bot.paused}")
    lines = [f"{bot.name}: {', '.join(words)}"]
    if bot.decision is not None:
        lines.append(f"  {bot.decision.outcome} at block {bot.decision.block}: {bot.decision.reason}")
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
