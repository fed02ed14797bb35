"""Covariance models: who may post which."""

import math

import numpy as np
import pytest
from eth_utils import keccak

from keepers.risk.distributions import Student
from keepers.risk.models.protocol import EllipticalForecast
from keepers.risk.models.stepped import PostedSeries
from keepers.risk.step_bounds import entry_bounds
from scripts._lib.deployment import roles
from tests.fixtures.deployment import HOUR, MAX_MODEL_LIFETIME
from tests.fixtures.portfolio import TAILS, flat_covariance, model_for, signed
from tests.fixtures.protocol import DAY, WAD, YEAR
from tests.reverts import reverts


@pytest.fixture
def post(covariance_models, universe, keeper, risk_signer, chain):
    """`post(field=value)`: the next acceptable model with one thing changed, properly signed."""

    def posted(signers=(), guardian=None, gas="max", **changes):
        # A model is as of the second before now: two in one second are not newer than each other.
        last = covariance_models.modelOf(universe.id).asOf
        if chain.pending_timestamp - 1 <= last:
            chain.mine(timestamp=last + 2)
        names = ("universe", "nonce", "as_of", "expiry", "z95", "z99", "es975", "covariance")
        model = dict(zip(names, model_for(covariance_models, universe, chain.pending_timestamp), strict=True))
        fields = tuple({**model, **changes}.values())
        digest = covariance_models.hashModel(fields)
        signatures = signed(digest, *(signers or [risk_signer]))
        if guardian is None:
            return covariance_models.postModel(fields, signatures, sender=keeper, gas=gas)
        (seal,) = signed(digest, guardian)
        return covariance_models.postModelCoSigned(fields, signatures, seal, sender=keeper)

    return posted


@pytest.fixture
def next_day(chain, covariance_models, universe):
    """Waits out the delay between two models."""

    def passed(seconds=20 * HOUR):
        chain.mine(timestamp=covariance_models.modelOf(universe.id).postedAt + seconds)

    return passed


@pytest.fixture
def move_prices(universe, admin):
    """`move_prices(part)`: every stock's price becomes that part of itself."""

    def moved(part):
        for feed in universe.feeds:
            feed.setAnswer(int(feed.latestRoundData()[1] * part), sender=admin)

    return moved


def test_post_model__quorum__is_the_universes_model(covariance_models, universe, post, chain):
    post()
    info = covariance_models.modelOf(universe.id)
    assert (info.nonce, info.size) == (1, 3)
    assert info.expiry > chain.pending_timestamp


def test_post_model__stranger_signed__reverts(post, signer_sets, universe, thief):
    with reverts(signer_sets.SignerSets__NotASigner, universe.id, thief):
        post(signers=[thief])


def test_post_model__forged__reverts(covariance_models, signer_sets, universe, keeper, risk_signer, chain):
    """The signature is real, of a model with another matrix."""
    signed_one = model_for(covariance_models, universe, chain.pending_timestamp)
    sent_one = (*signed_one[:-1], flat_covariance(3, volatility=0.001))
    signatures = signed(covariance_models.hashModel(signed_one), risk_signer)
    with reverts(signer_sets.SignerSets__BadSignature, universe.id, risk_signer):
        covariance_models.postModel(sent_one, signatures, sender=keeper)


def test_post_model__below_quorum__reverts(
    covariance_models, signer_sets, create_universe, risk_signers, keeper, chain
):
    other = create_universe(signers=risk_signers, threshold=2)
    model = model_for(covariance_models, other, chain.pending_timestamp)
    signatures = signed(covariance_models.hashModel(model), risk_signers[0])
    with reverts(signer_sets.SignerSets__BelowQuorum, other.id, 1, 2):
        covariance_models.postModel(model, signatures, sender=keeper)


@pytest.mark.parametrize("nonce", [0, 2])
def test_post_model__wrong_nonce__reverts(post, covariance_models, nonce):
    with reverts(covariance_models.CovarianceModels__WrongNonce, nonce, 1):
        post(nonce=nonce)


def test_post_model__replayed__reverts(covariance_models, universe, risk_signer, keeper, chain):
    model = model_for(covariance_models, universe, chain.pending_timestamp)
    signatures = signed(covariance_models.hashModel(model), risk_signer)
    covariance_models.postModel(model, signatures, sender=keeper)
    with reverts(covariance_models.CovarianceModels__WrongNonce, 1, 2):
        covariance_models.postModel(model, signatures, sender=keeper)


def test_post_model__not_newer__reverts(post, covariance_models, universe, next_day):
    post()
    next_day()
    as_of = covariance_models.modelOf(universe.id).asOf
    with reverts(covariance_models.CovarianceModels__StaleModel, as_of, as_of):
        post(as_of=as_of)


def test_post_model__from_the_future__reverts(post, covariance_models, chain):
    with reverts(covariance_models.CovarianceModels__ModelFromFuture):
        post(as_of=chain.pending_timestamp + DAY)


def test_post_model__expired__reverts(post, covariance_models, universe, chain):
    expiry = chain.pending_timestamp - 1
    with reverts(covariance_models.CovarianceModels__ModelExpired, universe.id, expiry):
        post(as_of=expiry - DAY, expiry=expiry)


def test_post_model__lives_too_long__reverts(post, covariance_models, chain):
    as_of = chain.pending_timestamp - 1
    expiry = as_of + MAX_MODEL_LIFETIME + 1
    with reverts(covariance_models.CovarianceModels__ModelLifetime, as_of, expiry, MAX_MODEL_LIFETIME):
        post(as_of=as_of, expiry=expiry)


def test_post_model__wrong_size__reverts(post, covariance_models):
    with reverts(covariance_models.CovarianceModels__WrongModelSize, 3, 6):
        post(covariance=flat_covariance(2))


@pytest.mark.parametrize("variance", [0, -1])
def test_post_model__variance_not_positive__reverts(post, covariance_models, variance):
    covariance = flat_covariance(3)
    covariance[3] = variance
    with reverts(covariance_models.CovarianceModels__InvalidCovariance, 1, 1, variance):
        post(covariance=covariance)


@pytest.mark.parametrize("sign", [1, -1])
def test_post_model__correlation_beyond_one__reverts(post, covariance_models, sign):
    covariance = flat_covariance(3)
    covariance[4] = sign * (covariance[5] + 1)
    with reverts(covariance_models.CovarianceModels__InvalidCovariance, 1, 2, covariance[4]):
        post(covariance=covariance)


def test_post_model__perfect_correlation__is_accepted(post, covariance_models, universe):
    post(covariance=[int(0.01**2 * WAD)] * 6)
    assert covariance_models.modelOf(universe.id).nonce == 1


def test_post_model__unknown_universe__reverts(post, covariance_models):
    unknown = keccak(text="unknown")
    with reverts(covariance_models.CovarianceModels__NoSuchUniverse, unknown):
        post(universe=unknown)


def test_create_universe__taken__reverts(covariance_models, universe, manager):
    with reverts(covariance_models.CovarianceModels__UniverseExists, universe.id):
        covariance_models.createUniverse(universe.id, universe.stocks, sender=manager)


def test_create_universe__same_asset_twice__reverts(covariance_models, universe, manager):
    stock = universe.stocks[0]
    with reverts(covariance_models.CovarianceModels__DuplicateAsset, stock):
        covariance_models.createUniverse(keccak(text="double"), [stock, stock], sender=manager)


@pytest.mark.parametrize("size", [0, 33])
def test_create_universe__size_out_of_range__reverts(covariance_models, manager, size):
    assets = ["0x" + f"{k + 1:040x}" for k in range(size)]
    with reverts(covariance_models.CovarianceModels__TooManyAssets, size, 32):
        covariance_models.createUniverse(keccak(text="large"), assets, sender=manager)


def test_create_universe__thief__reverts(covariance_models, universe, thief):
    with reverts(covariance_models.AccessManagedUnauthorized, thief):
        covariance_models.createUniverse(keccak(text="mine"), universe.stocks, sender=thief)


# -- Tails


RANGES = {
    "z95": (9500, 13 * WAD // 10, 4_358_898_943_540_673_553),
    "z99": (9900, TAILS[1], 9_949_874_371_066_199_547),
    "es975": (9750, TAILS[2], 6_244_997_998_398_398_206),
}


@pytest.mark.parametrize("name", RANGES)
def test_post_model__tail_no_distribution_has__reverts(post, covariance_models, name):
    confidence, least, most = RANGES[name]
    for wrong in (least - 1, most + 1):
        with reverts(covariance_models.CovarianceModels__ImpossibleTail, confidence, wrong, least, most):
            post(**{name: wrong})


def test_post_model__99_below_95__reverts(post, covariance_models):
    z95 = 24 * WAD // 10
    with reverts(covariance_models.CovarianceModels__ImpossibleTail, 9900, TAILS[1], z95, RANGES["z99"][2]):
        post(z95=z95)


# -- Steps (R1)


def fallen(part, n=3):
    """The flat model with every entry this part of itself."""
    return [int(entry * part) for entry in flat_covariance(n)]


def test_post_model__within_the_bounds__stands(post, covariance_models, universe, next_day):
    post()
    next_day()
    post(covariance=fallen(0.941))
    assert covariance_models.modelOf(universe.id).nonce == 2


def test_post_model__too_soon__reverts(post, covariance_models, universe, chain):
    post()
    next_at = covariance_models.modelOf(universe.id).postedAt + 20 * HOUR
    chain.mine(timestamp=next_at - 10)
    with reverts(covariance_models.CovarianceModels__TooSoon):
        post()


def test_post_model__backdated_burst__one_a_day_all_the_same(post, covariance_models, universe, chain):
    """Nothing was posted for a week; that does not save up seven steps."""
    post()
    info = covariance_models.modelOf(universe.id)
    chain.mine(timestamp=info.postedAt + 7 * DAY)
    post(as_of=info.asOf + DAY, expiry=info.asOf + 8 * DAY)
    with reverts(covariance_models.CovarianceModels__TooSoon):
        post(as_of=info.asOf + 2 * DAY, expiry=info.asOf + 9 * DAY)


def test_post_model__variance_falls_too_far__reverts(post, covariance_models, next_day):
    post()
    next_day()
    covariance = flat_covariance(3)
    covariance[3] = int(covariance[3] * 0.939)
    with reverts(covariance_models.CovarianceModels__FallTooLarge, 1, 1, covariance[3], 94 * 10**12):
        post(covariance=covariance)


def test_post_model__only_a_correlation_falls_too_far__reverts(post, covariance_models, next_day):
    """Hiding risk in the off-diagonal: variances stay."""
    post()
    next_day()
    covariance = flat_covariance(3)
    covariance[1] -= 7 * 10**12
    with reverts(covariance_models.CovarianceModels__FallTooLarge, 0, 1, covariance[1], 44 * 10**12):
        post(covariance=covariance)


def test_post_model__rises_by_a_quarter_while_prices_stand__stands(post, covariance_models, universe, next_day):
    post()
    next_day()
    post(covariance=fallen(1.25))
    assert covariance_models.modelOf(universe.id).nonce == 2


def test_post_model__rises_further_while_prices_stand__reverts(post, covariance_models, next_day):
    post()
    next_day()
    covariance = fallen(1.2501)
    with reverts(covariance_models.CovarianceModels__RiseTooLarge, 0, 0, covariance[0], 125 * 10**12):
        post(covariance=covariance)


def test_post_model__only_a_correlation_rises_too_far__reverts(post, covariance_models, next_day):
    """Forcing sales through the off-diagonal: variances stay."""
    post()
    next_day()
    covariance = flat_covariance(3)
    covariance[1] += 26 * 10**12
    with reverts(covariance_models.CovarianceModels__RiseTooLarge, 0, 1, covariance[1], 75 * 10**12):
        post(covariance=covariance)


def test_post_model__prices_fell_by_a_fifth__rises_by_what_they_have_shown(
    post, covariance_models, universe, next_day, move_prices
):
    post()
    next_day()
    move_prices(0.8)
    least, most = covariance_models.entryBounds(universe.id)
    # A quarter of 1e-4, and a tenth of the square of a fifth.
    assert most[0] == 125 * 10**12 + 4 * 10**15
    assert least[0] == 94 * 10**12
    post(covariance=[most[0], most[1], most[2], most[3], most[4], most[5]])
    assert covariance_models.modelOf(universe.id).nonce == 2


def test_post_model__prices_moved_before_the_last_model__count_once(
    post, covariance_models, universe, next_day, move_prices
):
    post()
    next_day()
    move_prices(0.8)
    post()
    next_day()
    assert covariance_models.entryBounds(universe.id)[1][0] == 125 * 10**12


def test_post_model__oracle_has_no_price__nothing_was_shown_and_the_old_price_is_remembered(
    post, covariance_models, universe, next_day, chain, move_prices
):
    post()
    before = covariance_models.pricesAtLastModel(universe.id)
    assert all(before)
    chain.mine(timestamp=covariance_models.modelOf(universe.id).postedAt + 2 * YEAR)
    assert covariance_models.entryBounds(universe.id)[1][0] == 125 * 10**12
    post()
    assert covariance_models.pricesAtLastModel(universe.id) == before
    next_day()
    move_prices(0.8)
    assert covariance_models.entryBounds(universe.id)[1][0] == 125 * 10**12 + 4 * 10**15


def moves_since(covariance_models, universe, before):
    """How far each stock's price is from where it was, in the contract's own arithmetic."""
    now = [feed.latestRoundData()[1] * 10**10 for feed in universe.feeds]
    assert len(before) == len(now)
    return [abs(new - old) * WAD // old for new, old in zip(now, before, strict=True)]


def test_entry_bounds__prices_and_model_moved__are_what_keepers_compute(
    post, covariance_models, universe, next_day, move_prices
):
    post()
    next_day()
    before = covariance_models.pricesAtLastModel(universe.id)
    move_prices(0.87)
    found = covariance_models.entryBounds(universe.id)
    expected = entry_bounds(flat_covariance(3), moves_since(covariance_models, universe, before), 600, 2_500)
    assert (list(found[0]), list(found[1])) == expected


def test_post_model__series_that_keepers_stepped_through_a_crash__stands_day_by_day(
    post, covariance_models, universe, next_day, move_prices
):
    """The chain holds the models that `keepers.risk.models.stepped` says it would hold."""
    series, risk = PostedSeries(600, 2_500), 1e-4
    for move in (0, 0.01, -0.2, 0.1, -0.02, 0, 0, 0.005):
        before = covariance_models.pricesAtLastModel(universe.id)
        move_prices(1 + move)
        seen = moves_since(covariance_models, universe, before) if before else [0, 0, 0]
        risk = 0.8 * risk + 0.2 * move**2
        matrix = risk * (0.4 * np.eye(3) + 0.6)
        series.post(EllipticalForecast(matrix, Student(4.0 if move else 30.0)), np.array(seen) / WAD)
        post(covariance=series.entries, **dict(zip(("z95", "z99", "es975"), series.tails, strict=True)))
        next_day()
    assert covariance_models.modelOf(universe.id).nonce == series.posted == 8
    assert series.held >= 4 and series.tails_held >= 1


def test_post_model__too_little_gas_for_a_price__reverts(post, covariance_models, next_day):
    post()
    next_day()
    with reverts(covariance_models.CovarianceModels__TooLittleGas):
        post(gas=400_000)


def test_entry_bounds__before_the_first_model__reverts(covariance_models, universe):
    with reverts(covariance_models.CovarianceModels__NoModel, universe.id):
        covariance_models.entryBounds(universe.id)


@pytest.mark.parametrize("z99", [290, 338])
def test_post_model__tail_steps_too_far__reverts(post, covariance_models, next_day, z99):
    post(z99=3 * WAD)
    next_day()
    least, most = 291 * WAD // 100, 3375 * WAD // 1000
    with reverts(covariance_models.CovarianceModels__TailStepTooLarge, z99 * WAD // 100, least, most):
        post(z99=z99 * WAD // 100)


def test_co_signed__guardian__steps_anywhere_at_once(post, covariance_models, universe, guardian):
    post()
    as_of = covariance_models.modelOf(universe.id).asOf
    receipt = post(guardian=guardian, as_of=as_of + 1, covariance=fallen(0.1))
    assert receipt.events[0].guardian == guardian
    assert covariance_models.modelOf(universe.id).nonce == 2


@pytest.mark.parametrize("actor", ["thief", "manager", "admin", "risk_signer"])
def test_co_signed__anyone_else__reverts(post, covariance_models, actors, actor):
    post()
    with reverts(covariance_models.CovarianceModels__NotGuardian, actors[actor]):
        post(guardian=actors[actor], covariance=fallen(0.1))


def test_co_signed__guardian_who_was_dismissed__reverts(
    post, covariance_models, universe, guardian, access_manager, admin
):
    post()
    access_manager.revokeRole(roles.GUARDIAN, guardian, sender=admin)
    with reverts(covariance_models.CovarianceModels__NotGuardian, guardian):
        post(guardian=guardian, covariance=fallen(0.1))


def test_co_signed__guardians_signature_of_another_model__reverts(
    covariance_models, universe, keeper, risk_signer, guardian, chain
):
    model = model_for(covariance_models, universe, chain.pending_timestamp)
    other = model_for(covariance_models, universe, chain.pending_timestamp, fallen(0.5))
    (seal,) = signed(covariance_models.hashModel(other), guardian)
    with reverts(covariance_models.CovarianceModels__NotGuardian, guardian):
        covariance_models.postModelCoSigned(
            model, signed(covariance_models.hashModel(model), risk_signer), seal, sender=keeper
        )


def test_co_signed__below_quorum__reverts(post, signer_sets, universe, guardian, thief):
    with reverts(signer_sets.SignerSets__NotASigner, universe.id, thief):
        post(signers=[thief], guardian=guardian)


def test_co_signed__replayed__reverts(covariance_models, universe, keeper, risk_signer, guardian, chain):
    model = model_for(covariance_models, universe, chain.pending_timestamp)
    digest = covariance_models.hashModel(model)
    (seal,) = signed(digest, guardian)
    arguments = (model, signed(digest, risk_signer), seal)
    covariance_models.postModelCoSigned(*arguments, sender=keeper)
    with reverts(covariance_models.CovarianceModels__WrongNonce, 1, 2):
        covariance_models.postModelCoSigned(*arguments, sender=keeper)


@pytest.mark.parametrize(("days", "steps", "least"), [(1, 2, 0.90), (7, 9, 0.59)])
def test_drift__valid_step_by_step__var_left_is_what_the_docs_say(
    post, covariance_models, risk_engine, universe, invested, chain, days, steps, least
):
    """A stolen quorum lowers every entry as far as it may, as often as it may. What is left of the VaR of three equal
    weights with correlation one half is, by docs/risk.md, (1 - (1 - 0.94^k) / r)^(1/2) with r = 2/3."""
    before = risk_engine.metrics(invested).var99
    matrix, posted_at = flat_covariance(3), []
    for _ in range(steps):
        chain.mine(timestamp=covariance_models.modelOf(universe.id).postedAt + 20 * HOUR)
        variance = matrix[0]
        matrix = [entry - variance * 6 // 100 + 1 for entry in matrix]
        post(covariance=matrix)
        posted_at.append(covariance_models.modelOf(universe.id).postedAt)
    assert posted_at[-1] - posted_at[0] <= days * DAY < posted_at[-1] - posted_at[0] + 20 * HOUR
    left = risk_engine.metrics(invested).var99 / before
    assert left == pytest.approx(math.sqrt(1 - (1 - 0.94**steps) * 1.5), rel=1e-3)
    assert left > least
