"""OFAC's 50% rule, with the examples of its FAQ 401."""

from __future__ import annotations

from decimal import Decimal

import pytest

from keepers.compliance.cases.errors import CaseError
from keepers.compliance.cases.ownership import Stake, blocked_entities, read_stakes, renamed


def stakes(*shares: tuple[str, str, str]) -> list[Stake]:
    return [Stake(owner, owned, Decimal(percent)) for owner, owned, percent in shares]


@pytest.mark.parametrize(
    ("shares", "blocked", "expected"),
    [
        ([("X", "A", "50"), ("A", "B", "50")], ["X"], ["A", "B"]),
        ([("X", "A", "50"), ("X", "B", "10"), ("A", "B", "40")], ["X"], ["A", "B"]),
        ([("X", "A", "50"), ("X", "B", "50"), ("A", "C", "25"), ("B", "C", "25")], ["X"], ["A", "B", "C"]),
        ([("X", "A", "25"), ("X", "B", "25"), ("A", "C", "50"), ("B", "C", "50")], ["X"], []),
        ([("X", "A", "50"), ("X", "B", "10"), ("A", "C", "25"), ("B", "C", "25")], ["X"], ["A"]),
        ([("X", "A", "25"), ("Y", "A", "25"), ("A", "B", "50")], ["X", "Y"], ["A", "B"]),
        ([("X", "A", "49.99")], ["X"], []),
        ([("X", "A", "24.99"), ("Y", "A", "25")], ["X", "Y"], []),
    ],
)
def test_blocked_entities__the_published_examples__are_judged_as_published(
    shares: list[tuple[str, str, str]], blocked: list[str], expected: list[str]
) -> None:
    assert list(blocked_entities(stakes(*shares), blocked)) == expected


def test_blocked_entities__shares_in_a_circle__end() -> None:
    shares = stakes(("A", "B", "60"), ("B", "A", "60"), ("X", "A", "40"))
    assert blocked_entities(shares, ["X"]) == {}
    assert set(blocked_entities(stakes(("A", "B", "60"), ("B", "A", "40"), ("X", "A", "60")), ["X"])) == {"A", "B"}


def test_blocked_entities__a_reason__names_every_share_that_counts() -> None:
    shares = stakes(("X", "A", "50"), ("X", "B", "10"), ("A", "B", "40"), ("Z", "B", "50"))
    assert [(one.owner, one.percent) for one in blocked_entities(shares, ["X"])["B"]] == [("A", 40), ("X", 10)]


def test_renamed__two_identifiers_of_one_owner__add_up() -> None:
    found = renamed(stakes(("X1", "A", "25"), ("X2", "A", "25")), {"X1": "X", "X2": "X"})
    assert found == stakes(("X", "A", "50"))


HEAD = "owner,owned,percent"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "does not begin with the line owner,owned,percent"),
        (["owner,owned"], "does not begin with"),
        ([HEAD, "X,A"], "line 2: is not an owner, an owned entity and a percentage"),
        ([HEAD, "X,A,0"], "line 2: has a percentage that is not above 0"),
        ([HEAD, "X,A,100.01"], "line 2: has a percentage"),
        ([HEAD, "X,A,half"], "line 2: has a percentage"),
        ([HEAD, "X,A,NaN"], "line 2: has a percentage"),
        ([HEAD, "A,A,10"], "line 2: has an entity that owns itself"),
        ([HEAD, "X,A,10", "X,A,10"], "line 3: repeats a pair"),
        ([HEAD, "X,A,60", "Y,A,50"], "line 3: brings an entity to 110 per cent"),
        ([HEAD, "X,A,60", "Nobody,A,10"], "line 3: names an owner or an entity that is not in the register"),
        ([HEAD, "X,Nobody,60"], "line 2: names an owner or an entity that is not in the register"),
    ],
)
def test_read_stakes__what_is_none__is_refused_with_its_line(lines: list[str], reason: str) -> None:
    with pytest.raises(CaseError, match=reason) as caught:
        read_stakes(lines, "ownership.csv", ("X", "Y", "A"))
    assert "Nobody" not in str(caught.value)


def test_read_stakes__a_file__is_read_exactly() -> None:
    assert read_stakes([HEAD, "X,A,33.34", "", "Y , A, 50"], "f", "XYA") == stakes(
        ("X", "A", "33.34"), ("Y", "A", "50")
    )
