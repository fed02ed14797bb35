"""Daily bars of indices, which the package arch has for its own examples."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from keepers.market.bar_file import bars_from
from keepers.market.bars import Bars


def index_bars() -> dict[str, Bars]:
    """Bars by the name of the index, from the first year on in which its opens are prices of their own."""
    from arch.data import nasdaq, sp500

    chosen = (("Nasdaq Composite, 1999 to 2018", nasdaq, "1999"), ("S&P 500, 2009 to 2018", sp500, "2009"))
    found = {}
    for name, data, since in chosen:
        table = data.load()[since:]
        times = [datetime(day.year, day.month, day.day) for day in table.index]
        values = {part.lower(): table[[part]].to_numpy(np.float64) for part in ("Open", "High", "Low", "Close")}
        found[name] = bars_from((data.__name__.rpartition(".")[2],), times, values)
    return found
