"""Signed reports: refused where they disagree with the chain, missed where they are missing."""

import pytest

from tests.fixtures.deployment import REPORT_GRACE, REPORT_LIFETIME
from tests.fixtures.portfolio import DE_RISK_ONLY, HALTED, LIMITS, NORMAL, WARNING, buy_more, sell_some, signed
from tests.fixtures.protocol import DAY, WAD
from tests.reverts import reverts

VAR = [WAD // 100 * k for k in (1, 2, 3, 2, 4, 6, 3, 6, 9)]
ES = [value * 12 // 10 for value in VAR]


@pytest.fixture
def post_report(risk_reports, risk_engine, covariance_models, universe, invested, keeper, risk_signer, chain):
    """`post_report(field=value)`: the next acceptable report with something changed, properly signed."""

    def posted(signers=(), **changes):
        # The report is of the second before now: two in one second are not newer than each other.
        chain.mine(timestamp=chain.pending_timestamp + 2)
        metrics = risk_engine.metrics(invested)
        now = chain.pending_timestamp
        fields = {
            "portfolio": invested,
            "nonce": risk_reports.latestOf(invested) + 1,
            "as_of": now - 1,
            "expiry": now + DAY,
            "model_nonce": covariance_models.modelOf(universe.id).nonce,
            "model_hash": b"\5" * 32,
            "volatility": metrics.volatility,
            "var95": metrics.var95,
            "var99": metrics.var99,
            "monte_carlo_var": VAR,
            "monte_carlo_es": ES,
            "scenarios": [b"march 2020".ljust(32, b"\0"), b"rates up".ljust(32, b"\0")],
            "stress_losses": [WAD // 5, -WAD // 50],
        }
        report = tuple({**fields, **changes}.values())
        signatures = signed(risk_reports.hashReport(report), *(signers or [risk_signer]))
        return risk_reports.postReport(report, signatures, sender=keeper)

    return posted


def test_report__agrees__is_kept_with_its_history(risk_reports, invested, post_report):
    post_report()
    post_report(model_hash=b"\6" * 32)
    assert risk_reports.latestOf(invested) == 2
    first, second = (risk_reports.reportAt(invested, nonce) for nonce in (1, 2))
    assert (first.modelHash, second.modelHash) == (b"\5" * 32, b"\6" * 32)
    assert (list(first.monteCarloVar), list(first.stressLosses)) == (VAR, [WAD // 5, -WAD // 50])


def test_report__disagrees_with_the_chain__reverts(risk_reports, risk_engine, invested, post_report):
    for number, name in enumerate(["volatility", "var95", "var99"]):
        computed = getattr(risk_engine.metrics(invested), name)
        for reported in (computed * 97 // 100, computed * 103 // 100):
            with reverts(risk_reports.RiskReports__Disagrees, number, reported, computed, 200):
                post_report(**{name: reported})


def test_report__of_other_prices__reverts(risk_reports, risk_engine, invested, post_report, universe, admin):
    """The desk's numbers were right yesterday; the market has moved."""
    old = risk_engine.metrics(invested).volatility
    universe.feeds[0].setAnswer(universe.feeds[0].latestRoundData()[1] * 13 // 10, sender=admin)
    computed = risk_engine.metrics(invested).volatility
    with reverts(risk_reports.RiskReports__Disagrees, 0, old, computed, 200):
        post_report(volatility=old)


@pytest.mark.parametrize("index", [1, 4, 8])
def test_report__var_falls_with_confidence__reverts(risk_reports, post_report, index):
    var = list(VAR)
    var[index] = var[index - 1] - 1
    with reverts(risk_reports.RiskReports__Incoherent, index, var[index], ES[index]):
        post_report(monte_carlo_var=var)


def test_report__shortfall_below_var__reverts(risk_reports, post_report):
    es = [*ES[:8], VAR[8] - 1]
    with reverts(risk_reports.RiskReports__Incoherent, 8, VAR[8], VAR[8] - 1):
        post_report(monte_carlo_es=es)


def test_report__scenario_without_a_loss__reverts(risk_reports, post_report):
    with reverts(risk_reports.RiskReports__StressMismatch, 2, 1):
        post_report(stress_losses=[1])


def test_report__of_another_model__reverts(risk_reports, post_report):
    with reverts(risk_reports.RiskReports__WrongModel, 7, 1):
        post_report(model_nonce=7)


def test_report__replayed_nonce__reverts(risk_reports, post_report):
    post_report()
    with reverts(risk_reports.RiskReports__WrongNonce, 1, 2):
        post_report(nonce=1)


@pytest.mark.parametrize("lifetime", [-1, REPORT_LIFETIME + 10])
def test_report__expired_or_for_too_long__reverts(risk_reports, post_report, chain, lifetime):
    with reverts(risk_reports.RiskReports__BadTimes):
        post_report(expiry=chain.pending_timestamp + lifetime)


def test_report__stranger_signed__reverts(post_report, signer_sets, universe, thief):
    with reverts(signer_sets.SignerSets__NotASigner, universe.id, thief):
        post_report(signers=[thief])


def test_report_at__never_posted__reverts(risk_reports, invested):
    with reverts(risk_reports.RiskReports__NoReport, invested, 1):
        risk_reports.reportAt(invested, 1)


def test_note_report__thief__reverts(risk_engine, invested, thief):
    with reverts(risk_engine.AccessManagedUnauthorized, thief):
        risk_engine.noteReport(invested, 2**40 - 1, sender=thief)


# -- Missed reports degrade


def test_state__no_report_yet__normal(risk_engine, invested, chain):
    chain.mine(timestamp=chain.pending_timestamp + 5 * DAY)
    assert risk_engine.stateOf(invested) == NORMAL


@pytest.fixture
def lapsed(risk_engine, invested, post_report, chain):
    """`lapsed(seconds)`: that long after the only report's expiry."""

    def made(seconds):
        post_report()
        expiry = risk_engine.breakerOf(invested).reportExpiry
        chain.mine(timestamp=expiry + seconds)
        return invested

    return made


def test_state__report_lapsed__warning(risk_engine, lapsed):
    assert risk_engine.stateOf(lapsed(0)) == WARNING


def test_state__report_lapsed_for_long__de_risk_only(risk_engine, lapsed):
    assert risk_engine.stateOf(lapsed(REPORT_GRACE)) == DE_RISK_ONLY


def test_state__report_lapsed__next_report_mends_it(risk_engine, lapsed, post_report):
    portfolio = lapsed(REPORT_GRACE)
    post_report()
    assert risk_engine.stateOf(portfolio) == NORMAL


def test_state__halted_and_lapsed__stays_halted(risk_engine, lapsed, guardian):
    portfolio = lapsed(0)
    risk_engine.shutdown(portfolio, sender=guardian)
    assert risk_engine.stateOf(portfolio) == HALTED


def test_rebalance__report_lapsed_for_long__may_shed_risk_only(
    risk_engine, lapsed, market, signal_sender, universe, usd
):
    portfolio = lapsed(REPORT_GRACE)
    with reverts(risk_engine.RiskEngine__OnlyDeRisking):
        buy_more(signal_sender, portfolio, universe, usd, market)
    sell_some(signal_sender, portfolio, universe, usd, market)


def test_exits__report_lapsed_for_long__all_pass(lapsed, investor, register, usd):
    """I5 and more: nothing is frozen."""
    portfolio = lapsed(REPORT_GRACE)
    register(investor)
    quarter = portfolio.balanceOf(investor) // 4
    portfolio.redeem(quarter, investor, investor, sender=investor)
    portfolio.redeemInKind(quarter, investor, investor, sender=investor)
    assert usd.balanceOf(investor) > 0


def test_limits__of_the_fixture__are_wide_enough(risk_engine, invested):
    """Otherwise the tests above would see a breach, not a lapse."""
    assert risk_engine.metrics(invested).var99 < LIMITS[0] * 10**14
