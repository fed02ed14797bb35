"""A whole rebalance, and what each of its checks costs."""

from __future__ import annotations

from statistics import median_low
from typing import Any

from eth_utils import function_abi_to_4byte_selector
from web3.contract import Contract

from scripts._lib.anvil import advance, anvil
from scripts._lib.transactions import send
from scripts._lib.venues.uniswap import FAR_FUTURE
from tests.bench.framework import RUNS, Bench, Row, calls_of, refund_of
from tests.bench.protocol import USD, WAD, MeasuredProtocol
from tests.bench.steps import gas_by_code

GROUP = "Rebalances"
METHOD = (
    f"Gas of whole transactions, median of {RUNS} after a first one, each in a later block than the last; parts by "
    "`debug_traceTransaction` of the same transactions, medians of each. Three regulated stocks and cash; a rebalance "
    "sells some of one stock and buys two, or the reverse, over Uniswap V2 pairs; one signer; stand-in feeds at 11.2k "
    "gas a read. Peers: the same three swaps through UniswapV2Router02, a transaction each, and in one transaction "
    "through SwapRouter02's `multicall`, both without any check. An access list (EIP-2930) is the node's. Deposits "
    "and withdrawals are those of a portfolio of unregulated stocks, whose shares are open to anyone, and those of the "
    "regulated one, whose shares are restricted, each in a later block than the last. What "
    "is left without computing is the same less every instruction of this project's contracts that is no access to "
    "storage, no call of another account and no log; the instructions add up to the gas used, to the unit."
)
NODE = ("--steps-tracing",)
AIM = 610_000
MOST_OF_ONE = 1.8
"""Multiple of the same swaps in one transaction that is accepted."""
STOCKS = {"AAA": 50, "BBB": 100, "CCC": 150}
TERMS = {"limits": {"max_var99": 500, "max_weight": 5000, "max_drawdown": 3000, "halt_drawdown": 6000}}
COMPONENT = {"limits": {**TERMS["limits"], "max_component_var": 400}}
THERE, BACK = [(0, True), (1, True), (2, False)], [(0, False), (1, False), (2, True)]
TRADE_USD = 2_000
DEALT = 1_000 * USD
DEALING_AIM = 235_000
PAST_THE_LOCK = 700_000
Trades = list[tuple[int, bool]]


class Trader:
    """Trades TRADE_USD of stocks, as a rebalance of the portfolio or through the venue's own router."""

    def __init__(self, world: MeasuredProtocol) -> None:
        """Invests a million dollars, 20% of it in each stock."""
        self.world, self.bench = world, world.bench
        self._at_once = world.router_of_all()
        for token in (world.usd, *world.stocks):
            for router in (world.v2.router, self._at_once):
                self.bench.send(self.bench.trader, token.functions.approve(router.address, 2**256 - 1))
        for stock in world.stocks:
            self.bench.send(self.bench.deployer, stock.functions.mint(self.bench.trader, 10**6 * WAD))
        self.bench.send(self.bench.trader, world.portfolio.functions.deposit(1_000_000 * USD, self.bench.trader))
        variance = 10**14
        self.bench.send(self.bench.trader, world.model([variance, 0, 0, variance, 0, variance]))
        orders = [self._order(k, True, 200_000) for k in range(3)]
        self._send(world.rebalance([WAD * 4 // 10] + [WAD * 2 // 10] * 3, orders))

    def rebalance(self, trades: Trades, listed: bool = False) -> Any:
        """Buys (True) or sells stocks, with an access list if wanted; returns the receipt."""
        values = self.world.portfolio.functions.positions().call()[2]
        step = TRADE_USD * WAD // 1_000_000
        targets = [
            value * WAD // sum(values) + sum(step if buy else -step for k, buy in trades if k == i)
            for i, value in enumerate(values[1:])
        ]
        orders = [self._order(k, buy) for k, buy in trades]
        call = self.world.rebalance([WAD - sum(targets), *targets], orders)
        return self._send_listed(call) if listed else self._send(call)

    def deposit(self) -> int:
        """A thousand dollars; its gas."""
        return self.bench.send(self.bench.trader, self.world.portfolio.functions.deposit(DEALT, self.bench.trader))

    def withdraw(self) -> int:
        """The same back; its gas."""
        ends = (self.bench.trader, self.bench.trader)
        return self.bench.send(self.bench.trader, self.world.portfolio.functions.withdraw(DEALT, *ends))

    def swap(self, k: int, buy: bool) -> int:
        """The same trade by an investor through the venue's router; its gas."""
        arguments = (_amount(k, buy), 1, self._path(k, buy), self.bench.trader, FAR_FUTURE)
        return self.bench.send(self.bench.trader, self.world.v2.router.functions.swapExactTokensForTokens(*arguments))

    def swap_at_once(self, trades: Trades) -> int:
        """The same trades in one transaction; its gas."""
        router = self._at_once
        steps = [
            router.encode_abi("swapExactTokensForTokens", [_amount(k, buy), 1, self._path(k, buy), self.bench.trader])
            for k, buy in trades
        ]
        return self.bench.send(self.bench.trader, router.get_function_by_signature("multicall(bytes[])")(steps))

    def _path(self, k: int, buy: bool) -> list[str]:
        stock, usd = self.world.stocks[k].address, self.world.usd.address
        return [usd, stock] if buy else [stock, usd]

    def _order(self, k: int, buy: bool, dollars: int = TRADE_USD) -> Any:
        ends = (self.world.usd, self.world.stocks[k])
        return self.world.order(*(ends if buy else ends[::-1]), _amount(k, buy, dollars), self.world.pairs[k])

    def _send(self, call: Any) -> Any:
        return send(self.bench.w3, self.bench.trader, call)

    def _send_listed(self, call: Any) -> Any:
        w3 = self.bench.w3
        message = {
            "from": self.bench.trader,
            "to": call.address,
            "data": call._encode_transaction_data(),
            "gas": 5_000_000,
        }
        message["accessList"] = w3.eth.create_access_list(message)["accessList"]
        receipt = w3.eth.wait_for_transaction_receipt(w3.eth.send_transaction(message))
        if receipt["status"] != 1:
            raise AssertionError("a rebalance with an access list reverted")
        return receipt


def _amount(k: int, buy: bool, dollars: int = TRADE_USD) -> int:
    return dollars * USD if buy else dollars * WAD // list(STOCKS.values())[k]


def rows(bench: Bench) -> list[Row]:
    """The whole, its parts, and the bare swaps."""
    world = MeasuredProtocol(bench, STOCKS, TERMS)
    trader = Trader(world)
    receipts, listed, bare, at_once = [], [], [], []
    for run in range(RUNS + 1):
        trades = (THERE, BACK)[run % 2]
        advance(bench.w3, 12)
        receipts.append(trader.rebalance(trades))
        advance(bench.w3, 12)
        bare.append(sum(trader.swap(k, buy) for k, buy in trades))
        advance(bench.w3, 12)
        at_once.append(trader.swap_at_once((BACK, THERE)[run % 2]))
    for run in range(RUNS + 1):
        advance(bench.w3, 12)
        listed.append(int(trader.rebalance((THERE, BACK)[run % 2], listed=True)["gasUsed"]))
    restricted = _dealing(trader)
    measured = receipts[1:]
    total = median_low(int(receipt["gasUsed"]) for receipt in measured)
    parts = [_parts(bench, world, receipt) for receipt in measured]
    part = {name: median_low(split[name] for split in parts) for name in parts[0]}
    bound = median_low(_without_computing(bench, world, receipt) for receipt in measured)
    peer, together = "UniswapV2Router02, three transactions", "SwapRouter02, one transaction"
    with_list, with_component = median_low(listed[1:]), _with_component_limit()
    with anvil() as w3:
        unrestricted = _dealing(Trader(MeasuredProtocol(Bench(w3), STOCKS, TERMS, regulated=False)))
    return [
        Row(GROUP, "3 trades over 4 assets, everything", "gas", total, target=AIM, method=METHOD),
        Row(GROUP, "beside the bare swaps", "gas", total, median_low(bare[1:]), peer, method=METHOD),
        Row(
            GROUP,
            "beside the bare swaps at once",
            "gas",
            total,
            median_low(at_once[1:]),
            together,
            target=MOST_OF_ONE,
            method=METHOD,
        ),
        Row(GROUP, "with an access list", "gas", with_list, method=METHOD),
        Row(GROUP, "with a component limit", "gas", with_component, method=METHOD),
        Row(GROUP, "left of it, were all computing of ours free", "gas", bound, target=AIM, method=METHOD),
        Row(GROUP, "deposit, 4 assets", "gas", unrestricted[0], target=DEALING_AIM, method=METHOD),
        Row(GROUP, "withdraw, 4 assets", "gas", unrestricted[1], target=DEALING_AIM, method=METHOD),
        Row(GROUP, "deposit, 4 assets, restricted shares", "gas", restricted[0], method=METHOD),
        Row(GROUP, "withdraw, 4 assets, restricted shares", "gas", restricted[1], method=METHOD),
        *(Row(GROUP, f"of it: {name}", "gas", gas, method=METHOD) for name, gas in part.items()),
    ]


def _dealing(trader: Trader) -> tuple[int, int]:
    """Medians of a deposit's and of a withdrawal's gas."""
    w3 = trader.bench.w3
    deposits, withdrawals = [], []
    for _ in range(RUNS + 1):
        advance(w3, 12)
        deposits.append(trader.deposit())
    advance(w3, PAST_THE_LOCK)
    for _ in range(RUNS + 1):
        advance(w3, 12)
        withdrawals.append(trader.withdraw())
    return median_low(deposits[1:]), median_low(withdrawals[1:])


def _with_component_limit() -> int:
    """On a chain of its own: a second deployment would find the first one's contracts."""
    with anvil() as w3:
        trader = Trader(MeasuredProtocol(Bench(w3), STOCKS, COMPONENT))
        receipts = []
        for run in range(RUNS + 1):
            advance(w3, 12)
            receipts.append(trader.rebalance((THERE, BACK)[run % 2]))
    return median_low(int(receipt["gasUsed"]) for receipt in receipts[1:])


def _parts(bench: Bench, world: MeasuredProtocol, receipt: Any) -> dict[str, int]:
    """A rebalance's gas by the calls that it makes, by function; the rest is the two contracts' own."""
    contracts = world.contracts
    calls = {
        "swaps, each at its minimum over listed pools (I1)": [(contracts["LiquidityAggregator"], "swapWithCallback")],
        "prices, the feeds' own gas included": [(contracts["PriceOracle"], "tradingPrices")],
        "risk limits (I3, I7)": [(contracts["RiskEngine"], "checkRebalance")],
        "quorum, 1 of 1 (I6)": [(contracts["SignerSets"], "requireQuorum")],
        "the model's status": [(contracts["ModelRegistry"], "requireLive")],
        "balances before and after": [(token, "balanceOf") for token in (world.usd, *world.stocks)],
        "band of the share price, fees": [(contracts["FeeManager"], "recordTrade")],
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


def _without_computing(bench: Bench, world: MeasuredProtocol, receipt: Any) -> int:
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
