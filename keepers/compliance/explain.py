"""A verdict for people: every finding, with the law that its rule comes from. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from keepers.compliance.countries import BELONGS_TO, letters_of
from keepers.compliance.movement import Finding, Movement, Party, State
from keepers.compliance.rulebook.assignment import Assignment
from keepers.compliance.rules import CLOSED, Reason, Rule, document_names, whole
from keepers.compliance.verdict import class_name, class_names, crosses

_LABELS = {"travel_threshold": "travel rule", "report_threshold": "reporting"}


def words(reason: Reason) -> str:
    """A reason as words."""
    return reason.name.lower().replace("_", " ")


def source(rule: Rule, country: int, field: str, assignments: Mapping[int, Assignment] | None) -> str:
    """Returns the source of a rule on chain: its law, if the rule is the rulebook's."""
    if assignments is None:
        return "the compliance officer's: the issuer's terms do not name this token"
    assignment = assignments.get(country)
    wanted = CLOSED if assignment is None else assignment.rule
    if getattr(wanted, field) != getattr(rule, field):
        return "not the rulebook's: the compliance officer set it (see `ape run rulebook --diff`)"
    if assignment is None and (owner := BELONGS_TO.get(country, 0)) in assignments:
        return (
            f"{letters_of(country)} belongs to {letters_of(owner)}, whose holders are counted: register it as {owner}"
        )
    if assignment is None:
        return "closed: the issuer has not opened it"
    citation = assignment.sources.get(field)
    return f"{assignment.regime}: {citation}" if citation else f"{assignment.regime} asks nothing here"


def explain(
    findings: Iterable[Finding], movement: Movement, state: State, assignments: Mapping[int, Assignment] | None
) -> list[str]:
    """Returns lines of text: parties, findings, log entries.

    Args:
        findings: Findings of the token and the engine, in their order.
        movement: Movement that they are about.
        state: State that they were found in.
        assignments: The rulebook's rules for the token, by country; None if the issuer's terms do not name it.
    """
    lines = [party_line(role, party) for role, party in _parties(movement)]
    said: set[tuple[str, str, str]] = set()
    for finding in findings:
        key = (finding.role, finding.check, finding.text)
        if key in said:
            continue
        said.add(key)
        mark = "ok" if finding.passed else "NO"
        lines.append(f"  {mark}  {finding.role:<9} {finding.check:<12} {finding.text}")
        if finding.rule_field and finding.country:
            rule = state.rules.get(finding.country, CLOSED)
            where = source(rule, finding.country, finding.rule_field, assignments)
            lines.append(f"      {'':<9} {'':<12} {letters_of(finding.country)} {where}")
    for field, country in crosses(movement, state):
        where = source(state.rules[country], country, field, assignments)
        lines.append(f"  log {_LABELS[field]}: {letters_of(country)} {where}")
    return lines


def describe_rule(rule: Rule, decimals: int) -> dict[str, str]:
    """Fields of a rule as a person reads them; what asks nothing is left out."""
    shown = {
        "classes": ", ".join(class_names(rule.classes)) or "nobody",
        "inbound_blocked": "yes" if rule.inbound_blocked else "",
        "outbound_blocked": "yes" if rule.outbound_blocked else "",
        "resident_only": "yes" if rule.resident_only else "",
        "documents": ", ".join(document_names(rule.documents)),
        "lockup": f"{rule.lockup / 86_400:g} days" if rule.lockup else "",
        "max_holders": str(rule.max_holders or ""),
        "period": f"{rule.period / 86_400:g} days" if rule.period else "",
    }
    for name in ("min_holding", "max_holding", "volume_limit", "travel_threshold", "report_threshold"):
        units = getattr(rule, name)
        shown[name] = whole(units, decimals) if units else ""
    return {name: text for name, text in shown.items() if text}


def _parties(movement: Movement) -> list[tuple[str, Party]]:
    named = (("sender", movement.sender), ("receiver", movement.receiver), ("spender", movement.spender))
    return [(role, party) for role, party in named if party is not None]


def party_line(role: str, party: Party) -> str:
    """An account with its role, country and investor class."""
    identity = party.identity
    if identity.venue:
        who = "venue account"
    elif not identity.country:
        who = "not registered"
    else:
        who = f"{letters_of(identity.country)} ({identity.country:03d}), {class_name(identity.investor_class)}"
    return f"{role:<9} {party.address}  {who}"
