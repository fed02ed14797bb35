"""Sending from a local node's unlocked accounts, one receipt a call."""

from __future__ import annotations

from typing import Any

from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.types import TxReceipt

from scripts._lib.artifacts import Artifact, contract_at

GAS = 12_000_000
"""Gas limit above the need of any call here and below a block's limit. A fixed limit saves an estimate per send."""

POLL_SECONDS = 0.002


class TransactionError(Exception):
    """A transaction was mined and reverted, and its replay gave no reason."""


def send(w3: Web3, sender: str, call: ContractFunction, *, value: int = 0, gas: int = GAS) -> TxReceipt:
    """Sends a call and waits for it.

    Raises:
        ContractLogicError: If it reverted, with the contract's reason.
        TransactionError: If it reverted and a replay does not.
    """
    parameters: Any = {"from": sender, "value": value, "gas": gas}
    receipt = w3.eth.wait_for_transaction_receipt(call.transact(parameters), poll_latency=POLL_SECONDS)
    if receipt["status"] != 1:
        call.call(parameters, block_identifier=receipt["blockNumber"] - 1)
        raise TransactionError(f"{call.fn_name} reverted in {receipt['transactionHash'].hex()}")
    return receipt


def deploy(w3: Web3, sender: str, compiled: Artifact, *arguments: Any) -> Contract:
    """Deploys a contract and waits for it.

    Raises:
        TransactionError: If its constructor reverted.
    """
    factory = w3.eth.contract(abi=compiled.abi, bytecode=compiled.bytecode)
    transaction = factory.constructor(*arguments).transact({"from": sender, "gas": GAS})
    receipt = w3.eth.wait_for_transaction_receipt(transaction, poll_latency=POLL_SECONDS)
    if receipt["status"] != 1:
        raise TransactionError(f"a deployment reverted in {receipt['transactionHash'].hex()}")
    return contract_at(w3, str(receipt["contractAddress"]), compiled.abi)
