"""The table of stress scenarios that ships beside this file, or one's own."""

from __future__ import annotations

from pathlib import Path

from keepers.risk.errors import RiskError
from keepers.risk.stress import Scenario, parse_scenarios

SHIPPED = Path(__file__).with_name("scenarios.yaml")


def load_scenarios(path: Path | None = None) -> tuple[Scenario, ...]:
    """Reads a table of scenarios.

    Args:
        path: File with a table such as scenarios.yaml; None selects that one.

    Raises:
        RiskError: If it cannot be read, or is no such table.
    """
    file = path or SHIPPED
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise RiskError(file, error.strerror or "unreadable", "correct risk.reports.scenarios") from error
    except UnicodeDecodeError as error:
        raise RiskError(file, f"no UTF-8 ({error.reason})", "correct the file") from error
    return parse_scenarios(text, str(file))
