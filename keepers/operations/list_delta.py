"""The delta of accepted lists against a chain: read through an officer's config, and sent as officers' orders."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from keepers.bots.list_plan import planned
from keepers.compliance.lists.delta import Batch, Delta
from keepers.config import load_config
from keepers.contracts.deployment import load as load_deployment
from keepers.contracts.sanctions import SANCTIONS, SanctionsReader
from keepers.operations.officer_desk import sanctions
from keepers.operations.officers import Options, Order, Outcome, carry_out
from keepers.rpc.node import connect
from keepers.store import Store


def delta(store: Store, config_path: Path, gas: int) -> Delta:
    """Works out the delta against the chain of an officer's config.

    Raises:
        KeeperError: If a list, the config or the chain cannot be used.
    """
    with _chain(config_path) as chain:
        return planned(store, chain, int(time.time()), gas)


@contextmanager
def _chain(config_path: Path) -> Iterator[SanctionsReader]:
    config = load_config(config_path, officer=True)
    deployment = load_deployment(config.at(config.deployment))
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    try:
        deployment.verify(node)
        yield SanctionsReader(node, deployment.address(SANCTIONS), node.latest().number)
    finally:
        node.close()


def send(
    batches: Sequence[Batch], config_path: Path, agreed: Callable[[Outcome], bool], tell: Callable[[str], None]
) -> list[Outcome]:
    """Sends additions, one officer's order after the other: what an earlier run has sent is not sent again.

    Liftings are left out: a second person orders them.

    Raises:
        KeeperError: If an order is refused; those before it are sent.
    """
    done = []
    for batch in batches:
        if batch.action == "sanction":
            source = bytes.fromhex(batch.source)
            order = Order("sanction", (*batch.accounts, source.hex()))
            wish = sanctions(batch.accounts, source, listed=True)
            done.append(carry_out(order, wish, Options(config_path), agreed, tell))
    return done
