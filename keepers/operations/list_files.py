"""The files of sanctions lists, on disk or on the web, as sources that are hashed while they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import requests

from keepers.compliance.lists.draft import Source
from keepers.compliance.lists.errors import ListError

_TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and between two pieces."""

_LOCAL = ("127.0.0.1", "::1", "localhost")
_MOST = 2**31
"""Maximum number of bytes of a fetched file."""

Progress = Callable[[int], None]


def size_of(names: Sequence[str]) -> int:
    """Returns the number of bytes of local files, for a progress bar; 0 if one of them is on the web.

    Raises:
        ListError: If a file is not there.
    """
    if any(is_url(name) for name in names):
        return 0
    try:
        return sum(Path(name).stat().st_size for name in names)
    except OSError as error:
        raise ListError(str(error.filename), error.strerror or "cannot be read", "name an existing file") from None


def is_url(name: str) -> bool:
    """True if a file is on the web."""
    return name.startswith(("https://", "http://"))


@dataclass(frozen=True)
class Opened:
    """Files that are being read.

    Attributes:
        sources: One for each.
        published: Date that a server gave for the first of them, "" if none did.
    """

    sources: list[Source]
    published: str


@contextmanager
def opened(names: Sequence[str], progress: Progress) -> Iterator[Opened]:
    """Opens local files and addresses on the web.

    Args:
        names: Paths and addresses.
        progress: Called with the number of bytes of every piece that is read.

    Raises:
        ListError: If one cannot be opened.
    """
    with ExitStack() as stack:
        sources, published = [], ""
        for name in names:
            if is_url(name):
                response = stack.enter_context(_fetched(name))
                published = published or _modified(response)
                sources.append(Source(_without_secrets(name), _Bounded(response), progress))
                continue
            try:
                stream = stack.enter_context(Path(name).open("rb"))
            except OSError as error:
                raise ListError(name, error.strerror or "cannot be read", "name an existing file") from None
            sources.append(Source(Path(name).name, stream, progress))
        yield Opened(sources, published)


@contextmanager
def _fetched(url: str) -> Iterator[requests.Response]:
    if not url.startswith("https://") and urlsplit(url).hostname not in _LOCAL:
        raise ListError(_without_secrets(url), "is not encrypted, so that anyone could change it", "give https://")
    try:
        with requests.get(url, stream=True, timeout=_TIMEOUT) as response:
            if response.status_code != 200:
                raise ListError(_without_secrets(url), f"answered {response.status_code}", "check the address")
            if urlsplit(response.url).scheme != "https" and urlsplit(response.url).hostname not in _LOCAL:
                raise ListError(_without_secrets(url), "leads to an address that is not encrypted", "give another one")
            yield response
    except requests.RequestException as error:
        reason = f"cannot be fetched ({type(error).__name__})"
        raise ListError(_without_secrets(url), reason, "check the network, and try again") from None


class _Bounded:
    """The body of a response: an error in the middle, a missing rest or too much of it is a refusal."""

    def __init__(self, response: requests.Response) -> None:
        self._response, self._left = response, _MOST

    def read(self, size: int) -> bytes:
        """Returns the next bytes."""
        name = _without_secrets(self._response.url)
        try:
            piece: bytes = self._response.raw.read(size, decode_content=True)
        except Exception as error:  # urllib3 has its own family of errors, which requests does not wrap here.
            reason = f"broke off ({type(error).__name__})"
            raise ListError(name, reason, "fetch it again") from None
        self._left -= len(piece)
        if self._left < 0:
            raise ListError(name, f"is longer than {_MOST} bytes", "check the address")
        return piece


def _without_secrets(url: str) -> str:
    """An address without user, password and query, in which signed addresses have their keys."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _modified(response: requests.Response) -> str:
    try:
        return parsedate_to_datetime(response.headers.get("Last-Modified", "")).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return ""
