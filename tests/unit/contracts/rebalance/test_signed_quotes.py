"""Signed quotes in a rebalance: the order's hash binds them, and they are judged like any other order."""

from __future__ import annotations

import pytest

from tests.fixtures.portfolio import USD, weights_of
from tests.fixtures.protocol import WAD
from tests.reverts import reverts

TARGETS = [9 * WAD // 10, WAD // 10, 0, 0]
BLOCK = 100_000 * USD
FAIR = 2_000 * WAD
"""A tenth of the portfolio in the first stock, at 50 dollars."""


@pytest.fixture
def stock(universe):
    return universe.stocks[0]


@pytest.fixture
def quote_desk(create_quote_desk, ready):
    """The portfolio's quote desk."""
    return create_quote_desk(ready)


@pytest.fixture
def maker_market(quote_desk, airswap, maker, stock_maker, stock, usd, issuer, register, admit_venue):
    """The maker is eligible for the stock, which is regulated, and so has venue accounts."""
    register(maker)
    for account in (quote_desk.adapter.address, airswap.address):
        admit_venue(account)
    stock_maker(maker, stock, 10 * FAIR, issuer=issuer)
    return quote_desk.list_maker(maker, stock, usd)


@pytest.fixture
def bought(ready, quote_desk, maker, maker_market, stock, usd):
    """`bought(amount)`: an order for that much of the stock, at a quote of the maker, in words."""

    def made(amount, minimum=0):
        assets = [str(asset) for asset in ready.assets()]
        quote = quote_desk.quote(maker, stock, amount, usd, BLOCK)
        route = quote_desk.path(maker_market, quote, maker)
        ends = assets.index(usd.address) | assets.index(stock.address) << 8
        return [ends | len(route) << 16 | BLOCK << 32 | minimum << 144, *route]

    return made


def test_rebalance__at_a_signed_quote__buys_the_block(ready, signal_sender, bought, maker, usd):
    signal_sender.rebalance(ready, TARGETS, bought(FAIR), slippage=0)
    assert weights_of(ready)[1] == WAD // 10
    assert usd.balanceOf(maker) == BLOCK


def test_rebalance__another_quote_than_the_signed_one__wrong_orders(
    ready, signal_sender, bought, auto_rebalancer, thief
):
    """A thief who executes cannot put a worse quote of the same maker into the place of the signed one."""
    orders, worse = bought(FAIR), bought(FAIR * 999 // 1000)
    signal = signal_sender.signal(ready, TARGETS, orders)
    with reverts(auto_rebalancer.AutoRebalancer__WrongOrders):
        auto_rebalancer.rebalance(signal, worse, signal_sender.sign(signal), sender=thief)


def test_rebalance__quote_below_the_oracle__slippage_exceeded(ready, signal_sender, bought):
    with reverts(ready.Portfolio__SlippageExceeded):
        signal_sender.rebalance(ready, TARGETS, bought(FAIR * 98 // 100), slippage=100)


def test_rebalance__quote_below_the_orders_minimum__refused(ready, signal_sender, bought, stock):
    with reverts(ready.Portfolio__InsufficientOutput, stock.address, FAIR - 1, FAIR):
        signal_sender.rebalance(ready, TARGETS, bought(FAIR - 1, minimum=FAIR))
