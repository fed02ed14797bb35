"""Sky's LitePSM through its adapter: docs/venues/lite-psm.md."""

from __future__ import annotations

import ape
import pytest

from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256
from tests.fixtures.markets import ADAPTER, TERMS, ListedMarket, order_over
from tests.fixtures.protocol import WAD
from tests.isolation import isolated
from tests.reverts import reverts

PLACES = (6, 8, 18)
FEES = ((0, 0), (10**15, 2 * 10**15), (123_456_789_012_345, 987_654_321_098_765))
KEEP, PAY_LESS, TAKE_LESS, TAKE_MORE, REENTER = range(5)
DEEP = 10**6


@pytest.fixture
def facility(admin, create_settlement, market_listing, liquidity_provider):
    """`facility(decimals, tin, tout)`: (gem, dai, psm, adapter, market) of a listed facility with a million of each."""

    def made(places=6, tin=0, tout=0):
        gem, dai = create_settlement("GEM", places), create_settlement("DAI", 18)
        amounts = {gem.address: DEEP * 10**places, dai.address: DEEP * WAD}
        for token in (gem, dai):
            token.mint(liquidity_provider, 2 * amounts[token.address], sender=liquidity_provider)
        psm = ape.project.MockLitePsm.at(market_listing.lite_psm(amounts, tin, tout).address)
        return gem, dai, psm, *listed(admin, market_listing, gem, dai, psm)

    return made


def listed(admin, market_listing, gem, dai, psm):
    adapter = admin.deploy(ape.project.LitePsmAdapter, psm)
    ends = sorted((gem, dai), key=lambda token: int(token.address, 16))
    key = market_listing.list_market(ADAPTER, adapter.address, (ends[0].address, ends[1].address))
    return adapter, ListedMarket(key, (ends[0], ends[1]), (1, 1))


def sells(market, gem):
    """The direction in which the gem goes in."""
    return market.tokens[0] == gem


# -- Quotes and execution


@pytest.mark.parametrize(("tin", "tout"), FEES)
@pytest.mark.parametrize("places", PLACES)
def test_swap__gem_for_dai__pays_what_was_quoted(aggregator, lens, facility, fund, trader, places, tin, tout):
    gem, dai, _psm, adapter, market = facility(places, tin, tout)
    amount = 1234 * 10**places + 7
    fund(gem, amount)
    order = order_over(market, sells(market, gem), amount, trader)
    quoted = lens.quoteOrder.call(order)[0]
    par = amount * 10 ** (18 - places)
    aggregator.swap(order, sender=trader)
    assert dai.balanceOf(trader) == quoted == par - par * tin // WAD
    assert [token.balanceOf(holder) for token in (gem, dai) for holder in (adapter, aggregator)] == [0, 0, 0, 0]


@pytest.mark.parametrize(("tin", "tout"), FEES)
@pytest.mark.parametrize("places", PLACES)
def test_swap__dai_for_gem__buys_the_most_that_it_pays_for(aggregator, lens, facility, fund, trader, places, tin, tout):
    gem, dai, psm, adapter, market = facility(places, tin, tout)
    unit = 10 ** (18 - places)
    amount = 1234 * WAD + unit - 1
    fund(dai, amount)
    order = order_over(market, not sells(market, gem), amount, trader)
    quoted = lens.quoteOrder.call(order)[0]
    aggregator.swap(order, sender=trader)
    bought = gem.balanceOf(trader)
    assert bought == quoted
    cost = [(bought + k) * unit + (bought + k) * unit * tout // WAD for k in (0, 1)]
    assert cost[0] <= amount < cost[1]
    assert dai.balanceOf(trader) == 0
    assert [token.balanceOf(holder) for token in (gem, dai) for holder in (adapter, aggregator)] == [0, 0, 0, 0]
    assert dai.allowance(adapter, psm) == 0


@pytest.mark.parametrize("gem_out", [True, False], ids=["gem", "dai"])
@pytest.mark.parametrize(("tin", "tout"), FEES)
@pytest.mark.parametrize("places", PLACES)
def test_swap_exact_out__costs_the_least_that_pays_it(aggregator, facility, fund, trader, places, tin, tout, gem_out):
    gem, dai, _psm, adapter, market = facility(places, tin, tout)
    token_in, token_out = (dai, gem) if gem_out else (gem, dai)
    wanted = (777 * 10**places if gem_out else 777 * WAD) + 5
    held = 2000 * 10 ** token_in.decimals()
    fund(token_in, held)
    order = order_over(market, sells(market, gem) != gem_out, wanted, trader, MAX_UINT256)
    aggregator.swapExactOut(order, TERMS, sender=trader)
    paid = held - token_in.balanceOf(trader)
    assert token_out.balanceOf(trader) >= wanted
    id_ = bytes(32)
    assert paid == adapter.quoteIn(id_, token_in, token_out, wanted)
    assert adapter.quote(id_, token_in, token_out, paid) >= wanted
    assert adapter.quote(id_, token_in, token_out, paid - 1) < wanted


@pytest.mark.parametrize("up", [True, False])
def test_swap_single_and_exact_out_single__pass(aggregator, facility, fund, trader, up):
    _gem, _dai, _psm, _adapter, market = facility(6, *FEES[1])
    token_in, token_out = market.tokens if up else market.tokens[::-1]
    amount = 10 * 10 ** token_in.decimals()
    fund(token_in, 3 * amount)
    ends = (market.key, token_in, token_out)
    aggregator.swapSingle(*ends, amount, 1, FAR_FUTURE, sender=trader)
    got = token_out.balanceOf(trader)
    aggregator.swapExactOutSingle(*ends, got, 2 * amount, FAR_FUTURE, sender=trader)
    assert token_out.balanceOf(trader) >= 2 * got
    assert token_in.balanceOf(aggregator) == token_out.balanceOf(aggregator) == 0


# -- What the facility refuses


@pytest.mark.parametrize("gem_in", [True, False], ids=["sell", "buy"])
def test_quote__direction_is_halted__says_so_and_the_order_reverts(aggregator, admin, facility, fund, trader, gem_in):
    gem, dai, psm, adapter, market = facility()
    psm.file(MAX_UINT256 if gem_in else 0, 0 if gem_in else MAX_UINT256, sender=admin)
    token_in, token_out = (gem, dai) if gem_in else (dai, gem)
    amount = 10 ** token_in.decimals()
    fund(token_in, amount)
    for ask in (adapter.quote, adapter.quoteIn):
        with reverts(adapter.LitePsmAdapter__Halted, token_in.address):
            ask(bytes(32), token_in, token_out, 10)
    with ape.reverts():
        aggregator.swap(order_over(market, sells(market, gem) == gem_in, amount, trader), sender=trader)
    assert token_in.balanceOf(trader) == amount


@pytest.mark.parametrize("gem_in", [True, False], ids=["sell", "buy"])
def test_quote__more_than_the_facility_holds__drained(facility, gem_in):
    gem, dai, _psm, adapter, _market = facility()
    token_in, token_out = (gem, dai) if gem_in else (dai, gem)
    held = DEEP * 10 ** token_out.decimals()
    most = DEEP * 10 ** token_in.decimals()
    assert adapter.quote(bytes(32), token_in, token_out, most) == held
    unit = 10 ** (token_out.decimals() - 6)
    with reverts(adapter.LitePsmAdapter__Drained, token_out.address, held + unit, held):
        adapter.quote(bytes(32), token_in, token_out, most + 10 ** (token_in.decimals() - 6))
    with reverts(adapter.LitePsmAdapter__Drained, token_out.address, held + unit, held):
        adapter.quoteIn(bytes(32), token_in, token_out, held + 1)


def test_quote_in__the_fee_takes_all__says_so(facility):
    gem, dai, _psm, adapter, _ = facility(6, WAD, 0)
    with reverts(adapter.LitePsmAdapter__FeeTakesAll, gem.address):
        adapter.quoteIn(bytes(32), gem, dai, 1)


def test_trades__other_tokens_or_an_id__refused(facility, tokens):
    gem, _dai, _psm, adapter, market = facility()
    ends = market.tokens
    assert adapter.trades(bytes(32), *ends)
    assert adapter.trades(bytes(32), *ends[::-1])
    assert not adapter.trades(bytes(31) + b"\1", *ends)
    assert not adapter.trades(bytes(32), gem, tokens[0])
    with reverts(adapter.PairAdapter__WrongTokens, gem.address, tokens[0].address):
        adapter.quote(bytes(32), gem, tokens[0], 1)


# -- A facility that turned hostile


@pytest.fixture
def hostile(admin, create_settlement, market_listing, liquidity_provider):
    """(gem, dai, psm, adapter, market) of a facility whose code somebody exchanged."""
    gem, dai = create_settlement("GEM", 6), create_settlement("DAI", 18)
    psm = admin.deploy(ape.project.HostilePsm, gem, dai)
    for token in (gem, dai):
        for holder in (psm, psm.pocket(), liquidity_provider):
            token.mint(holder, 10**6 * 10 ** token.decimals(), sender=admin)
    return gem, dai, psm, *listed(admin, market_listing, gem, dai, psm)


@pytest.mark.parametrize("gem_in", [True, False], ids=["sell", "buy"])
@pytest.mark.parametrize("act", [KEEP, PAY_LESS])
def test_swap__facility_pays_less_than_it_says__balance_mismatch(aggregator, hostile, fund, trader, thief, act, gem_in):
    gem, dai, psm, _adapter, market = hostile
    psm.plan(act, thief, b"", sender=thief)
    token_in, token_out = (gem, dai) if gem_in else (dai, gem)
    amount, told = 10 ** token_in.decimals(), 10 ** token_out.decimals()
    fund(token_in, amount)
    paid = 0 if act == KEEP else told - 1
    with reverts(aggregator.LiquidityAggregator__BalanceMismatch, token_out.address, told, paid):
        aggregator.swap(order_over(market, sells(market, gem) == gem_in, amount, trader), sender=trader)
    assert token_in.balanceOf(trader) == amount


@pytest.mark.parametrize("gem_in", [True, False], ids=["sell", "buy"])
@pytest.mark.parametrize("act", [KEEP, PAY_LESS])
def test_swap_exact_out__facility_pays_less_than_it_says__partial_fill(
    aggregator, hostile, fund, trader, thief, act, gem_in
):
    gem, dai, psm, _adapter, market = hostile
    psm.plan(act, thief, b"", sender=thief)
    token_in, token_out = (gem, dai) if gem_in else (dai, gem)
    amount, told = 10 ** token_in.decimals(), 10 ** token_out.decimals()
    fund(token_in, amount)
    order = order_over(market, sells(market, gem) == gem_in, told, trader, amount)
    with reverts(aggregator.LiquidityAggregator__PartialFill, market.key, 0 if act == KEEP else told - 1, told):
        aggregator.swapExactOut(order, TERMS, sender=trader)
    assert token_in.balanceOf(trader) == amount


@pytest.mark.parametrize("gem_in", [True, False], ids=["sell", "buy"])
def test_swap__facility_leaves_a_part_of_its_allowance__not_taken(aggregator, hostile, fund, trader, thief, gem_in):
    """It could take that out of somebody else's order."""
    gem, dai, psm, adapter, market = hostile
    psm.plan(TAKE_LESS, thief, b"", sender=thief)
    token_in = gem if gem_in else dai
    amount = 10 ** token_in.decimals()
    fund(token_in, amount)
    with reverts(adapter.PairAdapter__NotTaken, amount, 1):
        aggregator.swap(order_over(market, sells(market, gem) == gem_in, amount, trader), sender=trader)


def test_swap__facility_takes_more_than_it_was_sent__reverts_whole(aggregator, hostile, fund, trader, thief):
    gem, _dai, psm, _adapter, market = hostile
    psm.plan(TAKE_MORE, thief, b"", sender=thief)
    fund(gem, 2 * 10**6)
    with ape.reverts():
        aggregator.swap(order_over(market, sells(market, gem), 10**6, trader), sender=trader)
    assert gem.balanceOf(trader) == 2 * 10**6


def test_swap__facility_reenters_the_aggregator__guarded(aggregator, hostile, fund, trader, thief):
    gem, _dai, psm, _adapter, market = hostile
    order = order_over(market, sells(market, gem), 10**6, thief)
    psm.plan(REENTER, aggregator, aggregator.swap.encode_input(order), sender=thief)
    fund(gem, 10**6)
    with reverts(aggregator.ReentrancyGuardReentrantCall):
        aggregator.swap(order_over(market, sells(market, gem), 10**6, trader), sender=trader)


def test_swap__facility_reenters_the_adapter__takes_nothing(aggregator, hostile, fund, trader, thief, chain):
    """It swaps what lies at the adapter for itself: the order that brought it there then fails whole."""
    gem, dai, psm, adapter, market = hostile
    errand = adapter.swap.encode_input(bytes(32), gem.address, dai.address, 10**6, thief.address)
    psm.plan(REENTER, adapter, errand, sender=thief)
    fund(gem, 10**6)
    with isolated(chain), ape.reverts():
        aggregator.swap(order_over(market, sells(market, gem), 10**6, trader), sender=trader)
    assert gem.balanceOf(trader) == 10**6
    assert dai.balanceOf(thief) == 0
