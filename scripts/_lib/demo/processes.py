"""Child processes that never outlive the demo: each leads a process group, which goes with it."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

GRACE_SECONDS = 3.0

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_running: list[subprocess.Popen[bytes]] = []


def spawn(
    command: list[str], log: Path, *, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Starts a program in a session of its own, so that Ctrl-C reaches the demo alone, which then stops it.

    Args:
        command: Program and arguments.
        log: File that its output is appended to.
        cwd: Its working directory.
        env: Its environment; the demo's own without one.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=env,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
    _running.append(process)
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """Asks, waits, insists."""
    _signal_group(process, signal.SIGTERM)
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the whole group: no handler runs, nothing is flushed."""
    _signal_group(process, signal.SIGKILL)
    process.wait()
    if process in _running:
        _running.remove(process)


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _die_with_parent() -> None:
    """On Linux a child goes even if the demo itself is killed without a chance to clean up."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@atexit.register
def _stop_everything() -> None:
    for process in list(_running):
        kill(process)
