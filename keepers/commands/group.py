"""A group of commands that guesses what a mistyped name meant."""

from __future__ import annotations

from difflib import get_close_matches

import click


class Guessing(click.Group):
    """As click's; groups inside it guess too."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Of an unknown name, the error names the nearest one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            if near:
                error.message = f"{error.message.rstrip('.')}. Did you mean '{near[0]}'?"
            raise
