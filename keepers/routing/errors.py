"""Refusals of the routing room."""

from keepers.errors import KeeperError


class RoutingError(KeeperError):
    """Pools, amounts or holdings that make no sense."""


class InsufficientLiquidity(RoutingError):
    """The pools at hand cannot take the whole amount."""


def beyond_depth(trade: str, limited: bool) -> InsufficientLiquidity:
    """The refusal of an order that is too large.

    Args:
        trade: The order in words.
        limited: True if the legs of its route have a limit, without which there may be a route.
    """
    if limited:
        return InsufficientLiquidity(trade, "is beyond the limit of its legs on every path", "trade less, or raise it")
    return InsufficientLiquidity(trade, "is beyond the depth of every path", "trade less")
