"""The deployment config: a strict schema, and errors that name the key, the value and the remedy."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from keepers.portfolio.settings import LimitsConfig, LossBudget, PartBps, Trading
from keepers.schema import Strict, YamlError
from keepers.yamlfile import read_mapping
from scripts._lib.deployment.bls import BlsGroup
from scripts._lib.deployment.checks import (
    check_portfolio,
    require_below,
    require_bounds,
    require_once,
    require_one_name_each,
)
from scripts._lib.deployment.venues import Address, AirSwap, Listed, UniswapV4, Venue, checked_address

ZERO = "0x" + "00" * 20
PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3"
"""Address of Uniswap's Permit2, the same on every chain that has it."""
CLASSES = {"retail": 1, "accredited": 2, "institutional": 3}


class ConfigError(Exception):
    """One line: the file, the key, the value, the reason, the remedy."""


_GROUP = re.compile(r"[a-z][a-z0-9-]*")


def _signer(value: str) -> str:
    if _GROUP.fullmatch(value):
        return value
    if checked_address(value) == ZERO:
        raise ValueError(f"{value!r} is nobody's address; name who signs")
    return checked_address(value)


Signer = Annotated[str, AfterValidator(_signer)]
"""An address, or the name of a BLS group."""
GroupName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
Hash = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{64}$")]
Bps = PartBps
Country = Annotated[int, Field(ge=1, le=999)]
Seconds = Annotated[int, Field(ge=0, lt=2**32)]
InvestorClass = Literal["retail", "accredited", "institutional"]


class Role(Strict):
    """Holders of a role; `delay` is the time that its loosening functions wait."""

    accounts: list[Address] = Field(min_length=1)
    delay: Seconds = 0


class Roles(Strict):
    """All roles but ADMIN."""

    guardian: Role
    issuer: Role
    compliance_officer: Role
    manager: Role
    keeper_registrar: Role
    keeper: Role | None = None
    """Trips breakers at once; without one, keepers look twice as everybody does."""


class Sequencer(Strict):
    """Chainlink's L2 sequencer uptime feed."""

    feed: Address
    grace_period: Seconds


class Secondary(Strict):
    """A second feed of the same asset; `max_deviation` from the first in basis points."""

    aggregator: Address
    heartbeat: Annotated[int, Field(gt=0, lt=2**32)]
    max_deviation: Annotated[int, Field(ge=1, le=5_000)]


def _minute(value: object) -> object:
    """YAML reads 14:30 without quotes as a number to the base of 60, which is the minute of the day already."""
    if not isinstance(value, str):
        return value
    if not _CLOCK.fullmatch(value):
        raise ValueError(f"{value!r} is no time of day; write hours and minutes of UTC, such as 14:30")
    hours, minutes = map(int, value.split(":"))
    return 60 * hours + minutes


_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
Minute = Annotated[int, BeforeValidator(_minute), Field(ge=0, le=1440)]
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class TradingHours(Strict):
    """When a market is open, UTC; from `opens` up to, not including, `closes`."""

    opens: Minute
    closes: Minute
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> TradingHours:
        if self.opens >= self.closes:
            raise ValueError(f"closes at minute {self.closes}, before it opens at {self.opens}; a day ends at 24:00")
        return self


class TradingWindow(Strict):
    """When portfolios may trade an asset: maximum age of its price in seconds, and its market's hours, if it closes."""

    max_age: Annotated[int, Field(gt=0, lt=2**32)]
    hours: TradingHours | None = None

    def as_tuple(self) -> tuple[int, int, int, int]:
        """IPriceOracle.TradingWindow."""
        if self.hours is None:
            return self.max_age, 0, 0, 0
        days = sum(1 << WEEKDAYS.index(day) for day in set(self.hours.days))
        return self.max_age, self.hours.opens, self.hours.closes, days


class Feed(Strict):
    """A Chainlink-interface feed in USD; bounds are USD a whole token."""

    aggregator: Address
    heartbeat: Annotated[int, Field(gt=0, lt=2**32)]
    min_price: Annotated[Decimal, Field(gt=0)]
    max_price: Annotated[Decimal, Field(gt=0)]
    secondary: Secondary | None = None
    trading_window: TradingWindow | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Feed:
        require_bounds(self.min_price, self.max_price)
        return self

    @model_validator(mode="after")
    def _tighter(self) -> Feed:
        window = self.trading_window
        if window and window.max_age >= self.heartbeat:
            raise ValueError(
                f"trading_window.max_age {window.max_age} is no tighter than the heartbeat {self.heartbeat}; lower it"
            )
        return self


class Rules(Strict):
    """Admitted holders: ISO 3166-1 numeric countries and investor classes."""

    countries: list[Country] = Field(min_length=1)
    classes: list[InvestorClass] = Field(min_length=1)

    @property
    def class_mask(self) -> int:
        """Bit i stands for investor class i."""
        return sum(1 << CLASSES[name] for name in set(self.classes))


class Token(Strict):
    """A regulated token to issue; its key in the config is its symbol."""

    name: str = Field(min_length=1, max_length=64)
    decimals: Annotated[int, Field(ge=0, le=36)] = 18
    rules: Rules


class Quorum(Strict):
    """Signers, and the number of them that is needed; a BLS group counts once."""

    signers: list[Signer] = Field(min_length=1)
    threshold: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _reachable(self) -> Quorum:
        require_once("signers", self.signers)
        if self.threshold > len(set(self.signers)):
            raise ValueError(f"threshold {self.threshold} is above the {len(set(self.signers))} signers")
        return self


class Universe(Quorum):
    """Assets that share a covariance model, and the quorum that signs it."""

    assets: list[str] = Field(min_length=1, max_length=32)


DAY = 86_400


class Fees(Strict):
    """IFeeManager.FeeTerms, whose order this keeps: basis points a year and of a gain, seconds."""

    management: Annotated[int, Field(ge=0, le=500)] = 0
    performance: Annotated[int, Field(ge=0, le=3_000)] = 0
    period: Annotated[int, Field(ge=DAY, le=366 * DAY)] = 30 * DAY
    recipient: Address | None = None

    @model_validator(mode="after")
    def _payable(self) -> Fees:
        if self.recipient is None and (self.management or self.performance):
            raise ValueError(
                f"management {self.management} and performance {self.performance} have no recipient; name one"
            )
        return self

    def as_tuple(self) -> tuple[Any, ...]:
        """Returns the fields as the ABI encodes them."""
        return self.management, self.performance, self.period, self.recipient or ZERO


class SharePolicy(Strict):
    """IFeeManager.Policy, whose order this keeps: seconds, basis points, whole settlement tokens (none: no cap)."""

    lock: Annotated[int, Field(ge=0, le=7 * DAY)] = DAY
    max_jump: Annotated[int, Field(ge=100, le=10_000)] = 2_000
    deposit_cap: Annotated[Decimal, Field(gt=0)] | None = None

    def as_tuple(self, decimals: int) -> tuple[int, int, int]:
        """Returns the fields as the ABI encodes them, in smallest units of a settlement token with so many decimals.

        Raises:
            ConfigError: the cap is no whole number of them, or more than fits.
        """
        cap = (self.deposit_cap or Decimal(0)).scaleb(decimals)
        if cap != int(cap) or cap >= 2**104:
            raise ConfigError(
                f"policy.deposit_cap {self.deposit_cap}: is no whole number of units below 2^104 of a token with "
                f"{decimals} decimals; round it or leave it out for no cap"
            )
        return self.lock, self.max_jump, int(cap)


class Identity(Strict):
    """Identity that the compliance officer registers for a portfolio, which is an institutional holder."""

    country: Country
    kyc_expiry: Annotated[int, Field(gt=0, lt=2**40)]


class Portfolio(Quorum):
    """A portfolio to create; its signers sign rebalances."""

    name: str = Field(min_length=1, max_length=64)
    symbol: str = Field(min_length=1, max_length=32)
    settlement: str
    assets: list[str] = Field(max_length=31)
    universe: str
    limits: LimitsConfig
    loss_budget: LossBudget
    fees: Fees = Fees()
    policy: SharePolicy = SharePolicy()
    share_rules: Rules | None = None
    identity: Identity | None = None


class Strategy(Strict):
    """An ERC-4626 vault over the optimizer's asset; `cap` is basis points of the optimizer's value."""

    vault: Address
    cap: Annotated[int, Field(ge=0, le=10_000)]


HOUR, MONTH, YEAR = 3_600, 2_592_000, 31_536_000


class YieldTerms(Strict):
    """IYieldOptimizer.OptimizerTerms, whose order this keeps: basis points, then seconds."""

    min_liquid: Annotated[int, Field(ge=0, le=10_000)]
    loss_budget: Bps
    max_gain: Annotated[int, Field(ge=0, le=10_000)]
    max_loss: Bps
    loss_window: Annotated[int, Field(ge=HOUR, le=YEAR)] = 604_800
    cool_down: Annotated[int, Field(ge=0, le=MONTH)] = HOUR
    report_interval: Annotated[int, Field(ge=HOUR, le=MONTH)] = 86_400
    unlock_time: Annotated[int, Field(ge=HOUR, le=YEAR)] = 604_800

    def as_tuple(self) -> tuple[int, ...]:
        """Returns the fields as the ABI encodes them."""
        return tuple(self.model_dump().values())


class ShareFeed(Strict):
    """Prices an optimizer's share by its asset's feed; `max_growth` is basis points a year that its rate may rise."""

    max_growth: Annotated[int, Field(ge=1, le=1_000_000)]
    interval: Annotated[int, Field(gt=0, lt=2**32)] = 86_400
    min_price: Annotated[Decimal, Field(gt=0)]
    max_price: Annotated[Decimal, Field(gt=0)]

    @model_validator(mode="after")
    def _ordered(self) -> ShareFeed:
        require_bounds(self.min_price, self.max_price)
        return self


class Optimizer(Quorum):
    """A yield optimizer to create; its signers sign plans. Its key in the config names its share, one more asset."""

    name: str = Field(min_length=1, max_length=64)
    symbol: str = Field(min_length=1, max_length=32)
    asset: str
    terms: YieldTerms
    strategies: dict[str, Strategy] = Field(default={}, max_length=10)
    share_feed: ShareFeed | None = None


class RiskTimes(Strict):
    """Terms by which every portfolio's risk is judged: seconds, and basis points or blocks where it says so.

    `max_fall` and `max_unseen_rise` are what a variance may fall and rise by from one model to the next without a
    guardian, beside what prices have shown. `floors` are limits that hold for every portfolio.
    """

    cooling_time: Seconds = 43_200
    max_model_lifetime: Annotated[int, Field(gt=0, lt=2**40)] = 864_000
    min_model_delay: Annotated[int, Field(ge=0, lt=2**40)] = 72_000
    max_fall: Annotated[int, Field(ge=0, le=10_000)] = 600
    max_unseen_rise: Annotated[int, Field(ge=0, le=65_535)] = 2_500
    participation: Bps = 2_000
    max_depth_lifetime: Annotated[int, Field(gt=0)] = 864_000
    confirmation_blocks: Annotated[int, Field(gt=0, lt=2**32)] = 25
    report_tolerance: Annotated[int, Field(ge=1, lt=10_000)] = 200
    max_report_lifetime: Annotated[int, Field(gt=0)] = 172_800
    report_grace: Seconds = 86_400
    floors: LimitsConfig | None = None

    @model_validator(mode="after")
    def _livable(self) -> RiskTimes:
        require_below("min_model_delay", self.min_model_delay, "max_model_lifetime", self.max_model_lifetime)
        return self


class Commitments(Strict):
    """Terms of committed orders: bond in wei, times in blocks. `admin` gets forfeited bonds unless another is named."""

    bond: Annotated[int, Field(gt=0, lt=2**128)] = 10**16
    delay: Annotated[int, Field(gt=0, lt=2**32)] = 2
    lifetime: Annotated[int, Field(gt=0, lt=2**32)] = 50
    beneficiary: Address | None = None

    @model_validator(mode="after")
    def _livable(self) -> Commitments:
        require_below("delay", self.delay, "lifetime", self.lifetime)
        return self


class Liquidity(Strict):
    """How far below the oracle's value portfolios' orders may trade, and how else orders may be paid for.

    Without a `wrapped_coin` there is no gateway. `serves_regulated` lets gateway and commitments move regulated tokens.
    """

    max_deviation_bps: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    wrapped_coin: Address | None = None
    permit2: Address = PERMIT2
    commitments: Commitments = Commitments()
    serves_regulated: bool = False


class Model(Strict):
    """A model that may sign: keccak256 of its weights, its training data (zero if it was not trained) and its code."""

    weights: Hash
    data: Hash = "0x" + "00" * 32
    code: Hash
    live: bool = True


class Config(Strict):
    """The protocol as it should be on a network.

    Assets are named: by their key in `assets` (tokens that exist already) or in `tokens` (regulated tokens to issue).
    """

    network: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    admin: Address
    admin_delay: Seconds = 0
    roles: Roles
    risk: RiskTimes = RiskTimes()
    liquidity: Liquidity = Liquidity()
    trading: Trading = Trading()
    models: dict[str, Model] = Field(default_factory=dict)
    sequencer: Sequencer | None = None
    assets: dict[str, Address] = Field(default_factory=dict)
    tokens: dict[str, Token] = Field(default_factory=dict)
    feeds: dict[str, Feed] = Field(default_factory=dict)
    bls_groups: dict[GroupName, BlsGroup] = Field(default_factory=dict)
    universes: dict[str, Universe] = Field(default_factory=dict)
    venues: list[Venue] = Field(default_factory=list)
    optimizers: dict[str, Optimizer] = Field(default_factory=dict)
    portfolios: dict[str, Portfolio] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Config:
        owned = set(self.assets) | set(self.tokens)
        known = owned | set(self.optimizers)
        if both := set(self.assets) & set(self.tokens):
            raise ValueError(f"{sorted(both)} stand under both assets and tokens; keep one")
        if both := owned & set(self.optimizers):
            raise ValueError(f"{sorted(both)} stand under optimizers and under assets or tokens; keep one")
        for name, optimizer in self.optimizers.items():
            if optimizer.asset not in owned:
                raise ValueError(
                    f"optimizers.{name}.asset: {optimizer.asset!r} is no asset; name one of {sorted(owned)}"
                )
            if optimizer.share_feed and name in self.feeds:
                raise ValueError(f"feeds.{name}: optimizers.{name}.share_feed makes one; keep one")
            if optimizer.share_feed and optimizer.asset not in self.feeds:
                raise ValueError(f"optimizers.{name}: its asset {optimizer.asset!r} has no feed; add it under feeds")
        for where, names in self._asset_names():
            for name in names:
                if name not in known:
                    raise ValueError(f"{where}: {name!r} is no asset; name one of {sorted(known)}")
        self._check_portfolios()
        require_one_name_each("assets", self.assets)
        for name, universe in self.universes.items():
            require_once(f"universes.{name}.assets", universe.assets)
        require_once("venues", [venue.model_dump_json(exclude={"fee", "regulated"}) for venue in self.venues])
        for position, venue in enumerate(self.venues):
            self._check_market(f"venues.{position}", venue)
        for where, quorum in self._quorums():
            for signer in quorum.signers:
                if not signer.startswith("0x") and signer not in self.bls_groups:
                    raise ValueError(
                        f"{where}.signers: {signer!r} is neither an address nor one of bls_groups "
                        f"{sorted(self.bls_groups)}"
                    )
        return self

    def _check_portfolios(self) -> None:
        priced = set(self.feeds) | {name for name, optimizer in self.optimizers.items() if optimizer.share_feed}
        for name, portfolio in self.portfolios.items():
            if portfolio.universe not in self.universes:
                raise ValueError(f"portfolios.{name}.universe: no universe {portfolio.universe!r}")
            if outside := set(portfolio.assets) - set(self.universes[portfolio.universe].assets):
                raise ValueError(f"portfolios.{name}.assets: {sorted(outside)} not in its universe")
            if portfolio.share_rules is None and (
                regulated := {portfolio.settlement, *portfolio.assets} & set(self.tokens)
            ):
                raise ValueError(
                    f"portfolios.{name}: {sorted(regulated)} are regulated, and its shares are open to anyone; give it "
                    "share_rules"
                )
            if unpriced := {portfolio.settlement, *portfolio.assets} - priced:
                raise ValueError(f"portfolios.{name}: {sorted(unpriced)} have no feed; add them under feeds")
            check_portfolio(f"portfolios.{name}", portfolio, self.risk.floors)
            traded = {portfolio.settlement, *portfolio.assets}
            if ageless := sorted({self._feed_under(asset) for asset in traded if self._is_not_tradable(asset)}):
                raise ValueError(
                    f"portfolios.{name}: nothing says how old the prices of {ageless} may be when it trades; give "
                    "their feeds a trading_window with a max_age below the heartbeat"
                )

    def _feed_under(self, asset: str) -> str:
        """The name of the feed that its price comes from: an optimizer's share has its asset's."""
        return asset if asset in self.feeds else self.optimizers[asset].asset

    def _is_not_tradable(self, asset: str) -> bool:
        return self.feeds[self._feed_under(asset)].trading_window is None

    def _quorums(self) -> list[tuple[str, Quorum]]:
        return (
            [(f"universes.{name}", quorum) for name, quorum in self.universes.items()]
            + [(f"portfolios.{name}", quorum) for name, quorum in self.portfolios.items()]
            + [(f"optimizers.{name}", quorum) for name, quorum in self.optimizers.items()]
        )

    def _check_market(self, where: str, venue: Venue) -> None:
        if not isinstance(venue, Listed):
            return
        if isinstance(venue, AirSwap) and venue.portfolio not in self.portfolios:
            known = ", ".join(self.portfolios) or "none"
            raise ValueError(f"{where}.portfolio: {venue.portfolio!r} is not under portfolios; choose from: {known}")
        if isinstance(venue, UniswapV4) and venue.coin is not None and venue.coin not in venue.tokens:
            raise ValueError(f"{where}.coin: {venue.coin!r} is not of the pool; name one of {list(venue.tokens)}")
        if not venue.regulated and (regulated := set(venue.names) & set(self.tokens)):
            raise ValueError(f"{where}: {sorted(regulated)} are regulated; say `regulated: true` or leave it out")

    def _asset_names(self) -> list[tuple[str, list[str]]]:
        return (
            [("feeds", list(self.feeds))]
            + [(f"universes.{name}.assets", u.assets) for name, u in self.universes.items()]
            + [(f"venues.{k}", list(v.names)) for k, v in enumerate(self.venues) if isinstance(v, Listed)]
            + [(f"portfolios.{name}", [p.settlement, *p.assets]) for name, p in self.portfolios.items()]
        )


def load_config(path: Path) -> Config:
    """Reads and checks a config file.

    Raises:
        ConfigError: one line a fault, naming the file and the key.
    """
    try:
        return Config.model_validate(read_mapping(path))
    except YamlError as error:
        raise ConfigError(f"{error} (see scripts/_config/example.yaml)") from None
    except ValidationError as error:
        raise ConfigError("\n".join(_fault(path, fault) for fault in error.errors())) from None


def _fault(path: Path, fault: ErrorDetails) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"{path}: unknown key {key!r}; remove it or correct its spelling"
    if fault["type"] == "missing":
        what = "role" if key.startswith("roles.") and key.count(".") == 1 else "key"
        return f"{path}: missing {what} {key!r}; add it (see scripts/_config/example.yaml)"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{path}: {key + ': ' if key else ''}{message}"
