"""Closes off the chain itself: rounds of feeds, and pools of Uniswap's own contracts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from keepers.config import load_config
from keepers.contracts.deployment import load
from keepers.contracts.feeds import FeedReader
from keepers.contracts.price_sources import described, open_prices
from keepers.contracts.reader import Reader
from keepers.market import NoCloses, PriceError, PriceSource, PrioritySource
from keepers.market.close_time import close_of
from keepers.routing.pools import V2Pool, V3Pool
from keepers.rpc.node import connect
from scripts._lib.artifacts import package_artifact
from tests.fixtures.node import FIRST_DAY, PRICES, TODAY, World

Open = Callable[..., PriceSource]


@pytest.fixture
def open_sources(world: World) -> Open:
    """`open_sources({"kind": "feeds"}, …)`: the sources of a config, over pools of one kind if one is given."""

    def make(*sources: dict[str, Any], kind: str = "", **more: Any) -> PriceSource:
        config = load_config(world.write_config(prices={"sources": list(sources), **more}))
        deployment = load(world.folder / "testnet.json")
        listed = tuple(pool for pool in deployment.pools if kind in ("", pool.kind))
        return open_prices(config, connect(world.url, 31337), replace(deployment, pools=listed))

    return make


def day(number: int) -> date:
    """A day counted from the world's first."""
    return FIRST_DAY + timedelta(days=number)


def push(world: World, kind: str) -> None:
    """Buys AAA for two million dollars in its only listed pool of a kind."""
    usdc, bought = world.tokens["USDC"].address, world.tokens["AAA"].address
    reader = Reader(connect(world.url, 31337), load(world.folder / "testnet.json"))
    pools = reader.pools([usdc, bought], world.w3.eth.block_number)
    (pool,) = [pool for pool in pools if isinstance(pool, V2Pool if kind == "uniswap-v2" else V3Pool)]
    aggregator, amount = world.contract("LiquidityAggregator"), 2_000_000 * 10**6
    world.call(world.tokens["USDC"].functions.approve(aggregator.address, amount))
    path = (amount, [(pool.address, pool.token0 == usdc)])
    world.call(aggregator.functions.swap((usdc, bought, amount, 1, world.owner, 2**40 - 1, [path])))


def keep_observations(world: World) -> None:
    """Has the V3 pools keep ten observations."""
    abi = package_artifact("@uniswap/v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json").abi
    for record in world.record["pools"]:
        if record["kind"] == "uniswap-v3":
            pool = world.w3.eth.contract(address=record["address"], abi=abi)
            world.call(pool.functions.increaseObservationCardinalityNext(10))


def test_closes__feeds_answered_every_day__are_their_answers(world: World, open_sources: Open) -> None:
    for number in (1, 2, 3):
        world.open_day(TODAY + number, {"AAA": float(number)})
    found = open_sources({"kind": "feeds"}).closes(["AAA"], day(TODAY + 3))
    # The answers come a minute after the cuts.
    assert found.dates[-2:] == (day(TODAY + 2), day(TODAY + 3))
    assert found.closes[-2:, 0] == pytest.approx([PRICES["AAA"], 2 * PRICES["AAA"]])


def test_closes__answer_after_the_cut__belongs_to_the_next_day(world: World, open_sources: Open) -> None:
    world.advance_to(close_of(day(TODAY + 1)) - 60)
    world.quote({"AAA": 1.0})
    world.advance_to(close_of(day(TODAY + 1)) + 60)
    world.quote({"AAA": 2.0})
    found = open_sources({"kind": "feeds"}).closes(["AAA"], day(TODAY + 1))
    assert found.closes[-1, 0] == pytest.approx(PRICES["AAA"])


def test_rounds__without_data__are_none(world: World) -> None:
    reader = FeedReader(connect(world.url, 31337))
    feed = world.feeds["AAA"].address
    (newest,) = reader.latest([feed])
    assert reader.rounds([(feed, newest.id), (feed, newest.id + 1), (feed, 0)]) == [newest, None, None]


def test_latest__address_without_a_feed__is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="no contract answers latestRoundData"):
        FeedReader(connect(world.url, 31337)).latest([world.owner])


@pytest.mark.parametrize("kind", ["uniswap-v2", "uniswap-v3"])
def test_closes__pools_that_nobody_trades__are_at_the_pools_price(world: World, open_sources: Open, kind: str) -> None:
    world.open_day(TODAY + 1)
    world.open_day(TODAY + 2)
    found = open_sources({"kind": "pools"}, kind=kind).closes(["AAA", "BBB"], day(TODAY + 2))
    assert found.dates[-1] == day(TODAY + 2)
    assert found.closes[-1] == pytest.approx([PRICES["AAA"], PRICES["BBB"]], rel=1e-3)


@pytest.mark.parametrize("kind", ["uniswap-v2", "uniswap-v3"])
def test_closes__pool_pushed_a_minute_before_the_cut__hardly_move(world: World, open_sources: Open, kind: str) -> None:
    if kind == "uniswap-v3":
        keep_observations(world)
    world.open_day(TODAY + 1)
    world.advance_to(close_of(day(TODAY + 2)) - 3600)
    world.quote()
    world.advance_to(close_of(day(TODAY + 2)) - 60)
    push(world, kind)
    world.advance_to(close_of(day(TODAY + 2)) + 60)
    world.quote()
    found = open_sources({"kind": "pools", "window_minutes": 60}, kind=kind).closes(["AAA"], day(TODAY + 2))
    assert PRICES["AAA"] < found.closes[-1, 0] < 1.03 * PRICES["AAA"]


def test_closes__pool_without_observations_of_the_window__is_refused(world: World, open_sources: Open) -> None:
    world.open_day(TODAY + 1)
    world.advance_to(close_of(day(TODAY + 2)) - 60)
    push(world, "uniswap-v3")
    world.open_day(TODAY + 2)
    with pytest.raises(PriceError, match="keeps no observations of the window before the last cut; raise its"):
        open_sources({"kind": "pools"}, kind="uniswap-v3").closes(["AAA"], day(TODAY + 2))


def test_closes__symbol_without_a_pool__is_refused(world: World, open_sources: Open) -> None:
    world.open_day(TODAY + 1)
    with pytest.raises(PriceError, match="no listed pool of Uniswap V2 or V3 against the settlement token holds any"):
        open_sources({"kind": "pools"}).closes(["USDC"], day(TODAY + 1))


def test_closes__before_the_deployment__are_none(open_sources: Open) -> None:
    with pytest.raises(NoCloses, match="no day within"):
        open_sources({"kind": "pools"}).closes(["AAA"], day(0))


def test_closes__feeds_and_a_mistyped_file__are_held_back(world: World, open_sources: Open) -> None:
    world.open_day(TODAY + 1)
    world.open_day(TODAY + 2)
    (world.folder / "typed.csv").write_text(f"date,AAA\n{day(TODAY + 2)},{PRICES['AAA'] * 10}\n")
    source = open_sources({"kind": "file", "path": "typed.csv"}, {"kind": "feeds"})
    with pytest.raises(PriceError, match=r"close of AAA on .*: 1000 in /.*typed\.csv and 100 in feeds;"):
        source.closes(["AAA"], day(TODAY + 2))


def test_open_prices__several__are_named_for_people(world: World, open_sources: Open) -> None:
    several = [{"kind": "file", "path": "a.csv"}, {"kind": "feeds"}, {"kind": "http", "url": "https://x/{symbol}"}]
    assert isinstance(open_sources(*several), PrioritySource)
    assert described(load_config(world.folder / "keeper.yaml")) == f"{world.folder / 'a.csv'}, feeds, http"


def test_open_prices__nothing_given__reads_the_feeds(world: World) -> None:
    assert described(load_config(world.write_config(prices={}))) == "feeds"


def test_open_prices__credentials_cannot_be_read__names_the_file(open_sources: Open) -> None:
    with pytest.raises(PriceError, match=r"token\.txt: holds no line that can be read; correct authorization_file"):
        open_sources({"kind": "http", "url": "https://x/{symbol}", "authorization_file": "token.txt"})
