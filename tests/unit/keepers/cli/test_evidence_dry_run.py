"""`quantera compliance evidence … --dry-run`: says what the command would do or refuse, and changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fixtures.desk import ADA, BEA, quantera
from tests.unit.keepers.cli.test_evidence import PASSPHRASE, Archive
from tests.unit.keepers.cli.test_evidence_ipfs import IpfsArchive

ERASE = ("erase", "P-17", "--reason", "a request", "--by", ADA, "--approved-by")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


@pytest.fixture
def at_node(tmp_path: Path, kubo_url: str) -> IpfsArchive:
    return IpfsArchive(tmp_path, kubo_url)


def contents(archive: Archive) -> dict[Path, bytes]:
    """All files of a folder."""
    return {path: path.read_bytes() for path in archive.files()}


def test_put__dry_run__stores_nothing(archive: Archive) -> None:
    archive.put()
    before = contents(archive)
    result = archive.run("put", "P-18", str(archive.scan), "--by", ADA, "--dry-run")
    assert result.stdout == f"Dry run: {archive.scan.stat().st_size} bytes would be stored.\n"
    assert contents(archive) == before


def test_put__dry_run_without_a_folder__makes_none(archive: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    put = ("compliance", "evidence", "put", "P-18", str(archive.scan), "--by", ADA, "--dry-run", "--json")
    result = quantera(*put, "--folder", str(folder))
    assert json.loads(result.stdout) == {"size": archive.scan.stat().st_size, "dry_run": True}
    assert not folder.exists()


def test_put__dry_run_about_an_erased_person__is_refused_as_it_would_be(archive: Archive) -> None:
    archive.put()
    assert archive.erase().exit_code == 0
    put = ("put", "P-17", str(archive.scan), "--by", ADA)
    tried = archive.run(*put, "--dry-run")
    assert tried.exit_code == archive.run(*put).exit_code != 0
    assert "was erased" in tried.stderr


@pytest.mark.parametrize(
    ("person", "kind", "content"), [("P-17", "Pass port", b"x"), ("", "passport", b"x"), ("P-17", "passport", b"")]
)
def test_put__dry_run_of_what_cannot_be_stored__is_refused_as_it_would_be(
    archive: Archive, person: str, kind: str, content: bytes
) -> None:
    archive.scan.write_bytes(content)
    put = ("put", person, str(archive.scan), "--kind", kind, "--by", ADA)
    tried, done = archive.run(*put, "--dry-run"), archive.run(*put)
    assert tried.exit_code == done.exit_code != 0
    assert tried.stderr == done.stderr


def test_erase__dry_run__counts_the_documents_and_leaves_them(archive: Archive) -> None:
    address = archive.put()
    archive.put()
    before = contents(archive)
    result = archive.run(*ERASE, BEA, "--dry-run")
    assert result.stdout == "Dry run: 2 documents would become unreadable for good.\n"
    assert contents(archive) == before
    assert archive.run("get", "P-17", address).exit_code == 0


def test_erase__dry_run_by_one_officer__is_refused_as_it_would_be(archive: Archive) -> None:
    archive.put()
    tried = archive.run(*ERASE, ADA, "--dry-run")
    assert tried.exit_code != 0 and tried.stderr == archive.erase(second=ADA).stderr


def test_rewrap__dry_run__counts_the_keys_that_are_left(archive: Archive) -> None:
    archive.put("P-17")
    archive.put("P-18")
    assert archive.erase("P-18").exit_code == 0
    before = contents(archive)
    result = archive.run("rewrap", "passphrase", "--dry-run", "--json")
    # The desk's own key is one of them: it keeps the records of erasures.
    assert json.loads(result.stdout) == {"rewrapped": 2, "dry_run": True}
    assert contents(archive) == before
    fresh = archive.secret.with_name("fresh")
    fresh.write_text("another long passphrase\n")
    fresh.chmod(0o600)
    done = archive.run("rewrap", "passphrase", "--new-passphrase-file", str(fresh), "--json")
    assert json.loads(done.stdout) == {"rewrapped": 2}


def test_rewrap__dry_run_with_a_wrong_passphrase__is_refused(archive: Archive) -> None:
    archive.put()
    archive.secret.write_text(PASSPHRASE[::-1] + "\n")
    result = archive.run("rewrap", "passphrase", "--dry-run")
    assert result.exit_code != 0 and "does not open the folder" in result.stderr


def test_rewrap__dry_run_with_a_service_that_is_not_set__is_refused(archive: Archive) -> None:
    archive.put()
    result = archive.run("rewrap", "kms", "--dry-run")
    assert result.exit_code != 0 and "desk.wrapping.kms" in result.stderr


def test_move__dry_run__counts_what_is_elsewhere(at_node: IpfsArchive) -> None:
    at_node.local("put", "P-17", str(at_node.scan), "--by", ADA)
    before = contents(at_node)
    for where, count in (("ipfs", 1), ("folder", 0)):
        result = at_node.run("move", where, "--dry-run", "--json")
        assert json.loads(result.stdout) == {"moved": count, "dry_run": True}
    assert contents(at_node) == before
    assert json.loads(at_node.run("move", "ipfs", "--json").stdout) == {"moved": 1}
