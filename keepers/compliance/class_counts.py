"""Holders whose count under class rules is not what it should be, and the officer's action that counts them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from keepers.compliance.movement import Party, State
from keepers.compliance.officer_actions import Action, Step, Token
from keepers.compliance.verdict import class_rules_on

MOST_A_TRANSACTION = 40
"""Wallets in one transaction, which has to fit a block."""


def miscounted(holders: Iterable[Party], state: State) -> list[str]:
    """Returns the holders that a recount would count otherwise, by address.

    Where wallets are missing in the census, these are all holders: the chain does not say which ones are missing.

    Args:
        holders: Accounts that the engine counts as holders, with what their persons are counted under.
        state: Rules and counts on chain.
    """
    counting = {rule for rule in state.terms.class_rules if rule.max_holders}
    if not counting:
        return []
    whole = state.census == state.holders
    return [
        party.address
        for party in holders
        if not whole or counting.intersection(class_rules_on(party, state)) != party.counted_under
    ]


def recount(token: Token, chosen: Sequence[str], state: State) -> Action:
    """Counts holders anew, under class rules too.

    Args:
        token: Token whose holders they are.
        chosen: Accounts, by address.
        state: Rules and counts on chain.
    """
    notes = [
        f"{state.class_holders.get(rule, 0):,} of {rule.max_holders:,} persons are counted now, rule {rule}"
        for rule in state.terms.class_rules
        if rule.max_holders
    ]
    missing = state.holders - state.census if notes else 0
    if missing:
        notes.append(f"{missing} wallets of holders are not counted yet; until they are, nobody comes in whom it binds")
    title = f"count {len(chosen)} holders of {token.symbol} anew"
    steps = []
    for start in range(0, len(chosen), MOST_A_TRANSACTION):
        batch = list(chosen[start : start + MOST_A_TRANSACTION])
        name = f"count {', '.join(batch)} anew"
        steps.append(
            Step("TransferTerms", token.engine, "recountHolders(address,address[])", (token.address, batch), name)
        )
    return Action("recount", title, tuple(steps), notes=tuple(notes))
