from __future__ import annotations

import pytest
from eth_utils.address import to_checksum_address

from keepers.rebalancing.orders import Order, OrderError, order_words, orders_of

A, B = "0x" + "aa" * 20, "0x" + "bb" * 20
ORDER = Order(A, B, 10, 9, ((4, ((A, True),)), (6, ((B, False), (A, True)))))


def test_orders_of__words_of_orders__are_the_orders_again() -> None:
    assets = tuple(to_checksum_address(f"0x{number:040x}") for number in (1, 2, 3))
    pools = [to_checksum_address(f"0x{number:040x}") for number in (7, 8, 9)]
    one = Order(assets[0], assets[2], 100, 90, ((60, ((pools[0], True), (pools[1], False))), (40, ((pools[2], True),))))
    two = Order(assets[1], assets[0], 2**112 - 1, 0, ((2**112 - 1, ((pools[2], False),)),))
    words = order_words((one, two), assets)
    assert orders_of(words, assets) == (one, two)
    for broken in (words[:-1], order_words((two,), assets)[:1]):
        with pytest.raises(OrderError, match="cannot be read"):
            orders_of(broken, assets)
    with pytest.raises(OrderError, match="cannot be read"):
        orders_of(words, assets[:2])


def test_words__two_paths__are_a_head_and_a_route() -> None:
    a, b, up, last = int(A, 16), int(B, 16), 1 << 160, 1 << 161
    head = 1 | 0 << 8 | 5 << 16 | 10 << 32 | 9 << 144
    assert ORDER.words((B, A)) == (head, 4, a | up | last, 6, b, a | up | last)


def test_words__token_not_among_the_assets__one_clear_line() -> None:
    with pytest.raises(OrderError, match="not among the portfolio's assets"):
        ORDER.words((B,))


def test_words__amount_beyond_112_bits__one_clear_line() -> None:
    with pytest.raises(OrderError, match="room for 112 bits"):
        Order(A, B, 2**112, 0, ((2**112, ((A, True),)),)).words((A, B))
