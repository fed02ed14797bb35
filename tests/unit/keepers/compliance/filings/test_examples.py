"""The examples of the pages are files that the commands take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from keepers.compliance.filings.carf import CarfMessage, write_carf
from keepers.compliance.filings.fatca import FatcaMessage, write_fatca
from keepers.compliance.filings.form1042s import Agent, Recipient
from keepers.compliance.filings.lint import lint
from keepers.compliance.filings.parties import parsed
from keepers.compliance.tax.sources import read_assets

DOCS = Path(__file__).resolve().parents[5] / "docs"


def examples(page: str) -> list[dict[str, Any]]:
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)]


def test_tax_page__file_of_assets__is_read() -> None:
    (assets,) = examples("tax.md")
    assert read_assets(assets, "tax.md").securities == ["NOTE"]


def test_filings_page__recipients_and_messages__are_read_and_without_a_fault() -> None:
    recipients, message, report = examples("filings.md")
    assert Agent(**recipients["agent"]) and Recipient(**recipients["recipients"]["P-17"]).foreign_tin
    assert lint(write_carf(parsed(CarfMessage, message, "filings.md"))) == []
    assert lint(write_fatca(parsed(FatcaMessage, report, "filings.md")), without_schema=True) == []
