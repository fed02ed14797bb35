"""T-REX's own cases end here as tests/trex says of each, and docs/compliance.md counts them."""

import pytest
from click.testing import CliRunner

from tests.fixtures.deployment import compiled_by_ape
from tests.trex import __main__ as tables
from tests.trex.cases import CASES, Case, Difference, failures
from tests.trex.suite import Suite

ACCOUNTS = {
    "officer": "compliance_officer",
    "issuer": "issuer",
    "agent": "router",
    "alice": "investor",
    "bob": "counterparty",
    "charlie": "trader",
    "david": "maker",
    "another": "thief",
}


@pytest.fixture
def suite(chain, actors, deployment):
    """The contracts of T-REX's fixture, on the deployment of all tests."""
    accounts = {name: str(actors[actor].address) for name, actor in ACCOUNTS.items()}
    return Suite(chain.provider.web3, accounts, deployment.contracts, compiled_by_ape("SettlementToken"))


@pytest.mark.parametrize("file", tables.files())
def test_cases__of_one_file__end_as_they_say(suite, file):
    cases = [case for case in CASES if case.file == file]
    assert cases
    assert list(failures(suite, cases)) == []


def test_failures__case_that_ends_otherwise__is_named(suite):
    """A run that could not fail would count for nothing."""

    def run(suite):
        suite.refused(suite.call("token", "transfer", "bob", 1), suite["alice"], "ComplianceAwareToken__Paused")

    (line,) = failures(suite, [Case("file", "name", run)])
    assert line == "file: name: transfer passes, and ComplianceAwareToken__Paused was expected"


def test_failures__other_error__is_named(suite):
    def run(suite):
        suite.refused(suite.call("token", "pause"), suite["alice"], "ComplianceAwareToken__Paused")

    (line,) = failures(suite, [Case("file", "name", run)])
    assert "refused with ComplianceAwareToken__Unauthorized" in line


def test_cases__names_and_differences__each_once():
    names = [(case.file, case.name) for case in CASES]
    assert len(set(names)) == len(names)
    assert {case.difference for case in CASES} == {None, *Difference}


def test_page__of_the_repository__counts_the_cases():
    text = tables.PAGE.read_text(encoding="utf-8")
    assert tables.page(text) == text, "python -m tests.trex --write"


def test_page__without_its_marks__refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "PAGE", tmp_path / "compliance.md")
    tables.PAGE.write_text("no marks\n", encoding="utf-8")
    result = CliRunner().invoke(tables.main, ["--write"])
    assert result.exit_code == 1
    assert "docs/compliance.md lacks <!-- trex:begin -->" in result.output
    assert tables.PAGE.read_text(encoding="utf-8") == "no marks\n"
