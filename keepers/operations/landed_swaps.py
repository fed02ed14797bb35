"""Swaps and liquidity of listed pools in the blocks that fills landed in, and who earned from the fills there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eth_utils.address import to_checksum_address

from keepers.abi import Fragment
from keepers.contracts.deployment import Deployment
from keepers.contracts.pool_trades import V2_SWAP, V3_BURN, V3_MINT, V3_SWAPS, change_of
from keepers.execution.extraction import Event, Finding, LiquidityChange, Swap, findings_around
from keepers.routing.fills import Fill
from keepers.routing.markets import VenueKind
from keepers.rpc.events import Event as Log
from keepers.rpc.events import LogFilter, read_page
from keepers.rpc.node import Node, must


def who_earned(node: Node, deployment: Deployment, fills: Sequence[Fill]) -> dict[str, tuple[Finding, ...]]:
    """Returns what others earned from fills within their blocks, by hash of the fill's transaction.

    Listed pools of Uniswap V2 and V3 and their forks are looked at; liquidity only in those of V3. A transaction
    around which nothing is found is left out.

    Args:
        node: Node to ask.
        deployment: Deployment whose pools are listed.
        fills: Fills that landed.

    Raises:
        ChainError: If the chain cannot be read.
    """
    found = {}
    for block in sorted({fill.block for fill in fills}):
        hashes = {fill.tx_hash for fill in fills if fill.block == block}
        landed = list(_landed(node, deployment, block))
        events = [event for event, _ in landed]
        for tx_hash in sorted(hashes):
            swaps = [event for event, of in landed if of == tx_hash and isinstance(event, Swap)]
            around = tuple(finding for swap in swaps for finding in findings_around(swap, events))
            if around:
                found[tx_hash] = around
    return found


def _landed(node: Node, deployment: Deployment, block: int) -> Iterator[tuple[Event, str]]:
    """Events of the listed pools in a block, each with the hash of its transaction."""
    logs: list[tuple[Fragment, Log]] = []
    for venue, fragments in (
        (VenueKind.UNISWAP_V2, (V2_SWAP,)),
        (VenueKind.UNISWAP_V3, (*V3_SWAPS, V3_MINT, V3_BURN)),
    ):
        pools = tuple(pool.address for pool in deployment.pools if pool.venue == venue)
        for fragment in fragments if pools else ():
            logs += ((fragment, log) for log in read_page(node, LogFilter(fragment, pools), block, block).events)
    origins = _origins(node, sorted({log.tx_hash for _, log in logs}))
    for fragment, log in logs:
        event = _event(fragment, log, origins[log.tx_hash])
        if event is not None:
            yield event, log.tx_hash


def _origins(node: Node, hashes: Sequence[str]) -> dict[str, str]:
    answers = node.batch([("eth_getTransactionByHash", [tx_hash]) for tx_hash in hashes])
    return {tx_hash: to_checksum_address(must(answer)["from"]) for tx_hash, answer in zip(hashes, answers, strict=True)}


def _event(fragment: Fragment, log: Log, origin: str) -> Event | None:
    """A decoded event; None for a swap that no amount came out of."""
    pool, args = to_checksum_address(log.address), log.args
    position = log.place[1:]
    if fragment in (V3_MINT, V3_BURN):
        liquidity = args["amount"] if fragment is V3_MINT else -args["amount"]
        return LiquidityChange(position, origin, pool, (args["tickLower"], args["tickUpper"]), liquidity)
    change0, change1 = change_of(args)
    if change0 > 0 > change1:
        return Swap(position, origin, pool, True, change0, -change1)
    if change1 > 0 > change0:
        return Swap(position, origin, pool, False, change1, -change0)
    return None
