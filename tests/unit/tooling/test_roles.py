"""docs/roles.md says what the contracts and the deployment say, and the two agree."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts._lib.deployment.roles import BESIDE, FUNCTIONS, NAMES
from tests import roles
from tests.roles import PAGE, ROLES, described, described_functions, described_roles, main, page

MAPPED = [
    (contract, function, NAMES[role])
    for contract, functions in (*FUNCTIONS.items(), *BESIDE.items())
    for function, role in functions.items()
]
# Anyone may call it; the role only spares the second look.
OPEN = "RiskEngine.trip"


def test_page__of_the_repository__is_what_the_sources_say() -> None:
    made = page()
    assert PAGE.read_text(encoding="utf-8") == made, "python -m tests.roles --write"
    assert all(f"| `{contract}.{function}` |" in made for contract, function, _ in MAPPED)


def test_ids__of_the_library__are_those_of_the_deployment() -> None:
    found = described_roles(ROLES.read_text(encoding="utf-8"))
    assert {number: name for name, (number, _) in found.items()} == NAMES


def test_functions__that_are_mapped__document_the_same_role() -> None:
    others = {
        f"{contract}.{function}": (role, documented)
        for contract, function, role in MAPPED
        if (documented := described_functions(contract)[function].role) != role
    }
    assert others == {OPEN: ("KEEPER", "")}


def test_described__notice_with_role_and_cost__is_taken_apart() -> None:
    said = described(
        "/// @notice Lowers a cap, as {setCap} does. It moves nothing. Role: MANAGER, or agent. At worst: no\n"
        "    /// deposits. Exits go on.\n    /// @param cap Basis points.\n"
    )
    assert (said.purpose, said.worst, said.role) == ("Lowers a cap, as `setCap` does.", "No deposits", "MANAGER")


def test_described__no_cost_and_no_role__are_empty() -> None:
    said = described("/// @notice Reads a cap.\n/// @return At worst: nothing. Role: ADMIN.\n")
    assert (said.purpose, said.worst, said.role) == ("Reads a cap.", "", "")


def test_main__stale_page__fails_until_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "PAGE", tmp_path / "roles.md")
    stale = CliRunner().invoke(main)
    assert stale.exit_code == 1 and "is stale" in stale.output
    assert CliRunner().invoke(main, ["--write"]).exit_code == 0
    assert CliRunner().invoke(main).exit_code == 0
