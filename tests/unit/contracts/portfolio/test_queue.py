"""Redemption requests: in order, at the price of the moment, from cash at hand."""

import ape
import pytest
from eth_utils import keccak

from tests.fixtures.portfolio import USD, ZERO, buy_more, order, sell_half, weights_of
from tests.fixtures.protocol import SWITZERLAND, WAD, YEAR
from tests.reverts import reverts

MILLION = 1_000_000 * 10**12
SHARE = 10**12
"""One share of a portfolio whose settlement token has six decimals."""
MAX = 2**256 - 1


def selector(error) -> bytes:
    """The selector of a custom error."""
    return keccak(text=error.abi.selector)[:4]


def returned(receipt, queue) -> list:
    """(request, owner, reason) of every request that went back."""
    return [(log.requestId, log.owner, bytes(log.reason)) for log in receipt.decode_logs(queue.RequestReturned)]


# -- Requests


def test_request__shares__stay_with_their_owner_and_are_bound(invested, redemption_queue, ask, investor):
    request = ask(invested, investor, 1000 * SHARE)
    assert invested.balanceOf(investor) == MILLION
    assert invested.queuedShares(investor) == invested.totalQueuedShares() == 1000 * SHARE
    assert redemption_queue.pendingRedeemRequest(request, investor) == 1000 * SHARE


def test_request__event__as_in_erc7540(invested, redemption_queue, investor, counterparty):
    receipt = redemption_queue.requestRedeem(invested, 1000 * SHARE, counterparty, investor, sender=investor)
    (log,) = receipt.decode_logs(redemption_queue.RedeemRequest)
    request = receipt.return_value
    assert (log.controller, log.owner, log.requestId) == (counterparty.address, investor.address, request)
    assert (log.sender, log.shares) == (investor.address, 1000 * SHARE)
    assert request >> 96 == int(invested.address, 16)


def test_pending__other_controller__nothing(invested, redemption_queue, ask, investor, thief):
    assert redemption_queue.pendingRedeemRequest(ask(invested, investor, 1000 * SHARE), thief) == 0


def test_request__more_than_free__reverts(invested, redemption_queue, ask, investor):
    ask(invested, investor, MILLION - 100 * SHARE)
    with reverts(invested.Portfolio__SharesBound, investor, MILLION, MILLION + 100 * SHARE):
        redemption_queue.requestRedeem(invested, 200 * SHARE, investor, investor, sender=investor)


def test_request__somebody_elses_shares__reverts(invested, redemption_queue, investor, thief):
    with reverts(redemption_queue.RedemptionQueue__NotAllowed, investor, thief):
        redemption_queue.requestRedeem(invested, 1000 * SHARE, thief, investor, sender=thief)


def test_request__allowance_only__reverts(invested, redemption_queue, investor, spender):
    invested.approve(spender, MAX, sender=investor)
    with reverts(redemption_queue.RedemptionQueue__NotAllowed, investor, spender):
        redemption_queue.requestRedeem(invested, 1000 * SHARE, spender, investor, sender=spender)


def test_request__operator__passes_until_removed(invested, redemption_queue, investor, spender):
    redemption_queue.setOperator(spender, True, sender=investor)
    request = redemption_queue.requestRedeem(invested, 100 * SHARE, investor, investor, sender=spender).return_value
    redemption_queue.setOperator(spender, False, sender=investor)
    with reverts(redemption_queue.RedemptionQueue__NotAllowed, investor, spender):
        redemption_queue.requestRedeem(invested, 100 * SHARE, investor, investor, sender=spender)
    with reverts(redemption_queue.RedemptionQueue__NotAllowed, investor, spender):
        redemption_queue.cancelRedeemRequest(request, sender=spender)


def test_request__worth_less_than_the_least__reverts(invested, redemption_queue, investor):
    """A flood of dust has to be paid for."""
    least = redemption_queue.LEAST_VALUE()
    shares = invested.previewWithdraw(10 * USD) - SHARE // 10**6
    with reverts(redemption_queue.RedemptionQueue__TooSmall, 10 * WAD - WAD // USD, least):
        redemption_queue.requestRedeem(invested, shares, investor, investor, sender=investor)


def test_request__no_controller__reverts(invested, redemption_queue, investor):
    with reverts(redemption_queue.RedemptionQueue__ZeroController):
        redemption_queue.requestRedeem(invested, 1000 * SHARE, ZERO, investor, sender=investor)


def test_request__not_a_portfolio__reverts(redemption_queue, usd, investor):
    with reverts(redemption_queue.RedemptionQueue__NotAPortfolio, usd):
        redemption_queue.requestRedeem(usd, 1000 * SHARE, investor, investor, sender=investor)


def test_fulfil__not_a_portfolio__reverts(redemption_queue, usd, keeper):
    with reverts(redemption_queue.RedemptionQueue__NotAPortfolio, usd):
        redemption_queue.fulfil(usd, 1, sender=keeper)


@pytest.mark.parametrize("call", [("lockForRedemption", 1), ("settle", 3)])
def test_queue_functions__anybody_else__reverts(invested, investor, thief, call):
    name, count = call
    arguments = {1: [SHARE], 3: [thief, SHARE, USD]}[count]
    with reverts(invested.Portfolio__OnlyQueue, thief):
        getattr(invested, name)(investor, *arguments, sender=thief)


# -- Filling


def test_fulfil__enough_cash__pays_the_exit_price(invested, redemption_queue, ask, investor, counterparty, keeper):
    request = ask(invested, investor, 1000 * SHARE, counterparty)
    owed = invested.previewRedeem(1000 * SHARE)
    nav = invested.nav()
    receipt = redemption_queue.fulfil(invested, 10, sender=keeper)
    assert tuple(receipt.return_value) == (1, owed)
    assert invested.balanceOf(investor) == MILLION - 1000 * SHARE
    assert invested.queuedShares(investor) == invested.totalQueuedShares() == 0
    assert redemption_queue.claimableRedeemRequest(invested, counterparty) == owed
    assert redemption_queue.pendingRedeemRequest(request, counterparty) == 0
    assert invested.nav() == nav - owed * WAD // USD


def test_fulfil__claimed_by_the_controller__once(invested, redemption_queue, ask, usd, investor, counterparty, keeper):
    ask(invested, investor, 1000 * SHARE, counterparty)
    owed = redemption_queue.fulfil(invested, 1, sender=keeper).return_value[1]
    with reverts(invested.Portfolio__NothingToClaim, usd, investor):
        invested.claim(usd, investor, sender=investor)
    invested.claim(usd, counterparty, sender=counterparty)
    assert usd.balanceOf(counterparty) == owed
    with reverts(invested.Portfolio__NothingToClaim, usd, counterparty):
        invested.claim(usd, counterparty, sender=counterparty)


def test_fulfil__price_of_the_others__does_not_fall(
    invested, redemption_queue, ask, deposit, investor, counterparty, keeper
):
    deposit(invested, counterparty, 100_000)
    ask(invested, investor, MILLION // 3)
    before = invested.sharePrice()
    redemption_queue.fulfil(invested, 1, sender=keeper)
    assert invested.sharePrice() >= before


def test_fulfil__too_little_cash__pays_a_part(invested, redemption_queue, ask, usd, investor, keeper):
    request = ask(invested, investor, MILLION)
    cash = usd.balanceOf(invested)
    receipt = redemption_queue.fulfil(invested, 10, sender=keeper)
    assert cash - 1 <= invested.claimable(usd, investor) <= cash
    (log,) = receipt.decode_logs(redemption_queue.RequestFilled)
    assert log.left == redemption_queue.pendingRedeemRequest(request, investor) == invested.balanceOf(investor)
    assert invested.queuedShares(investor) == log.left


def test_fulfil__no_cash__does_nothing(invested, redemption_queue, ask, investor, keeper):
    request = ask(invested, investor, MILLION)
    redemption_queue.fulfil(invested, 10, sender=keeper)
    left = redemption_queue.pendingRedeemRequest(request, investor)
    assert redemption_queue.fulfil(invested, 10, sender=keeper).return_value[1] <= 1
    assert redemption_queue.pendingRedeemRequest(request, investor) >= left - 2 * SHARE // USD


def test_fulfil__cash_comes_in__goes_on_where_it_stopped(
    invested, redemption_queue, ask, deposit, usd, investor, counterparty, thief, keeper
):
    deposit(invested, counterparty, 300_000)
    first = ask(invested, investor, MILLION)
    second = ask(invested, counterparty, invested.balanceOf(counterparty))
    redemption_queue.fulfil(invested, 10, sender=keeper)
    assert invested.claimable(usd, counterparty) == 0
    deposit(invested, thief, 400_000)
    redemption_queue.fulfil(invested, 10, sender=keeper)
    assert redemption_queue.pendingRedeemRequest(first, investor) == 0
    assert 0 < redemption_queue.pendingRedeemRequest(second, counterparty) < 300_000 * SHARE
    assert invested.claimable(usd, counterparty) > 0


def test_fulfil__most__stops_there(invested, redemption_queue, ask, investor, keeper):
    requests = [ask(invested, investor, 100 * SHARE) for _ in range(3)]
    assert redemption_queue.fulfil(invested, 2, sender=keeper).return_value[0] == 2
    assert [redemption_queue.pendingRedeemRequest(r, investor) for r in requests] == [0, 0, 100 * SHARE]


def test_fulfil__token_refuses_everybody__queue_goes_on(
    create_portfolio, create_feed, redemption_queue, investor, counterparty, keeper, admin
):
    """Cash is set aside, so a receiver that cannot be paid holds nobody up."""
    token = admin.deploy(ape.project.BrokenToken)
    create_feed(token, 1, heartbeat=YEAR)
    portfolio = create_portfolio(settlement=token, assets=[])
    for account in (investor, counterparty):
        token.mint(account, 1000 * WAD, sender=admin)
        token.approve(portfolio, MAX, sender=account)
        portfolio.deposit(1000 * WAD, account, sender=account)
        redemption_queue.requestRedeem(portfolio, portfolio.balanceOf(account), account, account, sender=account)
    token.setMode(1, sender=admin)
    assert redemption_queue.fulfil(portfolio, 10, sender=keeper).return_value[0] == 2
    assert portfolio.claimable(token, counterparty) == 1000 * WAD


# -- Cancelling


@pytest.mark.parametrize("who", ["owner", "controller", "operator of the owner", "operator of the controller"])
def test_cancel__who_may__frees_the_shares(invested, redemption_queue, ask, investor, counterparty, spender, who):
    request = ask(invested, investor, 1000 * SHARE, counterparty)
    if who.startswith("operator"):
        principal = investor if who.endswith("owner") else counterparty
        redemption_queue.setOperator(spender, True, sender=principal)
    sender = {"owner": investor, "controller": counterparty}.get(who, spender)
    assert redemption_queue.cancelRedeemRequest(request, sender=sender).return_value == 1000 * SHARE
    assert invested.queuedShares(investor) == invested.totalQueuedShares() == 0
    assert redemption_queue.pendingRedeemRequest(request, counterparty) == 0


def test_cancel__thief__reverts(invested, redemption_queue, ask, investor, thief):
    request = ask(invested, investor, 1000 * SHARE)
    with reverts(redemption_queue.RedemptionQueue__NotAllowed, investor, thief):
        redemption_queue.cancelRedeemRequest(request, sender=thief)


def test_cancel__twice__reverts(invested, redemption_queue, ask, investor, keeper):
    request = ask(invested, investor, 1000 * SHARE)
    redemption_queue.cancelRedeemRequest(request, sender=investor)
    with reverts(redemption_queue.RedemptionQueue__NoRequest):
        redemption_queue.cancelRedeemRequest(request, sender=investor)


def test_cancel__filled__reverts(invested, redemption_queue, ask, investor, keeper):
    request = ask(invested, investor, 1000 * SHARE)
    redemption_queue.fulfil(invested, 1, sender=keeper)
    with reverts(redemption_queue.RedemptionQueue__NoRequest):
        redemption_queue.cancelRedeemRequest(request, sender=investor)


def test_cancel__filled_in_part__frees_the_rest(invested, redemption_queue, ask, usd, investor, keeper):
    request = ask(invested, investor, MILLION)
    redemption_queue.fulfil(invested, 1, sender=keeper)
    paid = invested.claimable(usd, investor)
    left = redemption_queue.cancelRedeemRequest(request, sender=investor).return_value
    assert left == invested.balanceOf(investor)
    assert invested.queuedShares(investor) == 0
    assert invested.claimable(usd, investor) == paid > 0


# -- Nobody jumps the queue


@pytest.fixture
def waiting(invested, ask, deposit, investor, counterparty):
    """The investor waits for more than there is in cash; a counterparty holds shares too."""
    deposit(invested, counterparty, 100_000)
    ask(invested, investor, 600_000 * SHARE)
    return invested


def test_withdraw__others_wait_for_all_cash__refused(waiting, counterparty):
    assert waiting.maxWithdraw(counterparty) == waiting.maxRedeem(counterparty) == 0
    with reverts(waiting.ERC4626ExceededMaxWithdraw, counterparty, 1, 0):
        waiting.withdraw(1, counterparty, counterparty, sender=counterparty)
    with reverts(waiting.ERC4626ExceededMaxRedeem, counterparty, SHARE, 0):
        waiting.redeem(SHARE, counterparty, counterparty, sender=counterparty)


def test_withdraw__others_wait_for_some__only_what_is_beyond(invested, ask, deposit, usd, investor, counterparty):
    deposit(invested, counterparty, 500_000)
    ask(invested, investor, 700_000 * SHARE)
    free = usd.balanceOf(invested) - invested.previewMint(700_000 * SHARE)
    assert invested.maxWithdraw(counterparty) == free > 0
    with reverts(invested.ERC4626ExceededMaxWithdraw, counterparty, free + 1, free):
        invested.withdraw(free + 1, counterparty, counterparty, sender=counterparty)
    invested.withdraw(free, counterparty, counterparty, sender=counterparty)
    assert invested.maxWithdraw(counterparty) == 0


def test_transfer__bound_shares__reverts(waiting, investor, counterparty):
    free = 400_000 * SHARE
    with reverts(waiting.Portfolio__SharesBound, investor, 600_000 * SHARE - 1, 600_000 * SHARE):
        waiting.transfer(counterparty, free + 1, sender=investor)
    waiting.transfer(counterparty, free, sender=investor)


def test_redeem__own_bound_shares__not_counted(invested, ask, investor):
    ask(invested, investor, MILLION - 100 * SHARE)
    assert invested.maxRedeem(investor) <= 100 * SHARE


def test_queue_jump__through_a_second_account__gets_nothing(waiting, investor, thief, counterparty):
    waiting.transfer(thief, waiting.balanceOf(counterparty), sender=counterparty)
    assert waiting.maxRedeem(thief) == 0


def test_queue_jump__cancel_and_request__goes_to_the_end(
    waiting, redemption_queue, ask, deposit, usd, investor, counterparty, keeper
):
    request = ask(waiting, counterparty, 50_000 * SHARE)
    redemption_queue.cancelRedeemRequest(request, sender=counterparty)
    ask(waiting, counterparty, 50_000 * SHARE)
    redemption_queue.fulfil(waiting, 10, sender=keeper)
    assert waiting.claimable(usd, counterparty) == 0
    assert waiting.claimable(usd, investor) > 0


def test_queue_jump__cancel_and_withdraw__others_still_come_first(waiting, redemption_queue, ask, counterparty):
    request = ask(waiting, counterparty, 50_000 * SHARE)
    redemption_queue.cancelRedeemRequest(request, sender=counterparty)
    assert waiting.maxWithdraw(counterparty) == 0


def test_queue_jump__place_kept_through_an_exit_in_kind__is_lost(
    invested, register, redemption_queue, ask, deposit, investor, counterparty, keeper, usd
):
    """Request much, leave in kind, come back: the old place does not count for the new shares."""
    register(investor)
    deposit(invested, counterparty, 500_000)
    ask(invested, investor, MILLION)
    later = ask(invested, counterparty, 400_000 * SHARE)
    invested.redeemInKind(MILLION, investor, investor, sender=investor)
    deposit(invested, investor, 300_000)
    ask(invested, investor, invested.balanceOf(investor))
    receipt = redemption_queue.fulfil(invested, 3, sender=keeper)
    filled = [log.requestId for log in receipt.decode_logs(redemption_queue.RequestFilled)]
    assert filled[0] == later


def test_rebalance__takes_awaited_cash__reverts(waiting, signal_sender, universe, usd, market, redemption_queue):
    """A manager with every key cannot spend what others wait for."""
    cash = usd.balanceOf(waiting)
    orders = order(waiting, usd, universe.stocks[0], 1000 * USD, market[0])
    with reverts(waiting.Portfolio__CashAwaited, cash - 1000 * USD, cash):
        signal_sender.rebalance(waiting, weights_of(waiting), orders, band=500)


def test_rebalance__spends_cash_of_filled_requests__reverts(
    invested, redemption_queue, ask, signal_sender, universe, usd, market, investor, keeper
):
    """Assets that are set aside are the controller's; the portfolio only keeps them."""
    ask(invested, investor, 100_000 * SHARE)
    redemption_queue.fulfil(invested, 1, sender=keeper)
    free = usd.balanceOf(invested) - invested.totalClaimable(usd)
    orders = order(invested, usd, universe.stocks[0], free + 1, market[0])
    with reverts(invested.ERC20InsufficientBalance, invested, free, free + 1):
        signal_sender.rebalance(invested, weights_of(invested), orders, band=500)


def test_rebalance__sells_what_an_exit_in_kind_set_aside__reverts(
    invested, signal_sender, universe, usd, market, investor
):
    stock = universe.stocks[0]
    invested.redeemInKind(MILLION // 2, investor, investor, sender=investor)
    held, owed = stock.balanceOf(invested), invested.claimable(stock, investor)
    assert owed > 0
    with reverts(invested.ERC20InsufficientBalance, invested, held - owed, held):
        signal_sender.rebalance(invested, weights_of(invested), order(invested, stock, usd, held, market[0]), band=500)


def test_rebalance__spends_cash_beyond_what_waits__passes(
    invested, ask, signal_sender, universe, usd, market, investor
):
    ask(invested, investor, 100_000 * SHARE)
    buy_more(signal_sender, invested, universe, usd, market, 50_000)
    assert usd.balanceOf(invested) == 350_000 * USD


def test_rebalance__raises_cash_while_others_wait__passes(
    waiting, signal_sender, universe, usd, market, redemption_queue, keeper
):
    before = usd.balanceOf(waiting)
    sell_half(signal_sender, waiting, universe, usd, market)
    assert usd.balanceOf(waiting) > before
    redemption_queue.fulfil(waiting, 1, sender=keeper)
    assert waiting.totalQueuedShares() == 0


# -- Exits in kind


def test_redeem_in_kind__bound_shares__passes_and_ends_the_requests(
    invested, register, redemption_queue, ask, usd, investor
):
    """I5: the queue never holds an exit in kind up."""
    register(investor)
    requests = [ask(invested, investor, MILLION // 2) for _ in range(2)]
    invested.redeemInKind(MILLION // 4, investor, investor, sender=investor)
    assert usd.balanceOf(investor) > 0
    assert invested.queuedShares(investor) == invested.totalQueuedShares() == 0
    assert [redemption_queue.pendingRedeemRequest(r, investor) for r in requests] == [0, 0]


def test_redeem_in_kind__free_shares__leaves_the_requests(invested, register, redemption_queue, ask, investor):
    register(investor)
    request = ask(invested, investor, MILLION // 2)
    invested.redeemInKind(MILLION // 2, investor, investor, sender=investor)
    assert redemption_queue.pendingRedeemRequest(request, investor) == MILLION // 2


def test_fulfil__ended_by_an_exit_in_kind__passes_over_it(
    invested, register, redemption_queue, ask, deposit, investor, counterparty, keeper, usd
):
    register(investor)
    deposit(invested, counterparty, 100_000)
    ended = ask(invested, investor, MILLION)
    ask(invested, counterparty, 50_000 * SHARE)
    invested.redeemInKind(SHARE, investor, investor, sender=investor)
    receipt = redemption_queue.fulfil(invested, 10, sender=keeper)
    assert receipt.return_value[0] == 1
    assert len(receipt.decode_logs(redemption_queue.RequestsEnded)) == 1
    assert invested.claimable(usd, counterparty) > 0
    assert invested.balanceOf(investor) == MILLION - SHARE
    with reverts(redemption_queue.RedemptionQueue__NoRequest):
        redemption_queue.cancelRedeemRequest(ended, sender=investor)


def test_cancel__ended_by_an_exit_in_kind__reverts(invested, register, redemption_queue, ask, investor):
    register(investor)
    ended = ask(invested, investor, MILLION)
    invested.redeemInKind(SHARE, investor, investor, sender=investor)
    with reverts(redemption_queue.RedemptionQueue__NoRequest, ended):
        redemption_queue.cancelRedeemRequest(ended, sender=investor)


def test_request__after_an_exit_in_kind__binds_only_the_new_one(invested, register, redemption_queue, ask, investor):
    register(investor)
    old = ask(invested, investor, MILLION)
    invested.redeemInKind(SHARE, investor, investor, sender=investor)
    new = ask(invested, investor, 100 * SHARE)
    assert invested.queuedShares(investor) == 100 * SHARE
    pending = [redemption_queue.pendingRedeemRequest(r, investor) for r in (old, new)]
    assert pending == [0, 100 * SHARE]


# -- States and prices


def test_fulfil__shut_down__reverts(invested, register, redemption_queue, ask, risk_engine, investor, guardian, keeper):
    register(investor)
    request = ask(invested, investor, 1000 * SHARE)
    ask(invested, investor, 1000 * SHARE)
    risk_engine.shutdown(invested, sender=guardian)
    with reverts(redemption_queue.RedemptionQueue__Halted, invested):
        redemption_queue.fulfil(invested, 1, sender=keeper)
    redemption_queue.cancelRedeemRequest(request, sender=investor)
    invested.redeemInKind(MILLION, investor, investor, sender=investor)


def test_fulfil__prices_stale__reverts(invested, register, redemption_queue, ask, oracle, chain, investor, keeper):
    register(investor, expiry=chain.pending_timestamp + 9 * YEAR)
    request = ask(invested, investor, 1000 * SHARE)
    ask(invested, investor, 1000 * SHARE)
    chain.mine(timestamp=chain.pending_timestamp + 2 * YEAR)
    with reverts(oracle.PriceOracle__StalePrice):
        redemption_queue.fulfil(invested, 1, sender=keeper)
    with reverts(oracle.PriceOracle__StalePrice):
        redemption_queue.requestRedeem(invested, 1000 * SHARE, investor, investor, sender=investor)
    redemption_queue.cancelRedeemRequest(request, sender=investor)
    invested.redeemInKind(MILLION, investor, investor, sender=investor)


def test_fulfil__price_frozen__reverts(invested, redemption_queue, ask, oracle, universe, investor, guardian, keeper):
    """Nobody is made to take the discount; who wants it cancels and withdraws."""
    request = ask(invested, investor, 1000 * SHARE)
    oracle.freeze(universe.stocks[0], sender=guardian)
    with reverts(oracle.PriceOracle__Frozen):
        redemption_queue.fulfil(invested, 1, sender=keeper)
    redemption_queue.cancelRedeemRequest(request, sender=investor)
    invested.redeem(1000 * SHARE, investor, investor, sender=investor)


# -- Shares under rules


@pytest.fixture
def restricted(create_portfolio, register, deposit, investor, counterparty):
    """All cash; two eligible holders of a thousand dollars."""
    portfolio = create_portfolio(countries=[SWITZERLAND])
    for account in (investor, counterparty):
        register(account)
        deposit(portfolio, account, 1000)
    return portfolio


def test_fulfil__restricted_shares__burn_is_the_owners(restricted, redemption_queue, ask, usd, investor, keeper):
    """Neither the queue nor whoever calls it is an eligible holder."""
    ask(restricted, investor, 1000 * SHARE)
    redemption_queue.fulfil(restricted, 1, sender=keeper)
    assert restricted.claimable(usd, investor) == 1000 * USD


def test_fulfil__owner_frozen__is_returned_and_the_next_is_paid(
    restricted, redemption_queue, ask, freeze, compliance_engine, usd, investor, counterparty, keeper
):
    request = ask(restricted, investor, 1000 * SHARE)
    ask(restricted, counterparty, 1000 * SHARE)
    freeze(investor)
    receipt = redemption_queue.fulfil(restricted, 2, sender=keeper)
    refused = selector(compliance_engine.AutomatedComplianceEngine__Refused)
    assert returned(receipt, redemption_queue) == [(request, investor.address, refused)]
    assert restricted.claimable(usd, counterparty) == 1000 * USD
    assert restricted.queuedShares(investor) == 0
    assert restricted.balanceOf(investor) == 1000 * SHARE


@pytest.mark.parametrize("gas", [300_000, 700_000, 1_000_000, 1_150_000])
def test_fulfil__too_little_gas__nobody_is_returned(restricted, redemption_queue, ask, investor, thief, gas):
    """Starving the burn of gas must not cost its owner the place in line."""
    request = ask(restricted, investor, 1000 * SHARE)
    receipt = redemption_queue.fulfil(restricted, 1, sender=thief, gas=gas)
    assert returned(receipt, redemption_queue) == []
    assert redemption_queue.pendingRedeemRequest(request, investor) == 1000 * SHARE


def set_cash(chain, usd, portfolio, amount):
    """Writes the portfolio's balance of cash where OpenZeppelin's ERC20 keeps it."""
    slot = keccak(bytes(12) + bytes.fromhex(portfolio.address[2:]) + bytes(32))
    chain.provider.set_storage(usd.address, int.from_bytes(slot, "big"), amount.to_bytes(32, "big"))
    assert usd.balanceOf(portfolio) == amount


def test_fulfil__rest_worth_less_than_a_unit__is_returned(
    invested, redemption_queue, ask, investor, usd, chain, keeper
):
    """It could never be paid, and does not block the line."""
    shares = 1000 * SHARE + 7
    request = ask(invested, investor, shares)
    stocks = invested.totalAssets() - usd.balanceOf(invested)
    cash = 0
    while cash != (worth := shares * (cash + stocks + 1) // (invested.totalSupply() + 10**6)):
        cash = worth
    set_cash(chain, usd, invested, cash)
    redemption_queue.fulfil(invested, 1, sender=keeper)
    left = redemption_queue.pendingRedeemRequest(request, investor)
    assert 0 < left < SHARE // USD * 2
    usd.mint(invested, 100 * USD, sender=keeper)
    receipt = redemption_queue.fulfil(invested, 1, sender=keeper)
    worthless = selector(invested.Portfolio__ZeroAssets)
    assert returned(receipt, redemption_queue) == [(request, investor.address, worthless)]
    assert invested.totalQueuedShares() == 0


def test_fulfil__portfolio_worth_nothing__waits(
    create_portfolio, redemption_queue, ask, deposit, investor, usd, chain, keeper
):
    portfolio = create_portfolio(assets=[])
    request = ask(portfolio, investor, deposit(portfolio, investor, 1000))
    set_cash(chain, usd, portfolio, 0)
    assert tuple(redemption_queue.fulfil(portfolio, 1, sender=keeper).return_value) == (0, 0)
    assert redemption_queue.pendingRedeemRequest(request, investor) == 1000 * SHARE
