"""The compiled contracts that a deployment needs."""

from __future__ import annotations

from functools import cache

from scripts._lib.artifacts import artifact, package_artifact
from scripts._lib.deployment.chain import Artifact

_OURS = (
    "AerodromeAdapter",
    "AirSwapAdapter",
    "AutoRebalancer",
    "AutomatedComplianceEngine",
    "BlsSigners",
    "ComplianceAwareToken",
    "CovarianceModels",
    "ExactOutput",
    "FluidDexAdapter",
    "HolderRecords",
    "IdentityRegistry",
    "LiquidityAggregator",
    "MarketDepthRegistry",
    "LiquidityGateway",
    "LiquidityLens",
    "LitePsmAdapter",
    "ListingValidator",
    "ModelRegistry",
    "OrderCommitments",
    "PerformanceRegistry",
    "PortfolioFactory",
    "PriceOracle",
    "RedemptionQueue",
    "RiskEngine",
    "SanctionsList",
    "RiskReports",
    "RuleBook",
    "FeeManager",
    "SignerSets",
    "TokenFactory",
    "VaultFeed",
    "VenueQuotes",
    "YieldFactory",
    "YieldOptimizer",
    "YieldPlans",
)
_OPENZEPPELINS = ("AccessManager", "ERC1967Proxy")


@cache
def protocol_artifacts() -> dict[str, Artifact]:
    """Returns artifacts by name: ours as forge compiled them, OpenZeppelin's two contracts as published."""
    found = {name: artifact(name) for name in _OURS}
    for name in _OPENZEPPELINS:
        found[name] = package_artifact(f"@openzeppelin/contracts/build/contracts/{name}.json")
    return {name: Artifact(abi, bytes.fromhex(code.removeprefix("0x"))) for name, (abi, code) in found.items()}
