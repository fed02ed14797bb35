"""Which names alert, by which rule, and what evidence changes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from keepers.compliance.lists.records import Kind, ListedName, ListedParty, Strength
from keepers.compliance.screening import evidence, score
from keepers.compliance.screening.entities import entity
from keepers.compliance.screening.errors import ScreeningError
from keepers.compliance.screening.evidence import birth_evidence
from keepers.compliance.screening.screen import Alert, Screener, Subject, compare

ROOT = Path(__file__).resolve().parents[5]


def party(name: str, kind: Kind = "person", strength: Strength = "primary", uid: str = "1") -> ListedParty:
    return ListedParty("made", uid, kind, (ListedName(name, strength),))


def found(asked: str, listed: str, kind: Kind = "person") -> Alert | None:
    """The alert of the screener, which has to be the one of comparing the two."""
    there = party(listed, kind)
    alerts = Screener([there]).screen(Subject(asked, kind))
    assert list(alerts) == [alert for alert in (compare(Subject(asked, kind), there),) if alert is not None]
    return alerts[0] if alerts else None


@pytest.mark.parametrize(
    ("asked", "listed", "rule"),
    [
        ("Ivan Petrov", "Ivan Petrov", "exact"),
        ("Petrov, Ivan", "Ivan Petrov", "reordered"),
        ("Иван Петров", "Ivan Petrov", "transliteration"),
        ("Ivam Petrov", "Ivan Petrov", "spelling"),
        ("Ivna Petrov", "Ivan Petrov", "spelling"),
        ("Sergei Ivanov", "Sergey Ivanov", "sound"),
        ("Iurii Iakovlev", "Юрий Яковлев", "sound"),
        ("Mohamed Ali Hassan", "Muhammad Ali Hassan", "sound"),
        ("Fernando Pérez", "فرناندو بيريز", "sound"),
        ("Salman Pérez", "سلمان بيريز", "sound"),
        ("V. Putin", "Vladimir Putin", "initial"),
        ("Vladimir Putin", "V. Putin", "initial"),
        ("Bill Gates", "William Gates", "nickname"),
        ("SergeiLavrov", "Sergei Lavrov", "written_together"),
        ("Boris Johnson", "Alexandre Boris de Pfeffel Johnson", "missing_part"),
        ("Alexandre Boris de Pfeffel Johnson", "Boris Johnson", "missing_part"),
        ("Han Jang Su", "Jang Su Han", "reordered"),
        ("Xi Jinping", "习近平", "transliteration"),
    ],
)
def test_screen__person_written_another_way__alerts_by_that_rule(asked: str, listed: str, rule: str) -> None:
    alert = found(asked, listed)
    assert alert is not None and alert.rule == rule


@pytest.mark.parametrize(
    ("asked", "listed", "rule"),
    [
        ("Gazprom JSC", "OAO Gazprom", "exact"),
        ("Exxor Mobil Corporation", "Exxon Mobil Corporation", "spelling"),
        ("PLA", "People's Liberation Army", "acronym"),
        ("People's Liberation Army", "PLA China", "acronym"),
        ("Capital Trust IV", "Capital Trust V", "numbers_differ"),
        ("Heyne Lltd", "Heyne Ltd", "small_word_misspelt"),
        ("faberlic", "Faberlic Europe", "missing_part"),
        ("Al Qaeda", "Al Qa'ida", "spelling"),
        ("Gazprombanking", "Gaspronbanking", "spelling"),
        ("Kalinka Neft", "Kalinina Neft", "spelling"),
        ("Bank Mellat", "بانک ملت", "sound"),
        ("Parsian Bank", "بانک پارسیان", "sound"),
    ],
)
def test_screen__entity_written_another_way__alerts_by_that_rule(asked: str, listed: str, rule: str) -> None:
    alert = found(asked, listed, "entity")
    assert alert is not None and alert.rule == rule


@pytest.mark.parametrize(
    ("asked", "listed", "kind"),
    [
        ("Hafez Makhlouf", "Rami Makhlouf", "person"),
        ("Hans O Friedrich", "Hans Joachim Friedrich", "person"),
        ("Sergey Viktorovich Lavrov", "Sergey Borisovich Lavrov", "person"),
        ("Salman bin Muhammad al-Rawi", "Muhammad bin Salman al-Rawi", "person"),
        ("习近朋", "习近平", "person"),
        ("Makhlouf", "Rami Makhlouf", "person"),
        ("Li Wei", "Lu Wei", "person"),
        ("Bank of China (Australia)", "Bank of China (Hong Kong)", "entity"),
        ("ANO Iskusstvo Krasoty", "OOO Iskusstvo Krasoty", "entity"),
        ("Solutions II Denmark", "Solutions Denmark", "entity"),
        ("BD p.l.c.", "BP p.l.c.", "entity"),
        ("Saudi Arabian Gas Company", "Saudi Arabian Oil Company", "entity"),
        ("Schmidt GmbH", "زامياد", "entity"),
        ("Kalinka S.A.", "ООО «Калинина»", "entity"),
        ("Benard Group", "Bernardi Group", "entity"),
        ("Unit4", "8", "entity"),
    ],
)
def test_screen__somebody_else__does_not_alert(asked: str, listed: str, kind: Kind) -> None:
    assert found(asked, listed, kind) is None


def test_name_score__as_many_words_on_both_sides_and_one_of_them_small__is_the_same_both_ways() -> None:
    a, b = entity("aa aa al"), entity("aa aaal")
    assert score.name_score(a, b) == score.name_score(b, a)


def test_screen__kinds_that_cannot_be_one__do_not_meet() -> None:
    screener = Screener([party("Lady Rania", "vessel")])
    assert screener.screen(Subject("Lady Rania", "person")) == ()
    assert len(screener.screen(Subject("Lady Rania", "unknown"))) == 1


def test_screen__weak_alias__alerts_as_written_but_not_with_two_edits() -> None:
    screener = Screener([party("Abu Tarzan", strength="weak")])
    (alert,) = screener.screen(Subject("Abu Tarzan", "person"))
    assert alert.rule == "weak_alias" and alert.score == pytest.approx(0.85)
    assert screener.screen(Subject("Abu Trazam", "person")) == ()


def test_screen__several_names_and_parties__one_alert_each_the_surest_first() -> None:
    other = ListedParty("made", "2", "person", (ListedName("Iwan Petrov", "primary"), ListedName("Ivan P", "strong")))
    alerts = Screener([other, party("Ivan Petrov")]).screen(Subject("Ivan Petrov", "person"))
    assert [(alert.uid, alert.listed_name) for alert in alerts] == [("1", "Ivan Petrov"), ("2", "Iwan Petrov")]


def test_screen__listed_name_without_letters__is_told_and_the_others_are_screened() -> None:
    broken = ListedParty("made", "9", "person", (ListedName("???", "primary"), ListedName("Ivan Petrov", "strong")))
    screener = Screener([broken])
    assert screener.unreadable == (("made", "9", 0),) and screener.names == 1
    assert len(screener.screen(Subject("Ivan Petrov"))) == 1


@pytest.mark.parametrize(
    ("asked", "listed", "rule", "change"),
    [
        ("1961-04-02", ("1961-04-02",), "birth_date_agrees", evidence.BIRTH_AGREES),
        ("1961", ("1961-04-02",), "birth_date_agrees", evidence.BIRTH_AGREES),
        ("1963-04-02", ("1960/1965",), "birth_date_agrees", evidence.BIRTH_AGREES),
        ("1962-04-02", ("1961~",), "birth_date_agrees", evidence.BIRTH_AGREES),
        ("1961-04-02", ("1961-02-04",), "birth_date_day_and_month_exchanged", 0),
        ("1961-04-02", ("1962-01-01",), "birth_date_within_a_year", 0),
        ("1961-04-02", ("1975", "1980"), "birth_date_contradicts", -evidence.BIRTH_CONTRADICTS),
    ],
)
def test_birth_evidence__asked_and_listed__says_so(
    asked: str, listed: tuple[str, ...], rule: str, change: float
) -> None:
    assert birth_evidence(asked, listed) == (change, (rule,))


@pytest.mark.parametrize(("asked", "listed"), [("", ("1961",)), ("1961", ()), ("1961", ("unknown",))])
def test_birth_evidence__a_side_without_date__says_nothing(asked: str, listed: tuple[str, ...]) -> None:
    assert birth_evidence(asked, listed) == (0, ())


def test_screen__exact_name_and_another_birth_date_and_country__still_alerts() -> None:
    there = replace(party("Ivan Petrov"), birth_dates=("1950",), countries=("RU",))
    (alert,) = Screener([there]).screen(Subject("Ivan Petrov", "person", "1990-01-01", ("de",)))
    assert alert.score == pytest.approx(1 - evidence.BIRTH_CONTRADICTS - evidence.COUNTRY_CONTRADICTS)
    assert alert.rules == ("exact", "birth_date_contradicts", "country_contradicts")


def test_screen__same_birth_date__lifts_a_family_name_to_an_alert() -> None:
    there = replace(party("Rami Makhlouf"), birth_dates=("1969-07-10",))
    assert Screener([there]).screen(Subject("Makhlouf", "person")) == ()
    (alert,) = Screener([there]).screen(Subject("Makhlouf", "person", "1969-07-10"))
    assert alert.rules[-1] == "birth_date_agrees"


@pytest.mark.parametrize(
    ("subject", "line"),
    [
        (Subject("Ivan", birth_date="1961-13-01"), "birth date: is no date; give YYYY-MM-DD, YYYY-MM or YYYY"),
        (Subject("Ivan", birth_date="2961"), "birth date: lies in the future; give a date in the past"),
        (Subject("Ivan", countries=("Russia",)), "country: is no code of ISO 3166-1; give two letters, such as DE"),
    ],
)
def test_screen__evidence_that_is_none__is_refused(subject: Subject, line: str) -> None:
    with pytest.raises(ScreeningError, match=re.escape(line)):
        Screener([]).screen(subject)


@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.01, float("nan")])
def test_screen__threshold_below_what_is_indexed__is_refused(threshold: float) -> None:
    with pytest.raises(ScreeningError, match=r"is not between 0\.56 and 1"):
        Screener([]).screen(Subject("Ivan"), threshold)


def test_subject__shown__hides_name_and_birth_date() -> None:
    shown = repr(Subject("Ivan Petrov", "person", "1961-04-02"))
    assert "Petrov" not in shown and "1961" not in shown


def test_page__its_rules__are_those_of_the_code() -> None:
    sources = (ROOT / "keepers/compliance/screening").glob("*.py")
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    page = (ROOT / "docs/screening.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+)`", page.split("## Rules")[1].split("## How")[0]))
    missing = {rule for rule in named if f'"{rule}"' not in text}
    assert not missing
    assert f"{score.DEFAULT_THRESHOLD} or more" in page


def test_compare__number_with_the_letters_of_a_word__is_not_that_word() -> None:
    # A word of an entity that begins with a nought is read as a number, which keeps a figure.
    number, word = entity("Auna 00alas Campo").parts[1], entity("Auna alas Campo").parts[1]
    assert (number.text, number.tag, word.text, word.tag) == ("0alas", "number", "alas", "word")
    assert found("Auna 0alas Campo", "Aunb alas Campo", "entity") is None
