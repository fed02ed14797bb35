from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from eth_account import Account

from keepers.signers.hashicorp_vault import VaultAccess, open_vault_key, passphrase_from_vault
from keepers.signers.keys import KeyMaterialError, open_keystore, write_keystore
from tests.fixtures.services import Answer, Request, serve
from tests.fixtures.vault import ROLE, SECRET_ID, TOKEN, MockVault, vault

KEY = bytes(range(1, 33))
PATH = "quantera/sender"


@pytest.fixture
def service() -> Iterator[MockVault]:
    with vault() as running:
        running.secrets[PATH] = [{"private_key": (b"\2" * 32).hex()}, {"private_key": "0x" + KEY.hex()}]
        yield running


def private(path: Path, content: str) -> Path:
    path.write_text(content + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def access(service: MockVault, tmp_path: Path) -> VaultAccess:
    return VaultAccess(service.url, token_file=private(tmp_path / "token", TOKEN))


def test_open_vault_key__newest_version__is_the_key(access: VaultAccess) -> None:
    signer = open_vault_key(access, "secret", PATH, "private_key")
    assert signer.address == Account.from_key(KEY).address
    assert KEY.hex() not in repr(signer)


def test_open_vault_key__older_version__is_that_one(access: VaultAccess) -> None:
    signer = open_vault_key(access, "secret", PATH, "private_key", version=1)
    assert signer.address == Account.from_key(b"\2" * 32).address


def test_open_vault_key__app_role__logs_in_once_and_sends_its_token(service: MockVault, tmp_path: Path) -> None:
    secret_id = private(tmp_path / "secret-id", SECRET_ID)
    access = VaultAccess(service.url, role_id=ROLE, secret_id_file=secret_id, namespace="team")
    assert open_vault_key(access, "secret", PATH, "private_key").address == Account.from_key(KEY).address
    assert [request.path for request in service.requests] == ["/v1/auth/approle/login", f"/v1/secret/data/{PATH}"]
    assert all(request.headers["x-vault-namespace"] == "team" for request in service.requests)
    assert all(request.headers["x-vault-request"] == "true" for request in service.requests)


def test_open_vault_key__wrong_token__says_so_without_it(service: MockVault, tmp_path: Path) -> None:
    access = VaultAccess(service.url, token_file=private(tmp_path / "token", "hvs.wrong"))
    with pytest.raises(KeyMaterialError, match="403: permission denied; check the token and its policy") as caught:
        open_vault_key(access, "secret", PATH, "private_key")
    assert "hvs.wrong" not in str(caught.value)


def test_open_vault_key__token_readable_by_others__is_refused(access: VaultAccess) -> None:
    assert access.token_file is not None
    access.token_file.chmod(0o644)
    with pytest.raises(KeyMaterialError, match="others can read it; chmod 600"):
        open_vault_key(access, "secret", PATH, "private_key")


def test_open_vault_key__deleted_version__says_so(service: MockVault, access: VaultAccess) -> None:
    service.secrets[PATH].append(None)
    with pytest.raises(KeyMaterialError, match="404; check mount and path; a deleted version is gone"):
        open_vault_key(access, "secret", PATH, "private_key")


def test_open_vault_key__sealed__says_so(service: MockVault, access: VaultAccess) -> None:
    service.sealed = True
    with pytest.raises(KeyMaterialError, match="503: Vault is sealed; unseal Vault"):
        open_vault_key(access, "secret", PATH, "private_key")


def test_open_vault_key__no_such_field__names_the_others_only(access: VaultAccess) -> None:
    with pytest.raises(KeyMaterialError, match="has no field key; choose from: private_key"):
        open_vault_key(access, "secret", PATH, "key")


@pytest.mark.parametrize("content", ["hunter2", "0x" + "00" * 32, "ab" * 31, "ff" * 32])
def test_open_vault_key__no_key__is_not_repeated(service: MockVault, access: VaultAccess, content: str) -> None:
    service.secrets[PATH] = [{"private_key": content}]
    with pytest.raises(KeyMaterialError, match="field private_key is no key; write 64 hex digits") as caught:
        open_vault_key(access, "secret", PATH, "private_key")
    assert content not in str(caught.value) and caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("url", ["http://vault.example.com:8200", "ftp://127.0.0.1", "vault:8200", ""])
def test_vault__address_that_shows_the_token__is_refused_before_anything_is_sent(url: str, tmp_path: Path) -> None:
    access = VaultAccess(url, token_file=tmp_path / "none")
    with pytest.raises(KeyMaterialError, match="not an https:// address; use TLS"):
        open_vault_key(access, "secret", PATH, "private_key")


def test_vault__redirect__is_not_followed_with_the_token(access: VaultAccess) -> None:
    seen: list[Request] = []

    def elsewhere(request: Request) -> Answer:
        seen.append(request)
        return Answer(200, {})

    with (
        serve(elsewhere) as other,
        serve(lambda _: Answer(307, {}, {"location": f"{other}/v1/x"})) as url,
        pytest.raises(KeyMaterialError, match="HTTP status 307"),
    ):
        open_vault_key(replace(access, url=url), "secret", PATH, "private_key")
    assert seen == []


def test_vault__nothing_there__one_line(tmp_path: Path) -> None:
    access = VaultAccess("http://127.0.0.1:1", token_file=private(tmp_path / "token", TOKEN))
    with pytest.raises(KeyMaterialError, match="no answer"):
        open_vault_key(access, "secret", PATH, "private_key")


def test_passphrase_from_vault__transit__opens_a_keystore(
    service: MockVault, access: VaultAccess, tmp_path: Path
) -> None:
    address = write_keystore(tmp_path / "key.json", KEY, "correct horse", light=True)
    service.transit["vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w=="] = b"correct horse"
    sealed = tmp_path / "sender.sealed"
    sealed.write_text("vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w==\n")
    passphrase = passphrase_from_vault(access, "transit", "quantera", sealed)
    assert open_keystore(tmp_path / "key.json", passphrase).address == address
    sealed.write_text("nonsense")
    with pytest.raises(KeyMaterialError, match="invalid ciphertext"):
        passphrase("key")
