"""Gas of risk on chain: the quadratic form, and a limit check with its parts."""

from __future__ import annotations

from statistics import median_low
from typing import Any

import numpy as np
from eth_account import Account
from eth_utils import function_abi_to_4byte_selector
from web3.contract import Contract

from keepers.risk.fixed_point import to_fixed_point
from keepers.risk.metrics import NORMAL_TAILS
from scripts._lib.anvil import advance
from scripts._lib.artifacts import artifact
from scripts._lib.deployment.artifacts import protocol_artifacts
from scripts._lib.deployment.chain import Chain
from scripts._lib.deployment.config import Config
from scripts._lib.deployment.local import UnlockedSender
from scripts._lib.deployment.protocol import ProtocolDeployment
from tests.bench.framework import RUNS, Bench, Row, calls_of

GROUP = "Risk"
SIZES = (4, 8, 16, 32)
AIM_PER_ENTRY = 60
AIM_CHECK = 420_000
ASSETS = 8
METHOD = (
    "w'Σw by `gasleft` before and after: ours with its SSTORE2 read, per entry of the n by n matrix; the peer is a "
    "plain Solidity loop over an `int256[][]` that is in memory already. A limit check is `RiskEngine.metrics` as a "
    f"transaction of its own on eight risky assets and cash, median of {RUNS} after a first, each in a later block; "
    "parts by `debug_traceTransaction`: price reads (each price once), balances, the rest."
)
WAD, USD = 10**18, 10**6
SIGNER = Account.from_key((0xB0B).to_bytes(32, "big"))


def rows(bench: Bench) -> list[Row]:
    """The form at every size, then the check."""
    return [*_forms(bench), *_check(bench)]


def _forms(bench: Bench) -> list[Row]:
    harness = bench.deploy("PackedCovarianceHarness")
    found = []
    for n in SIZES:
        bench.send(bench.deployer, harness.functions.store(_matrix(n)))
        weights = [WAD // n] * n
        form, ours = harness.functions.packedGas(weights).call()
        same, plain = harness.functions.plainGas(weights).call()
        assert form == same
        per_entry = round(ours / n**2, 1)
        found.append(Row(GROUP, f"w'Σw, n = {n}", "gas", ours, plain, "plain loop", method=METHOD))
        aim = AIM_PER_ENTRY if n == SIZES[-1] else None
        found.append(Row(GROUP, f"of it: an entry, n = {n}", "gas", per_entry, target=aim, method=METHOD))
    return found


def _check(bench: Bench) -> list[Row]:
    contracts, portfolio = _world(bench)
    engine = contracts["RiskEngine"]
    receipts = []
    for _ in range(RUNS + 1):
        advance(bench.w3, 12)
        data = engine.encode_abi("metrics", [portfolio.address])
        message = {"from": bench.trader, "to": engine.address, "data": data, "gas": 5_000_000}
        receipts.append(bench.w3.eth.wait_for_transaction_receipt(bench.w3.eth.send_transaction(message)))  # type: ignore[arg-type]
    measured = receipts[1:]
    total = median_low(int(receipt["gasUsed"]) for receipt in measured)
    parts = [_parts(bench, contracts["PriceOracle"], receipt) for receipt in measured]
    prices, balances = (median_low(part[name] for part in parts) for name in ("prices", "balances"))
    base = 21_000 + 16 * 36
    rest = total - prices - balances - base
    name = f"a limit check, {ASSETS} assets"
    return [
        Row(GROUP, name, "gas", total, target=AIM_CHECK, method=METHOD),
        Row(GROUP, "of it: oracle reads", "gas", prices, method=METHOD),
        Row(GROUP, "of it: balances", "gas", balances, method=METHOD),
        Row(GROUP, "of it: model, books and arithmetic", "gas", rest, method=METHOD),
        Row(GROUP, "of it: the transaction itself", "gas", base, method=METHOD),
    ]


def _parts(bench: Bench, oracle: Contract, receipt: Any) -> dict[str, int]:
    """Gas inside calls of the oracle and of `balanceOf`."""
    prices = "0x" + bytes(function_abi_to_4byte_selector(oracle.get_function_by_name("prices").abi)).hex()
    spent = {"prices": 0, "balances": 0}

    def part(call: dict[str, Any]) -> str:
        if call["input"][:10] == prices and call["to"].lower() == oracle.address.lower():
            return "prices"
        return "balances" if call["input"][:10] == "0x70a08231" else ""

    for call in calls_of(bench.w3, receipt["transactionHash"], lambda call: not part(call)):
        if part(call):
            spent[part(call)] += int(call["gasUsed"], 16)
    return spent


def _matrix(n: int) -> list[int]:
    loadings = np.random.default_rng(n).normal(size=(n, n + 2)) * 0.02
    return to_fixed_point(loadings @ loadings.T / n)


def _world(bench: Bench) -> tuple[dict[str, Contract], Contract]:
    """A portfolio of eight assets at a tenth each, given to it, with a model."""
    w3, owner = bench.w3, bench.deployer
    names = [f"A{k}" for k in range(ASSETS)]
    tokens = {"USDC": bench.token("USDC", 6), **{name: bench.token(name) for name in names}}
    feeds = {name: bench.deploy("MockFeed", 8, name, (1 if name == "USDC" else 100) * 10**8) for name in tokens}
    config = Config.model_validate(_config(owner, tokens, feeds, names))
    deployment = ProtocolDeployment(Chain(w3, UnlockedSender(w3, owner), lambda _: None), config, protocol_artifacts())
    record = deployment.run()
    address = record.portfolios["bench"]["address"]
    portfolio = w3.eth.contract(address=address, abi=artifact("Portfolio").abi)  # type: ignore[call-overload]
    bench.send(bench.trader, tokens["USDC"].functions.approve(address, 2**256 - 1))
    bench.send(bench.trader, portfolio.functions.deposit(200_000 * USD, bench.trader))
    for name in names:
        bench.send(owner, tokens[name].functions.transfer(address, 1000 * WAD))
    now = w3.eth.get_block("latest")["timestamp"]
    universe = bytes.fromhex(record.universes["assets"]["id"][2:])
    model = (universe, 1, now - 1, now + 800_000, *NORMAL_TAILS, _matrix(ASSETS))
    models = deployment.contracts["CovarianceModels"]
    signed = Account.unsafe_sign_hash(models.functions.hashModel(model).call(), SIGNER.key)
    bench.send(bench.trader, models.functions.postModel(model, [(SIGNER.address, bytes(signed.signature))]))
    return deployment.contracts, portfolio


def _config(owner: str, tokens: dict[str, Contract], feeds: dict[str, Contract], names: list[str]) -> dict[str, Any]:
    held = {"accounts": [owner]}
    holders = ("guardian", "issuer", "compliance_officer", "manager", "keeper_registrar")
    bounds = {"heartbeat": 10**8, "min_price": 0.01, "max_price": 10_000, "trading_window": {"max_age": 10**7}}
    quorum = {"signers": [SIGNER.address], "threshold": 1}
    return {
        "network": "bench",
        "admin": owner,
        "roles": dict.fromkeys(holders, held),
        "assets": {name: token.address for name, token in tokens.items()},
        "feeds": {name: {"aggregator": feed.address, **bounds} for name, feed in feeds.items()},
        "universes": {"assets": {"assets": names, **quorum}},
        "portfolios": {
            "bench": {
                "name": "Bench",
                "symbol": "BENCH",
                "settlement": "USDC",
                "assets": names,
                "universe": "assets",
                "limits": {"max_var99": 900, "max_weight": 5000, "max_drawdown": 3000, "halt_drawdown": 6000},
                "loss_budget": {"bps": 200, "window": 604_800},
                **quorum,
            }
        },
    }
