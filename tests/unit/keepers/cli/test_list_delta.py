"""`quantera compliance lists delta` against the deployed protocol."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from keepers.compliance.cases.people import read_people
from keepers.compliance.lists import mapping
from keepers.compliance.lists.delta import Budget
from keepers.config import DeskFiles
from scripts._lib.artifacts import ROOT
from tests.fixtures.officers import Bureau
from tests.unit.keepers.cli.test_cli import invoke, line_of
from tests.unit.keepers.compliance.lists.reading import DATA, FIRST, OFAC_FILES, SECOND, THIRD


def lists(bureau: Bureau, *arguments: str) -> str:
    result = invoke("compliance", "lists", *arguments, "--config", str(bureau.config))
    assert result.exit_code == 0, result.stderr
    return result.stdout


def imported(bureau: Bureau, *arguments: str) -> dict[str, Any]:
    """An import of OFAC's four files, or of what the arguments say."""
    files = [str(DATA / name) for name in OFAC_FILES]
    given = arguments or (*files, "--format", "ofac-csv", "--published", "2026-09-23")
    found: dict[str, Any] = json.loads(lists(bureau, "import", *given, "--json"))
    return found


def test_delta__additions__are_sent_once_with_the_files_hash(bureau: Bureau) -> None:
    source = imported(bureau)["source_hash"]
    sanctions = bureau.sanctions
    assert "0 accounts stand on chain and on a list; 3 to add, 0 to lift" in lists(bureau, "delta")
    assert sanctions.functions.version().call() == 0, "nothing is sent without --send"
    sent = json.loads(lists(bureau, "delta", "--send", "--yes", "--json"))["sent"]
    assert [outcome["state"] for outcome in sent] == ["sent"]
    assert all(sanctions.functions.isSanctioned(one).call() for one in (FIRST, SECOND, THIRD))
    (event,) = sanctions.events.SanctionsChanged.get_logs(from_block=0)
    assert "0x" + event.args.source.hex().removeprefix("0x") == source
    assert json.loads(lists(bureau, "delta", "--send", "--yes", "--json")) == {
        "kept": 3, "notes": [], "batches": [], "sent": []
    }  # fmt: skip
    assert sanctions.functions.version().call() == 1


def test_delta__liftings__are_never_sent(bureau: Bureau) -> None:
    imported(bureau)
    lists(bureau, "delta", "--send", "--yes")
    imported(bureau, str(DATA / "delta.xml"), "--format", "ofac-delta", "--accept-findings")
    output = lists(bureau, "delta", "--send", "--yes")
    assert f"quantera compliance lift {FIRST} --source 0x" in output
    assert bureau.sanctions.functions.isSanctioned(FIRST).call()


def test_delta__a_batch__costs_what_the_budget_expects(bureau: Bureau, tmp_path: Path) -> None:
    accounts = [f"0x{number:040x}" for number in range(10**45, 10**45 + 40)]
    listing = tmp_path / "many.csv"
    listing.write_text("id,name,account\n" + "".join(f"{n},PARTY {n},{one}\n" for n, one in enumerate(accounts)))
    mapping = tmp_path / "many.yaml"
    mapping.write_text("list: many\nformat: csv\nfields: {uid: id, names: [name], remarks: [account]}\n")
    given = ("--format", "mapping", "--mapping", str(mapping), "--published", "2026-09-23")
    imported(bureau, str(listing), *given)
    found = json.loads(lists(bureau, "delta", "--send", "--yes", "--json"))
    (batch,), (outcome,) = found["batches"], found["sent"]
    (receipt,) = outcome["receipts"]
    registries = len(bureau.sanctions.functions.registries().call())
    assert batch["gas"] == Budget(registries=max(registries, 1)).cost(40)
    assert 0.6 * batch["gas"] < receipt["gas_used"] <= batch["gas"], f"{receipt['gas_used']:,} of {batch['gas']:,}"


def test_delta__without_a_list__is_refused(bureau: Bureau) -> None:
    result = invoke("compliance", "lists", "delta", "--config", str(bureau.config))
    assert line_of(result, 1).startswith("quantera: lists: none was accepted yet; import one")


def test_delta__to_be_sent_with_nobody_to_ask__is_a_usage_error(bureau: Bureau) -> None:
    result = invoke("compliance", "lists", "delta", "--send", "--config", str(bureau.config))
    assert line_of(result, 2) == "quantera: standard input: is no terminal to ask on; give --yes to send"


def test_page__its_commands__run_as_they_stand_there(
    bureau: Bureau, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The journey above the lists runs in tests/integration/test_compliance_journey.py.
    page = (ROOT / "docs/compliance-desk.md").read_text(encoding="utf-8").partition("\n## Lists\n")[2]
    for name in OFAC_FILES:
        shutil.copy(DATA / name, tmp_path / name)
    shutil.copy(DATA / "uk.xml", tmp_path / "UK-Sanctions-List.xml")
    monkeypatch.chdir(tmp_path)
    script = "\n".join(re.findall(r"^```bash\n(.*?)^```", page, re.DOTALL | re.MULTILINE)).replace("\\\n", " ")
    ran = [shlex.split(line.replace("officer.yaml", str(bureau.config)))[1:] for line in script.splitlines() if line]
    for command in ran:
        result = invoke(*command)
        assert result.exit_code == 0, f"{command}: {result.stderr}"
    assert len(ran) == 7 and bureau.sanctions.functions.isSanctioned(FIRST).call()


def test_page__its_mapping_desk_and_register__are_such() -> None:
    page = (ROOT / "docs/compliance-desk.md").read_text(encoding="utf-8")
    text, *desks = re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert mapping.parse(text, "the page").list_id == "au-dfat"
    register, ipfs, wrapping = (DeskFiles(**yaml.safe_load(desk)["desk"]) for desk in desks)
    assert register.people == Path("people.jsonl")
    assert ipfs.ipfs is not None and wrapping.wrapping is not None and wrapping.wrapping.kms is not None
    (people,) = re.findall(r"^```json\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert [one.person for one in read_people(people.splitlines(), "the page")] == ["P-17"]
