"""`python -m tests.bench [--write] [module ...]`: measures, prints, writes build/bench.json.

A run of all modules writes docs/benchmarks.md and the table in README.md too; with --write a run of some of them
replaces their sections and rows there.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import tests.bench
from scripts._lib.anvil import anvil
from scripts._lib.artifacts import ROOT, build
from tests.bench.framework import (
    Bench,
    Row,
    headlines,
    refreshed,
    refreshed_headlines,
    report,
    table,
    write_between_markers,
    write_json,
)


def groups() -> dict[str, object]:
    """Modules here that have `rows`, by name; `NODE`, where they have it, are options that their anvil needs."""
    names = sorted(info.name for info in pkgutil.iter_modules(tests.bench.__path__))
    modules = {name: importlib.import_module(f"tests.bench.{name}") for name in names if name != "__main__"}
    return {name: module for name, module in modules.items() if hasattr(module, "rows")}


def main(arguments: list[str]) -> int:
    """Runs the modules named, or all."""
    known, wanted = groups(), [name for name in arguments if name != "--write"]
    if unknown := set(wanted) - set(known):
        print(f"no group {', '.join(sorted(unknown))}: choose from {', '.join(known)}", file=sys.stderr)
        return 2
    build()
    rows: list[Row] = []
    for name in wanted or known:
        with anvil(*getattr(known[name], "NODE", ())) as w3:
            measured = known[name].rows(Bench(w3))  # type: ignore[attr-defined]
        print(f"\n{name}\n{table(measured)}", flush=True)
        rows += measured
    write_json(rows, ROOT / "build/bench.json")
    if not wanted:
        write_between_markers(report(rows), ROOT / "docs/benchmarks.md")
        write_between_markers(headlines(rows), ROOT / "README.md")
    elif "--write" in arguments:
        for path, renew in ((ROOT / "docs/benchmarks.md", refreshed), (ROOT / "README.md", refreshed_headlines)):
            path.write_text(renew(path.read_text(encoding="utf-8"), rows), encoding="utf-8")
    missed = [row for row in rows if row.missed]
    for row in missed:
        print(
            f"over target: {row.group}, {row.name}: {row.ours if row.ratio is None else row.ratio} > {row.target}",
            file=sys.stderr,
        )
    return 0


sys.exit(main(sys.argv[1:]))
