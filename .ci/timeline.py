"""Stages of `make test`: what each took, and when. Standard library only, as it runs before the installation.

    timeline.py begin
    timeline.py stage NAME [--show] COMMAND...
    timeline.py print

`stage` keeps a command's output until it ends, so that stages which run at the same time do not mix; `--show` passes it
on at once. Outside a run that `begin` has started, a stage runs and leaves no record. `print` draws all stages and
writes them to build/timeline.json.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

BUILD = Path(__file__).resolve().parent.parent / "build"
RECORD = BUILD / "timeline.jsonl"
RESULT = BUILD / "timeline.json"
WIDTH = 60
"""Columns of the drawing."""


def begin() -> int:
    """Starts a run: earlier stages are forgotten."""
    BUILD.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps({"began": time.time()}) + "\n", encoding="utf-8")
    RESULT.unlink(missing_ok=True)
    return 0


def stage(name: str, command: list[str], *, show: bool) -> int:
    """Runs a command; returns its exit code."""
    began = time.time()
    if show:
        code = subprocess.run(command).returncode
    else:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        code = done.returncode
        head = f"== {name}: {'ok' if code == 0 else f'FAILED with {code}'}, {time.time() - began:.0f} s\n"
        sys.stdout.buffer.write(head.encode() + done.stdout)
        sys.stdout.flush()
    if RECORD.is_file() and os.environ.get("QUANTERA_TIMELINE"):
        row = {"stage": name, "began": began, "ended": time.time(), "exit": code}
        with RECORD.open("a", encoding="utf-8") as record:
            record.write(json.dumps(row) + "\n")
    return code


def show() -> int:
    """Prints the run so far and writes it down; 1 if a stage failed."""
    rows = [json.loads(line) for line in RECORD.read_text(encoding="utf-8").splitlines()]
    began, stages = rows[0]["began"], rows[1:]
    total = time.time() - began
    result = {"seconds": round(total, 1), "cores": os.cpu_count(), "stages": [_plain(row, began) for row in stages]}
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"\n== timeline: {total / 60:.1f} minutes")
    for row in result["stages"]:
        print(_bar(row, total))
    return int(any(row["exit"] != 0 for row in stages))


def _plain(row: dict[str, Any], began: float) -> dict[str, Any]:
    seconds = round(row["ended"] - row["began"], 1)
    return {"stage": row["stage"], "start": round(row["began"] - began, 1), "seconds": seconds, "exit": row["exit"]}


def _bar(row: dict[str, Any], total: float) -> str:
    before = int(row["start"] / total * WIDTH)
    length = max(1, round(row["seconds"] / total * WIDTH))
    bar = (" " * before + "#" * length)[:WIDTH]
    return f"{row['stage']:<16} {row['seconds']:7.1f} s |{bar:<{WIDTH}}|{'' if row['exit'] == 0 else ' FAILED'}"


def main(arguments: list[str]) -> int:
    """The command line."""
    match arguments:
        case ["begin"]:
            return begin()
        case ["stage", name, "--show", *command] if command:
            return stage(name, command, show=True)
        case ["stage", name, *command] if command:
            return stage(name, command, show=False)
        case ["print"]:
            return show()
    print(
        f"timeline: cannot read {' '.join(arguments) or 'nothing'}: begin, stage NAME COMMAND..., print",
        file=sys.stderr,
    )
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
