"""A portfolio of stocks and cash, deployed from a config, with a Uniswap V2 pair for each stock."""

from __future__ import annotations

from itertools import count
from typing import Any

from eth_account import Account
from eth_utils import keccak
from web3.contract import Contract
from web3.contract.contract import ContractFunction

from keepers.contracts.messages import hash_assets
from keepers.rebalancing.orders import Order, hash_orders, order_words
from keepers.risk.metrics import NORMAL_TAILS
from scripts._lib.artifacts import artifact
from scripts._lib.deployment.artifacts import protocol_artifacts
from scripts._lib.deployment.chain import Chain
from scripts._lib.deployment.config import Config
from scripts._lib.deployment.local import UnlockedSender
from scripts._lib.deployment.protocol import ProtocolDeployment
from scripts._lib.venues.uniswap import UniswapV2, UniswapV3
from tests.bench.framework import Bench

WAD, USD = 10**18, 10**6
FOREVER = 2**40 - 1
SIGNER = Account.from_key((0xB0B).to_bytes(32, "big"))
MODEL = keccak(text="bench")
DEEP = 10**9
"""Dollars on either side of a pair."""
RULES = {"countries": [840], "classes": ["institutional"]}
"""Rules of regulated stocks, and of the shares over them."""


class MeasuredProtocol:
    """Stand-in feeds at `prices` whole dollars, one signer, the deployer in every role.

    The trader has dollars, which the portfolio may take, and no stocks. Regulated stocks are held by restricted shares,
    others by shares that are open to anyone.
    """

    def __init__(
        self, bench: Bench, prices: dict[str, int], portfolio: dict[str, Any], *, regulated: bool = True
    ) -> None:
        self.bench, self.prices = bench, prices
        w3, owner = bench.w3, bench.deployer
        self.usd = bench.token("USDC", 6)
        self.feeds = self._feeds()
        addresses = {name: feed.address for name, feed in self.feeds.items()}
        tokens = {"USDC": self.usd, **({} if regulated else {name: bench.token(name) for name in prices})}
        self._config = _config(owner, {name: token.address for name, token in tokens.items()}, addresses)
        first, record = self._deploy()
        self._registry = first["IdentityRegistry"]
        for account in (owner, bench.trader):
            bench.send(owner, self._registry.functions.registerIdentity(account, 840, 3, FOREVER))
        stock = artifact("ComplianceAwareToken").abi
        made = {name: w3.eth.contract(address, abi=stock) for name, address in record.tokens.items()}  # type: ignore[call-overload]
        self.stocks = [{**tokens, **made}[name] for name in prices]
        self.v2 = UniswapV2(w3, owner).deploy()
        bench.send(owner, self._registry.functions.setVenueAccount(self.v2.router.address, True))
        self.pairs = [self._pool(*listed) for listed in zip(self.stocks, prices.values(), strict=True)]
        self._config["venues"] = [{"pool": pair.address, "kind": "uniswap-v2", "fee": 3000} for pair in self.pairs]
        self._config |= _portfolio(list(prices), ({"share_rules": RULES} if regulated else {}) | portfolio)
        self.contracts, record = self._deploy()
        address = record.portfolios["bench"]["address"]
        self.portfolio = w3.eth.contract(address, abi=artifact("Portfolio").abi)  # type: ignore[call-overload]
        self._universe = bytes.fromhex(record.universes["stocks"]["id"][2:])
        self._nonces = count()
        bench.send(bench.trader, self.usd.functions.approve(self.portfolio.address, 2**256 - 1))

    def router_of_all(self) -> Contract:
        """SwapRouter02 over the same pairs: several swaps in one transaction."""
        owner = self.bench.deployer
        router = UniswapV3(self.bench.w3, owner).deploy(self.v2.weth, self.v2.factory.address).router
        self.bench.send(owner, self._registry.functions.setVenueAccount(router.address, True))
        return router

    def order(self, token_in: Contract, token_out: Contract, amount: int, pair: Contract) -> Order:
        """One hop through the pair, at any price."""
        there = (token_in.address, token_out.address)
        hop = (pair.address, int(there[0], 16) < int(there[1], 16))
        return Order(*there, amount, 1, ((amount, (hop,)),))

    def rebalance(self, targets: list[int], orders: list[Order]) -> ContractFunction:
        """The call, signed, to weights in WAD, the settlement token's first."""
        now = self.bench.w3.eth.get_block("latest")["timestamp"]
        assets = self.portfolio.functions.assets().call()
        words = order_words(orders, assets)
        most, times = (1000, 10_000, 1_000, 1), (now - 1, FOREVER, next(self._nonces))
        hashes = (MODEL, keccak(text="inputs"), hash_orders(words))
        signal = (self.portfolio.address, hash_assets(assets), targets, *most, *times, *hashes)
        rebalancer = self.contracts["AutoRebalancer"].functions
        return rebalancer.rebalance(signal, words, [self._signed(rebalancer.hashSignal(signal).call())])

    def model(self, covariance: list[int]) -> ContractFunction:
        """The call that posts a day's covariance of the stocks, the upper triangle in WAD."""
        now = self.bench.w3.eth.get_block("latest")["timestamp"]
        model = (self._universe, 1, now - 1, now + 800_000, *NORMAL_TAILS, covariance)
        models = self.contracts["CovarianceModels"].functions
        return models.postModel(model, [self._signed(models.hashModel(model).call())])

    def _signed(self, digest: bytes) -> tuple[str, bytes]:
        return SIGNER.address, bytes(Account.unsafe_sign_hash(digest, SIGNER.key).signature)

    def _feeds(self) -> dict[str, Contract]:
        prices = {"USDC": 1, **self.prices}
        return {name: self.bench.deploy("MockFeed", 8, name, price * 10**8) for name, price in prices.items()}

    def _deploy(self) -> tuple[dict[str, Contract], Any]:
        """Whatever of the config is not there yet."""
        w3, config = self.bench.w3, Config.model_validate(self._config)
        chain = Chain(w3, UnlockedSender(w3, self.bench.deployer), lambda _: None)
        deployment = ProtocolDeployment(chain, config, protocol_artifacts())
        record = deployment.run()
        return deployment.contracts, record

    def _pool(self, stock: Contract, price: int) -> Contract:
        owner = self.bench.deployer
        self.bench.send(owner, stock.functions.mint(owner, DEEP * WAD // price))
        pair = self.v2.create_pool(stock.address, self.usd.address)
        self.bench.send(owner, self._registry.functions.setVenueAccount(pair.address, True))
        self.v2.add_liquidity(owner, {stock.address: DEEP * WAD // price, self.usd.address: DEEP * USD})
        return pair


def _config(owner: str, assets: dict[str, str], feeds: dict[str, str]) -> dict[str, Any]:
    """Whatever has a feed and is none of the assets is a regulated token, to be issued."""
    roles = ("guardian", "issuer", "compliance_officer", "manager", "keeper_registrar")
    bounds = {"heartbeat": 10**8, "min_price": 0.01, "max_price": 10_000, "trading_window": {"max_age": 10**7}}
    return {
        "network": "bench",
        "admin": owner,
        "roles": {name: {"accounts": [owner]} for name in roles},
        "assets": assets,
        "models": {"bench": {"weights": "0x" + "11" * 32, "code": "0x" + "22" * 32}},
        "tokens": {symbol: {"name": symbol, "rules": RULES} for symbol in feeds if symbol not in assets},
        "feeds": {name: {"aggregator": address, **bounds} for name, address in feeds.items()},
    }


def _portfolio(stocks: list[str], terms: dict[str, Any]) -> dict[str, Any]:
    quorum = {"signers": [SIGNER.address], "threshold": 1}
    return {
        "universes": {"stocks": {"assets": stocks, **quorum}},
        "portfolios": {
            "bench": {
                "name": "Bench",
                "symbol": "BENCH",
                "settlement": "USDC",
                "assets": stocks,
                "universe": "stocks",
                "loss_budget": {"bps": 1000, "window": 604_800},
                "identity": {"country": 840, "kyc_expiry": FOREVER},
                **terms,
                **quorum,
            }
        },
    }
