"""Evidence on IPFS: objects at a real node of Kubo, which may be down, slow, forgetful or a liar."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from click.testing import Result

from keepers.compliance.evidence.errors import EvidenceError
from keepers.documents import durable, kubo
from keepers.documents.kubo import KuboAccess, KuboNode
from keepers.operations.evidence import EvidenceFolder
from keepers.signers.keys import KeyMaterialError
from tests.fixtures.desk import ADA, quantera
from tests.fixtures.kills import Killed, kill, kill_at
from tests.fixtures.kubo import Meddle, between
from tests.fixtures.services import Answer, Request, serve
from tests.unit.keepers.cli.test_cli import line_of
from tests.unit.keepers.cli.test_evidence import PASSPHRASE, SCAN, Archive


class IpfsArchive(Archive):
    """A folder whose objects are at a node."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        self.url = url

    def run(self, *arguments: str) -> Result:
        return super().run(*arguments, "--ipfs", self.url)

    def local(self, *arguments: str) -> Result:
        """Runs a command that knows of no node."""
        return super().run(*arguments)

    def through(self, meddle: Meddle, *arguments: str) -> Result:
        """Runs a command against a node whose answers are changed."""
        with between(self.url, meddle) as url:
            return super().run(*arguments, "--ipfs", url)

    def opened_at_node(self, timeout: float = 60) -> EvidenceFolder:
        """The folder, opened within this process."""
        node = KuboNode(KuboAccess(self.url, timeout=timeout))
        return EvidenceFolder.open(self.path, lambda _: PASSPHRASE, node=node)

    def objects(self) -> list[str]:
        """Suffixes of what the folder has as objects."""
        return sorted(path.suffix for path in self.path.glob("objects/*/*"))

    def cid(self) -> str:
        """CID of the one object."""
        (path,) = self.path.glob("objects/*/*.cid")
        return path.read_text()

    def rpc(self, command: str, **options: str) -> Any:
        """Asks the node itself."""
        return requests.post(f"{self.url}/api/v0/{command}", params=options, timeout=60).json()


@pytest.fixture
def archive(tmp_path: Path, kubo_url: str) -> IpfsArchive:
    return IpfsArchive(tmp_path, kubo_url)


def corrupt(command: str, status: int, body: bytes) -> tuple[int, bytes]:
    return status, bytes([body[0] ^ 1]) + body[1:] if command == "cat" else body


def test_put_and_get__at_a_node__comes_back_byte_by_byte_and_the_folder_has_no_object(archive: IpfsArchive) -> None:
    address = archive.put()
    assert archive.objects() == [".cid"]
    assert archive.run("get", "P-17", address).stdout_bytes == SCAN
    assert archive.verified()["documents"] == 1
    assert archive.cid() in archive.rpc("pin/ls", arg=archive.cid(), type="recursive")["Keys"]


def test_put__what_the_node_is_told__says_nothing_about_the_person(archive: IpfsArchive) -> None:
    archive.put()
    stored = requests.post(f"{archive.url}/api/v0/cat", params={"arg": archive.cid()}, timeout=60).content
    assert not any(word in stored for word in (b"P-17", b"zygmunt", b"Zygmunt", b"passport", b"Ada"))


def test_erase__at_a_node__leaves_ciphertext_that_nobody_opens(archive: IpfsArchive) -> None:
    address = archive.put()
    archive.erase()
    assert "was erased" in line_of(archive.run("get", "P-17", address), 1)
    assert archive.verified()["erased"] == 1


def test_put__a_node_that_is_down__says_so_and_leaves_nothing(archive: IpfsArchive) -> None:
    before = archive.verified()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    down = f"http://127.0.0.1:{port}"
    put = ("put", "P-17", str(archive.scan), "--by", ADA, "--ipfs", down)
    line = line_of(archive.local(*put), 1)
    assert line.startswith(f"quantera: IPFS node {down}: does not answer (ConnectionError); start it, or correct")
    assert archive.verified() == before and archive.objects() == []


def test_put__a_node_that_never_answers__is_given_up(archive: IpfsArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubo, "_GRACE", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        node = KuboNode(KuboAccess(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2))
        with pytest.raises(EvidenceError, match=r"does not answer \(ReadTimeout\)"):
            node.add(b"x")


def test_cat__a_node_that_trickles__is_given_up(archive: IpfsArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    node = KuboNode(KuboAccess(archive.url, timeout=5))
    cid = node.add(b"x" * 200_000)
    clock = iter(range(0, 1000, 3))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    with pytest.raises(EvidenceError, match="is too slow"):
        node.cat(cid, 2**20)


@pytest.mark.parametrize(
    ("meddle", "reason"),
    [
        (lambda command, status, body: (status, b'{"Hash": "Qm"}' if command == "add" else body), "something else"),
        (lambda command, status, body: (status, b"[]" if command == "add" else body), "the CID of something else"),
        (lambda command, status, body: (status, b"" if command == "add" else body), "the CID of something else"),
        (lambda command, status, body: (status, b"[" * 60_000 if command == "add" else body), "the CID of something"),
        (corrupt, "gave something else back than it was given"),
        (lambda command, status, body: (status, body + b"x" if command == "cat" else body), "sent more than"),
        (lambda command, status, body: (status, b"" if command == "cat" else body), "gave something else back"),
        (lambda command, status, body: (500, b'{"Message": "no\\nspace"}'), "answered 500: no space; see the node's"),
        (lambda command, status, body: (403, b"403 - Forbidden"), "refused (403); check authorization_file"),
        (lambda command, status, body: (302, b""), "answered 302"),
    ],
)
def test_put__a_node_that_lies_or_refuses__leaves_nothing(archive: IpfsArchive, meddle: Meddle, reason: str) -> None:
    result = archive.through(meddle, "put", "P-17", str(archive.scan), "--by", ADA)
    assert reason in line_of(result, 1)
    assert archive.objects() == [] and archive.verified()["lines"] == 0
    assert archive.put()


def test_get__a_node_that_altered_the_object__is_refused(archive: IpfsArchive) -> None:
    address = archive.put()
    assert "was altered; ask another node" in line_of(archive.through(corrupt, "get", "P-17", address), 1)
    assert "was altered; ask another node" in line_of(archive.through(corrupt, "verify"), 1)


def test_verify__an_object_that_lost_its_pin__is_found_and_pinned_again(archive: IpfsArchive) -> None:
    archive.put()
    archive.rpc("pin/rm", arg=archive.cid())
    line = line_of(archive.run("verify"), 1)
    assert line.endswith("is no longer pinned; pin it with `quantera compliance evidence move ipfs`")
    assert archive.run("move", "ipfs").stdout == "0 objects moved.\n"
    assert archive.verified()["documents"] == 1


def test_get__an_object_that_the_node_lacks__says_so(archive: IpfsArchive) -> None:
    address = archive.put()
    (pointer,) = archive.path.glob("objects/*/*.cid")
    pointer.write_text("QmSoLPppuBtQSGwKDZT2M73ULpjvfd3aZ6ha4oFGL1KrGM")
    with pytest.raises(EvidenceError, match="answered 500: context deadline exceeded; see the node's log"):
        archive.opened_at_node(timeout=0.3).get("P-17", address)
    pointer.write_text("../../lock.json")
    assert "has a damaged CID; restore it" in line_of(archive.run("get", "P-17", address), 1)


def test_get__without_a_node__says_that_the_object_is_on_ipfs(archive: IpfsArchive) -> None:
    address = archive.put()
    line = line_of(archive.local("get", "P-17", address), 1)
    assert line == f"quantera: object {address}: is on IPFS; name the node with desk.ipfs or --ipfs"


def test_move__there_and_back__keeps_every_document(archive: IpfsArchive) -> None:
    address = archive.local("put", "P-17", str(archive.scan), "--by", ADA).stdout.strip()
    assert archive.objects() == [""]
    assert archive.run("move", "ipfs").stdout == "1 objects moved.\n"
    cid = archive.cid()
    assert archive.objects() == [".cid"] and archive.run("get", "P-17", address).stdout_bytes == SCAN
    assert json.loads(archive.run("move", "folder", "--json").stdout) == {"moved": 1}
    assert archive.objects() == [""] and archive.local("get", "P-17", address).stdout_bytes == SCAN
    assert "is not pinned" in archive.rpc("pin/ls", arg=cid, type="recursive")["Message"]


def test_move__a_node_that_lies__leaves_the_file(archive: IpfsArchive) -> None:
    address = archive.local("put", "P-17", str(archive.scan), "--by", ADA).stdout.strip()
    assert "gave something else back" in line_of(archive.through(corrupt, "move", "ipfs"), 1)
    assert archive.objects() == [""] and archive.local("get", "P-17", address).stdout_bytes == SCAN


@pytest.mark.parametrize("where", ["ipfs", "folder"])
@pytest.mark.parametrize("number", range(4))
def test_move__killed_anywhere__goes_on_and_loses_nothing(
    archive: IpfsArchive, monkeypatch: pytest.MonkeyPatch, where: str, number: int
) -> None:
    runs = (archive.local, archive.run) if where == "ipfs" else (archive.run, archive.run)
    addresses = [runs[0]("put", "P-17", str(archive.scan), "--by", ADA).stdout.strip() for _ in range(2)]
    folder = archive.opened_at_node()
    killing = kill_at(number)
    with monkeypatch.context() as patch:
        patch.setattr(durable, "write", killing(durable.write))
        for name in ("add", "unpin"):
            patch.setattr(KuboNode, name, killing(getattr(KuboNode, name)))
        patch.setattr(Path, "unlink", killing(Path.unlink))
        with pytest.raises(Killed):
            folder.move(where)
    assert [archive.run("get", "P-17", address).stdout_bytes for address in addresses] == [SCAN, SCAN]
    assert archive.run("move", where).exit_code == 0
    assert archive.objects() == ([".cid"] * 2 if where == "ipfs" else [""] * 2)
    assert archive.verified()["left_by_killed_runs"] == 0


def test_put__killed_before_the_journal__leaves_a_stray_that_is_counted(
    archive: IpfsArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(KuboNode, "add", kill)
        archive.opened_at_node().put("P-17", "passport", "x", SCAN, ADA, 1)
    assert archive.verified()["left_by_killed_runs"] == 1


@pytest.mark.parametrize("url", ["http://node.example:5001", "ftp://127.0.0.1", "127.0.0.1:5001"])
def test_node__an_address_that_anybody_may_read__is_refused(archive: IpfsArchive, url: str) -> None:
    assert "is not https://; use TLS; http:// is for this machine only" in line_of(
        archive.local("verify", "--ipfs", url), 1
    )


def test_node__with_an_authorization_file__sends_its_line_and_believes_no_file_of_others(tmp_path: Path) -> None:
    seen: list[Request] = []
    secret = tmp_path / "authorization"
    secret.write_text("Bearer open sesame\n")
    secret.chmod(0o600)

    def answer(request: Request) -> Answer:
        seen.append(request)
        return Answer(200, {"Keys": {"Qm": {"Type": "recursive"}}})

    with serve(answer) as url:
        assert KuboNode(KuboAccess(url, secret)).is_pinned("Qm")
        secret.chmod(0o644)
        with pytest.raises(KeyMaterialError, match="others can read it"):
            KuboNode(KuboAccess(url, secret)).is_pinned("Qm")
    (request,) = seen
    assert request.headers["authorization"] == "Bearer open sesame" and request.method == "POST"
    assert request.path == "/api/v0/pin/ls" and request.query == {"arg": "Qm", "type": "recursive", "timeout": "60s"}


def test_config__desk_ipfs__puts_new_objects_at_the_node(archive: IpfsArchive, bureau: Any) -> None:
    raw = yaml.safe_load(bureau.config.read_text())
    desk = {"evidence": str(archive.path), "passphrase_file": str(archive.secret), "ipfs": {"url": archive.url}}
    bureau.config.write_text(yaml.safe_dump({**raw, "desk": desk}))
    put = ("compliance", "evidence", "put", "P-17", str(archive.scan), "--by", ADA, "--config", str(bureau.config))
    assert quantera(*put).exit_code == 0 and archive.objects() == [".cid"]
