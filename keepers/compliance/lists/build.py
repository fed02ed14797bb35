"""A party from what a format says about it: what is common to all formats."""

from __future__ import annotations

from collections.abc import Iterable

from keepers.compliance.lists import wallets as accounts
from keepers.compliance.lists.draft import Draft
from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.names import ordered
from keepers.compliance.lists.records import Kind, ListedName, ListedParty, ListedWallet


def party(
    draft: Draft,
    uid: str,
    kind: Kind,
    names: Iterable[ListedName],
    *,
    birth_dates: Iterable[str] = (),
    countries: Iterable[str | None] = (),
    programmes: Iterable[str] = (),
    wallets: Iterable[ListedWallet] = (),
    remarks: str = "",
) -> ListedParty:
    """Returns a party, with the accounts that its remarks name; what is doubtful about them goes to the draft.

    Raises:
        ListError: If it has no identifier or no name.
    """
    known = ordered(names)
    if not uid or not known:
        raise ListError(f"record {uid or '?'} of {draft.list_id}", "has no identifier or no name", "fetch it again")
    found, malformed = accounts.find(remarks)
    both = accounts.unique((*wallets, *found))
    draft.doubt(uid, both, malformed)
    return ListedParty(
        list_id=draft.list_id,
        uid=uid,
        kind=kind,
        names=known,
        birth_dates=tuple(dict.fromkeys(birth_dates)),
        countries=tuple(sorted({code for code in countries if code})),
        programmes=tuple(dict.fromkeys(text for text in programmes if text)),
        wallets=both,
        remarks=remarks,
    )
