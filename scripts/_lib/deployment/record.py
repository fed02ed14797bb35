"""deployments/<network>.json: what is where, for keepers and people. Written whole or not at all."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class ContractRecord:
    """A deployed contract; `code_hash` is keccak256 of its runtime code."""

    address: str
    code_hash: str
    constructor_args: list[Any]
    block: int
    implementation: str | None = None


@dataclass
class DeploymentRecord:
    """A network's deployment."""

    network: str
    chain_id: int
    block: int = 0
    contracts: dict[str, ContractRecord] = field(default_factory=dict)
    assets: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    feeds: dict[str, str] = field(default_factory=dict)
    pools: list[dict[str, Any]] = field(default_factory=list)
    bls_groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    universes: dict[str, dict[str, Any]] = field(default_factory=dict)
    optimizers: dict[str, dict[str, Any]] = field(default_factory=dict)
    portfolios: dict[str, dict[str, Any]] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Replaces the network's file in one step."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.network}.json"
        scratch = path.with_suffix(".json.tmp")
        scratch.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        os.replace(scratch, path)
        return path
