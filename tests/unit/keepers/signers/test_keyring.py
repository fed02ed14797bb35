"""Keys as a config names them, wherever they are kept."""

from __future__ import annotations

import os
import pty
import sys
import time
from pathlib import Path

import pytest
from eth_keys.datatypes import PrivateKey

from keepers.config import load_config
from keepers.signers.keyring import open_keys
from keepers.signers.keys import KeyMaterialError, write_keystore
from tests.fixtures.kms import ACCESS_KEY, REGION, SECRET_KEY, kms
from tests.fixtures.node import SENDER_KEY, SIGNER_KEYS, World
from tests.fixtures.stores import PASSPHRASE
from tests.fixtures.vault import ROLE, SECRET_ID, TOKEN, vault
from tests.fixtures.waiting import GENEROUS
from tests.unit.keepers.bots.harness import posted, ready, started


def key_of(number: int) -> PrivateKey:
    return PrivateKey(number.to_bytes(32, "big"))


def private(path: Path, content: str) -> str:
    path.write_text(content + "\n")
    path.chmod(0o600)
    return str(path)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("aws")
def test_risk_bot__sender_in_kms_signers_in_vault_and_kms__posts_a_model(world: World, tmp_path: Path) -> None:
    ready(world)
    with kms(key_of(SENDER_KEY)) as sending, kms(key_of(SIGNER_KEYS[0])) as signing, vault() as secrets:
        secrets.secrets["quantera/signer"] = [{"private_key": key_of(SIGNER_KEYS[1]).to_hex()}]
        token = private(tmp_path / "token", TOKEN)
        keys = {
            "sender": {"kms": {"key_id": sending.key_id, "region": REGION, "endpoint_url": sending.url}},
            "signers": [
                {"kms": {"key_id": signing.key_id, "region": REGION, "endpoint_url": signing.url}},
                {"vault": {"url": secrets.url, "token_file": token, "path": "quantera/signer"}},
            ],
        }
        with started("risk", world.write_config(keys=keys)) as risk:
            risk.step()
        assert posted(world) == 1
        assert "Sign" in sending.asked and "Sign" in signing.asked


def test_open_keys__passphrase_in_transit__opens_the_keystore(world: World, tmp_path: Path) -> None:
    with vault() as secrets:
        secrets.transit["vault:v1:c2VhbGVk"] = PASSPHRASE.encode()
        (tmp_path / "pass.sealed").write_text("vault:v1:c2VhbGVk\n")
        way_in = {"url": secrets.url, "role_id": ROLE, "secret_id_file": private(tmp_path / "secret-id", SECRET_ID)}
        sealed = {**way_in, "key": "quantera", "ciphertext_file": str(tmp_path / "pass.sealed")}
        key = {"keystore": "sender.json", "passphrase_vault": sealed}
        config = load_config(world.write_config(keys={"sender": key, "signers": [key]}))
        (signer,) = open_keys(config, (config.keys.sender,))
    assert signer.address == key_of(SENDER_KEY).public_key.to_checksum_address()


def test_open_keys__on_a_terminal__asks_and_does_not_echo(world: World) -> None:
    keys = {"sender": {"keystore": "sender.json"}, "signers": [{"keystore": "signer-0.json"}]}
    config = world.write_config(keys=keys)
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-m", "keepers", "keys", "list", "--config", str(config)])
    shown, answered = b"", 0
    deadline = time.monotonic() + GENEROUS
    while time.monotonic() < deadline:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if shown.count(b"Passphrase of keystore") > answered:
            answered += 1
            os.write(terminal, PASSPHRASE.encode() + b"\n")
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert answered == 2 and PASSPHRASE.encode() not in shown
    assert key_of(SENDER_KEY).public_key.to_checksum_address().encode() in shown


def test_open_keys__one_of_many_missing__is_named(world: World, tmp_path: Path) -> None:
    write_keystore(tmp_path / "other.json", b"\1" * 32, "another passphrase", light=True)
    keys = {
        "sender": {"keystore": "sender.json", "passphrase_file": "sender.pass"},
        "signers": [{"keystore": str(tmp_path / "other.json"), "passphrase_file": "sender.pass"}],
    }
    config = load_config(world.write_config(keys=keys))
    with pytest.raises(KeyMaterialError, match=r"other\.json: wrong passphrase or damaged"):
        open_keys(config, (config.keys.sender, *config.keys.signers))
