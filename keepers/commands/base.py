"""Shared parts of the commands: the config option, and one line per error."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TypeVar

import click

from keepers.commands.colours import tinted
from keepers.errors import KeeperError

P = ParamSpec("P")
R = TypeVar("R")

USAGE, RUNTIME, INTERRUPTED = 2, 1, 130
"""Exit codes: of a wrong command or config, of what went wrong while running, of Ctrl-C."""

_EXTRAS = {
    **dict.fromkeys(("anyascii", "rapidfuzz"), "screening"),
    "lxml": "filings",
    **dict.fromkeys(("reportlab", "xlsxwriter"), "reports"),
    "ray": "ray",
    **dict.fromkeys(("dask", "distributed"), "dask"),
    "torch": "ai",
}
"""Packages that only some commands need, and the extra that brings each."""

config_option = click.option(
    "--config",
    "config_path",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="keeper.yaml; see `quantera --help` for an example.",
)


@contextmanager
def progress_bar(label: str, steps: int) -> Iterator[Callable[[int], None]]:
    """Shows a bar on standard error where a person looks at it, and nothing elsewhere; yields what advances it."""
    stream = click.get_text_stream("stderr")
    if not stream.isatty() or not steps:
        yield lambda _: None
        return
    bar: Any
    with click.progressbar(length=steps, label=label, file=stream) as bar:
        yield bar.update


def one_line_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Every failure in one line on standard error, with the exit code of its kind: 2 for the config, 1 for most.

    A package of an extra that is not installed is such a failure.
    """

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except KeeperError as error:
            _fail(error)
        except ModuleNotFoundError as error:
            package = str(error.name).partition(".")[0]
            if package not in _EXTRAS:
                raise
            remedy = f"install quantera with its extra `{_EXTRAS[package]}`"
            _fail(KeeperError(f"package {package}", "is not installed", remedy))
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)

    return wrapped


def _fail(error: KeeperError) -> NoReturn:
    line = " ".join(str(error).split())
    click.echo(tinted(f"quantera: {line}"), err=True)
    sys.exit(error.EXIT_CODE)
