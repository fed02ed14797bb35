"""ABIs of the protocol's contracts, and calls encoded with them.

`python -m scripts.export_abi` writes the JSON files from what forge built.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak


@dataclass(frozen=True)
class Fragment:
    """A function, error or event: its name and the types it takes and gives.

    Attributes:
        name: Name without arguments.
        inputs: ABI types of the arguments, structs as tuples such as "(address,uint256)".
        names: Argument names; an empty tuple if the contract gives none.
        internal: Solidity's own types of the arguments, such as "enum IRiskEngine.State".
        outputs: ABI types of what a function returns.
        indexed: True for each argument of an event that is a topic.
    """

    name: str
    inputs: tuple[str, ...]
    names: tuple[str, ...] = ()
    internal: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    indexed: tuple[bool, ...] = ()

    @property
    def signature(self) -> str:
        """Canonical, such as "transfer(address,uint256)"."""
        return f"{self.name}({','.join(self.inputs)})"

    @property
    def topic(self) -> bytes:
        """keccak256 of the signature, 32 bytes; the first four are a function's or error's selector."""
        return _topic(self.signature)

    @property
    def selector(self) -> bytes:
        """First four bytes of calldata or revert data."""
        return self.topic[:4]

    def encode(self, *args: Any) -> bytes:
        """Calldata: selector and arguments; structs are tuples, in the order of their members."""
        return self.selector + encode(self.inputs, args)

    def decode_output(self, data: bytes) -> Any:
        """Decodes the result of a function: a tuple, or the value itself if there is one."""
        values = decode(self.outputs, data)
        return values[0] if len(values) == 1 else values

    def decode_input(self, data: bytes) -> tuple[Any, ...]:
        """Arguments of a call or an error, from behind its selector."""
        return tuple(decode(self.inputs, data[4:]))

    def log_decoder(self) -> LogDecoder:
        """Returns a function from topics and data of an event, 0x-prefixed, to its arguments by name.

        An indexed argument of dynamic size is given by its hash, as bytes. The function is made once for many events:
        most arguments are one word, backlogs are long, and eth_abi takes ten times as long for a word.
        """
        arguments = list(zip(self.names, self.inputs, self.indexed, strict=True))
        from_topics = [(name, _of_topic(kind)) for name, kind, indexed in arguments if indexed]
        in_data = [(name, kind) for name, kind, indexed in arguments if not indexed]
        kinds = [kind for _, kind in in_data]
        words = all(kind in _WORDS for kind in kinds)
        from_data = [(name, _WORDS[kind], 2 + 64 * at) for at, (name, kind) in enumerate(in_data)] if words else []

        def decode_one(topics: Sequence[str], data: str) -> dict[str, Any]:
            """Arguments by name, of one log."""
            found = {name: read(topic[2:]) for (name, read), topic in zip(from_topics, topics[1:], strict=True)}
            for name, read, start in from_data:
                found[name] = read(data[start : start + 64])
            if not words:
                values = decode(kinds, bytes.fromhex(data[2:]))
                found.update(zip((name for name, _ in in_data), values, strict=True))
            return found

        return decode_one


LogDecoder = Callable[[Sequence[str], str], dict[str, Any]]

_WORDS: dict[str, Callable[[str], Any]] = {
    **{f"uint{bits}": lambda word: int(word, 16) for bits in range(8, 257, 8)},
    "address": lambda word: f"0x{word[24:]}",
    "bytes32": bytes.fromhex,
}


def _of_topic(kind: str) -> Callable[[str], Any]:
    if kind in _WORDS:
        return _WORDS[kind]
    if kind in ("string", "bytes") or kind.endswith("]") or kind.startswith("("):
        return bytes.fromhex
    return lambda word: decode((kind,), bytes.fromhex(word))[0]


@lru_cache(maxsize=1024)
def _topic(signature: str) -> bytes:
    return keccak(text=signature)


@lru_cache(maxsize=64)
def load(name: str) -> tuple[dict[str, Any], ...]:
    """The ABI of a contract, such as "RiskEngine", or of every custom error, "errors"."""
    text = files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    return tuple(json.loads(text))


@lru_cache(maxsize=256)
def function(contract: str, name: str) -> Fragment:
    """A function of a contract.

    Raises:
        KeyError: If the contract has none, or several, of that name.
    """
    return _only(contract, "function", name)


@lru_cache(maxsize=64)
def event(contract: str, name: str) -> Fragment:
    """An event of a contract.

    Raises:
        KeyError: If the contract has none, or several, of that name.
    """
    return _only(contract, "event", name)


@lru_cache(maxsize=1)
def errors() -> dict[bytes, Fragment]:
    """Every custom error that the protocol and what it is built on can revert with, by selector."""
    fragments = [parse(entry) for entry in load("errors")]
    return {fragment.selector: fragment for fragment in fragments}


def describe(contract: str, data: bytes) -> tuple[str, dict[str, Any]]:
    """A call by name: its function, and its arguments with those of structs by theirs, as JSON has them.

    Raises:
        KeyError: If the contract has no such function.
    """
    for entry in load(contract):
        if entry["type"] == "function" and (fragment := parse(entry)).selector == data[:4]:
            values = fragment.decode_input(data)
            return fragment.name, {
                item["name"]: _named(item, value) for item, value in zip(entry["inputs"], values, strict=True)
            }
    raise KeyError(f"{contract} has no function 0x{data[:4].hex()}")


def _named(item: dict[str, Any], value: Any) -> Any:
    kind: str = item["type"]
    if kind.endswith("]"):
        member = {**item, "type": kind[: kind.rindex("[")]}
        return [_named(member, one) for one in value]
    if kind == "tuple":
        return {part["name"]: _named(part, one) for part, one in zip(item["components"], value, strict=True)}
    return f"0x{value.hex()}" if isinstance(value, bytes) else value


def parse(entry: dict[str, Any]) -> Fragment:
    """A fragment from its JSON."""
    inputs = entry.get("inputs", [])
    return Fragment(
        name=entry["name"],
        inputs=tuple(_type(item) for item in inputs),
        names=tuple(item.get("name", "") for item in inputs),
        internal=tuple(item.get("internalType", item["type"]) for item in inputs),
        outputs=tuple(_type(item) for item in entry.get("outputs", [])),
        indexed=tuple(bool(item.get("indexed")) for item in inputs) if entry["type"] == "event" else (),
    )


def _only(contract: str, kind: str, name: str) -> Fragment:
    found = [entry for entry in load(contract) if entry["type"] == kind and entry["name"] == name]
    if len(found) != 1:
        raise KeyError(f"{contract} has {len(found)} {kind}s named {name}")
    return parse(found[0])


def _type(item: dict[str, Any]) -> str:
    kind: str = item["type"]
    if not kind.startswith("tuple"):
        return kind
    members = ",".join(_type(member) for member in item["components"])
    return f"({members}){kind.removeprefix('tuple')}"
