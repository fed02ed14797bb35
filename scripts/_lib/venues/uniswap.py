"""Uniswap V2 and V3 from @uniswap's packages. Accounts are addresses that the node has unlocked.

For regulated tokens the token's issuer has to admit as venue accounts: every pool, and whoever pulls tokens
as a spender: the V3 position manager where liquidity is added, the routers where somebody swaps through
them. V2 liquidity is sent to the pair by its provider directly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from web3 import Web3
from web3.contract import Contract
from web3.types import TxReceipt

from scripts._lib.artifacts import Artifact, contract_at, package_artifact
from scripts._lib.transactions import deploy, send

V2_FEE_PIPS = 3000
TICK_SPACING = {100: 1, 500: 10, 3000: 60, 10_000: 200}
"""Tick spacing by V3 fee, in pips (hundredths of a basis point). The packaged factory knows the last three."""
MAX_TICK = 887_272
FAR_FUTURE = 2**40 - 1
MAX_UINT256 = 2**256 - 1

_ERC20 = package_artifact("@uniswap/v2-core/build/IERC20.json").abi


def token_at(w3: Web3, address: str) -> Contract:
    """An ERC-20 token, to call."""
    return contract_at(w3, address, _ERC20)


def sort_tokens(token_a: str, token_b: str) -> tuple[str, str]:
    """(token0, token1) as Uniswap orders them: by number."""
    low, high = sorted((token_a, token_b), key=lambda token: int(token, 16))
    return low, high


def deploy_weth(w3: Web3, deployer: str) -> Contract:
    """WETH9, as the V2 router's package ships it."""
    return deploy(w3, deployer, package_artifact("@uniswap/v2-periphery/build/WETH9.json"))


class UniswapV2:
    """Factory, Router02 and pairs.

    Attributes:
        factory, router, weth: Contracts, after `deploy`.
    """

    factory: Contract
    router: Contract
    weth: Contract

    def __init__(self, w3: Web3, deployer: str) -> None:
        self._w3 = w3
        self._deployer = deployer

    def deploy(self, weth: Contract | None = None) -> UniswapV2:
        """Puts the venue on the chain, with a WETH9 of its own unless one is given."""
        self.weth = weth or deploy_weth(self._w3, self._deployer)
        factory = package_artifact("@uniswap/v2-core/build/UniswapV2Factory.json")
        router = package_artifact("@uniswap/v2-periphery/build/UniswapV2Router02.json")
        self.factory = deploy(self._w3, self._deployer, factory, self._deployer)
        self.router = deploy(self._w3, self._deployer, router, self.factory.address, self.weth.address)
        return self

    def create_pool(self, token_a: str, token_b: str) -> Contract:
        """An empty pair."""
        self._send(self._deployer, self.factory.functions.createPair(token_a, token_b))
        return self.pool(token_a, token_b)

    def pool(self, token_a: str, token_b: str) -> Contract:
        """The pair of two tokens."""
        abi = package_artifact("@uniswap/v2-core/build/UniswapV2Pair.json").abi
        address = self.factory.functions.getPair(token_a, token_b).call()
        return contract_at(self._w3, address, abi)

    def add_liquidity(self, provider: str, amounts: dict[str, int]) -> Contract:
        """Sends both tokens to their pair and mints; the pair is created if it is missing.

        Args:
            provider: Holder of the tokens, who gets the liquidity tokens.
            amounts: Token -> smallest units. They set the price of an empty pair.
        """
        token_a, token_b = amounts
        pair = self.pool(token_a, token_b)
        if int(pair.address, 16) == 0:
            pair = self.create_pool(token_a, token_b)
        for token, amount in amounts.items():
            transfer = token_at(self._w3, token).functions.transfer(pair.address, amount)
            self._send(provider, transfer)
        self._send(provider, pair.functions.mint(provider))
        return pair

    def swap(self, trader: str, token_in: str, token_out: str, amount_in: int) -> TxReceipt:
        """An exact input through the router, which the trader has approved."""
        call = self.router.functions.swapExactTokensForTokens(amount_in, 0, [token_in, token_out], trader, FAR_FUTURE)
        return self._send(trader, call)

    def _send(self, sender: str, call: Any) -> TxReceipt:
        return send(self._w3, sender, call)


@dataclass(frozen=True)
class V3State:
    """A V3 pool at one block.

    Attributes:
        sqrt_price_x96: Square root of the price in slot0, 96 fractional bits.
        tick: Tick in slot0.
        liquidity: Liquidity in range.
        ticks: (tick, liquidityNet) of every initialised tick, rising.
    """

    sqrt_price_x96: int
    tick: int
    liquidity: int
    ticks: tuple[tuple[int, int], ...]


class UniswapV3:
    """Factory, NonfungiblePositionManager, SwapRouter02 and pools.

    Attributes:
        factory, position_manager, router, weth: Contracts, after `deploy`.
        tick_spacing: Tick spacing by fee, in pips, of the fees that pools may have.
    """

    tick_spacing: Mapping[int, int] = TICK_SPACING

    factory: Contract
    position_manager: Contract
    router: Contract
    weth: Contract

    def __init__(self, w3: Web3, deployer: str) -> None:
        self._w3 = w3
        self._deployer = deployer

    def deploy(self, weth: Contract | None = None, v2_factory: str | None = None) -> UniswapV3:
        """Puts the venue on the chain.

        Args:
            weth: A WETH9; without one it gets its own.
            v2_factory: Factory that SwapRouter02 routes V2 swaps to; None for no V2 swaps.
        """
        self.weth = weth or deploy_weth(self._w3, self._deployer)
        factory = _v3_artifact("@uniswap/v3-core", "UniswapV3Factory")
        manager = _v3_artifact("@uniswap/v3-periphery", "NonfungiblePositionManager")
        router = _v3_artifact("@uniswap/swap-router-contracts", "SwapRouter02")
        zero = "0x" + "00" * 20  # the manager's descriptor only draws pictures
        self.factory = deploy(self._w3, self._deployer, factory)
        self.position_manager = deploy(self._w3, self._deployer, manager, self.factory.address, self.weth.address, zero)
        self.router = deploy(
            self._w3,
            self._deployer,
            router,
            v2_factory or zero,
            self.factory.address,
            self.position_manager.address,
            self.weth.address,
        )
        return self

    def create_pool(self, amounts: dict[str, int], fee: int) -> Contract:
        """A pool without liquidity, at the price at which the two amounts are worth the same.

        Args:
            amounts: Token -> smallest units.
            fee: Fee in pips, a key of `tick_spacing`.
        """
        token_a, token_b = amounts
        token0, token1 = sort_tokens(token_a, token_b)
        if self.factory.functions.feeAmountTickSpacing(fee).call() == 0:
            self._send(self._deployer, self.factory.functions.enableFeeAmount(fee, self.tick_spacing[fee]))
        self._send(self._deployer, self.factory.functions.createPool(token_a, token_b, fee))
        pool = self.pool(token_a, token_b, fee)
        price = sqrt_price_x96(amounts[token0], amounts[token1])
        self._send(self._deployer, pool.functions.initialize(price))
        return pool

    def pool(self, token_a: str, token_b: str, fee: int) -> Contract:
        """The pool of two tokens and a fee."""
        abi = v3_pool_artifact().abi
        address = self.factory.functions.getPool(token_a, token_b, fee).call()
        return contract_at(self._w3, address, abi)

    def add_liquidity(
        self, provider: str, pool: Contract, amounts: dict[str, int], ticks: tuple[int, int] | None = None
    ) -> TxReceipt:
        """Mints a position, as large as the amounts allow.

        Args:
            provider: Holder of the tokens, who gets the position.
            pool: Its pool.
            amounts: Token -> most smallest units to put in.
            ticks: Lower and upper end, multiples of the pool's spacing; the full range without them.
        """
        token0, token1 = sort_tokens(*amounts)
        fee = pool.functions.fee().call()
        lower, upper = ticks or full_range(self.tick_spacing[fee])
        for token, amount in amounts.items():
            approve = token_at(self._w3, token).functions.approve(self.position_manager.address, amount)
            self._send(provider, approve)
        position = (token0, token1, fee, lower, upper, amounts[token0], amounts[token1], 0, 0, provider)
        return self._send(provider, self.position_manager.functions.mint((*position, FAR_FUTURE)))

    def swap(self, trader: str, pool: Contract, token_in: str, amount_in: int) -> TxReceipt:
        """An exact input through SwapRouter02, which the trader has approved."""
        token0, token1 = pool.functions.token0().call(), pool.functions.token1().call()
        token_out = token1 if token_in == token0 else token0
        order = (token_in, token_out, pool.functions.fee().call(), trader, amount_in, 0, 0)
        return self._send(trader, self.router.functions.exactInputSingle(order))

    def state(self, pool: Contract) -> V3State:
        """Price, liquidity and every initialised tick of a pool."""
        slot0 = pool.functions.slot0().call()
        return V3State(slot0[0], slot0[1], pool.functions.liquidity().call(), self.ticks(pool))

    def ticks(self, pool: Contract) -> tuple[tuple[int, int], ...]:
        """(tick, liquidityNet) of every initialised tick, rising; the logs of mints name them.

        Swaps leave them as they are.
        """
        ends = set()
        for mint in pool.events.Mint().get_logs(from_block=0):
            ends |= {mint["args"]["tickLower"], mint["args"]["tickUpper"]}
        found = [(tick, pool.functions.ticks(tick).call()) for tick in sorted(ends)]
        return tuple((tick, info[1]) for tick, info in found if info[0])

    def _send(self, sender: str, call: Any) -> TxReceipt:
        return send(self._w3, sender, call)


def sqrt_price_x96(amount0: int, amount1: int) -> int:
    """Square root, 96 fractional bits, of the price at which the two amounts are worth the same."""
    return math.isqrt((amount1 << 192) // amount0)


def full_range(spacing: int) -> tuple[int, int]:
    """The widest ends that a spacing allows."""
    upper = MAX_TICK // spacing * spacing
    return -upper, upper


def v3_pool_artifact() -> Artifact:
    """The pool, as @uniswap/v3-core ships it."""
    return _v3_artifact("@uniswap/v3-core", "UniswapV3Pool")


def _v3_artifact(package: str, name: str) -> Artifact:
    return package_artifact(f"{package}/artifacts/contracts/{name}.sol/{name}.json")
