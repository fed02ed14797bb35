"""Blocks of a simulation: who runs them, in which order they come back, and why their bits are the same everywhere.

A product of matrices may end in other bits on another number of threads, on another processor or in another version of
a library. Blocks therefore compute on one thread each, and a worker whose arithmetic is not that of the process that
asks it refuses its first block.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Generic, Protocol, TypeVar

import numpy as np
import scipy
from scipy.special import gammaincinv, ndtri, stdtr
from threadpoolctl import ThreadpoolController

from keepers import __version__
from keepers.risk.errors import RiskError

T = TypeVar("T")
F = TypeVar("F")


class Executor(Protocol):
    """A way to run one task for many blocks: here, in threads, in processes or on a cluster."""

    def map(self, task: Callable[[int], T], blocks: Iterable[int]) -> Iterator[T]:
        """Yields the task's result for each block, in the order of the blocks.

        A block whose worker died runs again, and few blocks are under way at once, so that results do not pile up.

        Args:
            task: Pure function of a block's number; it can be pickled.
            blocks: Numbers of the blocks.

        Raises:
            RiskError: If a block's worker dies again and again, or its arithmetic is another.
        """
        ...


class Inline:
    """Runs every block in this process, one after another."""

    def map(self, task: Callable[[int], T], blocks: Iterable[int]) -> Iterator[T]:
        """See `Executor`."""
        for block in blocks:
            with one_thread():
                found = task(block)
            yield found


INLINE = Inline()


def in_order(
    submit: Callable[[int], F], result: Callable[[F], T], blocks: Iterable[int], under_way: int
) -> Iterator[T]:
    """Submits blocks, and yields their results in order with at most `under_way` blocks ahead of the consumer.

    Args:
        submit: Starts a block and returns its handle.
        result: Waits for a handle.
        blocks: Numbers of the blocks.
        under_way: Number of blocks, minimum 1.
    """
    waiting: deque[F] = deque()
    for block in blocks:
        waiting.append(submit(block))
        if len(waiting) >= under_way:
            yield result(waiting.popleft())
    while waiting:
        yield result(waiting.popleft())


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


@contextmanager
def one_thread() -> Iterator[None]:
    """Products of matrices use one thread inside. The setting is the whole process's: contexts nest, in one thread."""
    with _libraries().limit(limits=1):
        yield


def stay_on_one_thread() -> None:
    """Products of matrices use one thread in this process from now on; meant for processes that run blocks only."""
    _libraries().limit(limits=1)


@cache
def arithmetic() -> str:
    """Versions and a digest of results that show how this process computes; computed on one thread.

    The digest covers a product of matrices with ragged edges, the normal and gamma quantiles, the t distribution and
    the generator's numbers, which are all that the sources of a simulation are made of.
    """
    generator = np.random.Generator(np.random.PCG64(0))
    normal, root = generator.standard_normal((517, 101)), generator.standard_normal((101, 101))
    uniform = generator.random(1000)
    with one_thread():
        parts = [normal @ root.T, normal @ root[0], root @ normal.T, ndtri(uniform), gammaincinv(2.5, uniform)]
    parts += [stdtr(4.0, normal[0]), generator.chisquare(5.0, 1000), np.sqrt(uniform), np.log1p(uniform)]
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()
    return f"quantera {__version__}, numpy {np.__version__}, scipy {scipy.__version__}, arithmetic {digest[:12]}"


@dataclass(frozen=True, eq=False)
class Remote(Generic[T]):
    """A task as another process runs it: on one thread, and only with the arithmetic of the process that asks.

    Attributes:
        task: Pure function of a block's number.
        expected: Arithmetic of the process that asks; see `arithmetic`.

    Raises:
        RiskError: If the worker's arithmetic is another.
    """

    task: Callable[[int], T]
    expected: str

    @classmethod
    def of(cls, task: Callable[[int], T]) -> Remote[T]:
        """Returns the task with this process's arithmetic."""
        return cls(task, arithmetic())

    def __call__(self, block: int) -> T:
        """The task's result for a block."""
        stay_on_one_thread()
        if arithmetic() != self.expected:
            raise RiskError(
                f"a worker with {arithmetic()}",
                f"computes otherwise than here, {self.expected}",
                "install the same versions on the same kind of processor",
            )
        return self.task(block)
