"""A port for webhooks: bounded in size, time and number; what goes wrong repeats nothing of a request."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
import structlog

from keepers.errors import KeeperError
from keepers.runtime import receiver as module
from keepers.runtime.receiver import LARGEST_BODY, MOST_AT_ONCE, Posted, ReceiverError, receiver
from tests.fixtures.waiting import wait_until

NAME = "Zbigniew Qwertynski"


@contextmanager
def listening(take: Callable[[Posted], int], seconds: float = 5.0) -> Iterator[tuple[int, io.StringIO]]:
    output = io.StringIO()
    log = structlog.wrap_logger(structlog.WriteLogger(output), processors=[structlog.processors.JSONRenderer()])
    with receiver(take, "127.0.0.1", 0, log, seconds) as port:
        yield port, output


def raw(port: int, content: bytes, shut: bool = False) -> bytes:
    """Sends bytes; returns everything that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as caller:
        caller.sendall(content)
        if shut:
            caller.shutdown(socket.SHUT_WR)
        found = b""
        while piece := caller.recv(4096):
            found += piece
        return found


def status_of(answer: bytes) -> int:
    return int(answer.split()[1])


def test_receiver__post__is_taken_whole_with_its_headers() -> None:
    seen: list[Posted] = []
    with listening(lambda request: seen.append(request) or 200) as (port, _):
        body = bytes(range(256)) * 10
        answer = requests.post(f"http://127.0.0.1:{port}/onfido?a=b", data=body, headers={"X-SHA2-Signature": "s"})
    assert answer.status_code == 200 and answer.content == b"" and "quantera" in answer.headers["server"]
    assert (seen[0].path, seen[0].body, seen[0].headers["x-sha2-signature"]) == ("/onfido", body, "s")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"POST / HTTP/1.1\r\nhost: a\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % (LARGEST_BODY + 1), 413),
        (b"POST / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\n\r\n", 405),
        (b"POST / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
        (b"POST /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    ],
)
def test_receiver__request_that_is_none__is_refused_and_not_repeated(content: bytes, status: int) -> None:
    with listening(lambda _: pytest.fail("was taken")) as (port, output):
        answer = raw(port, content)
    assert status_of(answer) == status and NAME.encode() not in answer
    assert output.getvalue() == ""


def test_receiver__line_that_is_no_request__is_not_repeated() -> None:
    with listening(lambda _: pytest.fail("was taken")) as (port, output):
        answer = raw(port, b"nonsense " + NAME.encode() + b"\r\n\r\n")
    assert b"Qwertynski" not in answer and output.getvalue() == ""


def test_receiver__body_that_ends_early__is_not_taken() -> None:
    taken: list[Posted] = []
    with listening(lambda request: taken.append(request) or 200) as (port, _):
        assert raw(port, b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nhalf", shut=True) == b""
    assert taken == []


def test_receiver__caller_who_sends_a_byte_at_a_time__is_cut_at_the_deadline() -> None:
    with listening(lambda _: 200, seconds=0.5) as (port, _):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as caller:
            caller.sendall(b"POST / HTTP/1.1\r\ncontent-length: 1000\r\n\r\n")
            ended = threading.Event()

            def drip() -> None:
                try:
                    while not ended.wait(0.05):
                        caller.sendall(b"x")
                except OSError:
                    return

            thread = threading.Thread(target=drip)
            thread.start()
            assert caller.recv(100) == b""
            ended.set()
            thread.join()
        assert requests.post(f"http://127.0.0.1:{port}/", data=b"x").status_code == 200


def test_receiver__more_callers_than_places__are_closed_and_the_rest_served() -> None:
    with listening(lambda _: 200, seconds=10.0) as (port, _):
        idle = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(MOST_AT_ONCE)]

        def is_full() -> bool:
            try:
                return raw(port, b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n") == b""
            except OSError:
                return True

        wait_until(is_full)
        for caller in idle:
            caller.close()
        wait_until(lambda: not is_full())


@pytest.mark.parametrize(
    "error", [KeyError(NAME), ValueError(f"cannot read {NAME}"), KeeperError("store", "is away", "wait")]
)
def test_receiver__taking_fails__says_its_kind_and_answers_later(error: Exception) -> None:
    def take(_: Posted) -> int:
        raise error

    with listening(take) as (port, output):
        assert requests.post(f"http://127.0.0.1:{port}/x", data=NAME.encode()).status_code == 503
    (line,) = [json.loads(text) for text in output.getvalue().splitlines()]
    assert line["event"] == "webhook not written down" and "Qwertynski" not in output.getvalue()


def test_receiver__port_taken__is_one_line() -> None:
    with (
        listening(lambda _: 200) as (port, _),
        pytest.raises(ReceiverError, match=r"choose another kyc\.webhooks\.port"),
        receiver(lambda _: 200, "127.0.0.1", port, None),
    ):
        pass


def test_receiver__end__frees_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(lambda _: 200) as (port, _):
        pass
    any_log: Any = None
    with module.receiver(lambda _: 200, "127.0.0.1", port, any_log) as again:
        assert again == port
