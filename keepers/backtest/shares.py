"""A portfolio's shares, fees and price guard in integers: FeeManager, FeeAccrual, Fees and DealingGuard. No I/O.

Gross assets and gains are 1e-33 of the settlement token's smallest unit, prices and the high-water mark settlement
tokens per whole share times 1e27, as contracts/portfolio/Fees.sol has them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from keepers.backtest.arithmetic import BPS, EVERYTHING, WAD, divide_up, exp_wad, packed_down, packed_up
from keepers.backtest.refusals import Rejected

BILLION, DAY, YEAR = 10**9, 86_400, 365 * 86_400
VIRTUAL_SHARES, VIRTUAL_ASSETS = 10**6, 1
"""ShareMath."""
SCALE = 10**33
PAR = 10**27
_GUARDED_TOKENS = 1000
"""FeeManager: worth of all shares, whole settlement tokens, below which a jump of their price is not guarded."""


@dataclass(frozen=True)
class FeeTerms:
    """IFeeManager.FeeTerms, and the jump of its Policy.

    Attributes:
        management_bps: Basis points a year, compounded continuously.
        performance_bps: Basis points of the gain above the high-water mark.
        period: Seconds between two crystallisations, at least.
        max_jump_bps: Basis points that the share price may move by at once, and again by a day.
    """

    management_bps: int = 0
    performance_bps: int = 0
    period: int = 30 * DAY
    max_jump_bps: int = 2_000


@dataclass(frozen=True)
class Quote:
    """IFeeManager.Quote.

    Attributes:
        gross_assets, gain: Scaled by `SCALE`.
        base: Shares: issued, virtual and owed.
        bps: Performance fee, basis points.
    """

    gross_assets: int
    base: int
    gain: int
    bps: int

    @property
    def pending(self) -> int:
        """Shares that the performance fee on the gain amounts to: Fees.quote."""
        fee = self.gain * self.bps
        return self.base * fee // (self.gross_assets * BPS - fee)

    @property
    def supply(self) -> int:
        """Shares that share the assets: Fees.supplyOf, rounded down."""
        return self.base + self.pending

    @property
    def exit_supply(self) -> int:
        """Shares that share the assets where somebody leaves: rounded up where a fee is pending."""
        return self.supply + (self.gain != 0 and self.bps != 0)

    @property
    def price(self) -> int:
        """Net of all fees: Fees.priceOf."""
        return self.gross_assets // self.supply


@dataclass
class ShareBook:
    """FeeManager's account of one portfolio, with the supply that it is about.

    Attributes:
        terms: Fees and the price guard.
        opened: Unix seconds at which the portfolio was opened.
        unit: Smallest units of one settlement token.
        supply: Issued shares, smallest units.
        owed: Shares that are owed to the recipient of fees, until `accrued_at`.
        collected: Shares that the recipient was given.
        mark: High-water mark of the performance fee.
        last: Price that the guard compares with.
    """

    terms: FeeTerms
    opened: int
    unit: int = 10**6
    supply: int = 0
    owed: int = 0
    collected: int = 0
    mark: int = PAR
    last: int = 0
    accrued_at: int = field(init=False)
    crystallised_at: int = field(init=False)
    priced_at: int = field(init=False)
    room_up: int = field(init=False)
    room_down: int = field(init=False)

    def __post_init__(self) -> None:
        self.accrued_at = self.crystallised_at = self.priced_at = self.opened
        self.room_up = self.room_down = self._room

    @property
    def issued(self) -> int:
        """Shares that exist, and the virtual ones."""
        return self.supply + VIRTUAL_SHARES

    @property
    def _room(self) -> int:
        return self.terms.max_jump_bps * 10**5

    def base(self, now: int) -> int:
        """Shares with management fees until now: Fees.grown."""
        if self.terms.management_bps == 0:
            return self.issued + self.owed
        growth = exp_wad(self.terms.management_bps * 10**14 * (now - self.accrued_at) // YEAR)
        return (self.issued + self.owed) * growth // WAD

    def quote_of(self, gross_assets: int, now: int) -> Quote:
        """A quote of scaled gross assets."""
        base = self.base(now)
        gain = max(0, gross_assets - min(self.mark * base, EVERYTHING))
        return Quote(gross_assets, base, gain, self.terms.performance_bps)

    def quote(self, total: int, now: int) -> Quote:
        """A quote of total assets, smallest units of the settlement token."""
        return self.quote_of((total + VIRTUAL_ASSETS) * SCALE, now)

    def share_price(self, total: int, supply: int) -> int:
        """WAD settlement tokens per share: Valuation._sharePriceAt."""
        return WAD * VIRTUAL_SHARES * (total + VIRTUAL_ASSETS) // supply

    def band(self, quote: Quote, now: int) -> tuple[int, int]:
        """Prices between which shares are dealt: FeeManager._bandOf and DealingGuard._boundsOf."""
        if self.last * quote.supply // SCALE < _GUARDED_TOKENS * self.unit:
            return 0, EVERYTHING
        wider = self._room * (now - self.priced_at) // DAY
        low = self.last - self.last * min(BILLION, self.room_down + wider) // BILLION
        return low, self.last + self.last * (self.room_up + wider) // BILLION

    def is_fair(self, quote: Quote, now: int) -> bool:
        """True if the price of a quote is inside the band."""
        low, high = self.band(quote, now)
        return low <= quote.price <= high

    def priced(self, total: int, now: int) -> Quote:
        """The quote, whose price the guard remembers: FeeManager._priced.

        Raises:
            Rejected: If the price left its band.
        """
        quote = self.quote(total, now)
        low, high = self._require_fair(quote, now)
        if high == EVERYTHING:
            self.room_up = self.room_down = self._room
        else:
            self.room_up = min(self._room, (high - quote.price) * BILLION // quote.price)
            self.room_down = min(self._room, (quote.price - low) * BILLION // quote.price)
        self.priced_at, self.last = now, packed_down(quote.price)
        return quote

    def _require_fair(self, quote: Quote, now: int) -> tuple[int, int]:
        low, high = self.band(quote, now)
        if not low <= quote.price <= high:
            raise Rejected("FeeManager__PriceJumped", f"price {quote.price} is not between {low} and {high}")
        return low, high

    def deposit(self, assets: int, total: int, now: int) -> int:
        """Issues shares for assets, smallest units: FeeManager.recordDeposit.

        Args:
            assets: Smallest units of the settlement token.
            total: Total assets before them.
            now: Unix seconds.

        Returns:
            Shares.

        Raises:
            Rejected: If the price left its band.
        """
        quote = self.priced(total, now)
        shares = assets * quote.supply // (total + VIRTUAL_ASSETS)
        self.enter(quote, now, assets, shares)
        return shares

    def enter(self, quote: Quote, now: int, assets: int, shares: int) -> None:
        """Books a deposit: FeeAccrual._entered."""
        self.settle(quote, now, quote.gross_assets + assets * SCALE - quote.gain, quote.base + shares, 0)
        self.supply += shares

    def traded(self, before: int, after: int, now: int) -> tuple[int, int]:
        """Supplies before and after a trade of these total assets: FeeManager.recordTrade.

        Raises:
            Rejected: If the price before it left its band.
        """
        quote = self.priced(before, now)
        return quote.supply, self.quote(after, now).supply

    def settle(self, quote: Quote, now: int, worth: int, base: int, more: int) -> None:
        """Writes what is owed until now and, where there is a gain, the mark: FeeAccrual._settle."""
        self.owed, self.accrued_at = quote.base - self.issued + more, now
        if quote.gain:
            self.mark = packed_up(divide_up(worth, base))

    def crystallise(self, total: int, now: int) -> int:
        """Makes the pending fee owed: FeeAccrual._crystallise.

        Returns:
            Shares.

        Raises:
            Rejected: If it is too soon, there is no fee, or the price left its band.
        """
        quote = self.quote(total, now)
        self._require_fair(quote, now)
        ready = self.crystallised_at + self.terms.period
        if now < ready:
            raise Rejected("FeeManager__CrystallisedTooSoon", f"not before {ready}, and it is {now}")
        if quote.pending == 0:
            raise Rejected("FeeManager__NoFee", "no fee is pending")
        self.priced(total, now)
        self.settle(quote, now, quote.gross_assets, quote.supply, quote.pending)
        self.crystallised_at = now
        return quote.pending

    def collect(self, now: int) -> int:
        """Issues the owed shares to the recipient of fees: FeeAccrual._takeOwed; zero where nothing is owed."""
        owed = self.base(now) - self.issued
        if owed:
            self.owed, self.accrued_at = 0, now
            self.supply, self.collected = self.supply + owed, self.collected + owed
        return owed
