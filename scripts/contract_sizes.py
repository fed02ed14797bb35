"""Refuse a deployable contract that is larger than EIP-170 lets a chain keep, or EIP-3860 lets it be created with.

Reads what `forge build` wrote, so build first. Stand-ins under contracts/mocks are not deployed and not counted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

LIMIT = 24_576  # bytes of runtime code, EIP-170
INITCODE_LIMIT = 49_152  # bytes of creation code and constructor arguments, EIP-3860
WORD = 32
ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "build/forge/out"


def sizes_of(artifacts: Path) -> dict[str, tuple[int, int]]:
    """Bytes of runtime code, and of creation code with a word for each argument, by `path:name`.

    Contracts of the project's own that have any code are in it.
    """
    sizes: dict[str, tuple[int, int]] = {}
    for file in artifacts.rglob("*.json"):
        if file.parent.suffix != ".sol":
            continue  # build-info
        artifact = json.loads(file.read_text())
        target = artifact.get("metadata", {}).get("settings", {}).get("compilationTarget", {})
        for source, name in target.items():
            runtime, creation = _bytes(artifact, "deployedBytecode"), _bytes(artifact, "bytecode")
            arguments = sum(len(entry["inputs"]) for entry in artifact["abi"] if entry["type"] == "constructor")
            # A file deleted or renamed since leaves its artifact behind.
            ours = source.startswith("contracts/") and not source.startswith("contracts/mocks/")
            if ours and runtime and (ROOT / source).exists():
                sizes[f"{source}:{name}"] = (runtime, creation + WORD * arguments)
    return sizes


def _bytes(artifact: dict[str, Any], code: str) -> int:
    return len(artifact[code]["object"].removeprefix("0x")) // 2


@click.command(short_help="Hold contracts against the size limits")
def cli() -> None:
    """Print the runtime size of each contract, largest first; fail when one is too large or nothing was built."""
    sizes = sizes_of(ARTIFACTS)
    if not sizes:
        raise click.ClickException("nothing built: run `forge build` first")
    for name, (size, _) in sorted(sizes.items(), key=lambda item: -item[1][0]):
        click.echo(f"{size:>7,} {size / LIMIT:>5.0%}  {name}{'  TOO LARGE' if size > LIMIT else ''}")
    for name, (_, size) in sorted(sizes.items(), key=lambda item: -item[1][1]):
        if size > INITCODE_LIMIT * 9 // 10:
            too_large = "  TOO LARGE" if size > INITCODE_LIMIT else ""
            click.echo(f"{size:>7,} {size / INITCODE_LIMIT:>5.0%}  creation of {name}{too_large}")
    if any(runtime > LIMIT or creation > INITCODE_LIMIT for runtime, creation in sizes.values()):
        sys.exit(1)


if __name__ == "__main__":
    cli()
