"""The accepted lists against the chain's: what the bot does by itself, and what an officer's command shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from keepers.compliance.lists.delta import GAS, Budget, Delta, Standing, plan_delta
from keepers.compliance.lists.errors import ListError
from keepers.store import Store
from keepers.store import lists as stored


class ChainList(Protocol):
    """The chain's sanctions list, as a delta needs it."""

    def sanctioned(self, accounts: Sequence[str]) -> list[str]:
        """Returns those accounts that are on it now."""
        ...

    def registries(self) -> int:
        """Returns the number of registries that it tells."""
        ...


def planned(store: Store, chain: ChainList, now: int, gas: int = GAS) -> Delta:
    """Works out what brings the chain to the accepted lists.

    Only accounts that some accepted version named are asked for, so that the chain's list needs no events.

    Args:
        store: Database with the lists.
        chain: The chain's list.
        now: Unix seconds, for the age of the lists.
        gas: Maximum for one transaction.

    Raises:
        ListError: If no list was accepted, or the gas does not cover a single account.
    """
    found = stored.newest(store)
    if not found:
        raise ListError("lists", "none was accepted yet", "import one: quantera compliance lists import --help")
    lists = [Standing(one.list_id, one.source_hash, stored.wallets(store, one), one.is_stale(now)) for one in found]
    earlier, mistakes = stored.ever_listed(store), stored.listed_by_mistake(store)
    on_chain = chain.sanctioned(sorted({*earlier, *mistakes}))
    return plan_delta(lists, earlier, on_chain, Budget(gas=gas, registries=chain.registries()), mistakes)
