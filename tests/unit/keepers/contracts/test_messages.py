from __future__ import annotations

import pytest

from keepers import abi
from keepers.contracts.messages import CovarianceModel, DepthReport, RebalanceSignal, RiskReport, model_id
from keepers.rebalancing.orders import Order, hash_orders
from keepers.rpc.errors import ChainError
from keepers.rpc.node import connect
from keepers.signers.signing import digest
from tests.fixtures.node import MODEL as MODEL_NAME
from tests.fixtures.node import World

MODEL = CovarianceModel(b"\7" * 32, 3, 1_600_000_000, 1_600_100_000, (10**14, -5 * 10**13, 2 * 10**14))
MODEL_ID = model_id(MODEL_NAME)
A, B = "0x" + "aa" * 20, "0x" + "bb" * 20
ORDER = Order(A, B, 10, 9, ((4, ((A, True),)), (6, ((B, False), (A, True)))))


def test_model_digest__beside_the_chains__is_equal(world: World) -> None:
    models = world.record["contracts"]["CovarianceModels"]["address"]
    node = connect(world.url, 31337)
    expected = node.call(models, abi.function("CovarianceModels", "hashModel"), MODEL.as_tuple())
    assert digest(MODEL.message(31337, models)) == expected


def test_signal_digest__beside_the_chains__is_equal(world: World) -> None:
    rebalancer = world.record["contracts"]["AutoRebalancer"]["address"]
    words = ORDER.words((B, A))
    signal = RebalanceSignal(
        A,
        (B, A),
        (4 * 10**17, 6 * 10**17),
        50,
        9_000,
        30,
        5,
        2**40 - 1,
        2**256 - 1,
        MODEL_ID,
        b"\1" * 32,
        hash_orders(words),
        3,
    )
    node = connect(world.url, 31337)
    expected = node.call(rebalancer, abi.function("AutoRebalancer", "hashSignal"), signal.as_tuple())
    assert digest(signal.message(31337, rebalancer)) == expected


def test_report_digest__beside_the_chains__is_equal(world: World) -> None:
    reports = world.record["contracts"]["RiskReports"]["address"]
    scenarios = (b"a".ljust(32, b"\0"), b"b" * 32)
    var, shortfall = tuple(range(9)), tuple(range(9, 18))
    report = RiskReport(A, 2, 5, 2**40 - 1, 7, b"\5" * 32, 1, 2, 2**64 - 1, var, shortfall, scenarios, (-5, 10**18))
    node = connect(world.url, 31337)
    expected = node.call(reports, abi.function("RiskReports", "hashReport"), report.as_tuple())
    assert digest(report.message(31337, reports)) == expected


def test_depth_digest__beside_the_chains__is_equal(world: World) -> None:
    book = world.record["contracts"]["MarketDepthRegistry"]["address"]
    report = DepthReport(b"\7" * 32, A, 3, 5, 2**40 - 1, 2**128 - 1, (A, B))
    node = connect(world.url, 31337)
    expected = node.call(book, abi.function("MarketDepthRegistry", "hashDepth"), report.as_tuple())
    assert digest(report.message(31337, book)) == expected


def test_orders_hash__recomputed_by_the_chain__is_accepted(world: World) -> None:
    words = ORDER.words((B, A))
    node = connect(world.url, 31337)
    rebalancer = world.record["contracts"]["AutoRebalancer"]["address"]
    function = abi.function("AutoRebalancer", "rebalance")
    numbers = (0, 10_000, 100, 0, 2**40 - 1, 0)
    right = RebalanceSignal(A, (B,), (10**18,), *numbers, MODEL_ID, bytes(32), hash_orders(words))
    with pytest.raises(ChainError, match="SignerSets__NoSuchSet"):
        node.call(rebalancer, function, right.as_tuple(), words, [])
    wrong = RebalanceSignal(A, (B,), (10**18,), *numbers, MODEL_ID, bytes(32), hash_orders([]))
    with pytest.raises(ChainError, match="AutoRebalancer__WrongOrders"):
        node.call(rebalancer, function, wrong.as_tuple(), words, [])
