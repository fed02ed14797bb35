"""A local node of one's own: free port, prague, gone when the block ends."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from web3 import HTTPProvider, Web3
from web3.middleware import AttributeDictMiddleware
from web3.types import RPCEndpoint

from scripts._lib.artifacts import ROOT
from scripts._lib.node_connection import NodeConnection
from scripts._lib.ports import free_port

START_SECONDS = 60.0

SHORT_HISTORY = ("--prune-history", "256")
"""Anvil answers questions about so many blocks back, from memory. By default it writes the state after each block to
the home folder, a megabyte per block once the protocol is deployed, and leaves it there when it is killed."""

ROOMY_BLOCKS = ("--gas-limit", "1000000000")
"""Anvil mines at once what arrives, but leaves what a full block has no room for until the next transaction comes."""


@contextmanager
def anvil(*options: str, cwd: Path | None = None) -> Iterator[Web3]:
    """Starts anvil and yields web3 on it; its twenty accounts are unlocked.

    Args:
        options: More of anvil's own, such as "--block-time", "1".
        cwd: Folder whose foundry.toml it reads.

    Raises:
        RuntimeError: If it does not answer within START_SECONDS.
    """
    port = free_port()
    command = [str(ROOT / ".ci/bin/anvil"), "--port", str(port), "--hardfork", "prague", "--silent"]
    command += ["--accounts", "20", "--base-fee", "0", "--gas-price", "0", *SHORT_HISTORY, *ROOMY_BLOCKS, *options]
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        # A sender names the gas and pays nothing for it: the middleware has nothing to fill in.
        w3 = Web3(NodeConnection(f"http://127.0.0.1:{port}"), middleware=[(AttributeDictMiddleware, "attrdict")])
        deadline = time.monotonic() + START_SECONDS
        while not w3.is_connected():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("anvil did not start: run `make install`, then look at its own output")
            time.sleep(0.02)
        yield w3
    finally:
        process.terminate()
        process.wait()


def connected(url: str) -> Web3:
    """A node on this machine is behind no proxy, and its chain id does not change: neither is looked up per request."""
    session = requests.Session()
    session.trust_env = False
    # Nothing else is remembered: a block may be taken back.
    chain_id = {RPCEndpoint("eth_chainId")}
    options: dict[str, Any] = {"cache_allowed_requests": True, "cacheable_requests": chain_id}
    return Web3(HTTPProvider(url, request_kwargs={"timeout": 60}, session=session, **options))


def advance(w3: Web3, seconds: int) -> None:
    """Mines a block that much later; automined blocks may share a timestamp."""
    w3.provider.make_request(RPCEndpoint("evm_increaseTime"), [seconds])
    w3.provider.make_request(RPCEndpoint("evm_mine"), [])
