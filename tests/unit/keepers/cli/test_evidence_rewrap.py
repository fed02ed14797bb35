"""Folders of evidence whose key is AWS KMS's or Vault's, and folders that change hands, killed at any step."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from keepers.compliance.evidence.errors import EvidenceError
from keepers.compliance.evidence.locks import LEAST_COST, Lock, MasterKeyService, new_lock, unlock
from keepers.documents import durable
from keepers.documents.locks import rewrap
from keepers.operations.evidence import EvidenceFolder
from keepers.signers.hashicorp_vault import VaultAccess
from keepers.signers.keys import KeyMaterialError
from keepers.signers.wrapping import KmsWrapping, VaultWrapping
from tests.fixtures.desk import ADA, quantera
from tests.fixtures.kills import Killed, kill_at
from tests.fixtures.kms import REGION, MockKms
from tests.fixtures.officers import Bureau
from tests.fixtures.vault import TOKEN, MockVault, vault
from tests.unit.keepers.cli.test_cli import line_of
from tests.unit.keepers.cli.test_evidence import PASSPHRASE, SCAN, Archive


@pytest.fixture
def transit(tmp_path: Path) -> Iterator[tuple[MockVault, VaultAccess]]:
    """Vault, and access to it."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    with vault() as running:
        yield running, VaultAccess(running.url, token_file=token)


@pytest.fixture(params=["kms", "vault"])
def service(
    request: pytest.FixtureRequest, key_service: MockKms, transit: tuple[MockVault, VaultAccess]
) -> MasterKeyService:
    """Each service in turn."""
    if request.param == "kms":
        return KmsWrapping(key_service.key_id, REGION, key_service.url)
    return VaultWrapping(transit[1], "transit", "evidence")


def forbidden(_: str) -> str:
    raise AssertionError("nobody is to be asked for a passphrase")


def test_open__a_new_folder_of_a_service__needs_no_passphrase(service: MasterKeyService, tmp_path: Path) -> None:
    path = tmp_path / "new"
    address = EvidenceFolder.open(path, forbidden, create=True, service=service).put("P-17", "x", "x", SCAN, ADA, 1)
    assert EvidenceFolder.open(path, forbidden, service=service).get("P-17", address)[1] == SCAN
    text = (path / "lock.json").read_text()
    assert json.loads(text)["way"] == service.way and json.loads(text)["wrapped"]


def test_unlock__the_wrapped_key_of_another_folder__is_refused(service: MasterKeyService) -> None:
    one, other = new_lock(service), new_lock(service)
    with pytest.raises(KeyMaterialError):
        unlock(Lock(0, one.salt, one.check, one.way, other.wrapped), service)


def test_unlock__a_service_that_answers_another_key__is_refused(service: MasterKeyService) -> None:
    lock = new_lock(service)

    class Liar:
        way = service.way

        def wrap(self, master: bytes, context: str) -> str:
            return service.wrap(master, context)

        def unwrap(self, wrapped: str, context: str) -> bytes:
            return bytes(32)

    with pytest.raises(EvidenceError, match=r"lock\.json: is not what (kms|vault) wrapped"):
        unlock(lock, Liar())


def test_kms__context_and_key__are_what_the_request_says(key_service: MockKms, tmp_path: Path) -> None:
    service = KmsWrapping(key_service.key_id, REGION, key_service.url)
    lock = new_lock(service)
    key_service.disabled = True
    with pytest.raises(KeyMaterialError, match=r"DisabledException.*check key_id and the policy: kms:Encrypt"):
        unlock(lock, service)
    key_service.disabled, key_service.secret = False, bytes(32)
    with pytest.raises(KeyMaterialError, match="InvalidCiphertextException"):
        unlock(lock, service)
    with pytest.raises(KeyMaterialError, match=r"lock\.json: is damaged"):
        service.unwrap("not base64!", lock.salt)


def test_kms__a_key_for_signatures__is_refused(key_service: MockKms) -> None:
    key_service.spec = "ECC_SECG_P256K1"
    with pytest.raises(KeyMaterialError, match="InvalidKeyUsageException"):
        new_lock(KmsWrapping(key_service.key_id, REGION, key_service.url))


def test_open__a_service_that_is_not_configured__is_asked_for(service: MasterKeyService, tmp_path: Path) -> None:
    EvidenceFolder.open(tmp_path / "new", forbidden, create=True, service=service)
    with pytest.raises(EvidenceError, match=rf"is locked with {service.way}; set desk.wrapping.{service.way} in"):
        EvidenceFolder.open(tmp_path / "new", forbidden)


class Household:
    """A folder with documents of two persons, a third whose key was erased, and a config that names a service."""

    def __init__(self, archive: Archive, addresses: dict[str, str], bureau: Bureau, wrapping: dict[str, Any]) -> None:
        self.archive, self.addresses, self.config = archive, addresses, bureau.config
        raw = yaml.safe_load(bureau.config.read_text())
        desk = {"evidence": str(archive.path), "passphrase_file": str(archive.secret), "wrapping": wrapping}
        bureau.config.write_text(yaml.safe_dump({**raw, "desk": desk}))

    def run(self, *arguments: str) -> Result:
        return quantera("compliance", "evidence", *arguments, "--config", str(self.config))

    def assert_whole(self) -> None:
        for person in ("P-17", "P-18"):
            assert self.run("get", person, self.addresses[person]).stdout_bytes == SCAN
        found = json.loads(self.run("verify", "--json").stdout)
        assert (found["persons"], found["documents"], found["erased"]) == (3, 3, 1)
        assert not (self.archive.path / "lock.next.json").exists()


@pytest.fixture(scope="module")
def filled_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A household's folder, of which each test takes a copy, and the addresses of its documents by person."""
    archive = Archive(tmp_path_factory.mktemp("household"))
    addresses = {person: archive.put(person) for person in ("P-17", "P-18", "P-19")}
    assert archive.erase("P-19").exit_code == 0
    return archive.path, addresses


@pytest.fixture
def household(
    tmp_path: Path,
    filled_folder: tuple[Path, dict[str, str]],
    bureau: Bureau,
    key_service: MockKms,
    transit: tuple[MockVault, VaultAccess],
) -> Household:
    own = {"key_id": key_service.key_id, "region": REGION, "endpoint_url": key_service.url}
    template, addresses = filled_folder
    shutil.copytree(template, tmp_path / "evidence")
    return Household(Archive(tmp_path), addresses, bureau, {"kms": own})


def test_rewrap__to_kms_and_back_under_another_passphrase__keeps_everything(
    household: Household, tmp_path: Path
) -> None:
    head = json.loads(household.run("verify", "--json").stdout)["head"]
    keys = {path.name: path.read_bytes() for path in household.archive.path.glob("keys/*")}
    assert household.run("rewrap", "kms").stdout == "3 keys wrapped anew with kms.\n"
    household.archive.secret.unlink()
    household.assert_whole()
    new = tmp_path / "new.secret"
    new.write_text("another long passphrase\n")
    new.chmod(0o600)
    done = household.run("rewrap", "passphrase", "--new-passphrase-file", str(new), "--json")
    assert json.loads(done.stdout) == {"rewrapped": 3}
    new.rename(household.archive.secret)
    household.assert_whole()
    now = {path.name: path.read_bytes() for path in household.archive.path.glob("keys/*")}
    same = [name for name in keys if keys[name] == now[name]]
    assert set(keys) == set(now) and [json.loads(now[name]) for name in same] == [{"erased": True}]
    assert json.loads(household.run("verify", "--json").stdout)["head"] == head


def test_rewrap__the_old_secret_afterwards__opens_nothing(household: Household) -> None:
    old = (household.archive.path / "lock.json").read_text()
    household.run("rewrap", "kms")
    keeper = unlock(Lock.of_text(old), PASSPHRASE)
    for path in household.archive.path.glob("keys/*"):
        stored = json.loads(path.read_text())
        if "key" in stored:
            with pytest.raises(EvidenceError, match="is damaged, or was exchanged"):
                keeper.unwrap(path.stem, bytes.fromhex(stored["key"]))


@pytest.mark.parametrize("number", range(9))
def test_rewrap__killed_at_any_write__is_finished_by_the_same_command(
    household: Household, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    killing = kill_at(number)
    with monkeypatch.context() as patch:
        patch.setattr(durable, "write", killing(durable.write))
        patch.setattr(durable, "sync", killing(durable.sync))
        with pytest.raises(Killed):
            household.run("rewrap", "kms")
    state = household.run("verify")
    assert state.exit_code == 0 or "is being rewrapped; finish it with" in state.stderr
    if state.exit_code:
        assert "is being rewrapped with kms; finish that one" in line_of(household.run("rewrap", "passphrase"), 1)
    again = household.run("rewrap", "kms")
    assert again.exit_code == 0, again.stderr
    household.assert_whole()


def test_rewrap__a_writer_that_opened_before__is_told_and_writes_nothing(household: Household) -> None:
    opened = EvidenceFolder.open(household.archive.path, lambda _: PASSPHRASE)
    household.run("rewrap", "kms")
    for person in ("P-17", "P-99"):
        with pytest.raises(EvidenceError, match="was rewrapped meanwhile; run it again"):
            opened.put(person, "x", "x", SCAN, ADA, 1)
    with pytest.raises(EvidenceError, match="was rewrapped meanwhile"):
        opened.get("P-17", household.addresses["P-17"])
    household.assert_whole()


@pytest.mark.parametrize("way", ["vault"])
def test_rewrap__a_service_that_is_not_configured__is_refused(household: Household, way: str) -> None:
    line = line_of(household.run("rewrap", way), 1)
    assert line == f"quantera: desk.wrapping.{way}: is not set; add it to the file of --config"
    household.assert_whole()


def test_rewrap__a_wrong_old_passphrase__changes_nothing(household: Household) -> None:
    household.archive.secret.write_text("not the passphrase\n")
    assert "does not open the folder" in line_of(household.run("rewrap", "kms"), 1)
    household.archive.secret.write_text(PASSPHRASE + "\n")
    household.assert_whole()


def test_rewrap__a_damaged_key__is_named_and_the_old_lock_still_counts(household: Household) -> None:
    path = next(iter(household.archive.path.glob("keys/*")))
    content = path.read_bytes()
    path.write_bytes(b"{}")
    assert f"key {path.stem}: is damaged; restore it" in line_of(household.run("rewrap", "kms"), 1)
    path.write_bytes(content)
    assert household.run("rewrap", "kms").exit_code == 0
    household.assert_whole()


def test_rewrap__to_vault__opens_without_kms(household: Household, transit: tuple[MockVault, VaultAccess]) -> None:
    running, access = transit
    raw = yaml.safe_load(household.config.read_text())
    own = {"url": running.url, "token_file": str(access.token_file), "key": "evidence"}
    raw["desk"]["wrapping"] = {"vault": own}
    household.config.write_text(yaml.safe_dump(raw))
    assert household.run("rewrap", "vault").stdout == "3 keys wrapped anew with vault.\n"
    household.assert_whole()
    running.sealed = True
    assert "Vault is sealed; unseal Vault" in line_of(household.run("verify"), 1)


def test_rewrap__a_short_new_passphrase__is_refused(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.put()
    with pytest.raises(EvidenceError, match="has fewer than 12 characters"):
        rewrap(archive.path, lambda _: PASSPHRASE, "passphrase", lambda _: "short", LEAST_COST)
    assert archive.verified()["documents"] == 1
