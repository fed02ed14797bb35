"""Several endpoints of one chain: the first healthy one answers, a failing one rests."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import orjson
import requests

from keepers import __version__
from keepers.rpc.answers import Malformed, Question, is_refusal, outcome, shown
from keepers.rpc.errors import ChainError, NodeUnreachable, WrongNetwork

Answer = TypeVar("Answer")

_REST, _LONGEST_REST = 1.0, 60.0
"""Seconds for which an endpoint that failed is asked last; doubles with each failure in a row."""
_COMPARE_SECONDS = 60.0
"""Between looks at the heights of all endpoints."""


@dataclass(frozen=True)
class Health:
    """The health of an endpoint.

    Attributes:
        url: Address without secrets.
        up: True if its last request was answered.
        failures: Number of failures in a row.
        reason: Reason of the last failure, or "".
        latency: Seconds that its last answer took.
        height: Height of the newest block that it gave; 0 before the first.
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
        if not url.startswith(("http://", "https://")) or not _is_address(url):
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

    def ask(self, question: Question) -> Any:
        """The answer to one question, or the ChainError that the node answered with.

        Raises:
            NodeUnreachable: If there is neither.
        """
        number = next(self._numbers)

        def answer() -> Any:
            response = self._post(question.body(number))
            if isinstance(response, dict) and response.get("id") != number:
                raise Malformed(f"{question.method} answered to another question")
            return outcome(question, response)

        return self._timed(answer)

    def batch(self, questions: Sequence[Question]) -> list[Any]:
        """Asks many questions in one request; the answers are in their order, each as `ask` gives it.

        Raises:
            NodeUnreachable: If any of them has no answer.
        """
        numbers = [next(self._numbers) for _ in questions]

        def answers() -> list[Any]:
            bodies = [question.body(number) for question, number in zip(questions, numbers, strict=True)]
            responses = _by_number(self._post(bodies), numbers)
            return [outcome(question, response) for question, response in zip(questions, responses, strict=True)]

        return self._timed(answers) if questions else []

    def require_chain(self, chain_id: int) -> None:
        """Asks once which chain it is on.

        Raises:
            WrongNetwork: If it is another one; it rests then.
            ChainError: If there is no answer.
        """
        if self._chain_id is None:
            answer = self.ask(Question("eth_chainId", ()))
            if isinstance(answer, ChainError):
                raise answer
            self._chain_id = int(answer, 16)
        if self._chain_id != chain_id:
            self.rest(f"is chain {self._chain_id}")
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

    def _post(self, body: object) -> Any:
        """The JSON that comes back; plain HTTP, for a process that posts a few requests starts sooner without web3."""
        session, request = self._prepared()
        request.body = orjson.dumps(body)
        request.headers["Content-Length"] = str(len(request.body))
        response = session.send(request, timeout=self._timeout, allow_redirects=False)
        if response.status_code != requests.codes.ok:
            raise Malformed(f"HTTP status {response.status_code}")
        try:
            return orjson.loads(response.content)
        except ValueError as error:
            raise Malformed(f"no JSON but {shown(response.content[:200].decode(errors='replace'))}") from error

    def _prepared(self) -> tuple[requests.Session, requests.PreparedRequest]:
        """A session and a request without its body, one a thread: requests does not say that threads may share them.

        All requests are alike but for the body, and preparing one takes as long as sending it.
        """
        found: tuple[requests.Session, requests.PreparedRequest] | None = getattr(self._local, "prepared", None)
        if found is None:
            session = requests.Session()
            session.headers.update({"Content-Type": "application/json", "User-Agent": f"quantera/{__version__}"})
            # The environment names proxies, certificates and passwords; it is read once, not for each request.
            settings = session.merge_environment_settings(self._url, {}, None, None, None)
            session.proxies, session.verify, session.cert = settings["proxies"], settings["verify"], settings["cert"]
            session.auth = requests.utils.get_netrc_auth(self._url)
            session.trust_env = False
            found = self._local.prepared = session, session.prepare_request(requests.Request("POST", self._url))
        return found

    def _timed(self, ask: Callable[[], Answer]) -> Answer:
        started = time.monotonic()
        try:
            answer = ask()
        except (requests.RequestException, OSError, Malformed) as error:
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
        endpoints: One endpoint or more.
        chain_id: Chain that all of them have to be on.
    """

    def __init__(self, endpoints: Sequence[Endpoint], chain_id: int) -> None:
        self.note: Callable[..., object] = lambda _event, **_: None
        self._endpoints = tuple(endpoints)
        self._chain_id = chain_id
        self._current = self._endpoints[0]
        self._lock = threading.Lock()
        self._highest = 0
        self._compared = -math.inf

    def ask(self, question: Question) -> Any:
        """Gives the answer of the first endpoint that has one; the preferred one's refusal where all refuse.

        Raises:
            NodeUnreachable: If no endpoint answers; of the preferred one.
            WrongNetwork: If no endpoint answers and one is on another chain.
        """
        return self._first(lambda endpoint: [endpoint.ask(question)])[0][0]

    def batch(self, questions: Sequence[Question]) -> list[Any]:
        """Answers many questions by one endpoint, so that they see the same chain.

        Raises:
            ChainError: If no endpoint answers, as in `ask`.
        """
        return self._first(lambda endpoint: endpoint.batch(questions))[0]

    def newest(self, question: Question, height: Callable[[Any], int], lag: int) -> Any:
        """Asks for the newest block, as `ask`: an endpoint more than `lag` blocks behind what was seen rests.

        All of them are asked now and then, for one that was always behind looks like the chain itself. Where every
        endpoint is that far behind the chain itself went back, and the highest is right.
        """
        self._compare(question, height)
        behind: list[Any] = []
        for _ in self._endpoints:
            (answer,), endpoint = self._first(lambda endpoint: [endpoint.ask(question)])
            if isinstance(answer, ChainError):
                raise answer
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

    def _compare(self, question: Question, height: Callable[[Any], int]) -> None:
        """Takes the highest block that any endpoint knows for the height of the chain."""
        now = time.monotonic()
        if len(self._endpoints) == 1 or now < self._compared + _COMPARE_SECONDS:
            return
        self._compared = now
        for endpoint in self._endpoints:
            with suppress(ChainError):
                endpoint.require_chain(self._chain_id)
                answer = endpoint.ask(question)
                if not isinstance(answer, ChainError):
                    endpoint.height = height(answer)
                    self._highest = max(self._highest, endpoint.height)

    def _first(self, look: Callable[[Endpoint], list[Any]]) -> tuple[list[Any], Endpoint]:
        """The first answers without a refusal among them, or else the first answers, and who gave them."""
        failure: ChainError | None = None
        refused: tuple[list[Any], Endpoint] | None = None
        for endpoint in self._in_order():
            try:
                endpoint.require_chain(self._chain_id)
                answers = look(endpoint)
            except ChainError as error:
                if failure is None or (isinstance(error, WrongNetwork) and not isinstance(failure, WrongNetwork)):
                    failure = error
                if endpoint.health.failures == 1:
                    self.note("endpoint down", url=endpoint.url, reason=error.reason)
                continue
            if not any(map(is_refusal, answers)):
                if refused is not None:
                    # Another one answered: this one should have, too.
                    refused[1].rest(next(str(answer) for answer in refused[0] if is_refusal(answer)))
                self._use(endpoint)
                return answers, endpoint
            refused = refused or (answers, endpoint)
        if refused is not None:
            return refused
        assert failure is not None  # there is at least one endpoint
        raise failure

    def _use(self, endpoint: Endpoint) -> None:
        if endpoint is not self._current:
            reason = self._current.health.reason or "the preferred one is back"
            self.note("failover", url=endpoint.url, was=self._current.url, reason=reason)
            self._current = endpoint

    def _in_order(self) -> list[Endpoint]:
        now = time.monotonic()
        return sorted(self._endpoints, key=lambda endpoint: max(0.0, endpoint.rests_until - now))


def _by_number(found: object, numbers: Sequence[int]) -> list[Any]:
    """Responses in the order of their ids: a node may answer in any order, but each question once."""
    if not isinstance(found, list):
        error = found.get("error") if isinstance(found, dict) else found
        message = error.get("message", error) if isinstance(error, dict) else error
        raise Malformed(f"no batch answer but {shown(message)}", "use a node with batches")
    answers = {answer.get("id"): answer for answer in found if isinstance(answer, dict)}
    if len(found) != len(numbers) or answers.keys() != set(numbers):
        reason = f"{len(found)} answers to a batch of {len(numbers)} questions, or to others"
        raise Malformed(reason, "use a node with batches")
    return [answers[number] for number in numbers]


def redact(url: str) -> str:
    """An address without user, password, path and query, where providers put their keys."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url.partition("/")[0]
    host = rest.partition("/")[0].partition("?")[0]
    return f"{scheme}://{host.rpartition('@')[2]}"


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _unreachable(url: str, error: Exception) -> NodeUnreachable:
    if isinstance(error, Malformed):
        return NodeUnreachable(url, str(error), error.remedy)
    if isinstance(error, requests.Timeout):
        reason = "no answer in time"
    elif isinstance(error, requests.ConnectionError):
        reason = "nothing accepts connections"
    else:
        reason = f"no JSON-RPC answer ({type(error).__name__})"
    return NodeUnreachable(url, reason, "start the node or correct rpc_url")
