"""Settings of identity checks, as a config has them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from eth_utils.address import is_address, to_checksum_address
from pydantic import Field, field_validator, model_validator

from keepers.compliance.kyc.webhooks import JUMIO, ONFIDO
from keepers.schema import Strict

_LEVEL = re.compile(r"[a-z][a-z0-9-]{0,31}")


class WantedTopic(Strict):
    """A claim topic that a level gives.

    `needs` is a part of the check that has to have been passed: a capability of Jumio, such as watchlistScreening, or a
    property of the output of Onfido's workflow.
    """

    topic: Annotated[int, Field(ge=0, lt=2**256, strict=True)]
    needs: str = ""


class Level(Strict):
    """A kind of verification: the provider's workflow, and the claims that it gives when it is passed.

    A claim counts for `valid_days` from the day on which the provider finished; not beyond the document's own expiry
    unless `document_bounds` is off.
    """

    provider: Literal["onfido", "jumio"]
    workflow: Annotated[str, Field(min_length=1, max_length=64)]
    topics: Annotated[tuple[WantedTopic, ...], Field(min_length=1)]
    valid_days: Annotated[int, Field(ge=1, le=3650)] = 365
    document_bounds: bool = True

    @field_validator("topics")
    @classmethod
    def _each_once(cls, topics: tuple[WantedTopic, ...]) -> tuple[WantedTopic, ...]:
        if len({one.topic for one in topics}) < len(topics):
            raise ValueError("a topic stands there twice")
        return topics


class OnfidoSettings(Strict):
    """Onfido: an API token and the token of a webhook, each the first line of a file that only its owner can read."""

    region: Literal["eu", "us", "ca"] = "eu"
    token_file: Path
    webhook_token_file: Path | None = None
    url: str = ""


class JumioSettings(Strict):
    """Jumio: an OAuth2 client, and the secret that the addresses for callbacks are made with.

    `company` stands in the User-Agent, which Jumio asks for. `url` replaces all three hosts of the region.
    """

    region: Literal["amer-1", "emea-1", "apac-1"] = "emea-1"
    client_id: Annotated[str, Field(min_length=1)]
    client_secret_file: Path
    callback_secret_file: Path | None = None
    company: Annotated[str, Field(pattern=r"^[\x20-\x7e]{1,64}$")] = "Quantera"
    url: str = ""


class WebhookPort(Strict):
    """The address that webhooks are taken at, behind a proxy that ends TLS, and the address that providers know."""

    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65_535)
    public_url: str = ""

    @field_validator("public_url")
    @classmethod
    def _is_encrypted(cls, url: str) -> str:
        if url and not url.startswith("https://"):
            raise ValueError("not an https:// address, which providers ask for")
        return url.rstrip("/")


class KycSettings(Strict):
    """Identity checks.

    `issuer` is the ONCHAINID claim issuer that `keys.claim_issuer` signs for. A verification begins anew
    `reverify_days` before its claims lapse; one that nobody finished within `link_days` is expired.
    """

    enabled: bool = False
    issuer: str = ""
    levels: dict[str, Level] = Field(default_factory=dict)
    onfido: OnfidoSettings | None = None
    jumio: JumioSettings | None = None
    webhooks: WebhookPort | None = None
    look_minutes: Annotated[float, Field(gt=0, le=60)] = 5.0
    link_days: Annotated[int, Field(ge=1, le=60)] = 7
    reverify_days: Annotated[int, Field(ge=1, le=365)] = 30

    @field_validator("issuer")
    @classmethod
    def _is_address(cls, issuer: str) -> str:
        if not issuer:
            return ""
        if not is_address(issuer) or issuer not in (issuer.lower(), to_checksum_address(issuer)):
            raise ValueError("is no address, or one that fails its checksum")
        return str(to_checksum_address(issuer))

    @field_validator("levels")
    @classmethod
    def _are_named(cls, levels: dict[str, Level]) -> dict[str, Level]:
        for name in levels:
            if not _LEVEL.fullmatch(name):
                raise ValueError("a level's name is small letters, digits and dashes")
        return levels

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.enabled and not (self.issuer and self.levels):
            raise ValueError("enabled without issuer and levels; add both")
        for name, level in self.levels.items():
            if getattr(self, level.provider) is None:
                raise ValueError(
                    f"level {name} is of {level.provider}, which has no settings; add kyc.{level.provider}"
                )
            if level.valid_days <= self.reverify_days:
                raise ValueError(f"level {name} is valid for no longer than reverify_days {self.reverify_days}")
        return self

    def level(self, name: str) -> Level | None:
        """Returns a level by its name, or None."""
        return self.levels.get(name)


PROVIDERS = (ONFIDO, JUMIO)
"""Names of the providers."""
