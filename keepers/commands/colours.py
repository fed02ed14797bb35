"""Colours of what a person reads on a terminal; click leaves them out of files and pipes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_GOOD, _DOUBTFUL, _BAD = "green", "yellow", "red"
_WORDS = {
    # doctor's level, a portfolio's state, a bot's last decision.
    _GOOD: r"^ok\b|(?<=^state     )Normal\b|(?<=^  )done(?= at block)",
    _DOUBTFUL: r"^warn\b|\bWarning\b|\bexpired\b|\blapsed\b|\bunknown(?=:)|\bpaused(?=:)|\bhas not run yet\b",
    _BAD: r"^fail\b|\bDeRiskOnly\b|\bHalted\b|^quantera(?=:)|(?<=^  )(?:refused|failed)(?= at block)",
}
_PATTERNS = {colour: re.compile(words, re.MULTILINE) for colour, words in _WORDS.items()}


def plain_option(command: Command) -> Command:
    """Adds `--no-color`, which the variable NO_COLOR sets, too (no-color.org): click then colours nothing."""
    return click.option(
        "--no-color",
        envvar="NO_COLOR",
        is_flag=True,
        flag_value="1",
        type=click.UNPROCESSED,
        expose_value=False,
        callback=_plain,
        help="Plain text on a terminal, too.",
    )(command)


def _plain(context: click.Context, _: click.Parameter, wanted: str | None) -> None:
    if wanted:
        context.color = False


def tinted(text: str) -> str:
    """Words that say how things stand in green, yellow or red."""
    for colour, words in _PATTERNS.items():
        text = words.sub(partial(_styled, colour), text)
    return text


def _styled(colour: str, found: re.Match[str]) -> str:
    return click.style(found[0], fg=colour)
