"""Executors of a simulation's blocks: threads, processes, and clusters of Ray or Dask."""

from keepers.operations.executors.named import EXECUTORS, MOST_WORKERS, Place, device_of, executor_of

__all__ = ["EXECUTORS", "MOST_WORKERS", "Place", "device_of", "executor_of"]
