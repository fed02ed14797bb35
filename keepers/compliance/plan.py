"""Plans the transactions that give a token its rules on chain. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from keepers.compliance.rules import CLOSED, FIELDS, Rule

MOST_A_TRANSACTION = 40
"""Jurisdictions that one transaction sets: 2.2 million gas on new slots with every field in use."""

Function = Literal["tightenRules", "setRules"]


@dataclass(frozen=True)
class Change:
    """One jurisdiction's rule, before and after.

    Attributes:
        country: ISO 3166-1 number.
        before: On chain.
        after: Wanted.
    """

    country: int
    before: Rule
    after: Rule

    @property
    def fields(self) -> tuple[str, ...]:
        """Those that change."""
        return tuple(name for name in FIELDS if getattr(self.before, name) != getattr(self.after, name))

    @property
    def loosens(self) -> tuple[str, ...]:
        """Those that change to something looser; they wait out the officer's delay."""
        return self.after.looser_in(self.before)


@dataclass(frozen=True)
class Step:
    """One transaction to the engine.

    Attributes:
        function: `tightenRules` acts at once, `setRules` after the officer's delay.
        countries: ISO 3166-1 numbers, ascending.
        rules: One a country.
    """

    function: Function
    countries: tuple[int, ...]
    rules: tuple[Rule, ...]


def changes(on_chain: Mapping[int, Rule], wanted: Mapping[int, Rule]) -> list[Change]:
    """Jurisdictions whose rule is not what it should be, by number; what nobody wants is closed."""
    found = []
    for country in sorted({*on_chain, *wanted}):
        before, after = on_chain.get(country, CLOSED), wanted.get(country, CLOSED)
        if before != after:
            found.append(Change(country, before, after))
    return found


def steps(pending: Sequence[Change]) -> list[Step]:
    """Transactions for all of it: at most 2 * ceil(changes / MOST_A_TRANSACTION).

    Whatever a change tightens is tightened first and at once, also where the same change loosens something else.
    """
    tight: list[tuple[int, Rule]] = []
    loose: list[tuple[int, Rule]] = []
    for change in pending:
        if not change.loosens:
            tight.append((change.country, change.after))
            continue
        between = change.after.strictest(change.before)
        # A country that opens has nobody yet whom its other fields could bind.
        if change.before.classes and between != change.before and between.is_valid:
            tight.append((change.country, between))
        loose.append((change.country, change.after))
    return [*_batches("tightenRules", tight), *_batches("setRules", loose)]


def _batches(function: Function, rules: Sequence[tuple[int, Rule]]) -> list[Step]:
    batches = [rules[start : start + MOST_A_TRANSACTION] for start in range(0, len(rules), MOST_A_TRANSACTION)]
    return [Step(function, tuple(c for c, _ in batch), tuple(rule for _, rule in batch)) for batch in batches]
