"""How fast a whole list is screened, beside rapidfuzz alone on the same names in the same run."""

from __future__ import annotations

import gc
import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process

from keepers.compliance.screening.screen import Screener, Subject
from keepers.compliance.screening.text import checked, folded

_SHARED: list[Screener] = []


@dataclass(frozen=True)
class Speed:
    """Times of one run, in milliseconds per name unless said otherwise.

    Attributes:
        names: Listed names.
        queries: Names screened, none of them twice.
        build_s: Seconds of processor time for the index.
        p50: Median of the time on the clock.
        p99: 99th percentile of it.
        p50_cpu: Median of the processor's time.
        p99_cpu: 99th percentile of it.
        per_second: Names per second on two processes, by the clock.
        per_second_cpu: Names per second of processor time, times two.
        token_set: Mean of rapidfuzz's token set ratio alone over every listed name, processor's time.
        jaro_winkler: Mean of rapidfuzz's Jaro–Winkler likewise.
    """

    names: int
    queries: int
    build_s: float
    p50: float
    p99: float
    p50_cpu: float
    p99_cpu: float
    per_second: float
    per_second_cpu: float
    token_set: float
    jaro_winkler: float


def measured(screener: Screener, listed: Sequence[str], subjects: Sequence[Subject], build_s: float) -> Speed:
    """Screens every subject once, in two processes and then in this one.

    The index is frozen, as docs/screening.md asks of whoever holds one: else the garbage collector walks through it.
    """
    gc.collect()
    gc.freeze()
    try:
        return _measured(screener, listed, subjects, build_s)
    finally:
        gc.unfreeze()


def _measured(screener: Screener, listed: Sequence[str], subjects: Sequence[Subject], build_s: float) -> Speed:
    # Two processes first: a fork would inherit what this process has read of these names.
    per_second = _on_two(screener, subjects)
    clock, cpu = [], []
    for subject in subjects:
        at, spent = time.perf_counter(), time.thread_time()
        screener.screen(subject)
        clock.append((time.perf_counter() - at) * 1e3)
        cpu.append((time.thread_time() - spent) * 1e3)
    plain = [folded(checked(name)) for name in listed]
    asked = [folded(checked(subject.name)) for subject in subjects[:200]]
    return Speed(
        names=screener.names,
        queries=len(subjects),
        build_s=build_s,
        p50=float(np.percentile(clock, 50)),
        p99=float(np.percentile(clock, 99)),
        p50_cpu=float(np.percentile(cpu, 50)),
        p99_cpu=float(np.percentile(cpu, 99)),
        per_second=per_second,
        per_second_cpu=2e3 * len(cpu) / sum(cpu),
        token_set=_alone(fuzz.token_set_ratio, asked, plain, 75),
        jaro_winkler=_alone(_jaro_winkler(), asked, plain, 0.9),
    )


def _jaro_winkler() -> object:
    from rapidfuzz.distance import JaroWinkler

    return JaroWinkler.normalized_similarity


def _alone(scorer: object, asked: Sequence[str], listed: Sequence[str], cutoff: float) -> float:
    began = time.thread_time()
    process.cdist(asked, listed, scorer=scorer, score_cutoff=cutoff, workers=1)  # type: ignore[call-overload]
    return (time.thread_time() - began) / len(asked) * 1e3


def _half(subjects: Sequence[Subject]) -> float:
    # Both begin together: what is measured is screening, not the start of a process.
    began = time.perf_counter()
    for subject in subjects:
        _SHARED[0].screen(subject)
    return time.perf_counter() - began


def _on_two(screener: Screener, subjects: Sequence[Subject]) -> float:
    _SHARED[:] = [screener]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        slower = max(pool.map(_half, [subjects[0::2], subjects[1::2]], chunksize=1))
    _SHARED.clear()
    return len(subjects) / slower


def load() -> str:
    """The machine's load, for the reader of the times."""
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
