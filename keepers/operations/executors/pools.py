"""Executors on this machine: threads, and processes that may die."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from keepers.risk.errors import RiskError
from keepers.risk.simulation.blocks import Remote, in_order, one_thread

T = TypeVar("T")

MOST_DEATHS = 3
"""Deaths of workers at one block after which the block counts as their cause."""


def deadly(block: int, remedy: str = "give fewer workers, or look at the machine's memory") -> RiskError:
    """Returns the refusal of a block whose workers died too often."""
    return RiskError(f"block {block}", f"its worker died {MOST_DEATHS + 1} times", remedy)


class Threads:
    """Runs blocks in threads of this process; numpy computes most of a block without Python's lock.

    Args:
        workers: Number of threads.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def map(self, task: Callable[[int], T], blocks: Iterable[int]) -> Iterator[T]:
        """See `Executor`."""
        with one_thread(), ThreadPoolExecutor(self._workers) as pool:
            yield from in_order(lambda block: pool.submit(task, block), Future.result, blocks, self._workers + 1)


class Processes:
    """Runs blocks in processes; use it as a context. If one dies, the pool is made anew, and no block is lost.

    Args:
        workers: Number of processes.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._folder = TemporaryDirectory(prefix="quantera-blocks-")
        self._names = count()
        self._pool = self._fresh()

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._folder.cleanup()

    def map(self, task: Callable[[int], T], blocks: Iterable[int]) -> Iterator[T]:
        """See `Executor`. The task goes through a file, which each process reads once."""
        file = Path(self._folder.name) / str(next(self._names))
        file.write_bytes(pickle.dumps(Remote.of(task)))
        left = list(blocks)
        deaths = 0
        while left:
            try:
                for found in in_order(lambda block: self._submit(file, block), Future.result, left, self._workers + 1):
                    yield found
                    left, deaths = left[1:], 0
            except BrokenProcessPool:
                deaths += 1
                self._pool.shutdown(cancel_futures=True)
                self._pool = self._fresh()
                if deaths > MOST_DEATHS:
                    raise deadly(left[0]) from None
        file.unlink()

    def _submit(self, file: Path, block: int) -> Future[Any]:
        return self._pool.submit(_run, file, block)

    def _fresh(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._workers, get_context("spawn"))


@lru_cache(maxsize=1)
def _task(file: Path) -> Remote[Any]:
    # The file is in a folder that only this user may read, and the parent process has just written it.
    found: Remote[Any] = pickle.loads(file.read_bytes())
    return found


def _run(file: Path, block: int) -> Any:
    return _task(file)(block)
