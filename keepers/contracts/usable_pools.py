"""The markets that an order may trade on at one block."""

from __future__ import annotations

from keepers.contracts.deployment import Deployment
from keepers.contracts.largest import largest_amounts
from keepers.contracts.reader import Reader
from keepers.routing.pools import Pool


def usable_pools(reader: Reader, deployment: Deployment, given: tuple[str, int], block: int) -> tuple[Pool, ...]:
    """Returns the markets that the aggregator lists at a block, with their state then.

    Args:
        reader: Reader of the chain.
        deployment: Deployment with the tokens.
        given: Input by address, and its amount, smallest units: sampled markets are asked up to its worth.
        block: Height.

    Raises:
        ChainError: If the chain cannot be read.
    """
    largest = largest_amounts(reader, deployment, given, block)
    pools = reader.pools(tuple(deployment.tokens.values()), block, largest)
    listed = reader.listed([pool.address for pool in pools], block)
    return tuple(pool for pool in pools if pool.address in listed)
