"""The cache of the compiler program: what it answers is what a compilation would have answered."""

from __future__ import annotations

import copy
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
SHIM = ROOT / ".ci/solc/solc-v0.8.37"
PRAGMA = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37;\n"
SOURCES = {
    "contracts/Rate.sol": PRAGMA
    + "library Rate { function half(uint256 x) external pure returns (uint256) { return x / 2; } }",
    "contracts/Base.sol": PRAGMA
    + "abstract contract Base { uint256 public immutable START; constructor(uint256 s) { START = s; } }",
    "contracts/Child.sol": PRAGMA
    + '/* import "contracts/Nowhere.sol"; */ import {Base} from "./Base.sol"; import {Rate} from "rates/Rate.sol";\n'
    + "contract Child is Base(7) { function rate(uint256 x) external pure returns (uint256) { return Rate.half(x); } }",
    "contracts/Factory.sol": PRAGMA
    + 'import "./Child.sol"; contract Factory { function make() external returns (Child) { return new Child(); } }',
}
APE = {"": ["ast"], "*": ["abi", "bin-runtime", "devdoc", "evm.bytecode.object", "evm.bytecode.sourceMap"]}
FORGE = {
    "*": [
        "abi",
        "metadata",
        "evm.methodIdentifiers",
        "evm.bytecode.object",
        "evm.bytecode.sourceMap",
        "evm.bytecode.linkReferences",
        "evm.deployedBytecode.object",
        "evm.deployedBytecode.sourceMap",
        "evm.deployedBytecode.immutableReferences",
    ]
}

Compile = Callable[..., dict[str, Any]]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def compiled_before(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[dict[str, Any], Path | None], dict[str, Any]]:
    """Compiles an input over an empty cache, or over none; when asked again, copies what this answered and kept."""
    folder = tmp_path_factory.mktemp("compiled")
    answers: dict[tuple[str, bool], dict[str, Any]] = {}

    def run(asked: dict[str, Any], cache: Path | None) -> dict[str, Any]:
        key = (json.dumps(asked, sort_keys=True), cache is not None)
        kept = folder / hashlib.sha256(repr(key).encode()).hexdigest()
        if key not in answers:
            answers[key] = compile_with_shim(asked, kept if cache else None)
        if cache and kept.exists():
            shutil.copytree(kept, cache)
        return copy.deepcopy(answers[key])

    return run


@pytest.fixture
def compiled(cache: Path, compiled_before: Callable[[dict[str, Any], Path | None], dict[str, Any]]) -> Compile:
    """Compiles `SOURCES`, or others, over the cache or, on request, without one."""

    def run(sources: dict[str, str] | None = None, *, cached: bool = True, **settings: Any) -> dict[str, Any]:
        settings = {
            "viaIR": True,
            "optimizer": {"enabled": True, "runs": 200},
            "remappings": ["rates/=contracts/"],
            "outputSelection": {"*": FORGE},
            **settings,
        }
        contents = {name: {"content": text} for name, text in (sources or SOURCES).items()}
        asked = {"language": "Solidity", "sources": contents, "settings": settings}
        if not cached or not cache.exists():
            return compiled_before(asked, cache if cached else None)
        return compile_with_shim(asked, cache)

    return run


def compile_with_shim(asked: dict[str, Any], cache: Path | None) -> dict[str, Any]:
    """The program's answer to a standard JSON input, over a cache or without one."""
    environment = {**os.environ, "QUANTERA_SOLC_CACHE": str(cache or "")}
    command = [str(SHIM), "--standard-json"]
    done = subprocess.run(
        command, input=json.dumps(asked), capture_output=True, text=True, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def entries(cache: Path) -> set[Path]:
    return set(cache.rglob("*.json.gz"))


def without_ids(answer: dict[str, Any]) -> dict[str, Any]:
    """Contracts and diagnostics of an answer; immutables are named by syntax node, and nodes are numbered per run."""
    text = json.dumps({"contracts": answer["contracts"], "errors": answer.get("errors")})
    found: dict[str, Any] = json.loads(text)
    for contracts in found["contracts"].values():
        for contract in contracts.values():
            deployed = contract.get("evm", {}).get("deployedBytecode", {})
            if "immutableReferences" in deployed:
                deployed["immutableReferences"] = sorted(map(json.dumps, deployed["immutableReferences"].values()))
    return found


def bytecode(answer: dict[str, Any]) -> dict[str, str]:
    """Creation code by file; each file of `SOURCES` has one contract."""
    return {
        file: contract["evm"]["bytecode"]["object"]
        for file, contracts in answer["contracts"].items()
        for contract in contracts.values()
    }


@pytest.mark.parametrize("selection", [APE, FORGE], ids=["ape", "forge"])
@pytest.mark.parametrize("via_ir", [True, False], ids=["via-ir", "legacy"])
def test_compile__over_the_cache__answers_as_without(compiled: Compile, selection: Any, via_ir: bool) -> None:
    plain = compiled(cached=False, viaIR=via_ir, outputSelection={"*": selection})
    first = compiled(viaIR=via_ir, outputSelection={"*": selection})
    second = compiled(viaIR=via_ir, outputSelection={"*": selection})
    assert without_ids(first) == without_ids(plain)
    assert second == first


def test_compile__asked_again__takes_what_is_kept(compiled: Compile, cache: Path) -> None:
    compiled()
    marked = 0
    for file in entries(cache):
        kept = gzip.decompress(file.read_bytes()).decode()
        child = json.loads(kept)["contracts"].get("Child")
        if child:
            child_code = child["bytecode"]["object"]
            file.write_bytes(gzip.compress(kept.replace(child_code, "c0ffee").encode()))
            marked += 1
    assert marked == 1
    assert compiled()["contracts"]["contracts/Child.sol"]["Child"]["evm"]["bytecode"]["object"] == "c0ffee"


def test_compile__another_tools_selection__generates_no_code_again(compiled: Compile, cache: Path) -> None:
    compiled(outputSelection={"*": FORGE})
    before = entries(cache)
    compiled(outputSelection={"*": APE})
    assert len(entries(cache) - before) == 1  # The analysis, with its syntax trees.


def test_compile__other_files_beside__generates_no_code_again(compiled: Compile, cache: Path) -> None:
    compiled()
    before = entries(cache)
    beside = {"contracts/AAA.sol": PRAGMA + "contract AAA {}"}
    answer = compiled({**beside, **SOURCES})
    assert len(entries(cache) - before) == 2  # The analysis and the new file.
    assert without_ids(answer) == without_ids(compiled({**beside, **SOURCES}, cached=False))


@pytest.mark.parametrize(
    "changed",
    [
        {"optimizer": {"enabled": True, "runs": 1}},
        {"optimizer": {"enabled": False}},
        {"viaIR": False},
        {"evmVersion": "london"},
        {"debug": {"revertStrings": "strip"}},
        {"libraries": {"contracts/Rate.sol": {"Rate": "0x" + "11" * 20}}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_compile__changed_settings__compiles_anew(compiled: Compile, cache: Path, changed: dict[str, Any]) -> None:
    compiled()
    before = entries(cache)
    compiled(**changed)
    assert len(entries(cache) - before) == 1 + len(SOURCES)


def test_compile__imported_file_changed__compiles_what_imports_it(compiled: Compile, cache: Path) -> None:
    compiled()
    before = entries(cache)
    changed = {**SOURCES, "contracts/Rate.sol": SOURCES["contracts/Rate.sol"].replace("x / 2", "x / 4")}
    answer = compiled(changed)
    assert (
        len(entries(cache) - before) == 4
    )  # The analysis, Rate, Child that imports it, and Factory that imports Child.
    assert without_ids(answer) == without_ids(compiled(changed, cached=False))


def test_compile__metadata_trailer__is_not_kept(compiled: Compile, cache: Path) -> None:
    """The trailer hashes the settings and all sources, so it belongs to one input alone."""
    metadata = {"appendCBOR": True, "bytecodeHash": "ipfs"}
    answer = compiled(metadata=metadata)
    assert answer["contracts"]["contracts/Child.sol"]["Child"]["evm"]["bytecode"]["object"]
    assert not entries(cache)


def test_compile__error_in_a_source__is_told_and_not_kept(compiled: Compile, cache: Path) -> None:
    broken = {**SOURCES, "contracts/Base.sol": SOURCES["contracts/Base.sol"].replace("START = s", "START = t")}
    answer = compiled(broken)
    assert [error["errorCode"] for error in answer["errors"] if error["severity"] == "error"] == ["7576"]
    assert answer["errors"] == compiled(broken, cached=False)["errors"]
    assert not entries(cache)


def test_compile__code_generation_fails__is_told_and_not_kept(compiled: Compile, cache: Path) -> None:
    """This error shows only when code is made: legacy code for seventeen live variables."""
    names = [f"v{i}" for i in range(17)]
    body = " ".join(f"uint256 {name} = a + {i};" for i, name in enumerate(names)) + f" return {' + '.join(names)};"
    deep = {
        "Deep.sol": PRAGMA + f"contract Deep {{ function f(uint256 a) external pure returns (uint256) {{ {body} }} }}"
    }
    for _ in range(2):
        answer = compiled(deep, viaIR=False)
        assert any("Stack too deep" in error["message"] for error in answer["errors"])
    # The analysis names its functions, code does not: none of it is kept.
    assert not [file for file in entries(cache) if "f(uint256)" not in gzip.decompress(file.read_bytes()).decode()]


def test_compile__frame_of_a_foundry_test__has_legacy_code(compiled: Compile) -> None:
    """Handlers and invariants call deployed contracts; what they import keeps its settings."""
    handler = "tests/invariant/base/RateHandler.sol"
    text = SOURCES["contracts/Rate.sol"].replace("library Rate", "contract RateHandler")
    frame = {handler: 'import "contracts/Child.sol"; ' + text, **SOURCES}
    found, via_ir = bytecode(compiled(frame)), bytecode(compiled(frame, cached=False))
    legacy = bytecode(compiled(frame, cached=False, viaIR=False))
    assert found.pop(handler) == legacy[handler] != via_ir.pop(handler)
    assert found == via_ir


def test_harness__files_of_the_project__hold_no_code_of_the_protocol() -> None:
    """A harness that inherits a contract, or holds its code, would test other code than what is deployed."""
    program = (
        "const {isHarness} = require('./.ci/solc/lib/harness');"
        "console.log(process.argv.slice(1).filter(isHarness).join('\\n'))"
    )
    files = [str(file.relative_to(ROOT)) for file in sorted((ROOT / "tests").rglob("*.sol"))]
    done = subprocess.run(["node", "-e", program, *files], cwd=ROOT, capture_output=True, text=True, check=True)
    harness = done.stdout.split()
    assert len(harness) > 20
    for name in harness:
        text = (ROOT / name).read_text(encoding="utf-8")
        protocol = set(re.findall(r'import \{(\w+)\} from "contracts/', text))
        bases = {
            base.strip() for listed in re.findall(r"\bcontract \w+ is ([^{]+)\{", text) for base in listed.split(",")
        }
        assert not bases & protocol, f"{name} inherits {bases & protocol}"
        assert not re.search(r"\b(creationCode|runtimeCode)\b", text), name


@pytest.mark.parametrize("damage", [b"", b"no gzip", gzip.compress(b"{half")], ids=["empty", "text", "half"])
def test_compile__damaged_entries__compiles_anew(compiled: Compile, cache: Path, damage: bytes) -> None:
    first = compiled()
    for file in entries(cache):
        file.write_bytes(damage)
    assert without_ids(compiled()) == without_ids(first)


def test_prune__too_large__deletes_what_was_unused_longest(tmp_path: Path) -> None:
    for age, name in enumerate(("new", "older", "oldest")):
        file = tmp_path / "ab" / f"{name}.json.gz"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x" * 100)
        os.utime(file, (10**9 - age, 10**9 - age))
    program = "const {Store} = require('./.ci/solc/lib/store'); new Store(process.argv[1]).prune(250)"
    subprocess.run(["node", "-e", program, str(tmp_path)], cwd=ROOT, check=True)
    assert {file.name for file in entries(tmp_path)} == {"new.json.gz", "older.json.gz"}


def test_make_clean__empties_the_cache() -> None:
    """`build/solc` is where the program keeps things if nobody names another folder."""
    done = subprocess.run(["make", "-n", "clean"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "build" in done.stdout.split()
    program = SHIM.read_text(encoding="utf-8")
    assert 'path.join(ROOT, "build", "solc")' in program
