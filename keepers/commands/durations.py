"""Lengths of time as options take them: a whole number and a unit."""

from __future__ import annotations

import re

import click

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_WRITTEN = re.compile(r"(\d{1,9})([smhd])", re.ASCII)


class Duration(click.ParamType):
    """Seconds, written as 45s, 10m, 1h or 30d; zero is refused."""

    name = "duration"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The seconds."""
        if isinstance(value, int):
            return value
        found = _WRITTEN.fullmatch(value)
        seconds = int(found[1]) * _UNITS[found[2]] if found else 0
        if not seconds:
            self.fail(f"'{value}' is no length of time above zero: write 45s, 10m, 1h or 30d", param, ctx)
        return seconds
