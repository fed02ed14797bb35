"""Names that belong to nobody: a list to screen against, ways in which names are written, and ordinary names.

They come from Faker's name tables (MIT licence). A list's locales and those of ordinary names differ, so that an alert
on an ordinary name is false.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Sequence

from faker import Faker

from keepers.compliance.lists.records import ListedName, ListedParty

LISTED_LOCALES = ("ar_AA", "fa_IR", "ru_RU", "uk_UA", "zh_CN", "ko_KR", "tr_TR", "az_AZ", "es_CO", "hi_IN", "el_GR")
ENTITY_LOCALES = ("ru_RU", "tr_TR", "es_CO", "fa_IR", "zh_CN", "it_IT")
ORDINARY_LOCALES = ("en_US", "de_DE", "fr_FR", "it_IT", "nl_NL", "pl_PL", "sv_SE", "pt_BR", "fi_FI", "ja_JP")
_ICAO = "a b v g d e zh z i i k l m n o p r s t u f kh ts ch sh shch ie y _ e iu ia e i i ie g"
_ELOT = "a v g d e z i th i k l m n x o p r s s t y f ch ps o"
CYRILLIC = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґ",
        _ICAO.split(),
        strict=True,
    )
)
"""ICAO Doc 9303 part 3: what passports print. The project's own transliteration is another table."""
GREEK = dict(zip("αβγδεζηθικλμνξοπρσςτυφχψω", _ELOT.split(), strict=True))
GREEK_PAIRS = {"ου": "ou", "γγ": "ng", "γξ": "nx", "γχ": "nch"}
GREEK_BEFORE = (
    (re.compile(r"αυ(?=[θκξπστφχψς]|\b)"), "af"),
    (re.compile(r"ευ(?=[θκξπστφχψς]|\b)"), "ef"),
    (re.compile(r"αυ"), "av"),
    (re.compile(r"ευ"), "ev"),
    (re.compile(r"\bμπ|μπ\b"), "b"),
)
"""ELOT 743, which Greek passports follow."""
GREEK_MARKS = str.maketrans("άέήίόύώϊϋΐΰ", "αεηιουωιυιυ")
SEED = 20_260_228


def persons(count: int, locales: Sequence[str] = LISTED_LOCALES, seed: int = SEED) -> list[str]:
    """Different names of persons."""
    return _different(Faker(list(locales)), seed, count, lambda faker: str(faker.name()))


def entities(count: int, locales: Sequence[str] = ENTITY_LOCALES, seed: int = SEED) -> list[str]:
    """Different names of companies."""
    return _different(Faker(list(locales)), seed, count, lambda faker: str(faker.company()))


def _different(faker: Faker, seed: int, count: int, make: Callable[[Faker], str]) -> list[str]:
    faker.seed_instance(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found[make(faker)] = None
    return list(found)


def the_list(names: int) -> list[ListedParty]:
    """Parties with so many names in all, five of eight of them persons'."""
    of_persons = names * 5 // 8
    listed = [
        *((name, "person") for name in persons(of_persons)),
        *((name, "entity") for name in entities(names - of_persons)),
    ]
    return [
        ListedParty("made", str(number), kind, (ListedName(name, "primary"),))  # type: ignore[arg-type]
        for number, (name, kind) in enumerate(listed)
    ]


def transliterated(name: str) -> str:
    """A Cyrillic or Greek name as a passport prints it in Latin letters."""
    text = name.lower().translate(GREEK_MARKS)
    for pattern, latin in GREEK_BEFORE:
        text = pattern.sub(latin, text)
    for pair, latin in GREEK_PAIRS.items():
        text = text.replace(pair, latin)
    text = "".join(CYRILLIC.get(letter, GREEK.get(letter, letter)) for letter in text)
    return text.replace("_", "").title()


def edited(name: str, chance: random.Random) -> str:
    """A name with a letter added, left out or changed, or two neighbours exchanged; spaces stay."""
    while True:
        place = chance.randrange(len(name))
        if not name[place].isalpha():
            continue
        letter = chance.choice(string.ascii_lowercase)
        way = chance.randrange(4)
        if way == 0:
            return name[:place] + letter + name[place:]
        if way == 1:
            return name[:place] + name[place + 1 :]
        if way == 2 and name[place].lower() != letter:
            return name[:place] + letter + name[place + 1 :]
        following = name[place + 1 : place + 2]
        if way == 3 and following.isalpha() and following != name[place]:
            return name[:place] + following + name[place] + name[place + 2 :]


def reordered(name: str, chance: random.Random) -> str:
    """A name with family and given names exchanged: at its comma, or its last word in front or its first behind."""
    family, comma, given = name.partition(", ")
    if comma:
        return f"{given} {family}"
    words = name.split()
    if len(words) < 2:
        return name
    if chance.random() < 0.5:
        return f"{words[-1]}, {' '.join(words[:-1])}"
    return " ".join(words[1:] + words[:1])
