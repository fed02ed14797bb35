"""Bounds of a signal beside its targets: model, slippage, turnover, parts, pace, fee; and what it would do."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.fixtures.deployment import HOUR, MODEL
from tests.fixtures.portfolio import ORDERS, SIGNAL_MODEL, SIGNAL_NONCE, USD, buy_each, order, signed, weights_of
from tests.fixtures.protocol import DAY, WAD
from tests.reverts import reverts

TARGETS = [9 * WAD // 10, WAD // 10, 0, 0]
SIGNAL = "(address,bytes32,uint256[],uint16,uint16,uint16,uint8,uint40,uint40,uint256,bytes32,bytes32,bytes32)"


@pytest.fixture
def with_policy(ready, auto_rebalancer, manager):
    """`with_policy(turnover, window, interval, fee)`: the portfolio's own."""

    def made(*policy):
        auto_rebalancer.setPolicy(ready, policy, sender=manager)
        return ready

    return made


# -- Models


def test_rebalance__model_in_the_shadow__reverts(ready, signal_sender, buy, model_registry, manager):
    model_registry.demote(MODEL, sender=manager)
    with reverts(model_registry.ModelRegistry__NotLive, MODEL, 1):
        signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000))


def test_rebalance__unknown_model__reverts(ready, signal_sender, buy, model_registry):
    unknown = keccak(text="unknown")
    with reverts(model_registry.ModelRegistry__NotLive, unknown, 0):
        signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000), model=unknown)


def test_rebalance__model_changed_after_signing__bad_signature(
    ready, signal_sender, buy, model_registry, auto_rebalancer, signer_sets, manager, thief
):
    other = keccak(text="another live one")
    model_registry.register(other, other, other, other, sender=manager)
    model_registry.promote(other, sender=manager)
    orders = buy(ready, 100_000)
    signal = signal_sender.signal(ready, TARGETS, orders)
    signatures = signal_sender.sign(signal)
    signal[SIGNAL_MODEL] = other
    with reverts(signer_sets.SignerSets__BadSignature):
        auto_rebalancer.rebalance(signal, orders, signatures, sender=thief)


# -- Slippage


def test_rebalance__an_order_below_the_oracle__refused_leg_by_leg(ready, signal_sender, buy):
    """The pool's fee alone is 30 basis points."""
    with reverts(ready.Portfolio__SlippageExceeded):
        signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000), slippage=30)


def test_rebalance__within_the_signed_slippage__passes(ready, signal_sender, buy):
    signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000), slippage=50)


def test_rebalance__guardian_tightened_the_guard__counts_whatever_is_signed(
    ready, signal_sender, buy, aggregator, guardian
):
    aggregator.tightenMaxDeviation(20, sender=guardian)
    with reverts(ready.Portfolio__SlippageExceeded):
        signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000), slippage=10_000)


def test_rebalance__churn_within_each_legs_slippage__too_costly_in_sum(
    ready, signal_sender, universe, usd, market, auto_rebalancer
):
    """There and back again loses on both ways, and moves next to nothing."""
    stock = universe.stocks[0]
    there = order(ready, usd, stock, 300_000 * USD, market[0])
    bought = 300_000 * WAD // 50 * 98 // 100
    back = order(ready, stock, usd, bought, market[0])
    targets = [99 * WAD // 100, WAD // 100, 0, 0]
    with reverts(auto_rebalancer.AutoRebalancer__TooCostly):
        signal_sender.rebalance(ready, targets, [*there, *back], slippage=70, band=10_000)


def test_rebalance__routes_left_open__anyone_chooses_them(ready, signal_sender, buy, auto_rebalancer, thief):
    signal = signal_sender.signal(ready, TARGETS, [], orders_hash=bytes(32), slippage=50)
    auto_rebalancer.rebalance(signal, buy(ready, 100_000), signal_sender.sign(signal), sender=thief)
    assert weights_of(ready)[1] == pytest.approx(WAD // 10, rel=0.01)


# -- Turnover and pace


def test_rebalance__more_turnover_than_signed__reverts(ready, signal_sender, buy, auto_rebalancer):
    with reverts(auto_rebalancer.AutoRebalancer__TurnoverAboveSignal):
        signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000), turnover=990)


def test_rebalance__as_much_turnover_as_signed__passes(ready, signal_sender, buy, auto_rebalancer):
    signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000), turnover=1_000)
    level, capacity, _ = auto_rebalancer.paceOf(ready)
    assert level == pytest.approx(WAD // 10, rel=0.01)
    assert capacity == 25 * WAD // 10


def test_rebalance__more_turnover_than_the_policy__reverts(with_policy, signal_sender, buy, auto_rebalancer):
    portfolio = with_policy(1_900, DAY, 0, 0)
    with reverts(auto_rebalancer.AutoRebalancer__TurnoverAbovePolicy):
        signal_sender.rebalance(portfolio, TARGETS, buy(portfolio, 100_000))


def test_rebalance__bucket_of_turnover_drained__passes_again(with_policy, signal_sender, buy, auto_rebalancer, chain):
    portfolio = with_policy(2_100, DAY, 0, 0)
    signal_sender.rebalance(portfolio, TARGETS, buy(portfolio, 100_000))
    again = [8 * WAD // 10, 2 * WAD // 10, 0, 0]
    with reverts(auto_rebalancer.AutoRebalancer__TurnoverAbovePolicy):
        signal_sender.rebalance(portfolio, again, buy(portfolio, 100_000))
    chain.mine(timestamp=chain.pending_timestamp + DAY)
    signal_sender.rebalance(portfolio, again, buy(portfolio, 100_000))


def test_rebalance__too_soon_after_the_last__reverts(with_policy, signal_sender, buy, auto_rebalancer, chain):
    portfolio = with_policy(50_000, HOUR, HOUR, 0)
    signal_sender.rebalance(portfolio, TARGETS, buy(portfolio, 100_000))
    again = [8 * WAD // 10, 2 * WAD // 10, 0, 0]
    started = auto_rebalancer.paceOf(portfolio)[2]
    with reverts(auto_rebalancer.AutoRebalancer__TooSoon):
        signal_sender.rebalance(portfolio, again, buy(portfolio, 100_000))
    chain.mine(timestamp=started + HOUR)
    signal_sender.rebalance(portfolio, again, buy(portfolio, 100_000))


def test_set_policy__level_stays__drains_by_the_new_terms(with_policy, signal_sender, buy, auto_rebalancer):
    portfolio = with_policy(50_000, HOUR, 0, 0)
    signal_sender.rebalance(portfolio, TARGETS, buy(portfolio, 100_000))
    before = auto_rebalancer.paceOf(portfolio)[0]
    with_policy(3_000, 7 * DAY, 0, 0)
    level, capacity, _ = auto_rebalancer.paceOf(portfolio)
    assert 0.95 * before < level <= before
    assert capacity == 15 * WAD // 100


@pytest.mark.parametrize(
    "policy",
    [
        (0, HOUR, 0, 0),
        (50_001, HOUR, 0, 0),
        (1, HOUR - 1, 0, 0),
        (1, 91 * DAY, 0, 0),
        (1, HOUR, 31 * DAY, 0),
        (1, HOUR, 0, 11),
    ],
)
def test_set_policy__out_of_bounds__reverts(ready, auto_rebalancer, manager, policy):
    with reverts(auto_rebalancer.AutoRebalancer__InvalidPolicy):
        auto_rebalancer.setPolicy(ready, policy, sender=manager)


@pytest.mark.parametrize(
    "policy", [(1_001, DAY, 60, 5), (1_000, DAY - 1, 60, 5), (1_000, DAY, 59, 5), (1_000, DAY, 60, 6)]
)
def test_tighten_policy__one_term_looser__reverts(with_policy, auto_rebalancer, manager, policy):
    portfolio = with_policy(1_000, DAY, 60, 5)
    with reverts(auto_rebalancer.AutoRebalancer__NotTighter):
        auto_rebalancer.tightenPolicy(portfolio, policy, sender=manager)


def test_tighten_policy__tighter__acts_at_once(ready, auto_rebalancer, manager):
    auto_rebalancer.tightenPolicy(ready, (1_000, 2 * DAY, 60, 0), sender=manager)
    assert tuple(auto_rebalancer.policyOf(ready)) == (1_000, 2 * DAY, 60, 0)


@pytest.mark.parametrize("function", ["setPolicy", "tightenPolicy"])
def test_policy__thief__reverts(ready, auto_rebalancer, thief, function):
    with reverts(auto_rebalancer.AccessManagedUnauthorized, thief):
        getattr(auto_rebalancer, function)(ready, (1, HOUR, 0, 0), sender=thief)


# -- Parts


@pytest.fixture
def three_parts(ready, signal_sender):
    """A signal for 30% of the first stock in at most three transactions, routes open, and its signatures."""
    targets = [7 * WAD // 10, 3 * WAD // 10, 0, 0]
    signal = signal_sender.signal(ready, targets, [], orders_hash=bytes(32), parts=3, band=50, turnover=3_100)
    return signal, signal_sender.sign(signal)


def test_rebalance__part_after_part__the_nonce_is_used_at_the_end(ready, three_parts, buy, auto_rebalancer, thief):
    signal, signatures = three_parts
    for part in (1, 2, 3):
        assert not auto_rebalancer.isNonceUsed(ready, signal[SIGNAL_NONCE])
        auto_rebalancer.rebalance(signal, buy(ready, 100_000), signatures, sender=thief)
        parts, turnover = auto_rebalancer.progressOf(signal)
        assert (parts, turnover) == (part, pytest.approx(part * WAD // 10, rel=0.01))
    assert auto_rebalancer.isNonceUsed(ready, signal[SIGNAL_NONCE])
    with reverts(auto_rebalancer.AutoRebalancer__NonceUsed):
        auto_rebalancer.rebalance(signal, buy(ready, 1_000), signatures, sender=thief)


def test_rebalance__a_part_too_small__not_closer(ready, three_parts, buy, auto_rebalancer, thief):
    """A thief who wastes the parts: each has to go half its share of the way, here a sixth."""
    signal, signatures = three_parts
    with reverts(auto_rebalancer.AutoRebalancer__NotCloser):
        auto_rebalancer.rebalance(signal, buy(ready, 40_000), signatures, sender=thief)


def test_rebalance__last_part_outside_the_band__reverts(ready, three_parts, buy, auto_rebalancer, thief):
    signal, signatures = three_parts
    for _ in range(2):
        auto_rebalancer.rebalance(signal, buy(ready, 90_000), signatures, sender=thief)
    with reverts(auto_rebalancer.AutoRebalancer__OutsideBand):
        auto_rebalancer.rebalance(signal, buy(ready, 90_000), signatures, sender=thief)


def test_rebalance__parts_together_above_the_turnover__reverts(ready, signal_sender, buy, auto_rebalancer, thief):
    targets = [7 * WAD // 10, 3 * WAD // 10, 0, 0]
    signal = signal_sender.signal(ready, targets, [], orders_hash=bytes(32), parts=3, band=50, turnover=2_000)
    signatures = signal_sender.sign(signal)
    auto_rebalancer.rebalance(signal, buy(ready, 150_000), signatures, sender=thief)
    with reverts(auto_rebalancer.AutoRebalancer__TurnoverAboveSignal):
        auto_rebalancer.rebalance(signal, buy(ready, 150_000), signatures, sender=thief)


def test_rebalance__parts_within_the_interval__only_the_first_waits(
    with_policy, three_parts, buy, auto_rebalancer, thief
):
    portfolio = with_policy(50_000, HOUR, HOUR, 0)
    signal, signatures = three_parts
    for _ in range(3):
        auto_rebalancer.rebalance(signal, buy(portfolio, 100_000), signatures, sender=thief)
    assert auto_rebalancer.isNonceUsed(portfolio, signal[SIGNAL_NONCE])


@pytest.mark.parametrize("parts", [1, 3])
def test_rebalance__another_signal_with_a_held_nonce__reverts(
    with_policy, three_parts, signal_sender, buy, auto_rebalancer, thief, parts
):
    """Otherwise signal after signal runs under one nonce, and only the first waits for the interval."""
    portfolio = with_policy(50_000, HOUR, HOUR, 0)
    signal, signatures = three_parts
    auto_rebalancer.rebalance(signal, buy(portfolio, 100_000), signatures, sender=thief)
    targets = [6 * WAD // 10, 4 * WAD // 10, 0, 0]
    other = signal_sender.signal(
        portfolio, targets, [], orders_hash=bytes(32), parts=parts, band=10_000, nonce=signal[SIGNAL_NONCE]
    )
    with reverts(auto_rebalancer.AutoRebalancer__NonceUsed, portfolio, signal[SIGNAL_NONCE]):
        auto_rebalancer.rebalance(other, buy(portfolio, 100_000), signal_sender.sign(other), sender=thief)
    auto_rebalancer.rebalance(signal, buy(portfolio, 100_000), signatures, sender=thief)


def test_rebalance__cancelled_between_its_parts__reverts(ready, three_parts, buy, auto_rebalancer, guardian, thief):
    signal, signatures = three_parts
    auto_rebalancer.rebalance(signal, buy(ready, 100_000), signatures, sender=thief)
    auto_rebalancer.cancelNonce(ready, signal[SIGNAL_NONCE], sender=guardian)
    with reverts(auto_rebalancer.AutoRebalancer__NonceUsed):
        auto_rebalancer.rebalance(signal, buy(ready, 100_000), signatures, sender=thief)


def test_rebalance__list_of_assets_changed_since_it_was_signed__reverts(
    ready, signal_sender, buy, auto_rebalancer, portfolio_factory, universe, manager, thief
):
    """Relisting puts the same assets in another order, and a target would stand for another asset."""
    orders = buy(ready, 100_000)
    signal = signal_sender.signal(ready, TARGETS, orders)
    signatures = signal_sender.sign(signal)
    portfolio_factory.unlistAsset(ready, universe.stocks[1], sender=manager)
    portfolio_factory.listAsset(ready, universe.stocks[1], sender=manager)
    with reverts(ready.Portfolio__AssetsChanged):
        auto_rebalancer.rebalance(signal, orders, signatures, sender=thief)


def test_rebalance__no_parts__reverts(ready, signal_sender, buy, auto_rebalancer):
    with reverts(auto_rebalancer.AutoRebalancer__NoParts):
        signal_sender.rebalance(ready, TARGETS, buy(ready, 100_000), parts=0)


# -- Fee


def test_rebalance__policy_with_a_fee__executor_gets_its_part_of_the_turnover(
    with_policy, signal_sender, buy, usd, thief
):
    portfolio = with_policy(50_000, HOUR, 0, 10)
    signal_sender.sender = thief
    before = usd.balanceOf(thief)
    signal_sender.rebalance(portfolio, TARGETS, buy(portfolio, 100_000))
    assert usd.balanceOf(thief) - before == pytest.approx(100 * USD, rel=0.002)


def test_rebalance__fee__counts_as_a_loss(with_policy, signal_sender, buy, auto_rebalancer, thief):
    portfolio = with_policy(50_000, HOUR, 0, 0)
    orders = buy(portfolio, 100_000)
    signal = signal_sender.signal(portfolio, TARGETS, orders)
    free = auto_rebalancer.estimate.call(signal, orders, sender=thief)
    with_policy(50_000, HOUR, 0, 10)
    paid = auto_rebalancer.estimate.call(signal, orders, sender=thief)
    assert paid.cost - free.cost == pytest.approx(paid.keeperFee, abs=2)
    auto_rebalancer.rebalance(signal, orders, signal_sender.sign(signal), sender=thief)
    assert portfolio.lossBucket().level == pytest.approx(paid.cost, abs=2)


# -- Cancellation


def test_cancel_signed__by_the_quorum__the_nonce_is_used(
    ready, signal_sender, buy, auto_rebalancer, risk_signer, thief
):
    orders = buy(ready, 50_000)
    signal = signal_sender.signal(ready, TARGETS, orders)
    signatures = signal_sender.sign(signal)
    digest = auto_rebalancer.hashCancellation(ready, signal[SIGNAL_NONCE])
    auto_rebalancer.cancelSigned(ready, signal[SIGNAL_NONCE], signed(digest, risk_signer), sender=thief)
    with reverts(auto_rebalancer.AutoRebalancer__NonceUsed):
        auto_rebalancer.rebalance(signal, orders, signatures, sender=thief)


def test_cancel_signed__by_a_stranger__reverts(ready, auto_rebalancer, signer_sets, thief):
    digest = auto_rebalancer.hashCancellation(ready, 7)
    with reverts(signer_sets.SignerSets__NotASigner):
        auto_rebalancer.cancelSigned(ready, 7, signed(digest, thief), sender=thief)


def test_cancel_signed__signature_of_the_signal__reverts(
    ready, signal_sender, buy, auto_rebalancer, signer_sets, thief
):
    signal = signal_sender.signal(ready, TARGETS, buy(ready, 50_000))
    with reverts(signer_sets.SignerSets__BadSignature):
        auto_rebalancer.cancelSigned(ready, signal[SIGNAL_NONCE], signal_sender.sign(signal), sender=thief)


# -- What it would do


def test_estimate__beside_what_happens__is_the_same(with_policy, signal_sender, buy, auto_rebalancer, thief):
    portfolio = with_policy(50_000, HOUR, 0, 10)
    orders = buy(portfolio, 100_000)
    signal = signal_sender.signal(portfolio, TARGETS, orders)
    found = auto_rebalancer.estimate.call(signal, orders, sender=thief)
    before = portfolio.nav()
    receipt = auto_rebalancer.rebalance(signal, orders, signal_sender.sign(signal), sender=thief)
    (event,) = receipt.decode_logs(auto_rebalancer.Rebalanced)
    assert (found.distanceBefore, found.distanceAfter, found.turnover) == (
        event.distanceBefore,
        event.distanceAfter,
        event.turnover,
    )
    assert found.cost == pytest.approx((before - portfolio.nav()) * WAD // before, abs=2)
    assert found.keeperFee == pytest.approx(WAD // 10 * 10 // 10_000, rel=0.01)
    assert found.gas < receipt.gas_used


def test_estimate__all_cash_to_a_tenth__tracking_error_and_var_by_hand(
    ready, signal_sender, buy, auto_rebalancer, thief
):
    """Volatility of a stock is 1% per day: 10% of it are off the targets before, nothing much afterwards."""
    orders = buy(ready, 100_000)
    found = auto_rebalancer.estimate.call(signal_sender.signal(ready, TARGETS, orders), orders, sender=thief)
    assert found.trackingErrorBefore == pytest.approx(WAD // 1000, rel=1e-6)
    assert found.trackingErrorAfter < WAD // 100_000
    assert found.var99Before == 0
    assert found.var99After == pytest.approx(2.326 * WAD / 1000, rel=0.01)


def test_estimate__in_a_transaction__changes_nothing(ready, signal_sender, buy, auto_rebalancer, thief):
    orders = buy(ready, 100_000)
    signal = signal_sender.signal(ready, TARGETS, orders)
    before = ready.positions().balances
    auto_rebalancer.estimate(signal, orders, sender=thief)
    assert ready.positions().balances == before
    assert not auto_rebalancer.isNonceUsed(ready, signal[SIGNAL_NONCE])


def test_estimate__what_would_revert__reverts_alike(ready, signal_sender, buy, auto_rebalancer, thief):
    orders = buy(ready, 100_000)
    with reverts(ready.Portfolio__SlippageExceeded):
        auto_rebalancer.estimate.call(signal_sender.signal(ready, TARGETS, orders, slippage=30), orders, sender=thief)


def test_simulate__anyone__reverts(ready, signal_sender, buy, auto_rebalancer, thief):
    orders = buy(ready, 100_000)
    with reverts(auto_rebalancer.AutoRebalancer__OnlyItself, thief):
        auto_rebalancer.simulate(signal_sender.signal(ready, TARGETS, orders), orders, thief, sender=thief)


# -- Chainlink Automation


def upkeep_data(signal_sender, portfolio, orders, **changes):
    """Data that an upkeep is registered with."""
    signal = signal_sender.signal(portfolio, TARGETS, orders, **changes)
    return encode([SIGNAL, ORDERS, "(address,bytes)[]"], [signal, orders, signal_sender.sign(signal)])


def check(rebalancer, data):
    """Asks as Chainlink's nodes do: from nobody."""
    call = rebalancer.checkUpkeep.as_transaction(data, sender=rebalancer.account_manager.test_accounts[0])
    answer = rebalancer.provider.web3.eth.call(
        {"to": str(rebalancer.address), "data": call.data, "from": "0x" + "00" * 20}
    )
    return bool(int.from_bytes(answer[:32], "big")), bytes(answer)


def test_check_upkeep__signed_and_possible__is_needed(ready, signal_sender, buy, auto_rebalancer, thief):
    data = upkeep_data(signal_sender, ready, buy(ready, 100_000))
    needed, answer = check(auto_rebalancer, data)
    assert needed and data in answer
    auto_rebalancer.performUpkeep(data, sender=thief)
    assert weights_of(ready)[1] == pytest.approx(WAD // 10, rel=0.01)
    assert not check(auto_rebalancer, data)[0]


def test_check_upkeep__below_quorum__is_not(ready, signal_sender, buy, auto_rebalancer, thief):
    signal_sender.signers = [thief]
    assert not check(auto_rebalancer, upkeep_data(signal_sender, ready, buy(ready, 100_000)))[0]


@pytest.mark.parametrize("data", [b"", b"\xff" * 96, b"\0" * 500])
def test_check_upkeep__garbage__is_not(ready, auto_rebalancer, data):
    assert not check(auto_rebalancer, data)[0]


def test_check_upkeep__in_a_transaction__reverts(ready, signal_sender, buy, auto_rebalancer, thief):
    data = upkeep_data(signal_sender, ready, buy(ready, 100_000))
    with reverts(auto_rebalancer.AutoRebalancer__OnlySimulated, thief):
        auto_rebalancer.checkUpkeep(data, sender=thief)


def test_perform_upkeep__policy_with_a_fee__nobody_is_paid(
    with_policy, signal_sender, buy, auto_rebalancer, usd, thief
):
    portfolio = with_policy(50_000, HOUR, 0, 10)
    before = usd.balanceOf(thief)
    receipt = auto_rebalancer.performUpkeep(
        upkeep_data(signal_sender, portfolio, buy(portfolio, 100_000)), sender=thief
    )
    assert usd.balanceOf(thief) == before
    assert not receipt.decode_logs(portfolio.ExecutorPaid)


def test_rebalance__three_stocks__in_one_signal(ready, signal_sender, universe, usd, market):
    buy_each(signal_sender, ready, universe, usd, market, 200_000)
    assert weights_of(ready)[1:] == [pytest.approx(WAD // 5, rel=0.01)] * 3
