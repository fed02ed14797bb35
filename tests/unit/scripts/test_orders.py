"""What `ape run quote` and `ape run swap` do, without the terminal."""

from __future__ import annotations

import json

import click
import pytest

from scripts.orders import Desk
from tests.fixtures.venues import DEEP, TOKEN


@pytest.fixture
def record(aggregator, lens, tmp_path):
    path = tmp_path / "localnet.json"
    contracts = {"LiquidityAggregator": aggregator, "LiquidityLens": lens}
    path.write_text(json.dumps({"contracts": {name: {"address": c.address} for name, c in contracts.items()}}))
    return path


@pytest.fixture
def desk(record, chain, tokens):
    return Desk.open(chain.provider.web3, record, tokens[0].address, tokens[1].address)


def test_quotes__two_markets__the_best_first(desk, tokens, create_v2_pool, create_v3_pool):
    pair = create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})
    pool = create_v3_pool({tokens[0]: DEEP, tokens[1]: DEEP}, 500)
    found = desk.quotes(desk.units("1.5"))
    assert [quoted.market for quoted in found] == [pool.address, pair.address]
    assert [quoted.kind for quoted in found] == ["Uniswap V3", "Uniswap V2"]
    assert desk.shown(found[0].amount_out).startswith("1.49")


def test_order__of_the_best_quote__executes(desk, aggregator, trader, tokens, create_v2_pool, fund_trader):
    create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})
    fund_trader(tokens[0], TOKEN)
    (best,) = desk.quotes(desk.units("1"))
    order = desk.order(best, TOKEN, 50, trader.address)
    aggregator.swap(order, sender=trader)
    assert tokens[1].balanceOf(trader) == best.amount_out
    assert order[3] == best.amount_out * 9950 // 10_000


def test_quotes__no_market__one_line(desk):
    with pytest.raises(click.ClickException, match="no listed market trades"):
        desk.quotes(TOKEN)


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "ten", "0.0000000000000000001"])
def test_units__no_amount__one_line(desk, amount):
    with pytest.raises(click.ClickException, match="amount"):
        desk.units(amount)


def test_open__no_record__one_line(chain, tokens, tmp_path):
    with pytest.raises(click.ClickException, match="no record of a deployment"):
        Desk.open(chain.provider.web3, tmp_path / "nothing.json", tokens[0].address, tokens[1].address)


def test_open__token_without_code__one_line(chain, record, tokens, thief):
    with pytest.raises(click.ClickException, match="no contract there"):
        Desk.open(chain.provider.web3, record, tokens[0].address, thief.address)
