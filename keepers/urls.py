"""Addresses that secrets and names may be sent to."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

PRIVATE_REMEDY = "use TLS; http:// is for this machine only"
"""Remedy for an address that is not private."""


def is_private(url: str) -> bool:
    """Returns True if nobody on the network reads what is sent to an address: https, or http to this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(parts.hostname or ""))


def is_this_machine(host: str) -> bool:
    """Returns True if a host is this machine by a name or an address that nobody else can take."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
