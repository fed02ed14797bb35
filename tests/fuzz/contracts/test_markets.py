"""Quotes equal execution to the wei: random sizes, fees, decimals and ranges; and mixed routes conserve value."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from web3.exceptions import ContractLogicError

from scripts._lib.transactions import TransactionError, send
from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256
from tests.fixtures.markets import SPARED, TERMS

FEES = {
    "uniswap-v2": None,
    "sushi-v2": None,
    "pancake-v2": None,
    "trader-joe": None,
    "uniswap-v3": (500, 3000, 10_000),
    "sushi-v3": (100, 500, 3000, 10_000),
    "pancake-v3": (500, 2500, 10_000),
    "uniswap-v4": (1, 500, 3000, 99_999),
    "uniswap-v4-dynamic": (0, 500, 99_999),
    "balancer-weighted": (1, 3000, 100_000),
    "balancer-stable": (1, 400, 100_000),
    "curve-int128": (0, 400, 10_000),
    "curve-uint256": (0, 400, 10_000),
    "curve-int128-ng": (0, 400, 10_000),
    "curve-uint256-ng": (0, 400, 10_000),
}
DECIMALS = (0, 6, 8, 18, 27, 36)
MOST_DECIMALS = 18
"""Maximum that tokens of Balancer and of Curve may have."""
RANGES = ((None,), (None, (-600, 1200)), ((-60_000, 60_000), (-1200, 600), (-60_000, -6000)))
EXAMPLES = 4
_SUPPRESSED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much]


def _orders(seen: Any, lens: Any, order: tuple[Any, ...], exact_out: bool) -> tuple[Any, Any]:
    if exact_out:
        return lens.functions.quoteExactOut(order), seen.functions.swapExactOut(order, TERMS)
    return lens.functions.quoteOrder(order), seen.functions.swap(order)


@pytest.mark.parametrize("venue", FEES)
def test_lens__any_market__says_what_execution_does(
    venue, market_listing, lens, create_market, chain, trader, liquidity_provider
):
    w3, seen = market_listing.w3, market_listing.aggregator
    abi = lens.contract_type.model_dump(mode="json")["abi"]
    lens_ = w3.eth.contract(address=lens.address, abi=abi)

    @settings(max_examples=EXAMPLES * _scale(), suppress_health_check=_SUPPRESSED, deadline=None)
    @given(
        places=st.tuples(st.sampled_from(DECIMALS), st.sampled_from(DECIMALS)),
        fee=st.sampled_from(FEES[venue] or (0,)),
        ranges=st.sampled_from(RANGES),
        parts=st.lists(st.integers(1, 10**6), min_size=2, max_size=3),
        up=st.booleans(),
        exact_out=st.booleans(),
    )
    def run(places, fee, ranges, parts, up, exact_out):
        if venue.startswith(("balancer", "curve")):
            assume(min(places) >= 6 and max(places) <= MOST_DECIMALS)
        # A pair holds at most 2^112 units, a V3 tick at most 2^113 of liquidity (2^107 where ticks are one apart), and
        # a range a few hundred ticks wide has some fifty times its amounts: of so fine a token they hold little.
        depth = {36: Fraction(1, 10**4), 27: 10**4}.get(max(places), 10**6)
        assume(depth >= 1 or min(places) >= 6)
        options: dict[str, Any] = {} if FEES[venue] is None else {"fee": fee}
        if venue == "uniswap-v3" and fee == 3000 and places[0] == places[1]:
            options["ranges"] = ranges
        snapshot = chain.snapshot()
        try:
            market = create_market(venue, places, depth=depth, **options)
            _check(w3, seen, lens_, market, parts, up, exact_out, trader, liquidity_provider, SPARED.get(venue, 0))
        finally:
            chain.restore(snapshot)

    run()


def _check(w3, seen, lens, market, parts, up, exact_out, trader, provider, spared) -> None:
    """Swaps one after the other: each on the state that the last one left."""
    token_in, token_out = market.tokens if up else market.tokens[::-1]
    unit = market.units[(0 if up else 1) if not exact_out else (1 if up else 0)]
    token_in.transfer(trader, token_in.balanceOf(provider) // 2, sender=provider)
    token_in.approve(seen.address, MAX_UINT256, sender=trader)
    for part in parts:
        amount = max(1, unit * part // 10**6)
        path = (amount, [(market.key, up)])
        limit = MAX_UINT256 if exact_out else 0
        order = (token_in.address, token_out.address, amount, limit, trader.address, FAR_FUTURE, [path])
        quote, execute = _orders(seen, lens, order, exact_out)
        before = token_in.balanceOf(trader), token_out.balanceOf(trader)
        try:
            quoted = quote.call()[0]
        except ContractLogicError:
            # Too little for the venue: then the swap has to revert, too.
            with pytest.raises((ContractLogicError, TransactionError)):
                send(w3, trader.address, execute)
            continue
        try:
            send(w3, trader.address, execute)
        except (ContractLogicError, TransactionError):
            # A venue may refuse to pay nothing.
            assert quoted == 0 or exact_out
            continue
        after = token_in.balanceOf(trader), token_out.balanceOf(trader)
        if exact_out:
            assert before[0] - after[0] == quoted
            assert after[1] - before[1] >= amount
        else:
            assert before[0] - after[0] == amount
            assert quoted <= after[1] - before[1] <= quoted + spared
        for token in market.tokens:
            assert token.balanceOf(seen.address) == 0


def _scale() -> int:
    return 40 if settings().max_examples > 1000 else 1
