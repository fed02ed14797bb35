"""Packages that only training needs."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from keepers.signals.errors import SignalError


def imported(module: str, package: str, extra: str) -> Any:
    """A module of a package that an extra of this project brings.

    Raises:
        SignalError: If the package is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise SignalError(package, "not installed", f"pip install 'quantera[{extra}]'") from error
