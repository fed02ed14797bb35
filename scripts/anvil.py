"""A local node of one's own: free port, prague, gone when the block ends."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from web3 import HTTPProvider, Web3

from scripts.artifacts import NODE_MODULES

START_SECONDS = 20.0


@contextmanager
def anvil(*options: str) -> Iterator[Web3]:
    """Starts anvil and yields web3 on it; its twenty accounts are unlocked.

    Args:
        options: More of anvil's own, such as "--block-time", "1".

    Raises:
        RuntimeError: If it does not answer within START_SECONDS.
    """
    port = _free_port()
    command = [str(NODE_MODULES / ".bin/anvil"), "--port", str(port), "--hardfork", "prague", "--silent"]
    command += ["--accounts", "20", "--base-fee", "0", "--gas-price", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        w3 = Web3(HTTPProvider(f"http://127.0.0.1:{port}", request_kwargs={"timeout": 60}))
        deadline = time.monotonic() + START_SECONDS
        while not w3.is_connected():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("anvil did not start: run `make install`, then look at its own output")
            time.sleep(0.02)
        yield w3
    finally:
        process.terminate()
        process.wait()


def advance(w3: Web3, seconds: int) -> None:
    """Mines a block that much later; automined blocks may share a timestamp."""
    w3.provider.make_request("evm_increaseTime", [seconds])  # type: ignore[arg-type]
    w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
