"""A ledger from a token's Transfer events: what came to own wallets, left them, and moved between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from keepers.compliance.tax.ledger import Kind
from keepers.compliance.tax.money import portion, written, written_units
from keepers.compliance.tax.profiles import MINOR_DIGITS
from keepers.compliance.tax.sources import LEDGER, PriceTable


@dataclass(frozen=True, slots=True)
class Transferred:
    """A Transfer event.

    Attributes:
        time: Unix seconds of its block.
        sender: Account that lost the units; the zero address for a mint.
        receiver: Account that got them.
        units: Base units.
    """

    time: int
    sender: str
    receiver: str
    units: int


def ledger_rows(
    transfers: Iterable[Transferred],
    wallets: Mapping[str, str],
    asset: str,
    decimals: int,
    prices: PriceTable,
    zone: tzinfo,
) -> list[dict[str, str]]:
    """Returns a row of a ledger for every transfer that concerns own wallets, in the order of the events.

    Units that came in are a purchase and units that left are a sale, at the price of the day: the chain does not say
    what was paid. A person corrects the rows that were something else, such as income or a gift.

    Args:
        transfers: Events in their order.
        wallets: Names of own wallets by their checksummed address; the ledger has the names.
        asset: Identifier of the asset in the ledger.
        decimals: Decimals of the token.
        prices: Prices.
        zone: Time zone in which a transfer's day is.

    Raises:
        TaxError: If a price is missing.
    """
    rows = []
    for one in transfers:
        to, by = wallets.get(one.receiver), wallets.get(one.sender)
        if not one.units or (to is None and by is None) or to == by:
            continue
        moment = datetime.fromtimestamp(one.time, UTC)
        row: dict[str, str] = dict.fromkeys(LEDGER, "") | {
            "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "kind": str(Kind.BUY if by is None else Kind.SELL if to is None else Kind.MOVE),
            "asset": asset,
            "wallet": by or to or "",
            "quantity": written_units(one.units, decimals),
        }
        if to is not None and by is not None:
            row["to_wallet"] = to
        else:
            price = prices.on(asset, moment.astimezone(zone).date())
            row["amount"] = written(portion(price, one.units, 10**decimals), MINOR_DIGITS)
        rows.append(row)
    return rows
