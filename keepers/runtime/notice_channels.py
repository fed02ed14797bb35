"""Channels that notices of alert rules are delivered on: the log, a webhook, e-mail."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Protocol

import requests

from keepers import __version__
from keepers.errors import KeeperError
from keepers.risk.alert_settings import EmailChannel, WebhookChannel
from keepers.store.notices import Notice

LEAST_SECRET = 16
"""Characters of a webhook's secret, below which it could be guessed."""

_LEVELS = {"info": "info", "warning": "warning", "critical": "error"}


class NotDelivered(KeeperError):
    """A channel that did not take a notice; no secret and no answer's text is part of it."""


class Channel(Protocol):
    """A channel that takes notices."""

    @property
    def seconds(self) -> float:
        """Maximum time that an attempt takes."""
        ...

    def deliver(self, notice: Notice) -> str:
        """Hands a notice over; returns what a person should know although it was taken, or nothing.

        Raises:
            NotDelivered: If the channel did not take it.
        """
        ...


class LogLine:
    """The bot's own log.

    Args:
        log: structlog logger.
    """

    seconds = 1.0

    def __init__(self, log: Any) -> None:
        self._log = log

    def deliver(self, notice: Notice) -> str:
        """Writes one line, `alert`, at the level of the severity."""
        getattr(self._log, _LEVELS[notice.severity])("alert", **json.loads(notice.body))
        return ""


class Webhook:
    """An address that JSON is posted to.

    Args:
        name: Name of the channel, for messages.
        settings: Settings of the channel.
        secret: Key of the signature.
    """

    def __init__(self, name: str, settings: WebhookChannel, secret: bytes) -> None:
        self.seconds = 2 * settings.timeout_seconds
        self._name, self._settings, self._secret = name, settings, secret

    def __repr__(self) -> str:
        return f"Webhook({self._name})"

    def deliver(self, notice: Notice) -> str:
        """Posts the body with its HMAC-SHA256 and its key; only an answer of 2xx counts.

        Raises:
            NotDelivered: If the address does not answer, or answers something else.
        """
        body = notice.body.encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"quantera/{__version__}",
            "Idempotency-Key": notice.key,
            "X-Quantera-Signature": f"sha256={hmac.new(self._secret, body, hashlib.sha256).hexdigest()}",
        }
        settings = self._settings
        try:
            # A redirect would carry the notice to wherever it points. The answer's text is not read.
            with requests.post(
                settings.url,
                data=body,
                headers=headers,
                # `requests` would otherwise send the credentials that the user's .netrc has for the host.
                auth=lambda request: request,
                timeout=settings.timeout_seconds,
                allow_redirects=False,
                stream=True,
            ) as response:
                status = response.status_code
        except (requests.RequestException, OSError) as error:
            # An address may have a key in it, which the error's text would repeat.
            raise NotDelivered(
                f"channel {self._name}", f"does not answer ({type(error).__name__})", "check url and network"
            ) from None
        if not 200 <= status < 300:
            raise NotDelivered(f"channel {self._name}", f"answered {status}", "check url and secret_file")
        return ""


class Email:
    """A mail server.

    Args:
        name: Name of the channel, for messages.
        settings: Settings of the channel.
        password: Password of the user; None to log in as nobody.
        ca_file: Certificates that the server's is checked with; None for the system's.
    """

    def __init__(self, name: str, settings: EmailChannel, password: str | None, ca_file: Path | None) -> None:
        # Connecting, greeting, TLS, login and the message are an exchange or more each.
        self.seconds = 8 * settings.timeout_seconds
        self._name, self._settings, self._password, self._ca_file = name, settings, password, ca_file

    def __repr__(self) -> str:
        return f"Email({self._name})"

    def deliver(self, notice: Notice) -> str:
        """Sends a message to every recipient; its Message-ID is made from the notice's key.

        One that the server takes for some recipients is not sent again: they would get it every hour.

        Raises:
            NotDelivered: If the server takes it for nobody.
        """
        try:
            with self._server() as server:
                if self._settings.username is not None and self._password is not None:
                    server.login(self._settings.username, self._password)
                refused = server.send_message(message_of(notice, self._settings))
        except smtplib.SMTPResponseException as error:
            raise NotDelivered(f"channel {self._name}", f"answered {error.smtp_code}", "check its settings") from None
        except (smtplib.SMTPException, OSError) as error:
            reason = f"does not take mail ({type(error).__name__})"
            raise NotDelivered(f"channel {self._name}", reason, "check host, port, tls and recipients") from None
        return f"refused {len(refused)} of {len(self._settings.recipients)} recipients" if refused else ""

    def _server(self) -> smtplib.SMTP:
        settings = self._settings
        place, wait = (settings.host, settings.port), settings.timeout_seconds
        if settings.tls == "none":
            return smtplib.SMTP(*place, timeout=wait)
        context = ssl.create_default_context(cafile=None if self._ca_file is None else str(self._ca_file))
        if settings.tls == "implicit":
            return smtplib.SMTP_SSL(*place, timeout=wait, context=context)
        server = smtplib.SMTP(*place, timeout=wait)
        try:
            server.starttls(context=context)
        except (smtplib.SMTPException, OSError):
            server.close()
            raise
        return server


def message_of(notice: Notice, settings: EmailChannel) -> EmailMessage:
    """The message of a notice, the same for every attempt.

    Args:
        notice: The notice.
        settings: Settings of the channel.
    """
    found: Mapping[str, Any] = json.loads(notice.body)
    message = EmailMessage()
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.recipients)
    message["Subject"] = f"[{found['severity']}] {found['portfolio']}: {found['rule']} {found['kind']}"
    message["Date"] = format_datetime(datetime.fromtimestamp(found["at"], UTC))
    message["Message-ID"] = f"<{notice.key}@{settings.sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    value = "unknown" if found["value"] is None else f"{found['value']:.6g}"
    bound = "off" if found["bound"] is None else f"{found['bound']:.6g}"
    since = datetime.fromtimestamp(found["since"], UTC)
    message.set_content(
        f"Rule {found['rule']} of portfolio {found['portfolio']}: {found['kind']}.\n\n"
        f"{found['metric']} ({found['meaning']}) is {value} at block {found['block']}; the rule fires "
        f"{found['comparison']} {bound}.\nThe comparison has held since {since:%Y-%m-%d %H:%M:%S} UTC.\n"
    )
    return message
