"""How long the parts of the demo take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Clock:
    """Seconds of each part, and since it was made."""

    parts: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Times a block."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.parts[name] = round(time.monotonic() - begun, 1)

    def all(self) -> dict[str, float]:
        """All parts and the total."""
        return {**self.parts, "total": round(time.monotonic() - self.started, 1)}
