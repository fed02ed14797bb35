"""A whole rebalance, and what each of its checks costs."""

from __future__ import annotations

from statistics import median_low
from typing import Any

from eth_utils import function_abi_to_4byte_selector
from web3.contract import Contract

from scripts.anvil import advance
from scripts.transactions import send
from scripts.venues.uniswap import FAR_FUTURE
from tests.bench.framework import RUNS, Bench, Row, calls_of, refund_of
from tests.bench.steps import gas_by_code
from tests.bench.world import USD, WAD, World

GROUP = "Rebalances"
METHOD = (
    f"Gas of whole transactions, median of {RUNS} after a first one, each in a later block than the last; parts by "
    "`debug_traceTransaction` of the same transactions, medians of each. Three regulated stocks and cash; a rebalance "
    "sells some of one stock and buys two, or the reverse, over Uniswap V2 pairs; one signer; stand-in feeds at 11.2k "
    "gas a read. Peer: the same three swaps through UniswapV2Router02, a transaction each, without any check. What "
    "is left without computing is the same less every instruction of this project's contracts that is no access to "
    "storage, no call of another account and no log; the instructions add up to the gas used, to the unit."
)
NODE = ("--steps-tracing",)
AIM = 500_000
STOCKS = {"AAA": 50, "BBB": 100, "CCC": 150}
TERMS = {"limits": {"max_var99": 500, "max_weight": 5000, "max_drawdown": 3000, "halt_drawdown": 6000}}
TRADE_USD = 2_000


class Trader:
    """Trades TRADE_USD of stocks, as a rebalance of the portfolio or through the venue's own router."""

    def __init__(self, world: World) -> None:
        """Invests a million dollars, 20% of it in each stock."""
        self.world, self.bench = world, world.bench
        for token in (world.usd, *world.stocks):
            self.bench.send(self.bench.trader, token.functions.approve(world.v2.router.address, 2**256 - 1))
        for stock in world.stocks:
            self.bench.send(self.bench.deployer, stock.functions.mint(self.bench.trader, 10**6 * WAD))
        self.bench.send(self.bench.trader, world.portfolio.functions.deposit(1_000_000 * USD, self.bench.trader))
        variance = 10**14
        self.bench.send(self.bench.trader, world.model([variance, 0, 0, variance, 0, variance]))
        orders = [self._order(k, True, 200_000) for k in range(3)]
        self._send(world.rebalance([WAD * 4 // 10] + [WAD * 2 // 10] * 3, orders))

    def rebalance(self, trades: list[tuple[int, bool]]) -> Any:
        """Buys (True) or sells stocks; returns the receipt."""
        values = self.world.portfolio.functions.positions().call()[2]
        step = TRADE_USD * WAD // 1_000_000
        targets = [
            value * WAD // sum(values) + sum(step if buy else -step for k, buy in trades if k == i)
            for i, value in enumerate(values[1:])
        ]
        orders = [self._order(k, buy) for k, buy in trades]
        return self._send(self.world.rebalance([WAD - sum(targets), *targets], orders))

    def swap(self, k: int, buy: bool) -> int:
        """The same trade by an investor through the venue's router; its gas."""
        stock, usd = self.world.stocks[k].address, self.world.usd.address
        path = [usd, stock] if buy else [stock, usd]
        arguments = (_amount(k, buy), 1, path, self.bench.trader, FAR_FUTURE)
        return self.bench.send(self.bench.trader, self.world.v2.router.functions.swapExactTokensForTokens(*arguments))

    def _order(self, k: int, buy: bool, dollars: int = TRADE_USD) -> Any:
        ends = (self.world.usd, self.world.stocks[k])
        return self.world.order(*(ends if buy else ends[::-1]), _amount(k, buy, dollars), self.world.pairs[k])

    def _send(self, call: Any) -> Any:
        return send(self.bench.w3, self.bench.trader, call)


def _amount(k: int, buy: bool, dollars: int = TRADE_USD) -> int:
    return dollars * USD if buy else dollars * WAD // list(STOCKS.values())[k]


def rows(bench: Bench) -> list[Row]:
    """The whole, its parts, and the bare swaps."""
    world = World(bench, STOCKS, TERMS)
    trader = Trader(world)
    there, back = [(0, True), (1, True), (2, False)], [(0, False), (1, False), (2, True)]
    receipts, bare = [], []
    for run in range(RUNS + 1):
        trades = (there, back)[run % 2]
        advance(bench.w3, 12)
        receipts.append(trader.rebalance(trades))
        advance(bench.w3, 12)
        bare.append(sum(trader.swap(k, buy) for k, buy in trades))
    measured = receipts[1:]
    total = median_low(int(receipt["gasUsed"]) for receipt in measured)
    parts = [_parts(bench, world, receipt) for receipt in measured]
    part = {name: median_low(split[name] for split in parts) for name in parts[0]}
    bound = median_low(_without_computing(bench, world, receipt) for receipt in measured)
    peer = "UniswapV2Router02, three transactions"
    return [
        Row(GROUP, "3 trades over 4 assets, everything", "gas", total, target=AIM, method=METHOD),
        Row(GROUP, "beside the bare swaps", "gas", total, median_low(bare[1:]), peer, method=METHOD),
        Row(GROUP, "left of it, were all computing of ours free", "gas", bound, target=AIM, method=METHOD),
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
    spent["the transaction and its calldata"] = _intrinsic(bench, receipt)
    refund = refund_of(bench.w3, receipt["transactionHash"])
    own = int(receipt["gasUsed"]) + refund - sum(spent.values())
    return {**spent, "loss budget (I2), turnover, pace, nonce, band, events": own, "given back by the chain": -refund}


def _without_computing(bench: Bench, world: World, receipt: Any) -> int:
    """Gas that state, calls, logs, calldata, venues, cash and feeds take, however well our contracts are compiled."""
    transaction, used = receipt["transactionHash"], int(receipt["gasUsed"])
    spent = gas_by_code(bench.w3, transaction)
    told = sum(spent.values()) + _intrinsic(bench, receipt) - refund_of(bench.w3, transaction)
    if told != used:
        raise AssertionError(f"instructions come to {told} gas, the transaction to {used}")
    foreign = {contract.address.lower() for contract in (world.usd, *world.pairs, *world.feeds.values())}
    return used - sum(gas for (code, kind), gas in spent.items() if kind == "computing" and code not in foreign)


def _intrinsic(bench: Bench, receipt: Any) -> int:
    data = bytes(bench.w3.eth.get_transaction(receipt["transactionHash"])["input"])
    return 21_000 + sum(16 if byte else 4 for byte in data)


def _key(frame: dict[str, Any]) -> tuple[str, str]:
    return frame.get("to", "").lower(), frame["input"][:10]


def _selector(contract: Contract, name: str) -> str:
    return "0x" + bytes(function_abi_to_4byte_selector(contract.get_function_by_name(name).abi)).hex()
