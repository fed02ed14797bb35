"""Sending a person's transaction through a private relay, with the keepers' sender and its fallback rule."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click
import requests
from ape.api import AccountAPI
from eth_account import Account
from eth_account.messages import SignableMessage

from keepers.rpc.endpoints import redact
from keepers.rpc.node import connect
from keepers.signers.keys import LocalSigner
from keepers.store import Store
from keepers.transactions.routes import PrivateRoute, Relay
from keepers.transactions.sender import GWEI, Receipt, Sender, SendPolicy
from scripts._lib.orders import Trade

_FIELDS = {
    "to": "receiver",
    "data": "data",
    "value": "value",
    "gas": "gas_limit",
    "nonce": "nonce",
    "chainId": "chain_id",
    "type": "type",
    "gasPrice": "gas_price",
    "maxFeePerGas": "max_fee",
    "maxPriorityFeePerGas": "max_priority_fee",
    "accessList": "access_list",
}
"""JSON-RPC's names of a transaction's fields, and Ape's."""


class ApeSigner:
    """An Ape account as the keepers' rooms want a signer."""

    def __init__(self, account: AccountAPI, provider: Any) -> None:
        self.address = str(account.address)
        self._account = account
        self._ecosystem = provider.network.ecosystem

    def sign_message(self, message: SignableMessage) -> bytes:
        """65 bytes: r, s, v."""
        signature = self._account.sign_message(message)
        if signature is None:
            raise PermissionError(f"{self.address} did not sign")
        return bytes(signature.encode_rsv())

    def sign_transaction(self, transaction: dict[str, Any]) -> bytes:
        """Signed and serialised, ready for a relay."""
        fields = {_FIELDS[name]: value for name, value in transaction.items()}
        signed = self._account.sign_transaction(self._ecosystem.create_transaction(**fields))
        if signed is None:
            raise PermissionError(f"{self.address} did not sign")
        return bytes(signed.serialize_transaction())


def require_relay(url: str) -> None:
    """Somebody answers there: asked before anything public is sent for a private order.

    Raises:
        click.ClickException: In one line, if nobody does.
    """
    try:
        requests.head(url, timeout=10)
    except requests.RequestException as error:
        reason = f"relay does not answer ({type(error).__name__})"
        raise click.ClickException(f"{redact(url)}: {reason}; nothing was sent; correct --private") from None


def send_privately(
    signer: ApeSigner, provider: Any, trade: Trade, relay: Relay, max_fee_gwei: float, poll_seconds: float = 1.0
) -> Receipt:
    """Simulates, signs, hands over to the relay and waits; after the relay's blocks its fallback rule decides.

    Requests to the relay are signed with a key made for this call: a person has no reputation to keep there.

    Raises:
        KeeperError: One line.
    """
    # An IPC node has none, and connecting says so.
    node = connect(str(provider.http_uri), provider.web3.eth.chain_id)
    route = PrivateRoute(relay, LocalSigner(Account.create()))
    policy = SendPolicy(max_fee=int(max_fee_gwei * GWEI), poll_seconds=poll_seconds)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{Path(folder) / 'journal.sqlite'}")
        try:
            sender = Sender(node, signer, policy, store.journal("person"), private=route)
            return sender.send("swap", trade.to, trade.data, value=trade.value)
        finally:
            store.close()
