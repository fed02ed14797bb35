"""Amounts up to which markets that have to be sampled are asked for an order."""

from __future__ import annotations

from keepers.contracts.deployment import Deployment
from keepers.contracts.reader import Reader
from keepers.rpc.errors import ChainError

ROOM_PERCENT = 105
"""Sampled markets are asked up to this part of an order's worth: a path may bring more than the oracle says."""


def largest_amounts(
    reader: Reader, deployment: Deployment, given: tuple[str, int], block: int, room: int = ROOM_PERCENT
) -> dict[str, int]:
    """Returns the maximum that an order may bring of each token, smallest units.

    Without a price of the oracle only markets of the given token are sampled.

    Args:
        reader: Reader of the chain.
        deployment: Deployment with the tokens.
        given: Token whose amount is known, by address, and smallest units.
        block: Height.
        room: Percent of the worth at the oracle's prices.
    """
    known, amount = given
    room_for = {known: amount}
    priced = [address for symbol, address in deployment.tokens.items() if symbol in deployment.feeds]
    if known not in priced:
        return room_for
    try:
        prices = dict(zip(priced, reader.oracle_prices(priced, block), strict=True))
        decimals = dict(zip(priced, reader.decimals(priced), strict=True))
    except ChainError:
        return room_for
    for token in priced:
        if token != known and prices[token]:
            worth = amount * prices[known] * 10 ** decimals[token]
            room_for[token] = worth * room // (100 * prices[token] * 10 ** decimals[known])
    return room_for
