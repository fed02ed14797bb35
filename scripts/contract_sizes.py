"""Refuse a deployable contract that is larger than EIP-170 lets a chain keep.

Reads what `forge build` wrote, so build first. Stand-ins under contracts/test are not deployed and not counted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

LIMIT = 24_576  # bytes of runtime code, EIP-170
ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "build/forge/out"


def runtime_sizes(artifacts: Path) -> dict[str, int]:
    """Bytes of runtime code of each contract of the project's own that has any, by `path:name`."""
    sizes: dict[str, int] = {}
    for file in artifacts.rglob("*.json"):
        if file.parent.suffix != ".sol":
            continue  # build-info
        artifact = json.loads(file.read_text())
        target = artifact.get("metadata", {}).get("settings", {}).get("compilationTarget", {})
        for source, name in target.items():
            code = artifact["deployedBytecode"]["object"].removeprefix("0x")
            # A file deleted or renamed since leaves its artifact behind.
            ours = source.startswith("contracts/") and not source.startswith("contracts/test/")
            if ours and code and (ROOT / source).exists():
                sizes[f"{source}:{name}"] = len(code) // 2
    return sizes


@click.command(short_help="Hold contracts against the size limit")
def cli() -> None:
    """Print the runtime size of each contract, largest first; fail when one is too large or nothing was built."""
    sizes = runtime_sizes(ARTIFACTS)
    if not sizes:
        raise click.ClickException("nothing built: run `forge build` first")
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        click.echo(f"{size:>7,} {size / LIMIT:>5.0%}  {name}{'  TOO LARGE' if size > LIMIT else ''}")
    if any(size > LIMIT for size in sizes.values()):
        sys.exit(1)


if __name__ == "__main__":
    cli()
