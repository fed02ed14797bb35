from __future__ import annotations

import pytest
from eth_account import Account
from eth_utils.address import to_checksum_address

from keepers import abi
from keepers.rpc.errors import ChainError
from keepers.rpc.node import connect
from keepers.signers.keys import LocalSigner
from keepers.signers.signing import (
    CovarianceModel,
    DepthReport,
    Order,
    RebalanceSignal,
    RiskReport,
    digest,
    hash_orders,
    model_id,
    order_words,
    orders_of,
    sign_quorum,
)
from tests.fixtures.node import MODEL as MODEL_NAME
from tests.fixtures.node import SIGNER_KEYS, World

MODEL = CovarianceModel(b"\7" * 32, 3, 1_600_000_000, 1_600_100_000, (10**14, -5 * 10**13, 2 * 10**14))
MODEL_ID = model_id(MODEL_NAME)
A, B = "0x" + "aa" * 20, "0x" + "bb" * 20


ORDER = Order(A, B, 10, 9, ((4, ((A, True),)), (6, ((B, False), (A, True)))))


def signers() -> list[LocalSigner]:
    return [LocalSigner(Account.from_key(key.to_bytes(32, "big"))) for key in SIGNER_KEYS]


def test_orders_of__words_of_orders__are_the_orders_again() -> None:
    assets = tuple(to_checksum_address(f"0x{number:040x}") for number in (1, 2, 3))
    pools = [to_checksum_address(f"0x{number:040x}") for number in (7, 8, 9)]
    one = Order(assets[0], assets[2], 100, 90, ((60, ((pools[0], True), (pools[1], False))), (40, ((pools[2], True),))))
    two = Order(assets[1], assets[0], 2**112 - 1, 0, ((2**112 - 1, ((pools[2], False),)),))
    words = order_words((one, two), assets)
    assert orders_of(words, assets) == (one, two)
    for broken in (words[:-1], order_words((two,), assets)[:1]):
        with pytest.raises(ChainError, match="cannot be read"):
            orders_of(broken, assets)
    with pytest.raises(ChainError, match="cannot be read"):
        orders_of(words, assets[:2])


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
    book = world.record["contracts"]["LiquidityBook"]["address"]
    report = DepthReport(b"\7" * 32, A, 3, 5, 2**40 - 1, 2**128 - 1, (A, B))
    node = connect(world.url, 31337)
    expected = node.call(book, abi.function("LiquidityBook", "hashDepth"), report.as_tuple())
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


def test_words__two_paths__are_a_head_and_a_route() -> None:
    a, b, up, last = int(A, 16), int(B, 16), 1 << 160, 1 << 161
    head = 1 | 0 << 8 | 5 << 16 | 10 << 32 | 9 << 144
    assert ORDER.words((B, A)) == (head, 4, a | up | last, 6, b, a | up | last)


def test_words__token_not_among_the_assets__one_clear_line() -> None:
    with pytest.raises(ChainError, match="not among the portfolio's assets"):
        ORDER.words((B,))


def test_words__amount_beyond_112_bits__one_clear_line() -> None:
    with pytest.raises(ChainError, match="room for 112 bits"):
        Order(A, B, 2**112, 0, ((2**112, ((A, True),)),)).words((A, B))


def test_sign_quorum__three_signers__come_in_ascending_order_and_recover() -> None:
    message = MODEL.message(1, A)
    signatures = sign_quorum(message, signers())
    addresses = [int(address, 16) for address, _ in signatures]
    assert addresses == sorted(addresses)
    for address, signature in signatures:
        assert Account._recover_hash(digest(message), signature=signature) == address


def test_sign_quorum__one_signer_twice__is_refused() -> None:
    with pytest.raises(ChainError, match="given more than once"):
        sign_quorum(MODEL.message(1, A), [signers()[0], signers()[0]])
