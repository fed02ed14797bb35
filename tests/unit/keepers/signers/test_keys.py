from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keepers.signers.keys import (
    KeyMaterialError,
    create_keystore,
    open_ape_account,
    open_keystore,
    passphrase_from_descriptor,
    passphrase_from_file,
    write_keystore,
)

SECRET = "tr0ub4dor&3"


def test_create_keystore__then_open__is_the_same_address(tmp_path: Path) -> None:
    address = create_keystore(tmp_path / "key.json", SECRET, light=True)
    signer = open_keystore(tmp_path / "key.json", lambda _: SECRET)
    assert signer.address == address
    assert (tmp_path / "key.json").stat().st_mode & 0o777 == 0o600


def test_write_keystore__file__does_not_hold_the_key(tmp_path: Path) -> None:
    key = bytes(range(1, 33))
    write_keystore(tmp_path / "key.json", key, SECRET, light=True)
    text = (tmp_path / "key.json").read_text()
    assert key.hex() not in text and SECRET not in text
    assert json.loads(text)["version"] == 3


def test_create_keystore__existing_file__is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text("mine")
    with pytest.raises(KeyMaterialError, match="is there already"):
        create_keystore(tmp_path / "key.json", SECRET, light=True)
    assert (tmp_path / "key.json").read_text() == "mine"


def test_open_keystore__wrong_passphrase__says_so_without_it(tmp_path: Path) -> None:
    create_keystore(tmp_path / "key.json", SECRET, light=True)
    with pytest.raises(KeyMaterialError, match="wrong passphrase") as caught:
        open_keystore(tmp_path / "key.json", lambda _: "not it at all")
    assert "not it at all" not in str(caught.value)


@pytest.mark.parametrize(("content", "reason"), [("{", "no JSON"), ("{}", "not an encrypted keystore")])
def test_open_keystore__no_keystore__says_so(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "key.json").write_text(content)
    with pytest.raises(KeyMaterialError, match=reason):
        open_keystore(tmp_path / "key.json", lambda _: SECRET)


def test_open_keystore__missing__names_the_file(tmp_path: Path) -> None:
    with pytest.raises(KeyMaterialError, match=r"none.json: No such file"):
        open_keystore(tmp_path / "none.json", lambda _: SECRET)


def test_signer__shown__keeps_its_key(tmp_path: Path) -> None:
    key = bytes(range(1, 33))
    write_keystore(tmp_path / "key.json", key, SECRET, light=True)
    signer = open_keystore(tmp_path / "key.json", lambda _: SECRET)
    assert key.hex() not in repr(signer) and signer.address in repr(signer)


def test_passphrase_from_file__readable_by_others__is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pass"
    path.write_text(SECRET + "\n")
    path.chmod(0o644)
    with pytest.raises(KeyMaterialError, match="others can read it; chmod 600"):
        passphrase_from_file(path)("key")
    path.chmod(0o600)
    assert passphrase_from_file(path)("key") == SECRET


def test_passphrase_from_descriptor__two_lines__one_a_key() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"first\nsecond\n")
    os.close(writer)
    source = passphrase_from_descriptor(reader)
    assert [source("a"), source("b")] == ["first", "second"]
    with pytest.raises(KeyMaterialError, match="empty"):
        source("c")
    os.close(reader)


def test_ape_signer__of_an_account__signs_as_its_key_would() -> None:
    """Ape's own test accounts stand in for a keystore of Ape: the same interface."""
    from ape import accounts
    from eth_account import Account

    from keepers.contracts.messages import CovarianceModel
    from keepers.signers.keys import ApeSigner
    from keepers.signers.signing import digest

    account = accounts.test_accounts[0]
    signer = ApeSigner(account)
    message = CovarianceModel(b"\1" * 32, 1, 2, 3, (4,)).message(31337, "0x" + "11" * 20)
    signature = signer.sign_message(message)
    assert Account._recover_hash(digest(message), signature=signature) == signer.address
    fields = {
        "to": signer.address,
        "data": "0x",
        "value": 0,
        "gas": 21_000,
        "nonce": 0,
        "chainId": 31337,
        "maxFeePerGas": 10,
        "maxPriorityFeePerGas": 1,
        "type": 2,
    }
    assert Account.recover_transaction(signer.sign_transaction(fields)) == signer.address


def test_open_ape_account__unknown_alias__says_so() -> None:
    with pytest.raises(KeyMaterialError, match="ape account nobody: unknown; choose from"):
        open_ape_account("nobody")


@given(key=st.binary(min_size=32, max_size=32), body=st.binary(min_size=32, max_size=32))
def test_local_signer__any_message__has_the_signature_of_the_account(key: bytes, body: bytes) -> None:
    from eth_account import Account
    from eth_account.messages import SignableMessage

    from keepers.signers.keys import LocalSigner

    assume(0 < int.from_bytes(key) < 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141)
    account, message = Account.from_key(key), SignableMessage(b"\x01", b"\2" * 32, body)
    assert LocalSigner(account).sign_message(message) == bytes(account.sign_message(message).signature)
