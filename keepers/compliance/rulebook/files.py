"""The rulebook's files, read and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from keepers.compliance.errors import RulebookError
from keepers.compliance.rulebook.schema import (
    Citation,
    InvestorClasses,
    Jurisdiction,
    JurisdictionFile,
    Offering,
    Rulebook,
    Shared,
)
from keepers.schema import YamlError
from keepers.yamlfile import read_mapping

FOLDER = Path(__file__).parent
_REMEDY = "see keepers/compliance/rulebook/schema.py"

Model = TypeVar("Model", bound=BaseModel)


def load_rulebook(folder: Path = FOLDER, today: date | None = None) -> Rulebook:
    """Loads every jurisdiction and offering.

    Args:
        folder: Folder with `jurisdictions/`, `shared/` and `offerings/`.
        today: Day after which no law can have been checked yet; the default is the current day.

    Raises:
        RulebookError: If a file is wrong; one line with the file, the key and the remedy.
    """
    today = today or date.today()
    shared = {path.stem: _read(path, Shared) for path in _files(folder / "shared")}
    jurisdictions: dict[int, Jurisdiction] = {}
    for path in _files(folder / "jurisdictions"):
        found = _resolve(path, _read(path, JurisdictionFile), shared)
        _check(path, found, today)
        if found.code in jurisdictions:
            raise RulebookError(path.name, f"{found.code} has a file already", "keep one")
        jurisdictions[found.code] = found
    if not jurisdictions:
        raise RulebookError(folder, "holds no jurisdictions", "name a rulebook's folder")
    offerings = {path.stem: _read(path, Offering) for path in _files(folder / "offerings")}
    for path in _files(folder / "offerings"):
        for field, rule in offerings[path.stem].rules():
            _check_date(path, field, rule, today)
    return Rulebook(jurisdictions=jurisdictions, offerings=offerings)


def read_yaml(path: Path) -> Mapping[str, Any]:
    """A YAML file that holds a mapping; a key that stands twice is refused.

    Raises:
        RulebookError: If it does not.
    """
    try:
        return read_mapping(path)
    except YamlError as error:
        raise RulebookError(path.name, error.reason, error.remedy) from None


def validate(path: Path, model: type[Model], data: Mapping[str, Any]) -> Model:
    """Returns the data as a model.

    Raises:
        RulebookError: If the data do not fit; it names the first fault.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            raise RulebookError(path.name, f"unknown key {key!r}", "remove it or correct its spelling") from None
        if fault["type"] == "missing":
            raise RulebookError(path.name, f"missing key {key!r}", "add it") from None
        reason = fault["msg"].removeprefix("Value error, ")
        raise RulebookError(path.name, f"{key + ': ' if key else ''}{reason}", _REMEDY) from None


def _read(path: Path, model: type[Model]) -> Model:
    return validate(path, model, read_yaml(path))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yaml"))


def _resolve(path: Path, file: JurisdictionFile, shared: Mapping[str, Shared]) -> Jurisdiction:
    data = {name: getattr(file, name) for name in JurisdictionFile.model_fields}
    if file.shared is not None:
        common = shared.get(file.shared)
        if common is None:
            raise RulebookError(path.name, f"shared: no file {file.shared!r}", f"use one of {sorted(shared)}")
        if twice := sorted(set(common.regimes) & set(file.regimes)):
            raise RulebookError(path.name, f"regimes {twice} are in shared/{file.shared}.yaml too", "rename them")
        own = file.investor_classes.model_dump(exclude_none=True)
        data["investor_classes"] = common.investor_classes.model_copy(
            update={name: getattr(file.investor_classes, name) for name in own}
        )
        data["regimes"] = {**common.regimes, **file.regimes}
        data["counsel"] = {**common.counsel, **file.counsel}
        data["notes"] = (*common.notes, *file.notes)
        data["confidence"] = file.confidence.lower(common.confidence)
    return validate(path, Jurisdiction, data)


def _check(path: Path, found: Jurisdiction, today: date) -> None:
    if not path.name.startswith(f"{found.code:03d}-"):
        raise RulebookError(path.name, f"is the file of code {found.code}", f"begin its name with {found.code:03d}-")
    for where, citation in citations(found):
        _check_date(path, where, citation, today)


def _check_date(path: Path, where: str, citation: Citation, today: date) -> None:
    if citation.checked > today:
        raise RulebookError(
            path.name, f"{where}.checked: {citation.checked} is to come", "give the day of the last check"
        )


def citations(found: Jurisdiction) -> Iterator[tuple[str, Citation]]:
    """Every citation of a jurisdiction with the path of its key."""
    for kind in InvestorClasses.model_fields:
        meaning: Citation | None = getattr(found.investor_classes, kind)
        if meaning is not None:
            yield f"investor_classes.{kind}", meaning
    for name, regime in found.regimes.items():
        for field, rule in regime.rules.items():
            yield f"regimes.{name}.rules.{field}", rule
        for index, what in enumerate(regime.off_chain):
            yield f"regimes.{name}.off_chain.{index}", what
