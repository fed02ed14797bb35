"""Deploying to a node that signs itself: for the demo, the bench and tests."""

from __future__ import annotations

from typing import Any

from web3 import Web3

from scripts._lib.deployment.chain import DeploymentError, Mined

GAS = 15_000_000
POLL_SECONDS = 0.002


class UnlockedSender:
    """Sends from an account that the node has unlocked."""

    def __init__(self, w3: Web3, address: str) -> None:
        self.address = address
        self._w3 = w3

    def send(self, to: str, data: bytes, value: int = 0) -> Mined:
        """Sends and waits.

        Raises:
            DeploymentError: If it reverted.
        """
        transaction: Any = {"from": self.address, "to": to, "data": data, "value": value, "gas": GAS}
        sent = self._w3.eth.send_transaction(transaction)
        receipt = self._w3.eth.wait_for_transaction_receipt(sent, poll_latency=POLL_SECONDS)
        if receipt["status"] != 1:
            self._w3.eth.call(transaction, int(receipt["blockNumber"]) - 1)
            raise DeploymentError(f"{sent.to_0x_hex()} reverted; look at its trace")
        return Mined(int(receipt["blockNumber"]), int(receipt["gasUsed"]), sent.to_0x_hex())
