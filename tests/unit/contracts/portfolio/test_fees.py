"""Fees: what they cost, when, whom, and who cannot get round them."""

from fractions import Fraction
from math import expm1

import pytest
from eth_abi import decode
from web3.exceptions import Web3Exception

from scripts._lib.deployment import roles
from tests.fixtures.portfolio import NO_FEES, PENDING, USD, ZERO
from tests.fixtures.protocol import DAY, SWITZERLAND, WAD, YEAR
from tests.reverts import reverts

MAX = 2**256 - 1
SHARE = 10**12
MONTH = 30 * DAY
RAY = 10**27


@pytest.fixture(scope="session")
def recipient(counterparty):
    """Gets the fees."""
    return counterparty


@pytest.fixture
def charging(create_portfolio, deposit, investor, recipient):
    """`charging(management, performance, dollars)`: a portfolio of cash of the investor's; a dollar a share."""

    def made(management=0, performance=0, dollars=1_000_000, period=MONTH, **more):
        portfolio = create_portfolio(fees=(management, performance, period, recipient), **more)
        if dollars:
            deposit(portfolio, investor, dollars)
        return portfolio

    return made


@pytest.fixture
def gain(usd, admin):
    """`gain(portfolio, dollars)`: cash from nowhere, which is what a risen price is to a share."""

    def gained(portfolio, dollars):
        usd.mint(portfolio, dollars * USD, sender=admin)

    return gained


@pytest.fixture
def with_stock(charging, fee_manager, universe, issuer, chain, thief):
    """A million dollars of cash and 100,000 in the first stock, whose gain is crystallised: the mark is the price."""
    portfolio = charging(performance=2000)
    universe.stocks[0].mint(portfolio, 2000 * WAD, sender=issuer)
    wait(chain, MONTH)
    fee_manager.crystallise(portfolio, sender=thief)
    return portfolio


@pytest.fixture
def move(universe, admin):
    """`move(percent)`: brings the first stock to so much of its first price."""
    first = universe.feeds[0].latestRoundData()[1]

    def moved(percent):
        universe.feeds[0].setAnswer(first * percent // 100, sender=admin)

    return moved


def worth(portfolio, account):
    """Smallest units that the account's shares convert to."""
    return portfolio.convertToAssets(portfolio.balanceOf(account))


def wait(chain, seconds):
    """Mines one block so much later."""
    chain.mine(timestamp=chain.pending_timestamp + seconds)


# -- Management


def test_management__a_while__the_recipient_owns_what_the_rate_compounds_to(charging, fee_manager, chain, investor):
    portfolio = charging(management=200)
    opened = chain.blocks.head.timestamp
    wait(chain, 300 * DAY)
    part = -expm1(-0.02 * (chain.blocks.head.timestamp - opened) / YEAR)
    owed = fee_manager.feeState(portfolio).owed
    assert owed / (owed + portfolio.totalSupply()) == pytest.approx(part, rel=1e-6)
    assert worth(portfolio, investor) == pytest.approx(1_000_000 * USD * (1 - part), rel=1e-6)


def test_management__however_often_settled__costs_the_same(charging, chain, deposit, usd, investor, spender):
    busy, quiet = charging(management=500), charging(management=500)
    for _ in range(12):
        wait(chain, MONTH)
        deposit(busy, spender, 1)
        busy.redeem(busy.balanceOf(spender), spender, spender, sender=spender)
    assert busy.sharePrice() == pytest.approx(quiet.sharePrice(), rel=1e-8)


def test_management__prices_stale_and_shut_down__goes_on(charging, fee_manager, risk_engine, guardian, chain, investor):
    portfolio = charging(management=500)
    risk_engine.shutdown(portfolio, sender=guardian)
    wait(chain, 2 * YEAR)
    owed = fee_manager.feeState(portfolio).owed
    receipt = portfolio.redeemInKind(500_000 * SHARE, investor, investor, sender=investor)
    # 10% over two years, compounded, are the others'.
    assert receipt.return_value[0] == pytest.approx(500_000 * USD * 0.9048374180359595, rel=1e-6)
    assert fee_manager.feeState(portfolio).owed >= owed


# -- Performance


def test_performance__a_gain__counts_in_every_price_at_once(charging, gain, investor):
    portfolio = charging(performance=2000)
    gain(portfolio, 100_000)
    assert portfolio.totalAssets() == 1_100_000 * USD
    assert portfolio.sharePrice() == pytest.approx(1.08 * WAD, rel=1e-9)
    assert worth(portfolio, investor) == pytest.approx(1_080_000 * USD, rel=1e-9)
    assert portfolio.previewRedeem(SHARE) == pytest.approx(1.08 * USD, rel=1e-6)
    assert portfolio.previewDeposit(1080 * USD) == pytest.approx(1000 * SHARE, rel=1e-9)
    assert portfolio.positions().sharePrice_ == portfolio.sharePrice()


def test_performance__the_gain_is_gone_before_the_day__costs_nothing(with_stock, fee_manager, move):
    before, owed = with_stock.sharePrice(), fee_manager.feeState(with_stock).owed
    move(150)
    quote = fee_manager.quote(with_stock, with_stock.totalAssets(), with_stock.totalSupply())
    assert quote.q[PENDING] > 0
    move(100)
    assert (with_stock.sharePrice(), fee_manager.feeState(with_stock).owed) == (before, owed)


def test_crystallise__before_the_period__reverts(charging, fee_manager, gain, thief):
    portfolio = charging(performance=2000)
    gain(portfolio, 100_000)
    with reverts(fee_manager.FeeManager__CrystallisedTooSoon):
        fee_manager.crystallise(portfolio, sender=thief)


def test_crystallise__due__is_owed_and_lifts_the_mark_not_the_price(charging, fee_manager, gain, chain, thief):
    portfolio = charging(performance=2000)
    gain(portfolio, 100_000)
    wait(chain, MONTH)
    before = portfolio.sharePrice()
    fee_manager.crystallise(portfolio, sender=thief)
    state = fee_manager.feeState(portfolio)
    assert portfolio.sharePrice() == before
    assert portfolio.convertToAssets(state.owed) == pytest.approx(20_000 * USD, rel=1e-6)
    assert state.highWaterMark == pytest.approx(before * 10**9, rel=1e-12)
    with reverts(fee_manager.FeeManager__CrystallisedTooSoon):
        fee_manager.crystallise(portfolio, sender=thief)


def test_crystallise__nothing_pending__reverts_and_the_period_goes_on(charging, fee_manager, gain, chain, thief):
    """Or a stranger could put the next date off whenever there is nothing to take."""
    portfolio = charging(performance=2000)
    wait(chain, MONTH)
    with reverts(fee_manager.FeeManager__NoFee, portfolio):
        fee_manager.crystallise(portfolio, sender=thief)
    gain(portfolio, 1000)
    fee_manager.crystallise(portfolio, sender=thief)
    assert fee_manager.feeState(portfolio).owed > 0


def test_performance__after_a_fall__only_above_the_old_mark(with_stock, fee_manager, move, chain, thief):
    price, owed = with_stock.sharePrice(), fee_manager.feeState(with_stock).owed
    move(50)
    wait(chain, MONTH)
    move(100)
    with reverts(fee_manager.FeeManager__NoFee, with_stock):
        fee_manager.crystallise(with_stock, sender=thief)
    assert (with_stock.sharePrice(), fee_manager.feeState(with_stock).owed) == (price, owed)


# -- Who comes and goes


def test_deposit__above_the_mark__pays_for_no_gain_of_others(charging, fee_manager, gain, deposit, chain, spender):
    portfolio = charging(performance=2000)
    gain(portfolio, 100_000)
    deposit(portfolio, spender, 1_000_000)
    wait(chain, MONTH)
    fee_manager.crystallise(portfolio, sender=spender)
    assert worth(portfolio, spender) == pytest.approx(1_000_000 * USD, abs=2)


def test_deposit__above_the_mark__leaves_what_is_pending(charging, fee_manager, gain, deposit, chain, spender):
    portfolio = charging(performance=2000)
    gain(portfolio, 100_000)
    deposit(portfolio, spender, 10_000_000)
    wait(chain, MONTH)
    fee_manager.crystallise(portfolio, sender=spender)
    owed = fee_manager.feeState(portfolio).owed
    assert portfolio.convertToAssets(owed) == pytest.approx(20_000 * USD, rel=1e-6)


def test_flash_deposit__below_the_mark__does_not_lower_it(with_stock, fee_manager, move, deposit, spender):
    """Averaged in, a large deposit for a moment would make a gain of what is an old loss made good."""
    mark = fee_manager.feeState(with_stock).highWaterMark
    move(50)
    shares = deposit(with_stock, spender, 50_000_000)
    with_stock.redeem(shares, spender, spender, sender=spender)
    assert fee_manager.feeState(with_stock).highWaterMark == mark


@pytest.mark.parametrize("in_kind", [False, True])
def test_exit__before_the_day__leaves_its_part_of_the_fee(charging, fee_manager, gain, usd, investor, in_kind):
    portfolio = charging(performance=2000)
    gain(portfolio, 100_000)
    half = portfolio.balanceOf(investor) // 2
    leave = portfolio.redeemInKind if in_kind else portfolio.redeem
    leave(half, investor, investor, sender=investor)
    owed = fee_manager.feeState(portfolio).owed
    assert usd.balanceOf(investor) == pytest.approx(540_000 * USD, abs=2)
    # Part of the assets: what is pending on the recipient's own shares he owes to himself.
    gross = portfolio.totalAssets() / (portfolio.totalSupply() + 10**6 + owed)
    assert owed * gross == pytest.approx(10_000 * USD, rel=1e-6)


@pytest.mark.parametrize("in_kind", [False, True])
def test_round_trip__with_a_gain_pending__nobody_elses_price_falls(
    charging, gain, deposit, usd, chain, investor, spender, in_kind
):
    portfolio = charging(management=200, performance=2000)
    gain(portfolio, 123_457)
    wait(chain, 3 * DAY)
    now = chain.pending_timestamp + 100
    chain.mine(timestamp=now)
    theirs = worth(portfolio, investor)
    shares = deposit(portfolio, spender, 7_654_321)
    leave = portfolio.redeemInKind if in_kind else portfolio.redeem
    leave(shares, spender, spender, sender=spender)
    assert usd.balanceOf(spender) <= 7_654_321 * USD
    # The blocks between cost three seconds or so of the management fee, nothing else.
    seconds = chain.blocks.head.timestamp - now
    assert worth(portfolio, investor) >= theirs * (1 - 0.02 * (seconds + 2) / YEAR) - 1


def test_in_kind__prices_stale__pays_the_fee_that_was_known(charging, fee_manager, gain, deposit, chain, investor, usd):
    """A leaver who waits for an outage does not get round the fee of the gain that the last action saw."""
    portfolio = charging(performance=2000)
    gain(portfolio, 100_000)
    portfolio.redeem(SHARE, investor, investor, sender=investor)
    wait(chain, 2 * YEAR)
    before = usd.balanceOf(investor)
    portfolio.redeemInKind(500_000 * SHARE, investor, investor, sender=investor)
    assert usd.balanceOf(investor) - before == pytest.approx(540_000 * USD, rel=1e-6)


@pytest.mark.parametrize("stocks", [10_000, 40_000])
def test_in_kind__price_out_of_its_band__costs_those_who_stay_nothing(
    charging, fee_manager, gain, universe, issuer, deposit, investor, spender, stocks
):
    """Found by the Foundry campaign: at the last price's fee, a leaver took too much of a fund that had grown."""
    portfolio = charging(performance=2000, policy=(0, 2000, 0))
    gain(portfolio, 150_000)
    deposit(portfolio, spender, 300_000)
    universe.stocks[0].mint(portfolio, stocks * WAD, sender=issuer)

    def net():
        total = portfolio.totalAssets()
        supply, fair = fee_manager.supplyOf(portfolio, total, portfolio.totalSupply())
        assert not fair
        return Fraction(total + 1, supply)

    before, marked = net(), fee_manager.feeState(portfolio).highWaterMark
    portfolio.redeemInKind(portfolio.balanceOf(investor) // 2, investor, investor, sender=investor)
    # A unit more or less changes the quotient by this much.
    assert before <= net() * (1 + Fraction(1, portfolio.totalAssets())) <= before * (1 + Fraction(1, 10**9))
    assert fee_manager.feeState(portfolio).highWaterMark == marked


def test_in_kind__too_little_gas_for_a_price__does_not_pass_without_it(charging, gain, chain, investor):
    """Whoever starves the question for prices starves the exit with it."""
    portfolio = charging(performance=2000)
    gain(portfolio, 100_000)
    data = portfolio.redeemInKind.encode_input(SHARE, investor, investor)
    message = {"from": investor.address, "to": portfolio.address, "data": data}
    eth = chain.provider.web3.eth
    enough = eth.estimate_gas(message)
    passed, starved = [], 0
    for percent in range(20, 101, 4):
        try:
            answer = eth.call({**message, "gas": enough * percent // 100})
        except Web3Exception:
            starved += 1
        else:
            passed.append(decode(["uint256[]"], answer)[0][0])
    assert passed and starved, "some gas is enough, and some is not"
    assert all(cash == pytest.approx(1.08 * USD, abs=2) for cash in passed)


# -- Collecting


def test_collect__anyone__mints_to_the_recipient_only(charging, fee_manager, chain, recipient, investor, thief):
    portfolio = charging(management=200)
    wait(chain, MONTH)
    before = portfolio.sharePrice()
    fee_manager.collectFees(portfolio, sender=thief)
    assert portfolio.balanceOf(recipient) > 0
    assert portfolio.balanceOf(thief) == 0
    assert portfolio.sharePrice() == pytest.approx(before, rel=1e-8)


def test_collect__nothing_owed__reverts(charging, fee_manager, thief):
    portfolio = charging(performance=2000)
    with reverts(fee_manager.FeeManager__NoFee, portfolio):
        fee_manager.collectFees(portfolio, sender=thief)


def test_collect__recipient_refused__stops_nobody_else(
    charging, fee_manager, gain, chain, register, deposit, usd, investor, thief, compliance_engine
):
    """I5: owed shares are counted, not minted, so a refused recipient blocks no exit."""
    register(investor)
    portfolio = charging(management=200, performance=2000, countries=[SWITZERLAND])
    gain(portfolio, 100_000)
    wait(chain, DAY)
    with reverts(compliance_engine.AutomatedComplianceEngine__Refused):
        fee_manager.collectFees(portfolio, sender=thief)
    deposit(portfolio, investor, 1000)
    portfolio.redeem(1000 * SHARE, investor, investor, sender=investor)
    portfolio.redeemInKind(1000 * SHARE, investor, investor, sender=investor)
    assert usd.balanceOf(investor) > 2000 * USD
    assert fee_manager.feeState(portfolio).owed > 0


def test_mint_fees__not_the_book__reverts(charging, thief):
    portfolio = charging(management=200)
    with reverts(portfolio.Portfolio__OnlyFeeManager, thief):
        portfolio.mintFees(thief, SHARE, sender=thief)


# -- Terms


@pytest.mark.parametrize(
    "terms",
    [
        (501, 0, MONTH, True),
        (0, 3001, MONTH, True),
        (0, 0, DAY - 1, True),
        (0, 0, 366 * DAY + 1, True),
        (1, 0, DAY, False),
    ],
)
def test_create_portfolio__fees_beyond_the_protocols__reverts(create_portfolio, fee_manager, recipient, terms):
    terms = (*terms[:3], recipient if terms[3] else ZERO)
    with reverts(fee_manager.FeeManager__InvalidFees, *terms):
        create_portfolio(fees=terms)


def test_set_fees__raised__the_past_is_charged_by_the_old_terms(charging, fee_manager, gain, manager, recipient):
    portfolio = charging(performance=1000)
    gain(portfolio, 100_000)
    before = portfolio.sharePrice()
    fee_manager.setFees(portfolio, (0, 3000, MONTH, recipient), sender=manager)
    assert portfolio.sharePrice() == pytest.approx(before, rel=1e-12)
    gain(portfolio, 100_000)
    assert portfolio.sharePrice() == pytest.approx(before + WAD * 70_000 // 1_000_000, rel=1e-9)


def test_set_fees__from_none__no_gain_of_the_past_is_charged(charging, fee_manager, gain, manager, recipient):
    portfolio = charging()
    gain(portfolio, 100_000)
    fee_manager.setFees(portfolio, (0, 3000, MONTH, recipient), sender=manager)
    assert portfolio.sharePrice() == pytest.approx(1.1 * WAD, rel=1e-9)


def test_lower_fees__pending__falls_with_the_rate(charging, fee_manager, gain, manager, recipient):
    portfolio = charging(performance=2000)
    gain(portfolio, 100_000)
    fee_manager.lowerFees(portfolio, (0, 1000, MONTH, recipient), sender=manager)
    assert portfolio.sharePrice() == pytest.approx(1.09 * WAD, rel=1e-9)


def test_lower_fees__management__until_now_by_the_old_rate(charging, fee_manager, chain, manager, recipient):
    portfolio = charging(management=500)
    wait(chain, YEAR)
    fee_manager.lowerFees(portfolio, (0, 0, MONTH, recipient), sender=manager)
    owed = fee_manager.feeState(portfolio).owed
    wait(chain, YEAR)
    assert fee_manager.feeState(portfolio).owed == owed
    assert owed / (owed + portfolio.totalSupply()) == pytest.approx(0.048770575499285984, rel=1e-6)


@pytest.mark.parametrize("field, value", [(0, 201), (1, 1001), (2, MONTH - 1), (3, None)])
def test_lower_fees__anything_raised__reverts(charging, fee_manager, manager, recipient, thief, field, value):
    portfolio = charging(management=200, performance=1000)
    terms = [200, 1000, MONTH, recipient]
    terms[field] = value or thief
    with reverts(fee_manager.FeeManager__NotLower):
        fee_manager.lowerFees(portfolio, tuple(terms), sender=manager)


@pytest.mark.parametrize("what", ["setFees", "lowerFees"])
def test_fees__thief__reverts(charging, fee_manager, thief, what):
    portfolio = charging()
    with reverts(fee_manager.AccessManagedUnauthorized, thief):
        getattr(fee_manager, what)(portfolio, NO_FEES, sender=thief)


def test_roles__loosening__waits_out_the_delay():
    of = roles.FUNCTIONS["FeeManager"]
    assert {name for name, role in of.items() if role == roles.MANAGER_DELAYED} == {
        "setFees",
        "setPolicy",
        "acceptPrice",
    }


def test_open__again__reverts(charging, fee_manager, portfolio_factory, access_manager, admin):
    portfolio = charging()
    access_manager.grantRole(roles.FACTORY, admin, 0, sender=admin)
    with reverts(fee_manager.FeeManager__Exists, portfolio):
        fee_manager.open(portfolio, NO_FEES, (0, 100, 0), sender=admin)


def test_set_fees__no_portfolio__reverts(fee_manager, usd, manager):
    with reverts(fee_manager.FeeManager__NotAPortfolio, usd):
        fee_manager.setFees(usd, NO_FEES, sender=manager)
    with reverts(fee_manager.FeeManager__NotAPortfolio, usd):
        fee_manager.setPolicy(usd, (0, 100, 0), sender=manager)


def test_donation__to_an_empty_portfolio__first_deposit_works(
    create_portfolio, usd, recipient, deposit, investor, admin
):
    portfolio = create_portfolio(fees=(200, 2000, MONTH, recipient))
    usd.mint(portfolio, 100 * USD, sender=admin)
    shares = deposit(portfolio, investor, 1_000_000)
    assert portfolio.convertToAssets(shares) == pytest.approx(1_000_000 * USD, rel=1e-3)
