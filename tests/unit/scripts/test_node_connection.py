"""The lean connection to a node: what it makes of an answer that came too late."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account

from scripts._lib.anvil import anvil
from scripts._lib.node_connection import AND_WAITS, TIMED_OUT, NodeConnection

VALUE = 7


class Overlooking(NodeConnection):
    """A connection to a node that sends, and then waits for the block in vain, as anvil does now and then."""

    def _ask(self, method: Any, params: Any) -> Any:
        plain = {waits: sends for sends, waits in AND_WAITS.items()}
        if method not in plain:
            return super()._ask(method, params)
        super()._ask(plain[method], params)
        return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": TIMED_OUT}}


def asked(connection: NodeConnection, method: str, *params: Any) -> Any:
    return connection.make_request(method, list(params))["result"]


@pytest.mark.parametrize("mines", [True, False], ids=["mined", "left waiting"])
@pytest.mark.parametrize("method", list(AND_WAITS))
def test_send__block_is_overlooked__answers_with_the_hash(method: str, mines: bool) -> None:
    with anvil() as w3:
        connection = Overlooking(w3.provider.endpoint_uri)  # type: ignore[attr-defined]
        sender, receiver = asked(connection, "eth_accounts")[0], Account.create().address
        transaction = {"from": sender, "to": receiver, "value": hex(VALUE), "gas": "0x5208", "gasPrice": "0x0"}
        sent: Any = transaction
        if method == "eth_sendRawTransaction":
            sent = asked(connection, "eth_signTransaction", {**transaction, "nonce": "0x0"})
        # The connection believes that the node mines at once.
        assert asked(connection, "anvil_getAutomine") is True
        if not mines:
            w3.provider.make_request("evm_setAutomine", [False])  # type: ignore[arg-type]
        hash_ = asked(connection, method, sent)
        receipt = asked(connection, "eth_getTransactionReceipt", hash_)
        assert receipt["status"] == "0x1" and receipt["transactionHash"] == hash_
        assert int(asked(connection, "eth_getBalance", receiver, "latest"), 16) == VALUE
