"""Markets as the aggregator lists and names them (ILiquidityAggregator.Market)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from keepers.routing.errors import RoutingError

_TYPES = ("uint8", "uint24", "address", "uint96", "bytes32", "address", "address")


class VenueKind(IntEnum):
    """ILiquidityAggregator.VenueKind."""

    NONE = 0
    UNISWAP_V2 = 1
    UNISWAP_V3 = 2
    UNISWAP_V4 = 3
    BALANCER_V2 = 4
    CURVE_INT128 = 5
    CURVE_UINT256 = 6
    ERC4626 = 7
    ADAPTER = 8
    CURVE_INT128_NG = 9
    CURVE_UINT256_NG = 10
    SIGNED_QUOTE = 11


VENUES: Mapping[str, VenueKind] = {
    "uniswap-v2": VenueKind.UNISWAP_V2,
    "sushi-v2": VenueKind.UNISWAP_V2,
    "pancake-v2": VenueKind.UNISWAP_V2,
    "trader-joe": VenueKind.UNISWAP_V2,
    "uniswap-v3": VenueKind.UNISWAP_V3,
    "sushi-v3": VenueKind.UNISWAP_V3,
    "pancake-v3": VenueKind.UNISWAP_V3,
    "uniswap-v4": VenueKind.UNISWAP_V4,
    "balancer-weighted": VenueKind.BALANCER_V2,
    "balancer-stable": VenueKind.BALANCER_V2,
    "curve-int128": VenueKind.CURVE_INT128,
    "curve-uint256": VenueKind.CURVE_UINT256,
    "curve-int128-ng": VenueKind.CURVE_INT128_NG,
    "curve-uint256-ng": VenueKind.CURVE_UINT256_NG,
    "erc4626": VenueKind.ERC4626,
    "adapter": VenueKind.ADAPTER,
    "lite-psm": VenueKind.ADAPTER,
    "aerodrome": VenueKind.ADAPTER,
    "fluid-dex": VenueKind.ADAPTER,
    "airswap": VenueKind.SIGNED_QUOTE,
}
"""Names of venues in configs and deployment files, and the kind that the aggregator lists each by."""

COIN_IS_TOKEN0, COIN_IS_TOKEN1 = 1 << 24, 1 << 25
"""Flags in the parameter of a Uniswap V4 market: the token that stands for the chain's own coin."""


@dataclass(frozen=True)
class Market:
    """A pair of tokens on one pool.

    Attributes:
        kind: Kind of the venue.
        target: Contract that is called: the pool, V4's PoolManager, Balancer's Vault, the vault or the adapter.
        token0, token1: Addresses, the lower first.
        fee: Fee in pips; set for Uniswap V2, V3 and V4 only.
        param: Tick spacing and coin flags of Uniswap V4, coin indices of Curve.
        id: 32 bytes: hooks of Uniswap V4, pool id of Balancer, factory of a StableSwap-NG pool, whatever an adapter
            needs.

    Raises:
        RoutingError: If the tokens are not in order, or the id has not 32 bytes.
    """

    kind: VenueKind
    target: str
    token0: str
    token1: str
    fee: int = 0
    param: int = 0
    id: bytes = bytes(32)

    def __post_init__(self) -> None:
        if int(self.token0, 16) >= int(self.token1, 16):
            raise RoutingError(f"tokens {self.token0}, {self.token1}", "not rising", "give the lower address first")
        if len(self.id) != 32:
            raise RoutingError(f"id of {len(self.id)} bytes", "not 32", "pad it on the left")

    @property
    def key(self) -> str:
        """The address by which orders name it, as `marketKey` gives it."""
        if self.kind <= VenueKind.UNISWAP_V3:
            return str(to_checksum_address(self.target))
        return str(to_checksum_address(keccak(encode(_TYPES, self.as_tuple()))[12:]))

    @property
    def source(self) -> str:
        """The reserves that the market trades out of: markets of one source share its depth.

        It is the target, except for Uniswap V4's manager and Balancer's Vault, which keep many pools apart.
        """
        if self.kind in (VenueKind.UNISWAP_V4, VenueKind.ADAPTER, VenueKind.SIGNED_QUOTE):
            return self.key
        return f"{self.target}:{self.id.hex()}" if self.kind == VenueKind.BALANCER_V2 else self.target

    def as_tuple(self) -> tuple[int, int, str, int, bytes, str, str]:
        """Returns the fields as the ABI encodes them."""
        return int(self.kind), self.fee, self.target, self.param, self.id, self.token0, self.token1
