"""One swap here beside the same swap through the venue's own router: same pool, same tokens, same size."""

from __future__ import annotations

from dataclasses import dataclass

from web3.contract import Contract
from web3.contract.contract import ContractFunction

from scripts.venues.uniswap import FAR_FUTURE, MAX_UINT256, UniswapV2, UniswapV3
from tests.bench.framework import RUNS, Bench, Row

GROUP = "Swaps"
METHOD = (
    f"Gas of whole transactions, median of {RUNS} after a first one, each in a later block than the last. "
    "Balances and allowances non-zero before and after, allowances unlimited; pools, routers and WETH from "
    "the packages' own bytecode. What the routers do not do: the list of pools (one cold slot), measured "
    "balances of payer and recipient, an event, a route of any length (calldata)."
)
SINGLE_HOP_TARGET = 1.1
V2, V3 = 1, 2
V3_FEE = 3000
DEEP = 10**9 * 10**18
AMOUNT = 100 * 10**18


@dataclass
class Market:
    """A pair and a pool of the same two tokens, listed."""

    bench: Bench
    token_in: Contract
    token_out: Contract
    v2: UniswapV2
    v3: UniswapV3
    pair: Contract
    pool: Contract
    aggregator: Contract

    def ours(self, *pools: Contract) -> int:
        """Gas of AMOUNT split evenly over pools."""
        share = AMOUNT // len(pools)
        zero_for_one = int(self.token_in.address, 16) < int(self.token_out.address, 16)
        paths = [(share, [(pool.address, zero_for_one)]) for pool in pools]
        trader, token_in, token_out = self.bench.trader, self.token_in.address, self.token_out.address
        order = (token_in, token_out, AMOUNT, AMOUNT // 2, trader, FAR_FUTURE, paths)
        return self.bench.gas(trader, self.aggregator.functions.swap(order))

    def through_v2_router(self, amount: int) -> ContractFunction:
        """The peer's call for the pair."""
        return self.v2.router.functions.swapExactTokensForTokens(
            amount,
            amount // 2,
            [self.token_in.address, self.token_out.address],
            self.bench.trader,
            FAR_FUTURE,
        )

    def through_v3_router(self, amount: int) -> ContractFunction:
        """The peer's call for the pool."""
        trader, token_in, token_out = self.bench.trader, self.token_in.address, self.token_out.address
        order = (token_in, token_out, V3_FEE, trader, amount, amount // 2, 0)
        return self.v3.router.functions.exactInputSingle(order)


def make_market(bench: Bench) -> Market:
    """Tokens, venues with deep liquidity at par, the aggregator with both pools listed, allowances."""
    token_in, token_out = bench.token("IN"), bench.token("OUT")
    amounts = {token_in.address: DEEP, token_out.address: DEEP}
    v2 = UniswapV2(bench.w3, bench.deployer).deploy()
    v3 = UniswapV3(bench.w3, bench.deployer).deploy(v2.weth, v2.factory.address)
    pair = v2.add_liquidity(bench.deployer, amounts)
    pool = v3.create_pool(amounts, V3_FEE)
    v3.add_liquidity(bench.deployer, pool, amounts)
    aggregator = bench.deploy("LiquidityAggregator", bench.deploy_authority().address)
    bench.send(bench.deployer, aggregator.functions.listPool(pair.address, V2, 3000))
    bench.send(bench.deployer, aggregator.functions.listPool(pool.address, V3, V3_FEE))
    for spender in (aggregator, v2.router, v3.router):
        bench.send(bench.trader, token_in.functions.approve(spender.address, MAX_UINT256))
    return Market(bench, token_in, token_out, v2, v3, pair, pool, aggregator)


def rows(bench: Bench) -> list[Row]:
    """V2, V3, and a split over both beside the two routers one after the other."""
    market = make_market(bench)
    v2 = bench.gas(bench.trader, market.through_v2_router(AMOUNT))
    v3 = bench.gas(bench.trader, market.through_v3_router(AMOUNT))
    v2_half = bench.gas(bench.trader, market.through_v2_router(AMOUNT // 2))
    v3_half = bench.gas(bench.trader, market.through_v3_router(AMOUNT // 2))
    v2_peer, v3_peer = "UniswapV2Router02.swapExactTokensForTokens", "SwapRouter02.exactInputSingle"
    return [
        Row(GROUP, "One V2 pair", "gas", market.ours(market.pair), v2, v2_peer, SINGLE_HOP_TARGET, METHOD),
        Row(GROUP, "One V3 pool", "gas", market.ours(market.pool), v3, v3_peer, SINGLE_HOP_TARGET, METHOD),
        Row(
            GROUP,
            "Half V2, half V3",
            "gas",
            market.ours(market.pair, market.pool),
            v2_half + v3_half,
            "both routers, a transaction each",
            1.0,
            METHOD,
        ),
    ]
