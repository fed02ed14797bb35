"""Random orders over real and hostile pools: value is conserved, or the order reverts and says why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from eth_utils import keccak
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from web3.exceptions import ContractCustomError, ContractLogicError
from web3.logs import DISCARD

from scripts._lib.transactions import TransactionError, send
from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256
from tests.fixtures.venues import DEEP, V2, V3

POOLS = 8
HOSTILE_ACTS = 12


@dataclass
class PoolTriangle:
    """Three tokens, pools between them, a rich trader, as plain web3 sees them."""

    w3: Any
    aggregator: Any
    tokens: list[Any]
    pools: list[Any]
    trader: str
    counterparty: str
    reasons: set[str]

    def balances(self) -> dict[tuple[int, str], int]:
        holders = {self.trader, self.counterparty, self.aggregator.address, *(p.address for p in self.pools)}
        keys = [(i, holder) for i in range(len(self.tokens)) for holder in sorted(holders)]
        with self.w3.batch_requests() as batch:
            for i, holder in keys:
                batch.add(self.tokens[i].functions.balanceOf(holder))
            return dict(zip(keys, batch.execute(), strict=True))


@pytest.fixture
def world(aggregator, trader, counterparty, tokens, create_v2_pool, create_v3_pool, create_hostile_pool, chain):
    one, two, three = tokens
    pools = [
        create_v2_pool({one: DEEP, two: 2 * DEEP}),
        create_v2_pool({two: DEEP, three: DEEP}),
        create_v3_pool({one: DEEP, two: DEEP}, 500, [None, (-100, 200)]),
        create_v3_pool({two: DEEP, three: 5 * DEEP}, 3000, [(15_000, 18_000)]),
        create_v3_pool({one: DEEP, three: DEEP}, 10_000),
        create_v3_pool({one: DEEP, three: DEEP}, 3000, listed=False),
        create_hostile_pool(one, two, V3),
        create_hostile_pool(two, three, V2),
    ]
    assert len(pools) == POOLS
    for token in tokens:
        token.mint(trader, 10 * DEEP, sender=trader)
        token.approve(aggregator, MAX_UINT256, sender=trader)
    w3 = chain.provider.web3
    abis = [contract.contract_type.model_dump(mode="json")["abi"] for contract in (aggregator, *tokens)]
    # Pools that owe more than they have raise it: no contract's ABI lists an assembly library's errors.
    reasons = {"0x" + keccak(text=f"{name}()").hex()[:8] for name in ("TransferFailed", "TransferFromFailed")}
    reasons |= {
        "0x" + keccak(text=f"{item['name']}({','.join(_types(item))})").hex()[:8]
        for abi in abis
        for item in abi
        if item["type"] == "error"
    }
    return PoolTriangle(
        w3,
        w3.eth.contract(address=aggregator.address, abi=abis[0]),
        [w3.eth.contract(address=token.address, abi=abis[1]) for token in tokens],
        [pool if hasattr(pool, "functions") else _as_web3(w3, pool) for pool in pools],
        trader.address,
        counterparty.address,
        reasons,
    )


def _types(item: dict[str, Any]) -> list[str]:
    return [argument["type"] for argument in item["inputs"]]


def _as_web3(w3: Any, contract: Any) -> Any:
    return w3.eth.contract(address=contract.address, abi=contract.contract_type.model_dump(mode="json")["abi"])


amounts = st.one_of(st.integers(0, 1000), st.integers(0, 25).map(lambda k: 7 * 10**k), st.integers(1, DEEP))


@st.composite
def routes(draw: Any) -> tuple[int, int, list[tuple[int, list[tuple[int, bool]]]]]:
    """(token in, token out, paths): mostly walks over pools that meet, now and then with a wrong hop."""
    ends = {0: (0, 1), 1: (1, 2), 2: (0, 1), 3: (1, 2), 4: (0, 2), 5: (0, 2), 6: (0, 1), 7: (1, 2)}
    start = draw(st.integers(0, 2))
    final, paths = start, []
    for _ in range(draw(st.integers(1, 3))):
        token, hops = start, []
        for _ in range(draw(st.integers(1, 3))):
            pool = draw(st.sampled_from([pool for pool, sides in ends.items() if token in sides]))
            up = token == ends[pool][0]
            hops.append((pool, up))
            token = ends[pool][1 if up else 0]
        if draw(st.integers(0, 9)) == 0:
            wrong = draw(st.integers(0, len(hops) - 1))
            hops[wrong] = (draw(st.integers(0, POOLS - 1)), draw(st.booleans()))
        paths.append((draw(amounts), hops))
        final = token
    return start, final, paths


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(route=(0, 1, [(7 * DEEP, [(6, True)])]), act=0, to_other=False)
@example(route=(1, 2, [(1, [(7, True)])]), act=2, to_other=False)
@given(route=routes(), act=st.integers(0, HOSTILE_ACTS - 1), to_other=st.booleans())
def test_swap__any_route__conserves_value_or_says_why_not(world, chain, route, act, to_other):
    start, final, paths = route
    recipient = world.counterparty if to_other else world.trader
    amount_in = sum(amount for amount, _ in paths)
    order = (
        world.tokens[start].address,
        world.tokens[final].address,
        amount_in,
        0,
        recipient,
        FAR_FUTURE,
        [(amount, [(world.pools[pool].address, up) for pool, up in hops]) for amount, hops in paths],
    )
    snapshot = chain.snapshot()
    try:
        _check(world, act, start, final, recipient, order)
    finally:
        chain.restore(snapshot)


def _check(world: PoolTriangle, act: int, start: int, final: int, recipient: str, order: tuple[Any, ...]) -> None:
    again = world.aggregator.encode_abi("swap", [order])
    for pool in world.pools[-2:]:
        send(world.w3, world.trader, pool.functions.plan(act, again))
    before = world.balances()
    try:
        receipt = send(world.w3, world.trader, world.aggregator.functions.swap(order))
    except (ContractLogicError, TransactionError) as error:
        assert _is_reason(world, error), repr(error)
        assert world.balances() == before
        return
    change = {key: balance - before[key] for key, balance in world.balances().items()}

    (event,) = world.aggregator.events.Swapped().process_receipt(receipt, errors=DISCARD)
    for i in range(len(world.tokens)):
        assert sum(moved for (token, _), moved in change.items() if token == i) == 0, "value came or went"
        assert change[i, world.aggregator.address] == 0, "something stayed with the aggregator"
    assert change[start, world.trader] == -order[2]
    assert change[final, recipient] == event["args"]["amountOut"]
    untouched = {0, 1, 2} - {start, final}
    assert all(change[token, holder] == 0 for token in untouched for holder in {world.trader, recipient})


def _is_reason(world: PoolTriangle, error: Exception) -> bool:
    """An error of the aggregator or a token, or a venue's own words."""
    if isinstance(error, ContractCustomError):
        return str(error.data)[:10] in world.reasons
    message = str(getattr(error, "message", ""))
    return message.startswith("execution reverted: ") and len(message) > len("execution reverted: ")
