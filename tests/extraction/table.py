"""Precision and recall of `findings_around` over the cases, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from keepers.execution.extraction import Finding, Kind, findings_around
from tests.extraction.cases import HABITS, Case, Habit, Label, made

CASES = 1_000
"""Blocks of each habit."""
SEED = 21
PART = "extraction-table"


@dataclass(frozen=True)
class Score:
    """How a kind, or a habit, was judged.

    Attributes:
        labelled: Blocks in which it was done.
        found: Findings of it.
        right: Findings that are the label's.
    """

    labelled: int
    found: int
    right: int

    @property
    def precision(self) -> float | None:
        """Part of the findings that are right; None without a finding."""
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Part of the labels that were found; None without a label."""
        return self.right / self.labelled if self.labelled else None


@dataclass(frozen=True)
class Judged:
    """A block with what was found around its swap."""

    habit: Habit
    case: Case
    findings: tuple[Finding, ...]


def judged(cases: int = CASES, seed: int = SEED) -> list[Judged]:
    """Returns every habit's blocks, so many of each, with what was found."""
    return list(_judged(Random(seed), cases))


def _judged(random: Random, cases: int) -> Iterator[Judged]:
    for habit in HABITS:
        for _ in range(cases):
            case = made(habit, random)
            yield Judged(habit, case, findings_around(case.ours, case.block))


def score(judgements: Sequence[Judged], kind: Kind) -> Score:
    """Returns how a kind was judged; of right findings one counts for each label."""
    labelled = sum(one.case.label is not None and one.case.label.kind is kind for one in judgements)
    found = sum(finding.kind is kind for one in judgements for finding in one.findings)
    return Score(
        labelled, found, sum(any(is_right(f, one.case.label, kind) for f in one.findings) for one in judgements)
    )


def is_right(finding: Finding, label: Label | None, kind: Kind) -> bool:
    """Returns True if a finding of a kind is what a label says: all of its events are the label's."""
    if label is None or not finding.kind is label.kind is kind:
        return False
    return {event.position for event in finding.events} <= label.events


def markdown(judgements: Sequence[Judged], cases: int = CASES) -> str:
    """Returns both tables with a line that says how they were made."""
    lines = [
        f"{cases:,} blocks of each habit below, made with seed {SEED}. `make extraction-table`.",
        "",
        "| Finding | Blocks with it | Found | Right | Precision | Recall |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for kind in Kind:
        one = score(judgements, kind)
        shares = f"{_percent(one.precision)} | {_percent(one.recall)}"
        lines.append(f"| {kind.value} | {one.labelled:,} | {one.found:,} | {one.right:,} | {shares} |")
    heads = " | ".join(f"{kind.value} found wrongly" for kind in Kind)
    lines += ["", f"| Habit | Label | Recall | {heads} |", "|---|---|--:|--:|--:|--:|"]
    for habit in HABITS:
        own = [one for one in judgements if one.habit is habit]
        scores = [score(own, kind) for kind in Kind]
        recall = next((_percent(one.recall) for one in scores if one.labelled), "")
        wrong = " | ".join(f"{one.found - one.right:,}" for one in scores)
        lines.append(f"| {habit.name} | {habit.kind.value if habit.kind else 'harmless'} | {recall} | {wrong} |")
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
