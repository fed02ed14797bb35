"""The shapes of JSON-RPC answers."""

from __future__ import annotations

from typing import Any

import pytest

from keepers.rpc.answers import Malformed, Question, outcome, shown
from keepers.rpc.errors import NodeRefused, OutOfGas, Reverted

WORD, ADDRESS = "0x" + "ab" * 32, "0x" + "cd" * 20
BLOCK = {"number": "0x5", "timestamp": "0x1", "hash": WORD, "parentHash": WORD}
RECEIPT = {
    "transactionHash": WORD,
    "status": "0x1",
    "blockNumber": "0x1",
    "gasUsed": "0x1",
    "effectiveGasPrice": "0x1",
    "blockHash": WORD,
    "logs": [],
}
LOG = {
    "address": ADDRESS,
    "topics": [WORD],
    "data": "0x",
    "blockNumber": "0x1",
    "blockHash": WORD,
    "transactionHash": WORD,
}


@pytest.mark.parametrize(
    ("method", "params", "result"),
    [
        ("eth_chainId", [], "0x1"),
        ("eth_call", [], "0x"),
        ("eth_getCode", [], "0x6001"),
        ("eth_getStorageAt", [], WORD),
        ("eth_getBlockByNumber", ["latest", False], {**BLOCK, "baseFeePerGas": "0x7"}),
        ("eth_getBlockByNumber", ["0x5", False], BLOCK),
        ("eth_getBlockByNumber", ["0x9", False], None),
        ("eth_getTransactionReceipt", [WORD], RECEIPT),
        ("eth_getTransactionReceipt", [WORD], None),
        ("eth_getLogs", [{}], [LOG]),
        ("eth_createAccessList", [{}], {"accessList": [{"address": ADDRESS, "storageKeys": [WORD]}], "gasUsed": "0x1"}),
        ("anvil_anything", [], None),
    ],
)
def test_outcome__shape_as_promised__is_the_result(method: str, params: list[Any], result: object) -> None:
    assert outcome(Question(method, params), {"id": 1, "result": result}) == result


@pytest.mark.parametrize(
    ("method", "params", "result"),
    [
        ("eth_chainId", [], None),
        ("eth_chainId", [], "1"),
        ("eth_chainId", [], 1),
        ("eth_chainId", [], "0x" + "f" * 65),
        ("eth_call", [], "0x123"),
        ("eth_call", [], ["0x"]),
        ("eth_getBlockByNumber", ["latest", False], None),
        ("eth_getBlockByNumber", ["0x4", False], BLOCK),
        ("eth_getBlockByNumber", ["0x5", False], {**BLOCK, "hash": "0x"}),
        ("eth_getBlockByNumber", ["0x5", False], {**BLOCK, "baseFeePerGas": 7}),
        ("eth_getTransactionReceipt", [ADDRESS], RECEIPT),
        ("eth_getTransactionReceipt", [WORD], {**RECEIPT, "status": None}),
        ("eth_getLogs", [{}], None),
        ("eth_getLogs", [{}], [{**LOG, "data": "0x1"}]),
        ("eth_getLogs", [{}], [{**LOG, "topics": [None]}]),
        ("eth_createAccessList", [{}], {"accessList": [{}], "gasUsed": "0x1"}),
    ],
)
def test_outcome__other_shape__is_malformed(method: str, params: list[Any], result: object) -> None:
    with pytest.raises(Malformed, match=f"{method} answered"):
        outcome(Question(method, params), {"id": 1, "result": result})


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 3, "message": "execution reverted", "data": "0x"}, Reverted),
        ({"code": -32000, "message": "VM Exception: revert", "data": {"data": "0x"}}, Reverted),
        ({"code": 3, "message": "execution reverted", "data": "0xzz"}, Reverted),
        ({"code": -32003, "message": "Out of gas: too little"}, OutOfGas),
        ({"code": -32601, "message": "method not found"}, NodeRefused),
        ({"code": -32000}, NodeRefused),
    ],
)
def test_outcome__error_of_the_call__is_given_back(error: dict[str, Any], kind: type) -> None:
    assert isinstance(outcome(Question("eth_call", []), {"id": 1, "error": error}), kind)


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("eth_call", {"code": -32005, "message": "limit exceeded"}),
        ("eth_getLogs", {"code": -32005, "message": "daily request count exceeded"}),
        ("eth_call", {"code": 429, "message": "compute units per second"}),
        ("eth_call", "busy"),
    ],
)
def test_outcome__node_too_busy__is_malformed(method: str, error: object) -> None:
    with pytest.raises(Malformed):
        outcome(Question(method, []), {"id": 1, "error": error})


def test_outcome__too_many_logs__is_a_refusal() -> None:
    error = {"code": -32005, "message": "query returned more than 10000 results"}
    assert isinstance(outcome(Question("eth_getLogs", []), {"id": 1, "error": error}), NodeRefused)


def test_shown__control_characters_and_length__fit_a_line() -> None:
    assert shown("a\n\x1b[31mb\x00" + "c" * 500) == ("a [31mb " + "c" * 500)[:120]
