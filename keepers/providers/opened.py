"""Opens the providers and the secrets of webhooks that a config names."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from keepers.compliance.kyc.checks import IdentityProvider
from keepers.compliance.kyc.errors import KycError
from keepers.compliance.kyc.webhooks import JUMIO, ONFIDO
from keepers.config import Config
from keepers.providers.jumio import JumioClient, JumioHosts
from keepers.providers.onfido import OnfidoClient
from keepers.signers.keys import secret_line

_LEAST_SECRET = 16


@dataclass(frozen=True)
class WebhookSecrets:
    """Secrets that webhooks are known by; None for a provider whose webhooks are not taken.

    Attributes:
        onfido: Token of Onfido's webhook.
        jumio: Secret that Jumio's callback addresses are made with.
    """

    onfido: bytes | None = field(default=None, repr=False)
    jumio: bytes | None = field(default=None, repr=False)


def open_providers(config: Config) -> dict[str, IdentityProvider]:
    """Opens the clients of the providers that a config has settings for, by name.

    Raises:
        KeeperError: If a secret cannot be read, or an address is not encrypted.
    """
    found: dict[str, IdentityProvider] = {}
    onfido, jumio = config.kyc.onfido, config.kyc.jumio
    if onfido is not None:
        token = _secret(config, onfido.token_file, "kyc.onfido.token_file")
        found[ONFIDO] = OnfidoClient(onfido.url or f"https://api.{onfido.region}.onfido.com", token)
    if jumio is not None:
        secret = _secret(config, jumio.client_secret_file, "kyc.jumio.client_secret_file")
        hosts = JumioHosts(*[jumio.url] * 3) if jumio.url else JumioHosts.of(jumio.region)
        found[JUMIO] = JumioClient(hosts, (jumio.client_id, secret), jumio.company)
    return found


def webhook_secrets(config: Config) -> WebhookSecrets:
    """Reads the secrets of webhooks.

    Raises:
        KeeperError: If one cannot be read, or is too short to be one.
    """
    onfido, jumio = config.kyc.onfido, config.kyc.jumio
    return WebhookSecrets(
        _long(config, onfido.webhook_token_file if onfido else None, "kyc.onfido.webhook_token_file"),
        _long(config, jumio.callback_secret_file if jumio else None, "kyc.jumio.callback_secret_file"),
    )


def _long(config: Config, path: Path | None, setting: str) -> bytes | None:
    if path is None:
        return None
    found = _secret(config, path, setting).encode()
    if len(found) < _LEAST_SECRET:
        raise KycError(setting, f"has fewer than {_LEAST_SECRET} characters", "give a random secret")
    return found


def _secret(config: Config, path: Path, setting: str) -> str:
    found = secret_line(config.at(path), f"{setting}:", setting).strip()
    if not found.isascii() or not found.isprintable():
        raise KycError(setting, "holds no secret", "give one line of printable characters")
    return found
