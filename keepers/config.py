"""keeper.yaml: what a keeper is told.

Paths are relative to the file they stand in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from keepers.errors import KeeperError

Fraction = Annotated[float, Field(ge=0, lt=1)]
Bps = Annotated[int, Field(ge=0, lt=10_000)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class ConfigError(KeeperError):
    """A config that cannot be used: file and key, reason, remedy."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Prices(_Strict):
    """Where daily closes come from: a CSV file `date,SYM1,SYM2,…`."""

    source: Literal["csv"] = "csv"
    path: Path


class Key(_Strict):
    """A key: an encrypted keystore with its passphrase, or an Ape account.

    Without `passphrase_file` and `passphrase_fd` the passphrase is asked for on the terminal.
    """

    keystore: Path | None = None
    passphrase_file: Path | None = None
    passphrase_fd: int | None = Field(default=None, ge=0)
    ape_account: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Key:
        if (self.keystore is None) == (self.ape_account is None):
            raise ValueError("give either keystore or ape_account")
        if self.passphrase_file is not None and self.passphrase_fd is not None:
            raise ValueError("give either passphrase_file or passphrase_fd")
        return self


class Keys(_Strict):
    """Who sends, and who signs models and signals."""

    sender: Key
    signers: tuple[Key, ...] = Field(min_length=1)


class Risk(_Strict):
    """How covariance is estimated and for how long a model counts."""

    halflife_days: Positive = 30.0
    min_observations: int = Field(default=60, ge=2)
    history_days: int = Field(default=1000, ge=2)
    model_lifetime_hours: Positive = 96.0


class Momentum(_Strict):
    """Twelve-month momentum; `scale` is the expected daily return of one standard deviation."""

    enabled: bool = False
    scale: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0002
    lookback_days: int = Field(default=252, ge=2)
    skip_days: int = Field(default=21, ge=0)


class Schedule(_Strict):
    """When a portfolio inside its limits is rebalanced: every so many days, if it drifted so far."""

    every_n_days: int = Field(default=21, ge=1)
    drift_bps: Bps = 200


class Rebalance(_Strict):
    """How target weights are found and traded; `_bps` are basis points of NAV unless they say otherwise.

    `max_weight_buffer` and `var_buffer` are parts of the chain's limits that stay unused. `turnover_cost` is
    what trading a unit of NAV costs, a fraction, spread over the `holding_days` that a position is held; the
    first investment does not weigh it. `slippage_bps` is off the quote,
    `oracle_slippage_bps` off the oracle's price; both bound a trade.
    """

    risk_aversion: Positive = 5.0
    momentum: Momentum = Momentum()
    max_weight_buffer: Fraction = 0.05
    var_buffer: Fraction = 0.1
    min_cash: Fraction = 0.02
    turnover_cost: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.003
    holding_days: int = Field(default=63, ge=1)
    band_bps: Bps = 100
    slippage_bps: Bps = 50
    oracle_slippage_bps: Bps = 150
    min_trade_usd: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 100.0
    max_paths: int = Field(default=4, ge=1, le=16)
    signal_lifetime_seconds: int = Field(default=1800, ge=1)
    schedule: Schedule = Schedule()


class Config(_Strict):
    """A keeper's configuration.

    Attributes:
        path: File that it was read from.
        rpc_url: Node, http:// or https://.
        chain_id: Expected.
        deployment: deployments/<network>.json.
        store: Database URL.
        portfolio: Name in the deployment.
        max_fee_gwei: Most that a unit of gas may cost.
        poll_seconds: Between looks for a new block or receipt.
        replace_after_seconds: After which a stuck transaction's fee is raised.
        receipt_timeout_seconds: After which waiting for it counts as a failure.
        max_failures: In a row, after which a bot gives up.
    """

    path: Path
    rpc_url: str
    chain_id: int = Field(gt=0)
    deployment: Path
    store: str = "sqlite:///keeper.sqlite"
    portfolio: str
    prices: Prices
    keys: Keys
    risk: Risk = Risk()
    rebalance: Rebalance = Rebalance()
    max_fee_gwei: Positive = 100.0
    poll_seconds: Positive = 1.0
    replace_after_seconds: Positive = 60.0
    receipt_timeout_seconds: Positive = 600.0
    max_failures: int = Field(default=8, ge=1)
    log: Literal["json", "text"] = "json"

    def at(self, path: Path) -> Path:
        """A path of the file, made absolute."""
        return self.path.parent.resolve() / path.expanduser()

    @property
    def store_url(self) -> str:
        """The database URL with the path of an SQLite file made absolute."""
        prefix = "sqlite:///"
        if self.store.startswith(prefix) and self.store != prefix + ":memory:":
            return prefix + str(self.at(Path(self.store.removeprefix(prefix))))
        return self.store


def load_config(path: str | Path) -> Config:
    """Reads a config.

    Raises:
        ConfigError: One line naming the file, the key, the reason and a remedy.
    """
    file = Path(path)
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(file, error.strerror or "unreadable", "name a config file with --config") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(file, f"no YAML ({' '.join(str(error).split())})", "correct the file") from error
    if not isinstance(raw, dict):
        raise ConfigError(file, "holds no keys", "start from the example in `quantera --help`")
    if "path" in raw:
        raise ConfigError(f"{file}: path", "unknown key", "remove it or correct its spelling")
    try:
        return Config.model_validate({**raw, "path": file})
    except ValidationError as error:
        raise _first_fault(file, error) from None


def _first_fault(file: Path, error: ValidationError) -> ConfigError:
    """One fault in one line; its value is not shown, for it could be a secret in the wrong place."""
    faults = error.errors(include_input=False, include_url=False)
    fault: Any = faults[0]
    key = ".".join(str(part) for part in fault["loc"]) or "file"
    if fault["type"] == "extra_forbidden":
        reason, remedy = "unknown key", "remove it or correct its spelling"
    elif fault["type"] == "missing":
        reason, remedy = "missing", f"add {key}"
    else:
        reason, remedy = str(fault["msg"]).removeprefix("Value error, "), "correct the value"
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return ConfigError(f"{file}: {key}", reason + more, remedy)
