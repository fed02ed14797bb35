"""Random orders over every real venue at once: split, many hops, any mixture, exact input in three forms, exact output.

Value is conserved, nothing stays with the aggregator, what the lens said is what happens, and every refusal has a name.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from eth_utils import keccak
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from web3.exceptions import Web3Exception
from web3.logs import DISCARD

from keepers.rpc.errors import decode_revert
from scripts._lib.artifacts import NODE_MODULES
from scripts._lib.orders import revert_data
from scripts._lib.transactions import send
from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256
from tests.fixtures.markets import SPARED, TERMS, V2, V3, VENUES
from tests.fixtures.venues import in_words

_SUPPRESSED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
WAD = 10**18
DEPTH = 10**4 * WAD
PLACES = {
    # Token 2 is the wrapped coin, token 3 a share of token 0.
    "uniswap-v4-native": (1, 2),
    "erc4626": (0, 3),
}
PAIRS = ((0, 1), (1, 2), (0, 2))


@dataclass
class MixedVenues:
    """Four tokens and a market of every venue between them, as plain web3 sees them.

    Attributes:
        payer: Pays for its caller when the aggregator asks.
        ends: Of each market, indices of its tokens, token0 first.
        targets: Of each market, what the aggregator calls.
        foreign: Selectors of venues' own errors.
        seen: What the examples came to.
    """

    w3: Any
    aggregator: Any
    lens: Any
    payer: Any
    tokens: list[Any]
    keys: list[str]
    ends: list[tuple[int, int]]
    targets: list[str]
    trader: str
    foreign: set[str]
    seen: Counter[str] = field(default_factory=Counter)

    def holdings(self) -> dict[tuple[int, str], int]:
        """Balances of the trader, the aggregator and every venue, in every token."""
        holders = sorted({self.trader, self.aggregator.address, *self.targets})
        keys = [(i, holder) for i in range(len(self.tokens)) for holder in holders]
        with self.w3.batch_requests() as batch:
            for i, holder in keys:
                batch.add(self.tokens[i].functions.balanceOf(holder))
            return dict(zip(keys, batch.execute(), strict=True))

    def allowances(self) -> list[int]:
        """The aggregator's allowances to every venue."""
        with self.w3.batch_requests() as batch:
            for token in self.tokens:
                for target in sorted(set(self.targets)):
                    batch.add(token.functions.allowance(self.aggregator.address, target))
            return list(batch.execute())


@pytest.fixture
def world(
    aggregator, lens, market_listing, create_settlement, wrapped_coin, uniswap_v2, uniswap_v3, list_pool, admin, trader,
    liquidity_provider, project,
):  # fmt: skip
    w3, provider = market_listing.w3, liquidity_provider.address
    erc20 = project.SettlementToken.contract_type.model_dump(mode="json")["abi"]
    plain = [create_settlement(name, 18) for name in ("ONE", "TWO")]
    vault = admin.deploy(project.MockVault, plain[0])
    tokens = [w3.eth.contract(address=t.address, abi=erc20) for t in (*plain, wrapped_coin, vault)]
    _endow(w3, plain, tokens[0], vault, uniswap_v2, (liquidity_provider, trader))

    keys, ends = [], []
    for k, venue in enumerate(VENUES):
        pair = PLACES.get(venue, PAIRS[k % len(PAIRS)])
        amounts = {tokens[i].address: DEPTH for i in pair}
        if venue == "uniswap-v2":
            key = list_pool(uniswap_v2.add_liquidity(provider, amounts), V2).address
        elif venue == "uniswap-v3":
            pool = uniswap_v3.create_pool(amounts, 3000)
            uniswap_v3.add_liquidity(provider, pool, amounts)
            key = list_pool(pool, V3).address
        else:
            options = {"uniswap-v4-native": {"coin": wrapped_coin.address}, "erc4626": {"vault": vault.address}}
            key = market_listing.create(venue, amounts, **options.get(venue, {}))
        keys.append(key)
        ends.append(tuple(sorted(pair, key=lambda i: int(tokens[i].address, 16))))
    payer = admin.deploy(project.CallbackPayer, aggregator)
    for token in tokens:
        for spender in (aggregator, payer):
            send(w3, trader.address, token.functions.approve(spender.address, MAX_UINT256))
    seen = market_listing.aggregator
    return MixedVenues(
        w3,
        seen,
        *(_plain(w3, contract) for contract in (lens, payer)),
        tokens,
        keys,
        ends,
        [seen.functions.marketOf(key).call()[2] for key in keys],
        trader.address,
        _foreign(),
    )


def _endow(w3: Any, plain: Any, asset: Any, vault: Any, uniswap_v2: Any, holders: Any) -> None:
    """Gives every holder plain tokens, wrapped coins and shares of a vault that has earned something."""
    for token in plain:
        for holder in holders:
            token.mint(holder, 1000 * DEPTH, sender=holder)
    for holder in holders:
        # Accounts of the local chain hold ten thousand coins: give them more.
        w3.provider.make_request("anvil_setBalance", [holder.address, hex(1000 * DEPTH)])
        send(w3, holder.address, uniswap_v2.weth.functions.deposit(), value=500 * DEPTH)
        send(w3, holder.address, asset.functions.approve(vault.address, MAX_UINT256))
        vault.deposit(100 * DEPTH, holder, sender=holder)
    plain[0].transfer(vault, 13 * DEPTH, sender=holders[0])


def _plain(w3: Any, contract: Any) -> Any:
    return w3.eth.contract(address=contract.address, abi=contract.contract_type.model_dump(mode="json")["abi"])


def _foreign() -> set[str]:
    """Errors of everything that @uniswap/v4-core builds: those of its libraries are in no ABI but their own."""
    errors = [
        entry
        for path in (NODE_MODULES / "@uniswap/v4-core/out").glob("*.sol/*.json")
        for entry in json.loads(path.read_text())["abi"]
        if entry["type"] == "error"
    ]
    spelled = [f"{entry['name']}({','.join(item['type'] for item in entry['inputs'])})" for entry in errors]
    return {"0x" + keccak(text=text).hex()[:8] for text in spelled}


sizes = st.one_of(
    st.integers(DEPTH // 10**4, DEPTH // 10),
    st.integers(12, 20).map(lambda k: 7 * 10**k),
    st.integers(1, 10**12),
    st.integers(DEPTH, 2 * DEPTH),
)


@st.composite
def walks(draw: Any, ends: list[tuple[int, int]]) -> tuple[int, int, list[tuple[int, list[tuple[int, bool]]]]]:
    """(token in, token out, paths) over markets that meet; paths after the first end where it did."""
    start = draw(st.integers(0, 3))
    final, paths = None, []
    for _ in range(draw(st.integers(1, 3))):
        token, hops, most = start, [], draw(st.integers(1, 4))
        while len(hops) < most or (token in (start, final if final is not None else token) and not hops):
            market = draw(st.sampled_from([k for k, pair in enumerate(ends) if token in pair]))
            hops.append((market, token == ends[market][0]))
            token = ends[market][1 if hops[-1][1] else 0]
        if final is None:
            final = token
        elif token != final:
            last = [k for k, pair in enumerate(ends) if set(pair) == {token, final}]
            if not last:
                continue
            market = draw(st.sampled_from(last))
            hops.append((market, token == ends[market][0]))
        paths.append((draw(sizes), hops))
    return start, final, paths


def _plain_routes(ends: list[tuple[int, int]]) -> list[tuple[int, int, list[tuple[int, list[tuple[int, bool]]]]]]:
    """Routes of one hop over six markets, and the first split with another: what passes whatever chance brings."""
    size = DEPTH // 100
    single = [(start, final, [(size, [(k, True)])]) for k, (start, final) in enumerate(ends[:6])]
    other = next(k for k in range(6, len(ends)) if ends[k] == ends[0])
    return [*single, (*ends[0], [(size, [(0, True)]), (size, [(other, True)])])]


FORMS = ("order", "exact out", "words", "callback")


@pytest.mark.parametrize("form", FORMS)
def test_swap__any_route_over_any_venues__conserves_value_or_says_why_not(world, chain, form):
    # Without shrinking, which takes minutes here and says little more.
    @settings(
        suppress_health_check=_SUPPRESSED,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        max_examples=settings().max_examples // len(FORMS),
    )
    @given(route=walks(world.ends))
    def run(route):
        snapshot = chain.snapshot()
        try:
            _check(world, route, form)
        finally:
            chain.restore(snapshot)

    for route in _plain_routes(world.ends):
        run = example(route=route)(run)
    run()
    print(dict(world.seen))
    assert world.seen["passed"] > 3 and world.seen["split"] > 0
    assert sum(world.seen[venue] > 0 for venue in VENUES) > 4


def _check(world: MixedVenues, route: Any, form: str) -> None:
    start, final, paths = route
    exact_out = form == "exact out"
    amount = sum(size for size, _ in paths)
    legs = [(size, [(world.keys[k], up) for k, up in hops]) for size, hops in paths]
    limit = MAX_UINT256 // 2 if exact_out else 0
    order = (world.tokens[start].address, world.tokens[final].address, amount, limit, world.trader, FAR_FUTURE, legs)
    if exact_out:
        order = (*order[:3], world.tokens[start].functions.balanceOf(world.trader).call(), *order[4:])
    functions = world.aggregator.functions
    call = functions.swapExactOut(order, TERMS) if exact_out else functions.swap(order)
    if form == "words":
        call = functions.swapRoute(*order[:2], 0, FAR_FUTURE, in_words(legs))
    if form == "callback":
        call = world.payer.functions.swap(*order[:2], in_words(legs))
    quoted = _quoted(world, order, exact_out, paths)
    before = world.holdings()
    try:
        receipt = send(world.w3, world.trader, call)
    except Web3Exception as error:
        world.seen[_reason(world, error)] += 1
        assert world.holdings() == before
        return
    _settled(world, route, form, before, receipt, quoted)


_STEPS = ("curve", "lite-psm", "aerodrome-stable", "fluid-dex")


def _settled(world: MixedVenues, route: Any, form: str, before: Any, receipt: Any, quoted: int | None) -> None:
    start, final, paths = route
    exact_out = form == "exact out"
    change = {key: held - before[key] for key, held in world.holdings().items()}
    paid, got, amount = -change[start, world.trader], change[final, world.trader], sum(size for size, _ in paths)
    events = world.aggregator.events.Swapped().process_receipt(receipt, errors=DISCARD)
    said = [(event["args"]["amountIn"], event["args"]["amountOut"]) for event in events]
    assert said == ([] if form in ("words", "callback") else [(paid, got)])
    assert got >= amount if exact_out else paid == amount
    spared = sum(VENUES[k] in SPARED for _, hops in paths for k, _ in hops)
    if quoted is not None:
        # A quote that spares a unit on the way may be poorer than what happens, and never better.
        better = quoted - paid if exact_out else got - quoted
        assert better >= 0 if spared else better == 0
    for token in range(len(world.tokens)):
        assert before[token, world.aggregator.address] == 0
        assert change[token, world.aggregator.address] == 0, "something stayed with the aggregator"
        if token not in (start, final):
            # Curve's and Aerodrome's stable pools, whose inverse is found in steps, a PSM, which sells whole units, and
            # Fluid's pools, which count twelve decimals, pay more of an exact output than the next hop takes; the payer
            # gets what is over.
            over = exact_out and any(VENUES[k].startswith(_STEPS) for _, hops in paths for k, _ in hops)
            assert change[token, world.trader] >= 0 if over else change[token, world.trader] == 0
    crossed = {world.targets[k] for _, hops in paths for k, _ in hops}
    for (_, holder), moved in change.items():
        assert moved == 0 or holder == world.trader or holder in crossed, "a venue that was not asked"
    assert world.w3.eth.get_balance(world.aggregator.address) == 0
    assert not any(world.allowances())
    world.seen.update({"passed", *(VENUES[k] for _, hops in paths for k, _ in hops)})
    world.seen["split"] += len(paths) > 1
    world.seen[form] += 1


def _quoted(world: MixedVenues, order: Any, exact_out: bool, paths: Any) -> int | None:
    """The lens's quote; None where it need not foretell: something is traded out of twice, or the lens refuses."""
    used = [world.targets[k] for _, hops in paths for k, _ in hops]
    if len(set(used)) < len(used):
        return None
    lens = world.lens.functions
    try:
        return int((lens.quoteExactOut(order) if exact_out else lens.quoteOrder(order)).call()[0])
    except Web3Exception as error:
        _reason(world, error)
        return None


def _reason(world: MixedVenues, error: Web3Exception) -> str:
    """The name of what was refused."""
    data = revert_data(error)
    if "0x" + data[:4].hex() in world.foreign:
        return "0x" + data[:4].hex()
    revert = decode_revert(data, str(error))
    assert revert.name or "reverted: " in revert.text, f"no reason: {error!r}"
    return revert.name or revert.text
