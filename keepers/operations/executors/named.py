"""An executor by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

from keepers.operations.executors.dask_cluster import dask_executor
from keepers.operations.executors.pools import Processes, Threads
from keepers.operations.executors.ray_cluster import ray_executor
from keepers.risk.errors import RiskError
from keepers.risk.simulation.blocks import INLINE, Executor
from keepers.risk.simulation.devices import PROCESSOR, Device, TorchDevice

ExecutorName = Literal["thread", "process", "ray", "dask"]
EXECUTORS: tuple[str, ...] = get_args(ExecutorName)
CLUSTERS = ("ray", "dask")
MOST_WORKERS = 256


@dataclass(frozen=True)
class Place:
    """Where blocks are computed.

    Attributes:
        executor: Name from EXECUTORS.
        workers: Blocks that are computed at once; a cluster that runs already has as many as it has.
        cluster: Address of a cluster that runs already; None starts one here, on the loopback interface.
        device: `cpu`, or a device of torch such as `cuda`.

    Raises:
        RiskError: If a name is unknown, a number is out of range, or an address is given where there is no cluster.
    """

    executor: str = "thread"
    workers: int = 1
    cluster: str | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.executor not in EXECUTORS:
            raise RiskError(f"executor '{self.executor}'", "unknown", f"choose from {', '.join(EXECUTORS)}")
        if not 1 <= self.workers <= MOST_WORKERS:
            raise RiskError(f"{self.workers} workers", f"not from 1 to {MOST_WORKERS}", "give a number between")
        if self.cluster is not None and self.executor not in CLUSTERS:
            raise RiskError(
                f"cluster '{self.cluster}'", f"executor '{self.executor}' has none", "add --executor ray or dask"
            )


def device_of(place: Place) -> Device:
    """The device of a place.

    Raises:
        RiskError: If torch finds no such device.
        ModuleNotFoundError: If it needs torch, which is not installed.
    """
    return PROCESSOR if place.device == "cpu" else TorchDevice(place.device)


@contextmanager
def executor_of(place: Place) -> Iterator[Executor]:
    """Starts the executor of a place, and stops it in the end.

    Raises:
        RiskError: If a cluster does not answer.
        ModuleNotFoundError: If the package of a cluster is not installed.
    """
    if place.executor == "process":
        with Processes(place.workers) as processes:
            yield processes
    elif place.executor == "ray":
        with ray_executor(place.workers, place.cluster) as ray:
            yield ray
    elif place.executor == "dask":
        with dask_executor(place.workers, place.cluster) as dask:
            yield dask
    elif place.workers == 1:
        yield INLINE
    else:
        yield Threads(place.workers)
