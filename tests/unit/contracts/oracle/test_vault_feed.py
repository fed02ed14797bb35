"""A share's price: its asset's, times a rate that falls at once and rises no faster than it may."""

import ape
import pytest

from tests.fixtures.protocol import DAY, WAD, YEAR
from tests.reverts import reverts

GROWTH = WAD // 10 // YEAR
"""Ten percent a year."""
INTERVAL = DAY
MICRO = 10**6


@pytest.fixture
def vault(usd, admin, give_usd, investor):
    """OpenZeppelin's, with a thousand dollars in it."""
    made = admin.deploy(ape.project.MockVault, usd)
    give_usd(investor, 1000)
    usd.approve(made, 1000 * MICRO, sender=investor)
    made.deposit(1000 * MICRO, investor, sender=investor)
    return made


@pytest.fixture
def asset_feed(admin):
    """The dollar at 0.98, eight decimals."""
    return admin.deploy(ape.project.MockFeed, 8, "USDC / USD", 98_000_000)


@pytest.fixture
def feed(vault, asset_feed, admin):
    """The feed of the vault's share."""
    return admin.deploy(ape.project.VaultFeed, vault, asset_feed, GROWTH, INTERVAL, "wSTAND / USD")


@pytest.fixture
def donate(vault, give_usd):
    """`donate(dollars)`: the vault counts what is sent to it."""
    return lambda dollars: give_usd(vault, dollars)


def grown(base, seconds):
    return base + base * GROWTH * seconds // WAD


def test_price__fresh__is_the_assets(feed, asset_feed):
    assert feed.decimals() == 18
    assert feed.description() == "wSTAND / USD"
    assert feed.rate() == feed.liveRate() == WAD
    round_id, answer, started, updated, answered = feed.latestRoundData()
    assert answer == 98 * WAD // 100
    assert (round_id, started, updated, answered) == tuple(asset_feed.latestRoundData())[:1] + tuple(
        asset_feed.latestRoundData()
    )[2:]


def test_rate__somebody_donates__rises_no_faster_than_the_bound(feed, vault, donate, chain):
    base, since = feed.lastCheckpoint()
    donate(1000)
    assert feed.liveRate() == pytest.approx(2 * WAD, rel=1e-8)
    chain.mine(timestamp=since + 30 * DAY)
    assert feed.rate() == grown(base, 30 * DAY)
    assert feed.latestRoundData().answer == feed.rate() * 98 // 100


def test_rate__grows_slower_than_the_bound__is_the_vaults(feed, vault, donate, chain):
    donate(1)
    chain.mine(timestamp=chain.pending_timestamp + 30 * DAY)
    assert feed.rate() == feed.liveRate() > WAD


def test_rate__of_few_decimals__keeps_twelve_more(feed, vault, donate, chain):
    """A millionth of a dollar a share is not where the rate ends."""
    donate(1)
    chain.mine(timestamp=chain.pending_timestamp + 30 * DAY)
    exact = (1001 * MICRO + 1) * WAD // (1000 * MICRO + 1)
    assert abs(feed.rate() - exact) <= 10**6


def test_rate__the_vault_loses__falls_at_once(
    vault, asset_feed, usd, create_optimizer, create_strategy, deposit, plan_desk, investor, admin
):
    optimizer = create_optimizer()
    strategy = create_strategy(optimizer)
    deposit(optimizer, investor, 1000)
    plan_desk.move(optimizer, [(strategy, 5000)])
    feed = admin.deploy(ape.project.VaultFeed, optimizer, asset_feed, GROWTH, INTERVAL, "qUSD / USD")
    assert feed.rate() == WAD
    strategy.lose(100 * MICRO, sender=investor)
    assert abs(feed.rate() - 9 * WAD // 10) <= 10**12


def test_checkpoint__after_a_donation__moves_the_base_by_the_bound_only(feed, donate, chain, keeper):
    base, since = feed.lastCheckpoint()
    donate(1000)
    chain.mine(timestamp=since + 10 * DAY)
    feed.checkpoint(sender=keeper)
    now = chain.blocks.head.timestamp
    first = grown(base, now - since)
    assert feed.lastCheckpoint() == (first, now)
    chain.mine(timestamp=now + 5 * DAY)
    assert feed.rate() == grown(first, 5 * DAY)


def test_checkpoint__too_soon__reverts(feed, keeper, chain):
    _, since = feed.lastCheckpoint()
    with reverts(feed.VaultFeed__TooSoon):
        feed.checkpoint(sender=keeper)
    chain.mine(timestamp=since + INTERVAL)
    feed.checkpoint(sender=keeper)
    with reverts(feed.VaultFeed__TooSoon):
        feed.checkpoint(sender=keeper)


def test_checkpoint__long_neglected__the_bound_is_loose(feed, donate, chain):
    """Neglect costs this: a donor may use all the growth of the time since."""
    base, since = feed.lastCheckpoint()
    chain.mine(timestamp=since + YEAR)
    donate(1000)
    chain.mine(timestamp=since + YEAR + DAY)
    assert feed.rate() == grown(base, YEAR + DAY)
    assert feed.rate() == pytest.approx(1.1003 * WAD, rel=1e-4)


@pytest.mark.parametrize("answer", [0, -1])
def test_price__asset_has_none__stays_none(feed, asset_feed, oracle, vault, admin, answer):
    oracle.setFeed(vault, feed, YEAR, WAD // 2, 2 * WAD, sender=admin)
    asset_feed.setAnswer(answer, sender=admin)
    assert feed.latestRoundData().answer == answer
    with reverts(oracle.PriceOracle__InvalidAnswer, vault, answer):
        oracle.price(vault)


def test_price__asset_feed_is_stale__so_is_the_share(feed, asset_feed, oracle, vault, admin, chain):
    oracle.setFeed(vault, feed, DAY, WAD // 2, 2 * WAD, sender=admin)
    assert oracle.price(vault) == 98 * WAD // 100
    chain.mine(timestamp=chain.pending_timestamp + 2 * DAY)
    with reverts(oracle.PriceOracle__StalePrice):
        oracle.price(vault)


def test_history__is_not_kept(feed):
    with reverts(feed.VaultFeed__NoHistory, 7):
        feed.getRoundData(7)


@pytest.mark.parametrize("growth, interval", [(100 * WAD // YEAR + 1, DAY), (GROWTH, 0)], ids=["growth", "interval"])
def test_deploy__bound_that_bounds_nothing__reverts(feed, vault, asset_feed, admin, growth, interval):
    with reverts(feed.VaultFeed__InvalidBound, growth, interval):
        admin.deploy(ape.project.VaultFeed, vault, asset_feed, growth, interval, "x")
