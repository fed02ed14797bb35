"""Audit of look-ahead: change what comes after a decision, and see whether the decision changes."""

from keepers.signals.audit.changes import KINDS, Change, Kind
from keepers.signals.audit.cuts import choose_cuts
from keepers.signals.audit.search import Counterexample, Findings, Subject, search
from keepers.signals.audit.subjects import Pipeline, Registered

__all__ = [
    "KINDS",
    "Change",
    "Counterexample",
    "Findings",
    "Kind",
    "Pipeline",
    "Registered",
    "Subject",
    "choose_cuts",
    "search",
]
