"""`quantera compliance tax`: gains, lots, a ledger from the chain, and withholding."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from eth_utils import to_checksum_address
from web3.contract import Contract

from scripts._lib.transactions import send
from tests.fixtures.desk import quantera
from tests.fixtures.officers import UNIT, Bureau
from tests.unit.keepers.cli.test_cli import line_of

ASSETS = {"currency": "USD", "assets": {"NOTE": {"name": "Issuer note"}}, "accounts": {"cold": "A-1"}}
LEDGER = """time,kind,asset,wallet,quantity,amount,fee
2024-01-10,buy,NOTE,cold,100.5,1005.00,10.05
2025-06-01,sell,NOTE,cold,50.25,1005.00,5.00
2025-06-10,buy,NOTE,cold,1,30.00,
"""
PAYMENTS = """paid,payee,income,amount,country,certificate,signed,has_tin,claims_treaty
2026-06-01,P-1,dividends,1000.00,DE,w-8ben,2024-03-01,yes,yes
2026-06-01,P-2,interest,500.00,SG,w-8ben,2024-03-01,yes,no
"""


class Papers:
    """A ledger, its assets and distributions in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = self.write("ledger.csv", LEDGER)
        self.assets = self.write("assets.yaml", yaml.safe_dump(ASSETS))
        self.payments = self.write("payments.csv", PAYMENTS)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def run(self, command: str, *more: str, jurisdiction: str = "US") -> Result:
        given = (str(self.ledger), "--assets", str(self.assets), "--jurisdiction", jurisdiction)
        return quantera("compliance", "tax", command, *given, *more)


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return Papers(tmp_path)


def test_gains__a_year__are_by_asset_and_term(papers: Papers) -> None:
    prices = papers.write("prices.csv", "asset,day,price\nNOTE,2025-12-30,25.00\n")
    told = json.loads(papers.run("gains", "--year", "2025", "--prices", str(prices), "--json").stdout)
    (one,) = told["assets"]
    assert (told["first"], told["last"], told["method"], told["disposals"]) == ("2025-01-01", "2025-12-31", "fifo", 1)
    # Half of the lot: cost $507.53 (half of $1,015.05, to even), proceeds $1,000.00; held 51.25 at $25.00.
    assert (one["proceeds"], one["cost"], one["long"], one["short"]) == ("1000.00", "507.52", "492.48", "0.00")
    assert (one["held"], one["unrealised"]) == ("51.25", f"{51.25 * 25 - 507.53 - 30:.2f}")


def test_gains__for_people__are_lines(papers: Papers) -> None:
    lines = papers.run("gains", "--year", "2025").stdout.splitlines()
    assert lines[0] == "United States, 2025-01-01 to 2025-12-31, fifo, in USD"
    assert lines[2] == "  held 51.25, unrealised without a price"


def test_gains__dry_run__shows_counts_alone(papers: Papers) -> None:
    told = json.loads(papers.run("gains", "--year", "2025", "--dry-run", "--json").stdout)
    assert told == {"entries": 3, "disposals": 1, "dry_run": True}


def test_gains__json_lines__are_the_same_as_csv(papers: Papers) -> None:
    expected = papers.run("gains", "--year", "2025", "--json").stdout
    heading, *rows = (line.split(",") for line in LEDGER.splitlines())
    papers.ledger.write_text("".join(json.dumps(dict(zip(heading, row, strict=True))) + "\n" for row in rows))
    assert papers.run("gains", "--year", "2025", "--json").stdout == expected


def test_gains__time_zone__decides_the_year(papers: Papers) -> None:
    papers.ledger.write_text(
        "time,kind,asset,wallet,quantity,amount\n"
        "2024-01-10,buy,NOTE,cold,1,10.00\n2026-01-01T02:00:00Z,sell,NOTE,cold,1,20.00\n"
    )
    found = [
        json.loads(papers.run("gains", "--year", "2025", "--timezone", zone, "--json").stdout)["disposals"]
        for zone in ("UTC", "America/New_York")
    ]
    assert found == [0, 1]


def test_lots__on_a_day__are_named_by_their_line(papers: Papers) -> None:
    told = json.loads(papers.run("lots", "--on", "2025-06-01", "--json").stdout)
    (lot,) = told["lots"]
    assert (lot["lot"], lot["quantity"], lot["cost"], lot["bought"]) == (2, "50.25", "507.53", "2024-01-10")
    assert papers.run("lots").stdout.startswith("lot 2: 50.25 NOTE in cold, cost 507.53 USD")
    assert papers.run("lots", "--dry-run").stdout == "3 entries, 2 lots; nothing shown\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "ledger.csv: has no lines"),
        ("time,kind\n2024-01-10,buy\n", "ledger.csv, line 2, asset: is empty"),
        ("time,kind,asset,wallet,quantity,colour\na,buy,NOTE,Zbigniew,1,red\n", "ledger.csv, line 2: has a column"),
        ("time,kind,asset,wallet,quantity\nZbigniew,buy,NOTE,cold,1\n", "ledger.csv, line 2, time: is no time"),
        ("time,kind,asset,wallet,quantity\n2024-01-10T01:00:00,buy,NOTE,cold,1\n", "line 2, time: has no time zone"),
        ("time,kind,asset,wallet,quantity\n2024-01-10,stole,NOTE,Zbigniew,1\n", "line 2, kind: is not known"),
        ("time,kind,asset,wallet,quantity\n2024-01-10,buy,Zbigniew,cold,1\n", "line 2, asset: is not in the file"),
        ("time,kind,asset,wallet,quantity\n2024-01-10,buy,NOTE,cold,1e3\n", "line 2, quantity: is not a quantity"),
        ("time,kind,asset,wallet,quantity\n2024-01-10,sell,NOTE,Zbigniew,1\n", "ledger line 2: takes more units"),
        ('{"time": 1, "kind": ["Zbigniew"]}\n', "ledger.csv, line 1: is no object of texts"),
        ("{Zbigniew\n", "ledger.csv, line 1: is no JSON"),
        ("time,kind,asset,wallet,quantity,amount\n2024-01-10,buy,NOTE,cold,1,1.005\n", "amount: has more than 2"),
    ],
)
def test_gains__ledger_that_does_not_fit__is_one_line_without_a_value(papers: Papers, text: str, line: str) -> None:
    papers.ledger.write_text(text)
    said = line_of(papers.run("gains", "--year", "2024"), 1)
    assert line in said and "Zbigniew" not in said


def test_gains__method_or_currency_of_another_jurisdiction__is_refused(papers: Papers) -> None:
    assert "method average: is not accepted" in line_of(papers.run("gains", "--year", "2025", "--method", "average"), 1)
    assert "is in USD, and returns of Germany are in EUR" in line_of(papers.run("lots", jurisdiction="DE"), 1)


def test_withhold__distributions__are_rows_with_the_rule_behind_each(papers: Papers, tmp_path: Path) -> None:
    output = tmp_path / "withheld.csv"
    result = quantera("compliance", "tax", "withhold", str(papers.payments), "--output", str(output), "--json")
    assert json.loads(result.stdout)["rows"] == 2
    lines = output.read_text().splitlines()
    assert lines[1].startswith("2,P-1,dividends,1000.00,150.00,850.00,15.00,3,00,")
    assert lines[2].startswith("3,P-2,interest,500.00,150.00,350.00,30.00,3,00,statutory rate: no treaty claimed")
    assert oct(output.stat().st_mode)[-3:] == "600"


def test_withhold__output_that_is_there__is_not_written_over(papers: Papers, tmp_path: Path) -> None:
    output = tmp_path / "withheld.csv"
    output.write_text("mine")
    result = quantera("compliance", "tax", "withhold", str(papers.payments), "--output", str(output))
    assert line_of(result, 1) == "quantera: output: File exists; choose another file"
    assert output.read_text() == "mine" and not list(tmp_path.glob(".*"))


def test_withhold__dry_run__writes_nothing(papers: Papers, tmp_path: Path) -> None:
    output = tmp_path / "withheld.csv"
    result = quantera("compliance", "tax", "withhold", str(papers.payments), "--output", str(output), "--dry-run")
    assert result.stdout.endswith("not written\n") and not output.exists()


def test_rates__of_a_country__name_article_source_and_day() -> None:
    assert quantera("compliance", "tax", "rates", "de").stdout.startswith("DE Germany: dividends 15.00%, article 10(2)")
    assert "has no treaty in the table" in line_of(quantera("compliance", "tax", "rates", "SG"), 1)


def transferred(bureau: Bureau, token: Contract, sender: str, receiver: str, units: int) -> None:
    """Moves tokens of an account that has no key."""
    request: Any = bureau.world.w3.provider.make_request
    request("anvil_setBalance", [sender, hex(10**18)])
    request("anvil_impersonateAccount", [sender])
    send(bureau.world.w3, sender, token.functions.transfer(receiver, units))


def test_ledger__transfers_of_own_wallets__are_purchases_sales_and_moves(bureau: Bureau, tmp_path: Path) -> None:
    token = bureau.token()
    mine, second, other = bureau.holder(token), bureau.holder(token), bureau.holder(token, amount=5)
    transferred(bureau, token, mine, second, 40 * UNIT)
    transferred(bureau, token, second, other, 10 * UNIT)
    papers = Papers(tmp_path)
    day = datetime.fromtimestamp(bureau.world.w3.eth.get_block("latest")["timestamp"], UTC).date().isoformat()
    prices = papers.write("prices.csv", f"asset,day,price\nNOTE,{day},10.00\n")
    papers.ledger.unlink()
    given = ("--wallet", f"{mine}=cold", "--wallet", f"{second}=hot", "--prices", str(prices), "--config")
    written = ("--output", str(papers.ledger))
    result = quantera("compliance", "tax", "ledger", token.address, *given, str(bureau.config), *written)
    assert result.exit_code == 0, result.stderr
    rows = [line.split(",")[1:6] for line in papers.ledger.read_text().splitlines()[1:]]
    assert rows == [
        ["buy", "NOTE", "cold", "100", "1000.00"],
        ["buy", "NOTE", "hot", "100", "1000.00"],
        ["move", "NOTE", "cold", "40", ""],
        ["sell", "NOTE", "hot", "10", "100.00"],
    ]
    told = json.loads(papers.run("lots", "--json").stdout)
    assert sum(float(lot["quantity"]) for lot in told["lots"]) == 190
    assert to_checksum_address(mine) not in papers.ledger.read_text()
