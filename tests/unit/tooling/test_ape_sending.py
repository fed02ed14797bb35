"""Transactions that the node signs for a test look as if Ape had signed them."""

from __future__ import annotations

from typing import Any

import ape
import pytest
from ape.api.accounts import AccountAPI
from ape.exceptions import ContractLogicError, VirtualMachineError
from ape_test.accounts import TestAccount
from hexbytes import HexBytes
from web3.eth import Eth

from tests.fixtures.ape_sending import read


@pytest.fixture
def token(create_settlement: Any) -> Any:
    """A token that anybody can mint."""
    return create_settlement("USDC", 6)


def _same(ours: Any, theirs: Any) -> None:
    """Two receipts of Ape say the same but for hash, nonce, signature and block."""
    left, right = (receipt.model_dump() for receipt in (ours, theirs))
    for one in (left, right):
        one["logs"] = [dict(log) for log in one["logs"]]
        for name in ("txn_hash", "block_number", "timestamp"):
            one.pop(name, None)
        for name in ("nonce", "signature"):
            one["transaction"].pop(name, None)
        for log in one["logs"]:
            for name in ("blockHash", "blockNumber", "transactionHash", "blockTimestamp"):
                log.pop(name, None)
    assert left == right


def test_read__receipt_with_logs__is_what_web3_reads(token: Any, issuer: Any, investor: Any) -> None:
    receipt = token.mint(investor, 5, sender=issuer)
    web3 = ape.networks.provider.web3
    theirs = Eth.get_transaction_receipt(web3.eth, HexBytes(receipt.txn_hash))
    raw = web3.provider.make_request("eth_getTransactionReceipt", [HexBytes(receipt.txn_hash).to_0x_hex()])["result"]
    ours = read(raw)
    assert len(ours["logs"]) == 1
    assert {**ours, "logs": [dict(log) for log in ours["logs"]]} == {
        **theirs,
        "logs": [dict(log) for log in theirs["logs"]],
    }


def test_call__signed_by_the_node__gives_apes_receipt(token: Any, issuer: Any, investor: Any) -> None:
    token.mint(investor, 5, sender=issuer)  # The first one costs more.
    ours = token.mint(investor, 5, sender=issuer)
    theirs = token.mint(investor, 5, sender=issuer, nonce=issuer.nonce)
    assert theirs.transaction.nonce is not None and ours.transaction.nonce is None
    _same(ours, theirs)
    assert [(event.event_name, event.event_arguments) for event in ours.events] == [
        (event.event_name, event.event_arguments) for event in theirs.events
    ]


def test_call__reverts__raises_what_ape_raises(token: Any, issuer: Any, thief: Any) -> None:
    found = []
    for options in ({}, {"nonce": thief.nonce + 1}):
        with pytest.raises(ContractLogicError) as raised:
            token.transfer(issuer, 1, sender=thief, **options)
        found.append((type(raised.value), raised.value.message, raised.value.base_err is None))
    assert found[0] == found[1]


def test_call__node_refuses__raises_what_ape_raises(token: Any, investor: Any, issuer: Any) -> None:
    found = []
    for options in ({}, {"nonce": issuer.nonce}):
        with pytest.raises(VirtualMachineError) as raised:
            token.mint(investor, 5, sender=issuer, gas_limit=2**62, **options)
        found.append((type(raised.value), raised.value.message))
    assert found[0] == found[1]


def test_call__account_that_the_node_does_not_know__is_signed_by_ape(issuer: Any) -> None:
    stranger = ape.accounts.test_accounts.generate_test_account()
    assert type(stranger) is TestAccount and isinstance(stranger, AccountAPI)
    issuer.transfer(stranger, 10**18)
    receipt = stranger.transfer(issuer, 1)
    assert receipt.sender == stranger.address and stranger.nonce == 1
