"""Ten thousand events after a downtime."""

from __future__ import annotations

from pathlib import Path

from tests.fixtures.backlog import measure, post_backlog
from tests.fixtures.board import board

FLOOR_MULTIPLE = 2
"""The target of `make bench`: a drain takes less than twice the node's own time."""


def test_backlog__ten_thousand_events__drains_near_the_nodes_floor_in_flat_memory(tmp_path: Path) -> None:
    with board() as chain:
        post_backlog(chain)
        found = measure(chain, tmp_path, wanted=FLOOR_MULTIPLE)
    assert found.ratio < FLOOR_MULTIPLE, f"{found.seconds:.3f} s against {found.floor:.3f} s"
    half, whole = found.peaks
    assert whole < 1.25 * half, f"{whole} bytes at most, {half} for half of it"
