"""Commands of officers that are killed and run again."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from eth_utils import to_checksum_address
from web3.types import RPCEndpoint

from tests.fixtures.forks import Forked
from tests.fixtures.kills import Killed
from tests.fixtures.node import SENDER
from tests.fixtures.officers import UNIT, Bureau
from tests.fixtures.waiting import wait_until


@pytest.fixture
def note(bureau: Bureau) -> Any:
    return bureau.token()


def test_force__killed_after_signing__the_next_run_sends_the_same_bytes_once(
    bureau: Bureau, note: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    giver, taker = bureau.holder(note), bureau.holder()
    command = ("force", note.address, giver, taker, "40")
    with monkeypatch.context() as patched:

        def killed(*_: Any) -> None:
            raise Killed

        patched.setattr("keepers.transactions.routes.PublicRoute.submit", killed)
        with pytest.raises(Killed):
            bureau.run(*command)
    before = bureau.sent()
    assert note.functions.balanceOf(taker).call() == 0, "signed and in the journal, not sent"
    result = bureau.run(*command)
    assert result.exit_code == 0 and "sent by an earlier run of this command" in result.stdout
    assert "an earlier run of this command was settled: 0x" in result.stderr
    assert note.functions.balanceOf(taker).call() == 40 * UNIT and bureau.sent() == before + 1
    assert "was sent before" in bureau.refused(*command)


def test_force__process_killed_while_it_waits__the_next_run_reports_the_same_transaction(
    bureau: Bureau, note: Any
) -> None:
    giver, taker, w3 = bureau.holder(note), bureau.holder(), bureau.world.w3
    command = ("force", note.address, giver, taker, "40")
    before = bureau.sent()
    w3.provider.make_request(RPCEndpoint("evm_setAutomine"), [False])
    line = [sys.executable, "-m", "keepers", "compliance", *command, "--yes", "--config", str(bureau.config)]
    with Forked(line) as running:
        try:
            wait_until(lambda: w3.eth.get_transaction_count(to_checksum_address(SENDER), "pending") > before)
        finally:
            running.kill()
    w3.provider.make_request(RPCEndpoint("evm_setAutomine"), [True])
    w3.provider.make_request(RPCEndpoint("evm_mine"), [])
    result = bureau.run(*command)
    assert result.exit_code == 0 and "sent by an earlier run of this command" in result.stdout, result.stderr
    assert note.functions.balanceOf(taker).call() == 40 * UNIT and bureau.sent() == before + 1


def test_freeze__killed_after_it_was_mined__the_next_run_sends_nothing(
    bureau: Bureau, note: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = bureau.holder(note)
    with monkeypatch.context() as patched:

        def killed(*_: Any) -> None:
            raise Killed

        patched.setattr("keepers.transactions.sender.Sender._follow", killed)
        with pytest.raises(Killed):
            bureau.run("freeze", note.address, holder)
    before = bureau.sent()
    assert note.functions.isFrozen(holder).call()
    result = bureau.run("freeze", note.address, holder)
    assert result.exit_code == 0 and "Nothing to do." in result.stdout and bureau.sent() == before
