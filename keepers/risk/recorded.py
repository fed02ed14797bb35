"""Numbers of a portfolio as they are recorded by block, their daily summaries, and the event that carries them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from keepers.risk.errors import RiskError

GRADES = ("AAA", "AA", "A", "BBB", "BB", "B", "D")
"""Grades by the number that the chain has for them: RiskGrades.sol."""

CHAIN_METRICS: Mapping[str, str] = {
    "nav": "net asset value, USD",
    "share_price": "share price, settlement tokens",
    "volatility": "volatility of a day, fraction of NAV",
    "var95": "95% value at risk of a day, fraction of NAV",
    "var99": "99% value at risk of a day, fraction of NAV",
    "es975": "97.5% expected shortfall of a day, fraction of NAV",
    "component_var": "largest component of 99% value at risk, fraction of NAV",
    "weight": "largest weight of an asset, fraction of NAV",
    "concentration": "sum of squared weights",
    "leverage": "sum of weights",
    "drawdown": "fall below the high-water mark, fraction of it",
    "realised_volatility": "volatility of the share price of a day, fraction",
    "sharpe": "Sharpe ratio of a year",
    "beta": "beta to the benchmark",
    "days_to_liquidate": "days until the slowest asset is sold",
    "grade": "grade, 0 for AAA to 6 for D",
    "observations": "daily returns behind realised numbers",
}
"""Numbers that the chain computes, with meaning and unit."""

HORIZONS = (1, 5, 10)
LEVELS = {"95": 0.95, "99": 0.99, "999": 0.999}
"""Levels of simulated numbers by the digits that stand for them in a name."""

SIMULATED_METRICS: Mapping[str, str] = {
    f"simulated_{short}{digits}_{days}d": f"simulated {long} at {level:g} over {days} days, fraction of NAV"
    for short, long in (("var", "value at risk"), ("es", "expected shortfall"))
    for days in HORIZONS
    for digits, level in LEVELS.items()
}
"""Numbers of the last signed report in the order of IRiskReports.RiskReport: VaR, then ES, by days and level."""

OTHER_METRICS: Mapping[str, str] = {
    "stress_loss": "largest loss of a stress scenario in the last signed report, fraction of NAV",
    "model_age_hours": "hours since the close that the posted model ends with",
    "close_age_days": "days since the last close on file",
    "close_findings": "findings of the quality gate about the closes on file",
    "close_refusals": "findings that would refuse a model",
    "close_doubts": "assets whose last closes a price guard doubts",
    "state": "state, 0 for Normal to 3 for Halted",
    "unavailable": "1 while the chain cannot compute its numbers, else 0",
}
"""Numbers of the report, of the model's and the closes' age and quality, and of the state."""

METRICS: Mapping[str, str] = {**CHAIN_METRICS, **SIMULATED_METRICS, **OTHER_METRICS}
"""Every number that is recorded, with meaning and unit."""

LIMITED = (
    "var95", "var99", "es975", "volatility", "component_var", "weight", "concentration", "leverage", "drawdown",
    "realised_volatility", "beta", "days_to_liquidate", "grade", "sharpe",
)  # fmt: skip
"""Numbers that the chain has a limit for."""

DAY = 86_400


@dataclass(frozen=True)
class Recorded:
    """The risk of a portfolio at a block.

    Attributes:
        bot: Bot that recorded it.
        portfolio: Name in the deployment.
        block: Height.
        at: Unix seconds of the block.
        model_nonce, report_nonce: Numbers of the posted model and of the last signed report; zero before the first.
        reason: Reason why the chain cannot compute its numbers; empty if it can.
        stress_scenario: Name of the scenario of `stress_loss`; empty without a report.
        numbers: Known numbers by their names in `METRICS`.
        limits: Limits that are on, by the name of what they bound, and `halt_drawdown`.

    Raises:
        RiskError: If a number or a limit has no such name.
    """

    bot: str
    portfolio: str
    block: int
    at: int
    model_nonce: int = 0
    report_nonce: int = 0
    reason: str = ""
    stress_scenario: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        strange = sorted(set(self.numbers) - set(METRICS)) + sorted(set(self.limits) - {*LIMITED, "halt_drawdown"})
        if strange:
            raise RiskError(f"number '{strange[0]}'", "is not recorded", f"choose from {', '.join(METRICS)}")

    @property
    def day(self) -> int:
        """First second of the block's UTC day."""
        return self.at // DAY * DAY


@dataclass(frozen=True)
class Summary:
    """The values of a number in a day.

    Attributes:
        samples: Number of values.
        minimum, maximum, mean: Over the values; every block that was looked at weighs the same.
        last: Newest value.
        last_at: Unix seconds of the newest value.
    """

    samples: int
    minimum: float
    maximum: float
    mean: float
    last: float
    last_at: int

    @classmethod
    def of(cls, value: float, at: int) -> Summary:
        """The summary of one value."""
        return cls(1, value, value, value, value, at)

    def joined(self, value: float, at: int) -> Summary:
        """The summary with one more value, which is newer than the others; the mean is updated as Welford (1962) does.

        Args:
            value: The value.
            at: Unix seconds.
        """
        samples = self.samples + 1
        mean = self.mean + (value - self.mean) / samples
        return Summary(samples, min(self.minimum, value), max(self.maximum, value), mean, value, at)


def fold(summaries: Mapping[str, Summary], found: Recorded) -> dict[str, Summary]:
    """Summaries of a day with one more block, the newest.

    Args:
        summaries: Summaries of the day by name.
        found: Numbers at the block; those that are unknown add nothing.
    """
    joined = dict(summaries)
    for name, value in found.numbers.items():
        known = joined.get(name)
        joined[name] = Summary.of(value, found.at) if known is None else known.joined(value, found.at)
    return joined


@dataclass(frozen=True)
class RiskUpdate:
    """The event that a portfolio's risk was recorded.

    Attributes:
        portfolio: Name in the deployment.
        block: Height.
        at: Unix seconds of the block.
        numbers: Known numbers by their names in `METRICS`.
    """

    EVENT: ClassVar[str] = "risk update"
    """Name of the log line that carries it."""

    portfolio: str
    block: int
    at: int
    numbers: Mapping[str, float]

    @classmethod
    def of(cls, found: Recorded) -> RiskUpdate:
        """The event of a recorded block."""
        return cls(found.portfolio, found.block, found.at, dict(found.numbers))

    @classmethod
    def read(cls, line: Mapping[str, Any]) -> RiskUpdate | None:
        """The event that a log line carries; None for another line."""
        if line.get("event") != cls.EVENT:
            return None
        numbers = {str(name): float(value) for name, value in line["numbers"].items()}
        return cls(str(line["portfolio"]), int(line["block"]), int(line["at"]), numbers)

    def fields(self) -> dict[str, Any]:
        """Fields of the log line, besides its name."""
        return {"portfolio": self.portfolio, "block": self.block, "at": self.at, "numbers": dict(self.numbers)}
