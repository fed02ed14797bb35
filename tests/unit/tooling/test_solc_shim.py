"""The compiler program that ape, forge, Slither and Halmos share: .ci/solc/solc-v0.8.37."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
SHIM = ROOT / ".ci/solc/solc-v0.8.37"
COUNTER = "pragma solidity 0.8.37; contract Counter { uint256 public n; function bump() external { n++; } }"


def solc(*arguments: str, stdin: str = "", cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [str(SHIM), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=cwd, timeout=120)


def standard_json(sources: dict[str, str], **settings: Any) -> str:
    settings.setdefault("outputSelection", {"*": {"*": ["evm.bytecode.object"]}})
    contents = {name: {"content": text} for name, text in sources.items()}
    return json.dumps({"language": "Solidity", "sources": contents, "settings": settings})


def bytecode(output: str, source: str, name: str) -> str:
    answer = json.loads(output)
    assert not [e for e in answer.get("errors", []) if e["severity"] == "error"]
    code: str = answer["contracts"][source][name]["evm"]["bytecode"]["object"]
    return code


def test_version__is_the_pinned_release() -> None:
    done = solc("--version")
    assert done.returncode == 0
    assert "Version: 0.8.37+commit.f401782d" in done.stdout


def test_compile__same_bytes_as_solc_js_itself() -> None:
    plain = {"appendCBOR": False, "bytecodeHash": "none"}
    text = standard_json({"Counter.sol": COUNTER}, metadata=plain, viaIR=True)
    program = "const s = require('solc');process.stdout.write(s.compile(require('fs').readFileSync(0, 'utf8')))"
    direct = subprocess.run(["node", "-e", program], input=text, capture_output=True, text=True, cwd=ROOT, check=True)
    ours = solc("--standard-json", stdin=text)
    assert bytecode(ours.stdout, "Counter.sol", "Counter") == bytecode(direct.stdout, "Counter.sol", "Counter")


def test_compile__no_metadata_trailer_unless_asked_for() -> None:
    bare = solc("--standard-json", stdin=standard_json({"Counter.sol": COUNTER})).stdout
    asked = standard_json({"Counter.sol": COUNTER}, metadata={"appendCBOR": True, "bytecodeHash": "ipfs"})
    assert b"ipfs".hex() not in bytecode(bare, "Counter.sol", "Counter")
    assert b"ipfs".hex() in bytecode(solc("--standard-json", stdin=asked).stdout, "Counter.sol", "Counter")


def test_import__read_from_base_and_include_paths(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "more").mkdir()
    (tmp_path / "base/A.sol").write_text("pragma solidity 0.8.37; contract A {}")
    (tmp_path / "more/B.sol").write_text("pragma solidity 0.8.37; contract B {}")
    source = 'pragma solidity 0.8.37; import "A.sol"; import "B.sol"; contract C is A, B {}'
    flags = ["--base-path", str(tmp_path / "base"), "--include-path", str(tmp_path / "more")]
    done = solc("--standard-json", *flags, "--allow-paths", ".", stdin=standard_json({"C.sol": source}))
    assert bytecode(done.stdout, "C.sol", "C")


def test_import__outside_the_permitted_folders_is_refused(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "Secret.sol").write_text("pragma solidity 0.8.37; contract Secret {}")
    source = f'pragma solidity 0.8.37; import "{tmp_path}/Secret.sol"; contract C {{}}'
    text = standard_json({"C.sol": source})
    refused = solc("--standard-json", "--base-path", str(tmp_path / "base"), stdin=text)
    assert "outside of allowed directories" in refused.stdout
    allowed = solc("--standard-json", "--allow-paths", str(tmp_path), stdin=text)
    assert bytecode(allowed.stdout, "C.sol", "C")


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        (["--standard-json"], "{nonsense", "is not JSON"),
        (["--standard-json"], "[]", "is not an object"),
        (["--standard-json", "no/such/file.json"], "", "cannot read"),
        (["--standard-json", "--base-path"], "", "needs a value"),
        (["--optimize"], "", "unknown argument --optimize"),
        ([], "", "nothing to do"),
    ],
)
def test_bad_input__one_line_and_a_failing_exit(arguments: list[str], stdin: str, says: str) -> None:
    done = solc(*arguments, stdin=stdin)
    assert done.returncode != 0
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert says in done.stderr


def test_node_modules_missing__says_what_to_run(tmp_path: Path) -> None:
    shutil.copytree(SHIM.parent, tmp_path / ".ci/solc")
    copy = tmp_path / ".ci/solc" / SHIM.name
    done = subprocess.run(["node", str(copy), "--version"], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "make install" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_ape_and_forge__are_given_the_same_settings() -> None:
    ape = yaml.safe_load((ROOT / "ape-config.yaml").read_text())["solidity"]
    forge = tomllib.loads((ROOT / "foundry.toml").read_text())["profile"]["default"]
    assert forge["solc"] == str(SHIM.relative_to(ROOT))
    assert SHIM.name == f"solc-v{ape['version']}"
    keys = [("evm_version", "evm_version"), ("optimize", "optimizer")]
    keys += [("optimization_runs", "optimizer_runs"), ("via_ir", "via_ir")]
    assert [ape[a] for a, _ in keys] == [forge[f] for _, f in keys]
    assert (forge["bytecode_hash"], forge["cbor_metadata"]) == ("none", False)


def test_ape_and_forge__produce_the_same_bytes(tmp_path: Path) -> None:
    """One small project with an import, compiled by both tools as configured here."""
    for name in (".ci", "node_modules", "ape-config.yaml", "foundry.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts/Vault.sol").write_text(
        "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37;\n"
        'import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";\n'
        'import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";\n'
        'contract Vault is ERC20("Vault", "V") {\n'
        "    function root(uint256 x) external pure returns (uint256) { return FixedPointMathLib.sqrt(x); }\n"
        "}\n"
    )
    script = f'source "{ROOT}/.ci/env.sh" && ape compile && forge build'
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    ape = json.loads((tmp_path / ".build/__local__.json").read_text())["contractTypes"]["Vault"]
    forge = json.loads((tmp_path / "build/forge/out/Vault.sol/Vault.json").read_text())
    assert ape["deploymentBytecode"]["bytecode"] == forge["bytecode"]["object"]
    assert ape["runtimeBytecode"]["bytecode"] == forge["deployedBytecode"]["object"]


@pytest.mark.parametrize("tool", ["forge", "anvil"])
def test_forge_and_anvil__pass_on_the_exit_code(tool: str) -> None:
    """npm's launchers answer 0 to everything; with them a failing `forge test` would pass in CI."""
    script = f'source "{ROOT}/.ci/env.sh" && {tool} --no-such-flag'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode not in (0, 127), done.stderr
