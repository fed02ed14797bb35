"""The backtest beside the chain: the same days, decided by the bots on both, trade by trade and to the last digit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from web3.exceptions import ContractCustomError

from keepers.backtest.pools import Listing
from keepers.backtest.replay import Market, Participant, Replay, Span, Track
from keepers.backtest.shares import FeeTerms
from keepers.backtest.terms import Costs, ProtocolTerms
from keepers.config import load_config
from keepers.market.prices import Prices
from keepers.portfolio.state import STATES, Limits
from keepers.rebalancing.orders import orders_of
from keepers.routing.pools import Pool
from keepers.signals.regimes.forecast import RegimeModel
from scripts._lib.artifacts import artifact
from scripts._lib.deployment import roles
from scripts._lib.transactions import deploy
from tests.fixtures.node import FIRST_DAY, PRICES, SENDER, SYMBOLS, TODAY, World
from tests.unit.keepers.bots.harness import Running, started

DAYS = 9
BEGINS = TODAY + 1
"""First day: the close before it, at which the backtest takes the deposit, is still to come."""
CAPITAL = 1_000_000
CRASH = 3
"""Number of the day on which everything falls, so that the breaker trips."""
HOUR = 3_600
SETTINGS = {"schedule": {"every_n_days": 1, "drift_bps": 20}, "min_trade_usd": 10}
RISK = {"halflife_days": 11, "reports": {"enabled": False}, "depth": {"enabled": False}}
WAD = 10**18
FEES = FeeTerms(performance_bps=2_000, period=24 * HOUR, max_jump_bps=10_000)


@dataclass(frozen=True)
class Scenario:
    """Days that are lived.

    Attributes:
        history: Closes before the first day.
        settings: Changes of SETTINGS.
        fees: Fees that are charged.
        still: True if all blocks of a day have the time of the backtest's one moment of that day.
    """

    history: int
    settings: dict[str, Any]
    fees: FeeTerms = FEES
    still: bool = False


PLAIN = Scenario(TODAY, {})
"""Equal weights; the risk model's fallback, because the history is short."""
SIGNALLED = Scenario(TODAY + 400, {"model": "momentum", "momentum": {"enabled": True, "scale": 0.001}})
"""A year's momentum, and the default risk model."""
MANAGED = Scenario(TODAY, {}, replace(FEES, management_bps=500), still=True)
"""The highest management fee. It grows by the second, so that the chain's clock stands still within a day."""


@dataclass(frozen=True)
class Seen:
    """The chain at the end of a day.

    Attributes:
        nav: WAD USD.
        share_price: WAD settlement tokens.
        state: Name of the breaker's state.
        trades: (sold, bought, amount in, amount out) of each.
        outcome, reason: Decision of the rebalance bot.
        fee_shares: Shares that the recipient of fees has.
    """

    nav: int
    share_price: int
    state: str
    trades: tuple[tuple[str, str, int, int], ...]
    outcome: str
    reason: str
    fee_shares: int


class ChainMarket(Market):
    """The chain's pools as the rebalance bot found them, by day; before the first day there are none."""

    def __init__(self, listing: Listing, terms: ProtocolTerms, found: dict[date, tuple[Pool, ...]]) -> None:
        super().__init__(listing, terms)
        self._found = found

    def pools(self, day: date, prices: Sequence[int]) -> tuple[Pool, ...]:
        return self._found.get(day, ())


@dataclass(frozen=True)
class Both:
    """Days on the chain, and all that a backtest of the same days needs.

    Attributes:
        seen: Ends of the chain's days.
        prices: Closes, with those before the first day.
        listing: The chain's tokens.
        pools: The chain's pools by day.
        config: Config of the bots.
        seed: Seed of the risk bot's tails.
        fees: Fees that were charged.
    """

    seen: list[Seen]
    prices: Prices
    listing: Listing
    pools: dict[date, tuple[Pool, ...]]
    config: Path
    seed: int
    fees: FeeTerms

    def replayed(self, costs: Costs | None = None) -> Track:
        """The backtest on the chain's own pools, or with other costs."""
        config = load_config(self.config)
        terms = ProtocolTerms(
            limits=Limits(300, 6_000, 2_000, 5_000),
            loss_budget_bps=200,
            loss_window=86_400,
            fees=self.fees,
            costs=costs or Costs(),
            cooling=12 * HOUR,
            tails_every=1,
        )
        first = len(self.prices.dates) - DAYS
        span = Span(self.prices, first, CAPITAL, seed=self.seed)
        market = ChainMarket(self.listing, terms, self.pools) if costs is None else Market(self.listing, terms)

        def none() -> RegimeModel:
            assert len({day.fee_shares for day in lived_days.seen} - {0}) == 2, "fees are taken on both days of gains"

        participant = Participant("same", config.rebalance, none)
        return Replay(span, [participant], terms, config.risk.terms, market).run()["same"]


def closes(history: int) -> Prices:
    """Closes of random days of 1%, a crash of 12%, and two days of gains of 30%, of which fees are taken.

    The pools begin where the last close before the replay is.
    """
    moves = np.random.default_rng(7).normal(0.0, 0.01, (history + DAYS + 1, len(SYMBOLS)))
    moves[history + CRASH] = -0.12
    moves[history + DAYS - 2 : history + DAYS] += 0.3
    walked = np.cumprod(1 + moves, axis=0)
    levels: NDArray[np.float64] = np.array([PRICES[symbol] for symbol in SYMBOLS]) * walked / walked[history - 1]
    dates = tuple(FIRST_DAY + timedelta(days=BEGINS - history + day) for day in range(history + DAYS))
    return Prices(dates, SYMBOLS, np.round(levels[: history + DAYS], 6))


@pytest.fixture(scope="module", params=[PLAIN, SIGNALLED, MANAGED], ids=["plain", "signalled", "managed"])
def lived_days(shared_world: World, request: pytest.FixtureRequest) -> Iterator[Both]:
    """The days of a scenario on the chain, once for all tests of this file."""
    with shared_world.scratch():
        try:
            yield _lived(shared_world, request.param)
        finally:
            shared_world.w3.provider.make_request("anvil_removeBlockTimestampInterval", [])  # type: ignore[arg-type]


def _lived(world: World, scenario: Scenario) -> Both:
    history, prices = scenario.history, closes(scenario.history)
    if scenario.still:
        world.w3.provider.make_request("anvil_setBlockTimestampInterval", [0])  # type: ignore[arg-type]
        world.open_day(BEGINS - 1)
    _charge_fees(world, scenario.fees)
    world.deposit(CAPITAL)
    arbitrageur = _arbitrageur(world)
    path = world.folder / "prices.csv"
    _write(path, prices, history)
    config = world.write_config(rebalance=SETTINGS | scenario.settings, risk=RISK)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        reader, name = bot.services.reader, bot.services.config.portfolio
        seen, pools = [], {}
        for number in range(DAYS):
            row = history + number
            world.open_day(BEGINS + number, _factors(prices, row))
            world.call(arbitrageur.functions.align(_targets(world, prices, row)))
            _write(path, prices, row + 1)
            risk.step(2)
            head = world.w3.eth.block_number
            state = reader.portfolio(name, head)
            pools[prices.dates[row]] = reader.pools(state.assets, head)
            bot.step(2)
            risk.step(2)
            _take_fees(world, scenario.still)
            seen.append(_end(world, bot, head))
        decimals = reader.decimals(state.assets)
    listing = Listing(("USDC", *SYMBOLS), state.assets, decimals)
    return Both(seen, prices, listing, pools, config, int.from_bytes(world.universe[:16], "big"), scenario.fees)


def _charge_fees(world: World, fees: FeeTerms) -> None:
    """Lets the keepers' account have fees."""
    access = world.contract("AccessManager")
    world.call(access.functions.grantRole(roles.MANAGER_DELAYED, world.owner, 0))
    terms = (fees.management_bps, fees.performance_bps, fees.period, SENDER)
    world.call(world.contract("FeeManager").functions.setFees(world.portfolio.address, terms))


def _take_fees(world: World, still: bool) -> None:
    """Crystallises and collects at the same time of each day; there may be no fee."""
    fees, portfolio = world.contract("FeeManager"), world.portfolio.address
    day = world.w3.eth.get_block("latest")["timestamp"] // (24 * HOUR)
    if not still:
        world.advance_to(day * 24 * HOUR + 22 * HOUR)
    world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
    try:
        world.call(fees.functions.crystallise(portfolio))
    except ContractCustomError:
        return
    world.call(fees.functions.collectFees(portfolio))


def _arbitrageur(world: World) -> Any:
    """An arbitrageur with plenty of every token."""
    found = deploy(world.w3, world.owner, artifact("Arbitrageur"))
    for symbol, token in world.tokens.items():
        unit = 10**6 if symbol == "USDC" else 10**18
        world.call(token.functions.mint(found.address, 10**9 * unit))
    return found


def _write(path: Path, prices: Prices, rows: int) -> None:
    lines = [",".join(("date", *prices.symbols))]
    lines += [
        f"{day},{','.join(f'{close:.6f}' for close in row)}"
        for day, row in zip(prices.dates[:rows], prices.closes[:rows], strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")


def _factors(prices: Prices, row: int) -> dict[str, float]:
    """Factors of PRICES that bring the feeds to the closes: a feed takes the whole part of 1e8 times the price."""
    return {
        symbol: (round(close * 10**8) + 0.5) / 10**8 / PRICES[symbol]
        for symbol, close in zip(SYMBOLS, prices.closes[row], strict=True)
    }


def _targets(world: World, prices: Prices, row: int) -> list[tuple[str, bool, int]]:
    """Pools with the square root of the price that they are brought to: token1 per token0, 96 fractional bits."""
    usdc, found = world.tokens["USDC"].address, []
    for number, pool in enumerate(world.record["pools"]):
        symbol = SYMBOLS[number // 2]
        cash, stock = round(prices.closes[row][number // 2] * 10**8) * 10**6, 10**26
        stock_first = int(world.tokens[symbol].address, 16) < int(usdc, 16)
        over, under = (cash, stock) if stock_first else (stock, cash)
        found.append((pool["address"], number % 2 == 1, isqrt((over << 192) // under)))
    return found


def _end(world: World, bot: Running, head: int) -> Seen:
    """The chain now, and what was traded after a block."""
    portfolio = world.portfolio
    assets, _, values, share_price = portfolio.functions.positions().call()
    executed = portfolio.events.Executed().get_logs(from_block=head + 1)
    orders = [order for event in executed for order in orders_of(event["args"]["trades"], assets)]
    state = world.contract("RiskEngine").functions.stateOf(portfolio.address).call()
    decision = bot.services.store.last("rebalance:demo", "")
    assert decision is not None
    return Seen(
        nav=sum(values),
        share_price=share_price,
        state=STATES[state],
        trades=tuple((each.token_in, each.token_out, each.amount_in, each.min_amount_out) for each in orders),
        outcome=decision.outcome,
        reason=decision.reason,
        fee_shares=portfolio.functions.balanceOf(SENDER).call(),
    )


def trades(track: Track, listing: Listing) -> list[tuple[tuple[str, str, int, int], ...]]:
    """Trades of each day of a backtest."""
    names = listing.addresses
    return [
        tuple((names[fill.sold], names[fill.bought], fill.amount_in, fill.amount_out) for fill in day.fills)
        for day in track.days
    ]


@pytest.fixture(scope="module")
def replayed_days(lived_days: Both) -> Track:
    """The backtest on the chain's own pools."""
    return lived_days.replayed()


@pytest.fixture(scope="module")
def replayed_apart(lived_days: Both) -> Track:
    """The backtest on pools of its own: two full-range pools of five million a side are one of ten."""
    return lived_days.replayed(Costs(pool_usd=10e6, fee_pips=3_000))


def test_replay__same_days_and_pools__trades_the_same_to_the_last_unit(lived_days: Both, replayed_days: Track) -> None:
    assert trades(replayed_days, lived_days.listing) == [day.trades for day in lived_days.seen]
    assert sum(bool(day.trades) for day in lived_days.seen) >= 5


def test_replay__same_days_and_pools__has_the_same_nav_and_share_price(lived_days: Both, replayed_days: Track) -> None:
    assert [(day.nav, day.share_price) for day in replayed_days.days] == [
        (day.nav, day.share_price) for day in lived_days.seen
    ]


def test_replay__same_days_and_pools__owes_the_recipient_the_same_fees(lived_days: Both, replayed_days: Track) -> None:
    assert [day.fee_shares for day in replayed_days.days] == [day.fee_shares for day in lived_days.seen]
    assert lived_days.seen[-1].fee_shares > 0


def test_replay__same_days_and_pools__trips_and_recovers_on_the_same_days(
    lived_days: Both, replayed_days: Track
) -> None:
    assert [day.state for day in replayed_days.days] == [day.state for day in lived_days.seen]
    assert {day.state for day in lived_days.seen} > {"Normal"}


def test_replay__same_days_and_pools__decides_for_the_same_reasons(lived_days: Both, replayed_days: Track) -> None:
    assert [(day.outcome, day.reason) for day in replayed_days.days] == [
        (day.outcome, day.reason) for day in lived_days.seen
    ]


@pytest.mark.parametrize("lived_days", [PLAIN], indirect=True)
def test_replay__pools_of_its_own__before_the_crash_is_within_half_a_basis_point(
    lived_days: Both, replayed_apart: Track
) -> None:
    # Arbitrage pays fees to the chain's pools and leaves their depth where prices took it.
    calm = list(zip(replayed_apart.days, lived_days.seen, strict=True))[:CRASH]
    assert max(abs(day.nav / seen.nav - 1) for day, seen in calm) < 0.5e-4
    assert [day.outcome for day, _ in calm] == [seen.outcome for _, seen in calm]


@pytest.mark.parametrize("lived_days", [PLAIN], indirect=True)
def test_replay__pools_of_its_own__in_the_crash_differs_by_their_depth(lived_days: Both, replayed_apart: Track) -> None:
    # A fall of 12% leaves 6% less in the chain's pools: there half of the way is all that the loss bucket pays for.
    day, seen = replayed_apart.days[CRASH], lived_days.seen[CRASH]
    assert "part of the way" in seen.reason and "part of the way" not in day.reason
    assert abs(day.nav / seen.nav - 1) < 40e-4
