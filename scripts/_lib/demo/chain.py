"""Sending and reading on the demo's node. Every account but the keepers' is unlocked there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from web3.contract import Contract
from web3.contract.contract import ContractFunction

from keepers.rpc.errors import Revert, Reverted
from keepers.rpc.node import Node, connect
from scripts._lib.anvil import connected
from scripts._lib.artifacts import artifact, contract_at
from scripts._lib.demo.errors import DemoError
from scripts._lib.demo.node import CHAIN_ID

GAS = 14_000_000
"""Gas limit above the need of any call here: an explicit limit saves an estimate, and lets a refused call be mined."""

_RECEIPT_SECONDS = 60.0

Step = tuple[str, ContractFunction]
"""A sender and its call."""


@dataclass(frozen=True)
class Mined:
    """A mined transaction: its receipt as the node gives it, and why it reverted if it did."""

    receipt: dict[str, Any]
    revert: Revert | None

    @property
    def gas(self) -> int:
        """Gas used."""
        return int(self.receipt["gasUsed"], 16)


class Chain:
    """A node with unlocked accounts.

    Attributes:
        url: Address of the node.
        w3: Connection for contract objects.
        node: Connection for batches.
        accounts: Addresses, unlocked.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.w3 = connected(url)
        self.node: Node = connect(url, CHAIN_ID, timeout=60)
        self.accounts: list[str] = list(self.w3.eth.accounts)
        self._contracts: dict[tuple[str, str], Contract] = {}

    # -- Sending

    def send(self, sender: str, call: ContractFunction) -> Mined:
        """One call, mined.

        Raises:
            DemoError: If it reverts, with the decoded reason.
        """
        mined = self.try_send(sender, call)
        if mined.revert:
            raise DemoError(f"{call.fn_name} was refused: {mined.revert.text}")
        return mined

    def send_all(self, steps: Sequence[Step]) -> list[Mined]:
        """Calls that do not depend on each other, in one round trip and one block.

        Raises:
            DemoError: If one reverts.
        """
        # A block that is mined while the requests of a batch arrive side by side can leave one of them waiting for a
        # nonce that is there already, and nothing that comes later frees it (like foundry-rs/foundry#10122).
        self.node.rpc("evm_setAutomine", [False])
        try:
            hashes = self.node.batch(self._numbered(steps))
            self.mine()
        finally:
            self.node.rpc("evm_setAutomine", [True])
        mined = []
        for (_, call), tx_hash in zip(steps, hashes, strict=True):
            if isinstance(tx_hash, Exception):
                raise DemoError(f"{call.fn_name} was not taken: {tx_hash}")
            mined.append(self.wait(tx_hash))
            if mined[-1].revert:
                raise DemoError(f"{call.fn_name} was refused: {mined[-1].revert.text}")
        return mined

    def try_send(self, sender: str, call: ContractFunction) -> Mined:
        """One call, mined whether it reverts or not: what the chain says is what counts."""
        return self.wait(self.node.rpc("eth_sendTransaction", [_message(sender, call)]))

    def repeat(self, sender: str, to: str, data: str) -> Mined:
        """Sends the same bytes once more, from any account."""
        message = {"from": sender, "to": to, "data": data, "gas": hex(GAS)}
        return self.wait(self.node.rpc("eth_sendTransaction", [message]))

    def give_ether(self, sender: str, to: str, ether: int) -> None:
        """A plain payment, for gas."""
        message = {"from": sender, "to": to, "value": hex(ether * 10**18)}
        self.wait(self.node.rpc("eth_sendTransaction", [message]))

    def deploy(self, sender: str, name: str, *arguments: Any) -> Contract:
        """One of the project's own contracts."""
        compiled = artifact(name)
        factory = self.w3.eth.contract(abi=compiled.abi, bytecode=compiled.bytecode)
        data = factory.constructor(*arguments).data_in_transaction
        tx_hash = self.node.rpc("eth_sendTransaction", [{"from": sender, "data": data, "gas": hex(GAS)}])
        mined = self.wait(tx_hash)
        if mined.revert:
            raise DemoError(f"{name} was not deployed: {mined.revert.text}")
        return contract_at(self.w3, mined.receipt["contractAddress"], compiled.abi)

    def contract(self, name: str, address: str) -> Contract:
        """One of the project's contracts at an address; made once, for that takes web3 a while."""
        known = self._contracts.get((name, address))
        if known is None:
            known = contract_at(self.w3, address, artifact(name).abi)
            self._contracts[name, address] = known
        return known

    # -- Time

    @property
    def now(self) -> int:
        """Unix seconds of the newest block."""
        return self.node.latest().timestamp

    def next_block_at(self, timestamp: int) -> None:
        """The next block, and with it the clock, jumps there."""
        self.node.rpc("evm_setNextBlockTimestamp", [timestamp])

    def mine(self) -> None:
        """An empty block."""
        self.node.rpc("evm_mine")

    # -- Internals

    def _numbered(self, steps: Sequence[Step]) -> list[tuple[str, list[Any]]]:
        """Returns requests with explicit nonces: the node takes the requests of a batch side by side."""
        senders = list(dict.fromkeys(sender for sender, _ in steps))
        counts = self.node.batch([("eth_getTransactionCount", [sender, "pending"]) for sender in senders])
        following = {sender: int(count, 16) for sender, count in zip(senders, counts, strict=True)}
        requests = []
        for sender, call in steps:
            requests.append(("eth_sendTransaction", [_message(sender, call) | {"nonce": hex(following[sender])}]))
            following[sender] += 1
        return requests

    def wait(self, tx_hash: str) -> Mined:
        """A transaction, once it is mined.

        Raises:
            DemoError: If it is not mined in time.
        """
        deadline = time.monotonic() + _RECEIPT_SECONDS
        while time.monotonic() < deadline:
            receipt = self.node.receipt(tx_hash)
            if receipt is not None:
                return Mined(receipt, None if int(receipt["status"], 16) else self._why(receipt))
            time.sleep(0.002)
        raise DemoError(f"transaction {tx_hash} was not mined in {_RECEIPT_SECONDS:.0f} s")

    def _why(self, receipt: dict[str, Any]) -> Revert:
        """The reason, from running it once more on the block before, at the time of its own block."""
        sent = self.node.rpc("eth_getTransactionByHash", [receipt["transactionHash"]])
        message = {name: sent[name] for name in ("from", "to", "gas")} | {"data": sent["input"]}
        block = self.node.rpc("eth_getBlockByNumber", [receipt["blockNumber"], False])
        before = hex(int(receipt["blockNumber"], 16) - 1)
        try:
            self.node.rpc("eth_call", [message, before, {}, {"time": block["timestamp"]}])
        except Reverted as error:
            return error.revert
        return Revert("", (), "reverted, and would not have one block before")


def _message(sender: str, call: ContractFunction) -> dict[str, str]:
    data = call._encode_transaction_data()
    return {"from": sender, "to": str(call.address), "data": str(data), "gas": hex(GAS)}
