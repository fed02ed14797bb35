"""Tokens that nobody asked for: no donation of any size makes principal a gain, or a price that nothing can hold."""

import pytest

from tests.fixtures.portfolio import NO_FEES, PENDING
from tests.fixtures.protocol import DAY, WAD, YEAR
from tests.reverts import reverts

MAX = 2**256 - 1
MONTH = 30 * DAY
DEPOSIT = 100_000
DECIMALS = (0, 6, 8, 18)
UNIT, DUST, HUNDREDS, MILLIONS = "one unit", "a ten thousandth", "hundreds", "millions"
DONATIONS = (UNIT, DUST, HUNDREDS, MILLIONS)


@pytest.fixture(scope="module")
def settlements(create_settlement, create_feed):
    """A settlement token of each number of decimals, at one dollar."""
    tokens = {}
    for decimals in DECIMALS:
        tokens[decimals] = create_settlement(f"USD{decimals}", decimals)
        create_feed(tokens[decimals], 1, heartbeat=YEAR)
    return tokens


@pytest.fixture(params=DECIMALS)
def settlement(request, settlements):
    """The settlement token."""
    return settlements[request.param]


@pytest.fixture
def charging(create_portfolio, settlement, counterparty):
    """`charging(performance)`: an empty portfolio; a period is a month, a jump of 5% pauses it."""

    def made(performance=0):
        fees = (0, performance, MONTH, counterparty) if performance else NO_FEES
        return create_portfolio(settlement=settlement, fees=fees, policy=(0, 500, 0))

    return made


@pytest.fixture
def donate(settlement, admin):
    """`donate(portfolio, what)`: returns the units."""

    def donated(portfolio, what):
        whole = 10 ** settlement.decimals()
        units = {UNIT: 1, DUST: max(whole // 10_000, 1), HUNDREDS: 400 * whole, MILLIONS: 10_000_000 * whole}[what]
        settlement.mint(portfolio, units, sender=admin)
        return units

    return donated


@pytest.fixture
def enter(settlement, admin):
    """`enter(portfolio, account, units)`: deposits; returns the shares."""

    def entered(portfolio, account, units):
        settlement.mint(account, units, sender=admin)
        settlement.approve(portfolio, MAX, sender=account)
        before = portfolio.balanceOf(account)
        portfolio.deposit(units, account, sender=account)
        return portfolio.balanceOf(account) - before

    return entered


def wait(chain, seconds):
    chain.mine(timestamp=chain.pending_timestamp + seconds)


@pytest.mark.parametrize("what", DONATIONS)
@pytest.mark.parametrize("first", (False, True), ids=("before the first deposit", "after the first deposit"))
def test_crystallise__after_a_donation__takes_no_part_of_the_principal(
    charging, donate, enter, settlement, fee_manager, chain, investor, spender, counterparty, thief, what, first
):
    portfolio = charging(performance=2000)
    if first:
        enter(portfolio, spender, 1)
    given = donate(portfolio, what)
    # The price leaves its band at the second deposit of more than a thousand, which is what the band is for.
    units = DEPOSIT * 10 ** settlement.decimals()
    enter(portfolio, investor, units)
    worth = portfolio.convertToAssets(portfolio.balanceOf(investor))
    # A share of the portfolio is a millionth of what was there before: what is lost to rounding is less than that.
    assert units - worth <= given // 10**6 + 2
    for _ in range(3):
        wait(chain, MONTH)
        quote = fee_manager.quote(portfolio, portfolio.totalAssets(), portfolio.totalSupply())
        if quote.q[PENDING]:
            fee_manager.crystallise(portfolio, sender=thief)
    if fee_manager.feeState(portfolio).owed:
        fee_manager.collectFees(portfolio, sender=thief)
    assert portfolio.convertToAssets(portfolio.balanceOf(investor)) >= worth - 1
    assert portfolio.convertToAssets(portfolio.balanceOf(counterparty)) <= given // 5 + 1


@pytest.mark.parametrize("what", DONATIONS)
def test_checkpoint__after_a_donation_to_an_empty_portfolio__goes_on(
    charging, donate, enter, settlement, risk_engine, performance_registry, post_model, chain, investor, thief, what
):
    portfolio = charging()
    post_model()
    donate(portfolio, what)
    enter(portfolio, investor, DEPOSIT * 10 ** settlement.decimals())
    price = portfolio.sharePrice()
    risk_engine.checkpoint(portfolio, sender=thief)
    wait(chain, DAY)
    risk_engine.checkpoint(portfolio, sender=thief)
    metrics = risk_engine.metrics(portfolio)
    assert metrics.highWaterMark == price
    assert metrics.drawdown == 0
    assert performance_registry.statsOf(portfolio).observations == 1


@pytest.mark.parametrize("what", DONATIONS)
def test_deposit__a_jump_after_a_donation_to_an_empty_portfolio__reverts(
    charging, donate, enter, settlement, universe, fee_manager, issuer, admin, chain, investor, spender, what
):
    portfolio = charging()
    given = donate(portfolio, what) // 10 ** settlement.decimals()
    enter(portfolio, investor, DEPOSIT * 10 ** settlement.decimals())
    stock, feed = universe.stocks[0], universe.feeds[0]
    stock.mint(portfolio, (DEPOSIT + given) * WAD // 50, sender=issuer)
    wait(chain, MONTH)
    enter(portfolio, investor, 1000 * 10 ** settlement.decimals())
    feed.setAnswer(feed.latestRoundData()[1] * 3 // 2, sender=admin)
    with reverts(fee_manager.FeeManager__PriceJumped):
        enter(portfolio, spender, 1000 * 10 ** settlement.decimals())
