"""Sending through an Ape account."""

from __future__ import annotations

from typing import Any

from ape.api import AccountAPI

from scripts._lib.deployment.chain import Mined


class AccountSender:
    """Sends through an Ape account."""

    def __init__(self, account: AccountAPI, provider: Any) -> None:
        self.address = str(account.address)
        self._account = account
        self._provider = provider

    def send(self, to: str, data: bytes, value: int = 0) -> Mined:
        """Sends and waits; Ape raises on a revert."""
        transaction = self._provider.network.ecosystem.create_transaction(
            chain_id=self._provider.web3.eth.chain_id, receiver=to, data=data, value=value
        )
        receipt = self._account.call(transaction)
        return Mined(receipt.block_number, receipt.gas_used, str(receipt.txn_hash))
