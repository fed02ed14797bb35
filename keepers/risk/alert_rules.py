"""Alert rules: when a recorded number has been beyond its bound for long enough, and what is told of it. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from keepers.risk.recorded import LIMITED, METRICS
from keepers.schema import Strict

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]


class AlertRule(Strict):
    """A rule about one recorded number.

    The number is compared with `threshold`, or with `share_of_limit` of the chain's own limit on it. A rule fires once
    the comparison has held for `for_minutes`; it reminds every `remind_hours`, 0 for never, until it no longer holds.
    """

    name: Name
    metric: str
    comparison: Literal["above", "below"] = "above"
    threshold: Annotated[float, Field(allow_inf_nan=False)] | None = None
    share_of_limit: Annotated[float, Field(gt=0, le=10)] | None = None
    for_minutes: Annotated[float, Field(ge=0, le=100_000)] = 0.0
    severity: Literal["info", "warning", "critical"] = "warning"
    channels: Annotated[tuple[Name, ...], Field(min_length=1)] = ("log",)
    remind_hours: Annotated[float, Field(ge=0, le=10_000)] = 24.0

    @model_validator(mode="after")
    def _can_be_judged(self) -> Self:
        if self.metric not in METRICS:
            raise ValueError(f"metric {self.metric} of rule {self.name} is not recorded; docs/risk.md lists them")
        if (self.threshold is None) == (self.share_of_limit is None):
            raise ValueError(f"rule {self.name} needs either threshold or share_of_limit")
        if self.share_of_limit is not None and self.metric not in LIMITED:
            raise ValueError(f"rule {self.name} has share_of_limit, but {self.metric} has no limit; give threshold")
        if len(set(self.channels)) < len(self.channels):
            raise ValueError(f"rule {self.name} names a channel twice")
        return self

    def bound(self, limits: Mapping[str, float]) -> float | None:
        """The value that the number is compared with; None while the limit is off."""
        if self.share_of_limit is None:
            return self.threshold
        limit = limits.get(self.metric)
        return None if limit is None else self.share_of_limit * limit

    def holds(self, value: float, bound: float) -> bool:
        """Whether a number is beyond the bound."""
        return value > bound if self.comparison == "above" else value < bound


class NoticeKind(StrEnum):
    """Kind of what is told about a rule."""

    FIRING = "firing"
    REMINDER = "reminder"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Firing:
    """The state of a rule for a portfolio; times are unix seconds, 0 for none.

    Attributes:
        waiting_since: Time since which the comparison has held.
        fired_at: Time at which the rule fired and has not been resolved since.
        told_at: Time of the last notice.
        reminders: Number of reminders since the rule fired.
    """

    waiting_since: int = 0
    fired_at: int = 0
    told_at: int = 0
    reminders: int = 0


def advance(
    rule: AlertRule, state: Firing, value: float | None, bound: float | None, now: int
) -> tuple[Firing, NoticeKind | None]:
    """The next state of a rule, and the kind of notice that is due.

    A number that is unknown ends a wait, and neither resolves a rule that fires nor reminds of it.

    Args:
        rule: The rule.
        state: State after the last update.
        value: Number now; None if it is unknown.
        bound: Value that the number is compared with; None if the limit is off.
        now: Unix seconds.

    Returns:
        The state, and the kind; None if nothing is to be told.
    """
    if bound is None or (value is not None and not rule.holds(value, bound)):
        return Firing(), NoticeKind.RESOLVED if state.fired_at else None
    if value is None:
        return (state if state.fired_at else Firing()), None
    if state.fired_at:
        due = rule.remind_hours > 0 and now >= state.told_at + rule.remind_hours * 3600
        if not due:
            return state, None
        return replace(state, told_at=now, reminders=state.reminders + 1), NoticeKind.REMINDER
    since = state.waiting_since or now
    if now - since < rule.for_minutes * 60:
        return Firing(waiting_since=since), None
    return Firing(since, now, now), NoticeKind.FIRING


def notice_key(portfolio: str, rule: str, fired_at: int, kind: NoticeKind, reminders: int, channel: str) -> str:
    """The key that every attempt to deliver a notice has, by which a receiver knows it again.

    Args:
        portfolio, rule, channel: Names.
        fired_at: Unix seconds at which the rule fired.
        kind: Kind of the notice.
        reminders: Number of reminders so far.

    Returns:
        64 hex digits.
    """
    parts = (portfolio, rule, str(fired_at), kind.value, str(reminders), channel)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
