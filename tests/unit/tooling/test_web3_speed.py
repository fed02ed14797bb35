"""The faster parts of web3 in tests answer as web3's own do."""

from __future__ import annotations

import importlib.util
import sys
import typing
from collections import abc
from types import ModuleType
from typing import Any

import eth_utils.address
import pytest
import web3._utils.abi
import web3._utils.formatters
import web3.datastructures
import web3.exceptions
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from hypothesis import given
from hypothesis import strategies as st
from web3 import Web3
from web3.datastructures import AttributeDict

from tests.fixtures import web3_speed

leaves = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.binary().map(HexBytes)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(st.characters(codec="ascii")), inner)
    ),
)


def _original(name: str) -> Any:
    """The library's own source, run anew."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def untouched() -> Any:
    """web3's `datastructures` and `formatters` without what the run's fixture does to them."""
    return {name: _original(name) for name in ("web3.datastructures", "web3._utils.formatters")}


def _plain(value: Any) -> Any:
    """Types and contents of a value, whichever module its classes are from."""
    if isinstance(value, abc.Mapping):
        return type(value).__name__, {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value).__name__, [_plain(item) for item in value]
    return type(value).__name__, value


@given(value=values)
def test_recursive__any_value__is_what_web3_makes(untouched: Any, value: Any) -> None:
    original = untouched["web3.datastructures"].AttributeDict.recursive
    assert _plain(AttributeDict.recursive(value)) == _plain(original(value))


def _marked(value: Any) -> Any:
    return ("seen", value) if isinstance(value, str | int) else value


@given(value=values)
def test_recursive_map__any_value__is_what_web3_makes(untouched: Any, value: Any) -> None:
    original = untouched["web3._utils.formatters"].recursive_map
    assert _plain(web3._utils.formatters.recursive_map(_marked, value)) == _plain(original(_marked, value))
    assert web3._utils.abi.recursive_map is web3._utils.formatters.recursive_map


def test_recursive_map__list_that_contains_itself__is_still_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(web3.exceptions.Web3ValueError, match="Recursively called"):
        web3._utils.formatters.recursive_map(_marked, loop)


@given(address=st.binary(min_size=20, max_size=20))
def test_checksum__any_address__is_that_of_its_hash(address: bytes) -> None:
    digits, hashed = address.hex(), keccak(text=address.hex()).hex()
    wanted = "".join(
        digit.upper() if int(nibble, 16) > 7 else digit for digit, nibble in zip(digits, hashed, strict=False)
    )
    assert eth_utils.address.to_checksum_address(address) == f"0x{wanted}"


def test_name_classes_themselves__names_of_typing__are_classes_until_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("web3.of_this_test")
    names = {"Mapping": typing.Mapping, "Texts": typing.Mapping[str, str], "Any": Any, "size": 3}
    vars(module).update(names)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with pytest.MonkeyPatch.context() as patch:
        web3_speed.name_classes_themselves(patch)
        assert vars(module)["Mapping"] is abc.Mapping
        assert all(vars(module)[name] is names[name] for name in ("Texts", "Any", "size"))
    assert vars(module)["Mapping"] is typing.Mapping


def test_factory__same_abi_on_one_connection__is_one_class() -> None:
    one, other = Web3(), Web3()
    abi = [{"type": "function", "name": "f", "inputs": [], "outputs": [], "stateMutability": "view"}]
    address = "0x" + "11" * 20
    assert one.eth.contract(abi=abi) is one.eth.contract(abi=list(abi))
    assert one.eth.contract(abi=abi) is not other.eth.contract(abi=abi)
    assert one.eth.contract(abi=abi) is not one.eth.contract(abi=abi, bytecode="0x00")
    assert one.eth.contract(address=address, abi=abi).address == address
