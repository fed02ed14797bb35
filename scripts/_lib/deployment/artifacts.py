"""The compiled contracts that a deployment needs."""

from __future__ import annotations

from functools import cache

from scripts._lib.artifacts import artifact, package_artifact
from scripts._lib.deployment.chain import Artifact

PROTOCOL = (
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
    "IdentityRegistryStorage",
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
    "TransferTerms",
    "VaultFeed",
    "VenueQuotes",
    "YieldFactory",
    "YieldOptimizer",
    "YieldPlans",
)
OPENZEPPELIN = ("AccessManager", "ERC1967Proxy")


def openzeppelin_artifact(name: str) -> str:
    """The file of one of OpenZeppelin's contracts inside node_modules."""
    return f"@openzeppelin/contracts/build/contracts/{name}.json"


@cache
def protocol_artifacts() -> dict[str, Artifact]:
    """Returns artifacts by name: ours as forge compiled them, OpenZeppelin's two contracts as published."""
    found = {name: artifact(name) for name in PROTOCOL}
    for name in OPENZEPPELIN:
        found[name] = package_artifact(openzeppelin_artifact(name))
    return {name: Artifact(abi, bytes.fromhex(code.removeprefix("0x"))) for name, (abi, code) in found.items()}
