"""Exact quotes beside venues' own contracts, in one random state after another.

A quick run compares some thousand swaps per venue, a deep one (QUANTERA_FUZZ=deep) a million.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import isqrt

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keepers.routing.crypto import CryptoPool
from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.many import quotes
from keepers.routing.pools import MAX_UINT112, Pool, V2Pool, V3Pool
from keepers.routing.stable import ONE, StableKind, StablePool, told_by_first_pools
from keepers.routing.v3_math import sqrt_ratio_at_tick, tick_at_sqrt_ratio
from keepers.routing.vaults import VaultPool
from keepers.routing.weighted import WeightedPool
from scripts._lib.artifacts import artifact, contract_at
from scripts._lib.transactions import deploy
from scripts._lib.venues.balancer import BalancerV2
from scripts._lib.venues.forks import PANCAKE_V2_FEE_PIPS, PancakeV2
from scripts._lib.venues.uniswap import TICK_SPACING, UniswapV2, UniswapV3
from scripts._lib.venues.uniswap_v4 import UniswapV4
from tests.fixtures.swap_batches import SwapBatches, Trade

SWAPS = 1_000_000 if os.environ.get("QUANTERA_FUZZ") == "deep" else 2_000
A_CALL = 250
SEED = 20261127


@pytest.fixture(scope="module")
def batches(chain, admin) -> SwapBatches:
    return SwapBatches(chain.provider.web3, admin.address)


@pytest.fixture(scope="module")
def dice() -> random.Random:
    return random.Random(SEED)


def any_size(dice: random.Random, most: int) -> int:
    """By turns of any order of magnitude, and large."""
    return dice.randint(1, most) if dice.random() < 0.5 else min(most, int(10 ** dice.uniform(0, len(str(most)))))


def told(pool: Pool, swaps: list[tuple[int, bool]]) -> list[int | None]:
    """Quotes of both directions, each direction at once."""
    by_side = {}
    for is_down, token in ((False, pool.token1), (True, pool.token0)):
        by_side[is_down] = iter(quotes(pool, token, [amount for amount, down in swaps if down == is_down]))
    return [next(by_side[is_down]) for _, is_down in swaps]


# -- Constant product


@pytest.mark.parametrize(("venue", "fee"), [(UniswapV2, 3000), (PancakeV2, PANCAKE_V2_FEE_PIPS)])
def test_quotes__any_pair__are_the_most_that_the_pair_pays(batches, admin, dice, venue, fee):
    token0, token1 = batches.tokens
    factory = venue(batches.w3, admin.address).deploy().factory
    factory.functions.createPair(token0, token1).transact({"from": admin.address})
    pair = factory.functions.getPair(token0, token1).call()
    for _ in range(SWAPS // A_CALL):
        assert batches.wrong_pairs(pair, [_any_trade(dice, pair, fee) for _ in range(A_CALL)]) == 0


def test_wrong_pairs__a_unit_more_or_less__is_found(batches, admin, dice):
    token0, token1 = batches.tokens
    factory = UniswapV2(batches.w3, admin.address).deploy().factory
    factory.functions.createPair(token0, token1).transact({"from": admin.address})
    pair = factory.functions.getPair(token0, token1).call()
    trade = Trade(10**24, 10**24, 10**20, True, *told(V2Pool(pair, "A", "B", 10**24, 10**24), [(10**20, True)]))
    shifted = [trade, trade._replace(out=trade.out + 1), trade._replace(out=trade.out - 1)]
    assert batches.wrong_pairs(pair, shifted) == 2


def _any_trade(dice: random.Random, address: str, fee: int) -> Trade:
    pool = V2Pool(address, "A", "B", any_size(dice, MAX_UINT112 >> 1), any_size(dice, MAX_UINT112 >> 1), fee)
    is_down = dice.random() < 0.5
    amount = any_size(dice, MAX_UINT112 - (pool.reserve0 if is_down else pool.reserve1))
    (out,) = quotes(pool, "A" if is_down else "B", [amount])
    return Trade(pool.reserve0, pool.reserve1, amount, is_down, out)


# -- Concentrated liquidity


def any_concentrated(dice: random.Random) -> V3Pool:
    """Up to thirty stretches of liquidity, some of them empty, and a price among them or beside them."""
    fee = dice.choice(sorted(TICK_SPACING))
    spacing = TICK_SPACING[fee]
    centre = dice.randint(-300_000 // spacing, 300_000 // spacing)
    indices = sorted(dice.sample(range(-400, 401), dice.randint(2, 31)))
    filled = [place % 2 == 0 or dice.random() < 0.8 for place in range(len(indices) - 1)]
    held = [10 ** dice.randint(3, 24) if is_filled else 0 for is_filled in filled]
    held[-1] = held[-1] or 1
    nets = [after - before for before, after in pairwise([0, *held, 0])]
    ticks = tuple(((centre + index) * spacing, net) for index, net in zip(indices, nets, strict=True))
    low, high = (sqrt_ratio_at_tick((centre + end) * spacing) for end in (indices[0] - 20, indices[-1] + 20))
    price = dice.randint(low, high)
    tick = tick_at_sqrt_ratio(price)
    active = sum(net for index, net in ticks if index <= tick)
    return V3Pool("0xV3", "A", "B", price, tick, active, fee, spacing, ticks)


def any_swaps(dice: random.Random, pool: V3Pool, count: int) -> list[tuple[int, bool]]:
    """Amounts that the known ticks take, each twentieth beyond; those of the boundaries and beside them too."""
    swaps = []
    for is_down in (False, True):
        ladder = pool.ladder(is_down)
        with pytest.raises(InsufficientLiquidity):
            ladder.out(1 << 200)
        ends = [end for end in ladder.boundaries() if end] or [10**18]
        for _ in range(count // 2):
            near = dice.choice(ends) + dice.randint(-1, 1)
            size = near if dice.random() < 0.1 else any_size(dice, ends[-1] * 21 // 20 + 1)
            swaps.append((max(1, size), is_down))
    return swaps


def test_quotes__any_v3_pool__are_what_the_pool_does(batches, admin, dice):
    venue = UniswapV3(batches.w3, admin.address).deploy(UniswapV2(batches.w3, admin.address).deploy().weth)
    _enable(venue, admin)
    paid = 0
    for _ in range(SWAPS // A_CALL):
        pool = any_concentrated(dice)
        swaps = any_swaps(dice, pool, A_CALL)
        found = batches.concentrated(venue.factory.address, pool, swaps)
        for (amount, is_down), out, done in zip(swaps, told(pool, swaps), found, strict=True):
            assert out == (done.given if done.taken == amount else None), (pool, amount, is_down)
            if out is not None:
                assert pool.ladder(is_down).end(amount)[1] == done[2:], (pool, amount, is_down)
                paid += out > 0
    assert paid > SWAPS / 2


def test_quotes__any_v4_pool_without_hooks__are_what_the_manager_does(batches, admin, dice):
    manager = UniswapV4(batches.w3, admin.address).deploy().manager.address
    paid = 0
    for _ in range(SWAPS // A_CALL):
        pool = any_concentrated(dice)
        swaps = any_swaps(dice, pool, A_CALL)
        found = batches.managed(manager, pool, swaps)
        for (amount, is_down), out, done in zip(swaps, told(pool, swaps), found, strict=True):
            assert out == (done.given if done.taken == amount else None), (pool, amount, is_down)
            paid += bool(out)
    assert paid > SWAPS / 2


def _enable(venue: UniswapV3, admin) -> None:
    for fee, spacing in TICK_SPACING.items():
        if venue.factory.functions.feeAmountTickSpacing(fee).call() == 0:
            venue.factory.functions.enableFeeAmount(fee, spacing).transact({"from": admin.address})


# -- Balancer V2


@pytest.fixture(scope="module")
def balancer(batches, admin) -> BalancerV2:
    return BalancerV2(batches.w3, admin.address).deploy(batches.tokens[0])


def swap_request(id_: bytes, ends: tuple[str, str]) -> list[bytes]:
    """Words of Balancer's SwapRequest for an exact input, after its offset; the amount is the fourth."""
    nobody = "0x" + "00" * 20
    request = (0, *ends, 0, id_, 0, nobody, nobody, b"")
    packed = encode(["(uint8,address,address,uint256,bytes32,uint256,address,address,bytes)"], [request])
    return [packed[at : at + 32] for at in range(32, len(packed), 32)]


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


REQUEST = "onSwap((uint8,address,address,uint256,bytes32,uint256,address,address,bytes)"
WEIGHTED = [((18, 6), 80, 30), ((18, 18), 50, 1), ((6, 8), 30, 100), ((0, 18), 3, 0.01)]


@pytest.fixture(scope="module", params=WEIGHTED, ids=str)
def weighted(request, batches, balancer, admin) -> tuple[WeightedPool, bytes]:
    """A weighted pool of tokens of some decimals, with a weight in percent and a fee in basis points; and its id."""
    decimals, percent, fee_bps = request.param
    tokens = [batches.token(one) for one in decimals]
    first = percent * 10**16
    amounts = {token: 10 ** (one + 4) for token, one in zip(tokens, decimals, strict=True)}
    weights = dict(zip(tokens, (first, ONE - first), strict=True))
    for token, amount in amounts.items():
        paper = contract_at(batches.w3, token, artifact("PaperToken").abi)
        paper.functions.write(admin.address, amount).transact({"from": admin.address})
    fee = int(fee_bps * 10**14)
    id_ = balancer.weighted_pool(admin.address, amounts, weights, fee)
    address = batches.w3.to_checksum_address(id_[:20])
    return WeightedPool(address, *tokens, address, 1, 1, first, ONE - first, fee, *decimals), id_


def test_quotes__any_weighted_balances__are_what_the_pool_answers_its_vault(batches, balancer, weighted, dice):
    model, id_ = weighted
    selector, paid = keccak(text=REQUEST + ",uint256,uint256)")[:4], 0
    sides = {down: swap_request(id_, (model.token0, model.token1)[:: 1 if down else -1]) for down in (True, False)}
    for _ in range(SWAPS // len(WEIGHTED) // A_CALL):
        pool = replace(model, balance0=any_size(dice, 10**30), balance1=any_size(dice, 10**30))
        held = pool.balance0, pool.balance1
        swaps = [(any_size(dice, max(1, held[0 if down else 1] * 35 // 100)), down) for down in any_sides(dice)]
        calls = []
        for amount, down in swaps:
            ends = held if down else held[::-1]
            one = sides[down]
            calls.append(selector + b"".join((word(96), *map(word, ends), *one[:3], word(amount), *one[4:])))
        answers = batches.answers(pool.address, calls, sender=balancer.vault.address)
        for swap, out, answer in zip(swaps, told(pool, swaps), answers, strict=True):
            assert out == answer, (pool, swap)
            paid += bool(out)
    assert paid > SWAPS // len(WEIGHTED) // 3


STABLE = [((18, 6), 200, 4), ((18, 18, 6), 50, 1), ((6, 8), 5000, 30)]


@pytest.fixture(scope="module", params=STABLE, ids=str)
def stable(request, batches, balancer, admin) -> tuple[StablePool, bytes, int]:
    """A composable stable pool of tokens of some decimals, its id, and where its own token stands among them."""
    decimals, amplification, fee_bps = request.param
    by_token = {batches.token(one): one for one in decimals}
    tokens = sorted(by_token, key=lambda token: int(token, 16))
    for token, one in by_token.items():
        paper = contract_at(batches.w3, token, artifact("PaperToken").abi)
        paper.functions.write(admin.address, 10 ** (one + 6)).transact({"from": admin.address})
    fee = fee_bps * 10**14
    amounts = {token: 10 ** (one + 6) for token, one in by_token.items()}
    id_ = balancer.stable_pool(admin.address, amounts, amplification, fee)
    address = batches.w3.to_checksum_address(id_[:20])
    own = balancer.vault.functions.getPoolTokens(id_).call()[0].index(address)
    rates = tuple(10 ** (36 - by_token[token]) for token in tokens)
    ones = tuple(1 for _ in tokens)
    kind = StableKind.BALANCER
    pool = StablePool(address, tokens[0], tokens[1], address, kind, ones, rates, 0, 1, amplification * 1000, fee)
    return pool, id_, own


def test_quotes__any_stable_balances__are_what_the_pool_answers_its_vault(batches, balancer, stable, dice):
    model, id_, own = stable
    selector, paid = keccak(text=REQUEST + ",uint256[],uint256,uint256)")[:4], 0
    sides = {down: swap_request(id_, (model.token0, model.token1)[:: 1 if down else -1]) for down in (True, False)}
    places = [place for place in range(len(model.balances) + 1) if place != own][:2]
    for _ in range(SWAPS // len(STABLE) // A_CALL):
        pool = replace(model, balances=any_balances(dice, model.rates))
        held = list(pool.balances)
        held.insert(own, 1 << 111)
        swaps = [(any_size(dice, 2 * pool.balances[0 if down else 1]), down) for down in any_sides(dice)]
        calls = []
        for amount, down in swaps:
            one, ends = sides[down], places if down else places[::-1]
            tail = b"".join((*one[:3], word(amount), *one[4:]))
            head = (128, 128 + len(tail), *ends)
            calls.append(selector + b"".join((*map(word, head), tail, word(len(held)), *map(word, held))))
        answers = batches.answers(pool.address, calls, sender=balancer.vault.address)
        for swap, out, answer in zip(swaps, told(pool, swaps), answers, strict=True):
            # The model pays nothing where the contract's subtraction fails.
            assert (out or 0) == (answer or 0), (pool, swap)
            paid += bool(out)
    assert paid > SWAPS // len(STABLE) // 3


def any_sides(dice: random.Random) -> list[bool]:
    return [dice.random() < 0.5 for _ in range(A_CALL)]


def any_balances(dice: random.Random, rates: Sequence[int]) -> tuple[int, ...]:
    """Balances of a thousand to a billion whole tokens, up to thirty times apart."""
    whole = 10 ** dice.uniform(3, 9)
    return tuple(int(whole * 30 ** dice.random() * 10**36) // rate for rate in rates)


# -- Vaults


def test_quotes__any_vault__are_its_previews(batches, admin, dice):
    asset = batches.tokens[0]
    vault = deploy(batches.w3, admin.address, artifact("MockVault"), asset).address
    assets_slot = "0x" + keccak(encode(["address", "uint256"], [vault, 0])).hex()
    names = {True: "previewDeposit", False: "previewRedeem"}
    selectors = {down: keccak(text=f"{name}(uint256)")[:4] for down, name in names.items()}
    for _ in range(SWAPS // A_CALL):
        assets, shares = any_size(dice, 10**33), any_size(dice, 10**33)
        pool = VaultPool(vault, asset, vault, vault, False, assets, shares, 1, 1)
        swaps = [(any_size(dice, 10**33 if down else shares), down) for down in any_sides(dice)]
        storage = {asset: {assets_slot: as_word(assets)}, vault: {as_word(2): as_word(shares)}}
        calls = [selectors[down] + word(amount) for amount, down in swaps]
        assert told(pool, swaps) == batches.answers(vault, calls, storage=storage), pool


def as_word(number: int) -> str:
    return f"0x{number:064x}"


# -- Curve: the stand-ins, since no package ships its pools


CURVE = [((18, 6), 200, 400, True), ((18, 18, 6), 50, 100, True), ((6, 18, 18), 1000, 3000, False)]


@pytest.mark.parametrize("kind", CURVE, ids=str)
def test_quotes__any_stable_swap__are_what_the_stand_in_tells(batches, admin, dice, kind):
    decimals, amplification, fee, is_ng = kind
    coins = [batches.token(one) for one in decimals]
    arguments = (coins, amplification, fee * 10**4, is_ng, False)
    address = deploy(batches.w3, admin.address, artifact("MockStableSwap"), *arguments).address
    rates = tuple(10 ** (36 - one) for one in decimals)
    generation, first, paid = (
        StableKind.CURVE_NG if is_ng else StableKind.CURVE,
        int.from_bytes(keccak(word(1)), "big"),
        0,
    )
    for _ in range(SWAPS // len(CURVE) // A_CALL):
        held = any_balances(dice, rates)
        ends = (address, coins[0], coins[1], address)
        pool = StablePool(
            *ends, generation, held, rates, 0, 1, amplification * 100, fee * 10**12, 2 * ONE if is_ng else 0
        )
        swaps = [(any_size(dice, 2 * held[0 if down else 1]), down) for down in any_sides(dice)]
        stored = {as_word(first + place): as_word(balance) for place, balance in enumerate(held)}
        answers = batches.answers(address, told_by_curve("int128", swaps), storage={address: stored})
        outs = told(pool, swaps) if is_ng else [told_by_first_pools(pool, down, amount) for amount, down in swaps]
        for swap, out, answer in zip(swaps, outs, answers, strict=True):
            assert (out or 0) == (answer or 0), (pool, swap)
            paid += bool(out)
    assert paid > SWAPS // len(CURVE) // 3


CRYPTO = [((18, 18), 400_000, 145 * 10**12, ONE), ((6, 18), 2_700_000, 13 * 10**12, 2_000 * ONE)]


@pytest.mark.parametrize("kind", CRYPTO, ids=str)
def test_quotes__any_crypto_swap__are_what_the_stand_in_tells(batches, admin, dice, kind):
    decimals, amplification, gamma, price = kind
    coins = [batches.token(one) for one in decimals]
    numbers = amplification, gamma, price, 26_000_000, 45_000_000, 230 * 10**12
    address = deploy(batches.w3, admin.address, artifact("MockNewtonCryptoSwap"), coins, numbers).address
    precisions, paid = tuple(10 ** (18 - one) for one in decimals), 0
    for _ in range(SWAPS // len(CRYPTO) // A_CALL):
        whole = 10 ** dice.uniform(3, 9) * ONE
        scaled = [int(whole * 20 ** dice.random()) for _ in coins]
        held = scaled[0] // precisions[0], scaled[1] * ONE // price // precisions[1]
        least = 2 * isqrt(scaled[0] * scaled[1])
        invariant = dice.randint(least, max(least, sum(scaled)))
        ends = (address, *coins, address)
        curve = amplification, gamma, invariant, numbers[3:5], numbers[5]
        pool = CryptoPool(*ends, held, precisions, (ONE, price), 0, 1, *curve)
        swaps = [(any_size(dice, held[0 if down else 1]), down) for down in any_sides(dice)]
        state = {0: invariant, 3: held[0], 4: held[1]}
        storage = {address: {as_word(slot): as_word(value) for slot, value in state.items()}}
        answers = batches.answers(address, told_by_curve("uint256", swaps), storage=storage)
        for swap, out, answer in zip(swaps, told(pool, swaps), answers, strict=True):
            assert (out or 0) == (answer or 0), (pool, swap)
            paid += bool(out)
    assert paid > SWAPS // len(CRYPTO) // 3


def told_by_curve(index: str, swaps: Sequence[tuple[int, bool]]) -> list[bytes]:
    """Calls of `get_dy` between the first two coins."""
    selector = keccak(text=f"get_dy({index},{index},uint256)")[:4]
    return [selector + word(0 if down else 1) + word(1 if down else 0) + word(amount) for amount, down in swaps]
