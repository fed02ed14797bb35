"""Settings of alert rules and of the channels that they are told on, as a config has them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from keepers.risk.alert_rules import AlertRule, Name
from keepers.schema import Strict
from keepers.urls import is_private, is_this_machine

LOG = "log"
"""Channel that is always there: the bot's own log."""

Seconds = Annotated[float, Field(gt=0, le=300)]
Address = Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$", max_length=254)]


class WebhookChannel(Strict):
    """An address that notices are posted to as JSON.

    The first line of `secret_file` is the key of the HMAC-SHA256 over the body, in the header X-Quantera-Signature.
    """

    url: str
    secret_file: Path
    timeout_seconds: Seconds = 10.0

    @field_validator("url")
    @classmethod
    def _is_private(cls, url: str) -> str:
        if not is_private(url):
            raise ValueError("not an https:// address; http:// is for this machine only")
        return url


class EmailChannel(Strict):
    """A mail server that takes notices. `tls` is "starttls", "implicit", or "none", which is for this machine only.

    `username` and the first line of `password_file` log in, where the server asks for it.
    """

    host: Annotated[str, Field(min_length=1)]
    port: int = Field(default=587, ge=1, le=65_535)
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    ca_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    sender: Address
    recipients: Annotated[tuple[Address, ...], Field(min_length=1)]
    timeout_seconds: Seconds = 30.0

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.tls == "none" and not is_this_machine(self.host):
            raise ValueError("tls none is for this machine only; choose starttls or implicit")
        if (self.username is None) != (self.password_file is None):
            raise ValueError("give both username and password_file, or neither")
        return self


class AlertChannel(Strict):
    """A channel: a webhook or e-mail."""

    webhook: WebhookChannel | None = None
    email: EmailChannel | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.webhook is None) == (self.email is None):
            raise ValueError("give either webhook or email")
        return self


class AlertSettings(Strict):
    """Alert rules about recorded numbers, and the channels that they name beside `log`."""

    channels: dict[Name, AlertChannel] = Field(default_factory=dict)
    rules: tuple[AlertRule, ...] = ()

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if LOG in self.channels:
            raise ValueError(f"channel {LOG} is always there; choose another name")
        names = [rule.name for rule in self.rules]
        for number, rule in enumerate(self.rules):
            if rule.name in names[:number]:
                raise ValueError(f"rule {rule.name} stands there twice")
            for channel in rule.channels:
                if channel != LOG and channel not in self.channels:
                    raise ValueError(f"rule {rule.name} names channel {channel}, which is not in channels; add it")
        return self
