"""Covariance models: who may post which."""

import pytest
from eth_utils import keccak

from tests.fixtures.portfolio import MAX_MODEL_LIFETIME, flat_covariance, model_for, signed
from tests.fixtures.protocol import DAY, WAD
from tests.reverts import reverts


@pytest.fixture
def post(risk_engine, universe, keeper, risk_signer, chain):
    """`post(field=value)`: the next acceptable model with one thing changed, properly signed."""

    def posted(signers=(), **changes):
        names = ("universe", "nonce", "as_of", "expiry", "covariance")
        model = dict(zip(names, model_for(risk_engine, universe, chain.pending_timestamp), strict=True))
        fields = tuple({**model, **changes}.values())
        digest = risk_engine.hashModel(fields)
        return risk_engine.postModel(fields, signed(digest, *(signers or [risk_signer])), sender=keeper)

    return posted


def test_post_model__quorum__is_the_universes_model(risk_engine, universe, post, chain):
    post()
    info = risk_engine.modelOf(universe.id)
    assert (info.nonce, info.size) == (1, 3)
    assert info.expiry > chain.pending_timestamp


def test_post_model__stranger_signed__reverts(post, signer_sets, universe, thief):
    with reverts(signer_sets.SignerSets__NotASigner, universe.id, thief):
        post(signers=[thief])


@pytest.mark.parametrize("nonce", [0, 2])
def test_post_model__wrong_nonce__reverts(post, risk_engine, nonce):
    with reverts(risk_engine.RiskEngine__WrongNonce, nonce, 1):
        post(nonce=nonce)


def test_post_model__replayed__reverts(risk_engine, universe, risk_signer, keeper, chain):
    model = model_for(risk_engine, universe, chain.pending_timestamp)
    signatures = signed(risk_engine.hashModel(model), risk_signer)
    risk_engine.postModel(model, signatures, sender=keeper)
    with reverts(risk_engine.RiskEngine__WrongNonce, 1, 2):
        risk_engine.postModel(model, signatures, sender=keeper)


def test_post_model__not_newer__reverts(post, risk_engine, universe):
    post()
    as_of = risk_engine.modelOf(universe.id).asOf
    with reverts(risk_engine.RiskEngine__StaleModel, as_of, as_of):
        post(as_of=as_of)


def test_post_model__from_the_future__reverts(post, risk_engine, chain):
    with reverts(risk_engine.RiskEngine__ModelFromFuture):
        post(as_of=chain.pending_timestamp + DAY)


def test_post_model__expired__reverts(post, risk_engine, universe, chain):
    expiry = chain.pending_timestamp - 1
    with reverts(risk_engine.RiskEngine__ModelExpired, universe.id, expiry):
        post(as_of=expiry - DAY, expiry=expiry)


def test_post_model__lives_too_long__reverts(post, risk_engine, chain):
    as_of = chain.pending_timestamp - 1
    expiry = as_of + MAX_MODEL_LIFETIME + 1
    with reverts(risk_engine.RiskEngine__ModelLifetime, as_of, expiry, MAX_MODEL_LIFETIME):
        post(as_of=as_of, expiry=expiry)


def test_post_model__wrong_size__reverts(post, risk_engine):
    with reverts(risk_engine.RiskEngine__WrongModelSize, 3, 6):
        post(covariance=flat_covariance(2))


@pytest.mark.parametrize("variance", [0, -1])
def test_post_model__variance_not_positive__reverts(post, risk_engine, variance):
    covariance = flat_covariance(3)
    covariance[3] = variance
    with reverts(risk_engine.RiskEngine__InvalidCovariance, 1, 1, variance):
        post(covariance=covariance)


@pytest.mark.parametrize("sign", [1, -1])
def test_post_model__correlation_beyond_one__reverts(post, risk_engine, sign):
    covariance = flat_covariance(3)
    covariance[4] = sign * (covariance[5] + 1)
    with reverts(risk_engine.RiskEngine__InvalidCovariance, 1, 2, covariance[4]):
        post(covariance=covariance)


def test_post_model__perfect_correlation__is_accepted(post, risk_engine, universe):
    post(covariance=[int(0.01**2 * WAD)] * 6)
    assert risk_engine.modelOf(universe.id).nonce == 1


def test_post_model__unknown_universe__reverts(post, risk_engine):
    unknown = keccak(text="unknown")
    with reverts(risk_engine.RiskEngine__NoSuchUniverse, unknown):
        post(universe=unknown)


def test_create_universe__taken__reverts(risk_engine, universe, manager):
    with reverts(risk_engine.RiskEngine__UniverseExists, universe.id):
        risk_engine.createUniverse(universe.id, universe.stocks, sender=manager)


def test_create_universe__same_asset_twice__reverts(risk_engine, universe, manager):
    stock = universe.stocks[0]
    with reverts(risk_engine.RiskEngine__DuplicateAsset, stock):
        risk_engine.createUniverse(keccak(text="double"), [stock, stock], sender=manager)


@pytest.mark.parametrize("size", [0, 33])
def test_create_universe__size_out_of_range__reverts(risk_engine, manager, size):
    assets = ["0x" + f"{k + 1:040x}" for k in range(size)]
    with reverts(risk_engine.RiskEngine__TooManyAssets, size, 32):
        risk_engine.createUniverse(keccak(text="large"), assets, sender=manager)


def test_create_universe__thief__reverts(risk_engine, universe, thief):
    with reverts(risk_engine.AccessManagedUnauthorized, thief):
        risk_engine.createUniverse(keccak(text="mine"), universe.stocks, sender=thief)
