"""`quantera compliance file`: forms, messages, reports and the linter."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from keepers.compliance.filings.mifir import columns
from tests.fixtures.desk import quantera
from tests.fixtures.filings import (
    JANE,
    carf_message,
    crs_message,
    fatca_message,
    stand_in_schema,
    status_message,
    swapped,
)
from tests.unit.keepers.cli.test_cli import line_of
from tests.unit.keepers.cli.test_tax import Papers
from tests.unit.keepers.compliance.filings.test_mifir import report

RECIPIENTS = {
    "agent": {"ein": "12-3456789", "name": "Issuer LLC"},
    "recipients": {
        "P-1": {"name": "Jan Zbigniew", "country": "DE", "address": "Street 1", "city": "Berlin"},
        "P-2": {"name": "Wei Zbigniew", "country": "SG", "address": "Road 2", "city": "Singapore"},
    },
}


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return Papers(tmp_path)


def file(*arguments: object) -> Result:
    return quantera("compliance", "file", *(str(one) for one in arguments))


def written(papers: Papers, name: str, data: Any) -> Path:
    return papers.write(name, yaml.safe_dump(json.loads(json.dumps(data))))


def carf(papers: Papers) -> Path:
    return written(papers, "carf.yaml", carf_message().model_dump(mode="json", exclude_none=True))


def test_form8949__a_ledger__is_csv_with_totals(papers: Papers) -> None:
    output = papers.folder / "8949.csv"
    given = (papers.ledger, "--assets", papers.assets, "--year", 2025)
    told = json.loads(file("form8949", *given, "--output", output, "--json").stdout)
    assert (told["rows"], told["totals"]) == (
        1, {"L": {"d": "1000.00", "e": "507.52", "g": "0.00", "h": "492.48"}},
    )  # fmt: skip
    assert output.read_text().splitlines() == [
        "box,a,b,c,d,e,f,g,h",
        "L,50.25 Issuer note,01/10/2024,06/01/2025,1000.00,507.52,,,492.48",
    ]
    assert file("form8949", *given).stdout == output.read_text()


def test_form1099b__a_ledger__has_the_account_and_no_wallet(papers: Papers) -> None:
    text = file("form1099b", papers.ledger, "--assets", papers.assets, "--year", 2025).stdout
    assert text.splitlines()[1] == "A-1,,D,50.25 Issuer note,01/10/2024,06/01/2025,1000.00,507.52,,,long-term,,,net,X"
    assert "cold" not in text


def test_form1042s__distributions__are_a_form_per_recipient(papers: Papers) -> None:
    recipients = written(papers, "recipients.yaml", RECIPIENTS)
    given = (papers.payments, "--recipients", recipients, "--year", 2026)
    rows = file("form1042s", *given, "--first", 7).stdout.splitlines()
    assert rows[1].startswith("0000000007,06,1000,3,00,15.00,15,00.00,150,150,12-3456789,Issuer LLC,Jan Zbigniew,DE,")
    assert rows[2].startswith("0000000008,01,500,3,00,30.00,15,00.00,150,150,")
    assert "was paid in another year" in line_of(file("form1042s", *given[:-1], 2025), 1)


def test_form1042s__recipients_that_everybody_can_read__are_refused(papers: Papers) -> None:
    recipients = written(papers, "recipients.yaml", RECIPIENTS)
    recipients.chmod(0o644)
    said = line_of(file("form1042s", papers.payments, "--recipients", recipients, "--year", 2026), 1)
    assert said == "quantera: recipients.yaml: can be read by everybody on this machine; chmod 600 it"


def test_form1042s__recipients_that_do_not_fit__are_refused_without_a_name(papers: Papers) -> None:
    recipients = written(papers, "recipients.yaml", {**RECIPIENTS, "agent": {"ein": 1, "name": "Zbigniew"}})
    said = line_of(file("form1042s", papers.payments, "--recipients", recipients, "--year", 2026), 1)
    assert "has a value that is no text" in said and "Zbigniew" not in said


@pytest.mark.parametrize("kind", ["carf", "crs"])
def test_message__that_was_made__has_no_fault_and_the_same_bytes(papers: Papers, kind: str) -> None:
    made = {"carf": carf_message, "crs": crs_message}[kind]()
    message = written(papers, f"{kind}.yaml", made.model_dump(mode="json", exclude_none=True))
    first, second = papers.folder / "a.xml", papers.folder / "b.xml"
    for output in (first, second):
        assert json.loads(file(kind, message, "--output", output, "--json").stdout)["records"] == len(
            made.users if kind == "carf" else made.accounts
        )
    assert first.read_bytes() == second.read_bytes()
    assert file("lint", first, second).stdout == "a.xml: 0 findings\nb.xml: 0 findings\n"


def test_carf__message_that_does_not_fit__is_one_line_and_no_file(papers: Papers) -> None:
    data = carf_message().model_dump(mode="json", exclude_none=True)
    data["users"][0]["individual"]["residence"] = ["Zbigniew"]
    output = papers.folder / "carf.xml"
    said = line_of(file("carf", written(papers, "carf.yaml", data), "--output", output), 1)
    assert "carf.yaml: users.0.individual.residence.0" in said and "Zbigniew" not in said
    assert not output.exists()


def test_carf__user_who_lives_elsewhere__is_refused_by_the_rule(papers: Papers) -> None:
    data = carf_message().model_dump(mode="json", exclude_none=True)
    data["header"]["receiving"] = "ES"
    said = line_of(file("carf", written(papers, "carf.yaml", data)), 1)
    assert "CARF_OECD/CARFBody/CryptoUsers[1], rule CARF-18" in said and "Jeanne" not in said


def test_carf__dry_run__writes_nothing(papers: Papers) -> None:
    output = papers.folder / "carf.xml"
    assert file("carf", carf(papers), "--output", output, "--dry-run").stdout.endswith("not written\n")
    assert not output.exists()


def test_lint__file_with_a_fault__names_the_rule_and_exits_with_1(papers: Papers) -> None:
    output = papers.folder / "carf.xml"
    file("carf", carf(papers), "--output", output)
    output.write_bytes(swapped(output.read_bytes(), "CARF901", "CARF999"))
    result = file("lint", output)
    assert result.exit_code == 1
    assert "CARF_OECD/CARFBody/RCASP/Nexus: cvc-enumeration-valid: the value is one of the list" in result.stdout
    (finding,) = json.loads(file("lint", output, "--json").stdout)["files"][str(output)]
    assert finding["rule"] == "cvc-enumeration-valid"


def fatca(papers: Papers, **changes: Any) -> Path:
    return written(papers, "fatca.yaml", fatca_message(**changes).model_dump(mode="json", exclude_none=True))


def test_fatca__without_a_word_about_the_schema__says_in_one_line_where_the_irs_publishes_it(papers: Papers) -> None:
    said = line_of(file("fatca", fatca(papers)), 1)
    assert said.startswith("quantera: schema of FATCA: is not part of this program and not given; unpack the archive")
    assert "https://www.irs.gov/businesses/corporations/fatca-xml-schemas-and-business-rules-for-form-8966" in said


def test_fatca__with_the_schema__has_no_fault_and_the_same_bytes(papers: Papers) -> None:
    folder, first, second = stand_in_schema(papers.folder), papers.folder / "a.xml", papers.folder / "b.xml"
    for output in (first, second):
        told = json.loads(file("fatca", fatca(papers), "--schema", folder, "--output", output, "--json").stdout)
        assert told["records"] == 4 and len(told["schema"]) == 64
    assert first.read_bytes() == second.read_bytes()
    assert file("lint", first, second, "--schema", folder).stdout == "a.xml: 0 findings\nb.xml: 0 findings\n"


def test_fatca__without_the_schema__is_told(papers: Papers) -> None:
    output = papers.folder / "fatca.xml"
    made = file("fatca", fatca(papers), "--no-schema", "--output", output, "--json")
    assert json.loads(made.stdout)["schema"] is None and "not held against the IRS's schema" in made.stderr
    result = file("lint", output, "--no-schema")
    assert (result.exit_code, result.stdout) == (0, "fatca.xml: 0 findings; not held against the IRS's schema\n")
    assert json.loads(file("lint", output, "--no-schema", "--json").stdout)["without_schema"] == [str(output)]
    assert "FATCA-35: the report was held against the IRS's own schema" in file("lint", output).stdout


def test_fatca__report_that_the_schema_refuses__is_one_line_and_no_file(papers: Papers) -> None:
    folder = stand_in_schema(papers.folder, contact=False)
    output = papers.folder / "fatca.xml"
    said = line_of(file("fatca", fatca(papers), "--schema", folder, "--output", output), 1)
    assert "MessageSpec" in said and "FatcaXML_v2.0.xsd" in said and not output.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "has no FatcaXML_v2.0.xsd"),
        ("<a/>", "is no schema of urn:oecd:ties:fatca:v2"),
        ("<a", "is no XML schema"),
        ('<a targetNamespace="urn:oecd:ties:fatca:v2"/>', "is no XML schema"),
    ],
)
def test_fatca__folder_without_the_schema__is_one_line(papers: Papers, content: str | None, said: str) -> None:
    folder = papers.folder / "xsd"
    folder.mkdir()
    if content is not None:
        (folder / "FatcaXML_v2.0.xsd").write_text(content)
    assert said in line_of(file("fatca", fatca(papers), "--schema", folder), 1)


def test_fatca__both_words_about_the_schema__are_refused(papers: Papers) -> None:
    result = file("fatca", fatca(papers), "--schema", papers.folder, "--no-schema")
    assert result.exit_code == 2 and "exclude each other" in result.stderr


def test_fatca__holder_without_a_number__is_refused_by_the_rule_and_no_name(papers: Papers) -> None:
    data = fatca_message().model_dump(mode="json", exclude_none=True)
    data["accounts"][0]["individual"]["tins"] = []
    said = line_of(file("fatca", written(papers, "fatca.yaml", data), "--no-schema"), 1)
    assert "rule FATCA-20" in said and str(JANE["last_name"]) not in said


def test_lint__without_lxml__says_what_to_install(papers: Papers, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "keepers.compliance.filings.lint":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    assert line_of(file("lint", papers.assets), 1) == "quantera: lxml: is not installed; install quantera[filings]"


def test_status__record_in_error__is_named_by_its_place_and_exits_with_1(papers: Papers) -> None:
    output, status = papers.folder / "carf.xml", papers.folder / "status.xml"
    file("carf", carf(papers), "--output", output)
    text = output.read_text()
    original, record = (text.split(f"{name}>")[1].split("<")[0] for name in ("MessageRefId", "stf:DocRefId"))
    status.write_bytes(status_message("CARF", original, (record,)))
    result = file("status", status, "--message", output)
    assert result.exit_code == 1 and f"CARF {original}: accepted, 1 errors" in result.stdout
    assert "record error 80000: a DocRefId stands once (OECD, Common" in result.stdout
    assert "CARF_OECD/CARFBody/RCASP" in result.stdout and "Jeanne" not in result.stdout
    (error,) = json.loads(file("status", status, "--json").stdout)["errors"]
    assert (error["records"], error["places"]) == ([record], [])


def test_status__accepted_message__exits_with_0(papers: Papers) -> None:
    status = papers.folder / "status.xml"
    status.write_bytes(status_message("CRS", "DE2026FR-1"))
    result = file("status", status)
    assert (result.exit_code, result.stdout) == (0, "CRS DE2026FR-1: accepted, 0 errors\n")


def test_status__file_that_is_none__is_one_line(papers: Papers) -> None:
    assert "is none of urn:oecd:ties:csm:v2" in line_of(file("status", papers.write("a.xml", "<a/>")), 1)


def test_mifir__reports__are_rows_of_65_fields(papers: Papers) -> None:
    fields = report()
    lines = ",".join(map(str, fields)) + "\n" + ",".join(fields.values()) + "\n"
    reports = papers.write("trades.csv", lines)
    assert file("mifir", reports).stdout.splitlines()[0] == ",".join(columns())
    (row,) = json.loads(file("mifir", reports, "--as", "json").stdout)
    assert len(row) == 65 and row["36 Venue"] == "XOFF"
    papers.write("trades.csv", lines.replace("JEANNE,", "jeanne,"))
    said = line_of(file("mifir", reports), 1)
    assert "report 1, field 9: is not NAME" in said and "jeanne" not in said


@pytest.mark.parametrize("form", ["json", "csv", "pdf"])
def test_thresholds__holdings__are_the_same_report_in_every_form(papers: Papers, form: str) -> None:
    holdings = papers.write("holdings.csv", "holder,before,after\nP-1,40,60.5\nP-2,100,100\n")
    supply = ("--supply-before", "1000", "--supply-after", "1000", "--jurisdiction", "EU")
    first, second = (papers.folder / f"{name}.{form}" for name in "ab")
    for output in (first, second):
        assert (
            json.loads(file("thresholds", holdings, *supply, "--as", form, "--output", output, "--json").stdout)["rows"]
            == 1
        )
    assert first.read_bytes() == second.read_bytes()
    if form == "csv":
        assert first.read_text().splitlines()[1] == "P-1,5,up,40,60.5,6.0500"
    if form == "json":
        assert json.loads(first.read_text())["source"] == "Directive 2004/109/EC, Article 9(1)"


def test_thresholds__holder_twice__is_refused(papers: Papers) -> None:
    holdings = papers.write("holdings.csv", "holder,before,after\nP-1,40,60\nP-1,1,1\n")
    supply = ("--supply-before", "1000", "--supply-after", "1000", "--jurisdiction", "EU")
    assert "names a holder twice" in line_of(file("thresholds", holdings, *supply), 1)
