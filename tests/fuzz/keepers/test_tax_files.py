"""Files of any content: a refusal in one line or a result, and never anything else."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from keepers.compliance.filings import mifir
from keepers.compliance.filings.carf import CarfMessage, write_carf
from keepers.compliance.filings.errors import FilingError
from keepers.compliance.filings.lint import lint
from keepers.compliance.filings.parties import parsed
from keepers.compliance.tax.engine import Scope, account
from keepers.compliance.tax.errors import TaxError
from keepers.compliance.tax.lots import Method
from keepers.compliance.tax.sources import LEDGER, AssetsFile, read_ledger, read_payments, read_prices
from tests.fixtures.filings import carf_message, corpus

ASSETS = AssetsFile.model_validate({"currency": "USD", "assets": {"NOTE": {"name": "Note"}}})
MESSAGE = write_carf(carf_message())
VALUES = {
    "time": ["2024-01-10", "1704067200", "2024-01-10T09:00:00Z", "9999-12-31", "0001-01-01", "²", ""],
    "kind": ["buy", "sell", "move", "income", "x"],
    "asset": ["NOTE", "OTHER"],
    "wallet": ["cold", "hot", "", "=1"],
    "quantity": ["1", "0", "-1", "1e9", "0.000000000000000001", "9" * 40, "٣"],
    "amount": ["1.00", "", "-1", "0.001"],
    "fee": ["", "1", "9999"],
    "to_wallet": ["", "hot"],
    "fee_quantity": ["", "1", "2"],
    "lots": ["", "2:1", "²:1", "9" * 5_000 + ":1", ":", "2"],
}
LINES = st.lists(st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()}), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.dates() | st.decimals(allow_nan=True),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)
CORPUS = [content for _, content in corpus()][::17]


@given(rows=LINES)
def test_read_ledger__any_lines__are_an_outcome_or_a_refusal(rows: list[dict[str, str]]) -> None:
    text = "\n".join([",".join(LEDGER), *(",".join(row[name] for name in LEDGER) for row in rows)])
    with suppress(TaxError):
        account(read_ledger(text, "ledger.csv", ASSETS, UTC), Method.SPECIFIC, Scope.WALLET, securities=["NOTE"])


@given(text=st.text(max_size=300) | st.text(alphabet='time,kind\n"{}:1', max_size=300))
def test_read__any_text__is_lines_or_a_refusal(text: str) -> None:
    for read in (
        lambda: read_ledger(text, "a", ASSETS, UTC),
        lambda: read_payments(text, "a"),
        lambda: read_prices(text, "a"),
    ):
        with suppress(TaxError):
            read()


@given(content=st.binary(max_size=300))
def test_lint__any_bytes__are_findings(content: bytes) -> None:
    assert lint(content)


@given(
    base=st.sampled_from([MESSAGE, *CORPUS]),
    at=st.floats(0, 1),
    length=st.integers(0, 40),
    put=st.binary(max_size=20)
    | st.sampled_from([b"<", b"/>", b'"', b"&#0;", b"<?a b?>", b"<!-- -->", b"<![CDATA[x]]>"]),
)
def test_lint__message_with_a_piece_replaced__is_read_to_its_end(
    base: bytes, at: float, length: int, put: bytes
) -> None:
    place = int(at * len(base))
    for one in lint(base[:place] + put + base[place + length :]):
        assert one.rule and one.text and one.source


@given(data=st.dictionaries(st.sampled_from(["header", "provider", "users", "x"]), JSON))
def test_parsed__any_message__is_one_or_a_refusal(data: dict[str, Any]) -> None:
    with suppress(FilingError):
        parsed(CarfMessage, data, "carf.yaml")


@given(report=st.dictionaries(st.integers(-1, 67), st.text(max_size=30), max_size=70))
def test_faults__any_report__are_told(report: dict[int, str]) -> None:
    assert mifir.faults(report)
