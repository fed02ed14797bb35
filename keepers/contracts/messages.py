"""Messages that a quorum of keepers signs (EIP-712): covariance models, rebalance signals, risk and depth reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from eth_abi.abi import encode
from eth_account.messages import SignableMessage
from eth_utils.crypto import keccak

from keepers.abi.words import hash_words
from keepers.risk.metrics import NORMAL_TAILS
from keepers.signers.signing import domain

_MODEL_TYPE = keccak(
    text="CovarianceModel(bytes32 universe,uint64 nonce,uint40 asOf,uint40 expiry,uint64 z95,uint64 z99,uint64 es975,"
    "int64[] covariance)"
)
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


class SignedMessage(Protocol):
    """A message that the chain takes with the signatures of a quorum."""

    def as_tuple(self) -> tuple[Any, ...]:
        """Returns the fields as the ABI encodes them."""
        ...

    def message(self, chain_id: int, contract: str, /) -> SignableMessage:
        """Returns the message that signers sign."""
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
        values = (_MODEL_TYPE, *self.as_tuple()[:-1], hash_words(self.covariance))
        types = ("bytes32", "bytes32", "uint64", "uint40", "uint40", "uint64", "uint64", "uint64", "bytes32")
        body = keccak(encode(types, values))
        return SignableMessage(b"\x01", domain("Quantera CovarianceModels", chain_id, covariance_models), body)


@dataclass(frozen=True)
class RebalanceSignal:
    """IAutoRebalancer.RebalanceSignal.

    Attributes:
        portfolio: Address.
        assets: Addresses, the portfolio's list when it was decided. The chain refuses the signal when the list changes.
        targets: WAD weights in the order of `assets`, summing to 1e18.
        band_bps: How far a weight may end from its target, basis points of NAV.
        max_turnover_bps: Maximum that may be traded, half the sum of the values' changes, basis points of NAV.
        max_slippage_bps: Maximum that each order and the whole may lose against the oracle.
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
        values = (_SIGNAL_TYPE, *self.as_tuple()[:2], hash_words(self.targets), *self.as_tuple()[3:])
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
        simulated = hash_words(self.monte_carlo_var) + hash_words(self.monte_carlo_es)
        stressed = hash_words(self.scenarios) + hash_words(self.stress_losses)
        types = ("bytes32", "address", "uint64", "uint40", "uint40", "uint64", "bytes32", "uint64", "uint64", "uint64")
        head = encode(types, (_REPORT_TYPE, *self.as_tuple()[:9]))
        body = keccak(head + simulated + stressed)
        return SignableMessage(b"\x01", domain("Quantera RiskReports", chain_id, risk_reports), body)


@dataclass(frozen=True)
class DepthReport:
    """IMarketDepthRegistry.DepthReport.

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

    def message(self, chain_id: int, market_depth_registry: str) -> SignableMessage:
        """Returns the message that signers sign."""
        types = ("bytes32", "bytes32", "address", "uint64", "uint40", "uint40", "uint128", "bytes32")
        pools = hash_words([int(pool, 16) for pool in self.pools])
        body = keccak(encode(types, (_DEPTH_TYPE, *self.as_tuple()[:-1], pools)))
        return SignableMessage(b"\x01", domain("Quantera MarketDepthRegistry", chain_id, market_depth_registry), body)


def hash_assets(assets: Sequence[str]) -> bytes:
    """keccak256 of addresses, each padded to 32 bytes: `IAutoRebalancer.RebalanceSignal.assetsHash`."""
    return hash_words([int(asset, 16) for asset in assets])
