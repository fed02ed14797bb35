"""The folders of contracts that the demo needs; `make demo` runs this file to print them, before anything is installed.

Standard library only.
"""

from __future__ import annotations

from pathlib import Path

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"


def contract_folders() -> list[str]:
    """The protocol and the demo's local market, relative to the repository: not what only tests deploy."""
    protocol = sorted(part.name for part in CONTRACTS.iterdir() if part.is_dir() and part.name != "mocks")
    return [f"contracts/{name}" for name in (*protocol, "mocks/market")]


if __name__ == "__main__":
    print(*contract_folders())
