"""Executors of blocks: the same bits everywhere, and no block lost with a worker that is killed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import distributed
import numpy as np
import psutil
import pytest

from keepers.operations.executors import Place, executor_of, pools
from keepers.risk.errors import RiskError
from keepers.risk.simulation.blocks import INLINE, Executor, Remote, in_order
from keepers.risk.simulation.engine import Simulation, run
from keepers.risk.simulation.sources import StudentT
from tests.fixtures.block_tasks import always_killed, failing, killed_once, root
from tests.fixtures.ray_head import AS_URGENT_AS_OTHERS, ray_head

FACTORS = np.random.default_rng(0).normal(size=(6, 8)) * 0.004
SIMULATION = Simulation(StudentT(FACTORS @ FACTORS.T, 5.0), np.full(6, 1 / 6), 90_000, 5, (1, 2))
CLUSTERS = ("process", "ray", "dask")


def listeners() -> set[str]:
    """Addresses on which this process and its descendants listen."""
    found: set[str] = set()
    me = psutil.Process()
    for process in (me, *me.children(recursive=True)):
        # A worker of Ray may end while it is looked at.
        with suppress(psutil.NoSuchProcess):
            found |= {one.laddr.ip for one in process.net_connections() if one.status == psutil.CONN_LISTEN}
    return {address.removeprefix("::ffff:") for address in found}


@pytest.fixture(scope="module", autouse=True)
def environment() -> Iterator[None]:
    """Takes back what Ray and Dask write into the environment of this process, which later tests hand to others."""
    kept = dict(os.environ)
    os.environ.update(AS_URGENT_AS_OTHERS)
    yield
    os.environ.clear()
    os.environ.update(kept)


@pytest.fixture(scope="module", params=CLUSTERS)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """Two real workers, once for all tests of this module."""
    with executor_of(Place(request.param, 2)) as started:
        yield started


def test_executor__simulation__gives_the_bits_of_the_inline_run(executor: Executor) -> None:
    alone, shared = run(SIMULATION), run(SIMULATION, executor)
    np.testing.assert_array_equal(shared.losses, alone.losses)
    np.testing.assert_array_equal(shared.sums, alone.sums)
    np.testing.assert_array_equal(shared.squares, alone.squares)


def test_executor__killed_worker__loses_no_block(executor: Executor, tmp_path: Path) -> None:
    found = list(executor.map(partial(killed_once, tmp_path, root), range(8)))
    assert (tmp_path / "killed").exists()
    assert found == list(INLINE.map(root, range(8)))


def test_executor__task_that_refuses__is_the_refusal_itself(executor: Executor) -> None:
    with pytest.raises(RiskError, match=r"^block 2: refused; skip it$"):
        list(executor.map(failing, range(4)))


def test_executor__started_here__listens_on_loopback_only(executor: Executor) -> None:
    assert list(executor.map(root, range(2))) == [0.0, 1.0]
    assert listeners() <= {"127.0.0.1", "::1"}


def test_processes__block_that_kills_every_worker__is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "MOST_DEATHS", 1)
    with (
        executor_of(Place("process", 1)) as processes,
        pytest.raises(RiskError, match="block 0: its worker died 2 times"),
    ):
        list(processes.map(always_killed, range(2)))


def test_dask__address_of_a_running_cluster__is_used() -> None:
    with (
        distributed.LocalCluster(1, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster,
        executor_of(Place("dask", 1, cluster.scheduler_address)) as dask,
    ):
        np.testing.assert_array_equal(run(SIMULATION, dask).losses, run(SIMULATION).losses)


def entered(stack: ExitStack, place: Place, tries: int = 6) -> Executor:
    """The executor; Ray gives up a client's server that took more than 30 seconds to start, and is asked again."""
    for left in reversed(range(tries)):
        try:
            return stack.enter_context(executor_of(place))
        except RiskError as error:
            if "Initialization failure" not in str(error) or not left:
                raise
    raise AssertionError("no try")


def test_ray__address_of_a_running_cluster__is_used(tmp_path: Path) -> None:
    with ray_head(tmp_path) as address, ExitStack() as stack:
        ray = entered(stack, Place("ray", 1, address))
        np.testing.assert_array_equal(run(SIMULATION, ray).losses, run(SIMULATION).losses)
        with pytest.raises(RiskError, match=r"^block 2: refused; skip it$"):
            list(ray.map(failing, range(4)))


@pytest.mark.parametrize("workers", [1, 3])
def test_threads__any_number__give_the_bits_of_the_inline_run(workers: int) -> None:
    alone = run(SIMULATION)
    with executor_of(Place("thread", workers)) as threads:
        np.testing.assert_array_equal(run(SIMULATION, threads).losses, alone.losses)


def test_remote__another_arithmetic__refuses_the_block() -> None:
    task = Remote(root, "quantera 0.0.1, numpy 1.0, scipy 1.0, arithmetic 0")
    with pytest.raises(RiskError, match=r"computes otherwise than here, quantera 0\.0\.1"):
        task(1)


def test_in_order__slow_consumer__runs_no_further_ahead_than_asked() -> None:
    started: list[int] = []
    found = in_order(lambda block: started.append(block) or block, lambda handle: handle, range(20), 4)
    assert [next(found) for _ in range(3)] == [0, 1, 2]
    assert len(started) == 6


@pytest.mark.parametrize(
    ("executor", "workers", "cluster", "said"),
    [
        ("spark", 1, None, "executor 'spark': unknown; choose from thread, process, ray, dask"),
        ("ray", 0, None, "0 workers: not from 1 to 256"),
        ("process", 1, "tcp://h:1", "executor 'process' has none; add --executor ray or dask"),
    ],
)
def test_place__wrong_word__is_refused(executor: str, workers: int, cluster: str | None, said: str) -> None:
    with pytest.raises(RiskError, match=said):
        Place(executor, workers, cluster)
