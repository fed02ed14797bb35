"""Rulebook files that are refused, what is said about them, and what the shipped ones have to have."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from keepers.compliance.errors import RulebookError
from keepers.compliance.rulebook.duration import DAY, seconds
from keepers.compliance.rulebook.files import FOLDER, load_rulebook

RULEBOOK = load_rulebook()
EEA = 30


@pytest.fixture
def refused(tmp_path: Path) -> Callable[..., str]:
    """`refused(file, change)`: the complaint about a rulebook of one shipped jurisdiction with its file changed."""

    def complaint(file: str, change: Callable[[dict[str, Any]], Any], **options: Any) -> str:
        folder = copied(tmp_path, file)
        path = folder / f"{file}.yaml"
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(data)
        path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
        with pytest.raises(RulebookError) as error:
            load_rulebook(folder, **options)
        assert "\n" not in str(error.value)
        return str(error.value)

    return complaint


def copied(tmp_path: Path, jurisdiction: str) -> Path:
    """A rulebook with that jurisdiction alone, and all that is shared."""
    folder = tmp_path / "rulebook"
    for shared in ("shared", "offerings"):
        shutil.copytree(FOLDER / shared, folder / shared)
    (folder / "jurisdictions").mkdir()
    shutil.copy(FOLDER / f"{jurisdiction}.yaml", folder / f"{jurisdiction}.yaml")
    return folder


SINGAPORE = "jurisdictions/702-singapore"
GERMANY = "jurisdictions/276-germany"
KOREA = "jurisdictions/408-korea-democratic-people-s-republic-of"


def default_rules(data: dict[str, Any]) -> dict[str, Any]:
    return data["regimes"][data["default"]]["rules"]


# -- What is shipped


def test_rulebook__shipped__has_ninety_jurisdictions_and_more() -> None:
    assert len(RULEBOOK.jurisdictions) >= 90


# The list of the issue; each has its own file.
ADDED = (
    "QA", "BH", "KW", "OM", "EG", "AR", "NG", "KE", "MU", "IM", "GI", "MC", "PA", "BS", "SV", "KZ", "GE", "UA", "PK",
    "MO", "MA", "RW",
)  # fmt: skip


@pytest.mark.parametrize("letters", ADDED)
def test_rulebook__country_added_in_2026__is_closed_to_retail_by_default(letters: str) -> None:
    (found,) = [one for one in RULEBOOK.jurisdictions.values() if one.alpha2 == letters]
    classes = found.regime().rules.classes
    assert classes is None or "retail" not in classes.value


@pytest.mark.parametrize("code", sorted(RULEBOOK.jurisdictions))
def test_rulebook__low_confidence__leaves_a_question_wherever_it_opens(code: int) -> None:
    found = RULEBOOK.jurisdictions[code]
    assert found.confidence.reason
    if found.confidence.level == "low":
        assert all(regime.closes or found.questions(name) for name, regime in found.regimes.items())


def test_rulebook__funds__have_regimes_of_their_own_in_the_main_markets() -> None:
    for code in (840, 276, 826, 756, 702, 344, 392, 36, 136):
        regimes = RULEBOOK.jurisdictions[code].regimes.values()
        assert any(regime.instruments == ("fund-unit",) for regime in regimes)


def test_rulebook__china__cites_the_notice_of_2026() -> None:
    rule = RULEBOOK.jurisdictions[156].regime().rules.inbound
    assert rule is not None and "[2026] No. 42" in rule.law


def test_rulebook__european_economic_area__is_whole() -> None:
    shared = [found for found in RULEBOOK.jurisdictions.values() if found.shared == "eea"]
    assert len(shared) == EEA
    assert len({found.authority for found in shared}) == EEA - 1  # Denmark's and Norway's share a name


def test_rulebook__sanctioned_comprehensively__nothing_moves() -> None:
    for code in (192, 364, 408):
        rules = RULEBOOK.jurisdictions[code].regime().rules
        assert rules.inbound and rules.outbound and rules.classes is None


@pytest.mark.parametrize("code", sorted(RULEBOOK.jurisdictions))
def test_rulebook__every_rule__names_law_section_and_date(code: int) -> None:
    for regime in RULEBOOK.jurisdictions[code].regimes.values():
        for _, rule in regime.rules.items():
            assert rule.law and rule.section and date(2020, 1, 1) <= rule.checked <= date.today()


# -- Refusals


def test_load_rulebook__unknown_key__is_named(refused) -> None:
    assert "unknown key 'regulator'" in refused(SINGAPORE, lambda data: data.update(regulator="MAS"))


def test_load_rulebook__unknown_rule__is_named_with_its_path(refused) -> None:
    complaint = refused(SINGAPORE, lambda data: default_rules(data).update(lock_up={"value": "1 year"}))
    assert "702-singapore.yaml: unknown key 'regimes.accredited-institutional.rules.lock_up'" in complaint


@pytest.mark.parametrize("key", ["law", "section", "checked", "value"])
def test_load_rulebook__rule_without_source_or_date__is_refused(refused, key: str) -> None:
    complaint = refused(SINGAPORE, lambda data: default_rules(data)["classes"].pop(key))
    assert f"missing key 'regimes.accredited-institutional.rules.classes.{key}'" in complaint


@pytest.mark.parametrize("law", ["", " ", "  padded"])
def test_load_rulebook__blank_source__is_refused(refused, law: str) -> None:
    assert "classes.law" in refused(SINGAPORE, lambda data: default_rules(data)["classes"].update(law=law))


@pytest.mark.parametrize("code", [0, 1, 703_000, -702, "702"])
def test_load_rulebook__code_that_iso_does_not_know__is_refused(refused, code: Any) -> None:
    assert "code" in refused(SINGAPORE, lambda data: data.update(code=code))


def test_load_rulebook__code_of_another_country__is_refused(refused) -> None:
    complaint = refused(SINGAPORE, lambda data: data.update(code=703))
    assert "code 703 is SK, not SG" in complaint


def test_load_rulebook__file_named_for_another_code__is_refused(refused) -> None:
    complaint = refused(SINGAPORE, lambda data: data.update(code=703, alpha2="SK"))
    assert "begin its name with 703-" in complaint


def test_load_rulebook__check_of_a_day_to_come__is_refused(refused) -> None:
    def tomorrow(data: dict[str, Any]) -> None:
        default_rules(data)["classes"].update(checked=date(2031, 1, 2))

    complaint = refused(SINGAPORE, tomorrow, today=date(2031, 1, 1))
    assert "2031-01-02 is to come; give the day of the last check" in complaint


@pytest.mark.parametrize("section", ["", " ", "Law as a whole", "Norma completa", "The whole Act"])
def test_load_rulebook__citation_that_names_no_section__is_refused(refused, section: str) -> None:
    complaint = refused(SINGAPORE, lambda data: default_rules(data)["classes"].update(section=section))
    assert "rules.classes.section" in complaint


def test_load_rulebook__no_confidence__is_refused(refused) -> None:
    assert "missing key 'confidence'" in refused(SINGAPORE, lambda data: data.pop("confidence"))


@pytest.mark.parametrize("confidence", [{"level": "certain", "reason": "Read twice."}, {"level": "high"}])
def test_load_rulebook__confidence_that_is_none__is_refused(refused, confidence: dict[str, str]) -> None:
    assert "confidence." in refused(SINGAPORE, lambda data: data.update(confidence=confidence))


def test_load_rulebook__low_confidence_without_a_question__is_refused(refused) -> None:
    def change(data: dict[str, Any]) -> None:
        data.update(confidence={"level": "low", "reason": "The act was not at hand."}, counsel={})

    assert "confidence is low and nothing is left to counsel" in refused(SINGAPORE, change)


def test_load_rulebook__shared_file_of_lower_confidence__decides(tmp_path: Path) -> None:
    folder = copied(tmp_path, GERMANY)
    path = folder / f"{GERMANY}.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("level: medium", "level: high"), encoding="utf-8")
    found = load_rulebook(folder).jurisdictions[276]
    assert found.confidence.level == "medium" and "Regulation (EU) 2024/2809" in found.confidence.reason


@pytest.mark.parametrize("instruments", [[], ["share"], ["security", "security"]])
def test_load_rulebook__instruments_that_are_none__are_refused(refused, instruments: list[str]) -> None:
    change = {"instruments": instruments}
    assert "instruments" in refused(SINGAPORE, lambda data: data["regimes"][data["default"]].update(change))


def test_load_rulebook__unknown_class__is_refused(refused) -> None:
    complaint = refused(SINGAPORE, lambda data: default_rules(data)["classes"].update(value=["friends"]))
    assert "rules.classes.value.0" in complaint


def test_load_rulebook__class_that_nobody_defines__is_refused(refused) -> None:
    complaint = refused(SINGAPORE, lambda data: data["investor_classes"].pop("accredited"))
    assert "accredited is not defined; add investor_classes.accredited" in complaint


@pytest.mark.parametrize("lockup", ["", "6", "half a year", "6 months or so", "0 days", "101 years"])
def test_load_rulebook__period_that_is_none__is_refused(refused, lockup: str) -> None:
    rule = {"value": lockup, "law": "A law", "section": "1", "checked": date(2025, 1, 1)}
    assert "lockup" in refused(SINGAPORE, lambda data: default_rules(data).update(lockup=rule))


@pytest.mark.parametrize("money", [{"amount": -1, "currency": "SGD"}, {"amount": 1, "currency": "S$"}, {"amount": 1}])
def test_load_rulebook__money_that_is_none__is_refused(refused, money: dict[str, Any]) -> None:
    rule = {"value": money, "law": "A law", "section": "1", "checked": date(2025, 1, 1)}
    assert "travel_rule" in refused(SINGAPORE, lambda data: default_rules(data).update(travel_rule=rule))


def test_load_rulebook__default_regime_that_is_not_there__is_refused(refused) -> None:
    assert "default: no regime 'retail'" in refused(GERMANY, lambda data: data.update(default="retail"))


def test_load_rulebook__shared_file_that_is_not_there__is_refused(refused) -> None:
    assert "shared: no file 'efta'" in refused(GERMANY, lambda data: data.update(shared="efta"))


def test_load_rulebook__regime_of_a_shared_name__is_refused(refused) -> None:
    regime = RULEBOOK.jurisdictions[276].regimes["under-150-persons"].model_dump(mode="json", exclude_none=True)
    complaint = refused(GERMANY, lambda data: data.update(regimes={"under-150-persons": regime}))
    assert "are in shared/eea.yaml too" in complaint


def test_load_rulebook__nobody_says_who_may_hold__is_refused(refused) -> None:
    complaint = refused(KOREA, lambda data: default_rules(data).pop("inbound"))
    assert "no rule says who may hold" in complaint


def test_load_rulebook__ruled_and_left_to_counsel__is_refused(refused) -> None:
    def change(data: dict[str, Any]) -> None:
        data["regimes"][data["default"]]["counsel"] = {"classes": "Who is it?"}

    assert "both ruled and left to counsel" in refused(SINGAPORE, change)


def test_load_rulebook__question_about_no_field__is_refused(refused) -> None:
    assert "no rule field ['taxes']" in refused(SINGAPORE, lambda data: data.update(counsel={"taxes": "How much?"}))


def test_load_rulebook__two_files_of_a_country__is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path, SINGAPORE)
    shutil.copy(folder / f"{SINGAPORE}.yaml", folder / "jurisdictions/702-singapura.yaml")
    with pytest.raises(RulebookError, match="702 has a file already"):
        load_rulebook(folder)


def test_load_rulebook__key_twice__is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path, SINGAPORE)
    path = folder / f"{SINGAPORE}.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "name: Singapura\n", encoding="utf-8")
    with pytest.raises(RulebookError, match="key 'name' stands twice"):
        load_rulebook(folder)


@pytest.mark.parametrize("text", ["- a list", "{", "just words"])
def test_load_rulebook__no_mapping__is_refused(tmp_path: Path, text: str) -> None:
    folder = copied(tmp_path, SINGAPORE)
    (folder / f"{SINGAPORE}.yaml").write_text(text)
    with pytest.raises(RulebookError, match=r"702-singapore\.yaml"):
        load_rulebook(folder)


def test_load_rulebook__folder_without_files__is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match="holds no jurisdictions"):
        load_rulebook(tmp_path)


# -- Periods


@pytest.mark.parametrize(
    ("text", "days"),
    [("40 days", 40), ("1 month", 31), ("6 months", 184), ("12 months", 366), ("1 year", 366), ("4 months 1 day", 124)],
)
def test_seconds__months__are_as_long_as_they_can_be(text: str, days: int) -> None:
    assert seconds(text) == days * DAY
