"""Compiled contracts for plain web3: our own from forge's output, venues' from their npm packages."""

from __future__ import annotations

import fcntl
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from eth_utils.address import to_checksum_address

if TYPE_CHECKING:  # importing web3 takes a second, which a compilation need not wait for
    from eth_typing import ChecksumAddress
    from web3 import Web3
    from web3.contract import Contract

ROOT = Path(__file__).resolve().parents[2]
FORGE_OUT = ROOT / "build/forge/out"
NODE_MODULES = ROOT / "node_modules"
_TURNS = ROOT / "build/forge.lock"


class Artifact(NamedTuple):
    """ABI and bytecode of a contract: `abi, bytecode = artifact("LiquidityAggregator")`."""

    abi: list[dict[str, Any]]
    bytecode: str
    """Creation code, hexadecimal with 0x."""


def build() -> None:
    """Brings forge's output up to date; quick where nothing has changed.

    Processes that ask at the same time take turns. Otherwise each of a test run's workers would compile the same
    changed contract, and write the same files.
    """
    command = [str(ROOT / ".ci/bin/forge"), "build", "contracts", "--quiet"]
    _TURNS.parent.mkdir(exist_ok=True)
    with _TURNS.open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        subprocess.run(command, cwd=ROOT, check=True)


@cache
def artifact(name: str) -> Artifact:
    """One of the project's contracts, by its name.

    Raises:
        FileNotFoundError: If forge has not compiled it; `make build` does.
    """
    path = FORGE_OUT / f"{name}.sol" / f"{name}.json"
    if not path.is_file():
        raise FileNotFoundError(f"no artifact of {name}: run `make build`")
    return _read(path)


@cache
def package_artifact(path: str) -> Artifact:
    """A contract as its npm package ships it, by the file's path inside node_modules.

    Raises:
        FileNotFoundError: If it is not installed; `make install` does.
    """
    full = NODE_MODULES / path
    if not full.is_file():
        raise FileNotFoundError(f"no {path} in node_modules: run `make install`")
    return _read(full)


def contract_at(w3: Web3, address: str, abi: Sequence[Any]) -> Contract:
    """A contract that is on a chain already; web3 takes milliseconds to make one, so the latest are kept."""
    return _contract_at(w3, to_checksum_address(address), _Identical(abi))


@dataclass(frozen=True, eq=False)
class _Identical:
    """An interface that is another one only if it is another object: comparing hundreds of entries takes too long."""

    abi: Sequence[Any]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identical) and other.abi is self.abi

    def __hash__(self) -> int:
        return id(self.abi)


@lru_cache(maxsize=128)
def _contract_at(w3: Web3, address: ChecksumAddress, interface: _Identical) -> Contract:
    return w3.eth.contract(address=address, abi=list(interface.abi))


def _read(path: Path) -> Artifact:
    data = json.loads(path.read_text(encoding="utf-8"))
    code = data["bytecode"]
    if isinstance(code, dict):
        code = code["object"]
    return Artifact(data["abi"], "0x" + code.removeprefix("0x"))
