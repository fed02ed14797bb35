"""ERC-4626's maximums: the call takes what they say, and not one unit more, whoever asks and whatever the state is."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import ape
import pytest
from eth_utils import keccak

from tests.fixtures.portfolio import NO_FEES, OPEN, Universe
from tests.fixtures.protocol import DAY, SWITZERLAND, UNITED_STATES, WAD, YEAR

MAX = 2**256 - 1
HOUR = 3600
DECIMALS = (0, 6, 8, 18)
EVERYWHERE = 65_535
"""The country number of a rule for issuing that holds in all countries."""
PLENTY = 10**9
"""Whole settlement tokens."""


def once(test: Any) -> Any:
    """Cases that do not depend on decimals or fees are tried with six decimals and fees."""
    return pytest.mark.parametrize("settlement", [6], indirect=True)(
        pytest.mark.parametrize("fees", [True], indirect=True)(test)
    )


@dataclass
class Vault:
    """A portfolio of an investor's and a counterparty's thousand, and what an account would do with it."""

    portfolio: Any
    settlement: Any
    stock: Any

    @property
    def unit(self) -> int:
        """A whole settlement token."""
        return int(10 ** self.settlement.decimals())

    @property
    def share(self) -> int:
        """A whole share."""
        return int(10 ** self.portfolio.decimals())

    def entries(self, account: Any) -> tuple[int, int]:
        """`maxDeposit` and `maxMint`, both seen to be so."""
        vault = self.portfolio
        deposit, mint = vault.maxDeposit(account), vault.maxMint(account)
        tight(deposit, self.unit, lambda amount: vault.deposit.call(amount, account, sender=account))
        tight(mint, self.share, lambda amount: vault.mint.call(amount, account, sender=account))
        return deposit, mint

    def exits(self, account: Any) -> tuple[int, int]:
        """`maxWithdraw` and `maxRedeem`, both seen to be so."""
        vault = self.portfolio
        withdraw, redeem = vault.maxWithdraw(account), vault.maxRedeem(account)
        tight(withdraw, self.unit, lambda amount: vault.withdraw.call(amount, account, account, sender=account))
        tight(redeem, self.share, lambda amount: vault.redeem.call(amount, account, account, sender=account))
        return withdraw, redeem


def tight(most: int, whole: int, call: Callable[[int], Any]) -> None:
    """The call passes at the maximum and reverts above it; without one, it takes whatever there is."""
    if most == MAX:
        call(PLENTY * whole)
        return
    if most:
        call(most)
    for amount in {most + 1, most + whole}:
        with ape.reverts():
            call(amount)


@pytest.fixture(scope="module")
def settlements(create_settlement, create_feed):
    """A settlement token of each number of decimals, at one dollar."""
    tokens = {}
    for decimals in DECIMALS:
        tokens[decimals] = create_settlement(f"USD{decimals}", decimals)
        create_feed(tokens[decimals], 1, heartbeat=YEAR)
    return tokens


_SERIAL = count()


@pytest.fixture(params=DECIMALS, ids=lambda decimals: f"{decimals} decimals")
def settlement(request, settlements):
    """The settlement token."""
    return settlements[request.param]


@pytest.fixture(params=(False, True), ids=("no fees", "fees"))
def fees(request, thief):
    """IFeeManager.FeeTerms."""
    return (200, 2000, 30 * DAY, thief) if request.param else NO_FEES


@pytest.fixture
def endow(settlement, admin):
    """`endow(portfolio, account)`: plenty of the settlement token, approved."""

    def endowed(portfolio, account):
        settlement.mint(account, 2 * PLENTY * 10 ** settlement.decimals(), sender=admin)
        settlement.approve(portfolio, MAX, sender=account)

    return endowed


@pytest.fixture(scope="module")
def anyones(create_settlement, create_feed, covariance_models, create_quorum, manager, risk_signer):
    """A stock that anyone may hold, for shares that anyone may hold, in a universe of its own."""
    stock = create_settlement("ANY", 18)
    feed = create_feed(stock, 50, heartbeat=YEAR)
    # A worker that comes back to this file makes another one, on a chain that may still have the first.
    key = keccak(text=f"anyone's {next(_SERIAL)}")
    covariance_models.createUniverse(key, [stock], sender=manager)
    create_quorum(key, [risk_signer])
    return Universe(key, [stock], [feed])


@pytest.fixture
def create_vault(create_portfolio, settlement, fees, register, endow, universe, anyones, investor, counterparty, chain):
    """`create_vault(policy, restricted, empty)`: both are registered and, unless it is empty, have a thousand in it.

    Restricted shares are over regulated stocks, others over one that anyone may hold.
    """

    def created(policy=OPEN, restricted=False, empty=False):
        where = universe if restricted else anyones
        terms = {"assets": where.stocks, "universe_id": where.id, "countries": [SWITZERLAND] if restricted else []}
        portfolio = create_portfolio(settlement=settlement, fees=fees, policy=policy, **terms)
        for account in (investor, counterparty):
            register(account, expiry=chain.pending_timestamp + 9 * YEAR)
            endow(portfolio, account)
            if not empty:
                portfolio.deposit(1000 * 10 ** settlement.decimals(), account, sender=account)
        return Vault(portfolio, settlement, where.stocks[0])

    return created


@pytest.fixture
def one_moment(chain):
    """All blocks have one time: no fee shares come between two transactions, however busy the machine is."""
    chain.provider.make_request("anvil_setBlockTimestampInterval", [0])
    yield
    chain.provider.make_request("anvil_removeBlockTimestampInterval", [])


@pytest.fixture(params=(False, True), ids=("open", "restricted"))
def vault(request, create_vault):
    """With shares under rules, and without."""
    return create_vault(restricted=request.param)


@pytest.fixture
def restricted(create_vault):
    """With shares under rules."""
    return create_vault(restricted=True)


# -- With and without rules


def test_maximums__plain__no_limit_in_and_everything_out(vault, investor):
    assert vault.entries(investor) == (MAX, MAX)
    withdraw, redeem = vault.exits(investor)
    assert redeem == vault.portfolio.balanceOf(investor)
    assert withdraw == vault.portfolio.convertToAssets(redeem)


@pytest.mark.parametrize("under_rules", (False, True), ids=("open", "restricted"))
def test_maximums__empty__no_limit_in_and_nothing_out(create_vault, investor, under_rules):
    empty = create_vault(restricted=under_rules, empty=True)
    assert empty.entries(investor) == (MAX, MAX)
    assert empty.exits(investor) == (0, 0)


def test_maximums__a_gain__hold_for_pending_fees(vault, settlement, admin, investor):
    settlement.mint(vault.portfolio, 777 * vault.unit, sender=admin)
    vault.entries(investor)
    withdraw, redeem = vault.exits(investor)
    assert redeem == vault.portfolio.balanceOf(investor)
    assert withdraw > 1200 * vault.unit


def test_maximums__illiquid__what_cash_there_is(vault, issuer, investor, counterparty):
    """Somebody has left, and a gain of nine tenths that is no cash makes the investor's part more than all cash."""
    shares = vault.portfolio.balanceOf(counterparty) // 2
    vault.portfolio.redeem(shares, counterparty, counterparty, sender=counterparty)
    vault.stock.mint(vault.portfolio, vault.portfolio.nav() * 9 // (10 * 50), sender=issuer)
    assert vault.entries(investor) == (MAX, MAX)
    withdraw, redeem = vault.exits(investor)
    cash = vault.settlement.balanceOf(vault.portfolio)
    assert withdraw == cash < vault.portfolio.convertToAssets(vault.portfolio.balanceOf(investor))
    assert 0 < redeem < vault.portfolio.balanceOf(investor)


def test_maximums__others_wait__cash_beyond_their_requests(vault, ask, issuer, investor, counterparty):
    vault.stock.mint(vault.portfolio, 500 * WAD // 50, sender=issuer)
    ask(vault.portfolio, counterparty, vault.portfolio.balanceOf(counterparty))
    withdraw, redeem = vault.exits(investor)
    assert 0 < withdraw <= vault.settlement.balanceOf(vault.portfolio) - 1190 * vault.unit
    assert 0 < redeem < vault.portfolio.balanceOf(investor)
    assert vault.exits(counterparty) == (0, 0)


@pytest.mark.parametrize("under_rules", (False, True), ids=("open", "restricted"))
def test_maximums__capped__what_the_cap_leaves(create_vault, settlement, investor, under_rules):
    cap = 2345 * 10 ** settlement.decimals()
    capped = create_vault(policy=(0, 10_000, cap), restricted=under_rules)
    deposit, mint = capped.entries(investor)
    assert deposit == 345 * capped.unit
    assert 0 < mint <= capped.portfolio.convertToShares(deposit)


@pytest.mark.parametrize("under_rules", (False, True), ids=("open", "restricted"))
def test_maximums__locked__nothing_out_until_it_is_over(create_vault, chain, investor, under_rules):
    locked = create_vault(policy=(HOUR, 10_000, 0), restricted=under_rules)
    assert locked.entries(investor) == (MAX, MAX)
    assert locked.exits(investor) == (0, 0)
    chain.mine(timestamp=chain.pending_timestamp + HOUR + 1)
    assert locked.exits(investor)[1] == locked.portfolio.balanceOf(investor)


@once
def test_maximums__halted__nothing(vault, risk_engine, guardian, investor):
    risk_engine.shutdown(vault.portfolio, sender=guardian)
    assert vault.entries(investor) == vault.exits(investor) == (0, 0)


@once
def test_maximums__a_price_is_stale__nothing(vault, chain, investor):
    chain.mine(timestamp=chain.pending_timestamp + YEAR + DAY)
    assert vault.entries(investor) == vault.exits(investor) == (0, 0)


def test_maximums__a_price_is_frozen__out_with_the_discount(vault, oracle, issuer, guardian, investor):
    vault.stock.mint(vault.portfolio, 500 * WAD // 50, sender=issuer)
    oracle.freeze(vault.stock, sender=guardian)
    assert vault.entries(investor) == (0, 0)
    assert vault.exits(investor)[1] == vault.portfolio.balanceOf(investor)


@once
@pytest.mark.parametrize("under_rules", (False, True), ids=("open", "restricted"))
def test_maximums__price_out_of_its_band__nothing(create_vault, settlement, admin, investor, under_rules):
    guarded = create_vault(policy=(0, 100, 0), restricted=under_rules)
    settlement.mint(guarded.portfolio, 200 * guarded.unit, sender=admin)
    assert guarded.entries(investor) == guarded.exits(investor) == (0, 0)


@pytest.mark.parametrize("under_rules", (False, True), ids=("open", "restricted"))
def test_maximums__room_for_less_than_a_share__nothing_in(create_vault, settlement, admin, investor, under_rules):
    """One share of an empty portfolio is worth what was donated to a million: a unit buys none."""
    cap = 10 ** settlement.decimals() + 10**9
    dear = create_vault(policy=(0, 10_000, cap), restricted=under_rules, empty=True)
    settlement.mint(dear.portfolio, cap - 1, sender=admin)
    assert dear.entries(investor) == (0, 0)


# -- Under rules


@once
@pytest.mark.usefixtures("one_moment")
@pytest.mark.parametrize("limit", ["cap", "issuance"])
def test_maximums__issues_limited__what_may_still_be_issued(
    restricted, compliance_engine, compliance_officer, investor, limit
):
    room = 500 * restricted.share
    wanted = (restricted.portfolio.totalSupply() + room, 0, 0) if limit == "cap" else (0, room, YEAR)
    compliance_engine.setIssueRule(restricted.portfolio, EVERYWHERE, wanted, sender=compliance_officer)
    _, mint = restricted.entries(investor)
    assert mint == room
    restricted.portfolio.mint(room, investor, sender=investor)
    assert restricted.entries(investor) == (0, 0)


@once
def test_maximums__unregistered__nothing_in(restricted, endow, spender):
    endow(restricted.portfolio, spender)
    assert restricted.entries(spender) == (0, 0)


@once
def test_maximums__country_not_allowed__nothing_in(restricted, endow, register, spender):
    register(spender, UNITED_STATES)
    endow(restricted.portfolio, spender)
    assert restricted.entries(spender) == (0, 0)


@once
def test_maximums__venue_account__nothing_in(restricted, endow, admit_venue, spender):
    admit_venue(spender)
    endow(restricted.portfolio, spender)
    assert restricted.entries(spender) == (0, 0)


@once
def test_maximums__holder_frozen__nothing(restricted, freeze, investor):
    freeze(investor)
    assert restricted.entries(investor) == restricted.exits(investor) == (0, 0)


@once
def test_maximums__inbound_blocked__everything_out(restricted, set_rule, investor):
    set_rule(restricted.portfolio, SWITZERLAND, inbound_blocked=True)
    assert restricted.entries(investor) == (0, 0)
    assert restricted.exits(investor)[1] == restricted.portfolio.balanceOf(investor)


@once
def test_maximums__kyc_lapsed__everything_out(restricted, register, chain, investor):
    expiry = chain.pending_timestamp + DAY
    register(investor, expiry=expiry)
    chain.mine(timestamp=expiry + 1)
    assert restricted.entries(investor) == (0, 0)
    assert restricted.exits(investor)[1] == restricted.portfolio.balanceOf(investor)


@pytest.mark.parametrize("held", (1500, 1001), ids=("more than it has", "hardly more than it has"))
def test_maximums__maximum_holding__what_is_left_of_it(restricted, set_rule, investor, held):
    set_rule(restricted.portfolio, SWITZERLAND, max_holding=held * restricted.share)
    deposit, mint = restricted.entries(investor)
    assert mint == held * restricted.share - restricted.portfolio.balanceOf(investor)
    assert 0 < deposit <= restricted.portfolio.previewMint(mint)


@once
def test_maximums__maximum_holding_reached__nothing_in(restricted, set_rule, investor):
    set_rule(restricted.portfolio, SWITZERLAND, max_holding=900 * restricted.share)
    assert restricted.entries(investor) == (0, 0)


@once
def test_maximums__maximum_holding_over_two_wallets__counts_both(
    restricted, set_rule, trusted, claim, compliance_officer, create_onchainid, investor, counterparty
):
    identity = create_onchainid()
    claim(identity, 1)
    claim(identity, 2)
    for wallet in (investor, counterparty):
        trusted.updateIdentity(wallet, identity, sender=compliance_officer)
    set_rule(restricted.portfolio, SWITZERLAND, max_holding=2100 * restricted.share)
    held = restricted.portfolio.balanceOf(investor) + restricted.portfolio.balanceOf(counterparty)
    assert restricted.entries(investor)[1] == 2100 * restricted.share - held


@once
def test_maximums__less_room_than_the_minimum_holding__nothing_in(create_vault, settlement, set_rule, investor):
    """Whoever enters has to enter with a hundred shares, and the cap leaves room for fifty."""
    vault = create_vault(policy=(0, 10_000, 50 * 10 ** settlement.decimals()), restricted=True, empty=True)
    set_rule(vault.portfolio, SWITZERLAND, min_holding=100 * vault.share)
    assert vault.entries(investor) == (0, 0)


@once
def test_maximums__minimum_holding_within_reach__no_limit(restricted, set_rule, register, endow, spender):
    set_rule(restricted.portfolio, SWITZERLAND, min_holding=100 * restricted.share)
    register(spender)
    endow(restricted.portfolio, spender)
    assert restricted.entries(spender) == (MAX, MAX)


@once
@pytest.mark.parametrize("where", ("country", "token"))
def test_maximums__one_holder_too_many__nothing_in_for_who_holds_none(
    restricted, set_rule, compliance_engine, compliance_officer, register, endow, investor, spender, where
):
    if where == "country":
        set_rule(restricted.portfolio, SWITZERLAND, max_holders=2)
    else:
        compliance_engine.setTokenRule(restricted.portfolio, (0, 2), sender=compliance_officer)
    register(spender)
    endow(restricted.portfolio, spender)
    assert restricted.entries(spender) == (0, 0)
    assert restricted.entries(investor) == (MAX, MAX)
