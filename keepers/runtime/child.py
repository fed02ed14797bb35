"""A command of this program in a process of its own, which ends with whoever started it, and in time."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import IO

GRACE_SECONDS = 10.0
"""Time between SIGTERM and SIGKILL."""

ORPHANED = 143
"""Exit code of a command whose starter ended: the one that SIGTERM would give."""


@dataclass(frozen=True)
class Ended:
    """The end of a command.

    Attributes:
        code: Exit code; minus the number of the signal that ended it.
        output: Text of standard output.
        fault: Last line of standard error; empty without one.
        in_time: False if it was ended because its time was over.
    """

    code: int
    output: str
    fault: str
    in_time: bool


class Child:
    """A running command. Its standard input is open for as long as this process lives, and never has anything in it.

    Args:
        arguments: Arguments of `quantera`; the command has to call `end_with_starter`.
        seconds: Time after which it is ended.
    """

    def __init__(self, arguments: Sequence[str], seconds: float) -> None:
        # Files, and no pipes: nobody has to read them for the command to go on.
        with ExitStack() as files:
            self._output = files.enter_context(tempfile.TemporaryFile())
            self._errors = files.enter_context(tempfile.TemporaryFile())
            self._files = files.pop_all()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "keepers", *arguments],
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=self._errors,
            start_new_session=True,
        )
        self._late = False
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        """True until it has ended."""
        return self._process.poll() is None

    def end(self) -> None:
        """Ends it, if it still runs, and waits until it has ended."""
        self._timer.cancel()
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close()

    def ended(self) -> Ended:
        """The end of a command that runs no more; called once."""
        code = self._process.wait()
        self._timer.cancel()
        output, errors = (_text(file) for file in (self._output, self._errors))
        self._close()
        return Ended(code, output, (errors.strip().splitlines() or [""])[-1], not self._late)

    def _expire(self) -> None:
        if self.runs:
            self._late = True
            self._process.terminate()
            try:
                self._process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def _close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._files.close()


def end_with_starter() -> None:
    """Ends this process when its standard input ends, which is when whoever started it has ended, however it did."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os._exit(ORPHANED)

    threading.Thread(target=wait, name="starter", daemon=True).start()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
