"""Addresses of clusters: found wanting in seconds, before a client tries for minutes."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from keepers.risk.errors import RiskError

SECONDS = 10
"""Time for a cluster to answer."""


def require_listener(kind: str, address: str, example: str) -> None:
    """Refuses an address at which nothing listens.

    Args:
        kind: Name of the cluster's software.
        address: `HOST:PORT`, with or without a scheme.
        example: Address of the right form.

    Raises:
        RiskError: If it is no such address, or nothing answers there.
    """
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or port is None:
        raise RiskError(f"{kind} at {address}", "is no host with a port", f"give an address such as {example}")
    try:
        socket.create_connection((host, port), timeout=SECONDS).close()
    except OSError as error:
        reason = f"does not answer ({error.strerror or error.__class__.__name__})"
        raise RiskError(f"{kind} at {address}", reason, "start it, or look at its address") from error
