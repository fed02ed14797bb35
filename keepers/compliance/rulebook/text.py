"""The rulebook in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from keepers.compliance.errors import RulebookError
from keepers.compliance.rulebook.freshness import old
from keepers.compliance.rulebook.schema import Jurisdiction, Rulebook


def holdings(rulebook: Rulebook, country: str | None, today: date) -> list[str]:
    """Lines about the whole rulebook, or about one country of it, and about checks that are old.

    Raises:
        RulebookError: If it has no such country.
    """
    if country is None:
        return summary(rulebook) + warnings(rulebook.jurisdictions.values(), today)
    for found in rulebook.jurisdictions.values():
        if found.alpha2 == country.upper():
            return described_country(found) + warnings([found], today)
    raise RulebookError(f"country {country}", "not in the rulebook", "leave it out to see which are")


def summary(rulebook: Rulebook) -> list[str]:
    """A line a jurisdiction: its default regime, the others, the confidence, and how much is left to counsel."""
    lines = []
    for code, found in sorted(rulebook.jurisdictions.items()):
        others = len(found.regimes) - 1
        more = f" and {others} more" if others else ""
        questions = len(found.questions())
        counsel = f", {questions} questions for counsel" if questions else ""
        trust = f", {found.confidence.level} confidence"
        lines.append(f"{code:03d} {found.alpha2} {found.name}: {found.default}{more}{trust}{counsel}")
    regimes = sum(len(found.regimes) for found in rulebook.jurisdictions.values())
    lines.append(f"{len(lines)} jurisdictions, {regimes} regimes. Software, not legal advice: see docs/compliance.md.")
    return lines


def described_country(found: Jurisdiction) -> list[str]:
    """Regimes of one jurisdiction: rules with their laws, duties off chain, and questions to counsel."""
    lines = [f"{found.code:03d} {found.alpha2} {found.name}, {found.authority}"]
    lines.append(f"  {found.confidence.level} confidence: {found.confidence.reason}")
    for kind in ("accredited", "institutional"):
        if (meaning := getattr(found.investor_classes, kind)) is not None:
            lines.append(f"  {kind}: {meaning.means}  ({meaning})")
    for name, regime in found.regimes.items():
        default = ", unless another is named" if name == found.default else ""
        lines.append(f"  {name}: {regime.title}{default}")
        if regime.in_force_from is not None:
            lines.append(f"    in force from {regime.in_force_from}")
        lines.append(f"    serves: {', '.join(regime.instruments)}")
        for field, rule in regime.rules.items():
            value = ", ".join(rule.value) if isinstance(rule.value, tuple) else rule.value
            lines.append(f"    {field}: {value}  ({rule}){f' {rule.note}' if rule.note else ''}")
        lines.extend(f"    off chain: {duty.what}  ({duty})" for duty in regime.off_chain)
        lines.extend(f"    question about {field}: {text}" for field, text in found.questions(name).items())
    lines.extend(f"  note: {note}" for note in found.notes)
    return lines


def warnings(jurisdictions: Iterable[Jurisdiction], today: date) -> list[str]:
    """A line a jurisdiction with citations that have not been checked for long."""
    return [f"warning: {found}" for found in old(jurisdictions, today)]
