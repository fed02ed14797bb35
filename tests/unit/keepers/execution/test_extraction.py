from dataclasses import replace
from typing import Any

import pytest

from keepers.execution.errors import ExecutionError
from keepers.execution.extraction import Event, Kind, LiquidityChange, Swap, findings_around
from keepers.routing.pools import V2Pool, quote

E21 = 10**21


def swaps_in_turn(*trades: tuple[str, bool, int]) -> list[Swap]:
    """Swaps of one constant product, one per transaction: who, whether token0 is sold, and how much."""
    pool, done = V2Pool("0x1", "A", "B", E21, E21), []
    for index, (who, sells_token0, amount) in enumerate(trades):
        out = quote(pool, "A" if sells_token0 else "B", amount)
        done.append(Swap((index, index), who, pool.address, sells_token0, amount, out))
        change = (amount, -out) if sells_token0 else (-out, amount)
        pool = replace(pool, reserve0=pool.reserve0 + change[0], reserve1=pool.reserve1 + change[1])
    return done


def kinds(ours: Swap, block: list[Event]) -> list[Kind]:
    return [found.kind for found in findings_around(ours, block)]


def sandwich() -> list[Swap]:
    bought = swaps_in_turn(("thief", True, 10**19))[0].amount_out
    return swaps_in_turn(("thief", True, 10**19), ("us", True, 10**19), ("thief", False, bought))


def test_findings_around__front_and_back_of_one_account__is_a_profitable_sandwich() -> None:
    block = sandwich()
    (found,) = findings_around(block[1], list(block))
    assert (found.kind, found.events) == (Kind.SANDWICH, (block[0], block[2]))
    assert block[2].amount_out > block[0].amount_in


def test_findings_around__events_out_of_order__are_sorted() -> None:
    block = sandwich()
    assert kinds(block[1], [block[2], block[0], block[1]]) == [Kind.SANDWICH]


def test_findings_around__two_accounts_on_either_side__is_a_back_run() -> None:
    block = sandwich()
    other = replace(block[2], origin="arbitrageur")
    assert kinds(block[1], [block[0], block[1], other]) == [Kind.BACK_RUN]


def test_findings_around__back_of_another_size__is_no_sandwich() -> None:
    block = sandwich()
    small = replace(block[2], amount_in=block[0].amount_out // 2)
    assert kinds(block[1], [block[0], block[1], small]) == [Kind.BACK_RUN]


def test_findings_around__sandwich_and_arbitrage__are_both_found() -> None:
    block = sandwich()
    last = Swap((3, 3), "arbitrageur", "0x1", False, 10**18, 10**18)
    assert kinds(block[1], [*block, last]) == [Kind.SANDWICH, Kind.BACK_RUN]


def test_findings_around__one_back_for_two_fronts__is_one_sandwich() -> None:
    block = sandwich()
    again = replace(block[0], position=(0, 9))
    assert kinds(block[1], [*block, again]) == [Kind.SANDWICH]


@pytest.mark.parametrize("others", [(True, True), (False, True)])
def test_findings_around__trades_the_same_way_after__are_nothing(others: tuple[bool, bool]) -> None:
    block = swaps_in_turn(("a", others[0], 10**18), ("us", True, 10**19), ("b", others[1], 10**18))
    assert kinds(block[1], list(block)) == []


def test_findings_around__another_pool__is_nothing() -> None:
    block = sandwich()
    assert (
        kinds(block[1], [block[1], *(replace(event, pool="0x2") for event in block if event.origin == "thief")]) == []
    )


def test_findings_around__our_own_transactions__are_nothing() -> None:
    block = sandwich()
    assert kinds(block[1], [replace(event, origin="us") for event in block]) == []


def around(ours: Swap) -> list[Event]:
    added = LiquidityChange((0, 0), "maker", "0x1", (-60, 60), 10**20)
    removed = replace(added, position=(2, 2), liquidity=-(10**20))
    return [added, ours, removed]


def ours_in_the_middle() -> Swap:
    return replace(swaps_in_turn(("us", True, 10**19))[0], position=(1, 1))


def test_findings_around__liquidity_added_and_taken_out__is_just_in_time() -> None:
    ours = ours_in_the_middle()
    assert kinds(ours, around(ours)) == [Kind.JUST_IN_TIME]


@pytest.mark.parametrize(
    "change", [{"ticks": (-120, 60)}, {"origin": "other"}, {"liquidity": -(10**19)}, {"pool": "0x2"}]
)
def test_findings_around__liquidity_that_is_another__is_nothing(change: dict[str, Any]) -> None:
    ours = ours_in_the_middle()
    added, _, removed = around(ours)
    assert kinds(ours, [added, ours, replace(removed, **change)]) == []


def test_findings_around__block_without_the_swap__is_refused() -> None:
    with pytest.raises(ExecutionError, match="not in the block"):
        findings_around(ours_in_the_middle(), [])
