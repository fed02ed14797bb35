"""Notices of alert rules on a webhook and by e-mail: signed, at least once, and without a secret in the log."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog import get_logger
from structlog.testing import capture_logs

from keepers.config import Config
from keepers.risk.alert_rules import AlertRule
from keepers.runtime import notice_delivery as delivery
from keepers.runtime.notice_channels import Webhook
from keepers.signers.keys import KeyMaterialError
from keepers.store import Store, risk_metrics
from keepers.store.notices import due
from tests.fixtures.kills import Killed, kill_after
from tests.fixtures.mail import CERTIFICATE, PASSWORD, USER, mail_server
from tests.fixtures.services import Answer, Request, serve
from tests.fixtures.waiting import wait_until
from tests.unit.keepers.config.test_config import content
from tests.unit.keepers.store.filled import JANUARY, recorded

SECRET = "a secret of twenty-five c"
LATER = 10**12


class Desk:
    """A store, a config with channels, and a clock.

    Attributes:
        now: Unix seconds by the store's clock.
        answers: Statuses that the webhook answers with, in this order; 200 once they are used up.
        requests: Requests that the webhook got.
        lines: Log lines.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self.now = float(JANUARY)
        self.store = Store(store.engine, lambda: self.now)
        self.folder = folder
        self.answers: list[int] = []
        self.requests: list[Request] = []
        self.lines: list[Any] = []
        self.channels: dict[str, Any] = {}

    def config(self) -> Config:
        """The config, with everything that is in `channels`."""
        raw = {**content(), "path": self.folder / "keeper.yaml"}
        return Config.model_validate({**raw, "risk": {"alerts": {"channels": self.channels}}})

    def secret(self, name: str, line: str) -> str:
        """Writes a file that only its owner can read; its name."""
        (self.folder / name).write_text(line + "\n")
        (self.folder / name).chmod(0o600)
        return name

    def fire(self, *channels: str) -> None:
        """Has a rule fire on channels."""
        rule = AlertRule(name="var", metric="var99", threshold=0.03, severity="critical", channels=channels)
        risk_metrics.record(self.store, recorded(1, JANUARY, var99=0.05), rules=[rule])

    def deliver(self) -> int:
        """One look for notices that are due."""
        opened = delivery.open_channels(self.config(), get_logger())
        with capture_logs() as lines:
            try:
                return delivery.deliver_due(self.store, opened, get_logger())
            finally:
                self.lines += lines

    def answer(self, request: Request) -> Answer:
        """The webhook."""
        self.requests.append(request)
        return Answer(self.answers.pop(0) if self.answers else 200, {})


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


@pytest.fixture
def pager(desk: Desk) -> Iterator[Desk]:
    """A desk with a webhook, whose address has a key in it."""
    with serve(desk.answer) as url:
        file = desk.secret("pager.secret", SECRET)
        desk.channels["pager"] = {"webhook": {"url": f"{url}/hook?key=hunter2", "secret_file": file}}
        yield desk


@contextmanager
def mail(desk: Desk, **settings: Any) -> Iterator[Any]:
    """A desk with a mail server."""
    with mail_server(tls=settings.get("tls") == "starttls") as box:
        given = {"host": "127.0.0.1", "port": box.port, "sender": "bot@desk.example", **settings}
        desk.channels["mail"] = {"email": {"recipients": ["a@desk.example", "b@desk.example"], **given}}
        yield box


def test_webhook__notice__is_signed_over_the_raw_body(pager: Desk) -> None:
    pager.fire("pager")
    assert pager.deliver() == 1 and pager.deliver() == 0
    (request,) = pager.requests
    expected = hmac.new(SECRET.encode(), request.raw, hashlib.sha256).hexdigest()
    assert request.headers["x-quantera-signature"] == f"sha256={expected}"
    assert request.body["rule"] == "var" and request.body["value"] == 0.05 and request.body["bound"] == 0.03
    assert request.headers["idempotency-key"] == request.body["key"]


def test_webhook__refused_then_taken__comes_again_with_the_same_bytes_after_longer_rests(pager: Desk) -> None:
    pager.answers = [500, 302]
    pager.fire("pager")
    assert pager.deliver() == 0
    for rest in (10, 20):
        pager.now += rest - 1
        asked = len(pager.requests)
        assert pager.deliver() == 0 and len(pager.requests) == asked
        pager.now += 1
        delivered = pager.deliver()
    assert delivered == 1
    assert len(pager.requests) == 3 and len({request.raw for request in pager.requests}) == 1
    reasons = [line["reason"] for line in pager.lines]
    assert [reason.split(";")[0] for reason in reasons] == [
        "channel pager: answered 500", "channel pager: answered 302",
    ]  # fmt: skip


def test_webhook__nobody_there__no_secret_and_no_address_is_logged(desk: Desk) -> None:
    file = desk.secret("pager.secret", SECRET)
    desk.channels["pager"] = {"webhook": {"url": "http://127.0.0.1:1/hook?key=hunter2", "secret_file": file}}
    desk.fire("pager")
    assert desk.deliver() == 0
    text = json.dumps(desk.lines, default=str) + repr(delivery.open_channels(desk.config(), get_logger()))
    assert "does not answer (ConnectionError)" in text
    assert "hunter2" not in text and SECRET not in text
    with desk.store.reading() as connection:
        (row,) = connection.exec_driver_sql("SELECT * FROM alert_notices").all()
    assert "hunter2" not in str(row) and SECRET not in str(row)


def test_deliver_due__killed_after_the_send__sends_again_with_the_same_key(
    pager: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    pager.fire("pager")
    with monkeypatch.context() as patch:
        patch.setattr(Webhook, "deliver", kill_after(Webhook.deliver))
        with pytest.raises(Killed):
            pager.deliver()
    assert pager.deliver() == 0, "another process would send what this one may be sending"
    pager.now += 60
    assert pager.deliver() == 1
    keys = [request.headers["idempotency-key"] for request in pager.requests]
    assert len(keys) == 2 and len(set(keys)) == 1


def test_deliver_due__channel_left_the_config__is_dropped_with_a_line(desk: Desk) -> None:
    desk.fire("pager", "log")
    assert desk.deliver() == 1
    assert due(desk.store, LATER) == []
    assert [line["event"] for line in desk.lines] == ["notice undelivered", "alert"]
    assert desk.lines[1]["log_level"] == "error" and desk.lines[1]["metric"] == "var99"


def test_email__notice__reaches_every_recipient_with_an_id_of_its_key(desk: Desk) -> None:
    with mail(desk, tls="none") as box:
        desk.fire("mail")
        key = due(desk.store, LATER)[0].key
        assert desk.deliver() == 1
    (message,) = box.messages
    assert message["Message-ID"] == f"<{key}@desk.example>" and message["To"] == "a@desk.example, b@desk.example"
    assert message["Subject"] == "[critical] demo: var firing"
    assert "var99 (99% value at risk of a day, fraction of NAV) is 0.05 at block 1" in message.get_payload()


def test_email__starttls__logs_in_over_a_checked_certificate(desk: Desk) -> None:
    login = {"username": USER, "password_file": desk.secret("mail.pass", PASSWORD)}
    with mail(desk, tls="starttls", ca_file=str(CERTIFICATE), **login) as box:
        desk.fire("mail")
        assert desk.deliver() == 1
        assert len(box.messages) == 1


def test_email__certificate_of_another__nothing_is_sent(desk: Desk) -> None:
    login = {"username": USER, "password_file": desk.secret("mail.pass", PASSWORD)}
    with mail(desk, tls="starttls", **login) as box:
        desk.fire("mail")
        assert desk.deliver() == 0
        assert box.messages == []
    assert "SSLCertVerificationError" in desk.lines[0]["reason"] and PASSWORD not in str(desk.lines)


def test_email__wrong_password__waits_and_does_not_show_it(desk: Desk) -> None:
    login = {"username": USER, "password_file": desk.secret("mail.pass", "wrong password")}
    with mail(desk, tls="starttls", ca_file=str(CERTIFICATE), **login):
        desk.fire("mail")
        assert desk.deliver() == 0
    assert "channel mail: answered 535" in desk.lines[0]["reason"] and "wrong password" not in str(desk.lines)
    assert len(due(desk.store, LATER)) == 1


def test_email__server_busy__waits(desk: Desk) -> None:
    with mail(desk, tls="none") as box:
        box.busy = True
        desk.fire("mail")
        assert desk.deliver() == 0 and len(due(desk.store, LATER)) == 1
        box.busy = False
        desk.now += 10
        assert desk.deliver() == 1


def test_email__one_recipient_refused__is_told_and_the_other_gets_it_once(desk: Desk) -> None:
    with mail(desk, tls="none") as box:
        box.refused = {"b@desk.example"}
        desk.fire("mail")
        assert desk.deliver() == 1 and len(box.messages) == 1
    assert [line["reason"] for line in desk.lines] == ["refused 1 of 2 recipients"]


def test_delivering__while_it_runs__notices_go_out(pager: Desk) -> None:
    with delivery.delivering(pager.store, pager.config(), get_logger()):
        pager.fire("pager")
        wait_until(lambda: len(pager.requests) == 1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda desk: desk.secret("pager.secret", "short"), "has fewer than 16 characters; give a random secret"),
        (lambda desk: "missing", "No such file"),
    ],
)
def test_open_channels__secret_unusable__one_line(desk: Desk, make: Callable[[Desk], str], said: str) -> None:
    desk.channels["pager"] = {"webhook": {"url": "https://pager.example", "secret_file": make(desk)}}
    with pytest.raises(KeyMaterialError, match=said) as caught:
        delivery.open_channels(desk.config(), get_logger())
    assert "risk.alerts.channels.pager.webhook.secret_file" in str(caught.value)
