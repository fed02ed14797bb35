"""Refusals of the simulated protocol, under the names of the contracts' errors. No I/O."""

from __future__ import annotations


class Rejected(Exception):
    """Something that the contracts would revert.

    Args:
        error: Name of the contract's error.
        text: Reason with its numbers.
    """

    def __init__(self, error: str, text: str) -> None:
        super().__init__(f"{error}: {text}")
        self.error = error
        self.text = f"{error}: {text}"
