"""Tables that the package has as data: a YAML file with a row for each code, such as a country's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from keepers.errors import KeeperError
from keepers.yamlfile import read_mapping

M = TypeVar("M", bound=BaseModel)


def read_rows(path: Path, model: type[M], refusal: type[KeeperError]) -> dict[str, M]:
    """Reads the rows of a file, by their code.

    Raises:
        KeeperError: If a row is not what it has to be; the error is of the given kind.
    """
    try:
        return {code: model.model_validate(row) for code, row in read_mapping(path).items()}
    except ValidationError as error:
        raise refusal(path.name, f"does not fit ({error.errors()[0]['msg']})", "correct the row") from None


def row_of(rows: Mapping[str, M], code: str, lacking: str, refusal: type[KeeperError]) -> M:
    """Returns the row of a jurisdiction; the case of its code does not count.

    Raises:
        KeeperError: If there is none; the error is of the given kind, and `lacking` is its reason.
    """
    if code.upper() not in rows:
        raise refusal(f"jurisdiction {code}", lacking, f"choose one of {', '.join(sorted(rows))}")
    return rows[code.upper()]
