"""`python -m tests.stress --times 20 --load 4 [what pytest takes]`: the same tests over and over on a busy machine.

A race shows when a process does not get its turn. Ends at the first run that fails, with what that run printed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
TESTS = ("tests/unit/keepers", "tests/fuzz/keepers")
# It ends with the process that started it, however that one ends: its number is told, because it may be gone already.
_BUSY = "import os, sys\nwhile os.getppid() == int(sys.argv[1]):\n    sum(range(100_000))"


@contextmanager
def busy(processes: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many processes that do nothing but take the processor's time."""
    running = [subprocess.Popen([sys.executable, "-c", _BUSY, str(os.getpid())]) for _ in range(processes)]
    try:
        yield running
    finally:
        for process in running:
            process.kill()
            process.wait()


def repeat(command: Sequence[str], times: int) -> int:
    """Runs a command over and over, one line per run; the exit code of the first run that failed, 0 if none did."""
    for number in range(1, times + 1):
        started = time.monotonic()
        run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        spent = time.monotonic() - started
        if run.returncode:
            click.echo(f"{run.stdout}\nrun {number} of {times}: failed after {spent:.0f} s")
            return run.returncode
        summary = run.stdout.strip().splitlines()[-1:] or ["no output"]
        click.echo(f"run {number} of {times}: {summary[0]}")
    return 0


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]})
@click.option("--times", type=click.IntRange(min=1), default=20, show_default=True, help="Runs in a row.")
@click.option("--load", type=click.IntRange(min=0), default=4, show_default=True, help="Busy processes beside them.")
@click.option("--workers", type=click.IntRange(min=1), default=4, show_default=True, help="Of pytest-xdist.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def main(times: int, load: int, workers: int, arguments: tuple[str, ...]) -> None:
    """Run tests many times under load; ARGUMENTS are pytest's own, the keepers' tests unless they name others."""
    named = any(not argument.startswith("-") for argument in arguments)
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(workers), "--dist", "worksteal", *arguments]
    with busy(load):
        sys.exit(repeat([*command, *(() if named else TESTS)], times))


if __name__ == "__main__":
    main()
