"""Pools give nothing away, and splits and plans keep their promises."""

from collections.abc import Sequence

from hypothesis import assume, given
from hypothesis import strategies as st

from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.order_paths import best_paths, run_paths
from keepers.routing.pools import Pool, V2Pool, V3Pool, other_token, quote, swap
from keepers.routing.split import best_split
from keepers.routing.trades import WAD, Holding, TradeRules, plan_trades
from keepers.routing.v3_math import MAX_TICK, MIN_TICK, sqrt_ratio_at_tick, tick_at_sqrt_ratio

FEES = st.sampled_from([0, 100, 500, 3000, 10_000])
AMOUNTS = st.integers(1, 30).flatmap(lambda digits: st.integers(1, 10**digits))


@st.composite
def v2_pools(draw: st.DrawFn, address: str = "0xV2", one: str = "A", other: str = "B") -> V2Pool:
    reserves = st.integers(3, 27).flatmap(lambda digits: st.integers(1, 10**digits))
    return V2Pool(address, one, other, draw(reserves), draw(reserves), draw(FEES))


@st.composite
def v3_pools(draw: st.DrawFn, address: str = "0xV3", one: str = "A", other: str = "B") -> V3Pool:
    """Some positions around a price, and the liquidity and ticks that follow from them."""
    spacing = draw(st.sampled_from([1, 10, 60, 200]))
    centre = draw(st.integers(-300_000 // spacing, 300_000 // spacing))
    offsets = st.integers(-400, 400)
    ranges = st.tuples(offsets, offsets, st.integers(1, 10**24)).filter(lambda r: r[0] < r[1])
    net: dict[int, int] = {}
    for lower, upper, liquidity in draw(st.lists(ranges, min_size=1, max_size=6)):
        for index, change in ((lower, liquidity), (upper, -liquidity)):
            tick = (centre + index) * spacing
            net[tick] = net.get(tick, 0) + change
    price = draw(
        st.integers(sqrt_ratio_at_tick((centre - 400) * spacing), sqrt_ratio_at_tick((centre + 400) * spacing))
    )
    tick = tick_at_sqrt_ratio(price)
    active = sum(change for index, change in net.items() if index <= tick)
    return V3Pool(address, one, other, price, tick, active, draw(FEES), spacing, tuple(sorted(net.items())))


POOLS: st.SearchStrategy[Pool] = st.one_of(v2_pools(), v3_pools())
TOKENS = st.sampled_from(["A", "B"])


def tries(pool: Pool, token: str, amount: int) -> int | None:
    try:
        return quote(pool, token, amount)
    except InsufficientLiquidity:
        return None


@given(POOLS, TOKENS, AMOUNTS, AMOUNTS)
def test_quote__more_in__never_pays_less(pool: Pool, token: str, amount: int, more: int) -> None:
    little, much = tries(pool, token, amount), tries(pool, token, amount + more)
    if much is not None:
        assert little is not None and little <= much


@given(POOLS, TOKENS, AMOUNTS)
def test_swap__there_and_back__never_gains(pool: Pool, token: str, amount: int) -> None:
    try:
        out, after = swap(pool, token, amount)
    except InsufficientLiquidity:
        return
    for state in (after, pool):
        back = tries(state, other_token(pool, token), out) if out else None
        assert back is None or back <= amount


@given(st.integers(MIN_TICK, MAX_TICK - 1))
def test_tick_at_sqrt_ratio__any_tick__is_the_inverse(tick: int) -> None:
    low, high = sqrt_ratio_at_tick(tick), sqrt_ratio_at_tick(tick + 1)
    assert low < high
    assert tick_at_sqrt_ratio(low) == tick_at_sqrt_ratio(high - 1) == tick


@st.composite
def markets(draw: st.DrawFn) -> tuple[Pool, ...]:
    direct = [draw(st.one_of(v2_pools(f"0xd{n}"), v3_pools(f"0xd{n}"))) for n in range(draw(st.integers(1, 3)))]
    if draw(st.booleans()):
        direct += [draw(v2_pools("0xf", "A", "M")), draw(v2_pools("0xs", "M", "B"))]
    return tuple(direct)


def run(pools: Sequence[Pool], hops: Sequence[tuple[str, bool]], amount: int) -> int:
    by_address = {pool.address: pool for pool in pools}
    for address, zero_for_one in hops:
        pool = by_address[address]
        amount = quote(pool, pool.token0 if zero_for_one else pool.token1, amount)
    return amount


@given(markets(), TOKENS, AMOUNTS, st.integers(1, 4))
def test_best_split__any_market__sums_up_and_is_never_worse_than_one_pool(
    pools: tuple[Pool, ...], token: str, amount: int, max_paths: int
) -> None:
    other = {"A": "B", "B": "A"}[token]
    singles = [tries(pool, token, amount) or 0 for pool in pools if "M" not in (pool.token0, pool.token1)]
    try:
        split = best_split(pools, token, other, amount, via=["M"], max_paths=max_paths)
    except InsufficientLiquidity:
        assert max(singles) == 0
        return
    assert sum(path.amount_in for path in split.paths) == split.amount_in == amount
    assert all(path.amount_in > 0 for path in split.paths) and len(split.paths) <= max_paths
    assert sum(run(pools, path.hops, path.amount_in) for path in split.paths) == split.amount_out > 0
    assert split.amount_out >= max(singles)
    used = [hop.pool for path in split.paths for hop in path.hops]
    assert len(used) == len(set(used))


@given(markets(), TOKENS, AMOUNTS, st.integers(1, 4))
def test_best_paths__any_market__pays_what_it_says_and_no_less_than_the_greedy_split(
    pools: tuple[Pool, ...], token: str, amount: int, max_paths: int
) -> None:
    other = {"A": "B", "B": "A"}[token]
    try:
        found = best_paths(pools, token, other, amount, via=["M"], max_paths=max_paths)
    except InsufficientLiquidity:
        found = None
    try:
        least = best_split(pools, token, other, amount, via=["M"], max_paths=max_paths).amount_out
    except InsufficientLiquidity:
        least = 0
    if found is None:
        assert least == 0
        return
    assert sum(path.amount_in for path in found.paths) == found.amount_in == amount
    assert all(path.amount_in > 0 for path in found.paths) and len(found.paths) <= max_paths
    assert run_paths({pool.address: pool for pool in pools}, token, found.paths) == found.amount_out >= least


@given(v2_pools("0x1"), v2_pools("0x2"), AMOUNTS, st.lists(st.floats(0, 1), min_size=20, max_size=20))
def test_best_split__two_constant_products__no_random_cut_is_better(
    one: V2Pool, two: V2Pool, amount: int, cuts: list[float]
) -> None:
    """The bound holds for outputs of a million units and more: below, rounding to whole units decides."""
    try:
        best = best_split([one, two], "A", "B", amount).amount_out
    except InsufficientLiquidity:
        best = 0
    for cut in cuts:
        part = min(amount, int(amount * cut))
        parts = [(one, part), (two, amount - part)]
        outs = [tries(pool, "A", share) or 0 for pool, share in parts if share]
        if all(outs) and sum(outs) >= 10**6:
            assert sum(outs) <= best + 2 + len(parts) * best // 2**24


@given(
    st.lists(st.integers(0, 10**24), min_size=3, max_size=3),
    st.lists(st.integers(0, 100), min_size=3, max_size=3).filter(sum),
    st.integers(0, 500),
)
def test_plan_trades__any_targets__never_spends_more_than_is_sure(
    balances: list[int], parts: list[int], slippage: int
) -> None:
    assume(sum(balances) > 0)
    tokens = ("A", "B", "C")
    holdings = [Holding(token, balance, WAD, 18) for token, balance in zip(tokens, balances, strict=True)]
    targets = [part * WAD // sum(parts) for part in parts]
    targets[0] += WAD - sum(targets)
    pools = [V2Pool("0xb", "A", "B", 10**25, 10**25), V2Pool("0xc", "C", "A", 10**25, 10**25)]
    trades = plan_trades(holdings, targets, pools, TradeRules(slippage, min_value=10**6))
    left = dict(zip(tokens, balances, strict=True))
    for trade in trades:
        left[trade.token_in] -= trade.amount_in
        assert left[trade.token_in] >= 0
        left[trade.token_out] += trade.min_amount_out
    directions = [trade.token_out == "A" for trade in trades]
    assert directions == sorted(directions, reverse=True)
    assert all(0 < trade.min_amount_out <= trade.quoted_out for trade in trades)
