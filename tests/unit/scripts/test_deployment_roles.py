"""Role ids and the functions that need a role."""

from __future__ import annotations

from scripts._lib.artifacts import ROOT
from scripts._lib.deployment import roles


def test_role_ids__python_and_solidity__agree():
    source = (ROOT / "contracts/access/Roles.sol").read_text()
    for role, name in roles.NAMES.items():
        assert f"uint64 internal constant {name} = {role};" in source


def test_functions__every_restricted_function__has_a_role_or_is_the_admins():
    """A restricted function that nobody mapped would be the admin's without anyone having decided so."""
    admins = {
        "PriceOracle": {"setFeed", "setSecondary", "setSequencerFeed", "setTradingWindow", "unfreeze"},
        "RiskEngine": {"reopen", "setFloors"},
        "SanctionsList": {"removeRegistry"},
    }
    # Abstract halves of what is deployed under another name; the factory governs its tokens.
    whole = {
        "ClaimVerifier": "IdentityRegistry",
        "ComplianceAwareToken": "TokenFactory",
        "RuleBook": "AutomatedComplianceEngine",
    }
    restrictions = (" restricted", " orAgent", " governed")
    everywhere = {"upgradeToAndCall", "setAuthority"}
    for path in (ROOT / "contracts").rglob("*.sol"):
        source, name = path.read_text(), path.stem
        mapped = set({**roles.FUNCTIONS, **roles.BESIDE}.get(whole.get(name, name), {}))
        for declared in source.split("function ")[1:]:
            head = declared.split("{", 1)[0]
            function = head.split("(", 1)[0]
            flat = head.replace("\n", " ")
            if any(word in flat for word in restrictions) and not function.startswith("_"):
                assert function in mapped | admins.get(name, set()) | everywhere, f"{name}.{function}"
