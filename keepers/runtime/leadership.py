"""Which replica of a bot acts: the one that holds its lease."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from typing import Any

from keepers.errors import KeeperError
from keepers.store import Lease, Store


class Leadership:
    """One replica's hold on a bot's lease.

    Args:
        store: Database that the replicas share.
        bot: Name of the bot.
        seconds: Time for which a replica that died keeps the others out.
        holder: Name of this replica; the default is a random one.
    """

    def __init__(self, store: Store, bot: str, seconds: float, holder: str = "") -> None:
        self.holder = holder or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._store = store
        self._name = f"bot:{bot}"
        self._seconds = seconds
        self._lease: Lease | None = None
        self._resigned = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def lease(self) -> Lease | None:
        """The lease that this replica holds as far as it knows; the store checks it with every signature."""
        return self._lease

    def lead(self) -> bool:
        """Takes the lease or renews it; whether this replica acts.

        Raises:
            StoreError: If the database cannot be reached.
        """
        self._lease = self._store.take_lease(self._name, self.holder, self._seconds)
        return self._lease is not None

    def keep(self, log: Any) -> None:
        """Renews in a thread of its own while the replica is busy."""
        self._thread = threading.Thread(target=self._renew, args=(log,), name="lease", daemon=True)
        self._thread.start()

    def resign(self) -> None:
        """Lets the next replica have it at once."""
        self._resigned.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        lease, self._lease = self._lease, None
        if lease is not None:
            self._store.give_up_lease(lease)

    def _renew(self, log: Any) -> None:
        while not self._resigned.wait(self._seconds / 3):
            if self._lease is None:
                continue
            try:
                if not self.lead():
                    log.warning("lease lost", holder=self.holder)
            except KeeperError as error:
                log.warning("lease not renewed", reason=str(error))
