"""ERC-4626 vaults as markets between an asset and its share, to the wei.

Source: OpenZeppelin's ERC4626 5.x, which counts virtual assets and shares against a first depositor who inflates the
price, and Solmate's and Yearn's, which do not. A vault whose previews take a fee is none of these.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keepers.routing.errors import InsufficientLiquidity, RoutingError


@dataclass(frozen=True)
class VaultPool:
    """A vault whose price is its assets per share.

    Attributes:
        address: The market's key.
        token0, token1: Addresses, checksummed: the asset and the share in either order.
        source: Reserves that it trades out of (`Market.source`).
        share_is_token0: True if token0 is the share.
        assets: `totalAssets`, smallest units of the asset.
        shares: `totalSupply`, smallest units of the share, above zero.
        virtual_assets, virtual_shares: Added to them in prices: 1 and a power of ten, or 0 and 0.
        most_assets: Maximum deposit; 0 for none.

    Raises:
        RoutingError: If any of that does not hold.
    """

    address: str
    token0: str
    token1: str
    source: str
    share_is_token0: bool
    assets: int
    shares: int
    virtual_assets: int = 0
    virtual_shares: int = 0
    most_assets: int = 0

    def __post_init__(self) -> None:
        if self.token0 == self.token1:
            raise RoutingError(f"vault {self.address}", "has one token twice", "give the asset and the share")
        if self.assets <= 0 or self.shares <= 0 or min(self.virtual_assets, self.virtual_shares, self.most_assets) < 0:
            state = f"{self.assets} assets and {self.shares} shares of {self.address}"
            raise RoutingError(state, "have no price", "leave out empty vaults")

    def wraps(self, zero_for_one: bool) -> bool:
        """Returns True if the asset goes in and the share comes out."""
        return zero_for_one != self.share_is_token0


def largest_input(pool: VaultPool, zero_for_one: bool) -> int:
    """Smallest units that it takes at most; 0 for any. Of the share that is all that there are."""
    return pool.most_assets if pool.wraps(zero_for_one) else pool.shares


def vault_out(pool: VaultPool, zero_for_one: bool, amount_in: int) -> int:
    """Returns the output for an exact input, rounded down as `previewDeposit` and `previewRedeem` are.

    Raises:
        InsufficientLiquidity: If it is more than the vault takes.
    """
    most = largest_input(pool, zero_for_one)
    if most and amount_in > most:
        raise InsufficientLiquidity(amount_in, f"is more than vault {pool.address} takes", "trade less")
    assets, shares = pool.assets + pool.virtual_assets, pool.shares + pool.virtual_shares
    return amount_in * shares // assets if pool.wraps(zero_for_one) else amount_in * assets // shares


def after_vault(pool: VaultPool, zero_for_one: bool, amount_in: int) -> tuple[int, VaultPool]:
    """Returns the output for an exact input, and the vault afterwards; one that is emptied keeps its last unit.

    Raises:
        InsufficientLiquidity: If it is more than the vault takes.
    """
    out = vault_out(pool, zero_for_one, amount_in)
    if pool.wraps(zero_for_one):
        room = max(pool.most_assets - amount_in, 1) if pool.most_assets else 0
        return out, replace(pool, assets=pool.assets + amount_in, shares=pool.shares + out, most_assets=room)
    room = pool.most_assets + out if pool.most_assets else 0
    assets, shares = max(pool.assets - out, 1), max(pool.shares - amount_in, 1)
    return out, replace(pool, assets=assets, shares=shares, most_assets=room)
