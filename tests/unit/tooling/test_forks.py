"""Commands that tests start by a fork behave as they do after a start of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import fork_server
from tests.fixtures.forks import QUANTERA, Forked, ForkServer, Heard, run_forked, shell_functions
from tests.fixtures.waiting import GENEROUS, wait_until


@pytest.fixture
def module(tmp_path: Path) -> Any:
    """`module(source)`: the command that runs a source as a module, in the folder that it is in."""

    def write(source: str) -> dict[str, Any]:
        (tmp_path / "forked_here.py").write_text(source)
        return {"command": [sys.executable, "-m", "forked_here", "one", "two words"], "cwd": tmp_path}

    return write


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('reason')", 1),
        ("raise ValueError('reason')", 1),
        ("raise KeyboardInterrupt", -signal.SIGINT),
        ("import os; os._exit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("import atexit; atexit.register(print, 'at its end')", 0),
        ("import threading; threading.Thread(target=print, args=['in a thread']).start()", 0),
    ],
)
def test_run_forked__any_end__is_that_of_a_start(module: Any, source: str, code: int) -> None:
    wanted = module(source)
    real = subprocess.run(wanted["command"], cwd=wanted["cwd"], capture_output=True, text=True)
    done = run_forked(**wanted)
    assert (done.returncode, done.stdout) == (real.returncode, real.stdout) and real.returncode == code
    assert done.stderr.splitlines()[-1:] == real.stderr.splitlines()[-1:]


def test_run_forked__arguments_streams_folder_environment__are_its_own(module: Any, tmp_path: Path) -> None:
    shows = "import os, sys\nprint(sys.argv[1:], os.getcwd(), sys.path[0], dict(os.environ), sys.stdin.read())"
    read_at_start = {name: value for name, value in os.environ.items() if fork_server.is_read_at_start(name)}
    environment = {**read_at_start, "COLOUR": "red"}
    done = run_forked(**module(shows), says="said", env=environment)
    assert done.stdout == f"['one', 'two words'] {tmp_path} {tmp_path} {environment} said\n"


def test_run_forked__twice__draws_different_random_numbers(module: Any) -> None:
    wanted = module("import random, numpy\nprint(random.random(), numpy.random.random())")
    first, second = (run_forked(**wanted).stdout.split() for _ in range(2))
    assert first[0] != second[0] and first[1] != second[1]


def test_run_forked__modules_of_the_command__are_imported_already(module: Any) -> None:
    assert run_forked(**module("import sys\nprint('keepers.bots.launch' in sys.modules)")).stdout == "True\n"


def test_forked__runs__can_be_asked_signalled_and_waited_for(module: Any) -> None:
    wanted = module("print('here', flush=True)\nimport signal\nsignal.pause()")
    with Heard(wanted["command"], cwd=wanted["cwd"]) as running:
        assert running.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(0.01)
        os.kill(running.pid, 0)
        running.terminate()
        assert running.wait(GENEROUS) == running.poll() == -signal.SIGTERM
        running.kill()
        assert running.returncode == -signal.SIGTERM


def test_forked__asked_by_one_thread_while_another_waits__both_have_the_code(module: Any) -> None:
    for _ in range(20):
        running = Forked(**module("raise SystemExit(3)"))
        with ThreadPoolExecutor(4) as pool:
            waiting = [pool.submit(running.wait, GENEROUS) for _ in range(4)]
            wait_until(lambda running=running: running.poll() is not None)
            assert [one.result() for one in waiting] == [3] * 4 == [running.poll()] * 4


def test_forked__interrupted_while_the_server_is__ends_as_after_a_start(module: Any) -> None:
    wanted = module("print('here', flush=True)\nimport signal\nsignal.pause()")
    log = wanted["cwd"] / "log"
    with log.open("wb") as output, Forked(wanted["command"], cwd=wanted["cwd"], stdout=output) as running:
        wait_until(lambda: log.read_bytes() == b"here\n")
        running.send_signal(signal.SIGINT)
        assert running.wait(GENEROUS) == -signal.SIGINT


@pytest.mark.parametrize("name", ["PYTHONUNBUFFERED", "TZ", "LC_ALL", "OPENBLAS_NUM_THREADS"])
def test_forked__variable_that_a_start_reads__is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name}: read when Python starts; start a process$"):
        Forked([sys.executable, "-m", "keepers"], env={**os.environ, name: "other"})


def test_forked__source_as_an_argument__is_refused() -> None:
    with pytest.raises(ValueError, match="only -m and a module can be forked"):
        Forked([sys.executable, "-c", "pass"])


def test_require_one_thread__another_thread__refuses_to_fork() -> None:
    ended = threading.Event()
    other = threading.Thread(target=ended.wait)
    other.start()
    try:
        with pytest.raises(RuntimeError, match="threads: a server forks only without others"):
            fork_server.require_one_thread()
    finally:
        ended.set()
        other.join()


def test_shell_functions__command_of_a_script__is_a_fork_with_its_streams_and_code(tmp_path: Path) -> None:
    script = "source .ci/env.sh; type -t quantera; quantera --version; quantera run risk --config none; echo $?"
    environment = {**os.environ, **shell_functions(QUANTERA)}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True)
    kind, version, code = done.stdout.splitlines()
    assert (kind, code) == ("function", "2") and version.startswith("quantera, version ")
    assert done.stderr.startswith("quantera: none: cannot be read")


def test_close__process_that_runs__ends_with_its_server(module: Any) -> None:
    server = ForkServer(("json",))
    wanted = module("import signal\nsignal.pause()")
    running = Forked(wanted["command"], cwd=wanted["cwd"], server=server)
    server.close()
    with pytest.raises(ProcessLookupError):
        os.kill(running.pid, 0)
