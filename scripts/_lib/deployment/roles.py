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
KEEPER = 9
RISK_REPORTS = 20

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
    KEEPER: "KEEPER",
    RISK_REPORTS: "RISK_REPORTS",
}

# Config role -> (role held without delay, role held with the config's delay).
HELD = {
    "guardian": (GUARDIAN, None),
    "issuer": (ISSUER, None),
    "compliance_officer": (COMPLIANCE_OFFICER, COMPLIANCE_OFFICER_DELAYED),
    "manager": (MANAGER, MANAGER_DELAYED),
    "keeper_registrar": (None, KEEPER_REGISTRAR),
    "keeper": (KEEPER, None),
}

# Contract -> function -> role. What is not here is ADMIN's: feeds, unfreezing, everybody's limits, reopening, upgrades.
# The token's own functions stand under the factory, which governs its clones.
FUNCTIONS: dict[str, dict[str, int]] = {
    "SignerSets": {
        "createSet": KEEPER_REGISTRAR,
        "addSigner": KEEPER_REGISTRAR,
        "setThreshold": KEEPER_REGISTRAR,
        "setWeight": KEEPER_REGISTRAR,
        "removeSigner": GUARDIAN,
    },
    "IdentityRegistry": {
        "registerIdentity": COMPLIANCE_OFFICER,
        "batchRegisterIdentity": COMPLIANCE_OFFICER,
        "updateIdentity": COMPLIANCE_OFFICER,
        "updateCountry": COMPLIANCE_OFFICER,
        "deleteIdentity": COMPLIANCE_OFFICER,
        "replaceWallet": COMPLIANCE_OFFICER,
        "setFrozen": COMPLIANCE_OFFICER,
        "setVenueAccount": COMPLIANCE_OFFICER,
        "setSharedLedger": COMPLIANCE_OFFICER,
        "setDocuments": COMPLIANCE_OFFICER,
        "removeTrustedIssuer": COMPLIANCE_OFFICER,
        "removeAgent": COMPLIANCE_OFFICER,
        "addTrustedIssuer": COMPLIANCE_OFFICER_DELAYED,
        "updateIssuerClaimTopics": COMPLIANCE_OFFICER_DELAYED,
        "addClaimTopic": COMPLIANCE_OFFICER_DELAYED,
        "removeClaimTopic": COMPLIANCE_OFFICER_DELAYED,
        "setTopicTerms": COMPLIANCE_OFFICER_DELAYED,
        "setMaxWallets": COMPLIANCE_OFFICER_DELAYED,
        "addAgent": COMPLIANCE_OFFICER_DELAYED,
        "bindToken": FACTORY,
    },
    "IdentityRegistryStorage": {
        "bindIdentityRegistry": COMPLIANCE_OFFICER_DELAYED,
        "unbindIdentityRegistry": COMPLIANCE_OFFICER,
    },
    "SanctionsList": {
        "sanction": COMPLIANCE_OFFICER,
        "lift": COMPLIANCE_OFFICER_DELAYED,
        "addRegistry": FACTORY,
    },
    "AutomatedComplianceEngine": {
        "openRules": FACTORY,
        "openRulebook": FACTORY,
        "setRules": COMPLIANCE_OFFICER_DELAYED,
        "setTokenRule": COMPLIANCE_OFFICER_DELAYED,
        "setIssueRule": COMPLIANCE_OFFICER_DELAYED,
        "removeTreasury": COMPLIANCE_OFFICER_DELAYED,
        "admitSharedLedger": COMPLIANCE_OFFICER_DELAYED,
        "tightenRules": COMPLIANCE_OFFICER,
        "tightenTokenRule": COMPLIANCE_OFFICER,
        "tightenIssueRule": COMPLIANCE_OFFICER,
        "addTreasury": COMPLIANCE_OFFICER,
        "dropSharedLedger": COMPLIANCE_OFFICER,
        "blockCountries": COMPLIANCE_OFFICER,
    },
    "TransferTerms": {
        "addPairRules": COMPLIANCE_OFFICER,
        "addBlackouts": COMPLIANCE_OFFICER,
        "addVolumeLimits": COMPLIANCE_OFFICER,
        "addClassRules": COMPLIANCE_OFFICER,
        "addAffiliates": COMPLIANCE_OFFICER,
        "removePairRules": COMPLIANCE_OFFICER_DELAYED,
        "removeBlackouts": COMPLIANCE_OFFICER_DELAYED,
        "removeVolumeLimits": COMPLIANCE_OFFICER_DELAYED,
        "removeClassRules": COMPLIANCE_OFFICER_DELAYED,
        "removeAffiliates": COMPLIANCE_OFFICER_DELAYED,
    },
    "TokenFactory": {
        "createToken": ISSUER,
        "issueToken": ISSUER,
        "govern": COMPLIANCE_OFFICER_DELAYED,
        "mint": ISSUER,
        "batchMint": ISSUER,
        "burn": ISSUER,
        "batchBurn": ISSUER,
        "unpause": ISSUER,
        "pause": GUARDIAN,
        "forcedTransfer": COMPLIANCE_OFFICER,
        "batchForcedTransfer": COMPLIANCE_OFFICER,
        "recoveryAddress": COMPLIANCE_OFFICER,
        "setAddressFrozen": COMPLIANCE_OFFICER,
        "batchSetAddressFrozen": COMPLIANCE_OFFICER,
        "setFrozenTokens": COMPLIANCE_OFFICER,
        "freezePartialTokens": COMPLIANCE_OFFICER,
        "batchFreezePartialTokens": COMPLIANCE_OFFICER,
        "unfreezePartialTokens": COMPLIANCE_OFFICER,
        "batchUnfreezePartialTokens": COMPLIANCE_OFFICER,
        "removeAgent": COMPLIANCE_OFFICER,
        "addAgent": COMPLIANCE_OFFICER_DELAYED,
        "setCompliance": COMPLIANCE_OFFICER_DELAYED,
        "setIdentityRegistry": COMPLIANCE_OFFICER_DELAYED,
        "setName": ISSUER,
        "setSymbol": ISSUER,
        "setOnchainID": ISSUER,
        "setTokenInfo": ISSUER,
        "setDocument": ISSUER,
        "removeDocument": ISSUER,
    },
    "PriceOracle": {"freeze": GUARDIAN},
    "CovarianceModels": {"createUniverse": MANAGER_DELAYED},
    "PerformanceRegistry": {"setBenchmark": MANAGER_DELAYED, "resetObservations": MANAGER_DELAYED},
    "RiskEngine": {
        "registerPortfolio": FACTORY,
        "noteReport": RISK_REPORTS,
        "tightenLimits": MANAGER,
        "tightenFloors": GUARDIAN,
        "setLimits": MANAGER_DELAYED,
        "resetHighWaterMark": MANAGER_DELAYED,
        "trip": KEEPER,
        "deRisk": GUARDIAN,
        "shutdown": GUARDIAN,
    },
    "LiquidityAggregator": {
        "listPool": MANAGER_DELAYED,
        "listMarket": MANAGER_DELAYED,
        "setMaxDeviation": MANAGER_DELAYED,
        "delistPool": GUARDIAN,
        "tightenMaxDeviation": GUARDIAN,
    },
    "ModelRegistry": {
        "register": MANAGER,
        "demote": MANAGER,
        "promote": MANAGER_DELAYED,
        "retire": GUARDIAN,
    },
    "AutoRebalancer": {
        "cancelNonce": GUARDIAN,
        "tightenPolicy": MANAGER,
        "setPolicy": MANAGER_DELAYED,
    },
    "YieldPlans": {"cancelNonce": GUARDIAN},
    "YieldFactory": {
        "createOptimizer": MANAGER,
        "addStrategy": MANAGER_DELAYED,
        "setCap": MANAGER_DELAYED,
        "setTerms": MANAGER_DELAYED,
        "restoreStrategy": MANAGER_DELAYED,
        "removeStrategy": MANAGER_DELAYED,
        "reopen": MANAGER_DELAYED,
        "tightenCap": MANAGER,
        "tightenTerms": MANAGER,
        "cutStrategy": GUARDIAN,
        "emergencyExit": GUARDIAN,
    },
    "FeeManager": {
        "open": FACTORY,
        "setFees": MANAGER_DELAYED,
        "setPolicy": MANAGER_DELAYED,
        "acceptPrice": MANAGER_DELAYED,
        "lowerFees": MANAGER,
        "tightenPolicy": MANAGER,
        "lowerDepositCap": GUARDIAN,
    },
    "PortfolioFactory": {
        "createPortfolio": MANAGER,
        "listAsset": MANAGER_DELAYED,
        "retireAsset": MANAGER_DELAYED,
        "setLossBudget": MANAGER_DELAYED,
        "unlistAsset": MANAGER,
        "tightenLossBudget": MANAGER,
    },
}

# Code that answers in the account of another contract.
ANSWERED_BY = {
    "TransferTerms": "AutomatedComplianceEngine",
    "IdentityRegistryStorage": "IdentityRegistry",
}

# Contracts that stand beside a deployment, as many as wanted.
BESIDE: dict[str, dict[str, int]] = {"BlsSigners": {"setKeys": KEEPER_REGISTRAR, "revoke": GUARDIAN}}
