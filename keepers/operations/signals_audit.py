"""Audits of registered features, and of anybody's pipeline over a file."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from keepers.market.table_file import read_table
from keepers.signals.audit import Findings, Pipeline, Registered, choose_cuts, search
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame, feature_named, optional, readable, registered

CUTS = 64
"""Rows after which the future is changed unless the user says otherwise: seconds for most pipelines."""


def audit_features(
    frame: Frame, names: Sequence[str], cuts: int | None, progress: Callable[[int], None] = lambda _: None
) -> Findings:
    """Audits registered features over a history.

    Args:
        frame: The history.
        names: Features; all that the history has the inputs of for none.
        cuts: Rows after which the future is changed; every row for None.
        progress: Called with 1 after each of them.

    Raises:
        SignalError: If a feature is unknown, or the history lacks its inputs or is too short.
    """
    features = tuple(feature_named(name) for name in names) or readable(frame.names, (*registered(), *optional()))
    for found in features:
        missing = sorted(set(found.inputs) - frame.names)
        if missing:
            raise SignalError(f"feature '{found.name}'", f"the history lacks {', '.join(missing)}", "add it")
    return search(Registered(frame, features), choose_cuts(frame.dates, cuts), progress)


def audit_pipeline(
    function: Callable[[pd.DataFrame], Any],
    data: pd.DataFrame,
    labels: Sequence[str],
    cuts: int | None,
    progress: Callable[[int], None] = lambda _: None,
) -> Findings:
    """Audits a function of a frame.

    Raises:
        SignalError: If `Pipeline` or `search` raises it.
    """
    subject = Pipeline(function, data, labels)
    return search(subject, choose_cuts(subject.days, cuts, subject.gaps), progress)


def callable_named(name: str) -> Callable[[pd.DataFrame], Any]:
    """The function of `module:function`; modules of the working directory are found.

    Importing a module runs it: audit only code that you would run.

    Raises:
        SignalError: If there is no such module or function.
    """
    module, colon, function = name.partition(":")
    if not (module and colon and function):
        raise SignalError(f"pipeline '{name}'", "not of the form module:function", "write features:make")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = getattr(importlib.import_module(module), function, None)
    except ModuleNotFoundError as error:
        raise SignalError(
            f"pipeline '{name}'", f"no module '{error.name}'", "run it from the module's folder"
        ) from error
    except Exception as error:
        raise SignalError(f"module '{module}'", f"{type(error).__name__}: {error}", "make it importable") from error
    if not callable(found):
        raise SignalError(f"pipeline '{name}'", f"'{module}' has no function '{function}'", "correct the name")
    checked: Callable[[pd.DataFrame], Any] = found
    return checked


def read_data(path: Path) -> pd.DataFrame:
    """The frame that a pipeline is audited over."""
    return read_table(path)


def as_object(findings: Findings) -> dict[str, Any]:
    """The findings for JSON."""
    return {**asdict(findings), "clean": findings.clean}


def lines(findings: Findings) -> list[str]:
    """The findings for a terminal; the last line sums up."""
    refused = f", {findings.unanswered} of them refused" if findings.unanswered else ""
    leaking = len(findings.counterexamples)
    verdict = "no output looks ahead" if findings.clean else f"{leaking} of {len(findings.names)} outputs look ahead"
    summary = f"{verdict}: {len(findings.names)} outputs, the future changed after {findings.cuts} rows"
    return [*map(str, findings.counterexamples), f"{summary}, {findings.evaluations} runs{refused}"]
