"""Choice of the rows after which an audit changes the future."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from keepers.signals.errors import SignalError


def choose_cuts(days: Sequence[date], most: int | None, gaps: Sequence[int] = ()) -> tuple[int, ...]:
    """Rows after which the future is changed, in rising order.

    A leak shows at a cut if the decision lies before it and the row that leaks lies after it. So the rows are those
    where leaks of few rows sit (the start, ends of years, quarters, months and gaps), and then rows that halve the
    intervals that are left, which find every leak that reaches farther than an interval.

    Args:
        days: Day of each row, rising.
        most: How many rows; every row for None.
        gaps: Rows in which something is missing.

    Raises:
        SignalError: If there are fewer than two rows, or no cut is asked for.
    """
    last = len(days) - 2
    if last < 0:
        raise SignalError(f"{len(days)} rows", "there is no future to change", "give a longer history")
    if most is None:
        return tuple(range(last + 1))
    if most < 1:
        raise SignalError(f"{most} cuts", "none", "give 1 or more")
    chosen: dict[int, None] = {}
    halves = _halving(last + 1)
    # Half of the cuts go where leaks sit, half wherever the largest interval is.
    special = _special(days, gaps)
    for source, limit in ((special, (most + 1) // 2), (halves, most), (special, most)):
        for row in source:
            if len(chosen) >= limit:
                break
            if 0 <= row <= last:
                chosen[row] = None
    return tuple(sorted(chosen))


def _special(days: Sequence[date], gaps: Sequence[int]) -> Iterator[int]:
    """Rows near the start, and the last rows of years, gaps, quarters and months: in turn, the latest first."""
    yield len(days) - 2
    ends = [row for row in range(len(days) - 1) if days[row].month != days[row + 1].month]
    missing = set(gaps)
    kinds = (
        # A window that is not full yet is where fills and padding reach ahead.
        [1, 64, 4, 16],
        [row for row in ends if days[row].year != days[row + 1].year],
        [row for row in gaps if row + 1 not in missing],
        [row for row in ends if days[row].month % 3 == 0],
        ends,
    )
    for place in range(1, max(map(len, kinds)) + 1):
        yield from (rows[-place] for rows in kinds if place <= len(rows))


def _halving(count: int) -> Iterator[int]:
    """All of 0 .. count - 1, each in the middle of a largest interval that is left, breadth first."""
    queue = [(0, count)]
    for low, high in queue:
        if low >= high:
            continue
        middle = (low + high) // 2
        yield middle
        queue += [(low, middle), (middle + 1, high)]
