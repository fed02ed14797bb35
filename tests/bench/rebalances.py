"""A whole rebalance, and what each of its checks costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from statistics import median_low
from typing import Any

from eth_abi import encode
from eth_account import Account
from eth_utils import function_abi_to_4byte_selector, keccak
from web3.contract import Contract

from keepers.chain.signing import NORMAL_TAILS
from scripts.anvil import advance
from scripts.artifacts import artifact
from scripts.deployment.artifacts import protocol_artifacts
from scripts.deployment.chain import Chain
from scripts.deployment.config import Config
from scripts.deployment.local import UnlockedSender
from scripts.deployment.protocol import ProtocolDeployment
from scripts.transactions import send
from scripts.venues.uniswap import FAR_FUTURE, UniswapV2
from tests.bench.framework import RUNS, Bench, Row, calls_of, refund_of

GROUP = "Rebalances"
METHOD = (
    f"Gas of whole transactions, median of {RUNS} after a first one, each in a later block than the last; parts by "
    "`debug_traceTransaction` of the same transactions, medians of each. Three regulated stocks and cash; a rebalance "
    "sells some of one stock and buys two, or the reverse, over Uniswap V2 pairs; one signer; stand-in feeds at 11.2k "
    "gas a read. Peer: the same three swaps through UniswapV2Router02, a transaction each, without any check."
)
NODE = ("--steps-tracing",)
AIM = 500_000
WAD, USD = 10**18, 10**6
STOCKS = {"AAA": 50, "BBB": 100, "CCC": 150}
SIGNER = Account.from_key((0xB0B).to_bytes(32, "big"))
FOREVER = 2**40 - 1
TRADE_USD = 2_000
MODEL = keccak(text="bench")
ORDERS = "(address,address,uint256,uint256,address,uint40,(uint256,(address,bool)[])[])[]"


@dataclass
class World:
    """A portfolio of three stocks at 20% each, with a model."""

    bench: Bench
    contracts: dict[str, Contract]
    portfolio: Contract
    usd: Contract
    stocks: list[Contract]
    pairs: list[Contract]
    v2: UniswapV2
    nonces: Iterator[int]

    def rebalance(self, trades: list[tuple[int, bool]]) -> Any:
        """Buys (True) or sells stocks for TRADE_USD each; returns the receipt."""
        weights = self.weights()
        step = TRADE_USD * WAD // 1_000_000
        targets = [weight + sum(step if buy else -step for k, buy in trades if k == i) for i, weight in weights.items()]
        orders = [self._order(k, buy) for k, buy in trades]
        return self.run([WAD - sum(targets), *targets], orders)

    def run(self, targets: list[int], orders: list[Any]) -> Any:
        """Signs and sends."""
        now = self.bench.w3.eth.get_block("latest")["timestamp"]
        digest = keccak(encode([ORDERS], [orders]))
        most = (1000, 10_000, 1_000, 1)
        times = (now - 1, FOREVER, next(self.nonces))
        signal = (self.portfolio.address, targets, *most, *times, MODEL, keccak(text="inputs"), digest)
        rebalancer = self.contracts["AutoRebalancer"]
        signed = Account.unsafe_sign_hash(rebalancer.functions.hashSignal(signal).call(), SIGNER.key)
        call = rebalancer.functions.rebalance(signal, orders, [(SIGNER.address, bytes(signed.signature))])
        return send(self.bench.w3, self.bench.trader, call)

    def weights(self) -> dict[int, int]:
        """Of the stocks, WAD."""
        values = self.portfolio.functions.positions().call()[2]
        return {k: value * WAD // sum(values) for k, value in enumerate(values[1:])}

    def _order(self, k: int, buy: bool, dollars: int = TRADE_USD) -> Any:
        stock, usd = self.stocks[k].address, self.usd.address
        amount = dollars * USD if buy else dollars * WAD // list(STOCKS.values())[k]
        token_in, token_out = (usd, stock) if buy else (stock, usd)
        hop = (self.pairs[k].address, int(token_in, 16) < int(token_out, 16))
        return (token_in, token_out, amount, 1, self.portfolio.address, FAR_FUTURE, [(amount, [hop])])

    def swap(self, k: int, buy: bool) -> Any:
        """The same trade by an investor through the venue's router."""
        stock, usd = self.stocks[k].address, self.usd.address
        amount = TRADE_USD * USD if buy else TRADE_USD * WAD // list(STOCKS.values())[k]
        path = [usd, stock] if buy else [stock, usd]
        call = self.v2.router.functions.swapExactTokensForTokens(amount, 1, path, self.bench.trader, FAR_FUTURE)
        return self.bench.send(self.bench.trader, call)


def rows(bench: Bench) -> list[Row]:
    """The whole, its parts, and the bare swaps."""
    world = make_world(bench)
    there, back = [(0, True), (1, True), (2, False)], [(0, False), (1, False), (2, True)]
    receipts, bare = [], []
    for run in range(RUNS + 1):
        trades = (there, back)[run % 2]
        advance(bench.w3, 12)
        receipts.append(world.rebalance(trades))
        advance(bench.w3, 12)
        bare.append(sum(world.swap(k, buy) for k, buy in trades))
    measured = receipts[1:]
    total = median_low(int(receipt["gasUsed"]) for receipt in measured)
    parts = [_parts(bench, world, receipt) for receipt in measured]
    part = {name: median_low(split[name] for split in parts) for name in parts[0]}
    peer = "UniswapV2Router02, three transactions"
    return [
        Row(GROUP, "3 trades over 4 assets, everything", "gas", total, target=AIM, method=METHOD),
        Row(GROUP, "beside the bare swaps", "gas", total, median_low(bare[1:]), peer, method=METHOD),
        *(Row(GROUP, f"of it: {name}", "gas", gas, method=METHOD) for name, gas in part.items()),
    ]


def _parts(bench: Bench, world: World, receipt: Any) -> dict[str, int]:
    """What a rebalance is spent on: the calls that it makes, by function; the rest is the two contracts' own."""
    contracts = world.contracts
    calls = {
        "swaps, each at its minimum over listed pools (I1)": [(contracts["LiquidityAggregator"], "swap")],
        "prices, the feeds' own gas included": [(contracts["PriceOracle"], "prices")],
        "risk limits (I3, I7)": [(contracts["RiskEngine"], "checkRebalance")],
        "quorum, 1 of 1 (I6)": [(contracts["SignerSets"], "requireQuorum")],
        "the model's status": [(contracts["ModelRegistry"], "requireLive")],
        "balances before and after": [(token, "balanceOf") for token in (world.usd, *world.stocks)],
        "allowances of exactly each order": [(token, "approve") for token in (world.usd, *world.stocks)],
    }
    wanted = {(c.address.lower(), _selector(c, name)): part for part, made in calls.items() for c, name in made}
    spent = dict.fromkeys(calls, 0)
    for frame in calls_of(bench.w3, receipt["transactionHash"], lambda frame: _key(frame) not in wanted):
        if _key(frame) in wanted:
            spent[wanted[_key(frame)]] += int(frame["gasUsed"], 16)
    data = bytes(bench.w3.eth.get_transaction(receipt["transactionHash"])["input"])
    spent["the transaction and its calldata"] = 21_000 + sum(16 if byte else 4 for byte in data)
    refund = refund_of(bench.w3, receipt["transactionHash"])
    own = int(receipt["gasUsed"]) + refund - sum(spent.values())
    return {**spent, "loss budget (I2), turnover, pace, nonce, band, events": own, "given back by the chain": -refund}


def _key(frame: dict[str, Any]) -> tuple[str, str]:
    return frame.get("to", "").lower(), frame["input"][:10]


def _selector(contract: Contract, name: str) -> str:
    return "0x" + bytes(function_abi_to_4byte_selector(contract.get_function_by_name(name).abi)).hex()


def make_world(bench: Bench) -> World:
    """Deploys everything from a config, as on any network."""
    w3, owner = bench.w3, bench.deployer
    usd = bench.token("USDC", 6)
    prices = {"USDC": 1, **STOCKS}
    feeds = {name: bench.deploy("FeedStandIn", 8, name, price * 10**8).address for name, price in prices.items()}
    config = _config(owner, usd.address, feeds)
    sender = UnlockedSender(w3, owner)
    artifacts = protocol_artifacts()
    first = ProtocolDeployment(Chain(w3, sender, lambda _: None), Config.model_validate(config), artifacts)
    record = first.run()

    registry = first.contracts["IdentityRegistry"]
    for account in (owner, bench.trader):
        bench.send(owner, registry.functions.registerIdentity(account, 840, 3, FOREVER))
    stocks = [
        w3.eth.contract(address=record.tokens[s], abi=artifacts["ComplianceAwareToken"].abi)  # type: ignore[call-overload]
        for s in STOCKS
    ]
    v2 = UniswapV2(w3, owner).deploy()
    bench.send(owner, registry.functions.setVenueAccount(v2.router.address, True))
    pairs = [
        _pool(bench, v2, registry, usd, stock, price) for stock, price in zip(stocks, STOCKS.values(), strict=True)
    ]
    for token in (usd, *stocks):
        bench.send(bench.trader, token.functions.approve(v2.router.address, 2**256 - 1))

    config["venues"] = [{"pool": pair.address, "kind": "uniswap-v2", "fee": 3000} for pair in pairs]
    config |= _portfolio()
    second = ProtocolDeployment(Chain(w3, sender, lambda _: None), Config.model_validate(config), artifacts)
    address = second.run().portfolios["bench"]["address"]
    portfolio = w3.eth.contract(address=address, abi=artifact("Portfolio").abi)
    world = World(bench, second.contracts, portfolio, usd, stocks, pairs, v2, count())
    _invest(world, second.record.universes["stocks"]["id"])
    return world


def _pool(bench: Bench, v2: UniswapV2, registry: Contract, usd: Contract, stock: Contract, price: int) -> Contract:
    deep = 10**9
    for holder in (bench.deployer, bench.trader):
        bench.send(bench.deployer, stock.functions.mint(holder, deep * WAD // price))
    pair = v2.create_pool(stock.address, usd.address)
    bench.send(bench.deployer, registry.functions.setVenueAccount(pair.address, True))
    v2.add_liquidity(bench.deployer, {stock.address: deep * WAD // price, usd.address: deep * USD})
    return pair


def _invest(world: World, universe: str) -> None:
    bench = world.bench
    bench.send(bench.trader, world.usd.functions.approve(world.portfolio.address, 2**256 - 1))
    bench.send(bench.trader, world.portfolio.functions.deposit(1_000_000 * USD, bench.trader))
    now = bench.w3.eth.get_block("latest")["timestamp"]
    variance = 10**14
    model = (
        bytes.fromhex(universe[2:]),
        1,
        now - 1,
        now + 800_000,
        *NORMAL_TAILS,
        [variance, 0, 0, variance, 0, variance],
    )
    models = world.contracts["CovarianceModels"]
    signed = Account.unsafe_sign_hash(models.functions.hashModel(model).call(), SIGNER.key)
    bench.send(bench.trader, models.functions.postModel(model, [(SIGNER.address, bytes(signed.signature))]))
    orders = [world._order(k, True, 200_000) for k in range(3)]
    world.run([WAD * 4 // 10] + [WAD * 2 // 10] * 3, orders)


def _config(owner: str, usd: str, feeds: dict[str, str]) -> dict[str, Any]:
    roles = ("guardian", "issuer", "compliance_officer", "manager", "keeper_registrar")
    rules = {"countries": [840], "classes": ["institutional"]}
    bounds = {"heartbeat": 10**8, "min_price": 0.01, "max_price": 10_000}
    return {
        "network": "bench",
        "admin": owner,
        "roles": {name: {"accounts": [owner]} for name in roles},
        "assets": {"USDC": usd},
        "models": {"bench": {"weights": "0x" + "11" * 32, "code": "0x" + "22" * 32}},
        "tokens": {symbol: {"name": symbol, "rules": rules} for symbol in STOCKS},
        "feeds": {name: {"aggregator": address, **bounds} for name, address in feeds.items()},
    }


def _portfolio() -> dict[str, Any]:
    quorum = {"signers": [SIGNER.address], "threshold": 1}
    return {
        "universes": {"stocks": {"assets": list(STOCKS), **quorum}},
        "portfolios": {
            "bench": {
                "name": "Bench",
                "symbol": "BENCH",
                "settlement": "USDC",
                "assets": list(STOCKS),
                "universe": "stocks",
                "limits": {"max_var99": 500, "max_weight": 5000, "max_drawdown": 3000, "halt_drawdown": 6000},
                "loss_budget": {"bps": 1000, "window": 604_800},
                "identity": {"country": 840, "kyc_expiry": FOREVER},
                **quorum,
            }
        },
    }
