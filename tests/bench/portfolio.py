"""A portfolio as large as it gets: 32 assets, everything in one transaction each."""

from __future__ import annotations

from typing import Any

import numpy as np
from eth_utils import keccak
from web3.contract.contract import ContractFunction

from keepers.risk.fixed_point import to_fixed_point
from scripts._lib.anvil import advance
from scripts._lib.demo.data import load_closes
from scripts._lib.transactions import send
from tests.bench.framework import Bench, Row
from tests.bench.protocol import USD, WAD, MeasuredProtocol

GROUP = "Portfolio of 32 assets"
METHOD = (
    "Gas of single transactions, each in a block of its own: 31 regulated stocks and cash, restricted shares, stand-in "
    "feeds, Uniswap V2 pairs, one signer, both fees, no lock, and the covariance of real daily returns (skfolio's "
    "S&P 500 data: twenty stocks over the last three years, eleven of them over the three before). Target: what "
    "EIP-7825 lets a transaction take."
)
LIMIT = 16_777_216
"""Gas of a transaction, EIP-7825."""
RISKY = 31
PRICES = {f"S{k:02}": 20 + 7 * k for k in range(RISKY)}
REAL = [
    *("AAPL", "AMD", "BAC", "BBY", "CVX", "GE", "HD", "JNJ", "JPM", "KO"),
    *("LLY", "MRK", "MSFT", "PEP", "PFE", "PG", "RRC", "UNH", "WMT", "XOM"),
]
DAYS = 756
REQUESTS = 8


def _terms(owner: str) -> dict[str, Any]:
    return {
        "limits": {"max_var99": 1000, "max_weight": 5000, "max_drawdown": 3000, "halt_drawdown": 6000},
        "fees": {"management": 150, "performance": 1500, "recipient": owner},
        "policy": {"lock": 0},
    }


def rows(bench: Bench) -> list[Row]:
    """Everything that a holder, a keeper and a manager do."""
    return [Row(GROUP, name, "gas", gas, target=LIMIT, method=METHOD) for name, gas in Large(bench).life().items()]


class Large:
    """A portfolio of RISKY stocks; a million dollars of the trader's, all in cash."""

    def __init__(self, bench: Bench) -> None:
        self.world, self.bench = MeasuredProtocol(bench, PRICES, _terms(bench.deployer)), bench
        self.usd, self.stocks = self.world.usd, self.world.stocks
        self.contracts, self.portfolio = self.world.contracts, self.world.portfolio
        self._send(bench.trader, self.world.model(to_fixed_point(covariance())))

    def life(self) -> dict[str, int]:
        """Each action and its gas, in an order in which all of them pass."""
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
        assert calls.totalQueuedShares().call() == 0
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
            self.world.order(self.usd if buy else stock, stock if buy else self.usd, amount, pair)
            for stock, pair in zip(self.stocks, self.world.pairs, strict=True)
            for amount in [spent if buy else held[stock.address] // 2]
        ]
        return self._send(self.bench.trader, self.world.rebalance([WAD - sum(targets), *targets], orders))

    def _params(self) -> tuple[Any, ...]:
        """Another portfolio like the first."""
        limits = self.contracts["RiskEngine"].functions.limitsOf(self.portfolio.address).call()
        universe = self.contracts["RiskEngine"].functions.universeOf(self.portfolio.address).call()
        stocks = [stock.address for stock in self.stocks]
        init = ("Second", "SECOND", self.usd.address, stocks, "0x" + "00" * 20, 1000, 604_800)
        fees, policy = (150, 1500, 7_776_000, self.bench.deployer), (0, 2_000, 0)
        return (init, fees, policy, universe, limits, True, [840], 1 << 3, keccak(text="second"))


def covariance() -> Any:
    """(31, 31): daily log returns of twenty stocks over the last three years, of eleven over the three before."""
    closes = np.array(load_closes(REAL).rows, dtype=np.float64)
    returns = np.diff(np.log(closes), axis=0)
    late, early = returns[-DAYS:], returns[-2 * DAYS : -DAYS, : RISKY - len(REAL)]
    return np.cov(np.hstack([late, early]), rowvar=False)
