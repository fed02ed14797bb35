"""A chain for tests that need one; each test leaves it as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixtures.node import World, protocol


@pytest.fixture(scope="session")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with protocol(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    with shared_world.scratch():
        yield shared_world
