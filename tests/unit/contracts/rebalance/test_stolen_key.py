"""I1 to I3 and I6 against a thief with the whole quorum that signs a model's proposals: each of his worst proposals."""

from itertools import count

import pytest
from eth_utils import keccak

from tests.fixtures.deployment import MODEL
from tests.fixtures.portfolio import BUDGET_BPS, SIGNAL_MODEL, USD, SignalSender, order, weights_of
from tests.fixtures.protocol import WAD
from tests.reverts import reverts

TARGETS = [9 * WAD // 10, WAD // 10, 0, 0]
FREEST = {"band": 10_000, "turnover": 65_535, "slippage": 10_000}
"""Terms of a signal that bound nothing, so that the portfolio's own terms and the chain's limits are what is left."""


@pytest.fixture
def stolen(auto_rebalancer, thief, risk_signer, chain):
    """Signs with the model's stolen key and sends from the thief's account."""
    return SignalSender(auto_rebalancer, thief, [risk_signer], chain, count(1_000_000))


def held(portfolio):
    """Raw balances of all assets, cash first."""
    return list(portfolio.positions().balances)


def test_stolen_key__churns_while_anything_passes__loses_at_most_the_budget(
    ready, stolen, universe, usd, market, chain
):
    stock, before, trades = universe.stocks[0], ready.nav(), 0
    with reverts(ready.Portfolio__LossBudgetExceeded):
        while trades < 60:
            chain.mine(timestamp=chain.pending_timestamp + 300)
            owned = stock.balanceOf(ready)
            if owned:
                stolen.rebalance(ready, [WAD, 0, 0, 0], order(ready, stock, usd, owned, market[0]), **FREEST)
            else:
                there = order(ready, usd, stock, 200_000 * USD, market[0])
                stolen.rebalance(ready, [8 * WAD // 10, 2 * WAD // 10, 0, 0], there, **FREEST)
            trades += 1
    assert trades > 1
    assert 0 < (before - ready.nav()) * 10_000 <= BUDGET_BPS * before


def test_stolen_key__everything_into_one_asset__is_outside_the_limits(
    ready, stolen, usd, universe, market, risk_engine
):
    everything = order(ready, usd, universe.stocks[0], 990_000 * USD, market[0])
    before = held(ready)
    with reverts(risk_engine.RiskEngine__LimitBreached):
        stolen.rebalance(ready, [0, WAD, 0, 0], everything, **FREEST)
    assert held(ready) == before


def test_stolen_key__pool_of_the_thief__is_refused_and_nothing_moves(ready, stolen, usd, universe, aggregator, thief):
    before = held(ready)
    own = order(ready, usd, universe.stocks[0], 100_000 * USD, str(thief.address))
    with reverts(aggregator.LiquidityAggregator__PoolNotListed, thief):
        stolen.rebalance(ready, TARGETS, own, **FREEST)
    assert held(ready) == before


def test_stolen_key__name_of_a_model_of_his_own__cannot_be_registered(ready, stolen, buy, model_registry, thief):
    own = keccak(text="the thief's")
    with reverts(model_registry.AccessManagedUnauthorized, thief):
        model_registry.register(own, own, own, own, sender=thief)
    with reverts(model_registry.ModelRegistry__NotLive, own, 0):
        stolen.rebalance(ready, TARGETS, buy(ready, 100_000), model=own, **FREEST)


def test_stolen_key__challenger_in_the_shadow__signs_nothing_and_cannot_be_promoted(
    ready, stolen, buy, model_registry, manager, thief
):
    challenger = keccak(text="challenger")
    model_registry.register(challenger, challenger, challenger, challenger, sender=manager)
    with reverts(model_registry.AccessManagedUnauthorized, thief):
        model_registry.promote(challenger, sender=thief)
    with reverts(model_registry.ModelRegistry__NotLive, challenger, 1):
        stolen.rebalance(ready, TARGETS, buy(ready, 100_000), model=challenger, **FREEST)


def test_stolen_key__proposal_kept_until_its_model_is_demoted__is_worth_nothing(
    ready, stolen, buy, model_registry, auto_rebalancer, manager, thief
):
    orders = buy(ready, 100_000)
    kept = stolen.signal(ready, TARGETS, orders, **FREEST)
    signatures = stolen.sign(kept)
    model_registry.demote(MODEL, sender=manager)
    with reverts(model_registry.ModelRegistry__NotLive, MODEL, 1):
        auto_rebalancer.rebalance(kept, orders, signatures, sender=thief)


def test_stolen_key__proposal_under_another_live_model__needs_a_signature_of_its_own(
    ready, stolen, buy, model_registry, auto_rebalancer, signer_sets, manager, thief
):
    other = keccak(text="another live one")
    model_registry.register(other, other, other, other, sender=manager)
    model_registry.promote(other, sender=manager)
    orders = buy(ready, 100_000)
    kept = stolen.signal(ready, TARGETS, orders, **FREEST)
    signatures = stolen.sign(kept)
    kept[SIGNAL_MODEL] = other
    with reverts(signer_sets.SignerSets__BadSignature):
        auto_rebalancer.rebalance(kept, orders, signatures, sender=thief)


def test_stolen_key__the_same_proposal_twice__counts_once(ready, stolen, buy, auto_rebalancer, thief):
    orders = buy(ready, 100_000)
    kept = stolen.signal(ready, TARGETS, orders, **FREEST)
    signatures = stolen.sign(kept)
    auto_rebalancer.rebalance(kept, orders, signatures, sender=thief)
    weights = weights_of(ready)
    with reverts(auto_rebalancer.AutoRebalancer__NonceUsed):
        auto_rebalancer.rebalance(kept, orders, signatures, sender=thief)
    assert weights_of(ready) == weights


def test_stolen_key__any_terms_signed__cannot_loosen_the_portfolios_own(ready, auto_rebalancer, thief):
    for change in (auto_rebalancer.setPolicy, auto_rebalancer.tightenPolicy):
        with reverts(auto_rebalancer.AccessManagedUnauthorized, thief):
            change(ready, (50_000, 3_600, 0, 10), sender=thief)
