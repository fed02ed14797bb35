"""A portfolio as large as it gets: 32 assets, everything in one transaction each."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
from eth_abi import encode
from eth_account import Account
from eth_utils import keccak
from web3.contract import Contract
from web3.contract.contract import ContractFunction

from keepers.chain.signing import NORMAL_TAILS
from keepers.risk.fixed_point import to_fixed_point
from scripts.anvil import advance
from scripts.artifacts import artifact
from scripts.demo.data import load_closes
from scripts.deployment.artifacts import protocol_artifacts
from scripts.deployment.chain import Chain
from scripts.deployment.config import Config
from scripts.deployment.local import UnlockedSender
from scripts.deployment.protocol import ProtocolDeployment
from scripts.transactions import send
from scripts.venues.uniswap import FAR_FUTURE, UniswapV2
from tests.bench.framework import Bench, Row

GROUP = "Portfolio of 32 assets"
METHOD = (
    "Gas of single transactions, each in a block of its own: 31 regulated stocks and cash, stand-in feeds, Uniswap V2 "
    "pairs, one signer, both fees, no lock, and the covariance of real daily returns (skfolio's S&P 500 data: twenty "
    "stocks over the last three years, eleven of them over the three before). Target: what EIP-7825 lets a transaction "
    "take."
)
LIMIT = 16_777_216
"""Gas of a transaction, EIP-7825."""
WAD, USD = 10**18, 10**6
RISKY = 31
PRICES = {f"S{k:02}": 20 + 7 * k for k in range(RISKY)}
REAL = [
    *("AAPL", "AMD", "BAC", "BBY", "CVX", "GE", "HD", "JNJ", "JPM", "KO"),
    *("LLY", "MRK", "MSFT", "PEP", "PFE", "PG", "RRC", "UNH", "WMT", "XOM"),
]
DAYS = 756
SIGNER = Account.from_key((0xB0B).to_bytes(32, "big"))
FOREVER = 2**40 - 1
MODEL = keccak(text="bench")
ORDERS = "(address,address,uint256,uint256,address,uint40,(uint256,(address,bool)[])[])[]"
REQUESTS = 8


def rows(bench: Bench) -> list[Row]:
    """Everything that a holder, a keeper and a manager do."""
    world = World(bench)
    return [Row(GROUP, name, "gas", gas, target=LIMIT, method=METHOD) for name, gas in world.life().items()]


class World:
    """Deployed from a config, as on any network; a million dollars of the trader's, all in cash."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        w3, owner = bench.w3, bench.deployer
        self.usd = bench.token("USDC", 6)
        feeds = {
            name: bench.deploy("FeedStandIn", 8, name, price * 10**8).address
            for name, price in {"USDC": 1, **PRICES}.items()
        }
        config = _config(owner, self.usd.address, feeds)
        artifacts = protocol_artifacts()
        sender = UnlockedSender(w3, owner)
        first = ProtocolDeployment(Chain(w3, sender, lambda _: None), Config.model_validate(config), artifacts)
        record = first.run()
        registry = first.contracts["IdentityRegistry"]
        for account in (owner, bench.trader):
            bench.send(owner, registry.functions.registerIdentity(account, 840, 3, FOREVER))
        self.stocks = [w3.eth.contract(record.tokens[s], abi=artifacts["ComplianceAwareToken"].abi) for s in PRICES]  # type: ignore[call-overload]
        v2 = UniswapV2(w3, owner).deploy()
        self.pairs = [
            self._pool(v2, registry, stock, price) for stock, price in zip(self.stocks, PRICES.values(), strict=True)
        ]
        config["venues"] = [{"pool": pair.address, "kind": "uniswap-v2", "fee": 3000} for pair in self.pairs]
        config |= _portfolio(owner)
        second = ProtocolDeployment(Chain(w3, sender, lambda _: None), Config.model_validate(config), artifacts)
        made = second.run()
        self.contracts = second.contracts
        self.portfolio = w3.eth.contract(made.portfolios["bench"]["address"], abi=artifact("Portfolio").abi)  # type: ignore[call-overload]
        self._nonces = count()
        self.bench.send(bench.trader, self.usd.functions.approve(self.portfolio.address, 2**256 - 1))
        self._post_model(made.universes["stocks"]["id"])

    def life(self) -> dict[str, int]:
        """What is done, and its gas, in an order in which all of it passes."""
        trader, queue = self.bench.trader, self.contracts["RedemptionQueue"].functions
        factory = self.contracts["PortfolioFactory"].functions
        calls, address = self.portfolio.functions, self.portfolio.address
        gas = {"create": self._send(self.bench.deployer, factory.createPortfolio(self._params()))}
        self._send(trader, calls.deposit(1_000_000 * USD, trader))
        gas["rebalance, 31 orders out of cash"] = self._rebalance(buy=True)
        gas["deposit"] = self._send(trader, calls.deposit(100_000 * USD, trader))
        gas["withdraw"] = self._send(trader, calls.withdraw(1_000 * USD, trader, trader))
        asked = [self._ask(trader, 50_000) for _ in range(REQUESTS)]
        gas["request"] = asked[-1]
        gas[f"fulfil, of {REQUESTS} requests what cash pays"] = self._send(trader, queue.fulfil(address, REQUESTS))
        gas["rebalance, 31 orders into cash, while requests wait"] = self._rebalance(buy=False)
        self._send(trader, queue.fulfil(address, REQUESTS))
        assert calls.totalBoundShares().call() == 0
        gas["claim"] = self._send(trader, calls.claim(self.usd.address, trader))
        shares = calls.balanceOf(trader).call() // 2
        self._ask(trader, 10_000)
        gas["redeem in kind, requests ended by it"] = self._send(
            trader, calls.redeemInKind(calls.balanceOf(trader).call() - shares // 2, trader, trader)
        )
        last = self.stocks[-1].address
        gas["retire an asset"] = self._send(self.bench.deployer, factory.retireAsset(address, last))
        gas["redeem in kind, one of 32 retired"] = self._send(trader, calls.redeemInKind(shares // 4, trader, trader))
        gas["list it again"] = self._send(self.bench.deployer, factory.listAsset(address, last))
        return gas

    def _send(self, sender: str, call: ContractFunction) -> int:
        """In a later block, with as much gas as a transaction may have."""
        advance(self.bench.w3, 12)
        return int(send(self.bench.w3, sender, call, gas=LIMIT)["gasUsed"])

    def _ask(self, owner: str, dollars: int) -> int:
        shares = self.portfolio.functions.convertToShares(dollars * USD).call()
        request = self.contracts["RedemptionQueue"].functions.requestRedeem
        return self._send(owner, request(self.portfolio.address, shares, owner, owner))

    def _rebalance(self, *, buy: bool) -> int:
        """Nine tenths of the cash into every stock alike, or half of every stock into cash."""
        assets, balances, values, _ = self.portfolio.functions.positions().call()
        held = dict(zip(assets, balances, strict=True))
        nav, spent = sum(values), held[self.usd.address] * 9 // 10 // RISKY
        if buy:
            targets = [values[1 + k] * WAD // nav + spent * WAD * WAD // USD // nav for k in range(RISKY)]
        else:
            targets = [value * WAD // nav // 2 for value in values[1:]]
        orders = [
            self._order(self.usd if buy else stock, stock if buy else self.usd, amount, pair)
            for stock, pair in zip(self.stocks, self.pairs, strict=True)
            for amount in [spent if buy else held[stock.address] // 2]
        ]
        now = self.bench.w3.eth.get_block("latest")["timestamp"]
        digest = keccak(encode([ORDERS], [orders]))
        times = (now - 1, FOREVER, next(self._nonces))
        terms = (1000, 10_000, 1_000, 1)
        signal = (self.portfolio.address, [WAD - sum(targets), *targets], *terms, *times, MODEL, digest, digest)
        rebalancer = self.contracts["AutoRebalancer"].functions
        signed = Account.unsafe_sign_hash(rebalancer.hashSignal(signal).call(), SIGNER.key)
        call = rebalancer.rebalance(signal, orders, [(SIGNER.address, bytes(signed.signature))])
        return self._send(self.bench.trader, call)

    def _order(self, token_in: Contract, token_out: Contract, amount: int, pair: Contract) -> Any:
        there = (token_in.address, token_out.address)
        hop = (pair.address, int(there[0], 16) < int(there[1], 16))
        return (*there, amount, 1, self.portfolio.address, FAR_FUTURE, [(amount, [hop])])

    def _pool(self, v2: UniswapV2, registry: Contract, stock: Contract, price: int) -> Contract:
        deep = 10**8
        owner = self.bench.deployer
        self.bench.send(owner, stock.functions.mint(owner, deep * WAD // price))
        pair = v2.create_pool(stock.address, self.usd.address)
        self.bench.send(owner, registry.functions.setVenueAccount(pair.address, True))
        v2.add_liquidity(owner, {stock.address: deep * WAD // price, self.usd.address: deep * USD})
        return pair

    def _post_model(self, universe: str) -> None:
        now = self.bench.w3.eth.get_block("latest")["timestamp"]
        terms = (1, now - 1, now + 800_000, *NORMAL_TAILS)
        model = (bytes.fromhex(universe[2:]), *terms, to_fixed_point(covariance()))
        models = self.contracts["CovarianceModels"].functions
        signed = Account.unsafe_sign_hash(models.hashModel(model).call(), SIGNER.key)
        self._send(self.bench.trader, models.postModel(model, [(SIGNER.address, bytes(signed.signature))]))

    def _params(self) -> tuple[Any, ...]:
        """Another portfolio like the first."""
        limits = self.contracts["RiskEngine"].functions.limitsOf(self.portfolio.address).call()
        universe = self.contracts["RiskEngine"].functions.universeOf(self.portfolio.address).call()
        stocks = [stock.address for stock in self.stocks]
        init = ("Second", "SECOND", self.usd.address, stocks, "0x" + "00" * 20, 1000, 604_800)
        fees, policy = (150, 1500, 7_776_000, self.bench.deployer), (0, 2_000, 0)
        return (init, fees, policy, universe, limits, False, [], 0, keccak(text="second"))


def covariance() -> Any:
    """(31, 31): daily log returns of twenty stocks over the last three years, of eleven over the three before."""
    closes = np.array(load_closes(REAL).rows, dtype=np.float64)
    returns = np.diff(np.log(closes), axis=0)
    late, early = returns[-DAYS:], returns[-2 * DAYS : -DAYS, : RISKY - len(REAL)]
    return np.cov(np.hstack([late, early]), rowvar=False)


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
        "tokens": {symbol: {"name": symbol, "rules": rules} for symbol in PRICES},
        "feeds": {name: {"aggregator": address, **bounds} for name, address in feeds.items()},
    }


def _portfolio(owner: str) -> dict[str, Any]:
    quorum = {"signers": [SIGNER.address], "threshold": 1}
    return {
        "universes": {"stocks": {"assets": list(PRICES), **quorum}},
        "portfolios": {
            "bench": {
                "name": "Bench",
                "symbol": "BENCH",
                "settlement": "USDC",
                "assets": list(PRICES),
                "universe": "stocks",
                "limits": {"max_var99": 1000, "max_weight": 5000, "max_drawdown": 3000, "halt_drawdown": 6000},
                "loss_budget": {"bps": 1000, "window": 604_800},
                "fees": {"management": 150, "performance": 1500, "recipient": owner},
                "policy": {"lock": 0},
                "identity": {"country": 840, "kyc_expiry": FOREVER},
                **quorum,
            }
        },
    }
