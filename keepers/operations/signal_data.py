"""Histories of the signals: packaged ones, and files named by a config."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from keepers.market.packaged import sp500, sp500_index
from keepers.market.packaged_fx import reference_rates
from keepers.market.packaged_macro import packaged_table
from keepers.market.table_file import read_table
from keepers.schema import Strict
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame, Release
from keepers.signals.features.generated import generated_history
from keepers.signals.features.inputs import input_named
from keepers.signals.regimes.evaluation import Protocol
from keepers.signals.regimes.label import Label
from keepers.signals.regimes.training import SEEDS
from keepers.yamlfile import read_mapping

Array = NDArray[np.float64]
Packaged = Literal["sp500", "sp500-ranges", "euro", "generated"]
_CURRENCIES = ("GBP", "JPY", "CHF", "SEK", "NOK", "DKK", "CAD", "AUD", "NZD", "SGD", "ZAR")
"""Currencies that have had a reference rate on every day since 1999."""
_LAGS = {"rate": 35, "aaa_yield": 35, "baa_yield": 35, "vix": 1, "oil": 5, "core_cpi": 50}
"""Calendar days after its date from which on a packaged observation counts as known, on the safe side."""


class DailyFile(Strict):
    """A column of a file that has a value for each trading day; all columns for a panel."""

    file: Path
    column: str | None = None


class ReleaseFile(Strict):
    """A column of a file whose rows are observations, and when they become known."""

    file: Path
    column: str | None = None
    lag_days: int | None = None
    published: str | None = None
    """Name of a column of days of publication, in place of a fixed lag."""


class DataConfig(Strict):
    """Data of a config: a packaged history, or files by the name of their input."""

    packaged: Packaged | None = None
    daily: dict[str, DailyFile] = Field(default_factory=dict)
    releases: dict[str, ReleaseFile] = Field(default_factory=dict)


class EvaluationConfig(Strict):
    """How regimes are labelled, and models fitted and judged; see docs/decisions/0139."""

    horizon_days: int = 21
    median_days: int = 756
    first_test: date = Protocol.first_test
    choose_until: date | None = None
    refit_days: int = 252
    purge_days: int | None = None
    embargo_days: int = 5

    def protocol(self) -> Protocol:
        """The protocol that it says; the bootstrap stays as it is."""
        return Protocol(
            label=Label(self.horizon_days, self.median_days),
            first_test=self.first_test,
            choose_until=self.choose_until,
            refit=self.refit_days,
            purge=self.purge_days,
            embargo=self.embargo_days,
        )


class TrainingConfig(Strict):
    """Which days and seeds the served network is trained on; see docs/decisions/0165."""

    epochs: int = Field(default=5, ge=1, le=1000)
    seeds: tuple[int, ...] = Field(default=SEEDS, min_length=1)
    until: date | None = None
    """Last day whose label is trained on; the last labelled one, or the last before the test, for None."""
    test_from: date | None = None
    """First day that the model is judged by; none for None."""


class SentimentConfig(Strict):
    """Whether models read sentiment; see docs/decisions/0218."""

    verdict: Path | None = None
    """File of `quantera signals ablate --verdict`; without one no model reads it."""


class SignalsConfig(Strict):
    """A file that says what signals are made of."""

    data: DataConfig = Field(default_factory=lambda: DataConfig(packaged="sp500"))
    evaluation: EvaluationConfig = Field(default_factory=EvaluationConfig)
    training: TrainingConfig = Field(default_factory=TrainingConfig)
    sentiment: SentimentConfig = Field(default_factory=SentimentConfig)


def load(path: Path | None) -> SignalsConfig:
    """A config; the packaged history under the fixed protocol for None.

    Raises:
        SignalError: If it is not as it has to be.
        YamlError: If it cannot be read.
    """
    if path is None:
        return SignalsConfig()
    try:
        return SignalsConfig.model_validate(read_mapping(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise SignalError(f"{path}: {where}", str(first["msg"]), "see docs/signals.md for every key") from None


def history(config: DataConfig, base: Path = Path()) -> Frame:
    """The history of a config.

    Args:
        config: Packaged name, or files.
        base: Folder that paths are relative to.

    Raises:
        SignalError: If both or neither is given, an input cannot be used, or the data end in the future.
        PriceError: If a file cannot be read.
    """
    if (config.packaged is None) == (not config.daily):
        raise SignalError("data", "needs either 'packaged' or 'daily'", "give one of them")
    if config.packaged is not None and config.releases:
        raise SignalError("data", "has 'releases' beside 'packaged'", "give files for the daily inputs too")
    frame = packaged(config.packaged) if config.packaged is not None else _of_files(config, base)
    frame.require_past(datetime.now(UTC).date())
    return frame


def packaged(name: Packaged) -> Frame:
    """A history that needs no files.

    Args:
        name: `sp500`: closes of the index and of twenty stocks, 1990 to 2022. `sp500-ranges`: the index with ranges and
            volume, and the stocks, 1999 to 2018. `euro`: the euro and eleven currencies in dollars since 1999.
            `generated`: every input, made up.
    """
    if name == "generated":
        return generated_history()
    if name == "euro":
        return _euro()
    stocks = sp500()
    if name == "sp500":
        return Frame(stocks.dates, {"close": sp500_index().closes[:, 0], "closes": stocks.closes}, _macro())
    ranges = packaged_table("sp500").rename(columns=str.lower)
    of_day = {day: row for row, day in enumerate(stocks.dates)}
    ranges = ranges[[stamp.date() in of_day for stamp in ranges.index]]
    days = tuple(stamp.date() for stamp in ranges.index)
    daily = {column: ranges[column].to_numpy(np.float64) for column in ("open", "high", "low", "close", "volume")}
    return Frame(days, {**daily, "closes": stocks.closes[[of_day[day] for day in days]]}, _macro())


def _euro() -> Frame:
    """Dollars for a euro and for a unit of each other currency; the dollar rate is known a day later as `fx`."""
    rates = reference_rates(("USD", *_CURRENCIES))
    euro = rates["USD"].to_numpy(np.float64)
    others = euro[:, None] / rates[list(_CURRENCIES)].to_numpy(np.float64)
    days = tuple(stamp.date() for stamp in rates.index)
    return Frame(days, {"close": euro, "closes": others}, {**_macro(), "fx": Release.lagged(days, euro, 1)})


def _macro() -> dict[str, Release]:
    bonds, bills = packaged_table("default"), packaged_table("frenchdata")
    series = {
        "rate": 12 * bills["RF"],
        "aaa_yield": bonds["AAA"],
        "baa_yield": bonds["BAA"],
        "vix": packaged_table("vix")["vix"],
        "oil": packaged_table("wti")["DCOILWTICO"],
        "core_cpi": packaged_table("core-cpi")["CPILFESL"],
    }
    return {name: _lagged(values, _LAGS[name]) for name, values in series.items()}


def _lagged(values: pd.Series[Any], lag_days: int) -> Release:
    known = values.dropna()
    return Release.lagged([stamp.date() for stamp in known.index], known.to_numpy(np.float64), lag_days)


def _of_files(config: DataConfig, base: Path) -> Frame:
    calendar: tuple[date, ...] | None = None
    daily = {}
    for name, source in config.daily.items():
        table = read_table(base / source.file)
        days = tuple(stamp.date() for stamp in table.index)
        if calendar is not None and days != calendar:
            differing = min(set(days) ^ set(calendar), default=days[0])
            raise SignalError(
                f"{name}: {source.file}", f"has other days, such as {differing}", "give all the same days"
            )
        calendar = days
        panel = input_named(name).shape == "panel" and source.column is None
        daily[name] = _numbers(table, source.file) if panel else _column(table, source.file, source.column)
    return Frame(calendar or (), daily, _releases(config.releases, base))


def _releases(sources: Mapping[str, ReleaseFile], base: Path) -> dict[str, Release]:
    found = {}
    for name, source in sources.items():
        if (source.lag_days is None) == (source.published is None):
            raise SignalError(f"{name}: {source.file}", "needs either 'lag_days' or 'published'", "give one of them")
        table = read_table(base / source.file, repeats=source.published is not None)
        values = pd.Series(_column(table, source.file, source.column), index=table.index)
        if source.lag_days is not None:
            found[name] = _lagged(values, source.lag_days)
            continue
        if source.published not in table.columns:
            raise SignalError(f"{source.file}", f"no column '{source.published}'", "name one that it has")
        published = pd.to_datetime(table[source.published])[values.notna()]
        if published.isna().any():
            raise SignalError(f"{source.file}", "a value has no day of publication", "give each its day")
        order = np.argsort(published.to_numpy(), kind="stable")
        ordinals = np.array([stamp.toordinal() for stamp in published])
        observed = np.array([stamp.toordinal() for stamp in values.dropna().index])
        found[name] = Release(observed[order], ordinals[order], values.dropna().to_numpy()[order])
    return found


def _column(table: pd.DataFrame, file: Path, column: str | None) -> Array:
    """A column as numbers; the only one for None."""
    if column is None and len(table.columns) > 1:
        raise SignalError(f"{file}", f"has {len(table.columns)} columns", "name one with 'column'")
    if column is not None and column not in table.columns:
        raise SignalError(f"{file}", f"no column '{column}'", f"choose from {', '.join(table.columns[:20])}")
    return _numbers(table if column is None else table[[column]], file)[:, 0]


def _numbers(table: pd.DataFrame, file: Path) -> Array:
    try:
        return table.to_numpy(np.float64)
    except (ValueError, TypeError):
        raise SignalError(f"{file}", "has cells that are no numbers", "name a column of numbers") from None


__all__ = [
    "DataConfig",
    "EvaluationConfig",
    "SentimentConfig",
    "SignalsConfig",
    "TrainingConfig",
    "history",
    "load",
    "packaged",
]
