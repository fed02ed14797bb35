"""The morning of the first day: node, market, protocol and everybody's papers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.demo.accounts import People, assemble
from tools.demo.chain import Chain
from tools.demo.market import ARBITRAGE_USD, POOL_USD, SETTLEMENT_DECIMALS, Market
from tools.demo.protocol import (
    ACCREDITED,
    FOREVER,
    GERMANY,
    INSTITUTIONAL,
    SWITZERLAND,
    UNITED_STATES,
    VENEZUELA,
    Protocol,
    Terms,
)

DAY = 86_400
POCKET_USD = 20_000_000
"""Settlement tokens that every investor starts with."""
KEEPER_ETHER = 10
"""Ether of a keeper, for gas."""
THIEF_USD = 500_000_000
"""Amount of each asset that the thief moves pools with."""


@dataclass
class World:
    """Everything that is there when the replay begins."""

    chain: Chain
    people: People
    market: Market
    protocol: Protocol


def create_world(
    url: str,
    symbols: Sequence[str],
    prices: Sequence[int],
    terms: Terms,
    folder: Path,
    keepers: tuple[str, str] = ("risk", "rebalance"),
) -> World:
    """Deploys and equips, at the node's present time.

    Args:
        url: Address of the node.
        symbols: Stocks.
        prices: Their last closes, USD with 8 decimals.
        terms: Terms of the portfolio.
        folder: Folder of keys and deployment files.
        keepers: Names of the risk and the rebalance keeper's keys.
    """
    chain = Chain(url)
    people = assemble(chain.accounts, folder / "keys", keepers)
    market = Market(chain, people.operator, tuple(symbols))
    market.deploy(prices)
    protocol = Protocol(chain, market, people, terms, folder / "deployments")
    protocol.issue_tokens()
    market.create_pools(prices)
    protocol.open_portfolio()
    _hand_out_papers(chain, people, market, protocol)
    _hand_out_assets(chain, people, market, protocol, prices)
    market.fill_pools(people.provider, prices)
    for keyring in (people.risk, people.rebalance):
        chain.give_ether(people.operator, keyring.addresses[keyring.sender], KEEPER_ETHER)
    return World(chain, people, market, protocol)


def _hand_out_papers(chain: Chain, people: People, market: Market, protocol: Protocol) -> None:
    """The compliance officer registers holders; the position manager moves tokens as a venue does."""
    registry = protocol.contract("IdentityRegistry")
    soon = chain.now + DAY // 2
    holders = [
        (people.provider, UNITED_STATES, INSTITUTIONAL, FOREVER),
        (str(market.arbitrageur.address), UNITED_STATES, INSTITUTIONAL, FOREVER),
        (people.alpine, SWITZERLAND, INSTITUTIONAL, FOREVER),
        (people.berlin, GERMANY, ACCREDITED, FOREVER),
        (people.boston, UNITED_STATES, INSTITUTIONAL, FOREVER),
        (people.geneva, SWITZERLAND, INSTITUTIONAL, FOREVER),
        (people.caracas, VENEZUELA, INSTITUTIONAL, FOREVER),
        (people.lapsed, GERMANY, ACCREDITED, soon),
        # The worst case: the thief is an investor in good standing, so that it can trade on the pools.
        (people.thief, UNITED_STATES, ACCREDITED, FOREVER),
    ]
    steps = [(people.officer, registry.functions.registerIdentity(*holder)) for holder in holders]
    manager = market.v3.position_manager.address
    chain.send_all([*steps, (people.officer, registry.functions.setVenueAccount(manager, True))])


def _hand_out_assets(chain: Chain, people: People, market: Market, protocol: Protocol, prices: Sequence[int]) -> None:
    cash = 10**SETTLEMENT_DECIMALS
    traders = {
        people.provider: 2 * POOL_USD,
        str(market.arbitrageur.address): ARBITRAGE_USD,
        people.thief: THIEF_USD,
    }
    steps = []
    for symbol, price in zip(market.symbols, prices, strict=True):
        mint = protocol.token(symbol).functions.mint
        steps += [(people.issuer, mint(who, market.units(symbol, usd, price))) for who, usd in traders.items()]
    mint = market.settlement.functions.mint
    per_asset = len(market.symbols)
    steps += [(people.operator, mint(who, usd * per_asset * cash)) for who, usd in traders.items()]
    investors = (people.alpine, people.berlin, people.boston, people.geneva, people.caracas, people.lapsed)
    steps += [(people.operator, mint(who, POCKET_USD * cash)) for who in investors]
    approve = market.settlement.functions.approve(protocol.portfolio.address, POCKET_USD * cash)
    chain.send_all([*steps, *((who, approve) for who in investors)])
