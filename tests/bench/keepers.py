"""Time that a keeper takes for what piled up while it was away."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.framework import Bench, Row
from tests.fixtures.event_backlog import measure, post_backlog
from tests.fixtures.event_chain import event_chain

METHOD = (
    "10,000 events in 1,000 blocks, in pages of 250 blocks: list, decode, hand over, write a line a page and move the "
    "cursor, in SQLite; against eth_getLogs of the same pages alone, on the same node, in turns; "
    "best of ten or more each, less the time that the client waited for a core."
)
DECIDING = "The same with a decision about each event written; one turn."


def rows(_: Bench) -> list[Row]:
    """Seconds of a drain against the node's own, and the peak of memory."""
    with event_chain() as chain, TemporaryDirectory() as folder:
        post_backlog(chain)
        found = measure(chain, Path(folder))
    half, whole = found.peaks
    return [
        Row("Keepers", "Drain 10,000 events", "s", found.seconds, found.floor, "eth_getLogs alone", 2.0, METHOD),
        Row(
            "Keepers",
            "with a decision about each",
            "s",
            found.deciding,
            found.floor,
            "eth_getLogs alone",
            None,
            DECIDING,
        ),
        Row("Keepers", "Memory for 10,000 events", "bytes", whole, half, "for 5,000 events", 1.25, METHOD),
    ]
