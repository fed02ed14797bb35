"""Messages that a quorum of keepers signs (EIP-712): covariance models, rebalance signals, risk and depth reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from eth_abi.abi import encode
from eth_account.messages import SignableMessage
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from keepers.rpc.errors import ChainError

_DOMAIN_TYPE = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_MODEL_TYPE = keccak(
    text="CovarianceModel(bytes32 universe,uint64 nonce,uint40 asOf,uint40 expiry,uint64 z95,uint64 z99,uint64 es975,"
    "int64[] covariance)"
)
NORMAL_TAILS = (1_644_853_626_951_472_715, 2_326_347_874_040_841_101, 2_337_802_792_201_414_000)
"""Quantiles at 95% and 99% and mean loss beyond 97.5% of the standard normal, WAD."""

_SIGNAL_TYPE = keccak(
    text="RebalanceSignal(address portfolio,bytes32 assetsHash,uint256[] targets,uint16 bandBps,uint16 maxTurnoverBps,"
    "uint16 maxSlippageBps,uint8 maxParts,uint40 validFrom,uint40 validUntil,uint256 nonce,bytes32 modelId,"
    "bytes32 inputHash,bytes32 ordersHash)"
)
_REPORT_TYPE = keccak(
    text="RiskReport(address portfolio,uint64 nonce,uint40 asOf,uint40 expiry,uint64 modelNonce,bytes32 modelHash,"
    "uint64 volatility,uint64 var95,uint64 var99,uint64[9] monteCarloVar,uint64[9] monteCarloEs,bytes32[] scenarios,"
    "int64[] stressLosses)"
)
_DEPTH_TYPE = keccak(
    text="DepthReport(bytes32 universe,address asset,uint64 nonce,uint40 asOf,uint40 expiry,uint128 depth,"
    "address[] pools)"
)
_UP, _LAST, _QUOTE_WORDS = 1 << 160, 1 << 161, 168
"""Bits of a hop's word: token0 goes in, and the hop is its path's last one."""
_MOST = 2**112 - 1
"""Largest amount that an order has room for, smallest units."""


class Signer(Protocol):
    """A holder of a key: eth_account's and Ape's accounts, through `keepers.signers.keys`."""

    @property
    def address(self) -> str:
        """Checksummed."""
        ...

    def sign_message(self, message: SignableMessage) -> bytes:
        """65 bytes: r, s, v."""
        ...

    def sign_transaction(self, transaction: dict[str, Any]) -> bytes:
        """The transaction, signed and serialised."""
        ...


@dataclass(frozen=True)
class CovarianceModel:
    """ICovarianceModels.CovarianceModel.

    Attributes:
        universe: 32 bytes.
        nonce: One more than the chain's.
        as_of: Unix seconds of the last price used.
        expiry: Unix seconds.
        covariance: Upper triangle by rows, daily, 1e18 = 1.
        tails: Quantiles at 95% and 99% and mean loss beyond 97.5% in sigmas, WAD.
    """

    universe: bytes
    nonce: int
    as_of: int
    expiry: int
    covariance: tuple[int, ...]
    tails: tuple[int, int, int] = NORMAL_TAILS

    def as_tuple(self) -> tuple[Any, ...]:
        """Returns the fields as the ABI encodes them."""
        return self.universe, self.nonce, self.as_of, self.expiry, *self.tails, self.covariance

    def message(self, chain_id: int, covariance_models: str) -> SignableMessage:
        """Returns the message that signers sign."""
        values = (_MODEL_TYPE, *self.as_tuple()[:-1], _packed(self.covariance))
        types = ("bytes32", "bytes32", "uint64", "uint40", "uint40", "uint64", "uint64", "uint64", "bytes32")
        body = keccak(encode(types, values))
        return SignableMessage(b"\x01", domain("Quantera CovarianceModels", chain_id, covariance_models), body)


@dataclass(frozen=True)
class Order:
    """One order of a rebalance, which IPortfolio.execute takes in words.

    Attributes:
        token_in, token_out: Addresses.
        amount_in: Smallest units; the sum over the paths.
        min_amount_out: Smallest units.
        paths: (amount in, hops), hops (pool, zero for one).
    """

    token_in: str
    token_out: str
    amount_in: int
    min_amount_out: int
    paths: tuple[tuple[int, tuple[tuple[str, bool], ...]], ...]

    def words(self, assets: Sequence[str]) -> tuple[int, ...]:
        """A head and its route; the layout is IPortfolio.execute's.

        Args:
            assets: Addresses, the portfolio's list.

        Raises:
            ChainError: If a token is not on the list, or an amount has more than 112 bits.
        """
        route = [word for amount, hops in self.paths for word in (amount, *_hop_words(hops))]
        for amount in (self.amount_in, self.min_amount_out):
            if not 0 <= amount <= _MOST:
                raise ChainError(f"order of {amount}", "an order has room for 112 bits", "split it")
        indices = _index_of(self.token_in, assets) | _index_of(self.token_out, assets) << 8
        return (indices | len(route) << 16 | self.amount_in << 32 | self.min_amount_out << 144, *route)


@dataclass(frozen=True)
class RebalanceSignal:
    """IAutoRebalancer.RebalanceSignal.

    Attributes:
        portfolio: Address.
        assets: Addresses, the portfolio's list when it was decided. The chain refuses the signal when the list changes.
        targets: WAD weights in the order of `assets`, summing to 1e18.
        band_bps: How far a weight may end from its target, basis points of NAV.
        max_turnover_bps: Most that may be traded, half the sum of the values' changes, basis points of NAV.
        max_slippage_bps: Most that each order and the whole may lose against the oracle.
        valid_from, valid_until: Unix seconds.
        nonce: Not yet used.
        model_id: 32 bytes, of a live model in the ModelRegistry.
        input_hash: 32 bytes, of what the model saw.
        orders_hash: keccak256 of the orders' words; zero where whoever executes may choose them.
        max_parts: Transactions in which the targets have to be reached.
    """

    portfolio: str
    assets: tuple[str, ...]
    targets: tuple[int, ...]
    band_bps: int
    max_turnover_bps: int
    max_slippage_bps: int
    valid_from: int
    valid_until: int
    nonce: int
    model_id: bytes
    input_hash: bytes
    orders_hash: bytes = bytes(32)
    max_parts: int = 1

    def as_tuple(self) -> tuple[Any, ...]:
        """Returns the fields as the ABI encodes them."""
        return (
            self.portfolio,
            hash_assets(self.assets),
            self.targets,
            self.band_bps,
            self.max_turnover_bps,
            self.max_slippage_bps,
            self.max_parts,
            self.valid_from,
            self.valid_until,
            self.nonce,
            self.model_id,
            self.input_hash,
            self.orders_hash,
        )

    def message(self, chain_id: int, rebalancer: str) -> SignableMessage:
        """Returns the message that signers sign."""
        numbers = ("uint16", "uint16", "uint16", "uint8", "uint40", "uint40", "uint256")
        types = ("bytes32", "address", "bytes32", "bytes32", *numbers, "bytes32", "bytes32", "bytes32")
        values = (_SIGNAL_TYPE, *self.as_tuple()[:2], _packed(self.targets), *self.as_tuple()[3:])
        return SignableMessage(
            b"\x01", domain("Quantera AutoRebalancer", chain_id, rebalancer), keccak(encode(types, values))
        )


def model_id(name: str) -> bytes:
    """The id under which a model of this name stands in the ModelRegistry: keccak256 of the name, 32 bytes."""
    return keccak(text=name)


@dataclass(frozen=True)
class RiskReport:
    """IRiskReports.RiskReport; numbers are WAD of NAV.

    Attributes:
        portfolio: Address.
        nonce: One more than the chain's.
        as_of, expiry: Unix seconds.
        model_nonce: Nonce of the posted model.
        model_hash: Hash of the inputs of the numbers, 32 bytes.
        volatility, var95, var99: Parametric figures for one day.
        monte_carlo_var, monte_carlo_es: 1, 5, 10 days, each at 95%, 99%, 99.9%.
        scenarios: 32 bytes each.
        stress_losses: One loss per scenario; a negative one is a gain.
    """

    portfolio: str
    nonce: int
    as_of: int
    expiry: int
    model_nonce: int
    model_hash: bytes
    volatility: int
    var95: int
    var99: int
    monte_carlo_var: tuple[int, ...]
    monte_carlo_es: tuple[int, ...]
    scenarios: tuple[bytes, ...]
    stress_losses: tuple[int, ...]

    def as_tuple(self) -> tuple[Any, ...]:
        """Returns the fields as the ABI encodes them."""
        return tuple(getattr(self, name) for name in self.__dataclass_fields__)

    def message(self, chain_id: int, risk_reports: str) -> SignableMessage:
        """Returns the message that signers sign."""
        simulated = _packed(self.monte_carlo_var) + _packed(self.monte_carlo_es)
        stressed = _packed(self.scenarios) + _packed(self.stress_losses)
        types = ("bytes32", "address", "uint64", "uint40", "uint40", "uint64", "bytes32", "uint64", "uint64", "uint64")
        head = encode(types, (_REPORT_TYPE, *self.as_tuple()[:9]))
        body = keccak(head + simulated + stressed)
        return SignableMessage(b"\x01", domain("Quantera RiskReports", chain_id, risk_reports), body)


@dataclass(frozen=True)
class DepthReport:
    """ILiquidityBook.DepthReport.

    Attributes:
        universe: 32 bytes.
        asset: Address.
        nonce: One more than the chain's.
        as_of, expiry: Unix seconds.
        depth: WAD USD a day.
        pools: Addresses, rising.
    """

    universe: bytes
    asset: str
    nonce: int
    as_of: int
    expiry: int
    depth: int
    pools: tuple[str, ...]

    def as_tuple(self) -> tuple[Any, ...]:
        """Returns the fields as the ABI encodes them."""
        return self.universe, self.asset, self.nonce, self.as_of, self.expiry, self.depth, self.pools

    def message(self, chain_id: int, liquidity_book: str) -> SignableMessage:
        """Returns the message that signers sign."""
        types = ("bytes32", "bytes32", "address", "uint64", "uint40", "uint40", "uint128", "bytes32")
        pools = _packed([int(pool, 16) for pool in self.pools])
        body = keccak(encode(types, (_DEPTH_TYPE, *self.as_tuple()[:-1], pools)))
        return SignableMessage(b"\x01", domain("Quantera LiquidityBook", chain_id, liquidity_book), body)


def _packed(words: Sequence[int | bytes]) -> bytes:
    """EIP-712's hash of an array of one-word values, 32 bytes."""
    return keccak(b"".join(word if isinstance(word, bytes) else (word % 2**256).to_bytes(32, "big") for word in words))


def hash_assets(assets: Sequence[str]) -> bytes:
    """keccak256 of addresses, each padded to 32 bytes: `IAutoRebalancer.RebalanceSignal.assetsHash`."""
    return _packed([int(asset, 16) for asset in assets])


def order_words(orders: Sequence[Order], assets: Sequence[str]) -> tuple[int, ...]:
    """Orders as AutoRebalancer.rebalance takes them.

    Args:
        orders: Orders in the sequence of execution.
        assets: Addresses, the portfolio's list.

    Raises:
        ChainError: If `Order.words` raises it.
    """
    return tuple(word for order in orders for word in order.words(assets))


def orders_of(words: Sequence[int], assets: Sequence[str]) -> tuple[Order, ...]:
    """The orders in words: `order_words` backwards.

    Raises:
        ChainError: If they are no orders of these assets.
    """
    found, rest = [], list(words)
    while rest:
        head, length = rest[0], rest[0] >> 16 & 0xFFFF
        sold, bought, route = head & 0xFF, head >> 8 & 0xFF, rest[1 : 1 + length]
        if len(route) != length or max(sold, bought) >= len(assets):
            raise ChainError("orders", "cannot be read", "check the portfolio's list of assets")
        amounts = head >> 32 & _MOST, head >> 144 & _MOST
        found.append(Order(assets[sold], assets[bought], *amounts, tuple(_paths_of(route))))
        rest = rest[1 + length :]
    return tuple(found)


def hash_orders(words: Sequence[int]) -> bytes:
    """keccak256 of orders in words, 32 bytes: `RebalanceSignal.orders_hash`."""
    return _packed(words)


def _hop_words(hops: Sequence[tuple[str, bool]]) -> list[int]:
    words = [int(pool, 16) | (_UP if zero_for_one else 0) for pool, zero_for_one in hops]
    return [*words[:-1], words[-1] | _LAST]


def _paths_of(route: Sequence[int]) -> Iterator[tuple[int, tuple[tuple[str, bool], ...]]]:
    amount: int | None = None
    hops: list[tuple[str, bool]] = []
    words = iter(route)
    for word in words:
        if amount is None:
            amount = word
            continue
        # A signed quote says nothing about the way that an order takes.
        for _ in range(word >> _QUOTE_WORDS & 0xFF):
            next(words, None)
        hops.append((to_checksum_address(f"0x{word & (1 << 160) - 1:040x}"), bool(word & _UP)))
        if word & _LAST:
            yield amount, tuple(hops)
            amount, hops = None, []


def _index_of(token: str, assets: Sequence[str]) -> int:
    lowered = [asset.lower() for asset in assets]
    if token.lower() not in lowered:
        raise ChainError(f"order of {token}", "it is not among the portfolio's assets", "read the list again")
    return lowered.index(token.lower())


@lru_cache(maxsize=16)
def domain(name: str, chain_id: int, contract: str) -> bytes:
    """EIP-712 domain separator of version "1", 32 bytes."""
    values = (_DOMAIN_TYPE, keccak(text=name), keccak(text="1"), chain_id, contract)
    return keccak(encode(("bytes32", "bytes32", "bytes32", "uint256", "address"), values))


def digest(message: SignableMessage) -> bytes:
    """The 32 bytes that a signature is over, as `hashModel` and `hashSignal` give them."""
    return keccak(b"\x19" + message.version + message.header + message.body)


def sign_quorum(message: SignableMessage, signers: Sequence[Signer]) -> tuple[tuple[str, bytes], ...]:
    """Signatures as ISignerSets takes them: (signer, 65 bytes) in ascending order of signer.

    Raises:
        ChainError: If a signer is given twice: the chain would refuse it.
    """
    ordered = sorted(signers, key=lambda signer: int(signer.address, 16))
    addresses = [signer.address for signer in ordered]
    for address in addresses:
        if addresses.count(address) > 1:
            raise ChainError(f"signer {address}", "given more than once", "give each signer one entry under keys")
    return tuple((signer.address, signer.sign_message(message)) for signer in ordered)
