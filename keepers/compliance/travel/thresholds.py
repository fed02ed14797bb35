"""Judges if a transfer needs an exchange, by the travel-rule thresholds that the rulebook set for the two countries.

The chain has the thresholds in units of the token, and the sums that each person sent and received within a day, over
all of the person's wallets. A threshold is reached by the sum, so that a split transfer reaches it too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from keepers.compliance.countries import letters_of
from keepers.compliance.movement import Movement, State
from keepers.compliance.rulebook import Jurisdiction
from keepers.compliance.verdict import crosses


@dataclass(frozen=True)
class RulebookThreshold:
    """A threshold as the rulebook has it.

    Attributes:
        country: Two letters.
        regime: Name of the regime; "" for a question about every regime.
        amount: Amount and currency, or "ask counsel".
        source: Law and date, or the question.
    """

    country: str
    regime: str
    amount: str
    source: str


def reached(movement: Movement, state: State) -> list[int]:
    """Returns the countries, by number, whose threshold a transfer reaches; none if it needs no exchange."""
    return sorted({country for field, country in crosses(movement, state) if field == "travel_threshold"})


def in_rulebook(jurisdictions: Iterable[Jurisdiction]) -> list[RulebookThreshold]:
    """Returns every threshold of a rulebook, and every question that it leaves to counsel."""
    found = []
    for one in jurisdictions:
        country = letters_of(one.code)
        if "travel_rule" in one.counsel:
            found.append(RulebookThreshold(country, "", "ask counsel", one.counsel["travel_rule"]))
        for name, regime in one.regimes.items():
            rule, question = regime.rules.travel_rule, regime.counsel.get("travel_rule")
            if rule is not None:
                found.append(RulebookThreshold(country, name, str(rule.value), str(rule)))
            elif question is not None and "travel_rule" not in one.counsel:
                found.append(RulebookThreshold(country, name, "ask counsel", question))
    return found
