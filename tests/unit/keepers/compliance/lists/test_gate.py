from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.gate import FRESH, Accepted, is_same, judge
from keepers.compliance.lists.records import Counts, ListDocument, ListFile

FILE = ListFile("sdn.csv", 10, "aa" * 32, "bb" * 32)
NEW = ListDocument("ofac-sdn", (FILE,), "2026-09-24", Counts(1000, 500, 100, 100), (), "ofac-csv")
LAST = Accepted(
    1, "ofac-sdn", "ofac-csv", "2026-09-23", (FILE,), "cc" * 32, Counts(1000, 500, 100, 100), accepted=0, checked=0
)
NOW = int(datetime(2026, 9, 24, 20, tzinfo=UTC).timestamp())


def judged(new: ListDocument, last: Accepted | None = LAST, now: int = NOW) -> list[str]:
    return [f"{'refused' if found.refuses else 'note'} {found}" for found in judge(new, last, now)]


def test_judge__the_next_version__passes() -> None:
    assert judged(NEW) == []


def test_judge__the_first_version__passes() -> None:
    assert judged(NEW, None) == []


@pytest.mark.parametrize("published", ["2026-09-22", "2026-09-22T23:59:59Z"])
def test_judge__an_older_version__is_refused_for_good(published: str) -> None:
    with pytest.raises(ListError) as refused:
        judged(replace(NEW, published=published))
    assert str(refused.value) == (
        f"list ofac-sdn: was published on {published}, before the accepted version of 2026-09-23; "
        "fetch the publisher's newest file"
    )


def test_judge__an_older_time_of_the_same_day__is_refused() -> None:
    with pytest.raises(ListError, match="was published on 2026-09-23T10:00:00Z, before"):
        judged(replace(NEW, published="2026-09-23T10:00:00Z"), replace(LAST, published="2026-09-23T11:00:00Z"))


def test_judge__another_file_of_the_same_day__passes() -> None:
    assert judged(replace(NEW, published="2026-09-23"), replace(LAST, published="2026-09-23T11:00:00Z")) == []


def test_judge__a_date_to_come__is_refused_for_good() -> None:
    with pytest.raises(ListError, match="list ofac-sdn: is dated 2062-09-24, which is to come; correct its date"):
        judged(replace(NEW, published="2062-09-24"))


@pytest.mark.parametrize(("parties", "refuses"), [(980, False), (979, True), (2_000, False), (0, True)])
def test_judge__more_than_two_percent_fewer_records__are_refused(parties: int, refuses: bool) -> None:
    found = judged(replace(NEW, counts=replace(NEW.counts, parties=parties)))
    assert bool(found) == refuses
    if parties == 979:
        assert found == [
            "refused list ofac-sdn: has 979 records, 2.1% fewer than the accepted 1,000; "
            "fetch it again, or accept it if they were delisted"
        ]


def test_judge__fewer_accounts__are_refused_though_all_records_are_there() -> None:
    assert "has 97 EVM addresses, 3.0% fewer than" in judged(replace(NEW, counts=Counts(1000, 500, 100, 97)))[0]


def test_judge__fewer_names__are_refused_within_one_format_only() -> None:
    fewer = replace(NEW, counts=Counts(1000, 400, 100, 100))
    assert "has 400 names, 20.0% fewer than" in judged(fewer)[0]
    assert judged(replace(fewer, format="ofac-advanced")) == []


def test_judge__a_file_of_long_ago__is_noted() -> None:
    (line,) = judged(NEW, now=NOW + 3 * 86_400)
    assert line == (
        "note list ofac-sdn: was published on 2026-09-24, 3 days ago; check that it is the publisher's newest file"
    )


def test_is_same__the_accepted_bytes__are_recognised() -> None:
    assert not is_same(NEW, LAST) and not is_same(NEW, None)
    assert is_same(NEW, replace(LAST, source_hash=NEW.source_hash))


def test_alarm__24_hours_without_confirmation__is_one_line() -> None:
    assert LAST.alarm(FRESH) is None and not LAST.is_stale(FRESH)
    assert LAST.is_stale(FRESH + 1)
    assert LAST.alarm(30 * 3600) == (
        "list ofac-sdn: was last confirmed 30 hours ago, on 2026-09-23 published; "
        "fetch and import the publisher's newest file"
    )


def test_source_hash__of_several_files__covers_each_of_them() -> None:
    other = replace(FILE, source="sdn_comments.csv", keccak256="dd" * 32)
    both = replace(NEW, files=(FILE, other))
    assert NEW.source_hash == FILE.keccak256 != both.source_hash
    assert both.source_hash != replace(both, files=(FILE, replace(other, keccak256="ee" * 32))).source_hash
