"""Refusals of the routing room."""

from keepers.errors import KeeperError


class RoutingError(KeeperError):
    """Pools, amounts or holdings that make no sense."""


class InsufficientLiquidity(RoutingError):
    """The pools at hand cannot take the whole amount."""
