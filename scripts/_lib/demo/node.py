"""The demo's own node: anvil on a free port, at a time of the demo's choosing."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts._lib.anvil import ROOMY_BLOCKS, SHORT_HISTORY
from scripts._lib.artifacts import ROOT
from scripts._lib.demo import processes
from scripts._lib.demo.errors import DemoError
from scripts._lib.ports import free_port

CHAIN_ID = 31337
ACCOUNTS = 30
START_SECONDS = 30.0


@contextmanager
def local_node(timestamp: int, log: Path, port: int | None = None) -> Iterator[str]:
    """Starts anvil, yields its URL, and takes it down however the block ends.

    Args:
        timestamp: Unix seconds of the first block.
        log: File for its output.
        port: Port to listen on; the default is a free one.

    Raises:
        DemoError: If it does not answer within START_SECONDS.
    """
    port = port or free_port()
    command = [str(ROOT / ".ci/bin/anvil"), "--port", str(port), "--hardfork", "prague", "--quiet"]
    command += ["--chain-id", str(CHAIN_ID), "--accounts", str(ACCOUNTS), "--timestamp", str(timestamp)]
    command += ["--base-fee", "0", "--gas-price", "0", "--no-request-size-limit", *SHORT_HISTORY, *ROOMY_BLOCKS]
    process = processes.spawn(command, log)
    try:
        _wait_for(port, process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        processes.stop(process)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise DemoError(f"anvil did not start; run `make install`, then see {log}")
