"""A port for webhooks: bounded in size, time and number; what goes wrong repeats nothing of a request."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from keepers.errors import KeeperError
from keepers.runtime.receiver import MOST_AT_ONCE, Answer, Bounds, Posted, ReceiverError, Take, receiver
from tests.fixtures.waiting import wait_until

NAME = "Zbigniew Qwertynski"


def well(_: Posted) -> Answer:
    return Answer(200)


@contextmanager
def listening(take: Take, seconds: float = 5.0) -> Iterator[tuple[int, list[str]]]:
    untaken: list[str] = []
    with receiver(take, "127.0.0.1", 0, untaken.append, Bounds(seconds=seconds)) as port:
        yield port, untaken


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
    with listening(lambda request: seen.append(request) or Answer(200)) as (port, _):
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
        (b"POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % (Bounds().body + 1), 413),
        (b"POST / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\n\r\n", 405),
        (b"POST / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
        (b"POST /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    ],
)
def test_receiver__request_that_is_none__is_refused_and_not_repeated(content: bytes, status: int) -> None:
    with listening(lambda _: pytest.fail("was taken")) as (port, untaken):
        answer = raw(port, content)
    assert status_of(answer) == status and NAME.encode() not in answer
    assert untaken == []


def test_receiver__line_that_is_no_request__is_not_repeated() -> None:
    with listening(lambda _: pytest.fail("was taken")) as (port, untaken):
        answer = raw(port, b"nonsense " + NAME.encode() + b"\r\n\r\n")
    assert b"Qwertynski" not in answer and untaken == []


def test_receiver__body_that_ends_early__is_not_taken() -> None:
    taken: list[Posted] = []
    with listening(lambda request: taken.append(request) or Answer(200)) as (port, _):
        assert raw(port, b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nhalf", shut=True) == b""
    assert taken == []


def test_receiver__caller_who_sends_a_byte_at_a_time__is_cut_at_the_deadline() -> None:
    with listening(well, seconds=0.5) as (port, _):
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
    with listening(well, seconds=10.0) as (port, _):
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
    def take(_: Posted) -> Answer:
        raise error

    with listening(take) as (port, untaken):
        assert requests.post(f"http://127.0.0.1:{port}/x", data=NAME.encode()).status_code == 503
    (line,) = untaken
    assert line and "Qwertynski" not in line


def test_receiver__port_taken__is_one_line() -> None:
    with (
        listening(well) as (port, _),
        pytest.raises(ReceiverError, match="choose another port"),
        receiver(well, "127.0.0.1", port, print),
    ):
        pass


def test_receiver__answer_with_a_body__is_sent_with_its_headers() -> None:
    with listening(lambda _: Answer(400, b"no", {"content-type": "text/plain"})) as (port, _):
        answer = requests.post(f"http://127.0.0.1:{port}/", data=b"x")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (400, b"no", "text/plain")


def test_receiver__end__does_not_wait_for_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keepers.runtime.listening._LOOK_SECONDS", 60.0)
    with listening(well) as (port, _):
        assert requests.post(f"http://127.0.0.1:{port}/", data=b"x").status_code == 200
        started = time.monotonic()
    assert time.monotonic() - started < 5


def test_receiver__end__frees_the_port() -> None:
    with listening(well) as (port, _):
        pass
    with receiver(well, "127.0.0.1", port, print) as again:
        assert again == port
