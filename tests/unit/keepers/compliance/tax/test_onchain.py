"""Rows of a ledger from transfers: own wallets, prices of the day, and what concerns nobody."""

from __future__ import annotations

from datetime import UTC, date
from zoneinfo import ZoneInfo

import pytest

from keepers.compliance.tax.errors import TaxError
from keepers.compliance.tax.onchain import Transferred, ledger_rows
from keepers.compliance.tax.sources import PriceTable

ZERO = "0x" + "00" * 20
OWN = {"0xA": "cold", "0xB": "hot"}
PRICES = PriceTable({"NOTE": ([date(2026, 1, 1), date(2026, 1, 2)], [1_000, 2_000])})
NOON = 1_767_268_800
"""Noon of 1 January 2026."""


def rows(*transfers: Transferred) -> list[tuple[str, ...]]:
    found = ledger_rows(transfers, OWN, "NOTE", 2, PRICES, UTC)
    return [(row["kind"], row["wallet"], row["to_wallet"], row["quantity"], row["amount"]) for row in found]


def test_ledger_rows__mint_transfer_and_burn__are_purchase_move_and_sale() -> None:
    assert rows(
        Transferred(NOON, ZERO, "0xA", 150),
        Transferred(NOON + 1, "0xA", "0xB", 50),
        Transferred(NOON + 2, "0xB", ZERO, 25),
    ) == [("buy", "cold", "", "1.5", "15.00"), ("move", "cold", "hot", "0.5", ""), ("sell", "hot", "", "0.25", "2.50")]


def test_ledger_rows__of_others_of_nothing_or_to_oneself__are_left_out() -> None:
    assert not rows(
        Transferred(NOON, "0xC", "0xD", 1), Transferred(NOON, "0xC", "0xA", 0), Transferred(NOON, "0xA", "0xA", 5)
    )


def test_ledger_rows__time_zone__decides_the_day_of_the_price() -> None:
    (row,) = ledger_rows(
        [Transferred(NOON + 12 * 3600 - 1, ZERO, "0xA", 100)], OWN, "NOTE", 2, PRICES, ZoneInfo("Asia/Tokyo")
    )
    assert row["amount"] == "20.00"


@pytest.mark.parametrize(("days", "known"), [(8, True), (9, False), (-1, False)])
def test_ledger_rows__price_of_more_than_seven_days_before__is_refused(days: int, known: bool) -> None:
    transfer = Transferred(NOON + days * 86_400, ZERO, "0xA", 100)
    if known:
        assert rows(transfer) == [("buy", "cold", "", "1", "20.00")]
    else:
        with pytest.raises(TaxError, match="price of NOTE on"):
            rows(transfer)
