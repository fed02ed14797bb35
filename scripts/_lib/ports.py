"""Free ports of this machine, each handed out once: between the look and the use nobody else gets it."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

_FIRST, _LAST = 20_000, 32_767
"""Below what Linux and macOS take for outgoing connections, which would come in between unasked."""
_TRIES = 1_000
_kept: list[socket.socket] = []


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on.

    The same number of UDP stays bound until this process ends: by that another process sees that it is taken.

    Raises:
        OSError: If there is none.
    """
    for port in random.SystemRandom().sample(range(_FIRST, _LAST + 1), _TRIES):
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with suppress(OSError), socket.socket() as probe:
            claim.bind(("127.0.0.1", port))
            probe.bind(("127.0.0.1", port))
            _kept.append(claim)
            return port
        claim.close()
    raise OSError(f"no free port between {_FIRST} and {_LAST} of this machine; end what listens there")
