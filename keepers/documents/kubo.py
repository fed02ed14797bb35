"""A node of IPFS through Kubo's RPC: ciphertext added, read and pinned, and nothing of it believed.

Source: Kubo RPC API v0 reference (add, cat, pin/add, pin/rm, pin/ls; POST only, errors as JSON with a Message).
The RPC of a node is an administrator's: it is reached on this machine, or over TLS with an Authorization header.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from keepers.compliance.evidence.cid import CHUNK, cid_of
from keepers.compliance.evidence.errors import EvidenceError
from keepers.signers.keys import secret_line
from keepers.urls import PRIVATE_REMEDY, is_private

_PIECE = 65_536
_GRACE = 5.0
"""Seconds for the node's own word that it has given up."""
_MOST_WORDS = 65_536
"""Maximum number of bytes of an answer that is no document."""
_LAYOUT = {"cid-version": "0", "raw-leaves": "false", "chunker": f"size-{CHUNK}", "hash": "sha2-256"}
"""Options that make the CID the one of `cid_of`, whatever the node's own configuration says."""


@dataclass(frozen=True)
class KuboAccess:
    """Access to a node.

    Attributes:
        url: Address of the RPC, such as http://127.0.0.1:5001; https:// if it is another machine's.
        authorization_file: File, mode 600, whose first line is the Authorization header, such as "Bearer …".
        timeout: Seconds that a call may take.
    """

    url: str
    authorization_file: Path | None = None
    timeout: float = 60.0


class KuboNode:
    """A node.

    Args:
        access: Address and patience.

    Raises:
        EvidenceError: If the address is neither https nor this machine's.
    """

    def __init__(self, access: KuboAccess) -> None:
        parts = urlsplit(access.url)
        self._name = f"IPFS node {parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        if not is_private(access.url):
            raise EvidenceError(self._name, "is not https://", PRIVATE_REMEDY)
        self._access = access

    def __repr__(self) -> str:
        return self._name

    def add(self, content: bytes) -> str:
        """Stores and pins a file, and reads it back; returns its CID.

        Raises:
            EvidenceError: If the node does not do it, or answers with another CID or another content.
        """
        options = {**_LAYOUT, "pin": "true", "progress": "false", "quieter": "true"}
        lines = self._words("add", options, files={"file": ("object", content)}).splitlines()
        told, expected = _object(lines[-1] if lines else b"").get("Hash"), cid_of(content)
        if told != expected:
            raise EvidenceError(self._name, "answered with the CID of something else", "ask another node")
        if self.cat(expected, len(content)) != content:
            raise EvidenceError(self._name, "gave something else back than it was given", "ask another node")
        return expected

    def cat(self, cid: str, most: int) -> bytes:
        """Returns the content of a file of at most `most` bytes.

        Raises:
            EvidenceError: If the node does not have it, is too slow, or sends more.
        """
        return self._words("cat", {"arg": cid}, most=most)

    def pin(self, cid: str) -> None:
        """Pins a file.

        Raises:
            EvidenceError: If the node does not.
        """
        if cid not in (_object(self._words("pin/add", {"arg": cid})).get("Pins") or ()):
            raise EvidenceError(self._name, f"did not pin {cid}", "ask another node")

    def unpin(self, cid: str) -> None:
        """Lets a file go; the node drops it with its next collection of garbage.

        Raises:
            EvidenceError: If the node does not answer.
        """
        if self.is_pinned(cid):
            self._words("pin/rm", {"arg": cid})

    def is_pinned(self, cid: str) -> bool:
        """Returns True if the node keeps a file.

        Raises:
            EvidenceError: If the node does not answer.
        """
        try:
            keys = _object(self._words("pin/ls", {"arg": cid, "type": "recursive"})).get("Keys")
        except _NotPinned:
            return False
        return isinstance(keys, dict) and cid in keys

    def _words(self, command: str, options: dict[str, str], most: int = _MOST_WORDS, **body: Any) -> bytes:
        deadline = time.monotonic() + self._access.timeout + _GRACE
        with self._asked(command, options, **body) as response:
            found = bytearray()
            for piece in response.iter_content(_PIECE):
                found += piece
                if len(found) > most:
                    raise EvidenceError(self._name, f"sent more than {most} bytes", "ask another node")
                if time.monotonic() > deadline:
                    raise EvidenceError(self._name, "is too slow", "try again, or raise desk.ipfs.timeout_seconds")
            if response.headers.get("X-Stream-Error"):
                raise EvidenceError(self._name, "broke off", "try again")
            if response.status_code != 200:
                raise self._refusal(response.status_code, bytes(found))
            return bytes(found)

    @contextmanager
    def _asked(self, command: str, options: dict[str, str], **body: Any) -> Iterator[requests.Response]:
        headers, file, seconds = {}, self._access.authorization_file, self._access.timeout
        if file is not None:
            headers["Authorization"] = secret_line(file, "authorization file", "authorization_file")
        given = {**options, "timeout": f"{seconds:g}s"}
        url = f"{self._access.url.rstrip('/')}/api/v0/{command}"
        try:
            # Redirects are not followed: they would carry the header to wherever they point.
            with requests.Session() as session:
                session.trust_env = False  # A proxy of the environment would see what a node on this machine is told.
                session.headers.update(headers)
                where: dict[str, Any] = {"params": given, "timeout": seconds + _GRACE, **body}
                with session.post(url, stream=True, allow_redirects=False, **where) as response:
                    yield response
        except (requests.RequestException, OSError) as error:
            reason = f"does not answer ({type(error).__name__})"
            raise EvidenceError(self._name, reason, "start it, or correct desk.ipfs.url") from None

    def _refusal(self, status: int, body: bytes) -> EvidenceError:
        said = str(_object(body).get("Message", ""))
        if "is not pinned" in said or "not pinned or pinned indirectly" in said:
            return _NotPinned(self._name, "has not pinned it", "pin it again")
        if status in (401, 403):
            return EvidenceError(self._name, f"refused ({status})", "check authorization_file and API.Authorizations")
        reason = " ".join(said.split())[:200] or "no reason"
        return EvidenceError(self._name, f"answered {status}: {reason}", "see the node's log")


class _NotPinned(EvidenceError):
    """The node says that it does not keep a file."""


def _object(words: bytes) -> dict[str, Any]:
    """An answer as a JSON object; an empty one if it is none."""
    try:
        found = json.loads(words)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
