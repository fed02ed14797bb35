"""`ape run deploy`, as a person runs it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from eth_account import Account

from scripts._lib.anvil import anvil
from scripts._lib.artifacts import ROOT
from tests.fixtures.forks import APE, run_forked


@pytest.fixture
def ape_deploy(tmp_path):
    """`ape_deploy(config, *options)`: the command from a keystore of its own; returns exit code and output."""
    key = Account.create()
    keystores = tmp_path / "home/.ape/accounts"
    keystores.mkdir(parents=True)
    (keystores / "deployer.json").write_text(json.dumps(key.encrypt("correct horse", kdf="pbkdf2", iterations=2)))
    people = {"HOME": str(tmp_path / "home"), "APE_ACCOUNTS_deployer_PASSPHRASE": "correct horse"}

    def command(config: Path, *options: str, says: str = "", has: int = 10**21):
        own.provider.make_request("anvil_setBalance", [key.address, hex(has)])
        network = f"ethereum:local:{own.provider.endpoint_uri}"
        arguments = [APE, "run", "deploy", "--network", network, "--account", "deployer", *options]
        arguments += ["--config", str(config), "--deployments", str(tmp_path)]
        done = run_forked(arguments, cwd=ROOT, env={**os.environ, **people}, says=says)
        return done.returncode, done.stdout + done.stderr

    with anvil() as own:
        command.node = own
        yield command


@pytest.fixture
def deployed_by_ape(ape_deploy):
    """The output of the command that deployed the local chain's config."""
    code, output = ape_deploy(ROOT / "scripts/_config/localnet.yaml", "--yes")
    assert code == 0, output
    return output


def test_ape_run_deploy__twice__the_second_deploys_nothing(ape_deploy, deployed_by_ape, tmp_path):
    record = json.loads((tmp_path / "localnet.json").read_text())
    assert set(record["contracts"]["PortfolioFactory"]) >= {"address", "code_hash", "constructor_args", "block"}
    code, again = ape_deploy(ROOT / "scripts/_config/localnet.yaml")
    assert code == 0, again
    assert "Nothing to deploy" in again
    assert json.loads((tmp_path / "localnet.json").read_text())["contracts"] == record["contracts"]
    promised = int(re.search(r"Rehearsed on a fork: (\d+) transactions", deployed_by_ape)[1])
    assert f"Sent {promised} transactions" in deployed_by_ape
    assert f"\n1/{promised} " in deployed_by_ape
    assert f"\n{promised}/{promised} " in deployed_by_ape


@pytest.mark.parametrize(("says", "has", "reason"), [("n\n", 10**21, "Send them?"), ("y\n", 10**6, "this takes about")])
def test_ape_run_deploy__not_approved_or_not_funded__nothing_is_sent(ape_deploy, tmp_path, says, has, reason):
    code, output = ape_deploy(ROOT / "scripts/_config/localnet.yaml", says=says, has=has)
    assert code != 0
    assert reason in output
    assert "Traceback" not in output
    assert ape_deploy.node.eth.block_number == 0
    assert not (tmp_path / "localnet.json").exists()


def test_ape_run_deploy__bad_config__one_line_and_nothing_written(ape_deploy, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("network: bad\n")
    code, output = ape_deploy(path)
    assert code != 0
    assert "missing key 'admin'" in output
    assert "Traceback" not in output
    assert not (tmp_path / "bad.json").exists()
