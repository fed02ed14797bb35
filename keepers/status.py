"""A portfolio at a glance."""

from __future__ import annotations

from datetime import UTC, datetime

from keepers.bots.names import rebalance_bot, risk_bot
from keepers.chain.deployment import load as load_deployment
from keepers.chain.node import Block, connect
from keepers.chain.state import WAD, Metrics, PortfolioState, Reader, RiskView
from keepers.config import Config
from keepers.store import Store


def report(config: Config) -> str:
    """NAV, weights, risk against limits, model, loss bucket and last decisions, as text.

    Raises:
        KeeperError: One line saying what is wrong.
    """
    deployment = load_deployment(config.at(config.deployment))
    deployment.portfolio(config.portfolio)
    node = connect(config.rpc_url, config.chain_id)
    deployment.verify(node)
    block = node.latest()
    state = Reader(node, deployment).portfolio(config.portfolio, block.number)
    symbols = [deployment.symbol_of(asset) for asset in state.assets]
    lines = [
        f"portfolio {config.portfolio} ({state.address}) on {deployment.network}",
        f"block     {block.number}, {_when(block.timestamp)}",
        f"state     {state.risk.state}",
        f"NAV       {state.nav / WAD:,.2f} USD",
        *_weights(state, symbols),
        *_risk(state.risk, block),
        f"losses    {_pct(state.loss_level)} of {_pct(state.loss_capacity)} in the bucket",
        *_decisions(config),
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


def _decisions(config: Config) -> list[str]:
    store = Store.open(config.store_url)
    lines = []
    for bot in (risk_bot(config.portfolio), rebalance_bot(config.portfolio)):
        for decision in store.decisions(bot, 1):
            lines.append(f"{bot}: {decision.outcome} at block {decision.block}: {decision.reason}")
    store.close()
    return lines


def _share_price(found: Metrics) -> str:
    return f"{found.share_price / WAD:.6f}, high-water mark {found.high_water_mark / WAD:.6f}"


def _pct(value: int) -> str:
    return f"{value / WAD:.2%}"


def _when(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M UTC")
