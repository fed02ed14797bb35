"""`python -m tests.count [--write]`: how many cases each folder of tests has, held against tests/collected.json.

A folder that is no longer collected passes every run. So the number of each folder's cases is written down, and it may
fall only together with what is written: `--write` does that.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "tests/collected.json"
FORGE = "tests/invariant"


def collected_by_pytest(root: Path = ROOT) -> dict[str, int]:
    """Cases that a plain `pytest` collects, by the folder of their file, relative to `root`.

    Raises:
        RuntimeError: If pytest cannot collect.
    """
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"pytest cannot collect: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    return by_folder(line.split("::")[0] for line in done.stdout.splitlines() if "::" in line)


def by_folder(files: Iterable[str]) -> dict[str, int]:
    """Cases by the folder of their file, from the file of each case."""
    return dict(Counter(str(Path(file).parent) for file in files))


def collected_by_forge(root: Path = ROOT) -> dict[str, int]:
    """Tests and invariants that a plain `forge test` runs, all under FORGE."""
    command = [str(root / ".ci/bin/forge"), "test", "--list", "--json"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=3600).stdout
    files = json.loads(listed[listed.index("{") :])
    return {FORGE: sum(len(names) for contracts in files.values() for names in contracts.values())}


def fallen(found: dict[str, int], recorded: dict[str, int]) -> list[str]:
    """A line for each folder that has fewer cases than are recorded, or that nobody has recorded."""
    fewer = [
        f"{folder}: {found.get(folder, 0)} cases are collected, {count} are recorded"
        for folder, count in recorded.items()
        if found.get(folder, 0) < count
    ]
    return fewer + [f"{folder}: {found[folder]} cases are not recorded" for folder in found if folder not in recorded]


def recorded(*, forge: bool) -> dict[str, int]:
    """The recorded numbers of forge's folder, or of all others."""
    rows: dict[str, int] = json.loads(RECORD.read_text(encoding="utf-8"))
    return {folder: count for folder, count in rows.items() if (folder == FORGE) == forge}


@click.command()
@click.option("--write", is_flag=True, help="Record what is collected now.")
@click.option("--forge", is_flag=True, help="Look at forge's tests only.")
def main(write: bool, forge: bool) -> None:
    """Hold the numbers of collected cases against the recorded ones."""
    if write:
        rows = {**collected_by_pytest(), **collected_by_forge()}
        RECORD.write_text(json.dumps(dict(sorted(rows.items())), indent=2) + "\n", encoding="utf-8")
        click.echo(f"{sum(rows.values())} cases in {len(rows)} folders are recorded in {RECORD.name}")
        return
    lines = fallen(collected_by_forge(), recorded(forge=True))
    if not forge:
        lines += fallen(collected_by_pytest(), recorded(forge=False))
    for line in lines:
        click.echo(f"count: {line}; `python -m tests.count --write` records what is intended", err=True)
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
