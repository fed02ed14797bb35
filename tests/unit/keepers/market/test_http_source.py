from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from keepers.market import NoCloses, PriceError
from keepers.market.http_source import HttpInterface, HttpPriceSource
from keepers.runtime.listening import listening

LAST = date(2024, 1, 10)
ROWS = [
    {"date": "2024-01-08", "close": 1.5},
    {"date": "2024-01-09", "close": "2.5"},
    {"date": "2024-01-10", "close": 3},
]


@dataclass
class Vendor:
    """A stand-in for a vendor of closes on loopback, with answers of the test's own.

    Attributes:
        url: Address without a path.
        answers: Status, headers and body of the next answers; the last one is repeated.
        asked: Paths, with their queries, and the header Authorization of each question.
    """

    url: str
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, body: Any, status: int = 200, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append((status, headers, content))


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """A server that answers as it is told."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append((self.path, self.headers.get("Authorization", "")))
            status, headers, content = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Vendor(f"http://127.0.0.1:{server.server_port}")
    with listening(server):
        yield made


@dataclass
class Clock:
    """A clock that moves only when somebody sleeps."""

    now: float = 1_700_000_000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


Open = Callable[..., HttpPriceSource]


@pytest.fixture
def open_source(vendor: Vendor, clock: Clock, tmp_path: Path) -> Open:
    """`open_source(**settings)`: a source of the vendor, whose waits take no time."""

    def make(**settings: Any) -> HttpPriceSource:
        given = {"url": vendor.url + "/{symbol}?from={since}&to={until}", "per_minute": 6000, **settings}
        return HttpPriceSource(HttpInterface(**given), tmp_path / "cache", lambda: clock.now, clock.sleep)

    return make


def test_closes__of_a_list_of_objects__are_read(vendor: Vendor, open_source: Open) -> None:
    vendor.answer(ROWS)
    found = open_source(days=30).closes(["AAA"], LAST)
    assert found.dates == (date(2024, 1, 8), date(2024, 1, 9), LAST) and found.closes[:, 0].tolist() == [1.5, 2.5, 3.0]
    assert vendor.asked == [("/AAA?from=2023-12-11&to=2024-01-10", "")]


def test_closes__deeper_in_the_answer__are_found_by_their_paths(vendor: Vendor, open_source: Open) -> None:
    vendor.answer({"data": {"candles": [[1704844800000, 9, 9, 9, 4.25]]}})
    settings = {"rows": "data.candles", "day": "0", "close": "4", "moment": "milliseconds", "names": {"AAA": "aaa/us"}}
    found = open_source(**settings).closes(["AAA"], LAST)
    assert found.dates == (LAST,) and found.closes.tolist() == [[4.25]] and vendor.asked[0][0].startswith("/aaa%2Fus?")


def test_closes__of_several_symbols__are_of_their_common_days(vendor: Vendor, open_source: Open) -> None:
    vendor.answer(ROWS)
    vendor.answer(ROWS[1:])
    assert open_source().closes(["AAA", "BBB"], LAST).dates == (date(2024, 1, 9), LAST)


def test_closes__of_later_days__are_left_out(vendor: Vendor, open_source: Open) -> None:
    vendor.answer(ROWS)
    assert open_source().closes(["AAA"], date(2024, 1, 9)).dates[-1] == date(2024, 1, 9)


def test_closes__no_common_day__says_so(vendor: Vendor, open_source: Open) -> None:
    vendor.answer([])
    with pytest.raises(NoCloses, match="AAA: no common day up to 2024-01-10;"):
        open_source().closes(["AAA"], LAST)


def test_closes__with_credentials__carry_them(vendor: Vendor, open_source: Open) -> None:
    vendor.answer(ROWS)
    open_source(authorization="Bearer secret").closes(["AAA"], LAST)
    assert vendor.asked[0][1] == "Bearer secret"


def test_closes__asked_again__come_out_of_the_cache(vendor: Vendor, open_source: Open, clock: Clock) -> None:
    vendor.answer(ROWS)
    open_source().closes(["AAA"], LAST)
    open_source().closes(["AAA"], LAST)
    assert len(vendor.asked) == 1
    clock.now += 13 * 3600
    open_source().closes(["AAA"], LAST)
    assert len(vendor.asked) == 2


def test_closes__cache_cut_off_by_a_crash__are_asked_for_again(
    vendor: Vendor, open_source: Open, tmp_path: Path
) -> None:
    vendor.answer(ROWS)
    open_source().closes(["AAA"], LAST)
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(kept.read_bytes()[:10])
    assert open_source().closes(["AAA"], LAST).closes[-1, 0] == 3.0 and len(vendor.asked) == 2


@pytest.mark.parametrize(("headers", "waits"), [({}, [1.0, 2.0]), ({"Retry_After": "7"}, [7.0, 7.0])])
def test_closes__busy_interface__is_asked_again_later(
    vendor: Vendor, open_source: Open, clock: Clock, headers: dict[str, str], waits: list[float]
) -> None:
    vendor.answer({}, 429, **headers)
    vendor.answer({}, 503, **headers)
    vendor.answer(ROWS)
    assert open_source().closes(["AAA"], LAST).closes[-1, 0] == 3.0
    assert [wait for wait in clock.slept if wait >= 1.0] == waits


def test_closes__interface_stays_away__are_refused_in_one_line(vendor: Vendor, open_source: Open) -> None:
    vendor.answer({}, 500)
    with pytest.raises(PriceError, match="closes of AAA: the interface answers 500; wait, or correct url"):
        open_source(tries=3).closes(["AAA"], LAST)
    assert len(vendor.asked) == 3


@pytest.mark.parametrize("status", [301, 401, 404])
def test_closes__redirect_or_refusal__is_not_tried_again(vendor: Vendor, open_source: Open, status: int) -> None:
    vendor.answer({}, status, Location=vendor.url + "/elsewhere")
    with pytest.raises(PriceError, match=f"answers {status};"):
        open_source().closes(["AAA"], LAST)
    assert len(vendor.asked) == 1


def test_closes__nobody_listens__are_refused_in_one_line(open_source: Open) -> None:
    with pytest.raises(PriceError, match=r"the interface does not answer \(ConnectionError\);"):
        open_source(url="http://127.0.0.1:9/{symbol}", tries=1).closes(["AAA"], LAST)


def test_closes__faster_than_the_limit__wait(vendor: Vendor, open_source: Open, clock: Clock) -> None:
    vendor.answer(ROWS)
    open_source(per_minute=30).closes(["AAA", "BBB", "CCC"], LAST)
    assert clock.slept == [2.0, 2.0]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "the answer is no JSON; correct url"),
        ({"data": 1}, "the answer has no list at ''; correct rows"),
        ([{"date": "soon", "close": 1}], "row 1: date is no day in the form iso; correct day and moment"),
        ([{"close": 1}], "row 1: date is no day in the form iso"),
        ([{"date": "2024-01-08", "close": -1}], "on 2024-01-08: close is no positive number; correct close"),
        ([{"date": "2024-01-08", "close": None}], "on 2024-01-08: close is no positive number"),
        ([{"date": "2024-01-08", "close": "NaN"}], "on 2024-01-08: close is no positive number"),
        ([ROWS[0], ROWS[0]], "2024-01-08 is there twice; ask for daily closes"),
    ],
)
def test_closes__answer_of_another_shape__is_refused(vendor: Vendor, open_source: Open, body: Any, reason: str) -> None:
    vendor.answer(body)
    with pytest.raises(PriceError, match=reason):
        open_source().closes(["AAA"], LAST)


def test_closes__answer_without_end__is_cut_off(
    vendor: Vendor, open_source: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keepers.market.http_source.LARGEST", 100)
    vendor.answer(b"[" + b" " * 200 + b"]")
    with pytest.raises(PriceError, match="answers more than 100 bytes"):
        open_source(tries=1).closes(["AAA"], LAST)


def test_http_price_source__address_that_others_can_read__is_refused(tmp_path: Path) -> None:
    with pytest.raises(PriceError, match=r"is no https:// address; use TLS"):
        HttpPriceSource(HttpInterface("http://vendor.example/{symbol}"), tmp_path)
