"""Holders who would lose their eligibility through new rules. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from keepers.compliance.movement import Finding, Party, State
from keepers.compliance.rules import Rule
from keepers.compliance.transfer_terms import ClassRule
from keepers.compliance.verdict import judge_holding


@dataclass(frozen=True)
class Loss:
    """One holder who would no longer be eligible.

    Attributes:
        party: Holder as it stands on chain.
        finding: First check that it would fail and does not fail now.
    """

    party: Party
    finding: Finding


def losses(
    holders: Iterable[Party], state: State, wanted: Mapping[int, Rule], classes: Iterable[ClassRule] | None = None
) -> list[Loss]:
    """Returns the holders who are eligible under the rules on chain and would not be under others.

    A holder is eligible if it passes the checks of a receiver, apart from those of an amount, and has what class rules
    ask of it. A holder who fails already is not listed, because the new rules change nothing for it.

    Args:
        holders: Accounts that hold the token.
        state: Rules and counts on chain.
        wanted: Rules by country; a country that is not there is closed.
        classes: Class rules of the token; None if those on chain stay.
    """
    after = replace(state, rules=dict(wanted))
    if classes is not None:
        after = replace(after, terms=replace(state.terms, class_rules=tuple(classes)))
    found = []
    for party in holders:
        failing = {finding.reason for finding in judge_holding(party, state) if not finding.passed}
        lost = [finding for finding in judge_holding(party, after) if not finding.passed]
        if lost and not failing:
            found.append(Loss(party, lost[0]))
    return found
