"""Functions by which a pool of Uniswap V2 or V3, or of their forks, tells its tokens and its state."""

from __future__ import annotations

from keepers.abi import Fragment

TOKEN0 = Fragment("token0", (), outputs=("address",))
TOKEN1 = Fragment("token1", (), outputs=("address",))
RESERVES = Fragment("getReserves", (), outputs=("uint112", "uint112", "uint32"))
LIQUIDITY = Fragment("liquidity", (), outputs=("uint128",))
SLOT0 = Fragment("slot0", (), outputs=("uint160", "int24", "uint16", "uint16", "uint16", "uint32", "bool"))
"""Price, tick, three numbers of observations, the protocol's fee, and whether it is unlocked; the fee has 8 bits in
Uniswap V3 and 32 in PancakeSwap V3, which encode alike."""
