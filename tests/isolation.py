"""A part of a test whose chain state is undone, and whose failures are not: Ape's `chain.isolate` swallows them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def isolated(chain: Any) -> Iterator[None]:
    """Undoes what the block does on chain; what the block raises is raised."""
    snapshot = chain.snapshot()
    try:
        yield
    finally:
        chain.restore(snapshot)
