"""Role ids (contracts/access/Roles.sol) and which role may call what."""

from __future__ import annotations

ADMIN = 0
GUARDIAN = 1
ISSUER = 2
COMPLIANCE_OFFICER = 3
MANAGER = 4
KEEPER_REGISTRAR = 5
COMPLIANCE_OFFICER_DELAYED = 6
MANAGER_DELAYED = 7
FACTORY = 8

NAMES = {
    ADMIN: "ADMIN",
    GUARDIAN: "GUARDIAN",
    ISSUER: "ISSUER",
    COMPLIANCE_OFFICER: "COMPLIANCE_OFFICER",
    MANAGER: "MANAGER",
    KEEPER_REGISTRAR: "KEEPER_REGISTRAR",
    COMPLIANCE_OFFICER_DELAYED: "COMPLIANCE_OFFICER_DELAYED",
    MANAGER_DELAYED: "MANAGER_DELAYED",
    FACTORY: "FACTORY",
}

# Config role -> (role held without delay, role held with the config's delay).
HELD = {
    "guardian": (GUARDIAN, None),
    "issuer": (ISSUER, None),
    "compliance_officer": (COMPLIANCE_OFFICER, COMPLIANCE_OFFICER_DELAYED),
    "manager": (MANAGER, MANAGER_DELAYED),
    "keeper_registrar": (None, KEEPER_REGISTRAR),
}

# Contract -> function -> role. What is not here is ADMIN's: feeds, the sequencer feed, reopening, upgrades.
# The token's own functions stand under the factory, which governs its clones.
FUNCTIONS: dict[str, dict[str, int]] = {
    "SignerSets": {
        "createSet": KEEPER_REGISTRAR,
        "addSigner": KEEPER_REGISTRAR,
        "setThreshold": KEEPER_REGISTRAR,
        "removeSigner": GUARDIAN,
    },
    "IdentityRegistry": {
        "registerIdentity": COMPLIANCE_OFFICER,
        "removeIdentity": COMPLIANCE_OFFICER,
        "setFrozen": COMPLIANCE_OFFICER,
        "setVenueAccount": COMPLIANCE_OFFICER,
    },
    "AutomatedComplianceEngine": {
        "openRules": FACTORY,
        "allowCountries": COMPLIANCE_OFFICER_DELAYED,
        "allowClasses": COMPLIANCE_OFFICER_DELAYED,
        "blockCountries": COMPLIANCE_OFFICER,
        "blockClasses": COMPLIANCE_OFFICER,
    },
    "TokenFactory": {
        "createToken": ISSUER,
        "mint": ISSUER,
        "burn": ISSUER,
        "unpause": ISSUER,
        "pause": GUARDIAN,
    },
    "RiskEngine": {
        "createUniverse": MANAGER_DELAYED,
        "registerPortfolio": FACTORY,
        "tightenLimits": MANAGER,
        "setLimits": MANAGER_DELAYED,
        "resetHighWaterMark": MANAGER_DELAYED,
        "deRisk": GUARDIAN,
        "shutdown": GUARDIAN,
    },
    "LiquidityAggregator": {"listPool": MANAGER_DELAYED, "delistPool": GUARDIAN},
    "AutoRebalancer": {"cancelNonce": GUARDIAN},
    "PortfolioFactory": {
        "createPortfolio": MANAGER,
        "listAsset": MANAGER_DELAYED,
        "setLossBudget": MANAGER_DELAYED,
        "unlistAsset": MANAGER,
        "tightenLossBudget": MANAGER,
    },
}
