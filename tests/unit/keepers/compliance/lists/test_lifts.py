from __future__ import annotations

from dataclasses import replace

import pytest

from keepers.compliance.lists.delta import Budget, Delta, Standing, plan_delta
from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.lifts import Lift, LiftState, next_batch, overtaken, require_removed
from keepers.compliance.lists.records import ListedWallet

ONE, TWO, THREE = (f"0x{digit * 40}" for digit in "123")
SOURCES = {"eu-fsf": "ee" * 32, "un": "aa" * 32}
DAY = 86_400


def lift(number: int, account: str, list_id: str = "un", **fields: object) -> Lift:
    made = Lift(number, account, list_id, "delisted", "Ada", 0, "Bea", DAY, LiftState.APPROVED)
    return replace(made, **fields)  # type: ignore[arg-type]


def plan(*removed: str, named: tuple[str, ...] = (), stale: bool = False) -> Delta:
    """A chain with accounts that the list "un" once named."""
    lists = [Standing("un", SOURCES["un"], tuple(ListedWallet(one) for one in named), stale)]
    return plan_delta(lists, dict.fromkeys(removed, "un"), [*removed, *named], Budget())


def test_is_due__before_and_after_its_delay__follows_the_approval() -> None:
    assert [lift(1, ONE).is_due(at, DAY) for at in (2 * DAY - 1, 2 * DAY)] == [False, True]
    assert not lift(1, ONE, state=LiftState.ASKED).is_due(9 * DAY, DAY)


def test_next_batch__approved_and_removed__is_one_batch_of_a_list() -> None:
    found = next_batch([lift(1, TWO), lift(2, ONE)], plan(ONE, TWO), SOURCES, 7, 10)
    assert found is not None
    assert (found.accounts, found.list_id, found.source, found.version) == ((ONE, TWO), "un", SOURCES["un"], 7)


def test_next_batch__more_than_fit__takes_the_first() -> None:
    found = next_batch([lift(1, ONE), lift(2, TWO), lift(3, THREE)], plan(ONE, TWO, THREE), SOURCES, 7, 2)
    assert found is not None and found.accounts == (ONE, TWO)


def test_next_batch__begun_for_this_version__goes_on_word_by_word() -> None:
    begun = lift(1, TWO, batch_version=7, batch_source="bb" * 32, batch_key="lift:7:x")
    found = next_batch([begun, lift(2, ONE)], plan(ONE, TWO), SOURCES, 7, 10)
    assert found is not None and (found.accounts, found.source) == ((TWO,), "bb" * 32)


def test_next_batch__begun_for_another_version__is_made_anew() -> None:
    begun = lift(1, TWO, batch_version=6, batch_source="bb" * 32, batch_key="lift:6:x")
    found = next_batch([begun, lift(2, ONE)], plan(ONE, TWO), SOURCES, 7, 10)
    assert found is not None and (found.accounts, found.source) == ((ONE, TWO), SOURCES["un"])


def test_next_batch__a_stale_list__lifts_nothing() -> None:
    assert next_batch([lift(1, ONE)], plan(ONE, stale=True), SOURCES, 7, 10) is None


def test_next_batch__nobody_approved__lifts_nothing() -> None:
    assert next_batch([], plan(ONE), SOURCES, 7, 10) is None


def test_overtaken__named_again_or_gone__are_closed() -> None:
    again, gone, good = lift(1, ONE), lift(2, TWO), lift(3, THREE)
    assert overtaken([again, gone, good], plan(THREE, named=(ONE,))) == [again, gone]


def test_require_removed__by_its_publisher__gives_the_list() -> None:
    assert require_removed(ONE, {TWO}, {ONE: "un", TWO: "un"}) == "un"


@pytest.mark.parametrize(("account", "reason"), [(TWO, "is still on a list"), (THREE, "was never on an accepted list")])
def test_require_removed__anything_else__is_refused(account: str, reason: str) -> None:
    with pytest.raises(ListError, match=reason):
        require_removed(account, {TWO}, {ONE: "un", TWO: "un"})
