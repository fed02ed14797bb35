"""`quantera compliance evidence`: documents put, read, erased with their key, and verified against what was altered."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from keepers.compliance.evidence.errors import EvidenceError
from keepers.compliance.evidence.locks import LEAST_COST
from keepers.documents import durable, folder
from keepers.operations.evidence import EvidenceFolder
from scripts._lib.transactions import send
from tests.fixtures.desk import ADA, BEA, quantera
from tests.fixtures.kills import Killed, kill
from tests.fixtures.node import World
from tests.fixtures.officers import UNIT, Bureau
from tests.fixtures.waiting import join
from tests.unit.keepers.cli.test_cli import line_of

PASSPHRASE = "correct horse battery"
SCAN = b"the passport of Zygmunt"


class Archive:
    """A folder of evidence whose passphrase costs little."""

    def __init__(self, folder: Path) -> None:
        self.path, self.secret, self.scan = folder / "evidence", folder / "secret", folder / "zygmunt.pdf"
        self.secret.write_text(PASSPHRASE + "\n")
        self.secret.chmod(0o600)
        self.scan.write_bytes(SCAN)
        self.opened = EvidenceFolder.open(self.path, lambda _: PASSPHRASE, create=True, cost=LEAST_COST)

    def run(self, *arguments: str) -> Result:
        where = ("--folder", str(self.path), "--passphrase-file", str(self.secret))
        return quantera("compliance", "evidence", *arguments, *where)

    def put(self, person: str = "P-17") -> str:
        result = self.run("put", person, str(self.scan), "--kind", "passport", "--by", ADA)
        assert result.exit_code == 0, result.stderr
        return result.stdout.strip()

    def erase(self, person: str = "P-17", second: str = BEA) -> Result:
        return self.run("erase", person, "--reason", "a request", "--by", ADA, "--approved-by", second, "--yes")

    def verified(self) -> dict[str, Any]:
        result = self.run("verify", "--json")
        assert result.exit_code == 0, result.stderr
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    def files(self) -> list[Path]:
        return sorted(path for path in self.path.rglob("*") if path.is_file() and path.name != ".writing")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def test_put_and_get__a_document__comes_back_byte_by_byte(archive: Archive, tmp_path: Path) -> None:
    address, copy = archive.put(), tmp_path / "copy.pdf"
    assert archive.run("get", "P-17").stdout == f"{address}  passport  {len(SCAN)} bytes\n"
    assert archive.run("get", "P-17", address, "--output", str(copy)).exit_code == 0
    assert copy.read_bytes() == SCAN and oct(copy.stat().st_mode)[-3:] == "600"
    assert archive.run("get", "P-17", address).stdout_bytes == SCAN
    (told,) = json.loads(archive.run("get", "P-17", "--json").stdout)
    assert (told["name"], told["officer"], told["kind"]) == ("zygmunt.pdf", ADA, "passport")


def test_put__what_is_on_disk__says_nothing_about_the_person(archive: Archive) -> None:
    archive.put()
    for path in archive.files():
        said = str(path.relative_to(archive.path)).encode() + path.read_bytes()
        assert not any(word in said for word in (b"P-17", b"zygmunt", b"Zygmunt", b"passport", b"Ada"))
        assert oct(path.stat().st_mode)[-3:] == "600"


def test_erase__a_person__leaves_ciphertext_that_nobody_opens_and_others_untouched(archive: Archive) -> None:
    address, other = archive.put(), archive.put("P-18")
    assert archive.erase().stdout.startswith("Erased; record ")
    line = "quantera: person: was erased; nothing about the person can be read"
    assert line_of(archive.run("get", "P-17", address), 1) == line == line_of(archive.run("get", "P-17"), 1)
    assert line_of(archive.run("put", "P-17", str(archive.scan), "--by", ADA), 1) == line
    assert archive.run("get", "P-18", other).stdout_bytes == SCAN
    found = archive.verified()
    assert (found["persons"], found["documents"], found["erased"]) == (2, 2, 1), "the other person's, and the record"
    (record,) = archive.opened.documents(folder.DESK)
    told = json.loads(archive.opened.get(folder.DESK, record.address)[1])
    assert (told["by"], told["approved_by"], told["reason"]) == (ADA, BEA, "a request")


def test_erase__one_officer_or_nobodys_evidence__is_refused(archive: Archive) -> None:
    address = archive.put()
    assert "was asked for by the same officer" in line_of(archive.erase(second="ada example"), 1)
    assert line_of(archive.erase("P-99"), 1) == "quantera: person: has no evidence here; check the identifier"
    assert line_of(archive.erase(folder.DESK), 1) == "quantera: person: is the desk itself; erase persons only"
    assert archive.run("get", "P-17", address).stdout_bytes == SCAN


def test_erase__twice__is_refused(archive: Archive) -> None:
    archive.put()
    archive.erase()
    assert line_of(archive.erase(), 1) == "quantera: person: was erased already; nothing is left to do"


@pytest.mark.parametrize("step", ["_destroy", "_append"])
def test_erase__killed_in_the_middle__is_finished_by_the_next_run(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    archive.put()

    with monkeypatch.context() as patch:
        if step == "_destroy":
            patch.setattr(folder, "_destroy", kill)
        else:
            append = EvidenceFolder._append
            only = lambda self, what, *rest: kill() if what == "erase" else append(self, what, *rest)  # noqa: E731
            patch.setattr(EvidenceFolder, "_append", only)
        with pytest.raises(Killed):
            archive.opened.erase("P-17", (ADA, BEA), "a request", 1)
    assert archive.erase().exit_code == 0
    assert archive.verified()["erased"] == 1
    assert "was erased" in line_of(archive.run("get", "P-17"), 1)


@pytest.mark.parametrize("step", ["_append", "write"])
def test_put__killed_in_the_middle__leaves_what_stands(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    first = archive.put()

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(EvidenceFolder if step == "_append" else durable, step, kill)
        archive.opened.put("P-17", "passport", "x", b"more", ADA, 1)
    found = archive.verified()
    assert (found["documents"], found["left_by_killed_runs"]) == (1, int(step == "_append"))
    assert archive.put() != first and archive.verified()["documents"] == 2


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("objects/*/*", "was altered; restore it from a backup"),
        ("keys/*", "restore it from a backup"),
        ("journal.jsonl", "journal line 1: "),
        ("lock.json", "lock.json: "),
    ],
)
def test_verify__any_file_altered__is_refused(archive: Archive, pattern: str, reason: str) -> None:
    archive.put()
    (path,) = archive.path.glob(pattern)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    assert reason in line_of(archive.run("verify"), 1)


@pytest.mark.parametrize("pattern", ["objects/*/*", "keys/*"])
def test_verify__a_file_missing__is_refused(archive: Archive, pattern: str) -> None:
    archive.put()
    (path,) = archive.path.glob(pattern)
    path.unlink()
    assert "No such file or directory; restore it from a backup" in line_of(archive.run("verify"), 1)


def test_verify__a_journal_cut_at_its_end__has_another_head(archive: Archive) -> None:
    archive.put()
    first = archive.verified()["head"]
    archive.put()
    journal = archive.path / "journal.jsonl"
    second = archive.verified()["head"]
    journal.write_text(journal.read_text().splitlines()[0] + "\n")
    assert archive.verified()["head"] == first != second and archive.verified()["left_by_killed_runs"] == 1


def test_verify__an_erased_key_put_back_from_a_backup__is_found(archive: Archive) -> None:
    archive.put()
    (key,) = (archive.path / "keys").glob("*")
    backup = key.read_bytes()
    archive.erase()
    key.write_bytes(backup)
    assert "is there although it was erased" in line_of(archive.run("verify"), 1)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("get", "P-99"), "quantera: person: has no evidence here; check the identifier"),
        (("get", "P-17", "f" * 64), f"quantera: object {'f' * 64}: is none of the person's; list them without an"),
        (("get", "P-17", "Zygmunt"), "quantera: address: is no address; give one such as docs/compliance-desk.md"),
        (("get", "Jan Zygmunt"), "quantera: person: is no person; give one such as docs/compliance-desk.md shows"),
        (("put", "P-17", "/nowhere/Zygmunt.pdf", "--by", ADA), "quantera: document: No such file or directory; name"),
    ],
)
def test_evidence__what_cannot_be_done__is_refused_without_a_name(
    archive: Archive, arguments: tuple[str, ...], line: str
) -> None:
    archive.put()
    said = line_of(archive.run(*arguments), 1)
    assert said.startswith(line) and "Zygmunt" not in said


def test_evidence__another_passphrase__opens_nothing(archive: Archive) -> None:
    archive.put()
    archive.secret.write_text("another passphrase\n")
    line = line_of(archive.run("verify"), 1)
    assert line == "quantera: passphrase: does not open the folder; give the one that it was made with"


def test_open__a_passphrase_mistyped_the_second_time__makes_no_folder(tmp_path: Path) -> None:
    typed = iter(["correct horse battery", "correct horse batttery"])
    with pytest.raises(EvidenceError, match="was not the same twice"):
        EvidenceFolder.open(tmp_path / "new", lambda _: next(typed), create=True, cost=LEAST_COST)
    assert not (tmp_path / "new/lock.json").exists()


def test_put__a_new_folder__is_made_for_its_owner_alone(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for path in [*archive.path.rglob("*")][::-1]:
        path.unlink()
    archive.path.rmdir()
    archive.put()
    assert oct(archive.path.stat().st_mode)[-3:] == "700"


def test_get__an_output_that_is_there__is_not_overwritten(archive: Archive, tmp_path: Path) -> None:
    address = archive.put()
    line = line_of(archive.run("get", "P-17", address, "--output", str(archive.scan)), 1)
    assert line == "quantera: output: File exists; choose another file" and os.path.exists(archive.scan)


def test_erase__nobody_to_ask__is_a_usage_error(archive: Archive) -> None:
    archive.put()
    result = archive.run("erase", "P-17", "--reason", "x", "--by", ADA, "--approved-by", BEA)
    assert line_of(result, 2) == "quantera: standard input: is no terminal to ask on; give --yes to erase"


def test_verify__a_tokens_log__replays_the_chains_hash_until_it_goes_on(world: World, archive: Archive) -> None:
    bureau = Bureau(world)
    token = bureau.token(report_threshold=10 * 10**18)
    bureau.holder(token, amount=50)
    raw = yaml.safe_load(bureau.config.read_text())
    files = {"evidence": str(archive.path), "passphrase_file": str(archive.secret)}
    bureau.config.write_text(yaml.safe_dump({**raw, "desk": files}))

    def run(*arguments: str) -> Result:
        return quantera("compliance", "evidence", *arguments, "--config", str(bureau.config))

    assert "has no evidence here" in line_of(run("verify", "--token", token.address), 1)
    put = run("put", "--log", token.address, "--by", ADA)
    assert put.stdout.rstrip().endswith(f": 1 entries of {token.address}"), put.stderr
    assert "The chain's log hash follows from 1 stored entries." in run("verify", "--token", token.address).stdout
    receiver = bureau.stranger()
    bureau.register_as(receiver, 756, 2)
    send(world.w3, world.owner, token.functions.mint(receiver, 20 * UNIT))
    assert "entry 1: is missing: the chain has 2 entries" in line_of(run("verify", "--token", token.address), 1)
    run("put", "--log", token.address, "--by", ADA)
    assert json.loads(run("verify", "--token", token.address, "--json").stdout)["replayed"] == 2


def test_put__by_several_at_once__loses_nothing(archive: Archive) -> None:
    def work(number: int) -> None:
        for turn in range(5):
            document = f"document {number} {turn}".encode()
            archive.opened.put(f"P-{number}", "document", "x", document, ADA, 1)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    join(threads)
    found = archive.verified()
    assert (found["lines"], found["documents"], found["persons"]) == (20, 20, 4)
