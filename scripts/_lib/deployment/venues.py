"""Markets of a config: how each kind of venue is written down, and what the aggregator lists for it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from eth_utils.address import is_address, to_checksum_address
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from keepers.routing.markets import COIN_IS_TOKEN0, COIN_IS_TOKEN1, VENUES, Market
from keepers.schema import Strict

ZERO = "0x" + "00" * 20


def checked_address(value: str) -> str:
    """The address with its checksum.

    Raises:
        ValueError: it is none, or its checksum is another.
    """
    if not is_address(value):
        raise ValueError(f"{value!r} is not an address; give 0x and 40 hexadecimal digits")
    if value != value.lower() and value != to_checksum_address(value):
        raise ValueError(f"{value!r} fails its checksum; correct it or write it in lower case")
    return to_checksum_address(value)


def _two(names: tuple[str, str]) -> tuple[str, str]:
    if names[0] == names[1]:
        raise ValueError(f"{names[0]!r} stands twice; a market trades two tokens")
    return names


DYNAMIC_FEE = 0x800000
"""Uniswap V4's, in the key of a pool whose hooks set its fee."""


def _v4_fee(value: object) -> int:
    if value in ("dynamic", DYNAMIC_FEE):
        return DYNAMIC_FEE
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1_000_000:
        return value
    raise ValueError(
        f"{value!r} is no fee of a V4 pool; give 0 to 999999 hundredths of a basis point, as the pool's key has it, or "
        f"dynamic ({DYNAMIC_FEE}) for a pool whose hooks set it"
    )


def _of_somebody(value: str) -> str:
    if int(checked_address(value), 16) == 0:
        raise ValueError(f"{value!r} is nobody's address; name a contract or an account")
    return checked_address(value)


Address = Annotated[str, AfterValidator(_of_somebody)]
OptionalAddress = Annotated[str, AfterValidator(checked_address)]
"""Zero where there is none."""
Pips = Annotated[int, Field(ge=0, lt=1_000_000)]
V4Fee = Annotated[int, BeforeValidator(_v4_fee)]
Pair = Annotated[tuple[str, str], AfterValidator(_two)]
Bytes32 = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{64}$")]
CoinIndex = Annotated[int, Field(ge=0, le=255)]


class Fork(Strict):
    """A pool of Uniswap V2 or V3 or of a fork; the fee is in hundredths of a basis point."""

    kind: Literal[
        "uniswap-v2", "sushi-v2", "pancake-v2", "trader-joe", "uniswap-v3", "sushi-v3", "pancake-v3"
    ]  # fmt: skip
    pool: Address
    fee: Pips


class Listed(Strict):
    """A market that is no pool contract of its own.

    Tokens are named as in `assets` and `tokens`. `regulated` makes the called contract a venue account.

    Attributes:
        keeps_shared_ledger: True if anyone can hold claims, internal balances or shares of the called contract. It then
            receives a regulated token only after an officer has admitted it for that token.
    """

    keeps_shared_ledger: ClassVar[bool] = False

    kind: str
    regulated: bool = False

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of its tokens in the config."""


class Known(Listed):
    """A market whose contract stands before the deployment; an adapter is deployed first."""

    @abstractmethod
    def market(self, assets: Mapping[str, str]) -> Market:
        """Returns the market that the aggregator lists.

        Args:
            assets: Addresses by name.
        """


class UniswapV4(Known):
    """A pool of a PoolManager; `coin` names the token that stands for the chain's own coin, if the pool trades that.

    The fee is that of the pool's key, and `dynamic` where its hooks set it.
    """

    keeps_shared_ledger: ClassVar[bool] = True

    kind: Literal["uniswap-v4"]
    manager: Address
    tokens: Pair
    fee: V4Fee
    tick_spacing: Annotated[int, Field(ge=1, le=32_767)]
    hooks: OptionalAddress = ZERO
    coin: str | None = None

    @model_validator(mode="after")
    def _set_by_somebody(self) -> UniswapV4:
        if self.fee == DYNAMIC_FEE and self.hooks == ZERO:
            raise ValueError(
                "fee is dynamic, but the pool has no hooks that would set it; name its hooks or give the fee of its key"
            )
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """See `Listed`."""
        return self.tokens if self.coin is None else (*self.tokens, self.coin)

    def market(self, assets: Mapping[str, str]) -> Market:
        """See `Known`."""
        token0, token1 = _sorted(self.tokens, assets)
        param = self.tick_spacing
        if self.coin is not None:
            param |= COIN_IS_TOKEN0 if assets[self.coin] == token0 else COIN_IS_TOKEN1
        hooks = bytes(12) + bytes.fromhex(self.hooks[2:])
        return Market(VENUES[self.kind], self.manager, token0, token1, self.fee, param, hooks)


class BalancerV2(Known):
    """Two tokens of a pool of Balancer's Vault."""

    keeps_shared_ledger: ClassVar[bool] = True

    kind: Literal["balancer-weighted", "balancer-stable"]
    vault: Address
    id: Bytes32
    tokens: Pair

    @property
    def names(self) -> tuple[str, ...]:
        """See `Listed`."""
        return self.tokens

    def market(self, assets: Mapping[str, str]) -> Market:
        """See `Known`."""
        return Market(VENUES[self.kind], self.vault, *_sorted(self.tokens, assets), id=bytes.fromhex(self.id[2:]))


class Curve(Known):
    """Two coins of a pool, named for the type of its coin indices; `indices` are those of `tokens`, in their order.

    The kinds that end in `-ng` have `exchange_received`, which saves an approval and a transfer. A StableSwap-NG pool
    (`curve-int128-ng`) names its `factory`, which says whether one of its coins rebases: then it is a `curve-int128`.
    """

    kind: Literal["curve-int128", "curve-uint256", "curve-int128-ng", "curve-uint256-ng"]
    pool: Address
    tokens: Pair
    indices: tuple[CoinIndex, CoinIndex]
    factory: Address | None = None

    @model_validator(mode="after")
    def _of_its_factory(self) -> Curve:
        if (self.factory is None) == (self.kind == "curve-int128-ng"):
            need = "needs the factory of its pool" if self.factory is None else "has no factory"
            raise ValueError(f"{self.kind} {need}; only curve-int128-ng has one")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """See `Listed`."""
        return self.tokens

    def market(self, assets: Mapping[str, str]) -> Market:
        """See `Known`."""
        token0, token1 = _sorted(self.tokens, assets)
        index0, index1 = self.indices if assets[self.tokens[0]] == token0 else self.indices[::-1]
        id_ = bytes(12) + bytes.fromhex((self.factory or ZERO)[2:])
        return Market(VENUES[self.kind], self.pool, token0, token1, param=index0 | index1 << 8, id=id_)


class ERC4626(Known):
    """A vault: its share against its asset. Name the share under `assets`, too."""

    keeps_shared_ledger: ClassVar[bool] = True

    kind: Literal["erc4626"]
    share: str
    asset: str

    @property
    def names(self) -> tuple[str, ...]:
        """See `Listed`."""
        return self.share, self.asset

    def market(self, assets: Mapping[str, str]) -> Market:
        """See `Known`."""
        return Market(VENUES[self.kind], assets[self.share], *_sorted((self.share, self.asset), assets))


class Adapter(Known):
    """Anything else; `id` is handed to the adapter with every call."""

    kind: Literal["adapter"]
    adapter: Address
    tokens: Pair
    id: Bytes32 = "0x" + "00" * 32

    @property
    def names(self) -> tuple[str, ...]:
        """See `Listed`."""
        return self.tokens

    def market(self, assets: Mapping[str, str]) -> Market:
        """See `Known`."""
        return Market(VENUES[self.kind], self.adapter, *_sorted(self.tokens, assets), id=bytes.fromhex(self.id[2:]))


class Adapted(Listed):
    """A venue behind an adapter of the project's own, which the deployment puts on the chain for it."""

    tokens: Pair

    @property
    def names(self) -> tuple[str, ...]:
        """See `Listed`."""
        return self.tokens

    @property
    @abstractmethod
    def adapter(self) -> tuple[str, str]:
        """The adapter's contract, and the address that it is made for."""

    def market_of(self, adapter: str, assets: Mapping[str, str]) -> Market:
        """The market that the aggregator lists, once the adapter is there."""
        return Market(VENUES[self.kind], adapter, *_sorted(self.tokens, assets))


class LitePsm(Adapted):
    """Sky's LitePSM: its gem and Dai, at par less its fee."""

    kind: Literal["lite-psm"]
    psm: Address

    @property
    def adapter(self) -> tuple[str, str]:
        """See `Adapted`."""
        return "LitePsmAdapter", self.psm


class Aerodrome(Adapted):
    """A pool of Aerodrome or Velodrome V2, volatile or stable."""

    kind: Literal["aerodrome"]
    pool: Address

    @property
    def adapter(self) -> tuple[str, str]:
        """See `Adapted`."""
        return "AerodromeAdapter", self.pool


class FluidDex(Adapted):
    """A pool of Fluid DEX of two ERC-20 tokens."""

    kind: Literal["fluid-dex"]
    dex: Address

    @property
    def adapter(self) -> tuple[str, str]:
        """See `Adapted`."""
        return "FluidDexAdapter", self.dex


class AirSwap(Listed):
    """Signed quotes of one maker for one portfolio; `swap` is AirSwap's SwapERC20."""

    kind: Literal["airswap"]
    swap: Address
    maker: Address
    portfolio: str
    tokens: Pair

    @property
    def names(self) -> tuple[str, ...]:
        """See `Listed`."""
        return self.tokens

    def market_of(self, adapter: str, assets: Mapping[str, str]) -> Market:
        """See `Adapted`."""
        id_ = bytes(12) + bytes.fromhex(self.maker[2:])
        return Market(VENUES[self.kind], adapter, *_sorted(self.tokens, assets), id=id_)


Venue = Annotated[
    Fork | UniswapV4 | BalancerV2 | Curve | ERC4626 | Adapter | LitePsm | Aerodrome | FluidDex | AirSwap,
    Field(discriminator="kind"),
]


def market_record(kind: str, market: Market) -> dict[str, Any]:
    """Returns a listed market's entry in the deployment file, which keepers.contracts.deployment reads."""
    return {
        "address": market.key,
        "kind": kind,
        "fee": market.fee,
        "target": market.target,
        "param": market.param,
        "id": "0x" + market.id.hex(),
        "token0": market.token0,
        "token1": market.token1,
    }


def _sorted(names: tuple[str, str], assets: Mapping[str, str]) -> tuple[str, str]:
    first, second = sorted((assets[name] for name in names), key=lambda address: int(address, 16))
    return first, second
