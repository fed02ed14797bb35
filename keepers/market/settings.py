"""Where closes come from, and the tests that they must pass, as a config says it."""

from __future__ import annotations

from pathlib import Path
from string import Formatter
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from keepers.market.guards import Guards
from keepers.schema import Positive, Strict

_PARTS = ("symbol", "since", "until", "since_seconds", "until_seconds")
"""Names that a URL's template may hold."""


class PriceGuards(Strict):
    """Tests that closes pass before anything is made of them: keepers.market.guards has the meanings."""

    oracle_tolerance: Positive = 0.05
    oracle_sigmas: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 5.0
    tolerances: dict[str, Positive] = Field(default_factory=dict)
    jump_sigmas: Positive = 10.0
    jump: Positive = 0.5
    gap_days: int = Field(default=10, ge=1)
    constant_days: int = Field(default=10, ge=0)

    @property
    def as_guards(self) -> Guards:
        """The guards as the market room's own type."""
        return Guards(**self.model_dump())


class FileCloses(Strict):
    """A CSV file `date,SYM1,SYM2,…`, or a Parquet file with the same columns."""

    kind: Literal["file"]
    path: Path

    @field_validator("path")
    @classmethod
    def _readable(cls, path: Path) -> Path:
        if path.suffix not in (".csv", ".parquet"):
            raise ValueError("neither a .csv nor a .parquet file; save it as one of them")
        return path


class FeedCloses(Strict):
    """The rounds of the deployment's own price feeds."""

    kind: Literal["feeds"]


class PoolCloses(Strict):
    """Time-weighted prices of the deepest listed pool of Uniswap V2 or V3, over the minutes before each cut."""

    kind: Literal["pools"]
    window_minutes: int = Field(default=30, ge=1, le=1440)


class HttpCloses(Strict):
    """An HTTP interface; keepers.market.http_source.HttpInterface has the meanings.

    The first line of `authorization_file` is the header Authorization.
    """

    kind: Literal["http"]
    url: str
    rows: str = ""
    day: str = "date"
    close: str = "close"
    moment: Literal["iso", "seconds", "milliseconds"] = "iso"
    names: dict[str, str] = Field(default_factory=dict)
    tries: int = Field(default=4, ge=1, le=20)
    per_minute: int = Field(default=60, ge=1, le=6000)
    cache: Path = Path("prices-cache")
    cache_hours: Positive = 12.0
    authorization_file: Path | None = None

    @field_validator("url")
    @classmethod
    def _has_a_place_for_the_symbol(cls, url: str) -> str:
        try:
            parts = {name for _, name, _, _ in Formatter().parse(url) if name is not None}
        except ValueError:
            raise ValueError("its braces do not match; write {symbol}") from None
        if "symbol" not in parts:
            raise ValueError("has no {symbol}; write where the symbol stands")
        if unknown := sorted(parts - set(_PARTS)):
            raise ValueError(f"{{{unknown[0]}}} is unknown; choose from {', '.join(_PARTS)}")
        return url


Source = Annotated[FileCloses | FeedCloses | PoolCloses | HttpCloses, Field(discriminator="kind")]


class PriceSettings(Strict):
    """Sources of daily closes in the order of priority, and the tests that closes must pass.

    Attributes:
        path: One CSV file, short for a list with one source.
        sources: Sources, the preferred one first; without any, and without a path, the deployment's feeds.
        tolerance: Maximum that two sources' last common close of a symbol may differ by, as a fraction.
        guards: Tests of the closes.
    """

    path: Path | None = None
    sources: tuple[Source, ...] = ()
    tolerance: Positive = 0.02
    guards: PriceGuards = PriceGuards()

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.path is not None and self.sources:
            raise ValueError("give either path or sources")
        return self

    @property
    def ordered(self) -> tuple[Source, ...]:
        """The sources, the preferred one first; never empty."""
        if self.path is not None:
            return (FileCloses.model_construct(kind="file", path=self.path),)
        return self.sources or (FeedCloses(kind="feeds"),)
