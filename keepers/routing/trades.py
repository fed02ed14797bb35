"""Plans the trades of one rebalance from holdings and target weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from keepers.routing.errors import RoutingError
from keepers.routing.order_paths import best_paths, run_paths
from keepers.routing.pools import Pool
from keepers.routing.split import PlannedPath

WAD = 10**18
BPS = 10_000


@dataclass(frozen=True)
class Holding:
    """A portfolio's balance of one asset, and its price.

    Attributes:
        token: Address.
        balance: Smallest units.
        price: WAD USD per whole token, above zero.
        decimals: Decimals of the token, 0 to 36.

    Raises:
        RoutingError: If a number is out of range.
    """

    token: str
    balance: int
    price: int
    decimals: int

    def __post_init__(self) -> None:
        if self.balance < 0 or self.price <= 0 or not 0 <= self.decimals <= 36:
            given = f"balance {self.balance}, price {self.price}, decimals {self.decimals} of {self.token}"
            raise RoutingError(given, "out of range", "read the portfolio and its oracle again")

    @property
    def value(self) -> int:
        """WAD USD, rounded down."""
        return self.balance * self.price // self._unit

    @property
    def grain(self) -> int:
        """WAD USD of its smallest unit, rounded up."""
        return -(-self.price // self._unit)

    def amount_of(self, value: int) -> int:
        """Smallest units worth `value` WAD USD, rounded down."""
        return value * self._unit // self.price

    @property
    def _unit(self) -> int:
        unit: int = 10**self.decimals
        return unit


@dataclass(frozen=True)
class PlannedTrade:
    """An order of a portfolio.

    Attributes:
        token_in, token_out: Addresses.
        amount_in: Smallest units; the sum over the paths.
        min_amount_out: Smallest units, above zero.
        paths: Executed one after another; they may share pools.
        quoted_out: Smallest units that the pools pay if nothing changes before the trade runs.
    """

    token_in: str
    token_out: str
    amount_in: int
    min_amount_out: int
    paths: tuple[PlannedPath, ...]
    quoted_out: int


@dataclass(frozen=True)
class TradeRules:
    """How to trade.

    Attributes:
        slippage_bps: How far below the quote a trade may end, basis points, 0 to 9,999.
        min_value: WAD USD below which a trade is left out; so is one that rounding to units of the settlement token
            would cost more than the slippage.
        via: Tokens that a path may go through.
        max_paths: Maximum number of paths of an order.

    Raises:
        RoutingError: If a number is out of range.
    """

    slippage_bps: int
    min_value: int
    via: tuple[str, ...] = ()
    max_paths: int = 4

    def __post_init__(self) -> None:
        if not 0 <= self.slippage_bps < BPS or self.min_value < 0 or self.max_paths <= 0:
            given = f"slippage {self.slippage_bps} bps, least value {self.min_value}, {self.max_paths} paths"
            raise RoutingError(given, "out of range", "give 0 to 9,999 bps, a value of at least zero, some paths")


def plan_trades(
    holdings: Sequence[Holding], targets: Sequence[int], pools: Iterable[Pool], rules: TradeRules
) -> tuple[PlannedTrade, ...]:
    """Trades against the settlement token that bring a portfolio to its target weights, sells before buys.

    Each trade is quoted on the pools as the trades before it leave them. Buys are scaled down together where
    they would need more than the cash at hand and what sells return at least, so that the plan runs whole
    whatever its sells fetch. A target of zero sells the whole balance.

    Args:
        holdings: The settlement token first, distinct tokens.
        targets: WAD weights of NAV in the order of `holdings`, summing to 1e18.
        pools: State at one block, distinct addresses.
        rules: How to trade.

    Returns:
        Sells, then buys, each in the order of `holdings`; empty where nothing is worth trading.

    Raises:
        InsufficientLiquidity: If the pools cannot take a trade.
        RoutingError: If targets do not fit, a token appears twice, or the portfolio is empty.
    """
    nav = _check(holdings, targets)
    market = {pool.address: pool for pool in pools}
    wanted = [nav * target // WAD for target in targets]
    cash = holdings[0]
    # Rounding takes up to a unit of the settlement token, which is more than the slippage of anything smaller.
    least = max(rules.min_value, cash.grain * BPS // max(rules.slippage_bps, 1))
    sells = [
        _trade(market, holding.token, cash.token, amount, rules)
        for holding, want, target in zip(holdings[1:], wanted[1:], targets[1:], strict=True)
        if (amount := _sale(holding, want, target, least))
    ]
    budget = cash.balance + sum(trade.min_amount_out for trade in sells)
    buys = [
        _trade(market, cash.token, token, amount, rules)
        for token, amount in _purchases(holdings, wanted, budget, least)
    ]
    return (*sells, *buys)


def _sale(holding: Holding, want: int, target: int, min_value: int) -> int:
    """Smallest units to sell; zero where that is worth too little."""
    excess = holding.value - want
    if excess <= 0 or excess < min_value:
        return 0
    return holding.balance if target == 0 else holding.amount_of(excess)


def _purchases(
    holdings: Sequence[Holding], wanted: Sequence[int], budget: int, min_value: int
) -> list[tuple[str, int]]:
    """(token, smallest units of the settlement token to spend) within the budget."""
    cash = holdings[0]
    missing = [
        (holding.token, cash.amount_of(want - holding.value))
        for holding, want in zip(holdings[1:], wanted[1:], strict=True)
        if want > holding.value
    ]
    total = sum(amount for _, amount in missing)
    scaled = [(token, amount * budget // total if total > budget else amount) for token, amount in missing]
    least = max(1, cash.amount_of(min_value))
    return [(token, amount) for token, amount in scaled if amount >= least]


def _trade(market: dict[str, Pool], token_in: str, token_out: str, amount: int, rules: TradeRules) -> PlannedTrade:
    split = best_paths(tuple(market.values()), token_in, token_out, amount, via=rules.via, max_paths=rules.max_paths)
    run_paths(market, token_in, split.paths)
    min_out = max(1, split.amount_out * (BPS - rules.slippage_bps) // BPS)
    return PlannedTrade(token_in, token_out, amount, min_out, split.paths, split.amount_out)


def _check(holdings: Sequence[Holding], targets: Sequence[int]) -> int:
    if not holdings or len(holdings) != len(targets):
        counts = f"{len(targets)} targets for {len(holdings)} holdings"
        raise RoutingError(counts, "do not fit", "give one a holding, the settlement token first")
    if len({holding.token for holding in holdings}) != len(holdings):
        raise RoutingError(f"{len(holdings)} holdings", "a token appears more than once", "give each token once")
    if min(targets) < 0 or sum(targets) != WAD:
        raise RoutingError(f"targets {tuple(targets)}", f"do not sum to {WAD}", "use Targets.to_wad()")
    nav = sum(holding.value for holding in holdings)
    if nav == 0:
        raise RoutingError("portfolio", "worth nothing", "wait for a deposit")
    return nav
