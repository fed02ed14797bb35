"""One snapshot stands for tests that change nothing, and what a test changes is taken back."""

from __future__ import annotations

from typing import Any

import ape
import pytest
from ape.pytest.fixtures import IsolationManager
from ape.pytest.utils import Scope

from tests.fixtures.ape_isolation import QUESTIONS, WatchedConnection, share_snapshots

SOMEBODY = "0x00000000000000000000000000000000000A11cE"


class Echo(WatchedConnection):
    """A connection to nobody, whose answers say nothing."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")

    def _ask(self, method: Any, params: Any) -> Any:
        return {"result": {"transactionHash": method}}

    def _post(self, body: bytes) -> Any:
        return []


@pytest.fixture
def connection() -> Echo:
    return Echo()


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, connection: Echo) -> list[str]:
    """Snapshots that Ape takes and returns to, on a connection of their own."""
    found: list[str] = []
    monkeypatch.setattr(IsolationManager, "set_snapshot", lambda _, scope: found.append(f"take {scope}"))
    monkeypatch.setattr(IsolationManager, "restore", lambda _, scope: found.append(f"return {scope}"))
    share_snapshots(monkeypatch, connection)
    return found


def isolate(*methods: str, connection: Echo, scope: Scope = Scope.FUNCTION) -> None:
    """A test, or a wider scope, that asks the node for some methods."""
    manager = IsolationManager.__new__(IsolationManager)
    manager.set_snapshot(scope)
    for method in methods:
        connection.make_request(method, [""])
    manager.restore(scope)


def test_isolation__tests_that_only_ask__share_a_snapshot(connection: Echo, steps: list[str]) -> None:
    isolate("eth_call", connection=connection)
    isolate(*sorted(QUESTIONS), connection=connection)
    assert steps == ["take function"]


@pytest.mark.parametrize(
    "method", ["eth_sendTransaction", "evm_mine", "anvil_setStorageAt", "evm_revert", "evm_setNextBlockTimestamp"]
)
def test_isolation__test_that_changes_the_chain__is_taken_back(connection: Echo, steps: list[str], method: str) -> None:
    isolate("eth_call", connection=connection)
    isolate(method, connection=connection)
    isolate("eth_call", connection=connection)
    assert steps == ["take function", "return function", "take function"]


def test_isolation__batch_that_changes_the_chain__is_taken_back(connection: Echo, steps: list[str]) -> None:
    isolate("eth_call", connection=connection)
    connection.make_batch_request([("eth_call", []), ("eth_sendRawTransaction", [])])
    assert connection.is_changed


def test_isolation__wider_scope_begins__the_next_test_takes_its_own_snapshot(
    connection: Echo, steps: list[str]
) -> None:
    isolate(connection=connection)
    isolate(connection=connection, scope=Scope.MODULE)
    isolate(connection=connection)
    assert steps == ["take function", "take module", "return module", "take function"]


@pytest.mark.parametrize("test", ["first", "second"])
def test_isolation__change_by_another_test__is_not_there(test: str) -> None:
    provider = ape.networks.provider
    assert provider.get_balance(SOMEBODY) == 0
    provider.set_balance(SOMEBODY, 1)
    assert provider.get_balance(SOMEBODY) == 1
