"""Search for a decision that the future changes, and for the first row that does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from keepers.signals.audit.changes import KINDS, Change, Kind
from keepers.signals.errors import SignalError

Array = NDArray[np.float64]
RELATIVE = 1e-7
"""Relative difference below which two numbers are the same: sums of another length round otherwise."""
_OF_TYPICAL = 1e-9


class Unanswered(SignalError):
    """The audited code cannot compute anything from a changed history."""


class Subject(Protocol):
    """Something that can be audited."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its outputs."""
        ...

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the columns that it may read."""
        ...

    @property
    def rows(self) -> int:
        """Number of rows of its history."""
        ...

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Changes that its history can take."""
        ...

    def day(self, row: int) -> str:
        """The time of a row, as a person reads it."""
        ...

    def judged(self, cut: int) -> Sequence[int]:
        """Rows whose outputs are compared when the future after a row is changed; none is after it."""
        ...

    def outputs(self, change: Change | None, rows: Sequence[int]) -> Array:
        """Outputs (rows, names) computed from the changed history; NaN where there is none.

        Raises:
            Unanswered: If it cannot be computed.
        """
        ...


@dataclass(frozen=True)
class Counterexample:
    """A decision that knows of a later row.

    Attributes:
        name: Output that leaks.
        decision, future: Rows of the decision, and of the first later row that changes it.
        decision_day, future_day: Their times.
        kind: Change of the later row; `truncated` means that its arrival changes the decision.
        before, after: The output without and with that change.
        inputs: Columns of the later row each of which alone changes the output; empty if it takes several, or if the
            row's mere presence does.
    """

    name: str
    decision: int
    future: int
    decision_day: str
    future_day: str
    kind: Kind
    before: float
    after: float
    inputs: tuple[str, ...]

    def __str__(self) -> str:
        done = "arrives" if self.kind == "truncated" else f"is {self.kind}"
        where = f" ({', '.join(self.inputs)})" if self.inputs else ""
        ahead = self.future - self.decision
        return (
            f"{self.name} on {self.decision_day}: {self.before:.9g} becomes {self.after:.9g} when {self.future_day}"
            f"{where}, {ahead} row{'s' if ahead > 1 else ''} later, {done}"
        )


@dataclass(frozen=True)
class Findings:
    """Outcome of an audit.

    Attributes:
        names: Outputs that were audited.
        counterexamples: One for each output that leaks.
        cuts: Number of rows after which the future was changed.
        evaluations: How many times the audited code ran.
        unanswered: How many of those it refused.
    """

    names: tuple[str, ...]
    counterexamples: tuple[Counterexample, ...]
    cuts: int
    evaluations: int
    unanswered: int

    @property
    def clean(self) -> bool:
        """True if no output leaks."""
        return not self.counterexamples


def search(subject: Subject, cuts: Sequence[int], progress: Callable[[int], None] = lambda _: None) -> Findings:
    """Changes the future after each cut in each way, and minimises what it finds.

    An output that leaks is not looked at again. The number of evaluations is at most
    2 + cuts x kinds + outputs x (2 log2(rows) + inputs + 4).

    Args:
        subject: Function to audit.
        cuts: Rows after which the future is changed.
        progress: Called with 1 after each cut.

    Raises:
        SignalError: If the audited code fails on the unchanged history, gives other numbers for the same history, or
            answers no changed one.
    """
    hunt = _Hunt(subject)
    found: dict[int, tuple[Change, int]] = {}
    answered, done = False, 0
    for cut in cuts:
        done += 1
        rows = subject.judged(cut)
        for kind in subject.kinds:
            change = Change(kind, cut, subject.rows - 1)
            outputs = hunt.answer(change, rows)
            if outputs is None:
                continue
            answered = True
            for column, row in hunt.differing(rows, outputs).items():
                found.setdefault(column, (change, row))
        progress(1)
        if len(found) == len(subject.names):
            break
    if not answered:
        raise SignalError("the audited code", "refuses every changed history", "give a longer one")
    examples = tuple(hunt.minimise(column, change, row) for column, (change, row) in sorted(found.items()))
    return Findings(subject.names, examples, done, hunt.evaluations, hunt.unanswered)


class _Hunt:
    """The baseline, and what it cost to get."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.evaluations = self.unanswered = 0
        everything = range(subject.rows)
        self.baseline = subject.outputs(None, everything)
        again = subject.outputs(None, everything)
        self.evaluations = 2
        typical = np.where(np.isfinite(self.baseline), np.abs(self.baseline), np.nan)
        quiet = np.all(np.isnan(typical), axis=0)
        typical[:, quiet] = 0.0
        self.floor = _OF_TYPICAL * np.nanmedian(typical, axis=0)
        unsteady = np.flatnonzero(self._differ(self.baseline, again).any(axis=0))
        if unsteady.size:
            name = subject.names[int(unsteady[0])]
            raise SignalError(f"'{name}'", "differs between two runs over the same history", "fix its seed")

    def answer(self, change: Change, rows: Sequence[int]) -> Array | None:
        """Outputs of a changed history, or None where the code refuses it."""
        self.evaluations += 1
        try:
            return self.subject.outputs(change, rows)
        except Unanswered:
            self.unanswered += 1
            return None

    def differing(self, rows: Sequence[int], outputs: Array) -> dict[int, int]:
        """For each output that differs from the baseline, the latest row at which it does."""
        if not len(rows):
            return {}
        differs = self._differ(self.baseline[np.asarray(rows)], outputs)
        return {
            int(column): rows[int(np.flatnonzero(differs[:, column])[-1])] for column in np.flatnonzero(differs.any(0))
        }

    def minimise(self, column: int, change: Change, row: int) -> Counterexample:
        """The first later row that changes a decision, by bisection between none and all of them."""
        if change.kind == "truncated":
            return self._arrival(column, change, row)
        start = row if self._changes(column, Change(change.kind, row, change.until), row) else change.after
        low, high = start, change.until
        while high - low > 1:
            middle = (low + high) // 2
            if self._changes(column, Change(change.kind, start, middle), row):
                high = middle
            else:
                low = middle
        before = self._one(column, Change(change.kind, start, high - 1), row) if high - 1 > start else None
        after = self._one(column, Change(change.kind, start, high), row)
        alone = tuple(
            name
            for name in self.subject.inputs
            if self._changes(column, Change(change.kind, high - 1, high, (name,)), row)
        )
        known = float(self.baseline[row, column])
        return self._example(column, row, high, change.kind, known if before is None else before, after, alone)

    def _arrival(self, column: int, change: Change, row: int) -> Counterexample:
        """The first row whose arrival changes what a decision was when it was made."""
        last = self.subject.rows - 1
        at_cut = self._one(column, change, row)
        known = self.answer(Change("truncated", row, last), [row]) if row < change.after else None
        # An answer that the code refuses about a short history is no opinion that it could change later.
        first, low = (at_cut, change.after) if known is None else (float(known[0, column]), row)
        # The decision was one thing at first and is another at the cut or at the end, because those two differ.
        high = change.after if self._unlike(column, first, at_cut) else last
        while high - low > 1:
            middle = (low + high) // 2
            if self._unlike(column, first, self._one(column, Change("truncated", middle, last), row)):
                high = middle
            else:
                low = middle
        before = self._one(column, Change("truncated", high - 1, last), row)
        after = self._one(column, Change("truncated", high, last), row)
        return self._example(column, row, high, "truncated", before, after, ())

    def _one(self, column: int, change: Change, row: int) -> float:
        """One output of a changed history: NaN where the code refuses it, the baseline where nothing is dropped."""
        if change.kind == "truncated" and change.after >= change.until:
            return float(self.baseline[row, column])
        outputs = self.answer(change, [row])
        return float("nan") if outputs is None else float(outputs[0, column])

    def _changes(self, column: int, change: Change, row: int) -> bool:
        outputs = self.answer(change, [row])
        return outputs is not None and self._unlike(
            column, float(self.baseline[row, column]), float(outputs[0, column])
        )

    def _unlike(self, column: int, left: float, right: float) -> bool:
        return bool(_unlike(np.array(left), np.array(right), self.floor[column]))

    def _differ(self, left: Array, right: Array) -> NDArray[np.bool_]:
        return _unlike(left, right, self.floor)

    def _example(
        self, column: int, row: int, future: int, kind: Kind, before: float, after: float, inputs: tuple[str, ...]
    ) -> Counterexample:
        subject = self.subject
        name, days = subject.names[column], (subject.day(row), subject.day(future))
        return Counterexample(name, row, future, days[0], days[1], kind, before, after, inputs)


def _unlike(left: Array, right: Array, floor: Array | float) -> NDArray[np.bool_]:
    """Returns where two outputs are not the same number; NaN is the same as NaN, and an infinity as itself."""
    with np.errstate(invalid="ignore"):
        apart = np.abs(left - right) > RELATIVE * np.maximum(np.abs(left), np.abs(right)) + floor
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    either = ~np.isfinite(left) | ~np.isfinite(right)
    found: NDArray[np.bool_] = ~same & (apart | either)
    return found


__all__ = ["KINDS", "Counterexample", "Findings", "Subject", "Unanswered", "search"]
