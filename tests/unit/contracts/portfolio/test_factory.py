"""Creating and governing portfolios."""

import pytest

from tests.fixtures.portfolio import BUDGET_BPS, LIMITS, NO_FEES, OPEN, WINDOW, ZERO
from tests.fixtures.protocol import YEAR
from tests.reverts import reverts


def test_create_portfolio__lists_settlement_first(portfolio, usd, universe):
    assert portfolio.assets() == [usd.address, *(stock.address for stock in universe.stocks)]


def test_create_portfolio__thief__reverts(portfolio_factory, universe, usd, thief):
    init = ("x", "x", usd, [], ZERO, BUDGET_BPS, WINDOW)
    with reverts(portfolio_factory.AccessManagedUnauthorized, thief):
        portfolio_factory.createPortfolio(
            (init, NO_FEES, OPEN, universe.id, LIMITS, False, [], 0, b"\1" * 32), sender=thief
        )


def test_create_portfolio__asset_without_a_feed__reverts(create_portfolio, create_token, oracle, universe):
    token = create_token("NOFEED")
    with reverts(oracle.PriceOracle__NoFeed, token):
        create_portfolio(assets=[token])


def test_create_portfolio__asset_outside_the_universe__reverts(
    create_portfolio, create_token, create_feed, covariance_models, universe
):
    token = create_token("OTHER")
    create_feed(token, 1, heartbeat=YEAR)
    with reverts(covariance_models.CovarianceModels__AssetNotInUniverse, universe.id, token):
        create_portfolio(assets=[token])


def test_create_portfolio__same_asset_twice__reverts(create_portfolio, portfolio_factory, universe, portfolio):
    with reverts(portfolio.Portfolio__AssetExists, universe.stocks[0]):
        create_portfolio(assets=[universe.stocks[0]] * 2)


@pytest.mark.parametrize("budget", [(0, WINDOW), (10_001, WINDOW), (BUDGET_BPS, 0)])
def test_create_portfolio__impossible_budget__reverts(create_portfolio, portfolio, budget):
    with reverts(portfolio.Portfolio__InvalidLossBudget, *budget):
        create_portfolio(budget=budget)


def test_create_portfolio__settlement_with_many_decimals__reverts(
    create_portfolio, create_settlement, create_feed, portfolio
):
    token = create_settlement("FINE", 19)
    create_feed(token, 1, heartbeat=YEAR)
    with reverts(portfolio.Portfolio__InvalidAsset, token):
        create_portfolio(settlement=token, assets=[])


def test_list_asset__manager__is_held_and_counted(portfolio_factory, create_portfolio, universe, manager):
    portfolio = create_portfolio(assets=universe.stocks[:1])
    portfolio_factory.listAsset(portfolio, universe.stocks[2], sender=manager)
    assert portfolio.isAsset(universe.stocks[2])
    assert len(portfolio.assets()) == 3


def test_list_asset__thief__reverts(portfolio_factory, portfolio, universe, thief):
    with reverts(portfolio_factory.AccessManagedUnauthorized, thief):
        portfolio_factory.listAsset(portfolio, universe.stocks[0], sender=thief)


def test_list_asset__not_a_portfolio__reverts(portfolio_factory, usd, universe, manager):
    with reverts(portfolio_factory.PortfolioFactory__NotAPortfolio, usd):
        portfolio_factory.listAsset(usd, universe.stocks[0], sender=manager)


def test_unlist_asset__not_held__drops_it(portfolio_factory, portfolio, universe, manager):
    portfolio_factory.unlistAsset(portfolio, universe.stocks[0], sender=manager)
    assert not portfolio.isAsset(universe.stocks[0])
    assert universe.stocks[0].address not in portfolio.assets()


def test_unlist_asset__weights_of_the_others__stay_right(
    portfolio_factory,
    risk_engine,
    create_portfolio,
    universe,
    post_model,
    deposit,
    investor,
    market,
    signal_sender,
    usd,
    manager,
):
    """The engine reads the list again: the last asset moved into the gap."""
    from tests.fixtures.portfolio import USD, order
    from tests.fixtures.protocol import WAD

    portfolio = create_portfolio()
    portfolio_factory.unlistAsset(portfolio, universe.stocks[0], sender=manager)
    deposit(portfolio, investor, 1_000_000)
    # Only the last asset of the universe is risky.
    tiny, large = 1, int(0.01**2 * WAD)
    post_model([tiny, 0, 0, tiny, 0, large])
    bought = order(portfolio, usd, universe.stocks[2], 100_000 * USD, market[2])
    signal_sender.rebalance(portfolio, [9 * WAD // 10, WAD // 10, 0], bought, band=500)
    assert risk_engine.metrics(portfolio).volatility / WAD == pytest.approx(0.001, rel=0.02)


def test_unlist_asset__held__reverts(portfolio_factory, invested, universe, manager):
    stock = universe.stocks[0]
    with reverts(portfolio_factory.PortfolioFactory__AssetHeld, stock, stock.balanceOf(invested)):
        portfolio_factory.unlistAsset(invested, stock, sender=manager)


def test_unlist_asset__settlement__reverts(portfolio_factory, portfolio, usd, manager):
    with reverts(portfolio.Portfolio__AssetNotListed, usd):
        portfolio_factory.unlistAsset(portfolio, usd, sender=manager)


def test_set_loss_budget__manager__changes_the_bucket(portfolio_factory, portfolio, manager):
    portfolio_factory.setLossBudget(portfolio, 400, WINDOW, sender=manager)
    assert portfolio.lossBucket().capacity == 2 * 10**16


def test_tighten_loss_budget__lower__acts(portfolio_factory, portfolio, manager):
    portfolio_factory.tightenLossBudget(portfolio, 100, 2 * WINDOW, sender=manager)
    assert tuple(portfolio.lossBucket())[1:] == (5 * 10**15, 2 * WINDOW)


@pytest.mark.parametrize("budget", [(BUDGET_BPS + 1, WINDOW), (BUDGET_BPS, WINDOW - 1)])
def test_tighten_loss_budget__looser__reverts(portfolio_factory, portfolio, manager, budget):
    with reverts(portfolio_factory.PortfolioFactory__NotTighter, BUDGET_BPS, WINDOW, *budget):
        portfolio_factory.tightenLossBudget(portfolio, *budget, sender=manager)


def test_set_loss_budget__keeps_what_is_in_the_bucket(portfolio_factory, invested, manager):
    before = invested.lossBucket().level
    portfolio_factory.setLossBudget(invested, 400, WINDOW, sender=manager)
    assert invested.lossBucket().level == pytest.approx(before, rel=0.01)


@pytest.mark.parametrize("listing", range(3))
def test_portfolio_set_listing__not_the_factory__reverts(portfolio, universe, manager, listing):
    with reverts(portfolio.Portfolio__OnlyFactory, manager):
        portfolio.setListing(universe.stocks[0], listing, sender=manager)


def test_portfolio_set_loss_budget__not_the_factory__reverts(portfolio, manager):
    with reverts(portfolio.Portfolio__OnlyFactory, manager):
        portfolio.setLossBudget(1, 1, sender=manager)


def test_address_of__salt__is_where_it_is(portfolio_factory, portfolio):
    assert portfolio_factory.isPortfolio(portfolio)
