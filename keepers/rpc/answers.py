"""JSON-RPC answers, checked once on the way in: what comes further has the shape that its method promises.

Source of the shapes: Ethereum's execution API specification (ethereum/execution-apis) and JSON-RPC 2.0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keepers.rpc.errors import ChainError, NodeRefused, OutOfGas, Reverted, Unsupported

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
_DATA = re.compile(r"0x([0-9a-fA-F]{2})*")
_WORD = re.compile(r"0x[0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")

_BUSY_CODES = (429, -32097, -32603)
"""HTTP's code in a JSON-RPC error, Alchemy's, and an internal error: another endpoint may do better."""
_LIMIT_CODE = -32005
"""EIP-1474's "limit exceeded": for logs the range is too large, for everything else the client asks too often."""
_BUSY_WORDS = re.compile(
    r"rate.?limit|too many requests|request (count|limit)|quota|throttl|capacity|timed? ?out", re.I
)


_HALTED = re.compile(r"evm error|invalid opcode|invalidfeopcode", re.I)
"""A contract that stopped without a revert, as with the opcode INVALID: an answer of the chain, not an ill endpoint."""


class Malformed(ValueError):
    """An answer that no node that works gives; its endpoint is unwell.

    Attributes:
        remedy: Action against it.
    """

    def __init__(self, reason: str, remedy: str = "wait, or name another node as rpc_url") -> None:
        super().__init__(reason)
        self.remedy = remedy


@dataclass(frozen=True)
class Question:
    """A JSON-RPC request.

    Attributes:
        method: Name of the method, such as "eth_call".
        params: Parameters as JSON values.
        read: Makes the answer of a result that has the method's shape; may return a ChainError in its place.
        optional: True if a working node may lack the method: its refusal is an answer then, `Unsupported`.
    """

    method: str
    params: Sequence[Any]
    read: Callable[[Any], Any] = lambda result: result
    optional: bool = False

    def body(self, number: int) -> dict[str, Any]:
        """The request with an id."""
        return {"jsonrpc": "2.0", "id": number, "method": self.method, "params": list(self.params)}


def outcome(question: Question, response: object) -> Any:
    """The answer in a response, or the ChainError that the node answered with.

    Args:
        question: Question that was asked.
        response: One JSON-RPC response object.

    Raises:
        Malformed: If it is no such object, its result lacks the method's shape, or the node is too busy to answer.
    """
    if not isinstance(response, dict):
        raise Malformed(f"no JSON-RPC answer but {shown(response)}")
    error = response.get("error")
    if error is not None:
        found = _error(question.method, error)
        if question.optional and is_refusal(found):
            return Unsupported(found.value, found.reason, found.remedy)
        return found
    if "result" not in response:
        raise Malformed(f"{question.method} answered without a result")
    result = response["result"]
    check = _SHAPES.get(question.method)
    if check is not None:
        _require(check(result, question.params), question.method, result)
    return question.read(result)


def is_refusal(answer: object) -> bool:
    """Tells whether another endpoint may answer what this one did not: a revert is the chain's answer."""
    return isinstance(answer, ChainError) and not isinstance(answer, Reverted | OutOfGas | Unsupported)


def shown(value: object) -> str:
    """A value of unknown size and content, for one line of a message."""
    text = "".join(character if character.isprintable() else " " for character in str(value))
    return " ".join(text.split())[:120] or "nothing"


def busy(error: Mapping[str, Any], method: str = "") -> bool:
    """Tells whether a JSON-RPC error says that the node does not get round to it."""
    code, message = error.get("code"), str(error.get("message", ""))
    if code in _BUSY_CODES or (code == _LIMIT_CODE and method != "eth_getLogs"):
        return True
    return bool(_BUSY_WORDS.search(message))


def _error(method: str, error: object) -> ChainError:
    if not isinstance(error, dict):
        raise Malformed(f"{method} answered with the error {shown(error)}")
    message = shown(error.get("message", ""))
    data = error.get("data")
    if isinstance(data, dict):
        data = data.get("data")
    if error.get("code") == 3 or "revert" in message.lower():
        data = data if isinstance(data, str) and _DATA.fullmatch(data) else "0x"
        return Reverted(method, bytes.fromhex(data[2:]), message)
    if "outofgas" in message.lower().replace(" ", ""):
        return OutOfGas(method, message, "allow it more gas")
    if _HALTED.search(message):
        return Reverted(method, b"", message)
    if busy(error, method):
        raise Malformed(f"{method}: {message}")
    return NodeRefused(method, message if error.get("message") else shown(error), "see the node's log")


def _require(fits: bool, method: str, result: object) -> None:
    if not fits:
        raise Malformed(f"{method} answered {shown(result)}")


# -- Shapes


def _quantity(result: object, _params: Sequence[Any] = ()) -> bool:
    return isinstance(result, str) and _QUANTITY.fullmatch(result) is not None


def _data(result: object, _params: Sequence[Any] = ()) -> bool:
    return isinstance(result, str) and _DATA.fullmatch(result) is not None


def _word(result: object, _params: Sequence[Any] = ()) -> bool:
    return isinstance(result, str) and _WORD.fullmatch(result) is not None


def _address(result: object) -> bool:
    return isinstance(result, str) and _ADDRESS.fullmatch(result) is not None


def _block(result: object, params: Sequence[Any]) -> bool:
    """A header of the height that was asked for; null where there is none, but a newest block there always is."""
    asked = params[0]
    by_number = isinstance(asked, str) and asked.startswith("0x")
    if result is None:
        return by_number
    return (
        isinstance(result, dict)
        and _quantity(result.get("number"))
        and (not by_number or int(result["number"], 16) == int(asked, 16))
        and _quantity(result.get("timestamp"))
        and _word(result.get("hash"))
        and _word(result.get("parentHash"))
        and (result.get("baseFeePerGas") is None or _quantity(result["baseFeePerGas"]))
    )


def _receipt(result: object, params: Sequence[Any]) -> bool:
    """A receipt of that transaction; null where it is not mined."""
    return result is None or (
        isinstance(result, dict)
        and _same_word(result.get("transactionHash"), params[0])
        and all(_quantity(result.get(key)) for key in ("status", "blockNumber", "gasUsed", "effectiveGasPrice"))
        and _word(result.get("blockHash"))
        and isinstance(result.get("logs"), list)
    )


def _transaction(result: object, params: Sequence[Any]) -> bool:
    """Returns True for the transaction that was asked for, or null if the node does not know it."""
    return result is None or (
        isinstance(result, dict)
        and _same_word(result.get("hash"), params[0])
        and _address(result.get("from"))
        and (result.get("to") is None or _address(result["to"]))
        and _data(result.get("input"))
        and all(_quantity(result.get(key)) for key in ("gas", "value", "nonce"))
    )


def _logs(result: object, _params: Sequence[Any]) -> bool:
    return isinstance(result, list) and all(map(_log, result))


def _log(log: object) -> bool:
    return (
        isinstance(log, dict)
        and _address(log.get("address"))
        and isinstance(log.get("topics"), list)
        and all(map(_word, log["topics"]))
        and _data(log.get("data"))
        and _quantity(log.get("blockNumber"))
        and _word(log.get("blockHash"))
        and _word(log.get("transactionHash"))
    )


def _access_list(result: object, _params: Sequence[Any]) -> bool:
    return (
        isinstance(result, dict)
        and isinstance(result.get("accessList"), list)
        and all(
            isinstance(entry, dict)
            and _address(entry.get("address"))
            and isinstance(entry.get("storageKeys"), list)
            and all(map(_word, entry["storageKeys"]))
            for entry in result["accessList"]
        )
        and _quantity(result.get("gasUsed"))
    )


def _same_word(found: object, asked: str) -> bool:
    return _word(found) and str(found).lower() == asked.lower()


_SHAPES: dict[str, Callable[[Any, Sequence[Any]], bool]] = {
    **dict.fromkeys(
        (
            "eth_blockNumber",
            "eth_chainId",
            "eth_estimateGas",
            "eth_gasPrice",
            "eth_getBalance",
            "eth_getTransactionCount",
            "eth_maxPriorityFeePerGas",
        ),
        _quantity,
    ),
    **dict.fromkeys(("eth_call", "eth_getCode"), _data),
    **dict.fromkeys(("eth_getStorageAt", "eth_sendRawTransaction"), _word),
    "eth_createAccessList": _access_list,
    "eth_getBlockByNumber": _block,
    "eth_getLogs": _logs,
    "eth_getTransactionByHash": _transaction,
    "eth_getTransactionReceipt": _receipt,
}
