"""Turns accepted lists into batches of the chain's sanctions list: what to add, and what to lift.

An account is lifted only if a list named it, that list's newest version no longer does, and no other list does: what an
officer sanctioned by hand stays. Adding acts at once; lifting waits until every list is confirmed as the newest one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.records import ListedWallet

ZERO = "0x" + "00" * 20
"""The account that the chain's list refuses, and that nobody holds."""

GAS = 8_000_000
"""Maximum gas of a batch unless told otherwise: about half of what EIP-7825 lets a transaction have."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A list as it stands.

    Attributes:
        list_id: The list.
        source: Hash of its newest version, 64 hexadecimal digits.
        wallets: Accounts that it names.
        is_stale: True if nobody confirmed it lately.
    """

    list_id: str
    source: str
    wallets: tuple[ListedWallet, ...]
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class Budget:
    """Gas that a transaction may cost.

    The defaults follow from the costs of the EVM, not from a measurement. An account costs a new slot of the list
    (22,100), its calldata and its part of the event; each registry costs a new slot, two cold reads and an event. A
    holder with several wallets costs more, for which half of the limit of EIP-7825 (16,777,216) is left.

    Attributes:
        gas: Maximum for one transaction.
        base: Cost of a transaction that changes no account.
        account: Cost of each account in the list itself.
        registry: Cost of each account in each registry.
        registries: Registries that the list tells.
    """

    gas: int = GAS
    base: int = 100_000
    account: int = 26_000
    registry: int = 32_000
    registries: int = 1

    def cost(self, accounts: int) -> int:
        """Returns the expected cost of a batch."""
        return self.base + accounts * (self.account + self.registries * self.registry)

    @property
    def most(self) -> int:
        """Maximum number of accounts in a batch.

        Raises:
            ListError: If not even one fits.
        """
        fits = (self.gas - self.base) // (self.cost(1) - self.base)
        if fits < 1:
            raise ListError(f"{self.gas} gas", f"do not cover one account, which costs {self.cost(1)}", "allow more")
        return fits


@dataclass(frozen=True, slots=True)
class Batch:
    """One transaction to the chain's list.

    Attributes:
        action: "sanction" or "lift".
        list_id: List whose newest version asks for it.
        source: Hash of that version, 64 hexadecimal digits.
        accounts: Accounts, checksummed and sorted.
        gas: Expected cost.
    """

    action: Literal["sanction", "lift"]
    list_id: str
    source: str
    accounts: tuple[str, ...]
    gas: int

    def halves(self) -> tuple[Batch, Batch]:
        """Returns it as two batches, each with its part of the expected cost."""
        middle = len(self.accounts) // 2
        first = replace(self, accounts=self.accounts[:middle], gas=self.gas // 2)
        return first, replace(self, accounts=self.accounts[middle:], gas=self.gas // 2)

    @property
    def command(self) -> str:
        """The officer's command that sends it."""
        return f"quantera compliance {self.action} {' '.join(self.accounts)} --source 0x{self.source}"


@dataclass(frozen=True)
class Delta:
    """Batches that bring the chain to the accepted lists.

    Attributes:
        batches: Transactions in their order: additions first.
        notes: Liftings, which are left to a person.
        kept: Number of accounts that are on chain and on a list.
        named: Accounts that a list names.
        present: Accounts that are on chain, of those that were asked for.
    """

    batches: tuple[Batch, ...] = ()
    notes: tuple[str, ...] = ()
    kept: int = 0
    named: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()

    def accounts(self, action: Literal["sanction", "lift"]) -> tuple[str, ...]:
        """Accounts of every batch with an action."""
        return tuple(one for batch in self.batches if batch.action == action for one in batch.accounts)


@dataclass
class _Wishes:
    """Accounts by the list that asks for them."""

    by_list: dict[str, list[str]] = field(default_factory=dict)

    def add(self, list_id: str, account: str) -> None:
        """Adds one."""
        self.by_list.setdefault(list_id, []).append(account)


def plan_delta(
    lists: Sequence[Standing],
    earlier: Mapping[str, str],
    on_chain: Iterable[str],
    budget: Budget,
    mistakes: Mapping[str, str] | None = None,
) -> Delta:
    """Works out which batches bring the chain to the lists.

    Args:
        lists: Every list as it stands, the one that speaks first for a common account first.
        earlier: Account -> list for accounts that a list's earlier version named; none of them has to be gone.
        on_chain: Accounts that the chain's list has now.
        budget: Gas that a transaction may cost.
        mistakes: Account -> list for accounts that retired versions alone named: nothing lifts them but a person.

    Raises:
        ListError: If the budget does not cover a single account, or a list was never accepted.
    """
    present, sources = set(on_chain), {one.list_id: one.source for one in lists}
    wanted: dict[str, str] = {}
    notes = []
    for one in lists:
        for wallet in one.wallets:
            wanted.setdefault(wallet.address, one.list_id)
            if wallet.doubtful and wallet.address not in present:
                notes.append(f"{wallet.address} of {one.list_id} fails its checksum as published: compare it")
    if wanted.pop(ZERO, None):
        notes.append("address zero is on a list and cannot be sanctioned")
    adding, lifting = _Wishes(), _Wishes()
    for account in sorted(set(wanted) - present):
        adding.add(wanted[account], account)
    stale = [one.list_id for one in lists if one.is_stale]
    for account in sorted(present - set(wanted)):
        listed = earlier.get(account)
        if listed is None and account in (mistakes or {}):
            notes.append(f"{account} is on chain by a retired version of {(mistakes or {})[account]}: lift it by hand")
        elif listed is None:
            notes.append(f"{account} is on chain and was never on an accepted list: left as it is")
        elif listed not in sources:
            raise ListError(f"list {listed}", "has no accepted version", "import it")
        elif stale:
            notes.append(f"{account} was delisted by {listed}, and stays while {', '.join(stale)} may be out of date")
        else:
            lifting.add(listed, account)
    batches = [*_batches("sanction", adding, sources, budget), *_batches("lift", lifting, sources, budget)]
    kept = len(present & set(wanted))
    return Delta(tuple(batches), tuple(notes), kept, frozenset(wanted), frozenset(present))


def _batches(
    action: Literal["sanction", "lift"], wishes: _Wishes, sources: Mapping[str, str], budget: Budget
) -> Iterator[Batch]:
    most = budget.most
    for list_id in sources:
        accounts = wishes.by_list.get(list_id, [])
        for start in range(0, len(accounts), most):
            part = tuple(accounts[start : start + most])
            yield Batch(action, list_id, sources[list_id], part, budget.cost(len(part)))
