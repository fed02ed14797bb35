"""A chain for tests that need one; each test leaves it as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keepers.store import Store
from tests.fixtures.event_chain import EventChain, event_chain
from tests.fixtures.node import World, protocol
from tests.fixtures.officers import Bureau
from tests.fixtures.stores import write_store


@pytest.fixture(scope="session")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with protocol(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    with shared_world.scratch():
        yield shared_world


@pytest.fixture
def bureau(world: World) -> Bureau:
    """A compliance officer on the chain."""
    return Bureau(world)


@pytest.fixture
def local_chain() -> Iterator[EventChain]:
    """A chain of the test's own, with a board to post notes on."""
    with event_chain() as found:
        yield found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A keeper's database, empty."""
    write_store(tmp_path / "keeper.sqlite")
    found = Store.open(f"sqlite:///{tmp_path}/keeper.sqlite")
    yield found
    found.close()
