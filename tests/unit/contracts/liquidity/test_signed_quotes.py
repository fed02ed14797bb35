"""Signed quotes of AirSwap's makers: docs/venues/airswap.md."""

from __future__ import annotations

import ape
import pytest
from eth_utils import keccak

from scripts._lib.transactions import send
from scripts._lib.venues.airswap import FEE_BPS, quoted_path
from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256
from tests.fixtures.markets import SIGNED_QUOTE, TERMS
from tests.fixtures.venues import DEEP, TOKEN, in_words
from tests.isolation import isolated
from tests.reverts import reverts

NONCE, EXPIRY, MAKER, MAKER_AMOUNT, TAKER_AMOUNT, V, R, S = range(8)
LAST = 1 << 161
IN, OUT = 100 * TOKEN, 250 * TOKEN
BPS = 10_000


@pytest.fixture
def airswap_error(airswap):
    """`airswap_error(name)`: an error of SwapERC20."""
    found = ape.Contract(airswap.address, abi=airswap.abi)
    return lambda name: getattr(found, name)


@pytest.fixture
def quote_desk(create_quote_desk, trader):
    """The trader's desk of signed quotes."""
    return create_quote_desk(trader)


@pytest.fixture
def maker_market(quote_desk, maker, stock_maker, trader, fund_trader, tokens):
    """The maker's quotes over the first two tokens; maker and trader have enough of both."""
    for token in tokens[:2]:
        stock_maker(maker, token, 10 * OUT)
        fund_trader(token, 10 * IN)
    return quote_desk.list_maker(maker, *tokens[:2])


@pytest.fixture
def quoted(quote_desk, maker, tokens):
    """`quoted(...)`: OUT of the second token for IN of the first; fields can be given by name."""
    return lambda **changes: quote_desk.quote(maker, tokens[1], OUT, tokens[0], IN, **changes)


@pytest.fixture
def take(aggregator, trader, tokens):
    """`take(route)`: by the trader, from the first token to the second."""
    return lambda route, sender=None: aggregator.swapRoute(
        tokens[0], tokens[1], 0, FAR_FUTURE, route, sender=sender or trader
    )


# -- Execution


@pytest.mark.parametrize("up", [True, False])
def test_swap_route__signed_quote__pays_exactly_that(aggregator, quote_desk, maker, trader, tokens, maker_market, up):
    gets, pays = tokens[:2] if up else tokens[1::-1]
    quote = quote_desk.quote(maker, pays, OUT, gets, IN)
    before = {(token, who): token.balanceOf(who) for token in (gets, pays) for who in (maker, trader)}
    receipt = aggregator.swapRoute(
        gets, pays, OUT, FAR_FUTURE, quote_desk.path(maker_market, quote, maker), sender=trader
    )
    moved = {key: key[0].balanceOf(key[1]) - held for key, held in before.items()}
    fee = OUT * FEE_BPS // BPS
    assert moved == {(gets, maker): IN, (gets, trader): -IN, (pays, maker): -OUT - fee, (pays, trader): OUT}
    assert receipt.return_value == OUT
    assert all(token.balanceOf(who) == 0 for token in (gets, pays) for who in (aggregator, quote_desk.adapter))


@pytest.mark.parametrize(("places", "amounts"), [((0, 6), (7, 3)), ((6, 8), (10**9, 1)), ((8, 18), (1, 10**30))])
def test_swap_route__tokens_of_any_decimals__pays(
    aggregator, quote_desk, maker, trader, stock_maker, fund_trader, create_settlement, places, amounts
):
    gets, pays = (create_settlement(f"D{place}", place) for place in places)
    amount_in, amount_out = amounts
    stock_maker(maker, pays, 2 * amount_out)
    fund_trader(gets, amount_in)
    maker_market = quote_desk.list_maker(maker, gets, pays)
    quote = quote_desk.quote(maker, pays, amount_out, gets, amount_in)
    aggregator.swapRoute(gets, pays, amount_out, FAR_FUTURE, quote_desk.path(maker_market, quote, maker), sender=trader)
    assert pays.balanceOf(trader) == amount_out


def test_swap_route__quote_beside_a_pool__both_paths_run(
    aggregator, chain, quote_desk, create_v2_pool, maker, trader, tokens, maker_market, quoted, take
):
    pair = create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})
    through_pair = in_words([(TOKEN, [(pair.address, True)])])
    held = tokens[1].balanceOf(trader)
    with isolated(chain):
        take(through_pair)
        alone = tokens[1].balanceOf(trader) - held
    path = quote_desk.path(maker_market, quoted(), maker)
    for route in ([*path, *through_pair], [*through_pair, *path]):
        with isolated(chain):
            receipt = take(route)
            assert receipt.return_value == tokens[1].balanceOf(trader) - held == OUT + alone


def test_swap_with_callback__signed_quote__pays(
    aggregator, admin, project, create_quote_desk, maker, trader, stock_maker, tokens, fund_trader
):
    payer = admin.deploy(project.CallbackPayer, aggregator)
    quote_desk = create_quote_desk(payer)
    stock_maker(maker, tokens[1], 2 * OUT)
    fund_trader(tokens[0], IN)
    tokens[0].approve(payer, IN, sender=trader)
    maker_market = quote_desk.list_maker(maker, *tokens[:2])
    path = quote_desk.path(maker_market, quote_desk.quote(maker, tokens[1], OUT, tokens[0], IN), maker)
    payer.swap(tokens[0], tokens[1], path, sender=trader)
    assert tokens[1].balanceOf(trader) == OUT


def test_swap_route__maker_is_a_contract__its_signature_counts(
    aggregator, admin, project, airswap, quote_desk, stock_maker, impersonated, maker, trader, tokens, fund_trader
):
    wallet = admin.deploy(project.OwnedWallet, maker)
    tokens[1].mint(wallet, 2 * OUT, sender=admin)
    tokens[1].approve(airswap.address, MAX_UINT256, sender=impersonated(wallet))
    fund_trader(tokens[0], IN)
    maker_market = quote_desk.list_maker(wallet, *tokens[:2])
    quote = quote_desk.quote(wallet, tokens[1], OUT, tokens[0], IN)
    aggregator.swapRoute(
        tokens[0], tokens[1], OUT, FAR_FUTURE, quote_desk.path(maker_market, quote, maker), sender=trader
    )
    assert tokens[1].balanceOf(trader) == OUT


# -- Quotes that do not count


@pytest.mark.parametrize("word", [NONCE, EXPIRY, MAKER_AMOUNT, V, R, S])
def test_swap_route__word_of_the_quote_changed__the_signature_is_of_another(
    quote_desk, maker, maker_market, quoted, take, airswap_error, word
):
    words = list(quote_desk.words(quoted(), maker))
    words[word] += 1
    with reverts(airswap_error("SignatureInvalid")):
        take(quoted_path(maker_market, True, IN, tuple(words)))


def test_swap_route__quote_is_signed_by_somebody_else__refused(
    quote_desk, thief, maker_market, quoted, take, airswap_error
):
    with reverts(airswap_error("SignatureInvalid")):
        take(quote_desk.path(maker_market, quoted(), thief))


def test_swap_route__quote_of_a_maker_who_is_not_listed__refused(
    quote_desk, maker, thief, stock_maker, tokens, maker_market, take
):
    stock_maker(thief, tokens[1], 2 * OUT)
    quote = quote_desk.quote(thief, tokens[1], OUT, tokens[0], IN)
    with reverts(quote_desk.adapter.AirSwapAdapter__WrongMaker, thief.address, maker.address):
        take(quote_desk.path(maker_market, quote, thief))


def test_swap_route__quote_of_a_maker_without_the_token__nothing_moves(
    quote_desk, thief, trader, tokens, maker_market, take, airswap_error
):
    """AirSwap's library for transfers has this error."""
    theirs = quote_desk.list_maker(thief, *tokens[:2])
    quote = quote_desk.quote(thief, tokens[1], OUT, tokens[0], IN)
    held = tokens[0].balanceOf(trader)
    with reverts(airswap_error("TransferFromFailed")):
        take(quote_desk.path(theirs, quote, thief))
    assert tokens[0].balanceOf(trader) == held


def test_swap_route__quote_used_before__refused(quote_desk, maker, maker_market, quoted, take, airswap_error):
    path = quote_desk.path(maker_market, quoted(), maker)
    take(path)
    with reverts(airswap_error("NonceAlreadyUsed"), path[2]):
        take(path)


def test_swap_route__quote_expired__refused(chain, quote_desk, maker, maker_market, quoted, take, airswap_error):
    path = quote_desk.path(maker_market, quoted(expiry=chain.pending_timestamp - 1), maker)
    with reverts(airswap_error("OrderExpired")):
        take(path)


def test_swap_route__airswap_changed_its_fee__what_was_signed_before_does_not_count(
    admin, airswap, quote_desk, maker, maker_market, quoted, take, airswap_error
):
    path = quote_desk.path(maker_market, quoted(), maker)
    send(airswap.w3, admin.address, airswap.functions.setProtocolFee(FEE_BPS + 1))
    with reverts(airswap_error("SignatureInvalid")):
        take(path)


@pytest.mark.parametrize("amount", [IN - 1, IN + 1])
def test_swap_route__another_amount_than_the_quotes__refused(quote_desk, maker, maker_market, quoted, take, amount):
    words = quote_desk.words(quoted(), maker)
    with reverts(quote_desk.adapter.AirSwapAdapter__WrongAmount, amount, IN):
        take(quoted_path(maker_market, True, amount, words))


@pytest.mark.parametrize("count", [7, 9])
def test_swap_route__quote_of_another_length__refused(quote_desk, maker, maker_market, quoted, take, count):
    words = (*quote_desk.words(quoted(), maker), 0)[:count]
    with reverts(quote_desk.adapter.AirSwapAdapter__BrokenQuote, count, 8):
        take(quoted_path(maker_market, True, IN, words))


def test_swap_route__quote_breaks_off__empty_route(aggregator, quote_desk, maker, maker_market, quoted, take):
    with reverts(aggregator.LiquidityAggregator__EmptyRoute):
        take(quote_desk.path(maker_market, quoted(), maker)[:-1])


def test_swap_route__other_way_round__wrong_tokens(aggregator, quote_desk, maker, maker_market, quoted, take):
    words = quote_desk.words(quoted(), maker)
    with reverts(aggregator.LiquidityAggregator__WrongTokens):
        take(quoted_path(maker_market, False, IN, words))


def test_swap_route__token_takes_a_fee__refused(
    aggregator, admin, project, quote_desk, maker, trader, stock_maker, tokens
):
    taxed = admin.deploy(project.FeeOnTransferToken, False)
    taxed.mint(trader, IN, sender=trader)
    taxed.approve(aggregator, IN, sender=trader)
    stock_maker(maker, tokens[1], 2 * OUT)
    maker_market = quote_desk.list_maker(maker, taxed, tokens[1])
    path = quote_desk.path(maker_market, quote_desk.quote(maker, tokens[1], OUT, taxed, IN), maker)
    with reverts(aggregator.LiquidityAggregator__BalanceMismatch):
        aggregator.swapRoute(taxed, tokens[1], 0, FAR_FUTURE, path, sender=trader)


# -- Quotes that others see


def test_swap_route__stolen_from_the_mempool__serves_nobody_else(
    aggregator, quote_desk, maker, trader, thief, tokens, maker_market, quoted, take
):
    tokens[0].mint(thief, IN, sender=thief)
    tokens[0].approve(aggregator, IN, sender=thief)
    path = quote_desk.path(maker_market, quoted(), maker)
    with reverts(quote_desk.adapter.AirSwapAdapter__WrongRecipient, thief.address, trader.address):
        take(path, sender=thief)
    take(path)


def test_swap_route__stolen_by_another_client_of_the_maker__the_signature_is_of_another(
    aggregator, create_quote_desk, quote_desk, maker, thief, tokens, maker_market, quoted, take, airswap_error
):
    theirs = create_quote_desk(thief).list_maker(maker, *tokens[:2])
    tokens[0].mint(thief, IN, sender=thief)
    tokens[0].approve(aggregator, IN, sender=thief)
    words = quote_desk.words(quoted(), maker)
    with reverts(airswap_error("SignatureInvalid")):
        take(quoted_path(theirs, True, IN, words), sender=thief)


def test_swap__straight_at_the_adapter__refused(quote_desk, maker, trader, thief, tokens, quoted):
    id_ = bytes(12) + bytes.fromhex(maker.address[2:])
    words = list(quote_desk.words(quoted(), maker))
    with reverts(quote_desk.adapter.AirSwapAdapter__OnlyAggregator, thief.address):
        quote_desk.adapter.swap(id_, tokens[0], tokens[1], IN, trader, words, sender=thief)


def test_swap_route__market_delisted__refused(aggregator, guardian, quote_desk, maker, maker_market, quoted, take):
    path = quote_desk.path(maker_market, quoted(), maker)
    aggregator.delistPool(maker_market, sender=guardian)
    with reverts(aggregator.LiquidityAggregator__PoolNotListed, maker_market):
        take(path)


# -- Where a quote is missing


@pytest.fixture
def pair(create_v2_pool, tokens):
    return create_v2_pool({tokens[1]: DEEP, tokens[2]: DEEP})


@pytest.fixture
def needs_quote(aggregator, maker_market):
    """`needs_quote(target)`: a refusal for want of a quote; of the market, or of what it calls."""
    return lambda target=maker_market: reverts(aggregator.LiquidityAggregator__QuoteMissing, target)


def test_swap_route__without_a_quote__refused(maker_market, take, needs_quote):
    with needs_quote():
        take([IN, int(maker_market, 16) | 1 << 160 | LAST])


def test_swap_route__quote_before_another_hop__refused(
    aggregator, quote_desk, maker, trader, tokens, maker_market, quoted, pair, needs_quote
):
    amount, hop, *words = quote_desk.path(maker_market, quoted(), maker)
    onward = int(pair.address, 16) | 1 << 160 | LAST
    with needs_quote():
        aggregator.swapRoute(tokens[0], tokens[2], 0, FAR_FUTURE, [amount, hop ^ LAST, *words, onward], sender=trader)


def test_swap_route__quote_behind_another_hop__refused(
    aggregator, quote_desk, maker, trader, tokens, maker_market, pair, fund_trader, needs_quote
):
    fund_trader(tokens[2], IN)
    _, hop, *words = quote_desk.path(maker_market, quote_desk.quote(maker, tokens[0], OUT, tokens[1], IN), maker)
    with needs_quote():
        aggregator.swapRoute(
            tokens[2], tokens[0], 0, FAR_FUTURE, [IN, int(pair.address, 16), hop, *words], sender=trader
        )


def test_swap_with_callback__one_word_without_a_quote__refused(
    aggregator, admin, project, trader, tokens, maker_market, needs_quote
):
    payer = admin.deploy(project.CallbackPayer, aggregator)
    tokens[0].approve(payer, IN, sender=trader)
    with needs_quote():
        payer.swap(tokens[0], tokens[1], [IN, int(maker_market, 16) | 1 << 160 | LAST], sender=trader)


def test_swap__order_without_words__refused(
    aggregator, lens, quote_desk, trader, tokens, maker_market, make_order, needs_quote
):
    order = make_order(tokens[:2], (IN,))
    order["paths"] = [(IN, [(maker_market, True)])]
    with needs_quote():
        aggregator.swap(order, sender=trader)
    with needs_quote():
        aggregator.swapSingle(maker_market, tokens[0], tokens[1], IN, 0, FAR_FUTURE, sender=trader)
    bought = (tokens[0], tokens[1], OUT, MAX_UINT256, trader, FAR_FUTURE, [(OUT, [(maker_market, True)])])
    for call in (
        lambda: lens.quoteOrder.call(order),
        lambda: lens.quoteExactOut.call(bought),
        lambda: aggregator.swapExactOut(bought, TERMS, sender=trader),
        lambda: aggregator.swapExactOutSingle(
            maker_market, tokens[0], tokens[1], OUT, MAX_UINT256, FAR_FUTURE, sender=trader
        ),
    ):
        with needs_quote(quote_desk.adapter.address):
            call()


def test_quote_pair__market_of_signed_quotes__says_why_it_answers_nothing(aggregator, lens, tokens, maker_market):
    (found,) = lens.quotePair.call(tokens[0], tokens[1], [IN], 1)
    assert (found.market, list(found.amountsOut), list(found.state)) == (maker_market, [0], [])
    assert found.failure[:4] == keccak(text="LiquidityAggregator__QuoteMissing(address)")[:4]


# -- Listing


@pytest.mark.parametrize(("fee", "param", "id_"), [(1, 0, 5), (0, 1, 5), (0, 0, 0), (0, 0, 1 << 160)])
def test_list_market__not_of_one_maker__refused(aggregator, manager, quote_desk, tokens, fee, param, id_):
    market = (SIGNED_QUOTE, fee, quote_desk.adapter, param, id_.to_bytes(32, "big"), tokens[0], tokens[1])
    with reverts(aggregator.LiquidityAggregator__InvalidVenue):
        aggregator.listMarket(market, sender=manager)


# -- Regulated tokens


@pytest.mark.parametrize("eligible", [True, False])
def test_swap_route__regulated_token__moves_between_eligible_holders_only(
    aggregator,
    airswap,
    quote_desk,
    create_token,
    register,
    admit_venue,
    issuer,
    maker,
    trader,
    tokens,
    stock_maker,
    airswap_error,
    eligible,
):
    bond = create_token("BOND")
    register(trader)
    bond.mint(trader, IN, sender=issuer)
    bond.approve(aggregator, IN, sender=trader)
    for account in (quote_desk.adapter.address, airswap.address):
        admit_venue(account)
    if eligible:
        register(maker)
    stock_maker(maker, tokens[0], 2 * OUT)
    maker_market = quote_desk.list_maker(maker, bond, tokens[0])
    path = quote_desk.path(maker_market, quote_desk.quote(maker, tokens[0], OUT, bond, IN), maker)
    if eligible:
        aggregator.swapRoute(bond, tokens[0], OUT, FAR_FUTURE, path, sender=trader)
        assert bond.balanceOf(maker) == IN
    else:
        with reverts(airswap_error("TransferFromFailed")):
            aggregator.swapRoute(bond, tokens[0], OUT, FAR_FUTURE, path, sender=trader)
        assert bond.balanceOf(trader) == IN
