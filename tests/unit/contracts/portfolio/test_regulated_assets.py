"""Shares that anyone can hold never stand over a regulated asset."""

from contextlib import contextmanager

import ape
import pytest
from ape.exceptions import ContractLogicError, OutOfGasError
from eth_utils import keccak

from tests.bench.trex import OnchainIds, Trex
from tests.fixtures.protocol import SWITZERLAND, YEAR
from tests.reverts import reverts

MOST = 10**27
ANYONE: list[int] = []
NOTHING, ERC_7943, COMPLIANCE, REGISTRY, ERC_1404, BURNS_GAS, MEGABYTES, REVERTS = range(8)
QUESTIONS = 4
GAS_PER_QUESTION = 60_000


@pytest.fixture
def ruled(create_feed, admin):
    """`ruled(standard)`: a token with a feed that answers like one of this standard."""

    def made(standard):
        token = admin.deploy(ape.project.RuledToken, standard)
        create_feed(token, 1, heartbeat=YEAR)
        return token

    return made


@pytest.fixture
def refused(portfolio_factory):
    """`refused(asset)`: what runs inside is refused because the asset is regulated."""

    @contextmanager
    def refusing(asset):
        with reverts(portfolio_factory.PortfolioFactory__RegulatedAsset, asset):
            yield

    return refusing


@pytest.fixture
def universe_of(covariance_models, manager):
    """`universe_of(tokens)`: the id of a universe of these."""

    def made(*tokens):
        key = keccak(text=" ".join(token.address for token in tokens))
        covariance_models.createUniverse(key, list(tokens), sender=manager)
        return key

    return made


def test_create_portfolio__open_shares_over_our_token__refused(create_portfolio, universe, refused):
    with refused(universe.stocks[0]):
        create_portfolio(countries=ANYONE)


def test_create_portfolio__restricted_shares_over_our_token__made(create_portfolio, universe, compliance_engine):
    portfolio = create_portfolio(countries=[SWITZERLAND])
    assert portfolio.compliance() == compliance_engine
    assert portfolio.isAsset(universe.stocks[0])


@pytest.mark.parametrize("standard", [ERC_7943, COMPLIANCE, REGISTRY, ERC_1404])
def test_create_portfolio__open_shares_over_somebody_elses_token__refused(create_portfolio, ruled, refused, standard):
    token = ruled(standard)
    with refused(token):
        create_portfolio(assets=[token], countries=ANYONE)


def test_create_portfolio__open_shares_over_a_t_rex_token__refused(create_portfolio, refused, chain, admin):
    w3, owner = chain.provider.web3, str(admin.address)
    trex = Trex(w3, owner, OnchainIds(w3, owner), SWITZERLAND, MOST)
    with refused(trex.token.address):
        create_portfolio(assets=[trex.token.address], countries=ANYONE)


def test_create_portfolio__regulated_settlement__refused(create_portfolio, ruled, refused):
    token = ruled(ERC_7943)
    with refused(token):
        create_portfolio(settlement=token, assets=[], countries=ANYONE)


def test_create_portfolio__open_shares_over_restricted_shares__refused(create_portfolio, refused):
    """Shares of a restricted portfolio are regulated themselves: a fund of funds lets nobody around the rules."""
    inner = create_portfolio(countries=[SWITZERLAND])
    with refused(inner):
        create_portfolio(assets=[inner], countries=ANYONE)


def test_create_portfolio__second_asset_regulated__refused(create_portfolio, ruled, refused):
    plain, token = ruled(NOTHING), ruled(ERC_7943)
    with refused(token):
        create_portfolio(assets=[plain, token], countries=ANYONE)


@pytest.mark.parametrize("behaviour", [NOTHING, BURNS_GAS, MEGABYTES, REVERTS])
def test_create_portfolio__token_without_an_answer__open(create_portfolio, universe_of, ruled, behaviour):
    token = ruled(behaviour)
    portfolio = create_portfolio(assets=[token], universe_id=universe_of(token), countries=ANYONE)
    assert portfolio.isAsset(token)


def test_create_portfolio__token_that_burns_gas__costs_a_bounded_amount(create_portfolio, universe_of, ruled, manager):
    quiet, burner = ruled(NOTHING), ruled(BURNS_GAS)
    spent = []
    for token in (quiet, burner):
        before = manager.balance
        create_portfolio(assets=[token], universe_id=universe_of(token), countries=ANYONE)
        spent.append(before - manager.balance)
    assert spent[1] - spent[0] < QUESTIONS * GAS_PER_QUESTION * 1.1 * 10**9


def test_list_asset__regulated__refused_unless_shares_are_restricted(
    portfolio_factory, create_portfolio, universe_of, ruled, refused, manager
):
    plain, token = ruled(NOTHING), ruled(ERC_7943)
    universe = universe_of(plain, token)
    anyones = create_portfolio(assets=[plain], universe_id=universe, countries=ANYONE)
    with refused(token):
        portfolio_factory.listAsset(anyones, token, sender=manager)
    some = create_portfolio(assets=[plain], universe_id=universe, countries=[SWITZERLAND])
    portfolio_factory.listAsset(some, token, sender=manager)
    assert some.isAsset(token)


def test_list_asset__too_little_gas_to_ask__not_listed(
    portfolio_factory, create_portfolio, universe_of, ruled, manager
):
    """A manager who starves the question of gas does not get past it."""
    plain, token = ruled(NOTHING), ruled(ERC_7943)
    portfolio = create_portfolio(assets=[plain], universe_id=universe_of(plain, token), countries=ANYONE)
    refusals = set()
    for gas in range(40_000, 400_000, 10_000):
        with pytest.raises((ContractLogicError, OutOfGasError)) as refusal:
            portfolio_factory.listAsset(portfolio, token, sender=manager, gas_limit=gas)
        refusals.add(refusal.type)
    assert len(refusals) > 1
    assert not portfolio.isAsset(token)
