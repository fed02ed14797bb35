from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_utils.address import to_checksum_address

from keepers.rpc.errors import NodeRefused, NodeUnreachable
from keepers.rpc.node import connect
from keepers.store import Store
from keepers.transactions.errors import GaveUp, SpendingLimit
from keepers.transactions.journal import Status
from keepers.transactions.routes import PrivateRoute, PublicRoute, Relay
from keepers.transactions.sender import Sender
from scripts._lib.ports import free_port
from tests.fixtures.event_chain import SENDING, EventChain, event_chain, signer
from tests.fixtures.relay import PrivateRelay, private_relay

IDENTITY = signer(0x1D)


@pytest.fixture
def relay() -> Iterator[PrivateRelay]:
    with event_chain() as chain, private_relay(chain) as found:
        yield found


def sender(relay: PrivateRelay, store: Store, **how: Any) -> Sender:
    node = connect(relay.chain.url, 31337)
    route = PrivateRoute(Relay(**{"url": relay.url, **how}), IDENTITY)
    return Sender(node, signer(), SENDING, store.journal("bot"), private=route)


def opened(folder: Path) -> Store:
    return Store.open(f"sqlite:///{folder}/keeper.sqlite")


def act(chain: EventChain) -> tuple[str, bytes]:
    return chain.contract.address, chain.answer(1)


@pytest.mark.parametrize(
    ("kind", "methods"),
    [("transaction", ["eth_sendPrivateTransaction"]), ("bundle", ["eth_callBundle", "eth_sendBundle"])],
)
def test_send__private_relay__goes_there_signed_and_nowhere_else(
    relay: PrivateRelay, tmp_path: Path, kind: str, methods: list[str]
) -> None:
    receipt = sender(relay, opened(tmp_path), kind=kind).send("key", *act(relay.chain))
    assert receipt.ok and relay.chain.answers(1, 1) == [1]
    assert [name for name, _ in relay.requests] == methods and relay.signers == {IDENTITY.address}


def signed_call(chain: EventChain, data: bytes) -> str:
    """The keeper's first transaction, to the board."""
    fields = {"type": 2, "chainId": 31337, "nonce": 0, "gas": 200_000, "maxFeePerGas": 10**10}
    fields |= {"maxPriorityFeePerGas": 10**9, "to": chain.contract.address, "value": 0, "data": data}
    return "0x" + bytes(signer().sign_transaction(fields)).hex()


def test_submit__bundle_that_would_revert__is_not_sent_for_that_block(relay: PrivateRelay) -> None:
    route = PrivateRoute(Relay(relay.url, kind="bundle"), IDENTITY)
    route.submit(signed_call(relay.chain, b"no such function"), 1)
    assert [name for name, _ in relay.requests] == ["eth_callBundle"]
    route.submit(signed_call(relay.chain, relay.chain.answer(1)), 1)
    assert [name for name, _ in relay.requests][1:] == ["eth_callBundle", "eth_sendBundle"]


def test_submit__relay_does_not_simulate__bundle_is_sent(relay: PrivateRelay) -> None:
    relay.simulates = False
    PrivateRoute(Relay(relay.url, kind="bundle"), IDENTITY).submit(signed_call(relay.chain, relay.chain.answer(1)), 1)
    assert [name for name, _ in relay.requests] == ["eth_callBundle", "eth_sendBundle"]


def test_send__coin_along__arrives_and_counts_towards_the_daily_limit(relay: PrivateRelay, tmp_path: Path) -> None:
    store, payee = opened(tmp_path), to_checksum_address("0x" + "0c" * 20)
    assert sender(relay, store).send("pay", payee, b"", value=10**18).ok
    assert int(relay.chain.rpc("eth_getBalance", payee, "latest"), 16) == 10**18
    bounded = sender(relay, store)
    bounded._policy = replace(SENDING, daily_limit=10**18)
    with pytest.raises(SpendingLimit):
        bounded.send("pay again", payee, b"", value=10**18 + 1)
    assert int(relay.chain.rpc("eth_getBalance", payee, "latest"), 16) == 10**18


def test_send__relay_sits_on_it__becomes_public_after_its_blocks(relay: PrivateRelay, tmp_path: Path) -> None:
    relay.includes = False
    store = opened(tmp_path)
    waiting = sender(relay, store, blocks=2)
    mine_while_waiting(relay.chain, waiting)
    receipt = waiting.send("key", *act(relay.chain))
    assert receipt.ok and relay.chain.answers(1, 1) == [1]
    (made,) = store.journal("bot").active()
    assert len(made.attempts) == 1, "the same bytes, by another route"


def test_send__relay_sits_on_it_and_it_must_stay_private__its_nonce_is_used_up(
    relay: PrivateRelay, tmp_path: Path
) -> None:
    relay.includes = False
    store = opened(tmp_path)
    waiting = sender(relay, store, blocks=2, fallback="cancel")
    mine_while_waiting(relay.chain, waiting)
    with pytest.raises(GaveUp):
        waiting.send("key", *act(relay.chain))
    assert relay.requests[-1][0] == "eth_cancelPrivateTransaction"
    assert relay.chain.answers(1, 1) == [0]
    # A transaction that the relay still has can no longer be mined.
    private = relay.requests[0][1]["tx"]
    assert "nonce too low" in str(relay.chain.w3.provider.make_request("eth_sendRawTransaction", [private]))
    relay.includes = True
    assert sender(relay, store).send("key", *act(relay.chain)).ok
    assert relay.chain.answers(1, 1) == [1]


def test_send__relay_down__goes_public_where_it_may(relay: PrivateRelay, tmp_path: Path) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    assert sender(relay, opened(tmp_path), url=dead).send("key", *act(relay.chain)).ok


def test_send__relay_down_and_it_must_stay_private__says_so(relay: PrivateRelay, tmp_path: Path) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    store = opened(tmp_path)
    with pytest.raises(NodeUnreachable, match="relay does not answer"):
        sender(relay, store, url=dead, fallback="cancel").send("key", *act(relay.chain))
    (made,) = store.journal("bot").active()
    assert made.status is Status.OPEN and relay.chain.answers(1, 1) == [0]


def test_rpc__relay_refuses__one_line(relay: PrivateRelay) -> None:
    route = PrivateRoute(Relay(relay.url), IDENTITY)
    with pytest.raises(NodeRefused, match="unknown method"):
        route._rpc("eth_noSuchThing", {})


def test_public_route__sent_twice__is_no_error(relay: PrivateRelay, tmp_path: Path) -> None:
    store, chain = opened(tmp_path), relay.chain
    node = connect(chain.url, 31337)
    Sender(node, signer(), SENDING, store.journal("bot")).send("key", *act(chain))
    (made,) = store.journal("bot").active()
    PublicRoute(node).submit(made.attempts[0].raw, 0)
    assert chain.answers(1, 1) == [1]


def mine_while_waiting(chain: EventChain, waiting: Sender) -> None:
    """A block each time that the sender looks."""
    waiting._policy = replace(SENDING, poll_seconds=0.001)
    look = waiting._look

    def looking(transaction: Any) -> Any:
        chain.mine()
        return look(transaction)

    waiting._look = looking  # type: ignore[method-assign]
