"""Several endpoints of one chain: the first healthy one answers, a failing one rests."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import requests

from keepers import __version__
from keepers.chain.errors import ChainError, NodeUnreachable, WrongNetwork

Answer = TypeVar("Answer")

_REST, _LONGEST_REST = 1.0, 60.0
"""Seconds for which an endpoint that failed is asked last; doubles with each failure in a row."""


@dataclass(frozen=True)
class Health:
    """How an endpoint does.

    Attributes:
        url: Without secrets.
        up: Whether its last request was answered.
        failures: In a row.
        reason: Of the last failure, or "".
        latency: Seconds that its last answer took.
        height: Of the newest block that it gave; 0 before the first.
    """

    url: str
    up: bool
    failures: int
    reason: str
    latency: float
    height: int


class Endpoint:
    """One URL.

    Args:
        url: http:// or https://.
        timeout: Seconds that any one request may take.
    """

    def __init__(self, url: str, timeout: float) -> None:
        if not url.startswith(("http://", "https://")):
            raise ChainError(redact(url), "not an http:// or https:// address", "correct rpc_url")
        self.url = redact(url)
        self.height = 0
        self._url = url
        self._timeout = timeout
        self._numbers = itertools.count(1)
        self._local = threading.local()
        self._chain_id: int | None = None
        self._failures = 0
        self._reason = ""
        self._latency = 0.0
        self._rests_until = 0.0

    @property
    def health(self) -> Health:
        """How it does."""
        return Health(self.url, self._failures == 0, self._failures, self._reason, self._latency, self.height)

    @property
    def rests_until(self) -> float:
        """Monotonic seconds; zero for a healthy one."""
        return self._rests_until

    def request(self, method: str, params: list[Any]) -> dict[str, Any]:
        """One raw JSON-RPC response.

        Raises:
            NodeUnreachable: If there is none.
        """
        answer: dict[str, Any] = self._timed(lambda: self._post(self._question(method, params), dict))
        return answer

    def batch(self, pending: Sequence[tuple[str, list[Any]]]) -> list[dict[str, Any]]:
        """Raw responses to many requests, in order.

        Raises:
            NodeUnreachable: If there are none.
        """
        questions = [self._question(method, params) for method, params in pending]
        found = self._timed(lambda: self._post(questions, object))
        # A node may answer in any order.
        answers = {answer.get("id"): answer for answer in found} if isinstance(found, list) else {}
        if any(question["id"] not in answers for question in questions):
            reason = f"no batch answer: {str(found)[:120]}"
            self.rest(reason)
            raise NodeUnreachable(self.url, reason, "use a node with batches")
        return [answers[question["id"]] for question in questions]

    def require_chain(self, chain_id: int) -> None:
        """Asks once which chain it is on.

        Raises:
            WrongNetwork: If it is another one.
            NodeUnreachable: If there is no answer.
        """
        if self._chain_id is None:
            self._chain_id = int(self.request("eth_chainId", [])["result"], 16)
        if self._chain_id != chain_id:
            remedy = "correct rpc_url or chain_id in the config"
            raise WrongNetwork(self.url, f"is chain {self._chain_id}, not {chain_id}", remedy)

    def rest(self, reason: str) -> None:
        """Has it asked last for a while."""
        self._failures += 1
        self._reason = reason
        self._rests_until = time.monotonic() + min(_REST * 2.0 ** (self._failures - 1), _LONGEST_REST)

    def close(self) -> None:
        """Forgets the HTTP connections."""
        self._local = threading.local()

    def _question(self, method: str, params: list[Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": next(self._numbers), "method": method, "params": params}

    def _post(self, body: object, kind: type) -> Any:
        """The JSON that comes back; plain HTTP, for a process that posts a few requests starts sooner without web3."""
        response = self._session().post(self._url, data=json.dumps(body), timeout=self._timeout)
        response.raise_for_status()
        answer = json.loads(response.content)
        if not isinstance(answer, kind):
            raise ValueError(f"not a JSON object: {str(answer)[:120]}")
        return answer

    def _session(self) -> requests.Session:
        """One a thread: requests does not promise that threads may share one."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.headers.update({"Content-Type": "application/json", "User-Agent": f"quantera/{__version__}"})
            # The environment names proxies, certificates and passwords; it is read once, not for each request.
            found = session.merge_environment_settings(self._url, {}, None, None, None)
            session.proxies, session.verify, session.cert = found["proxies"], found["verify"], found["cert"]
            session.auth = requests.utils.get_netrc_auth(self._url)
            session.trust_env = False
        return session

    def _timed(self, ask: Callable[[], Answer]) -> Answer:
        started = time.monotonic()
        try:
            answer = ask()
        except (requests.RequestException, OSError, ValueError) as error:
            failure = _unreachable(self.url, error)
            self.rest(failure.reason)
            raise failure from error
        self._latency = time.monotonic() - started
        self._failures, self._reason, self._rests_until = 0, "", 0.0
        return answer


class Endpoints:
    """Endpoints of one chain, in order of preference.

    Attributes:
        note: Told of a change of endpoint, as structlog's loggers are.

    Args:
        endpoints: At least one.
        chain_id: That all of them have to be on.
    """

    def __init__(self, endpoints: Sequence[Endpoint], chain_id: int) -> None:
        self.note: Callable[..., object] = lambda _event, **_: None
        self._endpoints = tuple(endpoints)
        self._chain_id = chain_id
        self._current = self._endpoints[0]
        self._lock = threading.Lock()
        self._highest = 0

    def ask(self, question: Callable[[Endpoint], Answer]) -> Answer:
        """The first answer that there is.

        Raises:
            NodeUnreachable: If no endpoint answers; of the preferred one.
            WrongNetwork: If one is on another chain.
        """
        failure: NodeUnreachable | None = None
        for endpoint in self._in_order():
            try:
                endpoint.require_chain(self._chain_id)
                answer = question(endpoint)
            except NodeUnreachable as error:
                failure = failure or error
                if endpoint.health.failures == 1:
                    self.note("endpoint down", url=endpoint.url, reason=error.reason)
            else:
                self._use(endpoint)
                return answer
        assert failure is not None  # there is at least one endpoint
        raise failure

    def newest(self, question: Callable[[Endpoint], Answer], height: Callable[[Answer], int], lag: int) -> Answer:
        """As `ask`, for the newest block: an endpoint more than `lag` blocks behind what was seen rests.

        Where every endpoint is that far behind the chain itself went back, and the highest is right.
        """
        behind: list[Answer] = []
        for _ in self._endpoints:
            answer, endpoint = self.ask(lambda endpoint: (question(endpoint), endpoint))
            endpoint.height = height(answer)
            with self._lock:
                if endpoint.height >= self._highest - lag:
                    self._highest = max(self._highest, endpoint.height)
                    return answer
            behind.append(answer)
            endpoint.rest(f"at block {endpoint.height}, behind {self._highest}")
        found = max(behind, key=height)
        with self._lock:
            self._highest = height(found)
        return found

    def health(self) -> list[Health]:
        """How each does, in order of preference."""
        return [endpoint.health for endpoint in self._endpoints]

    def close(self) -> None:
        """Forgets the HTTP connections."""
        for endpoint in self._endpoints:
            endpoint.close()

    def _use(self, endpoint: Endpoint) -> None:
        if endpoint is not self._current:
            reason = self._current.health.reason or "the preferred one is back"
            self.note("failover", url=endpoint.url, was=self._current.url, reason=reason)
            self._current = endpoint

    def _in_order(self) -> list[Endpoint]:
        now = time.monotonic()
        return sorted(self._endpoints, key=lambda endpoint: max(0.0, endpoint.rests_until - now))


def redact(url: str) -> str:
    """An address without user, password, path and query, where providers put their keys."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url.partition("/")[0]
    host = rest.partition("/")[0].partition("?")[0]
    return f"{scheme}://{host.rpartition('@')[2]}"


def _unreachable(url: str, error: Exception) -> NodeUnreachable:
    if isinstance(error, requests.Timeout):
        reason = "no answer in time"
    elif isinstance(error, requests.HTTPError) and error.response is not None:
        reason = f"HTTP status {error.response.status_code}"
    elif isinstance(error, requests.ConnectionError):
        reason = "nothing accepts connections"
    else:
        reason = f"no JSON-RPC answer ({type(error).__name__})"
    return NodeUnreachable(url, reason, "start the node or correct rpc_url")
