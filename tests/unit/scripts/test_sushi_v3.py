"""SushiSwap V3 is deployed only as Sushi's own package describes it.

That its pools are listed and pay what was quoted is in tests/unit/contracts/liquidity, as for every venue.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from eth_utils import keccak, to_checksum_address

from scripts._lib.venues.sushi_v3 import PUBLISHED, SushiV3, published_terms
from scripts._lib.venues.uniswap import sort_tokens

POOL_HASH = "0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54"
"""Hash of Uniswap V3's pools on Ethereum, as @uniswap/v3-periphery's PoolAddress has it."""
SPACING = {100: 1, 500: 10, 3000: 60, 10_000: 200}
TOKEN = 10**18


def edited(folder: Path, old: str, new: str) -> Path:
    """A copy of what the package publishes, with one thing changed."""
    text = PUBLISHED.read_text(encoding="utf-8")
    assert old in text
    path = folder / "sushiswap-v3.ts"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def create2_address(factory: str, tokens: tuple[str, str], fee: int, code_hash: str) -> str:
    words = [bytes(12) + bytes.fromhex(token[2:]) for token in tokens] + [fee.to_bytes(32, "big")]
    salt = keccak(b"".join(words))
    return to_checksum_address(keccak(b"\xff" + bytes.fromhex(factory[2:]) + salt + bytes.fromhex(code_hash[2:]))[12:])


def test_published_terms__the_installed_package__are_uniswaps_hash_and_the_four_fees():
    terms = published_terms()
    assert terms.pool_hash == POOL_HASH
    assert terms.tick_spacing == SPACING


@pytest.mark.parametrize("fee", SPACING)
def test_create_pool__any_fee__lies_where_the_published_hash_puts_it(chain, admin, tokens, fee):
    venue = SushiV3(chain.provider.web3, admin.address).deploy()
    pair = sort_tokens(tokens[0].address, tokens[1].address)
    pool = venue.create_pool(dict.fromkeys(pair, TOKEN), fee)
    assert pool.address == create2_address(venue.factory.address, pair, fee, published_terms().pool_hash)
    assert pool.functions.tickSpacing().call() == SPACING[fee]


def test_deploy__package_names_another_hash__refused_before_anything_is_sent(chain, admin, tmp_path):
    other = POOL_HASH[:-1] + "5"
    venue = SushiV3(chain.provider.web3, admin.address, published_terms(edited(tmp_path, POOL_HASH, other)))
    height = chain.blocks.height
    with pytest.raises(RuntimeError, match=f"hash {POOL_HASH}, but .* {other}, .* pin versions"):
        venue.deploy()
    assert chain.blocks.height == height


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("const POOL_INIT_CODE_HASH", "const POOL_CODE_HASH"),
        (POOL_HASH, POOL_HASH[:-2]),
        ("[EvmChainId.ETHEREUM]: POOL_INIT_CODE_HASH", "[EvmChainId.ETHEREUM]: OTHER_HASH"),
        ("  LOWEST = 100", "  LEAST = 100"),
        ("  [SushiSwapV3FeeAmount.", "  [Fee."),
    ],
    ids=["renamed", "too short", "not Ethereum's", "fee renamed", "no spacings"],
)
def test_published_terms__said_otherwise__refused(tmp_path, old, new):
    with pytest.raises(RuntimeError, match=r"as version 7\.3\.15 did"):
        published_terms(edited(tmp_path, old, new))


def test_published_terms__package_missing__says_what_to_run(tmp_path):
    with pytest.raises(FileNotFoundError, match="make install"):
        published_terms(tmp_path / "sushiswap-v3.ts")
