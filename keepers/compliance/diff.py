"""Changes that applying a token's rules would make, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keepers.compliance.countries import letters_of
from keepers.compliance.explain import describe_rule, party_line, source, words
from keepers.compliance.impact import Loss
from keepers.compliance.plan import AnyStep, Change, IssueStep, Term, TermStep, TokenStep, steps
from keepers.compliance.rulebook.assignment import Assignment, holders_worldwide
from keepers.compliance.rulebook.dated import NOTHING_DATED, DatedTerms
from keepers.compliance.rules import IssueRule, whole
from keepers.compliance.transfer_terms import ClassRule, VolumeLimit


def described(
    pending: Sequence[Change],
    for_all: Sequence[TokenStep],
    wanted: Mapping[int, Assignment],
    decimals: int,
    issues: Sequence[IssueStep] = (),
    dated: tuple[Sequence[TermStep], DatedTerms] = ((), NOTHING_DATED),
) -> list[str]:
    """Returns a line a field that changes, with the law that asks for it, and what applying takes.

    Args:
        pending: Countries whose rule changes.
        for_all: Transactions about every country together.
        wanted: The rulebook's rules for the token, by country.
        decimals: Decimals of the token.
        issues: Transactions that limit what is issued.
        dated: Transactions about terms with dates, and the terms that are wanted.
    """
    if not pending and not for_all and not issues and not dated[0]:
        return ["Nothing to change: the chain has the rulebook's rules."]
    lines = [*_for_all(for_all, wanted)]
    for change in pending:
        name = wanted[change.country].jurisdiction.name if change.country in wanted else "not open"
        lines.append(f"  {letters_of(change.country)} {change.country:03d} {name}")
        lines.extend(_fields(change, wanted, decimals))
    for step in issues:
        lines.extend(_issued(step, wanted[step.country], decimals))
    for terms in dated[0]:
        lines.extend(_terms(terms, dated[1], decimals))
    planned: list[AnyStep] = [*for_all, *issues, *dated[0], *steps(pending)]
    later = sum(step.loosens for step in planned)
    now = len(planned) - later
    counts = f"{now} transactions tighten at once, {later} loosen after the officer's delay."
    return [*lines, f"{len(pending)} jurisdictions change: {counts}"]


def described_losses(found: Sequence[Loss]) -> list[str]:
    """Returns a line a holder who would lose its eligibility, with the check that it would fail."""
    lines = [
        f"  becomes ineligible: {party_line('holder', loss.party)}; {words(loss.finding.reason)}: {loss.finding.text}"
        for loss in found
    ]
    return lines or ["  No holder becomes ineligible."]


def _fields(change: Change, wanted: Mapping[int, Assignment], decimals: int) -> list[str]:
    before, after = describe_rule(change.before, decimals), describe_rule(change.after, decimals)
    lines = []
    for field in change.fields:
        what = "loosens" if field in change.loosens else "tightens"
        law = source(change.after, change.country, field, wanted)
        lines.append(f"    {what:<8} {field}: {before.get(field, '-')} -> {after.get(field, '-')}  ({law})")
    return lines


def _issued(step: IssueStep, wanted: Assignment, decimals: int) -> list[str]:
    what = "loosens" if step.loosens else "tightens"
    before, after = (_issuance(rule, decimals) for rule in (step.before, step.rule))
    law = f"{wanted.regime}: {wanted.sources['period_issuance']}"
    return [
        f"  {letters_of(step.country)} {step.country:03d} {wanted.jurisdiction.name}, what its holders are issued",
        f"    {what:<8} period_issuance: {before} -> {after}  ({law})",
    ]


def _terms(step: TermStep, wanted: DatedTerms, decimals: int) -> list[str]:
    sources = _sources(wanted)
    what, change = ("loosens", "remove") if step.loosens else ("tightens", "add")
    lines = [f"  {_KINDS[step.function.removeprefix(change)]}"]
    for term in step.terms:
        most = _most(term, decimals)
        lines.append(f"    {what:<8} {change} {most}{term}  ({sources.get(term, 'no longer asked for')})")
    return lines


def _most(term: Term, decimals: int) -> str:
    if isinstance(term, VolumeLimit):
        return f"at most {whole(term.limit, decimals)} "
    if isinstance(term, ClassRule) and term.max_holding:
        return f"at most {whole(term.max_holding, decimals)} in all wallets "
    return ""


def _sources(wanted: DatedTerms) -> dict[Term, str]:
    found: dict[Term, str] = {rule: law for rule, law in (wanted.pair_rules or {}).items()}
    found |= {blackout: law for blackout, law in (wanted.blackouts or {}).items()}
    found |= {limit: law for limit, law in (wanted.volume_limits or {}).items()}
    return found | {rule: law for rule, law in (wanted.class_rules or {}).items()}


_KINDS = {
    "PairRules": "ways between countries",
    "Blackouts": "blackouts",
    "VolumeLimits": "volumes",
    "ClassRules": "classes of investors",
}


def _issuance(rule: IssueRule, decimals: int) -> str:
    if not rule.issuance_limit:
        return "-"
    return f"{whole(rule.issuance_limit, decimals)} in any {rule.period / 86_400:g} days"


def _for_all(planned: Sequence[TokenStep], wanted: Mapping[int, Assignment]) -> list[str]:
    asked = holders_worldwide(wanted)
    if not planned or asked is None:
        return []
    what = "loosens" if planned[0].loosens else "tightens"
    most = planned[0].rule.max_holders
    return ["  every country together", f"    {what:<8} max_holders: {most:,}  ({asked[1]})"]
