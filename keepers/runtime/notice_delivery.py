"""Delivers notices of alert rules, each at least once, from a thread that no bot waits for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from keepers.config import Config
from keepers.errors import KeeperError
from keepers.risk.alert_settings import LOG
from keepers.runtime.notice_channels import LEAST_SECRET, Channel, Email, LogLine, NotDelivered, Webhook
from keepers.signers.keys import KeyMaterialError, secret_line
from keepers.store import Store
from keepers.store.notices import DELIVERED, DROPPED, WAITING, Notice, claim, due, settle

FIRST_REST_SECONDS, LONGEST_REST_SECONDS = 10.0, 3600.0
"""Seconds between attempts, which double each time; there is no last attempt."""
LOOK_SECONDS = 1.0
"""Seconds between looks for notices that are due."""


def open_channels(config: Config, log: Any) -> dict[str, Channel]:
    """Opens the channels that a config names, and the log.

    Args:
        config: Config of the keeper.
        log: structlog logger of the bot.

    Raises:
        KeyMaterialError: If a secret cannot be read, or could be guessed.
    """
    opened: dict[str, Channel] = {LOG: LogLine(log)}
    for name, channel in config.risk.alerts.channels.items():
        where = f"risk.alerts.channels.{name}"
        if channel.webhook is not None:
            setting = f"{where}.webhook.secret_file"
            secret = secret_line(config.at(channel.webhook.secret_file), f"{setting}:", setting).encode()
            if len(secret) < LEAST_SECRET:
                raise KeyMaterialError(setting, f"has fewer than {LEAST_SECRET} characters", "give a random secret")
            opened[name] = Webhook(name, channel.webhook, secret)
        if channel.email is not None:
            file, authority = channel.email.password_file, channel.email.ca_file
            setting = f"{where}.email.password_file"
            password = None if file is None else secret_line(config.at(file), f"{setting}:", setting)
            opened[name] = Email(name, channel.email, password, None if authority is None else config.at(authority))
    return opened


def deliver_due(store: Store, channels: Mapping[str, Channel], log: Any, stop: threading.Event | None = None) -> int:
    """Tries every notice that is due once.

    A notice is claimed first, for longer than an attempt takes, so that replicas do not send it at the same time. One
    that is claimed when the process ends is sent again, with the same key.

    Args:
        store: Store of the bot.
        channels: Channels by name.
        log: structlog logger.
        stop: Ends the work between two notices when set.

    Returns:
        Number of notices that were delivered.

    Raises:
        StoreError: If the database cannot be reached.
    """
    delivered = 0
    for notice in due(store, _now(store)):
        if stop is not None and stop.is_set():
            break
        channel = channels.get(notice.channel)
        if channel is None:
            settle(store, notice, DROPPED, fault="the channel is not in the config")
            log.warning("notice undelivered", channel=notice.channel, key=notice.key, reason="not in the config")
        elif claim(store, notice, _now(store) + channel.seconds + FIRST_REST_SECONDS):
            delivered += _attempt(store, notice, channel, log)
    return delivered


def _attempt(store: Store, notice: Notice, channel: Channel, log: Any) -> bool:
    """One attempt, and what became of it."""
    try:
        remark = channel.deliver(notice)
    except NotDelivered as error:
        rest = min(FIRST_REST_SECONDS * 2.0 ** min(notice.attempts, 30), LONGEST_REST_SECONDS)
        settle(store, notice, WAITING, _now(store) + rest, error.reason)
        log.warning("notice undelivered", channel=notice.channel, key=notice.key, reason=str(error), rests_seconds=rest)
        return False
    settle(store, notice, DELIVERED, fault=remark)
    if remark:
        log.warning("notice undelivered", channel=notice.channel, key=notice.key, reason=remark)
    return True


@contextmanager
def delivering(store: Store, config: Config, log: Any) -> Iterator[None]:
    """Delivers notices until the block ends.

    Args:
        store: Store of the bot.
        config: Config of the keeper.
        log: structlog logger of the bot.

    Raises:
        KeyMaterialError: If a secret cannot be read, or could be guessed.
    """
    channels, stop = open_channels(config, log), threading.Event()

    def work() -> None:
        """Looks for notices again and again; a database that is away is tried again."""
        while not stop.is_set():
            try:
                deliver_due(store, channels, log, stop)
            except KeeperError as error:
                log.warning("notice undelivered", reason=str(error))
            stop.wait(LOOK_SECONDS)

    thread = threading.Thread(target=work, name="notices", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        # An attempt that takes longer is cut off with the process; its notice is sent again.
        thread.join(timeout=5)


def _now(store: Store) -> float:
    """Unix seconds by the clock that replicas share."""
    with store.reading() as connection:
        return store.now(connection)
