"""The demo's node, market, protocol and papers, as they are on the morning of the first day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts._lib.demo.accounts import Accounts, assemble
from scripts._lib.demo.chain import Chain
from scripts._lib.demo.market import ARBITRAGE_USD, POOL_USD, SETTLEMENT_DECIMALS, StockMarket
from scripts._lib.demo.protocol import (
    ACCREDITED,
    FOREVER,
    GERMANY,
    INSTITUTIONAL,
    SWITZERLAND,
    UNITED_STATES,
    VENEZUELA,
    PortfolioTerms,
    Protocol,
)

DAY = 86_400
POCKET_USD = 20_000_000
"""Settlement tokens that every investor starts with."""
KEEPER_ETHER = 10
"""Ether of a keeper, for gas."""
THIEF_USD = 500_000_000
"""Amount of each asset that the thief moves pools with."""


@dataclass
class Environment:
    """Everything that is there when the replay begins."""

    chain: Chain
    accounts: Accounts
    market: StockMarket
    protocol: Protocol


def create_environment(
    url: str,
    symbols: Sequence[str],
    prices: Sequence[int],
    terms: PortfolioTerms,
    folder: Path,
    keepers: tuple[str, str] = ("risk", "rebalance"),
    selector: bytes | None = None,
) -> Environment:
    """Deploys and equips, at the node's present time.

    Args:
        url: Address of the node.
        symbols: Stocks.
        prices: Their last closes, USD with 8 decimals.
        terms: Terms of the portfolio.
        folder: Folder of keys and deployment files.
        keepers: Names of the risk and the rebalance keeper's keys.
        selector: Hash of the selector's file, which is registered as live; None for none.
    """
    chain = Chain(url)
    accounts = assemble(chain.accounts, folder / "keys", keepers)
    market = StockMarket(chain, accounts.operator, tuple(symbols))
    market.deploy(prices)
    protocol = Protocol(chain, market, accounts, terms, folder / "deployments", selector)
    protocol.issue_tokens()
    market.create_pools(prices)
    protocol.open_portfolio()
    _hand_out_papers(chain, accounts, market, protocol)
    _hand_out_assets(chain, accounts, market, protocol, prices)
    market.fill_pools(accounts.provider, prices)
    for keyring in (accounts.risk, accounts.rebalance):
        chain.give_ether(accounts.operator, keyring.addresses[keyring.sender], KEEPER_ETHER)
    return Environment(chain, accounts, market, protocol)


def _hand_out_papers(chain: Chain, accounts: Accounts, market: StockMarket, protocol: Protocol) -> None:
    """The compliance officer registers holders; the position manager moves tokens as a venue does."""
    registry = protocol.contract("IdentityRegistry")
    soon = chain.now + DAY // 2
    holders = [
        (accounts.provider, UNITED_STATES, INSTITUTIONAL, FOREVER),
        (str(market.arbitrageur.address), UNITED_STATES, INSTITUTIONAL, FOREVER),
        (accounts.alpine, SWITZERLAND, INSTITUTIONAL, FOREVER),
        (accounts.berlin, GERMANY, ACCREDITED, FOREVER),
        (accounts.boston, UNITED_STATES, INSTITUTIONAL, FOREVER),
        (accounts.geneva, SWITZERLAND, INSTITUTIONAL, FOREVER),
        (accounts.caracas, VENEZUELA, INSTITUTIONAL, FOREVER),
        (accounts.lapsed, GERMANY, ACCREDITED, soon),
        # The worst case: the thief is an investor in good standing, so that it can trade on the pools.
        (accounts.thief, UNITED_STATES, ACCREDITED, FOREVER),
    ]
    steps = [(accounts.officer, registry.functions.registerIdentity(*holder)) for holder in holders]
    manager = market.v3.position_manager.address
    chain.send_all([*steps, (accounts.officer, registry.functions.setVenueAccount(manager, True))])


def _hand_out_assets(
    chain: Chain, accounts: Accounts, market: StockMarket, protocol: Protocol, prices: Sequence[int]
) -> None:
    cash = 10**SETTLEMENT_DECIMALS
    traders = {
        accounts.provider: 2 * POOL_USD,
        str(market.arbitrageur.address): ARBITRAGE_USD,
        accounts.thief: THIEF_USD,
    }
    steps = []
    for symbol, price in zip(market.symbols, prices, strict=True):
        mint = protocol.token(symbol).functions.mint
        steps += [(accounts.issuer, mint(who, market.units(symbol, usd, price))) for who, usd in traders.items()]
    mint = market.settlement.functions.mint
    per_asset = len(market.symbols)
    steps += [(accounts.operator, mint(who, usd * per_asset * cash)) for who, usd in traders.items()]
    investors = (accounts.alpine, accounts.berlin, accounts.boston, accounts.geneva, accounts.caracas, accounts.lapsed)
    steps += [(accounts.operator, mint(who, POCKET_USD * cash)) for who in investors]
    approve = market.settlement.functions.approve(protocol.portfolio.address, POCKET_USD * cash)
    chain.send_all([*steps, *((who, approve) for who in investors)])
