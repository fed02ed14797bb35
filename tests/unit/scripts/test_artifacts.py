"""Compiled contracts: processes that bring them up to date at the same time take turns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest

from scripts._lib import artifacts


def test_build__asked_by_two_at_once__compiles_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_compile, alone = Barrier(2), []

    def compile_contracts(*_: Any, **__: Any) -> None:
        try:
            both_compile.wait(timeout=0.5)
        except BrokenBarrierError:
            alone.append(True)

    monkeypatch.setattr(artifacts, "_TURNS", tmp_path / "build" / "forge.lock")
    monkeypatch.setattr(artifacts.subprocess, "run", compile_contracts)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: artifacts.build(), range(2)))
    assert alone == [True, True]
