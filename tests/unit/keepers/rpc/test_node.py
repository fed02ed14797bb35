from __future__ import annotations

import pytest

from keepers import abi
from keepers.rpc.errors import ChainError, NodeRefused, NodeUnreachable, Reverted, WrongNetwork
from keepers.rpc.node import Call, connect, redact
from scripts._lib.ports import free_port
from tests.fixtures.node import World


def test_connect__nobody_there__one_line() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(NodeUnreachable) as caught:
        connect(url, 1)
    assert str(caught.value) == f"{url}: nothing accepts connections; start the node or correct rpc_url"


def test_connect__other_chain__one_line(world: World) -> None:
    with pytest.raises(WrongNetwork) as caught:
        connect(world.url, 1)
    expected = f"{world.url}: is chain 31337, not 1; correct rpc_url or chain_id in the config"
    assert str(caught.value) == expected


def test_connect__no_http_address__is_refused() -> None:
    with pytest.raises(ChainError, match="not an http:// or https:// address"):
        connect("ws://127.0.0.1:1", 1)


def test_redact__url_with_secrets__keeps_the_host_only() -> None:
    assert redact("https://me:secret@node.example:8545/v3/key?token=1") == "https://node.example:8545"


def test_calls__one_reverts__others_are_answered(world: World) -> None:
    node = connect(world.url, 31337)
    engine = world.record["contracts"]["RiskEngine"]["address"]
    portfolio = world.portfolio.address
    state = Call(engine, abi.function("RiskEngine", "stateOf"), (portfolio,))
    metrics = Call(engine, abi.function("RiskEngine", "metrics"), (portfolio,))
    nobody = Call("0x" + "12" * 20, abi.function("RiskEngine", "stateOf"), (portfolio,))
    first, second, third = node.calls([state, metrics, nobody])
    assert first == 0
    assert isinstance(second, Reverted) and second.revert.name == "CovarianceModels__NoModel"
    assert isinstance(third, NodeRefused)


def test_rpc__unknown_method__is_refused(world: World) -> None:
    with pytest.raises(NodeRefused):
        connect(world.url, 31337).rpc("eth_noSuchThing")
