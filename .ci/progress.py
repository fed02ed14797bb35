"""progress.py COMMAND...: runs a tool that compiles contracts and says on standard error how far the compiler is.

A terminal gets one line that changes, a log a line for every quarter. Standard library only, as it runs before the
installation is complete.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LOOK_SECONDS = 0.5


def main(command: list[str]) -> int:
    """Runs the command; returns its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "progress"
        environment = {**os.environ, "QUANTERA_SOLC_PROGRESS": str(file)}
        began, said = time.monotonic(), ""
        process = subprocess.Popen(command, env=environment)
        try:
            while process.poll() is None:
                said = _say(_text(file, time.monotonic() - began), said)
                time.sleep(LOOK_SECONDS)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        if sys.stderr.isatty() and said:
            print(file=sys.stderr)
        return process.returncode


def _text(file: Path, seconds: float) -> str:
    """How far the compiler is, or that it has begun; nothing while there may be nothing to compile."""
    try:
        done, total = (int(part) for part in file.read_text(encoding="utf-8").split())
    except (OSError, ValueError):
        return "Compiling contracts" if seconds > 2 else ""
    shown = seconds if sys.stderr.isatty() else 0
    done = done if sys.stderr.isatty() else done * 4 // total * total // 4
    return f"Compiling contracts: {done} of {total} files" + (f", {shown:.0f} s" if shown else "")


def _say(text: str, said: str) -> str:
    if text and text != said:
        print(f"\r{text}   " if sys.stderr.isatty() else text, end="" if sys.stderr.isatty() else "\n", file=sys.stderr)
        sys.stderr.flush()
    return text or said


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("progress: no command is given; name one, such as `progress.py forge build`")
    sys.exit(main(sys.argv[1:]))
