from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from eth_account import Account

from keepers.rpc.errors import Reverted
from keepers.rpc.node import Node, connect
from keepers.store import Store
from keepers.transactions import fees
from keepers.transactions.errors import (
    AlreadyOpen,
    GasTooExpensive,
    Interrupted,
    ReceiptTimeout,
    SpendingLimit,
    TransactionLost,
)
from keepers.transactions.journal import Attempt, Status, Wanted
from keepers.transactions.routes import PublicRoute
from keepers.transactions.sender import GWEI, Sender, SendPolicy, Settled
from scripts._lib.artifacts import artifact
from scripts._lib.transactions import deploy
from tests.fixtures.event_chain import SENDING, EventChain, signer
from tests.fixtures.services import Answer, Request, serve
from tests.fixtures.waiting import GENEROUS, Clock, join

JSON = {"content-type": "application/json"}


def sender(
    local_chain: EventChain, store: Store, policy: SendPolicy = SENDING, bot: str = "bot", **options: Any
) -> Sender:
    return Sender(connect(local_chain.url, 31337), signer(), policy, store.journal(bot), **options)


def act(local_chain: EventChain, note: int = 1) -> tuple[str, bytes]:
    """A call that anyone may send, with an effect that can be counted."""
    return local_chain.contract.address, local_chain.answer(note)


def reverting(local_chain: EventChain) -> tuple[str, bytes]:
    """A transfer by one who has nothing."""
    token = deploy(local_chain.w3, local_chain.owner, artifact("SettlementToken"), "T", "T", 18)
    return token.address, bytes.fromhex(token.encode_abi("transfer", [local_chain.owner, 1])[2:])


def attempts(store: Store, bot: str = "bot") -> list[Attempt]:
    return [attempt for transaction in store.journal(bot).active() for attempt in transaction.attempts]


def stuck(local_chain: EventChain, store: Store, key: str = "key", note: int = 1) -> None:
    """Leaves a transaction in the journal that is broadcast and not mined."""
    local_chain.rpc("evm_setAutomine", False)
    with pytest.raises(Interrupted):
        sender(local_chain, store, should_stop=lambda: True).send(key, *act(local_chain, note))


def settled(found: Sender) -> dict[str, Status]:
    return {item.transaction.key: item.status for item in found.settle()}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The sender's, between whose looks at the chain a test acts."""
    found = Clock()
    monkeypatch.setattr("keepers.transactions.sender.time", found)
    yield found
    assert found.idle, "what the test had planned did not happen"


# -- Sending


def test_send__mined__journals_before_and_gives_the_receipt(local_chain: EventChain, store: Store) -> None:
    receipt = sender(local_chain, store).send("key", *act(local_chain), source=3, trace="abc")
    assert receipt.ok and receipt.gas_used > 21_000 and receipt.cost >= 0
    (made,) = store.journal("bot").active()
    assert (made.status, made.tx_hash, made.source, made.trace) == (Status.MINED, receipt.tx_hash, 3, "abc")
    assert local_chain.answers(1, 1) == [1]


def test_send__would_revert__is_not_sent_and_says_why(local_chain: EventChain, store: Store) -> None:
    with pytest.raises(Reverted, match="ERC20InsufficientBalance"):
        sender(local_chain, store).send("key", *reverting(local_chain))
    assert attempts(store) == []


def test_send__base_fee_above_the_bound__sends_nothing(local_chain: EventChain, store: Store) -> None:
    local_chain.rpc("anvil_setNextBlockBaseFeePerGas", hex(200 * GWEI))
    local_chain.mine()
    with pytest.raises(GasTooExpensive, match="raise max_fee_gwei"):
        sender(local_chain, store).send("key", *act(local_chain))
    assert attempts(store) == []


def test_send__same_key_again__is_refused(local_chain: EventChain, store: Store) -> None:
    sending = sender(local_chain, store)
    sending.send("key", *act(local_chain))
    with pytest.raises(AlreadyOpen):
        sending.send("key", *act(local_chain))
    assert local_chain.answers(1, 1) == [1]


def test_send__more_than_a_day_allows__is_refused(local_chain: EventChain, store: Store) -> None:
    local_chain.rpc("anvil_setNextBlockBaseFeePerGas", hex(10 * GWEI))
    local_chain.mine()
    sending = sender(local_chain, store, replace(SENDING, daily_limit=2 * 10**15))
    with pytest.raises(SpendingLimit, match="raise max_spend_eth_per_day"):
        for note in range(10):
            sending.send(f"key {note}", *act(local_chain, note))
    spent = 10**20 - local_chain.w3.eth.get_balance(signer().address)  # type: ignore[arg-type]
    assert 0 < spent <= 2 * 10**15 and store.spent(31337, signer().address) == spent


def test_send__mined_but_reverted__gives_the_decoded_reason(
    local_chain: EventChain, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Node.rpc

    def lenient(self: Node, method: str, params: Any = ()) -> Any:
        if method == "eth_estimateGas":
            return hex(100_000)
        return original(self, method, params)

    monkeypatch.setattr(Node, "rpc", lenient)
    monkeypatch.setattr(Sender, "simulate", lambda *_: None)
    receipt = sender(local_chain, store).send("key", *reverting(local_chain))
    assert not receipt.ok and receipt.reason.startswith("ERC20InsufficientBalance(")
    assert store.journal("bot").active() == []


def test_send__touches_little__has_no_access_list(local_chain: EventChain, store: Store) -> None:
    receipt = sender(local_chain, store).send("key", *act(local_chain))
    assert not local_chain.w3.eth.get_transaction(receipt.tx_hash)["accessList"]


@pytest.fixture
def estimates(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[bool]]:
    """`estimates(factor)`: a list that grows by whether an estimate was one with an access list; others are so many
    times as high as they are."""

    def watch(factor: int) -> list[bool]:
        asked: list[bool] = []
        original = Node.rpc

        def watched(self: Node, method: str, params: Any = ()) -> Any:
            answer = original(self, method, params)
            if method != "eth_estimateGas":
                return answer
            asked.append("accessList" in params[0])
            return answer if asked[-1] else hex(factor * int(answer, 16))

        monkeypatch.setattr(Node, "rpc", watched)
        return asked

    return watch


def test_send__same_function_again__compares_with_an_access_list_once_in_twenty(
    local_chain: EventChain, store: Store, estimates: Callable[[int], list[bool]]
) -> None:
    asked, sending = estimates(1), sender(local_chain, store)
    for note in range(21):
        sending.send(f"key {note}", *act(local_chain, note))
    assert asked == [False, True, *[False] * 19, False, True]


def test_send__access_list_is_cheaper__is_all_that_is_estimated_next(
    local_chain: EventChain, store: Store, estimates: Callable[[int], list[bool]]
) -> None:
    asked, sending = estimates(10), sender(local_chain, store)
    receipts = [sending.send(f"key {note}", *act(local_chain, note)) for note in range(3)]
    assert asked == [False, True, True, True]
    assert all(local_chain.w3.eth.get_transaction(receipt.tx_hash)["accessList"] for receipt in receipts)


def test_send__node_makes_no_access_lists__goes_without(local_chain: EventChain, store: Store) -> None:
    def lacking(request: Request) -> Answer:
        asked = request.body if isinstance(request.body, list) else [request.body]
        if any(question["method"] == "eth_createAccessList" for question in asked):
            error = {"code": -32601, "message": "the method eth_createAccessList does not exist"}
            return Answer(200, {"jsonrpc": "2.0", "id": asked[0]["id"], "error": error})
        return Answer(200, requests.post(local_chain.url, data=request.raw, headers=JSON, timeout=GENEROUS).json())

    with serve(lacking) as url:
        node = connect(url, 31337, fallbacks=[local_chain.url])
        assert node.offered("eth_createAccessList", [{"to": local_chain.contract.address}, "latest"]) is None
        assert node.health()[0].up, "it need not"


def test_unsigned__of_a_transaction_with_an_access_list__can_be_signed_the_same_again() -> None:
    account = Account.from_key(b"\1" * 32)
    prices = {"maxFeePerGas": 10, "maxPriorityFeePerGas": 1, "gas": 50_000, "nonce": 5, "chainId": 31337, "type": 2}
    listed = [{"address": "0x" + "aa" * 20, "storageKeys": ["0x" + "01" * 32]}]
    signed = account.sign_transaction(
        {**prices, "to": "0x" + "02" * 20, "value": 0, "data": "0x", "accessList": listed}
    )
    raw = "0x" + bytes(signed.raw_transaction).hex()
    fields = fees.unsigned(raw)
    assert fields is not None and fields["accessList"] == listed
    assert "0x" + bytes(account.sign_transaction(fields).raw_transaction).hex() == raw


def test_send__confirmations_wanted__waits_for_them(local_chain: EventChain, store: Store, clock: Clock) -> None:
    sending = sender(local_chain, store, replace(SENDING, confirmations=2))
    start = local_chain.w3.eth.block_number
    clock.when(lambda: local_chain.w3.eth.block_number == start + 1, lambda: local_chain.mine(2))
    receipt = sending.send("key", *act(local_chain))
    assert local_chain.w3.eth.block_number >= receipt.block + 2


# -- Stuck, dropped, displaced


def test_send__stuck__is_replaced_with_a_higher_fee_and_happens_once(
    local_chain: EventChain, store: Store, clock: Clock
) -> None:
    local_chain.rpc("evm_setAutomine", False)
    clock.when(lambda: len(attempts(store)) == 3, local_chain.mine)
    receipt = sender(local_chain, store, replace(SENDING, replace_after=0.2)).send("key", *act(local_chain))
    (made,) = store.journal("bot").active()
    paid = [attempt.max_fee for attempt in made.attempts]
    assert len(paid) == 3 and paid == sorted(set(paid)) and receipt.ok and receipt.tx_hash == made.tx_hash
    assert local_chain.answers(1, 1) == [1]


@pytest.mark.usefixtures("clock")
def test_send__stuck_at_the_bound__is_not_replaced(local_chain: EventChain, store: Store) -> None:
    local_chain.rpc("evm_setAutomine", False)
    policy = replace(SENDING, max_fee=GWEI, replace_after=0.05, receipt_timeout=0.5)
    local_chain.rpc("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
    local_chain.mine()
    with pytest.raises(ReceiptTimeout):
        sender(local_chain, store, policy).send("key", *act(local_chain))
    assert {attempt.max_fee for attempt in attempts(store)} == {GWEI} and len(attempts(store)) == 1


def test_send__dropped_by_the_node__is_sent_again(local_chain: EventChain, store: Store, clock: Clock) -> None:
    local_chain.rpc("evm_setAutomine", False)
    notes: list[str] = []

    def drop() -> None:
        local_chain.rpc("anvil_dropAllTransactions")
        local_chain.rpc("evm_setAutomine", True)

    clock.when(lambda: int(local_chain.rpc("txpool_status")["pending"], 16) == 1, drop)
    sending = sender(local_chain, store, note=lambda event, **_: notes.append(event))
    receipt = sending.send("key", *act(local_chain))
    assert receipt.ok and "resent" in notes and local_chain.answers(1, 1) == [1]
    assert len(attempts(store)) == 1, "the same bytes"


@pytest.mark.usefixtures("clock")
def test_send__never_mined__times_out_and_a_restart_finishes_it(local_chain: EventChain, store: Store) -> None:
    local_chain.rpc("evm_setAutomine", False)
    with pytest.raises(ReceiptTimeout):
        sender(local_chain, store, replace(SENDING, receipt_timeout=0.2)).send("key", *act(local_chain))
    local_chain.rpc("evm_setAutomine", True)
    local_chain.mine()
    assert settled(sender(local_chain, store)) == {"key": Status.MINED}
    assert local_chain.answers(1, 1) == [1]


def test_settle__stuck_since_the_last_run__raises_the_fee(local_chain: EventChain, store: Store, clock: Clock) -> None:
    stuck(local_chain, store)
    clock.when(lambda: len(attempts(store)) == 2, local_chain.mine)
    assert settled(sender(local_chain, store, replace(SENDING, replace_after=0.1))) == {"key": Status.MINED}
    first, second = attempts(store)
    assert second.max_fee > first.max_fee and local_chain.answers(1, 1) == [1]


@pytest.mark.usefixtures("clock")
def test_send__nonce_taken_by_another__says_that_it_is_lost(
    local_chain: EventChain, store: Store, tmp_path: Path
) -> None:
    other = Store.open(f"sqlite:///{tmp_path}/other.sqlite")
    stuck(local_chain, store, "ours")
    local_chain.rpc("anvil_dropAllTransactions")
    stuck(local_chain, other, "theirs", 5)
    local_chain.rpc("evm_setAutomine", True)
    local_chain.mine()
    assert settled(sender(local_chain, store)) == {"ours": Status.LOST}
    assert local_chain.answers(1, 1) == [0] and local_chain.answers(1, 5) == [1]
    assert sender(local_chain, store).send("ours", *act(local_chain)).ok
    other.close()


def test_send__displaced_while_it_waits__says_so(
    local_chain: EventChain, store: Store, tmp_path: Path, clock: Clock
) -> None:
    other = Store.open(f"sqlite:///{tmp_path}/other.sqlite")
    local_chain.rpc("evm_setAutomine", False)

    def displace() -> None:
        local_chain.rpc("anvil_dropAllTransactions")
        stuck(local_chain, other, "theirs", 5)
        local_chain.mine()

    # In the pool, not only in the journal: what is broadcast after the pool was emptied takes the nonce itself.
    clock.when(lambda: int(local_chain.rpc("txpool_status")["pending"], 16) == 1, displace)
    with pytest.raises(TransactionLost, match="give keepers one store"):
        sender(local_chain, store, replace(SENDING, resend_after=60)).send("ours", *act(local_chain))
    assert local_chain.answers(1, 1) == [0] and local_chain.answers(1, 5) == [1]
    other.close()


# -- Gaps


def test_settle__gap_that_the_journal_knows__is_filled_with_what_belongs_there(
    local_chain: EventChain, store: Store
) -> None:
    stuck(local_chain, store, "first")
    with pytest.raises(Interrupted):
        sender(local_chain, store, bot="other", should_stop=lambda: True).send("second", *act(local_chain, 2))
    local_chain.rpc("anvil_dropAllTransactions")
    local_chain.rpc("evm_setAutomine", True)
    # Only the bot with the higher nonce comes back: it broadcasts the other's bytes too.
    assert settled(sender(local_chain, store, bot="other")) == {"second": Status.MINED}
    assert local_chain.answers(2, 1) == [1, 1]
    assert settled(sender(local_chain, store)) == {"first": Status.MINED}


def test_send__gap_that_nobody_knows__is_used_up(local_chain: EventChain, store: Store) -> None:
    journal = store.journal("bot")
    made = sender(local_chain, store)._sign(
        {
            "to": local_chain.contract.address,
            "data": local_chain.answer(1),
            "value": 0,
            "gas": 100_000,
            "chainId": 31337,
        }
        | {"nonce": 2, "maxFeePerGas": GWEI, "maxPriorityFeePerGas": 0, "type": 2},
        0,
        "public",
    )
    journal.reserve(Wanted("key", 0, 31337, signer().address, 1), lambda: 2, lambda _: made)
    found = {item.transaction.key: item for item in settling(local_chain, store)}
    assert found["key"].status is Status.MINED and local_chain.answers(1, 1) == [1]
    assert local_chain.w3.eth.get_transaction_count(signer().address) == 3  # type: ignore[arg-type]
    closed = settled(sender(local_chain, store))
    assert {key.partition(":")[0] for key in closed} == {"gap", "key"}
    assert sorted(status for key, status in closed.items() if key != "key") == [Status.CANCELLED] * 2


def settling(local_chain: EventChain, store: Store) -> list[Settled]:
    return list(sender(local_chain, store).settle())


# -- Reorganisations


def test_settle__block_taken_back__the_same_bytes_are_mined_again(local_chain: EventChain, store: Store) -> None:
    local_chain.mine(3)
    first = sender(local_chain, store).send("key", *act(local_chain))
    local_chain.rpc("anvil_reorg", 1, [])
    assert local_chain.answers(1, 1) == [0]
    (found,) = settling(local_chain, store)
    assert found.receipt is not None and found.receipt.tx_hash == first.tx_hash
    assert local_chain.answers(1, 1) == [1] and len(attempts(store)) == 1


def test_settle__source_taken_back__its_nonce_is_used_up(local_chain: EventChain, store: Store) -> None:
    local_chain.mine(3)
    sender(local_chain, store).send("key", *act(local_chain))
    local_chain.rpc("anvil_reorg", 1, [])
    (made,) = store.journal("bot").active()
    store.journal("bot").move(made, Status.ORPHANED)
    (found,) = settling(local_chain, store)
    assert (found.status, local_chain.answers(1, 1)) == (Status.CANCELLED, [0])
    raw = made.attempts[0].raw
    assert "nonce too low" in str(local_chain.w3.provider.make_request("eth_sendRawTransaction", [raw]))  # type: ignore[arg-type]


def test_settle__source_taken_back_but_the_act_is_mined_first__counts_as_done(
    local_chain: EventChain, store: Store
) -> None:
    stuck(local_chain, store)
    (made,) = store.journal("bot").active()
    store.journal("bot").move(made, Status.ORPHANED)
    local_chain.mine()
    (found,) = settling(local_chain, store)
    assert (found.status, local_chain.answers(1, 1)) == (Status.MINED, [1])


def test_settle__deep_enough__is_no_longer_watched(local_chain: EventChain, store: Store) -> None:
    sender(local_chain, store).send("key", *act(local_chain))
    local_chain.mine(SENDING.finality)
    assert settled(sender(local_chain, store)) == {"key": Status.FINAL}
    assert store.journal("bot").active() == []


def test_settle__many_that_are_not_final__are_looked_after_in_one_request(
    local_chain: EventChain, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending = sender(local_chain, store)
    for number in range(5):
        sending.send(f"key {number}", *act(local_chain, number))
    asked: list[int] = []
    original = Node.batch

    def counting(self: Node, requests: Iterable[tuple[str, list[Any]]]) -> list[Any]:
        pending = list(requests)
        asked.append(len(pending))
        return original(self, pending)

    monkeypatch.setattr(Node, "batch", counting)
    assert settled(sending) == {f"key {number}": Status.MINED for number in range(5)}
    assert asked == [5]


# -- Kills and rivals


def test_send__killed_before_the_broadcast__restart_sends_the_same_bytes(
    local_chain: EventChain, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(PublicRoute, "submit", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            sender(local_chain, store).send("key", *act(local_chain))
    (signed,) = attempts(store)
    assert settled(sender(local_chain, store)) == {"key": Status.MINED}
    assert [attempt.tx_hash for attempt in attempts(store)] == [signed.tx_hash] and local_chain.answers(1, 1) == [1]


def test_send__asked_to_stop__keeps_it_in_the_journal(local_chain: EventChain, store: Store) -> None:
    stuck(local_chain, store)
    assert len(attempts(store)) == 1


def test_send__many_senders_of_one_account__each_has_a_nonce(local_chain: EventChain, store: Store) -> None:
    faults: list[BaseException] = []

    def work(number: int) -> None:
        try:
            sender(local_chain, store, bot=f"bot {number % 2}").send(f"key {number}", *act(local_chain, number))
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(6)]
    for thread in threads:
        thread.start()
    join(threads)
    assert faults == [] and local_chain.answers(6) == [1] * 6
