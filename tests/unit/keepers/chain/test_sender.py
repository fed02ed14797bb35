from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from eth_account import Account

from keepers.chain.errors import GasTooExpensive, Interrupted, ReceiptTimeout, Reverted
from keepers.chain.journal import Attempt
from keepers.chain.keys import KeystoreSigner
from keepers.chain.node import Node, connect
from keepers.chain.sender import GWEI, Sender, SendPolicy
from tests.fixtures.node import SENDER_KEY, World

POLICY = SendPolicy(max_fee=100 * GWEI, poll_seconds=0.01, lost_after=0.3)


class Notes:
    """A journal in memory."""

    def __init__(self) -> None:
        self.kept: list[Attempt] = []

    def record(self, attempt: Attempt) -> None:
        self.kept.append(attempt)

    def attempts(self) -> Sequence[Attempt]:
        return list(self.kept)


def sender(world: World, notes: Notes, policy: SendPolicy = POLICY, **options: Any) -> Sender:
    signer = KeystoreSigner(Account.from_key(SENDER_KEY.to_bytes(32, "big")))
    return Sender(connect(world.url, 31337), signer, policy, notes, **options)


def mint(world: World, amount: int = 1) -> tuple[str, bytes]:
    """A call that anyone may send, with an effect that can be counted."""
    token = world.tokens["AAA"]
    data = token.encode_abi("mint", ["0x" + "12" * 19 + "34", amount])
    return token.address, bytes.fromhex(data[2:])


def minted(world: World) -> int:
    holder = world.w3.to_checksum_address("0x" + "12" * 19 + "34")
    return int(world.tokens["AAA"].functions.balanceOf(holder).call())


def set_automine(world: World, on: bool) -> None:
    world.w3.provider.make_request("evm_setAutomine", [on])  # type: ignore[arg-type]


def mine(world: World) -> None:
    world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]


def test_send__mined__journals_before_and_gives_the_receipt(world: World) -> None:
    notes = Notes()
    receipt = sender(world, notes).send("key", *mint(world))
    assert receipt.ok and receipt.gas_used > 21_000
    assert [attempt.tx_hash for attempt in notes.kept] == [receipt.tx_hash]
    assert minted(world) == 1


def test_send__would_revert__is_not_sent_and_says_why(world: World) -> None:
    notes = Notes()
    token = world.tokens["AAA"]
    data = bytes.fromhex(token.encode_abi("transfer", [world.owner, 1])[2:])
    with pytest.raises(Reverted, match="ERC20InsufficientBalance"):
        sender(world, notes).send("key", token.address, data)
    assert notes.kept == []


def test_send__base_fee_above_the_bound__sends_nothing(world: World) -> None:
    world.w3.provider.make_request("anvil_setNextBlockBaseFeePerGas", [hex(200 * GWEI)])  # type: ignore[arg-type]
    mine(world)
    notes = Notes()
    try:
        with pytest.raises(GasTooExpensive, match="raise max_fee_gwei"):
            sender(world, notes).send("key", *mint(world))
    finally:
        # No snapshot undoes a base fee.
        world.w3.provider.make_request("anvil_setNextBlockBaseFeePerGas", ["0x0"])  # type: ignore[arg-type]
        mine(world)
    assert notes.kept == []


def test_send__stuck__is_replaced_with_a_higher_fee_and_happens_once(world: World) -> None:
    notes = Notes()
    policy = SendPolicy(max_fee=100 * GWEI, poll_seconds=0.01, replace_after=0.2)
    set_automine(world, False)

    def unstick() -> None:
        while len(notes.kept) < 3:
            time.sleep(0.01)
        mine(world)

    thread = threading.Thread(target=unstick, daemon=True)
    thread.start()
    receipt = sender(world, notes, policy).send("key", *mint(world))
    thread.join(timeout=10)
    fees = [attempt.max_fee for attempt in notes.kept]
    assert fees == sorted(set(fees)) and len({attempt.nonce for attempt in notes.kept}) == 1
    assert receipt.ok and receipt.tx_hash in {attempt.tx_hash for attempt in notes.kept}
    assert minted(world) == 1


def test_send__never_mined__times_out_and_a_restart_finishes_it(world: World) -> None:
    notes = Notes()
    policy = SendPolicy(max_fee=100 * GWEI, poll_seconds=0.01, receipt_timeout=0.2)
    set_automine(world, False)
    with pytest.raises(ReceiptTimeout):
        sender(world, notes, policy).send("key", *mint(world))
    set_automine(world, True)
    mine(world)
    ((key, receipt),) = sender(world, notes).settle()
    assert key == "key" and receipt is not None and receipt.ok
    assert minted(world) == 1


def test_send__asked_to_stop__keeps_it_in_the_journal(world: World) -> None:
    notes = Notes()
    set_automine(world, False)
    with pytest.raises(Interrupted):
        sender(world, notes, should_stop=lambda: True).send("key", *mint(world))
    assert len(notes.kept) == 1


def test_settle__stuck_since_the_last_run__raises_the_fee(world: World) -> None:
    notes = Notes()
    set_automine(world, False)
    with pytest.raises(Interrupted):
        sender(world, notes, should_stop=lambda: True).send("key", *mint(world))
    policy = SendPolicy(max_fee=100 * GWEI, poll_seconds=0.01, replace_after=0.1)

    def unstick() -> None:
        while len(notes.kept) < 2:
            time.sleep(0.01)
        mine(world)

    thread = threading.Thread(target=unstick, daemon=True)
    thread.start()
    ((_, receipt),) = sender(world, notes, policy).settle()
    thread.join(timeout=10)
    assert receipt is not None and receipt.ok and minted(world) == 1
    assert notes.kept[1].max_fee > notes.kept[0].max_fee


def test_settle__nonce_taken_by_another__says_that_it_is_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = Notes()
    with monkeypatch.context() as patch:
        patch.setattr(Sender, "_broadcast", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            sender(world, notes).send("lost", *mint(world))
    sender(world, Notes()).send("other", *mint(world, 5))
    assert sender(world, notes).settle() == [("lost", None)]
    assert minted(world) == 5


def test_send__mined_but_reverted__gives_the_decoded_reason(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = world.tokens["AAA"]
    data = bytes.fromhex(token.encode_abi("transfer", [world.owner, 1])[2:])
    original = Node.rpc

    def lenient(self: Node, method: str, params: Any = ()) -> Any:
        if method == "eth_estimateGas":
            return hex(100_000)
        return original(self, method, params)

    monkeypatch.setattr(Node, "rpc", lenient)
    monkeypatch.setattr(Sender, "simulate", lambda *_: None)
    receipt = sender(world, Notes()).send("key", token.address, data)
    assert not receipt.ok and receipt.reason.startswith("ERC20InsufficientBalance(")


def test_send__two_senders_of_one_account__take_turns(world: World) -> None:
    notes = Notes()
    faults: list[BaseException] = []

    def work(number: int) -> None:
        try:
            sender(world, notes).send(f"key {number}", *mint(world))
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert faults == [] and minted(world) == 4
    assert len({attempt.nonce for attempt in notes.kept}) == 4
