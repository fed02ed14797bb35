"""Gains beside rp2 1.7.2, the open-source calculator, where both know a method: FIFO, LIFO, HIFO over one account."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, FloatOperation, localcontext
from pathlib import Path
from random import Random
from typing import Any

import pytest

from keepers.compliance.tax.engine import Scope, account
from keepers.compliance.tax.ledger import Entry, Kind
from keepers.compliance.tax.lots import Method
from tests.fixtures.ledgers import entry

HEADERS = {
    "in_header": "timestamp asset exchange holder transaction_type spot_price crypto_in fiat_fee",
    "out_header": "timestamp asset exchange holder transaction_type spot_price crypto_out_no_fee crypto_fee",
    "intra_header": "timestamp asset from_exchange from_holder to_exchange to_holder spot_price crypto_sent",
}
SETTINGS = "\n".join(
    ["[general]", "assets = NOTE", "exchanges = cold", "holders = Alice"]
    + [
        line
        for section, names in HEADERS.items()
        for line in [f"[{section}]", *(f"{name} = {number}" for number, name in enumerate(names.split()))]
    ]
)

Rp2 = Callable[[list[Entry], Method], list[tuple[int, int, int, int]]]


@pytest.fixture
def decimals() -> Iterator[None]:
    """A context of decimals for rp2 alone, which sets the thread's own when it is first imported."""
    with localcontext() as context:
        context.prec, context.traps[FloatOperation] = 31, True
        yield


@pytest.fixture
def rp2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decimals: None) -> Rp2:
    """Works a ledger out with rp2: (line, lot, units, gain in cents) of every part of a disposal."""
    # rp2 writes a log below the folder that it is first imported in.
    monkeypatch.chdir(tmp_path)
    names = "accounting_engine configuration in_transaction input_data out_transaction rp2_decimal tax_engine"
    parts = {name: importlib.import_module(f"rp2.{name}") for name in [*names.split(), "transaction_set"]}
    country = importlib.import_module("rp2.plugin.country.us").US()
    tree = importlib.import_module("prezzemolo.avl_tree").AVLTree
    path = tmp_path / "rp2.ini"
    path.write_text(SETTINGS)
    settings = parts["configuration"].Configuration(str(path), country)

    def transaction(one: Entry) -> Any:
        decimal = parts["rp2_decimal"].RP2Decimal
        price = decimal(one.amount) / decimal(one.units) / decimal(100)
        when = datetime.fromtimestamp(one.time, UTC).isoformat()
        if one.kind is Kind.SELL:
            made = parts["out_transaction"].OutTransaction
            zero = decimal("0")
            return made(settings, when, "NOTE", "cold", "Alice", "Sell", price, decimal(one.units), zero, row=one.line)
        made = parts["in_transaction"].InTransaction
        kind, fee = ("Buy" if one.kind is Kind.BUY else "Interest"), decimal(one.fee) / decimal(100)
        return made(
            settings, when, "NOTE", "cold", "Alice", kind, price, decimal(one.units), fiat_fee=fee, row=one.line
        )

    def worked_out(entries: list[Entry], method: Method) -> list[tuple[int, int, int, int]]:
        sets = [parts["transaction_set"].TransactionSet(settings, kind, "NOTE") for kind in ("IN", "OUT", "INTRA")]
        for one in entries:
            sets[one.kind is Kind.SELL].add_entry(transaction(one))
        methods = tree()
        methods.insert_node(1970, importlib.import_module(f"rp2.plugin.accounting_method.{method}").AccountingMethod())
        engine = parts["accounting_engine"].AccountingEngine(years_2_methods=methods)
        done = parts["tax_engine"].compute_tax(settings, engine, parts["input_data"].InputData("NOTE", *sets))
        return [
            (
                part.taxable_event.row,
                part.acquired_lot.row,
                int(part.crypto_amount),
                round(Decimal(part.fiat_gain) * 100),
            )
            for part in done.gain_loss_set
            if part.taxable_event.row in {one.line for one in entries if one.kind is Kind.SELL}
        ]

    return worked_out


def whole_prices(random: Random, length: int, *, more: bool) -> list[Entry]:
    """A ledger of whole units at whole cents, so that no part of a lot is rounded; `more` has fees and income."""
    held, now, entries = 0, 1_704_067_200, []
    for line in range(1, length + 1):
        # Another day for every line: which of two lots of one moment comes first is left open too.
        now += 86_400 * random.choice((1, 5, 30))
        day = datetime.fromtimestamp(now, UTC).date()
        kind = random.choice(["buy", "sell", "sell", "income" if more else "buy"]) if held else "buy"
        units = random.randint(1, held) if kind == "sell" else random.randint(1, 50)
        # Another price for every line: HIFO leaves the order of equal prices open.
        amount = units * (random.randint(1, 90) * 1_000 + line)
        fee = units * random.randint(0, 9) if more and kind == "buy" else 0
        entries.append(entry(line, day.isoformat(), kind, units, amount, fee=fee))
        held += -units if kind == "sell" else units
    return entries


@pytest.mark.parametrize("method", [Method.FIFO, Method.LIFO, Method.HIFO])
def test_account__beside_rp2__has_the_same_lots_and_gains(rp2: Rp2, method: Method) -> None:
    random = Random(str(method))
    compared = 0
    for _ in range(40):
        # rp2 ranks HIFO by the price without the fee, and this engine by the cost with it. Where income stands between
        # sales, rp2's HIFO drops lots that are not used up.
        entries = whole_prices(random, random.randint(2, 25), more=method is not Method.HIFO)
        found = account(entries, method, Scope.ACCOUNT).disposals
        mine = sorted((one.line, one.lot, one.units, one.gain) for one in found)
        assert mine == sorted(rp2(entries, method))
        compared += len(mine)
    assert compared > 100
