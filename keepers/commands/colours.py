"""Colours of what a person reads on a terminal; click leaves them out of files and pipes."""

from __future__ import annotations

import os
import re
from functools import partial

import click

_GOOD, _DOUBTFUL, _BAD = "green", "yellow", "red"
_WORDS = {
    # doctor's level, a portfolio's state, a bot's last decision.
    _GOOD: r"^ok\b|(?<=^state     )Normal\b|(?<=^  )done(?= at block)",
    _DOUBTFUL: r"^warn\b|\bWarning\b|\bexpired\b|\blapsed\b|\bunknown(?=:)|\bpaused(?=:)|\bhas not run yet\b",
    _BAD: r"^fail\b|\bDeRiskOnly\b|\bHalted\b|^quantera(?=:)|(?<=^  )(?:refused|failed)(?= at block)",
}
_PATTERNS = {colour: re.compile(words, re.MULTILINE) for colour, words in _WORDS.items()}


def tinted(text: str) -> str:
    """Words that say how things stand in green, yellow or red; none where NO_COLOR is set (no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return text
    for colour, words in _PATTERNS.items():
        text = words.sub(partial(_styled, colour), text)
    return text


def _styled(colour: str, found: re.Match[str]) -> str:
    return click.style(found[0], fg=colour)
