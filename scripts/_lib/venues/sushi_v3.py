"""SushiSwap V3: the pools of Uniswap's V3, to the byte, of a factory with Sushi's fees.

Sushi ships no bytecode of its V3. Its package `sushi` publishes the hash of the pools' creation code, from which
their addresses follow, and the fees; the code itself is @uniswap/v3-core's, which has that hash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eth_utils.crypto import keccak
from web3 import Web3
from web3.contract import Contract

from scripts._lib.artifacts import NODE_MODULES
from scripts._lib.transactions import send
from scripts._lib.venues.uniswap import UniswapV3, v3_pool_artifact

PUBLISHED = NODE_MODULES / "sushi/evm/config/features/sushiswap-v3.ts"
"""Read as text: to run it takes viem, which is not installed."""
_HASH = re.compile(r"^const POOL_INIT_CODE_HASH =\s+'(0x[0-9a-f]{64})'$", re.MULTILINE)
_USED = "[EvmChainId.ETHEREUM]: POOL_INIT_CODE_HASH,"
_FEE = re.compile(r"^  (\w+) = (\d+),$", re.MULTILINE)
_SPACING = re.compile(r"^  \[SushiSwapV3FeeAmount\.(\w+)\]: (\d+),$", re.MULTILINE)


@dataclass(frozen=True)
class SushiV3Terms:
    """Constants that Sushi publishes of its V3.

    Attributes:
        pool_hash: keccak256 of a pool's creation code, hexadecimal with 0x, on Ethereum and all other chains but two
            (Blast, Katana).
        tick_spacing: Tick spacing by fee in pips, without the two fees that only Katana has.
    """

    pool_hash: str
    tick_spacing: Mapping[int, int]


class SushiV3(UniswapV3):
    """Pools whose creation code has the hash that Sushi publishes; see `UniswapV3`.

    Of the factory's code Sushi publishes no hash: it is Uniswap's, told Sushi's fees by its owner. So are position
    manager and router, which find pools by the hash that both share.
    """

    def __init__(self, w3: Web3, deployer: str, terms: SushiV3Terms | None = None) -> None:
        super().__init__(w3, deployer)
        self._terms = terms or published_terms()
        self.tick_spacing = self._terms.tick_spacing

    def deploy(self, weth: Contract | None = None, v2_factory: str | None = None) -> SushiV3:
        """See `UniswapV3`.

        Raises:
            RuntimeError: If the installed pool's code is not the one that Sushi names.
        """
        check_pool_code(v3_pool_artifact().bytecode, self._terms.pool_hash)
        super().deploy(weth, v2_factory)
        for fee, spacing in self.tick_spacing.items():
            if self.factory.functions.feeAmountTickSpacing(fee).call() == 0:
                send(self._w3, self._deployer, self.factory.functions.enableFeeAmount(fee, spacing))
        return self


def published_terms(path: Path = PUBLISHED) -> SushiV3Terms:
    """Reads the constants from the installed package.

    Raises:
        FileNotFoundError: If it is not installed; `make install` does.
        RuntimeError: If its file says it otherwise than the version that package.json pins.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no {path.name} of the package sushi in node_modules: run `make install`")
    text = path.read_text(encoding="utf-8")
    code_hash, fees, spacings = _HASH.search(text), dict(_FEE.findall(text)), dict(_SPACING.findall(text))
    if code_hash is None or _USED not in text or not spacings or not spacings.keys() <= fees.keys():
        raise RuntimeError(
            f"{path.name} of the package sushi does not say the hash of Ethereum's V3 pools, or their fees, "
            "as version 7.3.15 did: install that version, or read the new one anew"
        )
    return SushiV3Terms(code_hash[1], {int(fees[name]): int(spacing) for name, spacing in spacings.items()})


def check_pool_code(creation_code: str, published: str) -> None:
    """Refuses code, hexadecimal with 0x, that is not the one whose hash is published.

    Raises:
        RuntimeError: Naming both hashes.
    """
    found = "0x" + keccak(hexstr=creation_code).hex()
    if found != published:
        raise RuntimeError(
            f"@uniswap/v3-core's UniswapV3Pool has creation code of hash {found}, but SushiSwap V3's pools have "
            f"{published}, as the package sushi says: what would be deployed is not Sushi's; pin versions of both "
            "packages that agree"
        )
