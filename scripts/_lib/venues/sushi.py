"""SushiSwap V2, compiled from its package, which ships sources only, with the compiler that they ask for."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from functools import cache
from pathlib import Path

from web3.contract import Contract

from scripts._lib.artifacts import NODE_MODULES, ROOT, Artifact
from scripts._lib.transactions import deploy
from scripts._lib.venues.forks import V2Fork

SUSHI_FEE_PIPS = 3000
_PACKAGE = NODE_MODULES / "@sushiswap/core"
_SOURCE = "contracts/uniswapv2/UniswapV2Factory.sol"
_COMPILER = Path(__file__).with_name("solc_0_6_12.js")
_CACHE = ROOT / "build" / "sushi"


class SushiV2(V2Fork):
    """SushiSwap V2 from @sushiswap/core, with its fee of 0.3%."""

    def deploy(self, weth: Contract | None = None) -> SushiV2:
        """See `V2Fork`."""
        self.factory = deploy(self._w3, self._deployer, sushi_factory(), self._deployer)
        return self


@cache
def sushi_factory() -> Artifact:
    """The factory, which carries the pair's code; compiled once a version of package and compiler.

    Raises:
        FileNotFoundError: If a package is not installed; `make install` does.
        RuntimeError: If it does not compile.
    """
    for needed in (_PACKAGE / _SOURCE, NODE_MODULES / "solc-0.6.12/soljson.js"):
        if not needed.is_file():
            raise FileNotFoundError(f"no {needed.relative_to(ROOT)}: run `make install`")
    wanted = _input()
    version = json.loads((_PACKAGE / "package.json").read_text(encoding="utf-8"))["version"]
    name = hashlib.sha256((version + _COMPILER.read_text(encoding="utf-8") + wanted).encode()).hexdigest()[:16]
    kept = _CACHE / f"UniswapV2Factory-{name}.json"
    if not kept.is_file():
        _keep(kept, _compiled(wanted))
    data = json.loads(kept.read_text(encoding="utf-8"))
    return Artifact(data["abi"], "0x" + data["evm"]["bytecode"]["object"])


def _input() -> str:
    settings = {
        "optimizer": {"enabled": True, "runs": 200},
        "outputSelection": {"*": {"UniswapV2Factory": ["abi", "evm.bytecode.object"]}},
    }
    sources = {_SOURCE: {"content": (_PACKAGE / _SOURCE).read_text(encoding="utf-8")}}
    return json.dumps({"language": "Solidity", "sources": sources, "settings": settings})


def _compiled(wanted: str) -> str:
    command = ["node", str(_COMPILER), str(_PACKAGE)]
    done = subprocess.run(command, input=wanted, capture_output=True, text=True, check=True)
    output = json.loads(done.stdout)
    faults = [error["formattedMessage"] for error in output.get("errors", []) if error["severity"] == "error"]
    if faults:
        raise RuntimeError(f"{_SOURCE} does not compile: {faults[0]}")
    return json.dumps(output["contracts"][_SOURCE]["UniswapV2Factory"])


def _keep(path: Path, text: str) -> None:
    """Whole or not at all: several workers may compile at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}.tmp")
    scratch.write_text(text, encoding="utf-8")
    os.replace(scratch, path)
