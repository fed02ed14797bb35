"""The sources of closes that a config names, opened."""

from __future__ import annotations

from collections.abc import Callable

from keepers.config import Config
from keepers.contracts.deployment import Deployment, load
from keepers.contracts.feeds import FeedReader
from keepers.contracts.pool_prices import PoolPrices, settlement_of
from keepers.market import PriceError, PriceSource, PrioritySource
from keepers.market.http_source import HttpInterface, HttpPriceSource
from keepers.market.price_file import price_file
from keepers.market.rounds import RoundPrices
from keepers.market.settings import FeedCloses, FileCloses, HttpCloses, Source
from keepers.rpc.node import Node, connect

_CALENDAR_DAYS = 1.5
"""Calendar days per trading day, rounded up: a year has about 252 of them."""


def open_prices(
    config: Config, node: Node, deployment: Deployment, note: Callable[..., object] = lambda _event, **_: None
) -> PriceSource:
    """Opens the sources of a config: one alone, or several in their order of priority.

    Args:
        config: Config of the keeper.
        node: Node that feeds and pools are read from.
        deployment: Deployment with feeds, pools and the portfolio.
        note: Told of a source that does not answer, as structlog's loggers are.

    Raises:
        PriceError: If a source cannot be used.
        ChainError: If the chain cannot be read.
    """
    wanted = config.prices.ordered
    opened = [(_name(one, config), _open(one, config, node, deployment)) for one in wanted]
    return opened[0][1] if len(opened) == 1 else PrioritySource(opened, config.prices.tolerance, note)


def configured_prices(config: Config) -> PriceSource:
    """Opens the sources of a config for a command: files alone need no node.

    Raises:
        KeeperError: If a source or the chain cannot be used.
    """
    wanted = config.prices.ordered
    if len(wanted) == 1 and isinstance(wanted[0], FileCloses):
        return price_file(config.at(wanted[0].path))
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    return open_prices(config, node, load(config.at(config.deployment)))


def described(config: Config) -> str:
    """Names the sources of a config for people, in their order of priority."""
    return ", ".join(_name(one, config) for one in config.prices.ordered)


def _name(one: Source, config: Config) -> str:
    if isinstance(one, FileCloses):
        return str(config.at(one.path))
    alike = [other for other in config.prices.ordered if other.kind == one.kind]
    return one.kind if len(alike) == 1 else f"{one.kind} {alike.index(one) + 1}"


def _open(one: Source, config: Config, node: Node, deployment: Deployment) -> PriceSource:
    days = int(config.risk.history_days * _CALENDAR_DAYS) + 1
    if isinstance(one, FileCloses):
        return price_file(config.at(one.path))
    if isinstance(one, FeedCloses):
        return RoundPrices(FeedReader(node), deployment.feeds, days)
    if isinstance(one, HttpCloses):
        return HttpPriceSource(_interface(one, config, days), config.at(one.cache))
    settlement = settlement_of(node, deployment.portfolio(config.portfolio).address)
    return PoolPrices(node, deployment, settlement, days, one.window_minutes * 60)


def _interface(one: HttpCloses, config: Config, days: int) -> HttpInterface:
    authorization = ""
    if one.authorization_file is not None:
        file = config.at(one.authorization_file)
        try:
            authorization = file.read_text(encoding="utf-8").splitlines()[0].strip()
        except (OSError, UnicodeDecodeError, IndexError):
            raise PriceError(file, "holds no line that can be read", "correct authorization_file") from None
    given = one.model_dump(exclude={"kind", "cache", "authorization_file"})
    return HttpInterface(**given, days=days, authorization=authorization)
