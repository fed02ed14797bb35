"""`quantera compliance lists`: what is imported, confirmed, refused and shown; the chain is a stand-in."""

from __future__ import annotations

import http.server
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import Result

from keepers.bots.list_plan import planned
from keepers.commands.lists import FORMATS
from keepers.compliance.lists.delta import Budget
from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.formats import NAMES
from keepers.operations.lists import delta_json, delta_lines
from keepers.runtime.listening import listening
from keepers.store import Store
from keepers.store.lists import newest
from tests.unit.keepers.cli.test_cli import invoke, line_of
from tests.unit.keepers.compliance.lists.reading import DATA, FIRST, OFAC_FILES, SECOND, THIRD, bytes_of

FILES = [str(DATA / name) for name in OFAC_FILES]
DAY = ("--published", "2026-09-23")
NOW = 2_000_000_000


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/keeper.sqlite"


def imported(url: str, *arguments: str) -> Result:
    """An import of OFAC's four files, or of what the arguments say."""
    given = arguments if "--format" in arguments else (*FILES, "--format", "ofac-csv", *DAY, *arguments)
    return invoke("compliance", "lists", "import", *given, "--store", url)


def done(result: Result) -> str:
    """The output of a command that went well."""
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_formats__of_the_command__are_those_of_the_room() -> None:
    assert set(FORMATS) == set(NAMES)


# -- Import


def test_import__a_list__is_accepted_with_its_numbers(url: str) -> None:
    output = done(imported(url))
    assert "ofac-sdn of 2026-09-23: 5 records (2 entity, 1 person, 1 vessel, 1 aircraft)\n" in output
    assert "names: 6 besides the primary ones, 3 of them weak\n" in output
    assert "EVM addresses: 3 (1 ARB, 1 ETH, 1 USDT)\n" in output
    assert output.endswith("Accepted as version 1.\n")


def test_import__as_json__is_one_object_with_hashes_and_counts(url: str) -> None:
    found = json.loads(done(imported(url, "--json")))
    assert (found["list"], found["state"], found["version"]) == ("ofac-sdn", "accepted", 1)
    assert found["counts"] == {"parties": 5, "names": 6, "weak_names": 3, "wallets": 3}
    assert [file["source"] for file in found["files"]] == list(OFAC_FILES)
    assert len(bytes.fromhex(found["source_hash"][2:])) == 32


def test_import__the_same_files_again__confirm_the_version(url: str) -> None:
    done(imported(url))
    assert done(imported(url)).endswith("Confirmed: it is the accepted version as version 1.\n")
    assert len(newest(Store.open(url))) == 1


def test_import__dry_run__stores_nothing_and_needs_no_database(tmp_path: Path) -> None:
    result = invoke("compliance", "lists", "import", str(DATA / "un.xml"), "--format", "un", "--dry-run")
    assert done(result).endswith("Dry run.\n")
    url = f"sqlite:///{tmp_path}/keeper.sqlite"
    assert "Dry run." in done(imported(url, "--dry-run")) and newest(Store.open(url)) == []


def test_import__a_refused_list__leaves_nothing_unless_a_person_accepts_it(url: str, tmp_path: Path) -> None:
    cut = tmp_path / "sdn.csv"
    cut.write_bytes(bytes_of("sdn.csv").rstrip(b"\x1a"))
    given = (str(cut), *FILES[1:], "--format", "ofac-csv", *DAY)
    assert line_of(imported(url, *given), 1) == (
        "quantera: sdn.csv: lacks the mark at its end (ASCII 26), so that it may be cut off; "
        "fetch it again, or give --accept-findings"
    )
    assert newest(Store.open(url)) == []
    assert imported(url, *given, "--dry-run").exit_code == 1
    done(imported(url, *given, "--accept-findings"))
    (version,) = newest(Store.open(url))
    assert version.doubts == (
        "sdn.csv: lacks the mark at its end (ASCII 26), so that it may be cut off; fetch it again",
    )


def test_import__an_older_or_shrunken_list__is_refused(url: str, tmp_path: Path) -> None:
    done(imported(url))
    older = line_of(imported(url, *FILES, "--format", "ofac-csv", "--published", "2026-09-22", "--accept-findings"), 1)
    assert older.startswith("quantera: list ofac-sdn: was published on 2026-09-22, before the accepted version of ")
    fewer = tmp_path / "sdn.csv"
    fewer.write_bytes(bytes_of("sdn.csv").replace(b"36,", b"37,", 1).partition(b"\r\n")[2])
    without = tmp_path / "add.csv"
    without.write_bytes(b'2674,1,-0- ,-0- ,"Russia",-0- \r\n\x1a')
    given = (str(fewer), str(without), *FILES[2:], "--format", "ofac-csv", "--published", "2026-09-24")
    assert line_of(imported(url, *given), 1) == (
        "quantera: list ofac-sdn: has 4 records, 20.0% fewer than the accepted 5; "
        "fetch it again, or accept it if they were delisted, or give --accept-findings"
    )
    assert done(imported(url, *given, "--accept-findings")).endswith("Accepted as version 2.\n")


def test_import__a_delta__follows_the_accepted_list(url: str) -> None:
    done(imported(url))
    given = (str(DATA / "delta.xml"), "--format", "ofac-delta", "--accept-findings")
    output = done(imported(url, *given))
    assert "ofac-sdn of 2026-09-24T04:00:00Z: 5 records" in output and "before: 5 records of 2026-09-23" in output


def test_import__a_mapping__reads_any_list(url: str) -> None:
    mapping = ("--mapping", str(DATA / "national.yaml"))
    given = (str(DATA / "national.csv"), "--format", "mapping", *mapping)
    assert "au-dfat of 2026-03-12: 2 records" in done(imported(url, *given))


@pytest.mark.parametrize(
    ("given", "code", "line"),
    [
        (
            ("nowhere.xml", "--format", "un"),
            1,
            "quantera: nowhere.xml: No such file or directory; name an",
        ),
        (
            (FILES[0], FILES[0], "--format", "un"),
            1,
            "quantera: 2 files: format un has 1 at most; give one list",
        ),
        ((FILES[0], "--format", "un"), 1, "quantera: sdn.csv: is no complete XML"),
        (
            (FILES[0], "--format", "ofac-csv", "--list", "ofac-sdm"),
            1,
            "quantera: list ofac-sdm: does not come in the format ofac-csv; choose from: ofac-sdn, ofac-consolidated",
        ),
        (
            (FILES[0], "--format", "un", "--list", "uk"),
            1,
            "quantera: list uk: does not come in the format un; leave it out",
        ),
        (
            ("http://198.51.100.1/a?key=secret", "--format", "un"),
            1,
            "quantera: http://198.51.100.1/a: is not encrypted, so that anyone could change it; give https://",
        ),
    ],
)
def test_import__what_cannot_be_read__is_refused_in_one_line(
    url: str, given: tuple[str, ...], code: int, line: str
) -> None:
    found = line_of(imported(url, *given), code)
    assert found.startswith(line) and "secret" not in found


def test_import__neither_config_nor_store__is_a_usage_error() -> None:
    result = invoke("compliance", "lists", "import", FILES[0], "--format", "un")
    assert result.exit_code == 2 and "give either --config or --store" in result.stderr


def test_import__a_day_that_is_none__is_a_usage_error(url: str) -> None:
    result = imported(url, FILES[0], "--format", "ofac-csv", "--published", "23.9.2026")
    assert result.exit_code == 2 and "23.9.2026 is no day; write it as 2026-09-23" in result.stderr


# -- From the web


class Publisher(http.server.BaseHTTPRequestHandler):
    """A publisher on this machine: "/cut" ends before it should, "/moved" leads on."""

    body: ClassVar[bytes] = bytes_of("un.xml")

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/un.xml?signature=secret")
            self.end_headers()
            return
        self.send_response(404 if path == "/gone" else 200)
        self.send_header("Last-Modified", "Wed, 23 Sep 2026 14:07:28 GMT")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body[:500] if path == "/cut" else self.body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def publisher() -> Iterator[str]:
    """The address of a publisher."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    with listening(server) as port:
        yield f"http://127.0.0.1:{port}"


def test_import__from_the_web__keeps_the_address_without_its_secrets(url: str) -> None:
    with publisher() as address:
        found = json.loads(done(imported(url, f"{address}/moved?token=secret", "--format", "un", "--json")))
    (file,) = found["files"]
    assert file["source"] == f"{address}/moved" and file["size"] == len(Publisher.body)
    assert found["published"] == "2026-02-27T00:00:09Z", "what the file says comes before what the server says"


@pytest.mark.parametrize(("path", "reason"), [("/cut", "broke off (ProtocolError)"), ("/gone", "answered 404")])
def test_import__a_publisher_that_fails__is_refused_in_one_line(url: str, path: str, reason: str) -> None:
    with publisher() as address:
        line = line_of(imported(url, f"{address}{path}?token=secret", "--format", "un"), 1)
    assert line.startswith(f"quantera: {address}{path}: {reason}; ") and "secret" not in line


def test_import__nobody_answers__is_refused_in_one_line(url: str) -> None:
    with publisher() as address:
        pass
    assert f"{address}/un.xml: cannot be fetched (ConnectionError)" in line_of(
        imported(url, f"{address}/un.xml", "--format", "un"), 1
    )


# -- Show


def test_show__lists__are_a_line_each(url: str) -> None:
    assert done(invoke("compliance", "lists", "show", "--store", url)) == "No list was accepted yet.\n"
    done(imported(url))
    done(imported(url, str(DATA / "un.xml"), "--format", "un"))
    first, second = done(invoke("compliance", "lists", "show", "--store", url, "--check")).splitlines()
    assert first.startswith("ofac-sdn version 1, published 2026-09-23, confirmed 20")
    assert ": 5 records, 6 aliases, 3 EVM addresses, source 0x" in first and second.startswith("un version 2, ")


def test_show__a_list_of_yesterday__raises_an_alarm(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done(imported(url))
    (version,) = newest(Store.open(url))
    monkeypatch.setattr("time.time", lambda: version.checked + 25 * 3600)
    result = invoke("compliance", "lists", "show", "--store", url, "--check")
    assert line_of(result, 1) == (
        "quantera: list ofac-sdn: was last confirmed 25 hours ago, on 2026-09-23 published; "
        "fetch and import the publisher's newest file"
    )
    (one,) = json.loads(invoke("compliance", "lists", "show", "--store", url, "--json").stdout)
    assert one["alarm"] and one["counts"]["parties"] == 5


def test_show__a_list_that_nobody_imported__is_refused_with_those_there_are(url: str) -> None:
    done(imported(url))
    line = line_of(invoke("compliance", "lists", "show", "uk", "--store", url), 1)
    assert line == "quantera: list uk: has no accepted version; import it; there are: ofac-sdn"


# -- Retire


def retired(url: str, *arguments: str, reason: str = "a test file") -> Result:
    """A retirement by an officer."""
    given = ("--reason", reason, "--by", "A. Officer", "--store", url)
    return invoke("compliance", "lists", "retire", *arguments, *given)


def test_retire__a_list__counts_no_more_and_its_history_stays(url: str) -> None:
    done(imported(url))
    output = done(retired(url, "ofac-sdn"))
    assert "ofac-sdn is in use no more" in output and FIRST in output and output.endswith("Retired.\n")
    assert newest(Store.open(url)) == []
    (line,) = done(invoke("compliance", "lists", "show", "ofac-sdn", "--store", url)).splitlines()
    assert line.startswith("ofac-sdn version 1, published 2026-09-23, retired 20")
    assert line.endswith(": a test file (A. Officer)")


def test_retire__dry_run_as_json__changes_nothing(url: str) -> None:
    done(imported(url))
    found = json.loads(done(retired(url, "ofac-sdn", "--dry-run", "--json")))
    assert found == {
        "list": "ofac-sdn",
        "retired": [1],
        "current": None,
        "accounts": sorted((FIRST, SECOND, THIRD)),
        "state": "dry run",
    }
    assert len(newest(Store.open(url))) == 1


def test_retire__the_newest_version__the_one_before_counts_again(url: str) -> None:
    done(imported(url))
    done(imported(url, str(DATA / "delta.xml"), "--format", "ofac-delta", "--accept-findings"))
    assert "in use now: version 1, published 2026-09-23" in done(retired(url, "ofac-sdn", "--version", "2"))
    assert done(imported(url)).endswith("Confirmed: it is the accepted version as version 1.\n")


def test_retire__the_only_list__is_imported_anew_as_a_new_version(url: str) -> None:
    done(imported(url))
    done(retired(url, "ofac-sdn"))
    assert done(imported(url)).endswith("Accepted as version 2.\n")


def test_retire__nobody_left_to_take_its_place__is_refused_and_changes_nothing(url: str, tmp_path: Path) -> None:
    for day in ("2026-09-23", "2026-09-24", "2026-09-25"):
        more = tmp_path / f"{day}.csv"
        more.write_bytes(f"id,name\n1,{day}\n".encode())
        mapping = tmp_path / "one.yaml"
        mapping.write_text("list: one\nformat: csv\nfields: {uid: id, names: [name]}\n")
        given = ("--format", "mapping", "--mapping", str(mapping), "--published", day)
        done(imported(url, str(more), *given))
    done(retired(url, "one", "--version", "3"))
    line = line_of(retired(url, "one", "--version", "2"), 1)
    assert line.startswith("quantera: version 2 of one: is followed by version 1, of which the accounts alone are kept")
    assert newest(Store.open(url))[0].version == 2


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (("uk",), "quantera: list uk: has no version in use; choose from: ofac-sdn"),
        (("ofac-sdn", "--version", "9"), "quantera: version 9 of ofac-sdn: is not in use; choose from: 1"),
    ],
)
def test_retire__what_is_not_in_use__is_refused(url: str, given: tuple[str, ...], line: str) -> None:
    done(imported(url))
    assert line_of(retired(url, *given), 1) == line


def test_retire__an_officer_without_a_name__is_refused(url: str) -> None:
    done(imported(url))
    result = invoke("compliance", "lists", "retire", "ofac-sdn", "--reason", "x", "--by", " - ", "--store", url)
    assert line_of(result, 1) == "quantera: officer's name: has no letter; give the name of an officer"


def test_planned__an_account_of_a_retired_list__is_a_persons_to_lift(url: str) -> None:
    done(imported(url))
    done(imported(url, str(DATA / "un.xml"), "--format", "un"))
    done(retired(url, "ofac-sdn"))
    store = Store.open(url)
    found = planned(store, Chain(FIRST, SECOND), newest(store)[0].checked)
    assert found.batches == () and found.kept == 1, "the other list names the first one too"
    assert found.notes == (f"{SECOND} is on chain by a retired version of ofac-sdn: lift it by hand",)


# -- Delta


class Chain:
    """The chain's list as a set."""

    def __init__(self, *accounts: str, registries: int = 1) -> None:
        self.accounts, self.count = set(accounts), registries

    def sanctioned(self, accounts: Sequence[str]) -> list[str]:
        return [one for one in accounts if one in self.accounts]

    def registries(self) -> int:
        return self.count


def test_planned__a_new_list__is_added_and_then_there_is_nothing_to_do(url: str) -> None:
    done(imported(url))
    store = Store.open(url)
    checked = newest(store)[0].checked
    found = planned(store, Chain(FIRST), checked)
    assert found.accounts("sanction") == tuple(sorted((SECOND, THIRD))) and found.kept == 1
    assert found.batches[0].source == newest(store)[0].source_hash
    assert planned(store, Chain(FIRST, SECOND, THIRD), checked).batches == ()


def test_planned__an_account_that_the_publisher_removed__is_another_officers_to_lift(url: str) -> None:
    done(imported(url))
    done(imported(url, str(DATA / "delta.xml"), "--format", "ofac-delta", "--accept-findings"))
    store = Store.open(url)
    found = planned(store, Chain(FIRST, SECOND, THIRD), newest(store)[0].checked)
    assert found.accounts("lift") == (FIRST,)
    lines = delta_lines(found)
    assert lines[0] == "2 accounts stand on chain and on a list; 2 to add, 1 to lift"
    assert lines[-1].strip() == f"quantera compliance lift {FIRST} --source 0x{newest(store)[0].source_hash}"
    assert [batch["action"] for batch in delta_json(found)["batches"]] == ["sanction", "lift"]


def test_planned__lists_of_yesterday__free_nobody(url: str) -> None:
    done(imported(url))
    done(imported(url, str(DATA / "delta.xml"), "--format", "ofac-delta", "--accept-findings"))
    store = Store.open(url)
    found = planned(store, Chain(FIRST), newest(store)[0].checked + 25 * 3600)
    assert found.accounts("lift") == () and "may be out of date" in found.notes[0]


def test_planned__many_registries__make_smaller_batches(url: str) -> None:
    done(imported(url))
    store = Store.open(url)
    gas = Budget(registries=32).cost(2)
    found = planned(store, Chain(registries=32), newest(store)[0].checked, gas)
    assert [len(batch.accounts) for batch in found.batches] == [2, 1]
    assert all(batch.gas <= gas for batch in found.batches)


def test_planned__no_list__is_refused(url: str) -> None:
    with pytest.raises(ListError, match="lists: none was accepted yet; import one"):
        planned(Store.open(url), Chain(), NOW)
