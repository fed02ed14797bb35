"""Onfido's REST API, version 3.6: applicants and workflow runs.

Source: onfido/onfido-openapi-spec, v3.6; authentication is "Authorization: Token token=…".
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from keepers.compliance.kyc import onfido as pure
from keepers.compliance.kyc.checks import CheckRequest, CheckResult, Expected, StartedCheck
from keepers.compliance.kyc.webhooks import ONFIDO
from keepers.providers.http import HttpClient

VERSION = "/v3.6"
_PAGES = 50
"""Pages of runs that are looked through for one; a page holds what Onfido decides."""
_EARLIER = 3600
"""Seconds before a check was asked for from which on it is looked for: the two clocks need not agree."""


class OnfidoClient:
    """A client with an API token.

    Args:
        url: Host of the region, such as "https://api.eu.onfido.com".
        token: API token.
        clock: Unix seconds.
    """

    def __init__(self, url: str, token: str, clock: Callable[[], float] = time.time) -> None:
        self._http = HttpClient(ONFIDO, url, clock=clock)
        self._authorization = f"Token token={token}"
        self._clock = clock

    def __repr__(self) -> str:
        return "OnfidoClient()"

    @property
    def name(self) -> str:
        """Returns the provider's name."""
        return ONFIDO

    def find(self, request: CheckRequest) -> StartedCheck | None:
        """Looks for the run with the request's tag among those that were begun since it was asked for."""
        since = datetime.fromtimestamp(request.asked - _EARLIER, UTC)
        query = {"created_at_gt": f"{since:%Y-%m-%dT%H:%M:%SZ}", "sort": "asc"}
        for page in range(1, _PAGES + 1):
            runs = self._ask("GET", "/workflow_runs", params={**query, "page": str(page)})
            if not isinstance(runs, list) or not runs:
                return None
            found = pure.found_among(runs, request)
            if found is not None:
                return found
        return None

    def start(self, request: CheckRequest) -> StartedCheck:
        """Makes an applicant, and begins a workflow run with a link for the person."""
        made = self._ask("POST", "/applicants", json=pure.applicant_body(request))
        body = pure.run_body(request, pure.applicant_of_answer(made), int(self._clock()))
        return pure.started(self._ask("POST", "/workflow_runs", json=body))

    def result(self, expected: Expected) -> CheckResult:
        """Asks for the run."""
        return pure.result_of(self._ask("GET", f"/workflow_runs/{expected.check}"), expected)

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        return self._http.ask(method, VERSION + path, self._authorization, **body)
