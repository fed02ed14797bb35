"""Screens every person of a register against every list, and entities by who owns them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from keepers.compliance.cases.cases import OWNERSHIP, Finding
from keepers.compliance.cases.ownership import Stake, blocked_entities, renamed
from keepers.compliance.cases.people import Person
from keepers.compliance.lists.records import ListedParty
from keepers.compliance.lists.serial import to_text
from keepers.compliance.screening.screen import Screener

HALF_OWNED = "50-percent"
"""Identifier of such a finding."""
LISTED_WALLET, OWNED = "listed_wallet", "owned_50_percent"
"""Rules that fire here; the others are screening's."""


def screened(
    people: Sequence[Person],
    parties: Iterable[ListedParty],
    versions: Mapping[str, int],
    threshold: float,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Finding]:
    """Returns the findings about persons, at most one for each person and listed party.

    Args:
        people: The persons.
        parties: Parties of the newest version of every list.
        versions: Number of that version by list.
        threshold: Score from which a name is an alert.
        progress: Called after each person.
    """
    known = {(one.list_id, one.uid): one for one in parties}
    screener = Screener(known.values())
    wallets: dict[str, list[tuple[str, str]]] = {}
    for key, party in known.items():
        for wallet in party.wallets:
            wallets.setdefault(wallet.address, []).append(key)
    found = []
    for person in people:
        best: dict[tuple[str, str], tuple[float, tuple[str, ...]]] = {}
        for subject in person.subjects:
            for alert in screener.screen(subject, threshold):
                key = (alert.list_id, alert.uid)
                best[key] = max(best.get(key, (0.0, ())), (alert.score, alert.rules))
        for account in person.wallets:
            for key in wallets.get(account, ()):
                rules = dict.fromkeys((LISTED_WALLET, *best.get(key, (0.0, ()))[1]))
                best[key] = (1.0, tuple(rules))
        for (list_id, uid), (score, rules_) in sorted(best.items()):
            # The person's identifiers too: who is joined to a person that was cleared is not cleared by that.
            published = f"{known[list_id, uid].kind} {to_text(known[list_id, uid])}"
            record = "\n".join((published, *sorted(person.ids)))
            found.append(Finding(person.id, list_id, uid, versions[list_id], record, score, rules_))
        progress(1)
    return found


def owned(people: Sequence[Person], stakes: Sequence[Stake], blocked: Collection[str]) -> list[Finding]:
    """Returns the findings about persons of the register that blocked ones own to 50% or more.

    Args:
        people: The persons.
        stakes: Stakes with their owners, by any identifier of a person.
        blocked: Persons with a finding of their own that nobody closed as a false positive.
    """
    names = {identifier: person.id for person in people for identifier in person.ids}
    found = []
    for entity, shares in blocked_entities(renamed(stakes, names), blocked).items():
        record = "; ".join(f"{one.owner} owns {one.percent.normalize():f}%" for one in shares)
        found.append(Finding(entity, OWNERSHIP, HALF_OWNED, 0, record, 1.0, (OWNED, *record.split("; "))))
    return found
