"""Uniswap V4, Permit2 and the UniversalRouter from Uniswap's packages, on a local chain."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from web3 import Web3
from web3.contract import Contract
from web3.types import RPCEndpoint

from scripts._lib.artifacts import NODE_MODULES, Artifact, contract_at, package_artifact
from scripts._lib.transactions import deploy, send
from scripts._lib.venues.forks import full_range_liquidity
from scripts._lib.venues.uniswap import MAX_UINT256, UniswapV2, UniswapV3, full_range, sqrt_price_x96, token_at

PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3"
ZERO = "0x" + "00" * 20
_PERMIT2_TEST = "@uniswap/v4-periphery/lib/permit2/test/utils/DeployPermit2.sol"
# Permit2 caches its domain separator: the package's bytecode has mainnet's, a local chain is 31337.
_MAINNET_DOMAIN = "d5a17abc3865df5c1400c0299bd4ce2eefc8114aec5f9d3dded1745783e57b98"
_LOCAL_DOMAIN = "4d553c58ae79a6c4ba64f0e690a5d1cd2deff8c6b91cf38300e0f2b76f9ee346"
FEE_TAKING_FLAGS = 0x44
"""Hook permissions in an address: after a swap, and taking a share of what it pays."""
FEE_SETTING_FLAGS = 0x1080
"""Flags like those above: after a pool is made, and before a swap."""
DYNAMIC_FEE = 0x800000
"""The fee in the key of a pool whose hooks set it (v4-core's LPFeeLibrary)."""


@dataclass(frozen=True)
class V4Key:
    """A pool, as the PoolManager knows it; the zero address is the chain's own coin.

    Attributes:
        currency0, currency1: Addresses, the lower first.
        fee: Fee in pips.
        tick_spacing: Distance between ticks that can be initialised.
        hooks: Address of the hooks, zero for none.
    """

    currency0: str
    currency1: str
    fee: int = 3000
    tick_spacing: int = 60
    hooks: str = ZERO

    def as_tuple(self) -> tuple[str, str, int, int, str]:
        """Returns the fields as the ABI encodes them."""
        return self.currency0, self.currency1, self.fee, self.tick_spacing, self.hooks

    @property
    def id(self) -> bytes:
        """keccak256 of the key."""
        return keccak(encode(("address", "address", "uint24", "int24", "address"), self.as_tuple()))


class UniswapV4:
    """PoolManager and its package's own liquidity router.

    Attributes:
        manager, liquidity_router: Contracts, after `deploy`.
    """

    manager: Contract
    liquidity_router: Contract

    def __init__(self, w3: Web3, deployer: str) -> None:
        self._w3 = w3
        self._deployer = deployer

    def deploy(self) -> UniswapV4:
        """Puts the venue on the chain."""
        self.manager = deploy(self._w3, self._deployer, _core("PoolManager"), self._deployer)
        router = _core("PoolModifyLiquidityTest")
        self.liquidity_router = deploy(self._w3, self._deployer, router, self.manager.address)
        return self

    def deploy_fee_hook(self) -> str:
        """The package's FeeTakingHook, which keeps 1.23% of every output, at an address that has its permissions.

        Returns:
            The address: a different one every time.
        """
        return self._install("FeeTakingHook", FEE_TAKING_FLAGS, self.manager.address).address

    def deploy_dynamic_fee_hook(self, fee: int) -> str:
        """The package's DynamicFeesTestHook, which sets this fee, in pips, before every swap.

        Returns:
            The address: a different one every time.
        """
        hook = self._install("DynamicFeesTestHook", FEE_SETTING_FLAGS)
        send(self._w3, self._deployer, hook.functions.setManager(self.manager.address))
        send(self._w3, self._deployer, hook.functions.setFee(fee))
        return hook.address

    def _install(self, name: str, flags: int, *arguments: Any) -> Contract:
        """A hook at an address that has its permissions."""
        compiled = _core(name)
        hook = deploy(self._w3, self._deployer, compiled, *arguments)
        code = self._w3.eth.get_code(hook.address)
        masked = int(hook.address, 16) >> 14 << 14 | flags
        address = self._w3.to_checksum_address(f"0x{masked:040x}")
        self._w3.provider.make_request(RPCEndpoint("anvil_setCode"), [address, "0x" + bytes(code).hex()])
        return contract_at(self._w3, address, compiled.abi)

    def create_pool(
        self, provider: str, amounts: dict[str, int], fee: int = 3000, spacing: int = 60, hooks: str = ZERO
    ) -> V4Key:
        """A pool at the amounts' price with a position of both over the full range.

        Args:
            provider: Holder of tokens and coin, who pays.
            amounts: Currency -> smallest units; the zero address for the chain's own coin.
            fee, spacing, hooks: Fields of the key.
        """
        currency0, currency1 = sorted(amounts, key=lambda currency: int(currency, 16))
        key = V4Key(currency0, currency1, fee, spacing, hooks)
        price = sqrt_price_x96(amounts[currency0], amounts[currency1])
        send(self._w3, self._deployer, self.manager.functions.initialize(key.as_tuple(), price))
        for currency in amounts:
            if currency != ZERO:
                call = token_at(self._w3, currency).functions.approve(self.liquidity_router.address, MAX_UINT256)
                send(self._w3, provider, call)
        liquidity = full_range_liquidity(amounts[currency0], amounts[currency1])
        self.add_position(provider, key, full_range(spacing), liquidity, amounts.get(ZERO, 0))
        return key

    def add_position(
        self, provider: str, key: V4Key, ticks: tuple[int, int], liquidity: int, coin_amount: int = 0
    ) -> None:
        """Liquidity between two ticks; the provider has approved the liquidity router for the tokens.

        Args:
            provider: Holder of tokens and coin, who pays.
            key: The pool.
            ticks: The lower one and the upper one.
            liquidity: L of the whitepaper.
            coin_amount: Wei to send along, for a pool of the chain's own coin.
        """
        add = self.liquidity_router.get_function_by_signature(
            "modifyLiquidity((address,address,uint24,int24,address),(int24,int24,int256,bytes32),bytes)"
        )
        send(self._w3, provider, add(key.as_tuple(), (*ticks, liquidity, bytes(32)), b""), value=coin_amount)


def install_permit2(w3: Web3) -> Contract:
    """Permit2's own bytecode at its own address, with this chain's domain separator."""
    text = (NODE_MODULES / _PERMIT2_TEST).read_text(encoding="utf-8")
    code = max(re.findall(r'hex"([0-9a-f]+)"', text), key=len).replace(_MAINNET_DOMAIN, _LOCAL_DOMAIN)
    w3.provider.make_request(RPCEndpoint("anvil_setCode"), [PERMIT2, "0x" + code])
    abi = package_artifact("@uniswap/v4-periphery/foundry-out/ISignatureTransfer.sol/ISignatureTransfer.json").abi
    allowance = package_artifact(
        "@uniswap/v4-periphery/foundry-out/IAllowanceTransfer.sol/IAllowanceTransfer.descriptor.json"
    ).abi
    known = {entry["name"] for entry in abi if "name" in entry}
    return contract_at(w3, PERMIT2, [*abi, *(e for e in allowance if e.get("name") not in known)])


def deploy_universal_router(w3: Web3, deployer: str, v2: UniswapV2, v3: UniswapV3, v4: UniswapV4) -> Contract:
    """The UniversalRouter over these venues; Permit2 has to be there."""
    compiled = package_artifact(
        "@uniswap/universal-router/artifacts/contracts/UniversalRouter.sol/UniversalRouter.json"
    )
    pair_hash = keccak(hexstr=package_artifact("@uniswap/v2-core/build/UniswapV2Pair.json").bytecode)
    pool = package_artifact("@uniswap/v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json")
    pool_hash = keccak(hexstr=pool.bytecode)
    parameters: tuple[Any, ...] = (
        PERMIT2,
        v2.weth.address,
        v2.factory.address,
        v3.factory.address,
        pair_hash,
        pool_hash,
        v4.manager.address,
        v3.position_manager.address,
        ZERO,
        ZERO,
    )
    return deploy(w3, deployer, compiled, parameters)


def _core(name: str) -> Artifact:
    return package_artifact(f"@uniswap/v4-core/out/{name}.sol/{name}.json")
