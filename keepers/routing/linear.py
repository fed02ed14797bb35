"""Linear programs over columns between zero and a bound, with rows that have a maximum, solved by HiGHS at once."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np

from keepers.routing.curves import Floats, Ints

_HIGHS: Any = highspy
"""The module without its types, which say nothing about `Highs`."""
_TOLERANCE = 1e-9
_INFINITY = float(highspy.kHighsInf)

Entries = tuple[Ints, Ints, Floats]
"""Columns, rows and values of a matrix's entries; no place twice."""


class LinearProgram:
    """Solves one program after another."""

    def __init__(self) -> None:
        self._highs: Any = _HIGHS.Highs()
        for name, value in (("output_flag", False), ("threads", 1), ("presolve", "off")):
            self._highs.setOptionValue(name, value)
        for name in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            self._highs.setOptionValue(name, _TOLERANCE)

    def maximum(self, gain: Floats, most: Floats, entries: Entries, upper: Floats) -> Floats | None:
        """The columns that gain most; None without an optimum.

        Args:
            gain: (columns,), what a unit of each brings.
            most: (columns,), upper bounds; the lower ones are zero.
            entries: The matrix.
            upper: (rows,), maximum of each row.
        """
        column, row, value = entries
        order = np.argsort(column, kind="stable")
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = gain.size, upper.size
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = -gain, np.zeros(gain.size), np.minimum(most, _INFINITY)
        lp.row_lower_, lp.row_upper_ = np.full(upper.size, -_INFINITY), upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = np.searchsorted(column[order], np.arange(gain.size + 1)).astype(np.int32)
        lp.a_matrix_.index_ = row[order].astype(np.int32)
        lp.a_matrix_.value_ = value[order]
        self._highs.passModel(lp)
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return np.array(self._highs.getSolution().col_value)
