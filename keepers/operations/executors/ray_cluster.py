"""Blocks on a cluster of Ray: one that runs already, or one that is started here for the time being."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeVar

from keepers.operations.executors.address import require_listener
from keepers.operations.executors.pools import MOST_DEATHS, deadly
from keepers.risk.errors import RiskError
from keepers.risk.simulation.blocks import Executor, Remote, in_order

T = TypeVar("T")

LOOPBACK = "127.0.0.1"
OBJECT_STORE = 512 * 2**20
"""Bytes of shared memory for a task and the results that are under way."""
_SETTINGS = {"enable_metrics_collection": False, "enable_open_telemetry": False}
"""A cluster that is started here collects no measurements for a dashboard."""


class RayExecutor:
    """Runs blocks as Ray's tasks; a task whose worker died is Ray's to repeat.

    Args:
        ray: Module, connected to a cluster.
        workers: Blocks that the cluster computes at once.
    """

    def __init__(self, ray: Any, workers: int) -> None:
        self._ray = ray
        self._workers = workers

    def map(self, task: Callable[[int], T], blocks: Iterable[int]) -> Iterator[T]:
        """See `Executor`. The task is stored once and read by every node."""
        stored = self._ray.put(Remote.of(task))
        remote = self._ray.remote(num_cpus=1, max_retries=MOST_DEATHS)(_run)
        return in_order(
            lambda block: (block, remote.remote(stored, block)), self._result, blocks, 2 * self._workers + 1
        )

    def _result(self, handle: tuple[int, Any]) -> Any:
        errors = self._ray.exceptions
        block, reference = handle
        try:
            return self._ray.get(reference)
        except errors.RayTaskError as error:
            if isinstance(error.cause, RiskError):
                raise error.cause from None
            raise
        except (errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError):
            raise deadly(block) from None


def _run(task: Remote[T], block: int) -> T:
    return task(block)


@contextmanager
def ray_executor(workers: int, cluster: str | None) -> Iterator[Executor]:
    """Connects to a cluster, or starts one that only this machine can reach, without dashboard and reports of use.

    Args:
        workers: Processes of a cluster that is started here.
        cluster: Address such as `ray://HOST:10001`; None starts one.

    Raises:
        RiskError: If the cluster does not answer, or Ray is at work in this process already.
        ModuleNotFoundError: If Ray is not installed.
    """
    if cluster is not None:
        require_listener("Ray", cluster, "ray://HOST:10001")
    ray = import_module("ray")
    # Ray reports its use to its makers unless told otherwise.
    import_module("ray._common.usage.usage_lib").set_usage_stats_enabled_via_env_var(False)
    if ray.is_initialized():
        raise RiskError("Ray", "is at work in this process already", "end that work first")
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if cluster is None:
        options |= {"address": "local", "num_cpus": workers, "include_dashboard": False, "_node_ip_address": LOOPBACK}
        options |= {"object_store_memory": OBJECT_STORE, "_system_config": _SETTINGS}
    else:
        options |= {"address": cluster}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            ray.init(**options)
    except (ConnectionError, ImportError, RuntimeError, ValueError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise RiskError(f"Ray at {cluster or LOOPBACK}", lines[0], "look at its address and its version") from error
    try:
        found = workers if cluster is None else max(1, int(ray.cluster_resources().get("CPU", 1)))
        yield RayExecutor(ray, found)
    finally:
        ray.shutdown()
