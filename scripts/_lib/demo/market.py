"""The market around the protocol: feeds, a settlement token, Uniswap's own pools, and arbitrage."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from web3.contract import Contract

from scripts._lib.demo.chain import Chain, Mined
from scripts._lib.venues.uniswap import UniswapV2, UniswapV3, deploy_weth

FEED_DECIMALS = 8
SETTLEMENT = "USDC"
SETTLEMENT_DECIMALS = 6
TOKEN_DECIMALS = 18
V2_FEE = 3000
V3_FEE = 500
POOL_USD = 400_000_000
"""Settlement tokens in each pool, with stock of the same value on the other side."""
_WHOLE_STOCK: int = 10 ** (FEED_DECIMALS + TOKEN_DECIMALS)
"""Smallest units of a stock a USD, where the price is one unit of a feed."""
ARBITRAGE_USD = 10_000_000_000
"""Amount of each asset that the arbitrageur works with."""


@dataclass(frozen=True)
class PoolOf:
    """A pool of a stock against the settlement token."""

    stock: str
    contract: Contract
    kind: str
    fee: int

    @property
    def address(self) -> str:
        """Address of the pool."""
        return str(self.contract.address)


@dataclass
class StockMarket:
    """Stand-ins for what exists on a real chain, and Uniswap V2 and V3 from their own packages.

    Attributes:
        chain: Chain of the market.
        operator: Unlocked account that deploys.
        symbols: Symbols of the stocks.
        feeds: Price feeds by symbol, the settlement token's included.
        tokens: Addresses by symbol, once they are issued.
        pools: Pools, once they are created.
    """

    chain: Chain
    operator: str
    symbols: tuple[str, ...]
    feeds: dict[str, Contract] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    pools: list[PoolOf] = field(default_factory=list)

    def deploy(self, prices: Sequence[int]) -> None:
        """Everything that does not need the stocks' tokens.

        Args:
            prices: Prices of the stocks, USD with FEED_DECIMALS.
        """
        chain, operator = self.chain, self.operator
        self.settlement = chain.deploy(operator, "SettlementToken", "USD Coin", SETTLEMENT, SETTLEMENT_DECIMALS)
        self.tokens[SETTLEMENT] = str(self.settlement.address)
        for symbol, price in zip((SETTLEMENT, *self.symbols), (10**FEED_DECIMALS, *prices), strict=True):
            self.feeds[symbol] = chain.deploy(operator, "MockFeed", FEED_DECIMALS, f"{symbol} / USD", price)
        self.batch = chain.deploy(operator, "FeedBatch")
        self.arbitrageur = chain.deploy(operator, "Arbitrageur")
        weth = deploy_weth(chain.w3, operator)
        self.v2 = UniswapV2(chain.w3, operator).deploy(weth)
        self.v3 = UniswapV3(chain.w3, operator).deploy(weth, self.v2.factory.address)

    def create_pools(self, prices: Sequence[int]) -> None:
        """One V2 and one V3 pool of each stock, still empty.

        Args:
            prices: Prices of the stocks, USD with FEED_DECIMALS.
        """
        for symbol, price in zip(self.symbols, prices, strict=True):
            amounts = self._amounts(symbol, price)
            pair = self.v2.create_pool(*amounts)
            self.pools.append(PoolOf(symbol, pair, "uniswap-v2", V2_FEE))
            self.pools.append(PoolOf(symbol, self.v3.create_pool(amounts, V3_FEE), "uniswap-v3", V3_FEE))

    def fill_pools(self, provider: str, prices: Sequence[int]) -> None:
        """Liquidity over the full range; the provider has the tokens."""
        for symbol, price in zip(self.symbols, prices, strict=True):
            amounts = self._amounts(symbol, price)
            self.v2.add_liquidity(provider, amounts)
            self.v3.add_liquidity(provider, self.pool(symbol, "uniswap-v3").contract, amounts)

    def pool(self, symbol: str, kind: str) -> PoolOf:
        """A stock's pool of a kind."""
        return next(pool for pool in self.pools if (pool.stock, pool.kind) == (symbol, kind))

    def open_day(self, timestamp: int, prices: Sequence[int]) -> list[Mined]:
        """A day's closes reach the feeds, then arbitrage moves every pool to them: two transactions."""
        self.chain.next_block_at(timestamp)
        feeds = [self.feeds[symbol].address for symbol in (SETTLEMENT, *self.symbols)]
        answers = [10**FEED_DECIMALS, *prices]
        news = self.chain.send(self.operator, self.batch.functions.setAnswers(feeds, answers))
        return [news, self.align(prices)]

    def align(self, prices: Sequence[int], pools: Iterable[PoolOf] | None = None) -> Mined:
        """The arbitrageur trades with pools, all unless some are given, until they are at the prices."""
        price_of = dict(zip(self.symbols, prices, strict=True))
        targets = [
            (pool.address, pool.kind == "uniswap-v3", self._sqrt_price_x96(pool.stock, price_of[pool.stock]))
            for pool in (self.pools if pools is None else pools)
        ]
        return self.chain.send(self.operator, self.arbitrageur.functions.align(targets))

    def units(self, symbol: str, usd: int, price: int) -> int:
        """Smallest units of a stock worth so many USD."""
        return usd * _WHOLE_STOCK // price

    def _amounts(self, symbol: str, price: int) -> dict[str, int]:
        stock = self.units(symbol, POOL_USD, price)
        return {self.tokens[symbol]: stock, self.tokens[SETTLEMENT]: POOL_USD * 10**SETTLEMENT_DECIMALS}

    def _sqrt_price_x96(self, symbol: str, price: int) -> int:
        """Square root of token1 a token0 with 96 fractional bits, where a stock costs `price`."""
        cash, stock = price * 10**SETTLEMENT_DECIMALS, _WHOLE_STOCK
        stock_is_token0 = int(self.tokens[symbol], 16) < int(self.tokens[SETTLEMENT], 16)
        numerator, denominator = (cash, stock) if stock_is_token0 else (stock, cash)
        return math.isqrt((numerator << 192) // denominator)
