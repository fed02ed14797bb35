"""`ape run quote` and `ape run swap`, without the terminal."""

from __future__ import annotations

import json

import ape
import click
import pytest

from keepers.routing.markets import VenueKind
from scripts._lib.order_splits import Ways, divided, divided_output, division_lines
from scripts._lib.orders import KINDS, Quoted, SwapSession
from scripts._lib.transactions import send
from scripts._lib.venues.uniswap_v4 import PERMIT2
from tests.fixtures.markets import SPARED, VENUES
from tests.fixtures.venues import DEEP, TOKEN

DEPTH = 10**6


@pytest.fixture
def gateway(aggregator, wrapped_coin, admin):
    return admin.deploy(ape.project.LiquidityGateway, aggregator, PERMIT2, wrapped_coin)


@pytest.fixture
def open_session(aggregator, lens, gateway, chain, tmp_path):
    """`open_session(token_in, token_out, gateway=...)`: over a record of what is there; tokens by anything."""

    def opened(token_in, token_out, with_gateway=True, assets=None):
        contracts = {"LiquidityAggregator": aggregator, "LiquidityLens": lens}
        if with_gateway:
            contracts["LiquidityGateway"] = gateway
        path = tmp_path / "localnet.json"
        addresses = {name: {"address": contract.address} for name, contract in contracts.items()}
        path.write_text(json.dumps({"contracts": addresses, "assets": assets or {}}))
        names = [getattr(token, "address", token) for token in (token_in, token_out)]
        return SwapSession.open(chain.provider.web3, path, *names)

    return opened


@pytest.fixture
def session(open_session, tokens):
    return open_session(*tokens[:2])


@pytest.fixture
def execute(trader):
    """`execute(session, trade)`: approves, simulates and sends it; what went in, what came out, and wei of gas."""

    def sent(to, data, value=0):
        return trader.call(ape.networks.ethereum.create_transaction(receiver=to, data=data, value=value))

    def done(session, trade):
        session.require_means(trade, trader.address)
        fees = 0
        for approve in session.approvals(trade, trader.address):
            fees += sent(session.tokens[0].address, approve).total_fees_paid
        session.simulate(trade, trader.address)
        receipt = sent(trade.to, trade.data, trade.value)
        return *session.outcome(str(receipt.txn_hash)), fees + receipt.total_fees_paid

    return done


def test_kinds__every_kind_of_the_aggregator__has_a_name():
    assert len(KINDS) == len(VenueKind) and len(set(KINDS)) == len(KINDS)


def test_quotes__two_markets__the_best_first(session, tokens, create_v2_pool, create_v3_pool):
    pair = create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})
    pool = create_v3_pool({tokens[0]: DEEP, tokens[1]: DEEP}, 500)
    for exact_out in (False, True):
        found = session.quotes(session.units("1.5"), exact_out)
        assert [quoted.market for quoted in found] == [pool.address, pair.address]
        assert [quoted.kind for quoted in found] == ["Uniswap V3", "Uniswap V2"]
        assert session.shown(found[0].amount).startswith("1.50" if exact_out else "1.49")


@pytest.mark.parametrize("exact_out", [False, True], ids=["exact-in", "exact-out"])
@pytest.mark.parametrize("venue", VENUES)
def test_trade__best_market_of_any_venue__does_what_was_quoted(
    open_session, execute, create_market, fund, trader, venue, exact_out
):
    market = create_market(venue)
    token_in, token_out = market.tokens
    fund(token_in, 20 * market.units[0])
    session = open_session(token_in, token_out)
    amount = market.units[1 if exact_out else 0]
    best = session.best(amount, exact_out)
    held = token_in.balanceOf(trader), token_out.balanceOf(trader)
    paid, received, _ = execute(session, session.trade(best, amount, 50, trader.address, exact_out))
    assert paid == (best.amount if exact_out else amount)
    if exact_out:
        assert received >= amount
    else:
        assert 1 <= best.amount <= received <= best.amount + SPARED.get(venue, 0)
    assert (token_in.balanceOf(trader), token_out.balanceOf(trader)) == (held[0] - paid, held[1] + received)


@pytest.fixture
def coin_pair(wrapped_coin, tokens, uniswap_v2, list_pool, liquidity_provider, chain):
    """A listed pair of the wrapped coin and a token."""
    weth = uniswap_v2.weth
    send(chain.provider.web3, liquidity_provider.address, weth.functions.deposit(), value=1000 * TOKEN)
    tokens[0].mint(liquidity_provider, 1000 * TOKEN, sender=liquidity_provider)
    amounts = {weth.address: 1000 * TOKEN, tokens[0].address: 1000 * TOKEN}
    return list_pool(uniswap_v2.add_liquidity(liquidity_provider.address, amounts), 1)


@pytest.mark.parametrize("exact_out", [False, True], ids=["exact-in", "exact-out"])
def test_trade__coin_goes_in__only_what_is_needed_is_paid(open_session, execute, trader, tokens, coin_pair, exact_out):
    session = open_session("eth", tokens[0])
    best = session.best(TOKEN, exact_out)
    trade = session.trade(best, TOKEN, 100, trader.address, exact_out)
    assert trade.approve is None and session.approvals(trade, trader.address) == []
    before = trader.balance
    paid, received, fees = execute(session, trade)
    assert tokens[0].balanceOf(trader) == received
    assert before - trader.balance - fees == paid == (best.amount if exact_out else TOKEN)


@pytest.mark.parametrize("exact_out", [False, True], ids=["exact-in", "exact-out"])
def test_trade__coin_comes_out__the_trader_gets_coin(
    open_session, execute, trader, tokens, fund_trader, coin_pair, exact_out
):
    session = open_session(tokens[0], "ETH")
    fund_trader(tokens[0], 2 * TOKEN)
    best = session.best(TOKEN, exact_out)
    before = trader.balance
    paid, received, fees = execute(session, session.trade(best, TOKEN, 100, trader.address, exact_out))
    assert trader.balance - before + fees == received == (TOKEN if exact_out else best.amount)
    assert tokens[0].balanceOf(trader) == 2 * TOKEN - paid


# -- Divided orders


def test_divided__two_markets__pays_more_than_either_and_what_was_quoted(
    session, execute, trader, tokens, create_v2_pool, create_v3_pool, fund_trader
):
    create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})
    create_v3_pool({tokens[0]: DEEP, tokens[1]: DEEP}, 3000)
    amount = DEEP // 10
    fund_trader(tokens[0], amount)
    division = divided(session, amount)
    assert len(division.quoted.paths) == 2
    assert sum(part for part, _ in division.quoted.paths) == amount
    assert division.quoted.amount > session.best(amount).amount * 1.01
    assert division.bound >= division.net and 0 <= division.gap_bps < 5
    paid, received, _ = execute(session, session.trade(division.quoted, amount, 50, trader.address))
    assert (paid, received) == (amount, division.quoted.amount)
    assert tokens[1].balanceOf(trader) == received


def test_divided__a_market_costs_more_than_it_adds__one_is_used(session, tokens, create_v2_pool, create_v3_pool):
    create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})
    create_v3_pool({tokens[0]: DEEP, tokens[1]: DEEP}, 3000)
    division = divided(session, TOKEN, TOKEN)
    assert len(division.quoted.paths) == 1
    assert division.net == session.best(TOKEN).amount - TOKEN
    assert division.bound >= division.net


def test_divided__one_market_only__is_its_quote(session, tokens, create_v2_pool):
    pair = create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})
    division = divided(session, TOKEN)
    assert division.quoted.markets == (pair.address,)
    assert division.quoted.amount == session.best(TOKEN).amount


@pytest.mark.parametrize("amount", [1, 2, 3])
def test_divided__dust__never_loses_to_one_market(session, tokens, create_v2_pool, create_v3_pool, amount):
    create_v2_pool({tokens[0]: DEEP, tokens[1]: 10 * DEEP})
    create_v3_pool({tokens[0]: DEEP, tokens[1]: 10 * DEEP}, 3000)
    division = divided(session, amount)
    assert division.quoted.amount >= session.best(amount).amount
    assert sum(part for part, _ in division.quoted.paths) == amount


@pytest.mark.parametrize("venue", VENUES)
def test_divided__best_market_of_any_venue__does_what_was_quoted(
    open_session, execute, create_market, fund, trader, venue
):
    market = create_market(venue)
    fund(market.tokens[0], 20 * market.units[0])
    session = open_session(*market.tokens)
    amount = market.units[0]
    division = divided(session, amount)
    paid, received, _ = execute(session, session.trade(division.quoted, amount, 50, trader.address))
    assert paid == amount
    assert 1 <= division.quoted.amount <= received <= division.quoted.amount + SPARED.get(venue, 0)
    assert division.gap_bps >= 0


def test_divided_output__two_markets__takes_less_than_either_and_what_was_quoted(
    session, execute, trader, tokens, create_v2_pool, create_v3_pool, fund_trader
):
    create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})
    create_v3_pool({tokens[0]: DEEP, tokens[1]: DEEP}, 3000)
    wanted = DEEP // 10
    fund_trader(tokens[0], DEEP)
    division = divided_output(session, wanted)
    assert sum(part for part, _ in division.quoted.paths) == wanted and len(division.quoted.paths) == 2
    assert division.quoted.amount < session.best(wanted, True).amount * 0.99
    assert 0 < division.bound <= division.net and 0 <= division.gap_bps < 5
    paid, received, _ = execute(session, session.trade(division.quoted, wanted, 50, trader.address, True))
    assert (paid, received) == (division.quoted.amount, wanted)


@pytest.fixture
def chain_of_pairs(tokens, create_v2_pool):
    """Pairs that join the first two tokens by way of the third; returns both."""
    return [create_v2_pool({tokens[end]: DEEP, tokens[2]: DEEP}) for end in (0, 1)]


@pytest.mark.parametrize("exact_out", [False, True], ids=["exact-in", "exact-out"])
def test_divided__no_market_of_the_pair__goes_over_two_hops(
    session, execute, trader, tokens, chain_of_pairs, fund_trader, exact_out
):
    fund_trader(tokens[0], DEEP)
    amount = DEEP // 100
    division = (divided_output if exact_out else divided)(session, amount, ways=Ways(2))
    assert division.quoted.markets == tuple(pair.address for pair in chain_of_pairs)
    paid, received, _ = execute(session, session.trade(division.quoted, amount, 50, trader.address, exact_out))
    assert (paid, received) == ((division.quoted.amount, amount) if exact_out else (amount, division.quoted.amount))
    assert 0 <= division.gap_bps < 5


def test_divided__a_direct_market_beside_two_hops__uses_both(
    session, execute, trader, tokens, create_v2_pool, chain_of_pairs, fund_trader
):
    create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})
    amount = DEEP // 10
    fund_trader(tokens[0], amount)
    division = divided(session, amount, ways=Ways(2))
    assert sorted(len(hops) for _, hops in division.quoted.paths) == [1, 2]
    assert division.quoted.amount > divided(session, amount).quoted.amount
    paid, received, _ = execute(session, session.trade(division.quoted, amount, 50, trader.address))
    assert (paid, received) == (amount, division.quoted.amount)


@pytest.mark.parametrize("by_kind", [True, False], ids=["kind", "key"])
def test_divided__excluded_market__goes_elsewhere(session, tokens, create_v2_pool, create_v3_pool, by_kind):
    pair = create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})
    pool = create_v3_pool({tokens[0]: DEEP, tokens[1]: DEEP}, 3000)
    ways = Ways(1, ("uniswap v2" if by_kind else pair.address,))
    assert divided(session, DEEP // 10, ways=ways).quoted.markets == (pool.address,)


@pytest.mark.parametrize(
    ("ways", "reason"),
    [((1, ("Uniswap V9",)), "venue uniswap v9: neither"), ((1, ("Uniswap V2",)), "no route takes"), ((0,), "0 hops")],
)
def test_divided__limits_that_make_no_sense__one_line(session, tokens, create_v2_pool, ways, reason):
    create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})
    with pytest.raises(click.ClickException, match=reason):
        divided(session, TOKEN, ways=Ways(*ways))


def test_divided__coin_for_tokens__parts_go_through_the_gateway(open_session, execute, trader, tokens, coin_pair):
    session = open_session("ETH", tokens[0])
    division = divided(session, TOKEN)
    paid, received, _ = execute(session, session.trade(division.quoted, TOKEN, 50, trader.address))
    assert (paid, received) == (TOKEN, division.quoted.amount)


def test_division_lines__two_markets__bound_and_a_line_each(session, tokens, create_v2_pool, create_v3_pool):
    create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})
    create_v3_pool({tokens[0]: DEEP, tokens[1]: DEEP}, 3000)
    division = divided(session, DEEP // 10)
    bound, *parts = division_lines(session, division)
    assert bound.startswith(f"  at most      {session.shown(division.bound)}, ") and bound.endswith(" bps above")
    assert [line.split()[-1] for line in parts] == [market for _, ((market, _),) in division.quoted.paths]
    assert sum(float(line.split("%")[0]) for line in parts) == pytest.approx(100, abs=0.02)


def test_divided__every_market_refuses__one_line(open_session, regulated_pool):
    _, note, dollars = regulated_pool(admitted=False)
    with pytest.raises(click.ClickException, match=r"no market trades .*does not admit the pool"):
        divided(open_session(dollars, note), TOKEN)


def test_divided__no_market__one_line(session):
    with pytest.raises(click.ClickException, match="no listed market trades"):
        divided(session, TOKEN)


def test_divided__beyond_2_to_the_128__one_line(session, tokens, create_v2_pool):
    create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})
    with pytest.raises(click.ClickException, match="not below 2\\^128"):
        divided(session, 2**128)


@pytest.mark.parametrize(("text", "units"), [("0", 0), ("0.0", 0), ("0.5", TOKEN // 2)])
def test_cost_units__typed__is_smallest_units(session, text, units):
    assert session.cost_units(text) == units


@pytest.mark.parametrize("text", ["", ".", "-1", "nan", "cheap"])
def test_cost_units__no_cost__one_line(session, text):
    with pytest.raises(click.ClickException, match="amount"):
        session.cost_units(text)


def test_trade__price_moved_beyond_the_slippage__one_line_and_nothing_sent(
    session, aggregator, trader, thief, tokens, create_v2_pool, fund_trader, make_order
):
    pair = create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})
    fund_trader(tokens[0], TOKEN)
    trade = session.trade(session.best(TOKEN), TOKEN, 10, trader.address)
    tokens[0].mint(thief, DEEP // 100, sender=thief)
    tokens[0].approve(aggregator, DEEP, sender=thief)
    aggregator.swap(make_order(tokens[:2], (DEEP // 100, pair), recipient=thief.address), sender=thief)
    with pytest.raises(click.ClickException, match=r"revert: LiquidityAggregator__InsufficientOutput\(amountOut="):
        session.simulate(trade, trader.address)


def test_approvals__something_left_of_an_exact_output__is_taken_back_first(
    session, execute, aggregator, trader, tokens, create_v2_pool
):
    create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})
    tokens[0].mint(trader, 10 * TOKEN, sender=trader)
    execute(session, session.trade(session.best(TOKEN, True), TOKEN, 100, trader.address, True))
    assert 0 < tokens[0].allowance(trader, aggregator) < TOKEN
    trade = session.trade(session.best(TOKEN), TOKEN, 100, trader.address)
    assert [int.from_bytes(data[-32:], "big") for data in session.approvals(trade, trader.address)] == [0, TOKEN]
    execute(session, trade)
    assert tokens[0].allowance(trader, aggregator) == 0


def test_best__every_market_refuses__says_why(session, tokens, create_v2_pool):
    create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})
    with pytest.raises(click.ClickException, match=r"no market trades .*: Uniswap V2 0x"):
        session.best(2 * DEEP, exact_out=True)


def test_require_means__too_little_of_token_or_coin__one_line(open_session, trader, tokens, coin_pair):
    for names in ((tokens[0], "ETH"), ("ETH", tokens[0])):
        session = open_session(*names)
        trade = session.trade(Quoted(coin_pair.address, "", True, 10**30), 10**30, 0, trader.address)
        with pytest.raises(click.ClickException, match=r"holds .* that this may take; type less"):
            session.require_means(trade, trader.address)


def test_open__symbol_of_the_record__is_its_token(open_session, tokens):
    session = open_session("ONE", tokens[1], assets={"ONE": tokens[0].address})
    assert session.tokens[0].address == tokens[0].address
    assert session.shown(TOKEN, 0) == "1 ONE"


def test_quotes__no_market__one_line(session):
    with pytest.raises(click.ClickException, match="no listed market trades"):
        session.quotes(TOKEN)


@pytest.mark.parametrize(
    "amount", ["0", "-1", "NaN", "Infinity", "ten", "0.0000000000000000001", "1e60", "1e999999", str(2**256)]
)
def test_units__no_amount__one_line(session, amount):
    with pytest.raises(click.ClickException, match="amount"):
        session.units(amount)


@pytest.mark.parametrize("amount", ["123456789012345678901.123456789012345678", "1" + "0" * 40 + ".000000000000000001"])
def test_units__more_digits_than_a_float_or_a_decimal_keeps__none_is_lost(session, amount):
    assert session.units(amount) == int(amount.replace(".", ""))
    assert session.shown(session.units(amount), 0).startswith(f"{amount} ")


def test_open__unknown_name__says_which_are_known(open_session, tokens):
    with pytest.raises(click.ClickException, match=r"token TWO: neither an address nor .* \(ONE, ETH\)"):
        open_session("TWO", tokens[1], assets={"ONE": tokens[0].address})


def test_open__no_record__one_line(chain, tokens, tmp_path):
    with pytest.raises(click.ClickException, match="no record of a deployment"):
        SwapSession.open(chain.provider.web3, tmp_path / "nothing.json", tokens[0].address, tokens[1].address)


def test_open__token_without_code__one_line(open_session, tokens, thief):
    with pytest.raises(click.ClickException, match="no contract there"):
        open_session(tokens[0], thief.address)


def test_open__coin_without_a_gateway__one_line(open_session, tokens):
    with pytest.raises(click.ClickException, match="no LiquidityGateway; name a token"):
        open_session("ETH", tokens[0], with_gateway=False)


def test_open__coin_for_its_wrapped_token__one_line(open_session, wrapped_coin):
    with pytest.raises(click.ClickException, match="are the same token"):
        open_session("ETH", wrapped_coin)


# -- Regulated tokens


@pytest.fixture
def regulated_pool(
    create_token,
    create_settlement,
    uniswap_v3,
    list_pool,
    admit_venue,
    register,
    identity_registry,
    compliance_officer,
    issuer,
    liquidity_provider,
):
    """`regulated_pool(admitted=True)`: a listed V3 pool of a regulated token and dollars, and both tokens."""

    def created(admitted=True):
        note, dollars = create_token("NOTE"), create_settlement("USD", 18)
        register(liquidity_provider)
        note.mint(liquidity_provider, DEPTH * TOKEN, sender=issuer)
        dollars.mint(liquidity_provider, DEPTH * TOKEN, sender=liquidity_provider)
        amounts = {note.address: DEPTH * TOKEN, dollars.address: DEPTH * TOKEN}
        pool = uniswap_v3.create_pool(amounts, 3000)
        admit_venue(pool.address)
        admit_venue(uniswap_v3.position_manager.address)
        uniswap_v3.add_liquidity(liquidity_provider.address, pool, amounts)
        if not admitted:
            identity_registry.setVenueAccount(pool.address, False, sender=compliance_officer)
        return list_pool(pool, 2), note, dollars

    return created


def test_explained__v3_pool_pays_a_regulated_token_for_its_quote__names_the_account(
    open_session, regulated_pool, aggregator
):
    pool, note, dollars = regulated_pool()
    (refused,) = open_session(dollars, note).quotes(TOKEN)
    told = open_session(dollars, note).explained(refused)
    assert (refused.market, refused.amount) == (pool.address, 0)
    assert told.startswith('Error("TF"): ')
    assert f"does not admit {aggregator.quotes()}, which a pool of this kind pays" in told


def test_explained__pool_is_not_admitted__names_the_pool_and_who_can_do_it(open_session, regulated_pool):
    pool, note, dollars = regulated_pool(admitted=False)
    session = open_session(dollars, note)
    told = session.explained(session.quotes(TOKEN)[0])
    assert f"does not admit the pool {pool.address}" in told
    assert "makes it a venue account" in told


def test_simulate__trader_may_not_hold_the_token__names_the_trader(open_session, regulated_pool, trader, fund_trader):
    pool, note, dollars = regulated_pool()
    session = open_session(dollars, note)
    fund_trader(dollars, TOKEN)
    quoted = Quoted(pool.address, "Uniswap V3", int(dollars.address, 16) < int(note.address, 16), TOKEN // 2)
    trade = session.trade(quoted, TOKEN, 50, trader.address)
    with pytest.raises(click.ClickException, match=f"TF.*does not admit {trader.address}: .*not registered"):
        session.simulate(trade, trader.address)
