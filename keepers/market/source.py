"""The protocol that every source of prices follows."""

from collections.abc import Hashable, Sequence
from datetime import date
from typing import Protocol

from keepers.market.prices import Prices


class PriceSource(Protocol):
    """Anything that knows closing prices."""

    def closes(self, symbols: Sequence[str], until: date) -> Prices:
        """Closes of `symbols`, in that order, of all days up to and including `until`.

        Whatever happens after `until` changes nothing about the answer.

        Raises:
            PriceError: If a symbol is unknown, a value unusable or no day known.
        """
        ...

    def version(self) -> Hashable:
        """A value that changes when there may be other closes; it is cheap to ask for.

        Raises:
            PriceError: If the source cannot be reached.
        """
        ...
