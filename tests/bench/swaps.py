"""One swap here beside the same swap through the venue's own router: same pool, same tokens, same size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_account import Account
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.types import RPCEndpoint

from scripts._lib.artifacts import artifact, contract_at
from scripts._lib.venues.airswap import Quote, deploy_airswap, quoted_path
from scripts._lib.venues.balancer import BalancerV2
from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256, UniswapV2, UniswapV3
from scripts._lib.venues.uniswap_v4 import PERMIT2, UniswapV4, V4Key, deploy_universal_router, install_permit2
from tests.bench.framework import RUNS, Bench, Row
from tests.fixtures.markets import (
    CURVE_INT128,
    CURVE_INT128_NG,
    CURVE_UINT256,
    CURVE_UINT256_NG,
    SIGNED_QUOTE,
    Listing,
)
from tests.fixtures.venues import in_words

GROUP = "Swaps"
METHOD = (
    f"Gas of whole transactions, median of {RUNS} after a first one, each in a later block than the last. "
    "Balances and allowances non-zero before and after, allowances unlimited; pools, routers, Permit2 and WETH from "
    "the packages' own bytecode. Single hops are swapSingle and swapExactOutSingle, routes swapRoute, orders swap. "
    "Curve's pools are stand-ins, because no package ships them: the published mathematics in Solidity, the pool's "
    "own exchange called by the trader, who has approved the pool for good. "
    "What the routers do not do: the list of markets (a cold slot a market), measured balances (of orders at both "
    "ends), an event (of orders only), no lasting allowance for venues that pull (the trader has approved Balancer's "
    "Vault for good where it is the peer)."
)
OWN, UNIVERSAL = 1.0, 0.95
ZERO = "0x" + "00" * 20
V2, V3 = 1, 2
FEE = 3000
DEEP = 10**9 * 10**18
AMOUNT = 100 * 10**18
V2_IN, V3_IN, V3_OUT, V2_OUT, V4_SWAP = 0x08, 0x00, 0x01, 0x09, 0x10
SWAP_SINGLE, SETTLE, SETTLE_ALL, TAKE_ALL = 0x06, 0x0B, 0x0C, 0x0F
SENDER, ROUTER = f"0x{1:040x}", f"0x{2:040x}"
EVERYTHING = 1 << 255
_KEY = "(address,address,uint24,int24,address)"


@dataclass
class SwapPools:
    """Four tokens, rising by address, and pools between them, listed."""

    bench: Bench
    tokens: list[Contract]
    v2: UniswapV2
    v3: UniswapV3
    v4: UniswapV4
    balancer: BalancerV2
    universal: Contract
    aggregator: Contract
    pair: Contract
    pool: Contract
    onward: Contract
    key: V4Key
    last_key: V4Key
    markets: dict[str, str]
    pool_ids: dict[str, bytes]
    curve: dict[str, Contract]

    @property
    def first(self) -> tuple[str, str]:
        """The two tokens of single hops."""
        return self.tokens[0].address, self.tokens[1].address

    def gas(self, call: ContractFunction) -> int:
        """Gas of a call by the trader."""
        return self.bench.gas(self.bench.trader, call)

    # -- Ours

    def single(self, market: str) -> int:
        """One hop, exact input."""
        call = self.aggregator.functions.swapSingle(market, *self.first, AMOUNT, AMOUNT // 9, FAR_FUTURE)
        return self.gas(call)

    def exact_out(self, market: str) -> int:
        """One hop, exact output."""
        call = self.aggregator.functions.swapExactOutSingle(market, *self.first, AMOUNT, 9 * AMOUNT, FAR_FUTURE)
        return self.gas(call)

    def route(self, last: int, *paths: tuple[int, list[str]]) -> int:
        """An exact input over paths; every hop goes up."""
        words = in_words([(amount, [(market, True) for market in markets]) for amount, markets in paths])
        ends = self.tokens[0].address, self.tokens[last].address
        return self.gas(self.aggregator.functions.swapRoute(*ends, AMOUNT // 2, FAR_FUTURE, words))

    def order(self, last: int, *paths: tuple[int, list[str]]) -> int:
        """Gas of `route` by an order: measured at both ends, with an event."""
        hops = [(amount, [(market, True) for market in markets]) for amount, markets in paths]
        ends = self.tokens[0].address, self.tokens[last].address
        total = sum(amount for amount, _ in paths)
        order = (*ends, total, AMOUNT // 2, self.bench.trader, FAR_FUTURE, hops)
        return self.gas(self.aggregator.functions.swap(order))

    # -- The UniversalRouter

    def through_universal(self, *commands: tuple[int, bytes]) -> int:
        """Commands in one transaction, paid by Permit2's allowance."""
        codes = bytes(code for code, _ in commands)
        execute = self.universal.get_function_by_signature("execute(bytes,bytes[],uint256)")
        return self.gas(execute(codes, [data for _, data in commands], FAR_FUTURE))

    def universal_v2(self, amount: int, to: str = SENDER, code: int = V2_IN) -> tuple[int, bytes]:
        """The pair."""
        limit = amount // 2 if code == V2_IN else 9 * amount
        types = ("address", "uint256", "uint256", "address[]", "bool")
        return code, encode(types, (to, amount, limit, list(self.first), True))

    def universal_v3(self, amount: int, code: int = V3_IN) -> tuple[int, bytes]:
        """The pool."""
        ends = self.first if code == V3_IN else self.first[::-1]
        limit = amount // 2 if code == V3_IN else 9 * amount
        types = ("address", "uint256", "uint256", "bytes", "bool")
        return code, encode(types, (SENDER, amount, limit, _v3_path(*ends), True))

    def universal_v4(self) -> tuple[int, bytes]:
        """The V4 pool of the first two tokens."""
        swap = encode(
            (f"({_KEY},bool,uint128,uint128,bytes)",), ((self.key.as_tuple(), True, AMOUNT, AMOUNT // 2, b""),)
        )
        pay = encode(("address", "uint256"), (self.first[0], AMOUNT))
        take = encode(("address", "uint256"), (self.first[1], AMOUNT // 2))
        actions = bytes((SWAP_SINGLE, SETTLE_ALL, TAKE_ALL))
        return V4_SWAP, encode(("bytes", "bytes[]"), (actions, [swap, pay, take]))

    def universal_three_hops(self) -> list[tuple[int, bytes]]:
        """V2, then V3, then V4, each with all that the one before paid."""
        _, two, three, four = (token.address for token in self.tokens)
        types = ("address", "uint256", "uint256", "bytes", "bool")
        second = encode(types, (ROUTER, EVERYTHING, 0, _v3_path(two, three), False))
        swap = encode((f"({_KEY},bool,uint128,uint128,bytes)",), ((self.last_key.as_tuple(), True, 0, 0, b""),))
        pay = encode(("address", "uint256", "bool"), (three, EVERYTHING, False))
        take = encode(("address", "uint256"), (four, AMOUNT // 2))
        actions = bytes((SETTLE, SWAP_SINGLE, TAKE_ALL))
        third = encode(("bytes", "bytes[]"), (actions, [pay, swap, take]))
        return [self.universal_v2(AMOUNT, ROUTER), (V3_IN, second), (V4_SWAP, third)]


def make_market(bench: Bench) -> SwapPools:
    """Venues with deep liquidity at par, the aggregator with all pools listed, allowances."""
    w3, deployer, trader = bench.w3, bench.deployer, bench.trader
    tokens = sorted((bench.token(f"T{k}") for k in range(4)), key=lambda token: int(token.address, 16))
    one, two, three, four = (token.address for token in tokens)
    v2 = UniswapV2(w3, deployer).deploy()
    v3 = UniswapV3(w3, deployer).deploy(v2.weth, v2.factory.address)
    v4 = UniswapV4(w3, deployer).deploy()
    balancer = BalancerV2(w3, deployer).deploy(v2.weth.address)
    permit2 = install_permit2(w3)
    universal = deploy_universal_router(w3, deployer, v2, v3, v4)
    asked = (bench.deploy_authority().address, ZERO, bench.deploy("VenueQuotes").address)
    aggregator = bench.deploy("LiquidityAggregator", *asked, 10_000)
    listing = Listing(w3, deployer, deployer, aggregator)

    amounts = {one: DEEP, two: DEEP}
    pair = v2.add_liquidity(deployer, amounts)
    pool, onward = v3.create_pool(amounts, FEE), v3.create_pool({two: DEEP, three: DEEP}, FEE)
    v3.add_liquidity(deployer, pool, amounts)
    v3.add_liquidity(deployer, onward, {two: DEEP, three: DEEP})
    key = v4.create_pool(deployer, amounts)
    last_key = v4.create_pool(deployer, {three: DEEP, four: DEEP})
    pool_ids = _balancer_pools(balancer, deployer, one, two)
    for listed, kind in ((pair, V2), (pool, V3), (onward, V3)):
        bench.send(deployer, aggregator.functions.listPool(listed.address, kind, FEE))
    manager, vault = v4.manager.address, balancer.vault.address
    markets = {name: listing.list_market(4, vault, (one, two), id_=id_) for name, id_ in pool_ids.items()}
    markets["v4"] = listing.list_market(3, manager, (one, two), FEE, 60)
    markets["v4 last"] = listing.list_market(3, manager, (three, four), FEE, 60)
    curve = _curve_pools(bench, listing, tokens, markets)
    _allow(bench, tokens[0], (aggregator.address, v2.router.address, v3.router.address, vault, PERMIT2))
    bench.send(trader, permit2.functions.approve(one, universal.address, 2**160 - 1, 2**48 - 1))
    return SwapPools(
        bench,
        tokens,
        v2,
        v3,
        v4,
        balancer,
        universal,
        aggregator,
        pair,
        pool,
        onward,
        key,
        last_key,
        markets,
        pool_ids,
        curve,
    )


def _balancer_pools(balancer: BalancerV2, owner: str, one: str, two: str) -> dict[str, bytes]:
    """Ids of a weighted and a stable pool of two tokens."""
    amounts = {one: DEEP, two: DEEP}
    return {
        "weighted": balancer.weighted_pool(owner, amounts, {one: 8 * 10**17, two: 2 * 10**17}, 3 * 10**15),
        "stable": balancer.stable_pool(owner, amounts, 200, 4 * 10**14),
    }


def _curve_pools(
    bench: Bench, listing: Listing, tokens: Sequence[Contract], markets: dict[str, str]
) -> dict[str, Contract]:
    """Curve's stand-ins over the first two tokens, listed among the markets, with the trader's allowances."""
    pair = (tokens[0].address, tokens[1].address)
    amounts = dict.fromkeys(pair, DEEP)
    curve = {
        "StableSwap": listing.stable_swap(amounts),
        "StableSwap-NG": listing.stable_swap(amounts),
        "CryptoSwap": listing.crypto_swap(amounts),
        "Twocrypto-NG": listing.crypto_swap(amounts),
    }
    kinds = (CURVE_INT128, CURVE_INT128_NG, CURVE_UINT256, CURVE_UINT256_NG)
    for (name, traded), kind in zip(curve.items(), kinds, strict=True):
        factory = bytes(12) + bytes.fromhex(traded.address[2:]) if kind == CURVE_INT128_NG else bytes(32)
        markets[name] = listing.list_market(kind, traded.address, pair, param=1 << 8, id_=factory)
    _allow(bench, tokens[0], [traded.address for traded in curve.values()])
    return curve


def _allow(bench: Bench, token: Contract, spenders: Iterable[str]) -> None:
    for spender in spenders:
        bench.send(bench.trader, token.functions.approve(spender, MAX_UINT256))


def rows(bench: Bench) -> list[Row]:
    """Single hops, exact outputs, a split and three hops over three venues."""
    market = make_market(bench)
    return [*_single_hops(market), *_exact_outputs(market), *_curve(market), _signed_quote(market), *_routes(market)]


def _single_hops(market: SwapPools) -> list[Row]:
    trader, (one, two) = market.bench.trader, market.first
    own_v2 = market.v2.router.functions.swapExactTokensForTokens(AMOUNT, AMOUNT // 2, [one, two], trader, FAR_FUTURE)
    own_v3 = market.v3.router.functions.exactInputSingle((one, two, FEE, trader, AMOUNT, AMOUNT // 2, 0))
    v2_by_02 = market.v3.router.functions.swapExactTokensForTokens(AMOUNT, AMOUNT // 2, [one, two], trader)
    v2, v3, v4 = (
        market.single(market.pair.address),
        market.single(market.pool.address),
        market.single(market.markets["v4"]),
    )
    universal = "UniversalRouter.execute"
    found = [
        _row("V2", v2, market.gas(own_v2), "UniswapV2Router02.swapExactTokensForTokens", OWN),
        _row("V2", v2, market.gas(v2_by_02), "SwapRouter02.swapExactTokensForTokens", OWN),
        _row("V2", v2, market.through_universal(market.universal_v2(AMOUNT)), universal, UNIVERSAL),
        _row("V3", v3, market.gas(own_v3), "SwapRouter02.exactInputSingle", OWN),
        _row("V3", v3, market.through_universal(market.universal_v3(AMOUNT)), universal, UNIVERSAL),
        _row("V4", v4, market.through_universal(market.universal_v4()), f"{universal} (V4's own)", UNIVERSAL),
    ]
    for name, pool_id in market.pool_ids.items():
        own = market.gas(market.balancer.single_swap(pool_id, 0, one, two, AMOUNT, trader))
        found.append(_row(f"Balancer {name}", market.single(market.markets[name]), own, "Vault.swap", OWN))
    return found


def _exact_outputs(market: SwapPools) -> list[Row]:
    trader, (one, two) = market.bench.trader, market.first
    own_v2 = market.v2.router.functions.swapTokensForExactTokens(AMOUNT, 9 * AMOUNT, [one, two], trader, FAR_FUTURE)
    own_v3 = market.v3.router.functions.exactOutputSingle((one, two, FEE, trader, AMOUNT, 9 * AMOUNT, 0))
    v2, v3 = market.exact_out(market.pair.address), market.exact_out(market.pool.address)
    universal_v2 = market.through_universal(market.universal_v2(AMOUNT, code=V2_OUT))
    universal_v3 = market.through_universal(market.universal_v3(AMOUNT, V3_OUT))
    found = [
        _row("V2, exact output", v2, market.gas(own_v2), "UniswapV2Router02.swapTokensForExactTokens", OWN),
        _row("V2, exact output", v2, universal_v2, "UniversalRouter.execute", UNIVERSAL),
        _row("V3, exact output", v3, market.gas(own_v3), "SwapRouter02.exactOutputSingle", OWN),
        _row("V3, exact output", v3, universal_v3, "UniversalRouter.execute", UNIVERSAL),
    ]
    for name, pool_id in market.pool_ids.items():
        own = market.gas(market.balancer.single_swap(pool_id, 1, one, two, AMOUNT, trader))
        ours = market.exact_out(market.markets[name])
        found.append(_row(f"Balancer {name}, exact output", ours, own, "Vault.swap", OWN))
    return found


def _curve(market: SwapPools) -> list[Row]:
    """Beside the pool itself, which has no exact output: there it is told the input that the lens would say."""
    found = []
    abi = artifact("VenueQuotes").abi
    quotes = contract_at(market.bench.w3, market.aggregator.functions.quotes().call(), abi)
    for name, pool in market.curve.items():
        own = market.gas(pool.functions.exchange(0, 1, AMOUNT, AMOUNT // 2))
        found.append(_row(f"Curve {name} (stand-in)", market.single(market.markets[name]), own, "exchange", None))
        listed = market.aggregator.functions.marketOf(market.markets[name]).call()
        needed = quotes.functions.quoteIn(listed, True, AMOUNT).call()
        own = market.gas(pool.functions.exchange(0, 1, needed, AMOUNT // 2))
        ours = market.exact_out(market.markets[name])
        found.append(_row(f"Curve {name} (stand-in), exact output", ours, own, "exchange, told the input", None))
    return found


def _signed_quote(market: SwapPools) -> Row:
    """Beside AirSwap itself, which the trader has approved for good; every run has a quote of its own."""
    bench, (one, two) = market.bench, market.first
    w3, trader, aggregator = bench.w3, bench.trader, market.aggregator
    airswap, maker = deploy_airswap(w3, bench.deployer), Account.create()
    adapter = bench.deploy("AirSwapAdapter", aggregator.address, airswap.address, trader)
    listing = Listing(w3, bench.deployer, bench.deployer, aggregator)
    id_ = bytes(12) + bytes.fromhex(maker.address[2:])
    key = listing.list_market(SIGNED_QUOTE, adapter.address, (one, two), id_=id_)
    for method, value in (("anvil_impersonateAccount", None), ("anvil_setBalance", hex(10**20))):
        w3.provider.make_request(RPCEndpoint(method), [maker.address] if value is None else [maker.address, value])
    for token in market.tokens[:2]:
        bench.send(bench.deployer, token.functions.transfer(maker.address, 100 * AMOUNT))
        bench.send(maker.address, token.functions.approve(airswap.address, MAX_UINT256))
    bench.send(trader, market.tokens[0].functions.approve(airswap.address, MAX_UINT256))

    def quotes(taker: str, first: int) -> Iterator[Quote]:
        for nonce in range(first, first + RUNS + 1):
            yield Quote(nonce, FAR_FUTURE, maker.address, two, AMOUNT, taker, one, AMOUNT)

    def through_us(quote: Quote) -> ContractFunction:
        route = quoted_path(key, True, AMOUNT, quote.signed(maker, airswap))
        return aggregator.functions.swapRoute(one, two, AMOUNT // 2, FAR_FUTURE, route)

    def direct(quote: Quote) -> ContractFunction:
        nonce, expiry, _, paid, got, v, r, s = quote.signed(maker, airswap)
        signature = (v, r.to_bytes(32, "big"), s.to_bytes(32, "big"))
        return airswap.functions.swap(trader, nonce, expiry, maker.address, two, paid, one, got, *signature)

    ours = bench.gas_of(trader, map(through_us, quotes(adapter.address, 1)))
    own = bench.gas_of(trader, map(direct, quotes(trader, 1 + RUNS + 1)))
    return _row("Signed quote (AirSwap)", ours, own, "SwapERC20.swap", None)


def _routes(market: SwapPools) -> list[Row]:
    half = AMOUNT // 2
    halves = (half, [market.pair.address]), (half, [market.pool.address])
    universal_split = market.through_universal(market.universal_v2(half), market.universal_v3(half))
    path = (AMOUNT, [market.pair.address, market.onward.address, market.markets["v4 last"]])
    universal_three = market.through_universal(*market.universal_three_hops())
    return [
        _row("Half V2, half V3", market.route(1, *halves), universal_split, "UniversalRouter.execute", UNIVERSAL),
        _row("V2, then V3, then V4", market.route(3, path), universal_three, "UniversalRouter.execute", UNIVERSAL),
        _row("Half V2, half V3, an order", market.order(1, *halves), universal_split, "UniversalRouter.execute", None),
        _row("V2, then V3, then V4, an order", market.order(3, path), universal_three, "UniversalRouter.execute", None),
    ]


def _row(name: str, ours: int, peer: int, peer_name: str, target: float | None) -> Row:
    return Row(GROUP, name, "gas", ours, peer, peer_name, target, METHOD)


def _v3_path(first: str, second: str) -> bytes:
    return bytes.fromhex(first[2:]) + FEE.to_bytes(3, "big") + bytes.fromhex(second[2:])
