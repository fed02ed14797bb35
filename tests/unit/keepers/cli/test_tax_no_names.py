"""No value of a person is on standard error or in a finding, whichever field of a message or table is wrong."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fixtures.desk import quantera
from tests.fixtures.filings import carf_message, crs_message, fatca_message
from tests.unit.keepers.cli.test_tax import LEDGER, PAYMENTS, Papers

SEED = "Zbigniew Qwertyński"
NAMES = (
    "Zbigniew",
    "Qwerty",
    "Jeanne",
    "Exemple",
    "0123456789012",
    "732829320",
    "1970",
    "Jane",
    "Beispiel",
    "078051120",
)


def spoilt(data: Any, place: str) -> Iterator[tuple[str, Any]]:
    """The same data with one leaf replaced by a name, for every leaf."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        if isinstance(value, dict | list):
            for name, other in spoilt(value, f"{place}.{key}"):
                copied = copy.copy(data)
                copied[key] = other
                yield name, copied
        else:
            copied = copy.copy(data)
            copied[key] = SEED
            yield f"{place}.{key}", copied


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return Papers(tmp_path)


@pytest.mark.parametrize("kind", ["carf", "crs", "fatca"])
def test_message__name_in_any_field__is_in_no_error(papers: Papers, kind: str) -> None:
    messages = {"carf": carf_message, "crs": crs_message, "fatca": fatca_message}
    made = messages[kind]().model_dump(mode="json", exclude_none=True)
    more = ("--no-schema",) if kind == "fatca" else ()
    refused = 0
    for place, data in spoilt(made, kind):
        path = papers.write("message.yaml", yaml.safe_dump(data, allow_unicode=True))
        result = quantera("compliance", "file", kind, str(path), "--dry-run", *more)
        assert result.exit_code in (0, 1), place
        assert not [name for name in NAMES if name in result.stderr + result.stdout], place
        refused += result.exit_code
    assert refused > 20


@pytest.mark.parametrize(
    ("command", "text"), [("gains", LEDGER), ("withhold", PAYMENTS)], ids=["ledger", "distributions"]
)
def test_table__name_in_any_cell__is_in_no_error(papers: Papers, command: str, text: str) -> None:
    heading, *rows = text.splitlines()
    for number in range(heading.count(",") + 1):
        cells = rows[0].split(",")
        cells[number] = SEED
        spoiled = "\n".join([heading, ",".join(cells), *rows[1:]]) + "\n"
        if command == "gains":
            papers.ledger.write_text(spoiled)
            result = papers.run("gains", "--year", "2025", "--dry-run")
        else:
            papers.payments.write_text(spoiled)
            result = quantera("compliance", "tax", "withhold", str(papers.payments), "--dry-run")
        assert result.exit_code in (0, 1)
        assert not [name for name in NAMES if name in result.stderr + result.stdout], heading.split(",")[number]


def test_heading__name_as_a_column__is_in_no_error(papers: Papers) -> None:
    papers.ledger.write_text(f"{SEED},{LEDGER}")
    result = papers.run("gains", "--year", "2025")
    assert result.exit_code == 1 and "Zbigniew" not in result.stderr
