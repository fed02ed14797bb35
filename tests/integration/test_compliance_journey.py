"""docs/compliance-desk.md, "A journey": its commands as they stand there, and what happens between them."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from web3.exceptions import ContractLogicError

from keepers.cli import main
from scripts._lib.artifacts import ROOT
from tests.fixtures.filings import HEADER, JEANNE, PROVIDER, traded
from tests.fixtures.kyc_office import KycOffice, kyc_office
from tests.fixtures.node import World, protocol
from tests.fixtures.officers import UNIT, Bureau

PAGE = ROOT / "docs/compliance-desk.md"
PERSON = {"person": "P-17", "name": "Jeanne Exemple", "kind": "person", "birth_date": "1970-05-01"}
DAY = 86_400
LOOKS = 3
"""Looks of the bot from the provider's approval to the claims: it takes one step of a verification with each."""


def steps() -> list[tuple[list[str], str]]:
    """Commands of the page, and the comment behind them, in order; the last commands have none."""
    (block,) = re.findall(r"## A journey.*?```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    found: list[tuple[list[str], str]] = [([], "")]
    for line in block.splitlines():
        if line.startswith("# "):
            found[-1] = (found[-1][0], line)
            found.append(([], ""))
        else:
            found[-1][0].append(line)
    return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Seconds by which the machine's clock is ahead."""
    ahead, real = [0.0], time.time
    monkeypatch.setattr("time.time", lambda: real() + ahead[0])
    yield ahead


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KycOffice]:
    monkeypatch.chdir(tmp_path)
    with protocol(tmp_path) as world, kyc_office(world) as made:
        yield made


def follow(commands: list[str]) -> None:
    """Runs commands of the page; each ends well."""
    for command in commands:
        name, *arguments = shlex.split(command)
        assert name == "quantera"
        result = CliRunner(mix_stderr=False).invoke(main, arguments)
        assert result.exit_code == 0, f"{command}\n{result.output}{result.stderr}{result.exception}"


def prepare(office: KycOffice, wallet: str) -> None:
    """Files of the page: the desk's config, a list with its mapping, and the year's message."""
    sanctions = {"sanctions": {"enabled": True}}
    office.config(more=sanctions).rename(office.folder / "desk.yaml")
    mapping = "list: own\nformat: csv\nfields: {uid: id, names: [name], kind: {from: kind, person: [P]}, "
    (office.folder / "own.yaml").write_text(mapping + "birth_dates: [born], remarks: [remarks]}\n")
    row = f"1,{PERSON['name']},P,{PERSON['birth_date']},Digital Currency Address - ETH {wallet}"
    (office.folder / "own.csv").write_text(f"id,name,kind,born,remarks\n{row}\n")
    organisation = {"organisation": PROVIDER, "nexus": "CARF901"}
    bought = {"individual": JEANNE, "transactions": [traded("fiat-in")]}
    message = office.folder / "message.yaml"
    message.write_text(yaml.safe_dump({"header": HEADER, "provider": organisation, "users": [bought]}))
    message.chmod(0o600)


def blocks_pass(world: World, blocks: int = 6) -> None:
    """A block is looked at once it has another one on top."""
    for _ in range(blocks):
        world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]


def told(*arguments: str) -> Any:
    """Runs a command of the desk; returns what it prints as JSON."""
    command = ["compliance", *arguments, "--json", "--config", "desk.yaml"]
    result = CliRunner(mix_stderr=False).invoke(main, command)
    assert result.exit_code == 0, result.output + result.stderr
    return json.loads(result.stdout)


def test_journey__verified_then_listed__is_refused_in_the_block_of_the_delta(
    office: KycOffice, clock: list[float]
) -> None:
    asked, approved, listed, (last, _) = steps()
    world = office.world
    bureau = Bureau(world)
    token = bureau.token()
    (identity,) = office.enrol(PERSON)
    wallet, friend = office.issuer.register(identity), office.issuer.admit()[1]
    prepare(office, wallet)

    follow(asked[0])
    assert not office.issuer.verified(wallet)
    with pytest.raises(ContractLogicError):
        bureau.give(wallet, token)
    (run,) = office.onfido.runs
    office.onfido.finish(run, "approved")
    for _ in range(LOOKS):
        clock[0] += 60
        office.synchronise()
        blocks_pass(world)
        follow(approved[0])
    assert office.issuer.verified(wallet)
    bureau.give(wallet, token, amount=5)
    clock[0] += DAY

    follow(listed[0])
    (event,) = world.contract("SanctionsList").events.SanctionsChanged.get_logs(from_block=0)
    assert event["args"]["added"] == [wallet]
    moving = token.functions.transfer(friend, UNIT)
    assert moving.call({"from": wallet}, block_identifier=event["blockNumber"] - 1)
    with pytest.raises(ContractLogicError):
        moving.call({"from": wallet}, block_identifier=event["blockNumber"])

    follow(last)
    (case,) = told("cases", "list", "--all")
    assert (case["person"], case["state"]) == ("P-17", "closed")
    kinds = {document["kind"] for document in told("evidence", "get", "P-17")}
    assert kinds == {"kyc-result", "filing"}
    assert "CARFBody" in (office.folder / "carf.xml").read_text()
