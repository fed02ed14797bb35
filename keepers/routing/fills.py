"""Transaction costs of fills: implementation shortfall against several benchmarks.

The shortfall of a fill is what the input would have bought at the benchmark's price less what it bought, as a part of
the former (Perold 1988, "The implementation shortfall: paper versus reality", Journal of Portfolio Management 14(3)).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from keepers.routing.errors import RoutingError

BPS = 10_000


@dataclass(frozen=True)
class Fill:
    """An order that was executed.

    Attributes:
        block: Height.
        tx_hash: 0x-prefixed.
        payer: Address that paid the input: the aggregator's caller, or a portfolio.
        token_in, token_out: Addresses, distinct.
        amount_in, amount_out: Smallest units, above zero.

    Raises:
        RoutingError: If an amount is not above zero.
    """

    block: int
    tx_hash: str
    payer: str
    token_in: str
    token_out: str
    amount_in: int
    amount_out: int

    def __post_init__(self) -> None:
        if self.amount_in <= 0 or self.amount_out <= 0:
            amounts = f"fill of {self.amount_in} for {self.amount_out} in {self.tx_hash}"
            raise RoutingError(amounts, "an amount is not above zero", "check the node")


@dataclass(frozen=True)
class Trade:
    """A trade of a market in the interval, whoever made it.

    Attributes:
        token_in, token_out: Addresses.
        amount_in, amount_out: Smallest units.
    """

    token_in: str
    token_out: str
    amount_in: int
    amount_out: int


@dataclass(frozen=True)
class FillCosts:
    """A fill beside its benchmarks; None where there is no benchmark.

    Attributes:
        fill: The fill.
        arrival_out: What the oracle's prices at the block before give for the input, smallest units of the output.
        vwap_out: What the volume-weighted average price of the interval gives.
        quote_out: Output of the router's plan at the block before.
    """

    fill: Fill
    arrival_out: int | None
    vwap_out: int | None
    quote_out: int | None

    @property
    def arrival_bps(self) -> float | None:
        """Shortfall against the arrival price, basis points; below zero where the fill was better."""
        return shortfall_bps(self.fill.amount_out, self.arrival_out)

    @property
    def vwap_bps(self) -> float | None:
        """Shortfall against the volume-weighted average price, basis points."""
        return shortfall_bps(self.fill.amount_out, self.vwap_out)

    @property
    def quote_bps(self) -> float | None:
        """Shortfall against the router's plan, basis points."""
        return shortfall_bps(self.fill.amount_out, self.quote_out)


def shortfall_bps(amount_out: int, benchmark_out: int | None) -> float | None:
    """Implementation shortfall, basis points of the benchmark's output; None without one, or where it is nothing."""
    if not benchmark_out:
        return None
    return float(Fraction(BPS * (benchmark_out - amount_out), benchmark_out))


def oracle_out(fill: Fill, prices: Mapping[str, int], decimals: Mapping[str, int]) -> int | None:
    """Output that the input is worth, smallest units rounded down; None without a price of both tokens.

    Args:
        fill: The fill.
        prices: WAD USD a whole token, by address.
        decimals: Decimals by address.
    """
    sold, bought = prices.get(fill.token_in, 0), prices.get(fill.token_out, 0)
    if not sold or not bought:
        return None
    one_in, one_out = (int(10 ** decimals[token]) for token in (fill.token_in, fill.token_out))
    return fill.amount_in * sold * one_out // (bought * one_in)


def vwap_out(fill: Fill, trades: Iterable[Trade]) -> int | None:
    """Output of the input at the volume-weighted average price of trades, smallest units rounded down.

    Trades of the pair count in both directions: the price is all that changed hands of the output over all that changed
    hands of the input. It includes fees, and the fill itself where its markets are among the trades (Berkowitz, Logue
    and Noser 1988, "The total cost of transactions on the NYSE", Journal of Finance 43(1)).

    Args:
        fill: The fill.
        trades: Trades of the interval, of any pairs.

    Returns:
        None where the pair did not trade.
    """
    ends = fill.token_in, fill.token_out
    of_input = of_output = 0
    for trade in trades:
        if (trade.token_in, trade.token_out) == ends:
            of_input, of_output = of_input + trade.amount_in, of_output + trade.amount_out
        elif (trade.token_out, trade.token_in) == ends:
            of_input, of_output = of_input + trade.amount_out, of_output + trade.amount_in
    return fill.amount_in * of_output // of_input if of_input else None
