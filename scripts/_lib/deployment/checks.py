"""Checks of a deployment config's values against each other. Every refusal is a ValueError: value, reason, remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keepers.portfolio.settings import LimitsConfig
    from scripts._lib.deployment.config import Portfolio

BPS = 10_000
_LEAST_PRICE, _PRICE_CAP = Decimal(1).scaleb(-18), Decimal(2**128).scaleb(-18)
"""USD per whole token that the oracle's 128 bits of WAD can tell from zero, and the first that they cannot hold."""


def require_bounds(min_price: Decimal, max_price: Decimal) -> None:
    """Prices between which an answer counts."""
    if min_price >= max_price:
        raise ValueError(f"min_price {min_price} is not below max_price {max_price}; correct them")
    if min_price < _LEAST_PRICE:
        raise ValueError(f"min_price {min_price} is below 1e-18 and would be zero; raise it")
    if max_price >= _PRICE_CAP:
        raise ValueError(f"max_price {max_price} is not below {_PRICE_CAP:.3e}; lower it")


def require_below(name: str, value: int, other: str, than: int) -> None:
    """A wait that ends before what it waits for does."""
    if value >= than:
        raise ValueError(f"{name} {value} is not below {other} {than}, so nothing would ever count; lower it")


def require_once(where: str, names: Sequence[str]) -> None:
    """Refuses a name that stands twice."""
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{where}: {name} stands twice; keep one")


def require_one_name_each(where: str, addresses: Mapping[str, str]) -> None:
    """No address goes by two names."""
    names: dict[str, str] = {}
    for name, address in addresses.items():
        if (other := names.setdefault(address, name)) != name:
            raise ValueError(f"{where}: {other} and {name} are both {address}; correct one")


def check_portfolio(where: str, portfolio: Portfolio, floors: LimitsConfig | None) -> None:
    """Assets once each, limits that can be met, and none looser than everybody's."""
    require_once(f"{where}.assets", portfolio.assets)
    if portfolio.settlement in portfolio.assets:
        raise ValueError(f"{where}.assets: {portfolio.settlement} is the settlement token already; leave it out")
    limits, count = portfolio.limits, len(portfolio.assets)
    if count and limits.max_weight * count < BPS and limits.max_weight < BPS:
        raise ValueError(
            f"{where}.limits.max_weight: {limits.max_weight} of each of {count} assets leaves "
            f"{BPS - limits.max_weight * count} basis points in cash for ever; raise it to {-(-BPS // count)}"
        )
    for name, floor in floors.model_dump().items() if floors else ():
        value = getattr(limits, name)
        if value < floor if name == "min_sharpe" else value > floor and value not in _OFF:
            raise ValueError(f"{where}.limits.{name}: {value} is looser than risk.floors.{name} {floor}; tighten it")


_OFF = (65_535, 255)
"""A limit that is left out is off, and everybody's holds."""
