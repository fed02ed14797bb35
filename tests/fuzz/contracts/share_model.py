"""A portfolio's shares in Python's integers, fees and price band included: what the chain has to say, to the wei.

One asset beside cash. Rounding is written where it happens, by the direction that docs/portfolio.md gives.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.fixtures.protocol import WAD

BPS, BILLION, DAY, YEAR = 10_000, 10**9, 86_400, 365 * 86_400
VIRTUAL = 10**6
SCALE = 10**33
MOST = 2**128 - 1
EVERYTHING = 2**256 - 1
USD = 10**6


def up(numerator: int, denominator: int) -> int:
    """Quotient, rounded up."""
    return -(-numerator // denominator)


def exp_wad(x: int) -> int:
    """e^x, WAD, for x >= 0: Solady's rational approximation (FixedPointMathLib.expWad), digit by digit."""
    x = (x << 78) // 5**18
    k = ((x << 96) // 54916777467707473351141471128 + 2**95) >> 96
    x -= k * 54916777467707473351141471128
    y = (((x + 1346386616545796478920950773328) * x) >> 96) + 57155421227552351082224309758442
    p = (((y + x - 94201549194550492254356042504812) * y) >> 96) + 28719021644029726153956944680412240
    p = p * x + (4385272521454847904659076985693276 << 96)
    q = x - 2855989394907223263936484059900
    for term in (
        50020603652535783019961831881945,
        -533845033583426703283633433725380,
        3604857256930695427073651918091429,
        -14423608567350463180887372962807573,
        26449188498355588339934803723976023,
    ):
        q = ((q * x) >> 96) + term
    return (p // q * 3822833074963236453042738258902158003155416615667) >> (195 - k)


@dataclass(frozen=True)
class Quote:
    """IFeeManager.Quote: gross_assets and gain in 1e-33 of the smallest unit."""

    gross_assets: int
    base: int
    gain: int
    bps: int

    @property
    def pending(self) -> int:
        fee = self.gain * self.bps
        return self.base * fee // (self.gross_assets * BPS - fee)

    @property
    def supply(self) -> int:
        return self.base + self.pending

    @property
    def exit_supply(self) -> int:
        """Rounded up where a fee is pending."""
        return self.supply + (self.gain != 0 and self.bps != 0)

    @property
    def price(self) -> int:
        return min(self.gross_assets // self.supply, MOST)


@dataclass
class Model:
    """The portfolio; every method takes the block's time and leaves what the chain should have, or says why not."""

    management: int
    performance: int
    period: int
    jump: int
    opened: int
    cash: int = 0
    stock: int = 0
    stock_price: int = 0
    supply: int = 0
    held: int = 0
    collected: int = 0
    owed: int = 0
    mark: int = 10**27
    last: int = 0
    accrued_at: int = field(init=False)
    crystallised_at: int = field(init=False)
    priced_at: int = field(init=False)
    room_up: int = field(init=False)
    room_down: int = field(init=False)

    def __post_init__(self) -> None:
        self.accrued_at = self.crystallised_at = self.priced_at = self.opened
        self.room_up = self.room_down = self.jump * 10**5

    # -- Values

    def total(self) -> int:
        value = self.cash * WAD // USD + self.stock * self.stock_price // WAD
        return value * USD // WAD

    def issued(self) -> int:
        return self.supply + VIRTUAL

    def base(self, now: int) -> int:
        growth = exp_wad(self.management * 10**14 * (now - self.accrued_at) // YEAR)
        return (self.issued() + self.owed) * growth // WAD

    def quote_of(self, gross_assets: int, now: int) -> Quote:
        base = self.base(now)
        return Quote(gross_assets, base, max(0, gross_assets - self.mark * base), self.performance)

    def quote(self, now: int) -> Quote:
        return self.quote_of((self.total() + 1) * SCALE, now)

    def known(self, now: int) -> Quote:
        """Without a price: at the last one."""
        gross = self.last
        if self.last > self.mark:
            gross += (self.last - self.mark) * self.performance // (BPS - self.performance)
        return self.quote_of(max(1, gross * self.base(now)), now)

    def band(self, q: Quote, now: int) -> tuple[int, int]:
        if self.last * q.supply // SCALE < 1000 * USD:
            return 0, EVERYTHING
        wider = self.jump * 10**5 * (now - self.priced_at) // DAY
        low = self.last - self.last * min(BILLION, self.room_down + wider) // BILLION
        return low, self.last + self.last * (self.room_up + wider) // BILLION

    def is_fair(self, q: Quote, now: int) -> bool:
        low, high = self.band(q, now)
        return low <= q.price <= high

    def shares_for(self, assets: int, q: Quote, leaving: bool = False) -> int:
        """For a deposit, or for a withdrawal."""
        gross_assets = q.gross_assets // SCALE
        return up(assets * q.exit_supply, gross_assets) if leaving else assets * q.supply // gross_assets

    def assets_for(self, shares: int, q: Quote, leaving: bool = False) -> int:
        """For a redemption, or for a mint."""
        gross_assets = q.gross_assets // SCALE
        return shares * gross_assets // q.exit_supply if leaving else up(shares * gross_assets, q.supply)

    def max_withdraw(self, now: int) -> int:
        q = self.quote(now)
        return min(self.assets_for(self.held, q, leaving=True), self.cash) if self.is_fair(q, now) else 0

    def max_redeem(self, now: int) -> int:
        """At most so many that they are worth no more than the cash."""
        q = self.quote(now)
        if not self.is_fair(q, now):
            return 0
        most = min(self.held, self.cash * q.exit_supply // (q.gross_assets // SCALE))
        return most if self.assets_for(most, q, leaving=True) else 0

    # -- Books

    def _priced(self, now: int) -> Quote:
        q = self.quote(now)
        low, high = self.band(q, now)
        room = self.jump * 10**5
        assert low <= q.price <= high, "the test asks is_fair first"
        if high == EVERYTHING:
            self.room_up = self.room_down = room
        else:
            self.room_up = min(room, (high - q.price) * BILLION // q.price)
            self.room_down = min(room, (q.price - low) * BILLION // q.price)
        self.priced_at, self.last = now, q.price
        return q

    def _settle(self, q: Quote, now: int, worth: int, base: int, more: int) -> None:
        self.owed, self.accrued_at = q.base - self.issued() + more, now
        if q.gain:
            self.mark = min(up(worth, base), MOST)

    def _enter(self, q: Quote, now: int, assets: int, shares: int) -> None:
        self._settle(q, now, q.gross_assets + assets * SCALE - q.gain, q.base + shares, 0)
        self.cash, self.supply, self.held = self.cash + assets, self.supply + shares, self.held + shares

    def _leave(self, q: Quote, now: int, shares: int) -> None:
        """The mark stays."""
        self.owed, self.accrued_at = q.base - self.issued() + shares * q.pending // q.supply, now
        self.supply, self.held = self.supply - shares, self.held - shares

    # -- What people do

    def deposit(self, assets: int, now: int) -> int:
        q = self._priced(now)
        shares = self.shares_for(assets, q)
        self._enter(q, now, assets, shares)
        return shares

    def mint(self, shares: int, now: int) -> int:
        q = self._priced(now)
        assets = self.assets_for(shares, q)
        self._enter(q, now, assets, shares)
        return assets

    def withdraw(self, assets: int, now: int) -> int:
        q = self._priced(now)
        shares = self.shares_for(assets, q, leaving=True)
        self._leave(q, now, shares)
        self.cash -= assets
        return shares

    def redeem(self, shares: int, now: int) -> int:
        q = self._priced(now)
        assets = self.assets_for(shares, q, leaving=True)
        self._leave(q, now, shares)
        self.cash -= assets
        return assets

    def redeem_in_kind(self, shares: int, now: int, priced: bool) -> list[int]:
        q = self.known(now)
        if priced and ((at_now := self.quote(now)).pending < q.pending or self.is_fair(at_now, now)):
            q = at_now
        self._leave(q, now, shares)
        legs = [self.cash * shares // q.exit_supply, self.stock * shares // q.exit_supply]
        self.cash, self.stock = self.cash - legs[0], self.stock - legs[1]
        return legs

    def crystallise(self, now: int) -> str:
        """The error with which the chain refuses it; empty if it passes."""
        q = self.quote(now)
        if not self.is_fair(q, now):
            return "FeeManager__PriceJumped"
        if now < self.crystallised_at + self.period:
            return "FeeManager__CrystallisedTooSoon"
        if q.pending == 0:
            return "FeeManager__NoFee"
        self._priced(now)
        self._settle(q, now, q.gross_assets, q.supply, q.pending)
        self.crystallised_at = now
        return ""

    def collect(self, now: int) -> int:
        owed = self.base(now) - self.issued()
        if owed:
            self.owed, self.accrued_at = 0, now
            self.supply, self.collected = self.supply + owed, self.collected + owed
        return owed

    def set_fees(self, management: int, performance: int, period: int, now: int) -> None:
        if performance > self.performance:
            q = self._priced(now)
            gain = q.gain * self.performance // performance
            self._settle(q, now, q.gross_assets - gain, q.base, 0)
        else:
            self._settle(Quote(0, self.base(now), 0, 0), now, 0, 1, 0)
        self.management, self.performance, self.period = management, performance, period
