"""The command that repeats tests under load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.stress import busy, repeat

PASSES = [sys.executable, "-c", "print('3 passed in 0.10s')"]


def counting(path: Path, fails_at: int) -> list[str]:
    """A command that writes one line per run, and fails in one of them."""
    script = f"""
import pathlib, sys
path = pathlib.Path({str(path)!r})
number = len(path.read_text().splitlines()) + 1 if path.exists() else 1
path.open("a").write("run\\n")
print("what went wrong in run", number)
sys.exit(number == {fails_at})
"""
    return [sys.executable, "-c", script]


def test_repeat__every_run_passes__one_line_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert repeat(PASSES, 3) == 0
    assert capsys.readouterr().out.splitlines() == [f"run {number} of 3: 3 passed in 0.10s" for number in (1, 2, 3)]


def test_repeat__one_fails__stops_there_with_its_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert repeat(counting(tmp_path / "runs", fails_at=2), 5) == 1
    assert len((tmp_path / "runs").read_text().splitlines()) == 2
    shown = capsys.readouterr().out
    assert "what went wrong in run 2" in shown and "run 2 of 5: failed after" in shown


def test_busy__ends__leaves_no_process() -> None:
    with busy(2) as running:
        assert [process.poll() for process in running] == [None, None]
    assert all(process.poll() is not None for process in running)


def test_busy__whoever_started_it_is_killed__ends_too() -> None:
    script = "import os\nfrom tests.stress import busy\n"
    script += "with busy(1) as (one,):\n    print(one.pid)\n    os.kill(os.getpid(), 9)"
    root = Path(__file__).parents[3]
    # The output ends once nobody can write to it any more: the busy process, which has it too, has ended.
    done = subprocess.run([sys.executable, "-uc", script], cwd=root, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip().isdigit()) == (-9, True)
