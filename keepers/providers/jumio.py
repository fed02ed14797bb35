"""Jumio's REST APIs: authorization by OAuth2 client credentials, accounts, and retrieval.

Source: Jumio's documentation, "Authorization", "Creating or Updating Accounts", "Calling Retrieval APIs".
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from keepers import __version__
from keepers.compliance.kyc import jumio as pure
from keepers.compliance.kyc.checks import CheckRequest, CheckResult, Expected, StartedCheck, member, text
from keepers.compliance.kyc.errors import ProviderDown
from keepers.compliance.kyc.webhooks import JUMIO
from keepers.providers.http import HttpClient

_EARLY = 120.0
"""Seconds before its end from which an access token is not used any more."""
_LIFE = 3600.0
"""Seconds that an access token lives where the answer does not say so."""


@dataclass(frozen=True)
class JumioHosts:
    """The three hosts of a region.

    Attributes:
        auth, account, retrieval: Addresses of the services.
    """

    auth: str
    account: str
    retrieval: str

    @classmethod
    def of(cls, region: str) -> JumioHosts:
        """Returns the hosts of a data centre, such as "emea-1"."""
        return cls(*(f"https://{service}.{region}.jumio.ai" for service in ("auth", "account", "retrieval")))


@dataclass
class _Token:
    """An access token, and the unix seconds until which it is used."""

    value: str = field(default="", repr=False)
    until: float = 0.0


class JumioClient:
    """A client with OAuth2 credentials.

    Args:
        hosts: Hosts of the region.
        client: Client ID and client secret.
        company: Name for the User-Agent, which Jumio asks for.
        clock: Unix seconds.
    """

    def __init__(
        self, hosts: JumioHosts, client: tuple[str, str], company: str, clock: Callable[[], float] = time.time
    ) -> None:
        agent = f"{company} quantera/{__version__}"
        self._auth, self._account, self._retrieval = (
            HttpClient(JUMIO, url, agent, clock) for url in (hosts.auth, hosts.account, hosts.retrieval)
        )
        self._basic = "Basic " + base64.b64encode(":".join(client).encode()).decode()
        self._token = _Token()
        self._clock = clock

    def __repr__(self) -> str:
        return "JumioClient()"

    @property
    def name(self) -> str:
        """Returns the provider's name."""
        return JUMIO

    def find(self, request: CheckRequest) -> StartedCheck | None:
        """Returns None: Jumio publishes no way to look for an execution by its reference."""
        return None

    def start(self, request: CheckRequest) -> StartedCheck:
        """Makes an account with a workflow execution."""
        return pure.started(self._ask(self._account, "POST", "/api/v1/accounts", json=pure.account_body(request)))

    def result(self, expected: Expected) -> CheckResult:
        """Asks for the status, and for the details of a processed execution."""
        path = f"/api/v1/accounts/{expected.account}/workflow-executions/{expected.check}"
        found = pure.status_of(self._ask(self._retrieval, "GET", f"{path}/status"), expected)
        return found or pure.result_of(self._ask(self._retrieval, "GET", path), expected)

    def _ask(self, host: HttpClient, method: str, path: str, **body: Any) -> Any:
        answer = host.send(method, path, self._bearer(), **body)
        if answer.status == 401:
            # A token may end before its time; one refusal of a fresh one is a refusal.
            self._token = _Token()
            answer = host.send(method, path, self._bearer(), **body)
        return host.require(answer)

    def _bearer(self) -> str:
        if self._clock() >= self._token.until:
            body = {"grant_type": "client_credentials"}
            given = self._auth.ask("POST", "/oauth2/token", self._basic, data=body)
            value, life = text(given, "access_token"), member(given, "expires_in")
            if not value or not value.isascii() or not value.isprintable():
                raise ProviderDown(JUMIO, "gave no access token", "check kyc.jumio")
            seconds = float(life) if isinstance(life, int | float) and not isinstance(life, bool) else _LIFE
            self._token = _Token(value, self._clock() + max(seconds - _EARLY, 1.0))
        return f"Bearer {self._token.value}"
