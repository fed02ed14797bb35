"""I6: which signed rebalances run, and I1-I2 against whoever holds the signing key."""

import pytest
from ape import Contract
from ape.exceptions import ContractLogicError
from eth_utils import keccak

from scripts._lib.artifacts import package_artifact
from tests.fixtures.deployment import HOUR
from tests.fixtures.portfolio import SIGNAL_NONCE, SIGNAL_PORTFOLIO, SIGNAL_TARGETS, USD, WINDOW, order, order_of_paths
from tests.fixtures.protocol import DAY, WAD
from tests.reverts import reverts

TARGETS = [9 * WAD // 10, WAD // 10, 0, 0]


def test_rebalance__signed__trades_towards_the_targets(ready, signal_sender, buy):
    signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000))
    values = ready.positions().values
    assert values[1] / sum(values) == pytest.approx(0.1, abs=0.002)


def test_rebalance__anyone_sends__passes(ready, signal_sender, buy, thief):
    signal_sender.sender = thief
    signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000))


# -- Prices that hold for NAV and are too old to trade at


def test_rebalance__at_the_previous_close__reverts(ready, signal_sender, buy, oracle, universe, admin, chain):
    """The market has moved overnight, the answer has not: the loss budget would see nothing of it."""
    stock, feed = universe.stocks[0], universe.feeds[0]
    oracle.setTradingWindow(stock, (HOUR, 0, 0, 0), sender=admin)
    (_, answer, _, updated, _) = feed.latestRoundData()
    chain.mine(timestamp=updated + 2 * HOUR)
    with reverts(oracle.PriceOracle__TooOldToTrade, stock, updated, HOUR):
        signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000))
    feed.setAnswer(answer, sender=admin)
    signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000))


def test_rebalance__market_closed__reverts_and_investors_still_leave(
    ready, signal_sender, buy, oracle, universe, admin, investor, chain
):
    closed = chain.pending_timestamp // 60 % 1440
    window = (DAY, 0, closed, 0x7F) if closed > 720 else (DAY, closed + 60, 1440, 0x7F)
    oracle.setTradingWindow(universe.stocks[0], window, sender=admin)
    with reverts(oracle.PriceOracle__MarketClosed, universe.stocks[0], *window[1:]):
        signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000))
    ready.withdraw(1000 * USD, investor, investor, sender=investor)


def test_rebalance__an_asset_that_is_not_traded_is_closed__passes(
    ready, signal_sender, buy, oracle, universe, admin, chain
):
    oracle.setTradingWindow(universe.stocks[1], (60, 0, 0, 0), sender=admin)
    chain.mine(timestamp=chain.pending_timestamp + HOUR)
    signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000))


def test_rebalance__an_asset_without_a_trading_window__reverts(ready, signal_sender, buy, oracle, universe, admin):
    """Nobody has said how old its prices may be."""
    stock = universe.stocks[0]
    oracle.setTradingWindow(stock, (0, 0, 0, 0), sender=admin)
    with reverts(oracle.PriceOracle__NoTradingWindow, stock):
        signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000))


# -- What was signed


def test_rebalance__replayed__reverts(ready, signal_sender, buy, auto_rebalancer, thief):
    orders = buy(ready, 50_000)
    signal = signal_sender.signal(ready, TARGETS, orders, band=1000)
    signatures = signal_sender.sign(signal)
    auto_rebalancer.rebalance(signal, orders, signatures, sender=thief)
    with reverts(auto_rebalancer.AutoRebalancer__NonceUsed, ready, signal[SIGNAL_NONCE]):
        auto_rebalancer.rebalance(signal, orders, signatures, sender=thief)


def test_rebalance__expired__reverts(ready, signal_sender, buy, auto_rebalancer, chain, thief):
    orders = buy(ready, 50_000)
    signal = signal_sender.signal(ready, TARGETS, orders)
    chain.mine(timestamp=chain.pending_timestamp + 2 * HOUR)
    with reverts(auto_rebalancer.AutoRebalancer__Expired):
        auto_rebalancer.rebalance(signal, orders, signal_sender.sign(signal), sender=thief)


def test_rebalance__too_early__reverts(ready, signal_sender, buy, auto_rebalancer, chain):
    with reverts(auto_rebalancer.AutoRebalancer__NotYetValid):
        signal_sender.rebalance(ready, TARGETS, buy(ready, 50_000), valid_from=chain.pending_timestamp + HOUR)


def test_rebalance__other_orders_than_signed__reverts(ready, signal_sender, buy, auto_rebalancer, thief):
    signal = signal_sender.signal(ready, TARGETS, buy(ready, 50_000))
    with reverts(auto_rebalancer.AutoRebalancer__WrongOrders):
        auto_rebalancer.rebalance(signal, buy(ready, 60_000), signal_sender.sign(signal), sender=thief)


def test_rebalance__targets_changed_after_signing__reverts(
    ready, signal_sender, buy, auto_rebalancer, signer_sets, thief
):
    orders = buy(ready, 50_000)
    signal = signal_sender.signal(ready, TARGETS, orders)
    signatures = signal_sender.sign(signal)
    signal[SIGNAL_TARGETS] = [8 * WAD // 10, 2 * WAD // 10, 0, 0]
    with reverts(signer_sets.SignerSets__BadSignature):
        auto_rebalancer.rebalance(signal, orders, signatures, sender=thief)


def test_rebalance__stranger_signed__reverts(ready, signal_sender, buy, signer_sets, thief):
    signal_sender.signers = [thief]
    with reverts(signer_sets.SignerSets__NotASigner):
        signal_sender.rebalance(ready, TARGETS, buy(ready, 50_000))


def test_rebalance__nobody_signed__reverts(ready, signal_sender, buy, auto_rebalancer, signer_sets, thief):
    orders = buy(ready, 50_000)
    with reverts(signer_sets.SignerSets__BelowQuorum):
        auto_rebalancer.rebalance(signal_sender.signal(ready, TARGETS, orders), orders, [], sender=thief)


def test_rebalance__signed_for_another_portfolio__reverts(
    ready, create_portfolio, deposit, investor, signal_sender, buy, auto_rebalancer, signer_sets, thief, guardian
):
    """The same people sign for both; a signal names its portfolio."""
    other = create_portfolio()
    orders = buy(other, 50_000)
    signal = signal_sender.signal(ready, TARGETS, orders)
    signatures = signal_sender.sign(signal)
    signal[SIGNAL_PORTFOLIO] = str(other.address)
    with reverts(signer_sets.SignerSets__BadSignature):
        auto_rebalancer.rebalance(signal, orders, signatures, sender=thief)


def test_rebalance__cancelled_nonce__reverts(ready, signal_sender, buy, auto_rebalancer, guardian, thief):
    orders = buy(ready, 50_000)
    signal = signal_sender.signal(ready, TARGETS, orders)
    auto_rebalancer.cancelNonce(ready, signal[SIGNAL_NONCE], sender=guardian)
    with reverts(auto_rebalancer.AutoRebalancer__NonceUsed, ready, signal[SIGNAL_NONCE]):
        auto_rebalancer.rebalance(signal, orders, signal_sender.sign(signal), sender=thief)


def test_cancel_nonce__thief__reverts(ready, auto_rebalancer, thief):
    with reverts(auto_rebalancer.AccessManagedUnauthorized, thief):
        auto_rebalancer.cancelNonce(ready, 1, sender=thief)


def test_rebalance__no_orders__reverts(ready, signal_sender, auto_rebalancer):
    with reverts(auto_rebalancer.AutoRebalancer__NoOrders):
        signal_sender.rebalance(ready, TARGETS, [])


def test_rebalance__targets_do_not_sum__reverts(ready, signal_sender, buy, auto_rebalancer):
    with reverts(auto_rebalancer.AutoRebalancer__TargetsDoNotSum, WAD - 1):
        signal_sender.rebalance(ready, [9 * WAD // 10 - 1, WAD // 10, 0, 0], buy(ready, 100_000))


def test_rebalance__too_few_targets__reverts(ready, signal_sender, buy, auto_rebalancer):
    with reverts(auto_rebalancer.AutoRebalancer__WrongTargetCount, 2, 4):
        signal_sender.rebalance(ready, [9 * WAD // 10, WAD // 10], buy(ready, 100_000))


def test_rebalance__ends_outside_the_band__reverts(ready, signal_sender, buy, auto_rebalancer):
    with reverts(auto_rebalancer.AutoRebalancer__OutsideBand):
        signal_sender.rebalance(ready, TARGETS, buy(ready, 50_000), band=100)


def test_rebalance__away_from_the_targets__reverts(ready, signal_sender, buy, auto_rebalancer):
    with reverts(auto_rebalancer.AutoRebalancer__NotCloser):
        signal_sender.rebalance(ready, [WAD, 0, 0, 0], buy(ready, 100_000), band=2000)


# -- A thief with the signing key


def test_pay_due__a_stranger_asks__reverts(ready, usd, thief):
    with reverts(ready.Portfolio__OnlyAggregator, thief):
        ready.payDue(usd, thief, USD, sender=thief)


def test_pay_due__no_order_runs__reverts(ready, usd, aggregator, thief, impersonated):
    with reverts(ready.Portfolio__NotDue, usd, 1):
        ready.payDue(usd, thief, 1, sender=impersonated(aggregator))


def test_rebalance__route_asks_for_more_than_the_order__reverts(ready, signal_sender, buy, usd):
    head, amount, hop = buy(ready, 50_000)
    with reverts(ready.Portfolio__NotDue, usd, amount + 1):
        signal_sender.rebalance(ready, TARGETS, [head, amount + 1, hop])


def test_rebalance__route_asks_for_less_than_the_order__reverts(ready, signal_sender, buy, usd):
    head, amount, hop = buy(ready, 50_000)
    with reverts(ready.Portfolio__Unpaid, usd, 1):
        signal_sender.rebalance(ready, TARGETS, [head, amount - 1, hop])


def test_rebalance__words_break_off__reverts(ready, signal_sender, buy):
    head, amount, _ = buy(ready, 50_000)
    with reverts(ready.Portfolio__BrokenOrder, 0, 3, 2):
        signal_sender.rebalance(ready, TARGETS, [head, amount])


def test_rebalance__order_without_a_route__reverts(ready, signal_sender, buy, aggregator):
    head, *_ = buy(ready, 50_000)
    with reverts(aggregator.LiquidityAggregator__EmptyRoute):
        signal_sender.rebalance(ready, TARGETS, [head & ~(0xFFFF << 16)])


def test_rebalance__more_than_is_held__reverts(ready, signal_sender, usd, universe, market):
    held = usd.balanceOf(ready)
    with reverts(ready.ERC20InsufficientBalance, ready, held, held + 1):
        signal_sender.rebalance(ready, TARGETS, order(ready, usd, universe.stocks[0], held + 1, market[0]))


def test_rebalance__less_comes_in_than_the_minimum__reverts(ready, signal_sender, buy):
    with reverts(ready.Portfolio__InsufficientOutput):
        signal_sender.rebalance(ready, TARGETS, buy(ready, 50_000, minimum=2**112 - 1))


def test_rebalance__asset_for_itself__reverts(ready, signal_sender, usd, market, aggregator):
    with reverts(aggregator.LiquidityAggregator__SameToken, usd):
        signal_sender.rebalance(ready, TARGETS, order(ready, usd, usd, USD, market[0]))


def test_rebalance__passes__tells_each_trade(ready, signal_sender, buy, universe):
    receipt = signal_sender.rebalance(ready, TARGETS, [*buy(ready, 60_000), *buy(ready, 40_000)])
    (event,) = ready.Executed.from_receipt(receipt)
    sold = [(word & 0xFF, word >> 8 & 0xFF, word >> 16 & 0xFFFF, word >> 32 & 2**112 - 1) for word in event.trades]
    assert sold == [(0, 1, 0, 60_000 * USD), (0, 1, 0, 40_000 * USD)]
    assert sum(word >> 144 for word in event.trades) == universe.stocks[0].balanceOf(ready)


def test_rebalance__two_paths__each_is_paid_when_it_asks(ready, signal_sender, usd, universe, market):
    stock, up = universe.stocks[0], int(str(usd.address), 16) < int(str(universe.stocks[0].address), 16)
    paths = [(dollars * USD, [(market[0], up)]) for dollars in (60_000, 40_000)]
    before = usd.balanceOf(ready)
    receipt = signal_sender.rebalance(ready, TARGETS, order_of_paths(ready, usd, stock, paths))
    paid = [log.value for log in usd.Transfer.from_receipt(receipt) if log["from"] == ready.address]
    assert paid == [60_000 * USD, 40_000 * USD]
    assert before - usd.balanceOf(ready) == 100_000 * USD


def test_rebalance__unlisted_asset__reverts(ready, signal_sender, usd, market, create_token):
    other = create_token("MINE")
    with reverts(ready.Portfolio__NoSuchAsset, 255, 4):
        signal_sender.rebalance(ready, TARGETS, order(ready, usd, other, USD, market[0]))


def test_rebalance__unlisted_pool__reverts(ready, signal_sender, usd, universe, aggregator, thief):
    bad = order(ready, usd, universe.stocks[0], USD, str(thief.address))
    with reverts(aggregator.LiquidityAggregator__PoolNotListed, thief):
        signal_sender.rebalance(ready, TARGETS, bad)


def test_rebalance__delisted_pool__reverts(ready, signal_sender, buy, market, aggregator, guardian):
    aggregator.delistPool(market[0], sender=guardian)
    with reverts(aggregator.LiquidityAggregator__PoolNotListed, market[0]):
        signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000))


def test_rebalance__loses_more_than_the_bucket_holds__reverts(ready, signal_sender, buy, skew):
    skew(3)
    with reverts(ready.Portfolio__LossBudgetExceeded):
        signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000), band=1000)


def test_rebalance__small_losses_again_and_again__stop_at_the_budget(
    ready, signal_sender, universe, usd, market, chain
):
    """Buys and sells a fifth of the portfolio, losing fees and impact each time, until the bucket is full; slowly
    enough for the turnover's."""
    stock = universe.stocks[0]
    before = ready.nav()
    for _ in range(40):
        chain.mine(timestamp=chain.pending_timestamp + 300)
        held = stock.balanceOf(ready)
        try:
            if held == 0:
                orders = order(ready, usd, stock, 200_000 * USD, market[0])
                signal_sender.rebalance(ready, [8 * WAD // 10, 2 * WAD // 10, 0, 0], orders, band=1000)
            else:
                signal_sender.rebalance(ready, [WAD, 0, 0, 0], order(ready, stock, usd, held, market[0]), band=1000)
        except ContractLogicError as error:
            assert selector(ready.Portfolio__LossBudgetExceeded) in str(error)
            break
    else:
        pytest.fail("never refused")
    assert 0 < (before - ready.nav()) / before <= 0.01


def test_rebalance__bucket_drained_after_a_window__passes_again(
    ready, signal_sender, buy, skew, chain, fill_bucket, post_model
):
    fill_bucket(ready)
    assert ready.lossBucket().level > 0
    chain.mine(timestamp=chain.pending_timestamp + WINDOW)
    assert ready.lossBucket().level == 0


def test_loss_bucket__an_hour_later__drained_by_an_hours_part(ready, fill_bucket, chain):
    fill_bucket(ready)
    level, capacity, window = ready.lossBucket()
    start = chain.blocks.head.timestamp
    chain.mine(timestamp=chain.pending_timestamp + HOUR)
    elapsed = chain.blocks.head.timestamp - start
    assert ready.lossBucket().level == pytest.approx(level - capacity * elapsed // window, abs=1)


def test_loss_bucket__gain__does_not_drain_it(ready, signal_sender, universe, usd, market, fill_bucket, skew):
    fill_bucket(ready)
    level = ready.lossBucket().level
    stock = universe.stocks[0]
    skew(0.8)
    held = stock.balanceOf(ready)
    signal_sender.rebalance(
        ready,
        [8 * WAD // 10, 2 * WAD // 10, 0, 0],
        order(ready, usd, stock, 100_000 * USD, market[0]),
        band=1000,
    )
    assert stock.balanceOf(ready) > held
    assert ready.lossBucket().level == pytest.approx(level, rel=1e-3)


def test_loss_bucket__flash_deposit_after_a_loss__makes_no_room(
    ready, signal_sender, universe, usd, market, fill_bucket, skew, deposit, investor
):
    """The bucket counts parts of NAV, so nine times the money beside it takes the same part no second time."""
    stock = universe.stocks[0]
    skew(1.4)
    targets, half = [85 * WAD // 100, 15 * WAD // 100, 0, 0], order(ready, usd, stock, 25_000 * USD, market[0])
    signal_sender.rebalance(ready, targets, half, band=1500)
    level, capacity, _ = ready.lossBucket()
    assert capacity / 2 < level < capacity
    deposit(ready, investor, 9_000_000)
    assert ready.lossBucket().capacity == capacity
    skew(1.05)
    with reverts(ready.Portfolio__LossBudgetExceeded):
        signal_sender.rebalance(ready, targets, order(ready, usd, stock, 250_000 * USD, market[0]), band=1500)


def test_execute__not_the_rebalancer__reverts(ready, buy, thief):
    with reverts(ready.Portfolio__OnlyRebalancer, thief):
        ready.execute(buy(ready, 1000), (bytes(32), 0, 0, str(thief.address)), sender=thief)


def selector(error):
    return keccak(text=error.abi.selector)[:4].hex()


@pytest.fixture
def skew(universe, usd, market, issuer, admin, chain):
    """`skew(factor)`: makes the first stock dearer by this factor in its pool, feeds unchanged, as a thief would."""

    def skewed(factor):
        abi = package_artifact("@uniswap/v2-core/build/UniswapV2Pair.json").abi
        pair = Contract(market[0], abi=abi)
        stock = universe.stocks[0]
        first = int(str(stock.address), 16) < int(str(usd.address), 16)
        reserves = pair.getReserves()
        stock_reserve, usd_reserve = (reserves[0], reserves[1]) if first else (reserves[1], reserves[0])
        root = factor**0.5
        if factor > 1:
            amount_in, token, reserve_in, reserve_out = (
                int(usd_reserve * (root - 1)),
                usd,
                usd_reserve,
                stock_reserve,
            )
        else:
            amount_in, token = int(stock_reserve * (1 / root - 1)), stock
            reserve_in, reserve_out = stock_reserve, usd_reserve
        token.mint(admin, amount_in, sender=issuer)
        token.transfer(pair, amount_in, sender=admin)
        net = amount_in * 997
        out = net * reserve_out // (reserve_in * 1000 + net)
        stock_out = token.address == usd.address
        amounts = (out, 0) if stock_out == first else (0, out)
        pair.swap(*amounts, admin, b"", sender=admin)

    return skewed


@pytest.fixture
def fill_bucket(signal_sender, universe, usd, market):
    """`fill_bucket(portfolio)`: one purchase that loses the fee and its impact."""

    def filled(portfolio):
        bought = order(portfolio, usd, universe.stocks[0], 100_000 * USD, market[0])
        signal_sender.rebalance(portfolio, TARGETS, bought, band=1000)

    return filled
