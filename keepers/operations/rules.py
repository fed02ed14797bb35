"""Rules of a regulated token for its officer: verdicts explained, and what the rulebook would change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from keepers.compliance.diff import described, described_losses
from keepers.compliance.errors import ComplianceError
from keepers.compliance.explain import explain, words
from keepers.compliance.impact import Loss, losses
from keepers.compliance.movement import State
from keepers.compliance.plan import AnyStep, changes, issue_steps, steps, term_steps, token_steps
from keepers.compliance.rulebook import load_rulebook
from keepers.compliance.rulebook.assignment import Assignment, assign, holders_worldwide, with_class_counts
from keepers.compliance.rulebook.dated import NOTHING_DATED, DatedTerms
from keepers.compliance.rulebook.terms import load_terms
from keepers.compliance.rulebook.text import warnings
from keepers.compliance.rules import Reason
from keepers.compliance.transfer_terms import ClassRule
from keepers.compliance.verdict import judge, judge_token, verdict
from keepers.contracts.compliance import ComplianceReader
from keepers.contracts.identities import IdentityReader


@dataclass(frozen=True)
class Plan:
    """Changes that applying the rulebook to a token makes.

    Attributes:
        lines: Text for people.
        steps: Transactions, in their order.
        lost: Holders who become ineligible.
        state: Rules and counts on chain.
    """

    lines: list[str]
    steps: list[AnyStep]
    lost: list[Loss]
    state: State


def plan(
    reader: ComplianceReader,
    wanted: dict[int, Assignment],
    from_block: int,
    today: date,
    dated: DatedTerms = NOTHING_DATED,
) -> Plan:
    """Returns what would change on chain, who would become ineligible, and which checks of the rulebook are old.

    Args:
        reader: Reader of the token.
        wanted: The rulebook's rules for the token, by country.
        from_block: Block from which on holders and rules of unusual country numbers are looked for.
        today: Day from which the age of a check is counted.
        dated: Terms with dates that the issuer's decisions ask for.
    """
    rules = {code: found.rule for code, found in wanted.items()}
    pending, worldwide = changes(reader.rules(from_block), rules), holders_worldwide(wanted)
    for_all = token_steps(reader.token_rule(), worldwide[0] if worldwide else 0)
    limits = {code: found.issues for code, found in wanted.items() if found.issues.issuance_limit}
    issues = issue_steps(reader.issue_rules(sorted(limits)), limits)
    holders, state = reader.holders(from_block)
    dated = with_class_counts(dated, wanted, state.terms.class_rules)
    terms = term_steps(state.terms, dated, reader.block.timestamp)
    lost = losses(holders, state, rules, dated.class_rules)
    lines = described(pending, for_all, wanted, reader.decimals, issues, (terms, dated))
    if pending or terms:
        lines += described_losses(lost)
    lines += _census(state, dated.class_rules or ())
    own = (found for code, found in wanted.items() if code == found.jurisdiction.code)
    lines += warnings([found.jurisdiction for found in own if found.rule.classes], today)
    return Plan(lines, [*for_all, *issues, *terms, *steps(pending)], lost, state)


def _census(state: State, wanted: Iterable[ClassRule]) -> list[str]:
    """A line if holders have to be counted before those whom a class rule counts can come in."""
    counted = {rule.who for rule in state.terms.class_rules if rule.max_holders}
    new = {rule.who for rule in wanted if rule.max_holders} - counted
    missing = state.holders - (0 if new else state.census)
    if not missing or not (new or counted):
        return []
    text = f"{missing} wallets of holders have to be counted before anybody comes in whom the limit of holders binds"
    return [f"  {text}: quantera compliance recount"]


def checked(
    reader: ComplianceReader,
    accounts: tuple[str | None, str | None],
    amount: int,
    spender: str | None,
    assignments: dict[int, Assignment] | None,
) -> list[str]:
    """Returns a verdict on a movement in words, rule by rule, with the law behind each rule.

    Args:
        reader: Reader of the token.
        accounts: Sender, None to mint; and receiver, None to burn.
        amount: Smallest units.
        spender: Account that would move it by allowance, if it is neither of the two.
        assignments: The rulebook's rules for the token; None if the issuer's terms do not name it.

    Raises:
        ComplianceError: If the engine and the model of it disagree.
    """
    movement, state = reader.movement(*accounts, amount, spender)
    ours, tokens = judge(movement, state), judge_token(movement, state)
    on_chain = reader.verdict(movement)
    if verdict(ours) != on_chain:
        said, meant = (f"{words(reason)} ({who or 'nobody'})" for who, reason in (on_chain, verdict(ours)))
        raise ComplianceError(
            "verdict", f"the engine says {said}, this says {meant}", "they must not differ; report it"
        )
    lines = explain([*tokens, *ours], movement, state, assignments)
    refused, reason = verdict([*tokens, *ours])
    if reason is Reason.NONE:
        return [*lines, "Allowed."]
    return [*lines, f"Refused, code {int(reason)}: {words(reason)}{f', {refused}' if refused else ''}."]


def assignments(reader: ComplianceReader, path: Path) -> dict[int, Assignment] | None:
    """Returns the rulebook's rules for a token under the terms of a file; None if the file does not name the token."""
    terms = load_terms(path).of(reader.symbol, reader.token)
    return None if terms is None else assign(load_rulebook(), terms, reader.decimals)


def dated_terms(reader: ComplianceReader, path: Path) -> DatedTerms:
    """Returns the terms with dates that a file asks for; none if the file does not name the token."""
    terms = load_terms(path).of(reader.symbol, reader.token)
    if terms is None:
        return NOTHING_DATED
    topics = IdentityReader(reader.node, reader.registry).topics(reader.block)
    return terms.dated(load_rulebook(), reader.decimals, {topic.id: topic.index for topic in topics})
