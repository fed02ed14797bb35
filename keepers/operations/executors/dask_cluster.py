"""Blocks on a cluster of Dask: one that runs already, or one that is started here for the time being."""

from __future__ import annotations

import hashlib
import logging
import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from importlib import import_module
from typing import Any, TypeVar

from keepers.operations.executors.address import SECONDS, require_listener
from keepers.operations.executors.pools import MOST_DEATHS, deadly
from keepers.risk.errors import RiskError
from keepers.risk.simulation.blocks import Executor, Remote, in_order

T = TypeVar("T")

LOOPBACK = "127.0.0.1"
_SETTINGS = {
    "distributed.scheduler.allowed-failures": MOST_DEATHS,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # The task is sent as a part of the graph, so that it can be sent again to a worker that took a dead one's place.
    "distributed.admin.large-graph-warning-threshold": "1GiB",
}


class DaskExecutor:
    """Runs blocks as Dask's tasks; a task whose worker died is the scheduler's to repeat.

    Args:
        client: Client of a cluster.
        workers: Blocks that the cluster computes at once.
    """

    def __init__(self, client: Any, workers: int) -> None:
        self._client = client
        self._workers = workers
        self._killed: type[Exception] = import_module("distributed").scheduler.KilledWorker

    def map(self, task: Callable[[int], T], blocks: Iterable[int]) -> Iterator[T]:
        """See `Executor`. Every worker gets the task once."""
        blob = pickle.dumps(Remote.of(task))
        name = hashlib.sha256(blob).hexdigest()[:16]
        shared = self._client.submit(_same, blob, key=f"task-{name}")
        return in_order(
            lambda block: (block, self._client.submit(_run, shared, block, key=f"block-{name}-{block}")),
            self._result,
            blocks,
            2 * self._workers + 1,
        )

    def _result(self, handle: tuple[int, Any]) -> Any:
        block, future = handle
        try:
            return future.result()
        except self._killed:
            raise deadly(block) from None


def _same(blob: bytes) -> bytes:
    return blob


@lru_cache(maxsize=1)
def _task(blob: bytes) -> Remote[Any]:
    # The blob comes from the process that the scheduler takes code from anyway.
    found: Remote[Any] = pickle.loads(blob)
    return found


def _run(blob: bytes, block: int) -> Any:
    return _task(blob)(block)


@contextmanager
def dask_executor(workers: int, cluster: str | None) -> Iterator[Executor]:
    """Connects to a cluster, or starts one that only this machine can reach, without dashboard.

    Args:
        workers: Processes of a cluster that is started here.
        cluster: Address such as `tcp://HOST:8786`; None starts one.

    Raises:
        RiskError: If the cluster does not answer.
        ModuleNotFoundError: If Dask's `distributed` is not installed.
    """
    if cluster is not None:
        require_listener("Dask", cluster, "tcp://HOST:8786")
    dask, distributed = import_module("dask"), import_module("distributed")
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(_SETTINGS))
        address: Any = cluster
        if cluster is None:
            address = stack.enter_context(_local(distributed, workers))
        try:
            client = stack.enter_context(distributed.Client(address, timeout=SECONDS, set_as_default=False))
        except (OSError, ValueError) as error:
            raise RiskError(f"Dask at {cluster}", str(error).splitlines()[0], "look at its address") from error
        found = workers if cluster is None else max(1, sum(client.nthreads().values()))
        yield DaskExecutor(client, found)


def _local(distributed: Any, workers: int) -> Any:
    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host=LOOPBACK,
        dashboard_address=f"{LOOPBACK}:0",
        worker_dashboard_address=f"{LOOPBACK}:0",
        scheduler_kwargs={"dashboard": False},
        # A worker that dies is told by the result, and not by Dask's log on standard error.
        silence_logs=logging.CRITICAL,
    )
