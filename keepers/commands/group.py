"""A group of commands that guesses what a mistyped name meant."""

from __future__ import annotations

from difflib import get_close_matches

import click


class Guessing(click.Group):
    """A click group whose error for an unknown name suggests a known one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Adds the nearest name to the error for an unknown one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            if near:
                error.message = f"{error.message.rstrip('.')}. Did you mean '{near[0]}'?"
            raise
