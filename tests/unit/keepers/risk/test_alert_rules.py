from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from keepers.risk.alert_rules import AlertRule, Firing, NoticeKind, advance, notice_key

NOW = 1_700_000_000


def rule(**changes: Any) -> AlertRule:
    return AlertRule(**{"name": "var", "metric": "var99", "threshold": 0.03, **changes})


def run(one: AlertRule, values: list[float | None], bound: float | None = 0.03, step: int = 60) -> list[str]:
    """Kinds of the notices that values, a minute apart, cause; an empty text where there is none."""
    state, told = Firing(), []
    for number, value in enumerate(values):
        state, kind = advance(one, state, value, bound, NOW + number * step)
        told.append(kind.value if kind else "")
    return told


def test_advance__beyond_the_bound__fires_once_and_resolves_once() -> None:
    assert run(rule(), [0.02, 0.04, 0.05, 0.03, 0.02]) == ["", "firing", "", "resolved", ""]


def test_advance__on_the_bound__does_not_hold() -> None:
    assert run(rule(), [0.03]) == [""]


def test_advance__below__compares_the_other_way() -> None:
    assert run(rule(comparison="below"), [0.04, 0.02, 0.04]) == ["", "firing", "resolved"]


def test_advance__for_duration__waits_and_begins_anew_after_a_gap() -> None:
    one = rule(for_minutes=2)
    assert run(one, [0.04, 0.04, 0.02, 0.04, 0.04, 0.04]) == ["", "", "", "", "", "firing"]


def test_advance__reminder__comes_after_its_interval_and_again() -> None:
    one = rule(remind_hours=1)
    assert run(one, [0.04] * 4, step=1800) == ["firing", "", "reminder", ""]
    assert run(rule(remind_hours=0), [0.04] * 4, step=100_000) == ["firing", "", "", ""]


def test_advance__unknown_number__ends_a_wait_and_keeps_a_firing() -> None:
    assert run(rule(for_minutes=1), [0.04, None, 0.04]) == ["", "", ""]
    assert run(rule(), [0.04, None, 0.02]) == ["firing", "", "resolved"]


def test_advance__limit_switched_off__resolves() -> None:
    one, fired = rule(threshold=None, share_of_limit=0.9), Firing(NOW, NOW, NOW)
    assert advance(one, fired, 0.04, None, NOW) == (Firing(), NoticeKind.RESOLVED)


def test_bound__share_of_limit__follows_the_limit() -> None:
    one = rule(threshold=None, share_of_limit=0.5)
    assert one.bound({"var99": 0.08}) == 0.04
    assert one.bound({"weight": 0.08}) is None


@given(st.lists(st.one_of(st.none(), st.floats(0, 0.06)), max_size=40), st.integers(0, 5))
def test_advance__any_values__firing_and_resolved_alternate(values: list[float | None], minutes: int) -> None:
    told = [kind for kind in run(rule(for_minutes=minutes, remind_hours=0), values) if kind]
    assert told == ["firing", "resolved"] * (len(told) // 2) + ["firing"] * (len(told) % 2)


@given(st.lists(st.floats(0, 0.06), min_size=1, max_size=40))
def test_advance__same_block_again__tells_nothing_more(values: list[float]) -> None:
    state = Firing()
    for number, value in enumerate(values):
        state, _ = advance(rule(), state, value, 0.03, NOW + number)
        assert advance(rule(), state, value, 0.03, NOW + number) == (state, None)


def test_notice_key__every_part__makes_another() -> None:
    parts: tuple[Any, ...] = ("demo", "var", NOW, NoticeKind.FIRING, 0, "pager")
    others = [("stocks", 0), ("weight", 1), (NOW + 1, 2), (NoticeKind.REMINDER, 3), (1, 4), ("mail", 5)]
    keys = {notice_key(*(value if at == place else part for place, part in enumerate(parts))) for value, at in others}
    assert len({*keys, notice_key(*parts)}) == 7
    assert all(len(key) == 64 for key in keys)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"metric": "var98"}, "metric var98 of rule var is not recorded"),
        ({"threshold": None}, "needs either threshold or share_of_limit"),
        ({"share_of_limit": 0.9}, "needs either threshold or share_of_limit"),
        ({"metric": "nav", "threshold": None, "share_of_limit": 0.9}, "nav has no limit; give threshold"),
        ({"channels": ("log", "log")}, "names a channel twice"),
    ],
)
def test_alert_rule__cannot_be_judged__says_why(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        rule(**changes)
