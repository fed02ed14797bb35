"""Reads the chain's record: gas by kind, and actions that a keeper did twice or not at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from eth_abi.abi import decode

from keepers import abi
from keepers.rpc.node import must
from scripts._lib.demo.environment import Environment
from scripts._lib.demo.errors import DemoError
from scripts._lib.demo.protocol import UNIVERSE

_KINDS = {
    "Portfolio": {
        "deposit": "deposit",
        "withdraw": "withdraw in cash",
        "redeemInKind": "redeem in kind",
        "claim": "claim",
    },
    "CovarianceModels": {"postModel": "post model"},
    "RiskReports": {"postReport": "post report"},
    "MarketDepthRegistry": {"postDepth": "post depth"},
    "RiskEngine": {
        "trip": "trip",
        "recover": "recover",
        "checkpoint": "checkpoint",
    },
    "ComplianceAwareToken": {"transfer": "transfer of stock"},
    "IdentityRegistry": {"registerIdentity": "register identity"},
}
_EXECUTED = "0x" + abi.event("Portfolio", "Executed").topic.hex()
_REBALANCE = "0x" + abi.function("AutoRebalancer", "rebalance").selector.hex()


@dataclass(frozen=True)
class Once:
    """Evidence that keepers did everything once.

    Attributes:
        models: Number of posted models, each with a newer close and the next nonce.
        rebalances: Number of rebalances by the keeper, each with its own nonce.
        keeper_transactions: Number of transactions from the keepers' accounts.
        failed: Number of these that reverted.
        days_without_model, days_without_decision: Numbers of missed days.
    """

    models: int
    rebalances: int
    keeper_transactions: int
    failed: int
    days_without_model: int
    days_without_decision: int


def read_transactions(environment: Environment) -> list[dict[str, Any]]:
    """Every transaction of the chain with its receipt's fields, in order."""
    node = environment.chain.node
    height = node.latest().number
    numbers = [hex(number) for number in range(height + 1)]
    blocks = node.batch([("eth_getBlockByNumber", [number, True]) for number in numbers])
    receipts = node.batch([("eth_getBlockReceipts", [number]) for number in numbers])
    found = []
    for block, of_block in zip(map(must, blocks), map(must, receipts), strict=True):
        by_hash = {receipt["transactionHash"]: receipt for receipt in of_block}
        found += [{**transaction, **by_hash[transaction["hash"]]} for transaction in block["transactions"]]
    return found


def _trades_of(log: dict[str, Any]) -> int:
    """How many trades a log of a portfolio tells; none if it is another's."""
    if log["topics"][0] != _EXECUTED:
        return 0
    *_, trades = decode(("uint256", "uint256", "uint256", "uint256[]"), bytes.fromhex(log["data"][2:]))
    return len(trades)


def gas_by_kind(transactions: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Median gas of each kind of successful transaction; rebalances by number of trades, and all of them."""
    kinds = {
        "0x" + abi.parse(entry).selector.hex(): functions[entry["name"]]
        for contract, functions in _KINDS.items()
        for entry in abi.load(contract)
        if entry["type"] == "function" and entry["name"] in functions
    }
    samples: dict[str, list[int]] = defaultdict(list)
    for transaction in transactions:
        if int(transaction["status"], 16) == 0:
            continue
        selector, gas = transaction["input"][:10], int(transaction["gasUsed"], 16)
        if selector == _REBALANCE:
            trades = sum(_trades_of(log) for log in transaction["logs"])
            samples["rebalance"].append(gas)
            samples[f"rebalance, {trades} trade{'s' if trades != 1 else ''}"].append(gas)
        elif kind := kinds.get(selector):
            samples[kind].append(gas)
    return {kind: round(median(samples[kind])) for kind in sorted(samples)}


def verify_once(
    environment: Environment, transactions: Sequence[dict[str, Any]], closes: Sequence[int], decided_models: set[int]
) -> Once:
    """Checks on chain that no keeper did anything twice and none missed a day.

    Args:
        transactions: All up to the end of the replay.
        closes: Unix seconds of the replayed closes.
        decided_models: Nonces of models that the rebalance bot recorded a decision for.

    Raises:
        DemoError: If a model or a signal's nonce appears twice, a day has no model, or a model no decision.
    """
    accounts = environment.accounts
    senders = {accounts.risk.addresses[accounts.risk.sender], accounts.rebalance.addresses[accounts.rebalance.sender]}
    lowered = {sender.lower() for sender in senders}
    own = [transaction for transaction in transactions if transaction["from"].lower() in lowered]
    failed = sum(int(transaction["status"], 16) == 0 for transaction in own)
    last = int(transactions[-1]["blockNumber"], 16)

    models = environment.protocol.contract("CovarianceModels")
    universe = bytes.fromhex(environment.protocol.record.universes[UNIVERSE]["id"][2:])
    posted = [
        event["args"]
        for event in models.events.ModelPosted().get_logs(from_block=0, to_block=last)
        if bytes(event["args"]["universe"]) == universe
    ]
    as_ofs, nonces = [event["asOf"] for event in posted], [event["nonce"] for event in posted]
    rebalancer = environment.protocol.contract("AutoRebalancer")
    executed = rebalancer.events.Rebalanced().get_logs(from_block=0, to_block=last)
    signals = [event["args"]["nonce"] for event in executed]
    if len(set(as_ofs)) != len(as_ofs) or nonces != list(range(1, len(nonces) + 1)):
        raise DemoError("a model was posted twice")
    if len(set(signals)) != len(signals):
        raise DemoError("a rebalance was executed twice")
    once = Once(
        models=len(posted),
        rebalances=len(signals),
        keeper_transactions=len(own),
        failed=failed,
        days_without_model=len(set(closes) - set(as_ofs)),
        days_without_decision=len(set(nonces) - decided_models),
    )
    if once.days_without_model or once.days_without_decision:
        raise DemoError(f"the keepers missed something: {once}")
    return once
