"""The demo as a newcomer runs it, over fewer days."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.waiting import GENEROUS, wait_until

ROOT = Path(__file__).resolve().parents[2]
DAYS = 26
REPLAY_SECONDS = 600
"""More than DAYS days take on a busy machine."""
STOP_SECONDS = 20
"""A person who presses Ctrl-C waits no longer."""


BOTS = ("risk", "rebalance")
RESTARTED = "both keepers killed and restarted"


def both_log(output: Path) -> bool:
    """True if both keepers have written to their logs."""
    logs = [output / f"keepers/{bot}.log" for bot in BOTS]
    return all(log.is_file() and log.stat().st_size for log in logs)


def command(output: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "scripts.demo", "--output", str(output), *options]


def processes() -> dict[int, tuple[int, str]]:
    """Parent and command of every process by its id, without zombies."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True)
    rows = [line.split(None, 3) for line in listed.stdout.splitlines()]
    return {int(row[0]): (int(row[1]), row[3]) for row in rows if len(row) == 4 and "Z" not in row[2]}


def descendants(pid: int) -> dict[int, str]:
    """Commands of a process's children, their children and so on, by id."""
    running, found, parents = processes(), {}, {pid}
    while parents:
        children = {child for child, (parent, _) in running.items() if parent in parents}
        found |= {child: running[child][1] for child in children}
        parents = children
    return found


def still_running(known: dict[int, str]) -> dict[int, str]:
    running = processes()
    return {pid: command for pid, command in known.items() if running.get(pid, (0, ""))[1] == command}


@dataclass(frozen=True)
class Replay:
    """The demo over the weeks around the crash of March 2020, as it runs.

    Attributes:
        demo: Its process.
        output: The folder that it writes to.
        printed: File of all that it prints.
    """

    demo: subprocess.Popen[bytes]
    output: Path
    printed: Path

    def text(self) -> str:
        """All that has been printed."""
        return self.printed.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, words: str, times: int = 1) -> None:
        """Returns when the demo has printed something so many times."""
        wait_until(
            lambda: self.text().count(words) >= times,
            REPLAY_SECONDS,
            meanwhile=self._require_running,
            why=self._so_far,
        )

    def wait_for_its_keepers(self) -> None:
        """Returns when both keepers have written to their logs."""
        wait_until(lambda: both_log(self.output), meanwhile=self._require_running, why=self._so_far)

    def wait_for_its_end(self) -> None:
        """Returns when the demo has ended as it should."""
        try:
            self.demo.wait(REPLAY_SECONDS)
        except subprocess.TimeoutExpired:
            # The interpreter prints the stack of every thread before it ends.
            self.demo.send_signal(signal.SIGABRT)
            self.demo.wait(GENEROUS)
        assert self.demo.returncode == 0, self._so_far()

    def _require_running(self) -> None:
        assert self.demo.poll() in (None, 0), self._so_far()

    def _so_far(self) -> str:
        return so_far(self.output, self.printed)


# A fixture for each part of the replay, so that none of them holds a run of all tests up for long.


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    """The replay, when everything is deployed and both keepers write their logs."""
    folder = tmp_path_factory.mktemp("demo")
    output, printed = folder / "out", folder / "printed"
    run = command(output, "--from", "2020-02-18", "--days", str(DAYS))
    environment = {**os.environ, "PYTHONFAULTHANDLER": "1", "PYTHONUNBUFFERED": "1"}
    with printed.open("wb") as file:
        demo = subprocess.Popen(run, cwd=ROOT, stdout=file, stderr=file, env=environment)
    try:
        replay = Replay(demo, output, printed)
        replay.wait_for_its_keepers()
        yield replay
    finally:
        if demo.poll() is None:
            demo.terminate()
            demo.wait(GENEROUS)


@pytest.fixture(scope="module")
def set_up(at_work: Replay) -> Replay:
    """The replay, when it has told of its first event: a model that puts the breaker on its guard."""
    at_work.wait_for("Normal to Warning")
    return at_work


@pytest.fixture(scope="module")
def replay_tripped(set_up: Replay) -> Replay:
    """The replay, when the breaker has tripped for the first time."""
    set_up.wait_for(" to DeRiskOnly")
    return set_up


@pytest.fixture(scope="module")
def replay_restarted(replay_tripped: Replay) -> Replay:
    """The replay, when both keepers have been killed again after the trip."""
    replay_tripped.wait_for(RESTARTED, times=2)
    return replay_tripped


@pytest.fixture(scope="module")
def replay_recovered(replay_restarted: Replay) -> Replay:
    """The replay, when the breaker has recovered for the first time."""
    replay_restarted.wait_for("DeRiskOnly to Normal")
    return replay_restarted


@pytest.fixture(scope="module")
def crash(replay_recovered: Replay) -> dict[str, Any]:
    """Summary of the replay, the folder it was written to, and all that was printed."""
    replay_recovered.wait_for_its_end()
    summary: dict[str, Any] = json.loads((replay_recovered.output / "summary.json").read_text(encoding="utf-8"))
    return {"summary": summary, "folder": replay_recovered.output, "printed": replay_recovered.text()}


@pytest.mark.slow
def test_keepers__at_work__log_their_start(at_work: Replay) -> None:
    for bot in BOTS:
        first = json.loads((at_work.output / f"keepers/{bot}.log").read_text(encoding="utf-8").splitlines()[0])
        assert first["bot"].startswith(f"{bot}:"), first


@pytest.mark.slow
def test_progress__while_it_replays__is_told_line_by_line(set_up: Replay) -> None:
    assert set_up.demo.poll() is None and not (set_up.output / "summary.json").exists()
    assert "The replay" not in set_up.text()


@pytest.mark.slow
def test_progress__a_trip__is_told_with_its_cause_after_a_restart(replay_tripped: Replay) -> None:
    before, after = replay_tripped.text().split(" to DeRiskOnly", 1)
    assert RESTARTED in before
    assert after.startswith("; VaR outside the limit")


@pytest.mark.slow
def test_progress__another_restart__is_told_after_the_trip(replay_restarted: Replay) -> None:
    told = replay_restarted.text()
    assert told.index(" to DeRiskOnly") < told.index(RESTARTED, told.index(RESTARTED) + 1)


@pytest.mark.slow
def test_progress__a_recovery__is_told_after_the_trip(replay_recovered: Replay) -> None:
    told = replay_recovered.text()
    assert told.index(" to DeRiskOnly") < told.index("DeRiskOnly to Normal")


@pytest.mark.slow
def test_summary__has_every_key(crash: dict[str, Any]) -> None:
    summary = crash["summary"]
    assert set(summary["var"]) >= {"confidence", "observations", "exceedances", "kupiec_p"}
    assert summary["var"]["confidence"] == 0.95
    assert summary["var99"]["confidence"] == 0.99
    for var in (summary["var"], summary["var99"]):
        assert var["observations"] == DAYS - 1
        assert 0 <= var["exceedances"] <= var["observations"]
        assert 0 <= var["kupiec_p"] <= 1
    assert summary["seconds"] > 0
    kinds = {
        "deposit",
        "withdraw in cash",
        "redeem in kind",
        "post model",
        "post report",
        "post depth",
        "rebalance",
        "trip",
    }
    assert kinds <= set(summary["gas"])
    assert all(gas > 21_000 for gas in summary["gas"].values())


@pytest.mark.slow
def test_staleness__is_measured_for_every_rebalance(crash: dict[str, Any]) -> None:
    found = crash["summary"]["staleness"]
    assert found["rebalances"] == crash["summary"]["rebalances"]
    assert 0 < found["median_bps"] <= found["worst_bps"]


@pytest.mark.slow
def test_crash__trips_derisks_and_recovers(crash: dict[str, Any]) -> None:
    changes = [change["change"] for change in crash["summary"]["states"]["changes"]]
    derisked = [change for change in changes if change.endswith("to DeRiskOnly")]
    assert "DeRiskOnly to Normal" in changes
    first = next(c for c in crash["summary"]["states"]["changes"] if c["change"] == derisked[0])
    assert "outside the limit" in first["action"]
    assert max(crash["summary"]["crash"]["var99_after_trip"]) <= crash["summary"]["limits"]["max_var99"] / 1e4
    assert crash["summary"]["rebalances"] >= 2


@pytest.mark.slow
def test_keepers__killed_and_restarted__did_everything_once(crash: dict[str, Any]) -> None:
    summary = crash["summary"]
    assert summary["restarts"] >= 1
    assert summary["once"]["models"] == DAYS
    assert summary["once"]["days_without_model"] == summary["once"]["days_without_decision"] == 0


@pytest.mark.slow
def test_reports__every_model_has_one__with_depth_known(crash: dict[str, Any]) -> None:
    found = crash["summary"]["reported"]
    # A rebalance in the same second may leave a day's report to the next day's.
    assert found["reports"] >= DAYS - crash["summary"]["rebalances"] and found["depths"] >= 6
    assert 0 < found["var"]["1 d 99.0%"] < found["var"]["10 d 99.0%"] < found["shortfall"]["10 d 99.9%"] < 1
    assert found["stress"]["largest holding lost"] > 0 and found["days_to_liquidate"] > 0
    assert "The risk report of" in crash["printed"]


@pytest.mark.slow
def test_refusals__name_the_reason(crash: dict[str, Any]) -> None:
    reasons = [refusal["reason"] for refusal in crash["summary"]["refusals"]]
    assert any("CountryNotAllowed" in reason for reason in reasons)
    assert any("KycExpired" in reason for reason in reasons)


@pytest.mark.slow
def test_attacks__all_refused__loss_within_budget(crash: dict[str, Any]) -> None:
    attacks = {attack["name"]: attack for attack in crash["summary"]["attacks"]}
    assert len(attacks) >= 8
    for attack in attacks.values():
        assert attack["refused"], attack
        assert "__" in attack["reason"], attack
        assert attack["loss_bps"] <= attack["budget_bps"], attack
        assert attack["attempted_loss_bps"] > 0, attack
    small = attacks.pop("repeated small losses")
    assert 0 < small["loss_bps"] < small["attempted_loss_bps"]
    assert all(attack["loss_bps"] == 0 for attack in attacks.values())


@pytest.mark.slow
def test_component_var__of_the_riskiest_day__sums_to_var(crash: dict[str, Any]) -> None:
    found = crash["summary"]["component_var"]
    parts = [row["component_var"] for row in found["assets"]]
    assert sum(parts) == pytest.approx(found["var99"], rel=1e-9)
    assert parts == sorted(parts, reverse=True) and len(parts) > 5
    assert "Component VaR" in crash["printed"]


@pytest.mark.slow
def test_exit__after_shutdown__everything_but_the_paused_stock_at_once(crash: dict[str, Any]) -> None:
    left = crash["summary"]["exit"]
    assert left["shares_left"] == 0
    assert left["set_aside"] == left["claimed"]
    assert len(left["set_aside"]) == 1
    assert not set(left["set_aside"]) & set(left["received"])


@pytest.mark.slow
def test_report__needs_no_network(crash: dict[str, Any]) -> None:
    page = (crash["folder"] / "report.html").read_text(encoding="utf-8")
    assert "<script src" not in page
    assert "<link" not in page
    assert page.count("Plotly.newPlot(") >= 4


# Only Linux tells a child that its parent is gone, which a kill leaves no time to say.
ENDINGS = (signal.SIGINT, signal.SIGTERM, *((signal.SIGKILL,) if sys.platform == "linux" else ()))


@pytest.mark.slow
@pytest.mark.parametrize("number", ENDINGS, ids=lambda number: number.name)
def test_stopped_midway__leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    output, printed = tmp_path / "out", tmp_path / "printed"
    with printed.open("wb") as file:
        demo = subprocess.Popen(command(output), cwd=ROOT, stdout=file, stderr=file, start_new_session=True)

    def require_running() -> None:
        assert demo.poll() is None, f"the demo ended with {demo.returncode}\n{printed.read_text()[-3000:]}"

    try:
        wait_until(lambda: both_log(output), meanwhile=require_running, why=lambda: so_far(output, printed))
        children = descendants(demo.pid)
        assert len(children) >= 3
        os.kill(demo.pid, number)
        demo.wait(STOP_SECONDS)
        wait_until(lambda: not still_running(children), STOP_SECONDS, why=lambda: str(still_running(children)))
        assert demo.returncode == (-number if number is signal.SIGKILL else 130)
    finally:
        if demo.poll() is None:
            os.kill(demo.pid, signal.SIGTERM)
            demo.wait(GENEROUS)


def so_far(output: Path, printed: Path) -> str:
    """Returns what a stuck demo has printed and logged."""
    logs = [printed, *sorted(output.rglob("*.log"))]
    return "\n".join(f"-- {log.name}\n{log.read_text(errors='replace')[-4000:]}" for log in logs if log.is_file())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--days", "3"), "20<=x<=1000"),
        (("--from", "2022-12-01"), "prices run from 1990-01-02 to 2022-12-28"),
        (("--stocks", "AAPL,JNJ,JPM,MSFT,NOPE"), "no prices of NOPE"),
        (("--stocks", "AAPL"), "give 5 to 12"),
        (("--speed", "9"), "No such option"),
    ],
)
def test_wrong_option__one_clear_line(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    run = subprocess.run(
        command(tmp_path / "out", *options), cwd=ROOT, capture_output=True, text=True, timeout=GENEROUS
    )
    assert run.returncode != 0
    assert words in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


def test_output__somebody_elses_folder__is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious", encoding="utf-8")
    run = subprocess.run(command(tmp_path), cwd=ROOT, capture_output=True, text=True, timeout=GENEROUS)
    assert run.returncode == 1
    assert "choose another --output" in run.stderr
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "precious"
