"""Forks of Uniswap from their own packages: PancakeSwap V2 and V3, Trader Joe; fees and callback names differ."""

from __future__ import annotations

from web3 import Web3
from web3.contract import Contract

from scripts._lib.artifacts import Artifact, artifact, contract_at, package_artifact
from scripts._lib.transactions import deploy, send
from scripts._lib.venues.uniswap import (
    MAX_UINT256,
    UniswapV2,
    full_range,
    sort_tokens,
    sqrt_price_x96,
    token_at,
)

PANCAKE_V2_FEE_PIPS = 2000
JOE_FEE_PIPS = 3000
PANCAKE_V3_SPACING = {100: 1, 500: 10, 2500: 50, 10_000: 200}
_Q96 = 1 << 96


class V2Fork(UniswapV2):
    """A V2 factory of somebody else's, and its pairs; no router."""

    artifact_path: str

    def deploy(self, weth: Contract | None = None) -> V2Fork:
        """Puts the factory on the chain; the WETH is ignored, pairs do not need one."""
        self.factory = deploy(self._w3, self._deployer, package_artifact(self.artifact_path), self._deployer)
        return self


class PancakeV2(V2Fork):
    """PancakeSwap V2 from @pancakeswap-libs/pancake-swap-core, with its fee of 0.2%."""

    artifact_path = "@pancakeswap-libs/pancake-swap-core/build/PancakeFactory.json"


class TraderJoe(V2Fork):
    """Trader Joe from @traderjoe-xyz/core, as deployed on Avalanche, with its fee of 0.3%."""

    artifact_path = "@traderjoe-xyz/core/deployments/avalanche/JoeFactory.json"


class PancakeV3:
    """The package's factory and pools, with a stand-in for the pool deployer that it leaves out.

    Attributes:
        factory, minter: Contracts, after `deploy`.
    """

    factory: Contract
    minter: Contract

    def __init__(self, w3: Web3, deployer: str) -> None:
        self._w3 = w3
        self._deployer = deployer

    def deploy(self) -> PancakeV3:
        """Puts the venue on the chain."""
        code = bytes.fromhex(_pancake("PancakeV3Pool").bytecode[2:])
        pool_deployer = deploy(self._w3, self._deployer, artifact("MockPancakeDeployer"), code)
        self.factory = deploy(self._w3, self._deployer, _pancake("PancakeV3Factory"), pool_deployer.address)
        self.minter = deploy(self._w3, self._deployer, artifact("V3Minter"))
        return self

    def create_pool(self, amounts: dict[str, int], fee: int) -> Contract:
        """Creates a pool as UniswapV3 does; the fee is one of PANCAKE_V3_SPACING."""
        token0, token1 = sort_tokens(*amounts)
        send(self._w3, self._deployer, self.factory.functions.createPool(token0, token1, fee))
        address = self.factory.functions.getPool(token0, token1, fee).call()
        pool = contract_at(self._w3, address, _pancake("PancakeV3Pool").abi)
        price = sqrt_price_x96(amounts[token0], amounts[token1])
        send(self._w3, self._deployer, pool.functions.initialize(price))
        return pool

    def add_liquidity(self, provider: str, pool: Contract, amounts: dict[str, int]) -> None:
        """Mints over the full range, as much as the amounts allow."""
        token0, token1 = sort_tokens(*amounts)
        for token in amounts:
            send(self._w3, provider, token_at(self._w3, token).functions.approve(self.minter.address, MAX_UINT256))
        lower, upper = full_range(PANCAKE_V3_SPACING[pool.functions.fee().call()])
        liquidity = full_range_liquidity(amounts[token0], amounts[token1])
        send(self._w3, provider, self.minter.functions.mint(pool.address, lower, upper, liquidity))


def full_range_liquidity(amount0: int, amount1: int) -> int:
    """Liquidity of (almost) all prices that both amounts pay for, a hair less."""
    price = sqrt_price_x96(amount0, amount1)
    return min(amount0 * price // _Q96, amount1 * _Q96 // price) * 999_999 // 1_000_000


def _pancake(name: str) -> Artifact:
    return package_artifact(f"@pancakeswap/v3-core/artifacts/contracts/{name}.sol/{name}.json")
