"""Writes the ABIs that keepers carry, from what forge built: `forge build && python -m scripts.export_abi`.

`--check` writes nothing and fails if a file is not what the contracts say.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "forge" / "out"
ABI = ROOT / "keepers" / "abi"

CONTRACTS = (
    "AsyncVault",
    "AutoRebalancer",
    "AutomatedComplianceEngine",
    "BlsSigners",
    "ComplianceAwareToken",
    "CovarianceModels",
    "IdentityRegistry",
    "IdentityRegistryStorage",
    "LiquidityAggregator",
    "MarketDepthRegistry",
    "LiquidityGateway",
    "LiquidityLens",
    "ModelRegistry",
    "OrderCommitments",
    "PerformanceRegistry",
    "Portfolio",
    "PortfolioFactory",
    "PriceOracle",
    "RedemptionQueue",
    "RiskEngine",
    "SanctionsList",
    "RiskReports",
    "FeeManager",
    "SignerSets",
    "TokenCompliance",
    "TokenFactory",
    "TransferTerms",
    "VenueQuotes",
)
# Errors of what the contracts are built on, and of adapters of venues: file, contract.
BASES = (
    ("AerodromeAdapter", "AerodromeAdapter"),
    ("AirSwapAdapter", "AirSwapAdapter"),
    ("ISwapERC20", "ISwapERC20"),
    ("FluidDexAdapter", "FluidDexAdapter"),
    ("IFluidDex", "IFluidDex"),
    ("LitePsmAdapter", "LitePsmAdapter"),
    ("PackedCovariance", "PackedCovariance"),
    ("IAccessManager", "IAccessManager"),
    ("IAccessManaged", "IAccessManaged"),
    ("draft-IERC6093", "IERC20Errors"),
    ("SafeERC20", "SafeERC20"),
    ("SafeTransferLib", "SafeTransferLib"),
    ("ERC4626Upgradeable", "ERC4626Upgradeable"),
    ("Initializable", "Initializable"),
    ("ReentrancyGuardTransient", "ReentrancyGuardTransient"),
    ("UUPSUpgradeable", "UUPSUpgradeable"),
    ("ERC1967Utils", "ERC1967Utils"),
    ("Errors", "Errors"),
    ("ECDSA", "ECDSA"),
    ("SafeCast", "SafeCast"),
    ("SafeCastLib", "SafeCastLib"),
    ("FixedPointMathLib", "FixedPointMathLib"),
    ("SSTORE2", "SSTORE2"),
)


def abi_of(file: str, contract: str) -> list[dict[str, Any]]:
    """The ABI of a built contract, in a stable order."""
    path = OUT / f"{file}.sol" / f"{contract}.json"
    if not path.exists():
        raise click.ClickException(f"{path.relative_to(ROOT)}: not there; run `forge build contracts` first")
    entries: list[dict[str, Any]] = json.loads(path.read_text())["abi"]
    return sorted(entries, key=_order)


def exports() -> dict[str, str]:
    """Returns the expected content of every file, by name."""
    abis = {name: abi_of(name, name) for name in CONTRACTS}
    everything = [*abis.values(), *(abi_of(file, name) for file, name in BASES)]
    errors = {_order(entry): entry for abi in everything for entry in abi if entry["type"] == "error"}
    files = {name: [entry for entry in abi if entry["type"] != "error"] for name, abi in abis.items()}
    files["errors"] = [errors[key] for key in sorted(errors)]
    return {f"{name}.json": _text(entries) for name, entries in files.items()}


def stale() -> list[str]:
    """Returns the names of files that do not hold what the contracts say."""
    wanted = exports()
    there = {path.name: path.read_text() for path in ABI.glob("*.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


@click.command(short_help="Write the ABIs that keepers carry")
@click.option("--check", is_flag=True, help="Write nothing; fail if a file is not what the contracts say.")
def cli(check: bool) -> None:
    """Write the ABIs that keepers carry, from what forge built."""
    if check:
        names = stale()
        if names:
            where = ABI.relative_to(ROOT)
            raise click.ClickException(f"{where}: {', '.join(names)} out of date; run `python -m scripts.export_abi`")
        return
    for path in ABI.glob("*.json"):
        path.unlink()
    for name, text in exports().items():
        (ABI / name).write_text(text)
    click.echo(f"{len(exports())} files in {ABI.relative_to(ROOT)}")


def _order(entry: dict[str, Any]) -> tuple[str, str, str]:
    return entry["type"], entry.get("name", ""), json.dumps(entry.get("inputs", []), sort_keys=True)


def _text(entries: list[dict[str, Any]]) -> str:
    lines = ",\n".join(json.dumps(entry, sort_keys=True) for entry in entries)
    return f"[\n{lines}\n]\n"


if __name__ == "__main__":
    cli()
