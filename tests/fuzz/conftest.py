"""Depth of the Hypothesis tests: `quick` unless QUANTERA_FUZZ=deep."""

import os
from typing import Any

from hypothesis import settings

from tests.fuzz.worst import BOUNDS, ERRORS

settings.register_profile("quick", max_examples=50, deadline=None)
settings.register_profile("deep", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("QUANTERA_FUZZ", "quick"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says how far the chain's numbers were from numpy's at worst."""
    for what, (error, count) in sorted(ERRORS.items()):
        terminalreporter.write_line(f"{what}: worst relative error beside numpy {error:.2e} in {count} comparisons")
    for what, (found, bound) in sorted(BOUNDS.items()):
        terminalreporter.write_line(f"{what}: worst found {found:.2f}, never above {bound:.2f}")
