"""The words of `words.yaml`, in the shapes that the other modules ask for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from keepers.yamlfile import read_mapping

Phrase = tuple[str, ...]


class Words(NamedTuple):
    """Everything that `words.yaml` holds.

    Attributes:
        titles: Titles in front of a person's name.
        titles_before_two: Titles that are names too.
        titles_behind: Titles that stand behind a name as well.
        titles_anywhere: Those of them that are no name anywhere.
        suffixes: Suffix behind it, such as "jr".
        edges: Everything that is taken from the ends of a person's name.
        asides: These and the particles: what no part of a person's name is made of.
        particles: Words that join its parts.
        particles_or_names: The particles that may be a name where they open one.
        fathers: The particles behind which the father's name stands.
        common_parts: Parts that tell few people apart.
        stopwords: Words that an entity's name is the same without.
        generic: Words that tell few entities apart.
        abbreviations: Short form to long form.
        abbreviated: The short forms alone.
        legal_forms: Words of a legal form to its class, "company" or "nonprofit".
        legal_words: The words of legal forms that are long enough to be recognised with an error in them.
        legal_starts: First words of legal forms to the words of the longest one that begins so.
        numbers: Number word to number, ordinals from the eleventh on too.
        ordinals: Ordinals up to the tenth.
        nicknames: Pairs of a short and a long form, in both orders.
        east_asian_families: Family names of China and Korea in Latin letters.
        countries: Words of a country's name to its name in one word.
        country_starts: First words of countries' names likewise.
        country_words: Those words alone.
    """

    titles: frozenset[str]
    titles_before_two: frozenset[str]
    titles_behind: frozenset[str]
    titles_anywhere: frozenset[str]
    suffixes: frozenset[str]
    edges: frozenset[str]
    asides: frozenset[str]
    particles: frozenset[str]
    particles_or_names: frozenset[str]
    fathers: frozenset[str]
    common_parts: frozenset[str]
    stopwords: frozenset[str]
    generic: frozenset[str]
    abbreviations: dict[str, str]
    abbreviated: frozenset[str]
    legal_forms: dict[Phrase, str]
    legal_words: frozenset[str]
    legal_starts: dict[str, int]
    numbers: dict[str, int]
    ordinals: dict[str, int]
    nicknames: frozenset[tuple[str, str]]
    east_asian_families: frozenset[str]
    countries: dict[Phrase, str]
    country_starts: dict[str, int]
    country_words: frozenset[str]


@cache
def words() -> Words:
    """Reads `words.yaml` once."""
    data = read_mapping(Path(__file__).with_name("words.yaml"))
    sets = {
        name: frozenset(data[name].split())
        for name in (
            *(
                "titles",
                "titles_before_two",
                "titles_behind",
                "titles_anywhere",
                "suffixes",
                "particles",
                "particles_or_names",
                "fathers",
                "common_parts",
                "stopwords",
            ),
            *("generic", "east_asian_families"),
        )
    }
    legal = {tuple(form.split()): name for name, forms in data["legal_forms"].items() for form in forms.split("|")}
    countries = _countries(data["countries"])
    pairs = [pair.split(":") for pair in data["nicknames"].split()]
    titles = sets["titles"] | sets["titles_before_two"] | sets["titles_behind"] | sets["titles_anywhere"]
    edges = titles | sets["suffixes"] | {form[0] for form in legal if len(form) == 1}
    starts = _starts(countries)
    abbreviations = {str(short): str(long) for short, long in data["abbreviations"].items()}
    return Words(
        **sets,
        edges=edges,
        asides=edges | sets["particles"],
        abbreviations=abbreviations,
        abbreviated=frozenset(abbreviations),
        legal_forms=legal,
        legal_words=frozenset(word for form in legal for word in form if len(word) >= _RECOGNISABLE),
        legal_starts=_starts(legal),
        numbers=dict(data["number_words"]) | {word: n for word, n in data["ordinal_words"].items() if n > _WORDS_UP_TO},
        ordinals={word: n for word, n in data["ordinal_words"].items() if n <= _WORDS_UP_TO},
        nicknames=frozenset((a, b) for short, long in pairs for a, b in ((short, long), (long, short))),
        countries=countries,
        country_starts=starts,
        country_words=frozenset(starts),
    )


_RECOGNISABLE = 5
_WORDS_UP_TO = 10


def _starts(phrases: Iterable[Phrase]) -> dict[str, int]:
    found: dict[str, int] = {}
    for phrase in phrases:
        found[phrase[0]] = max(found.get(phrase[0], 0), len(phrase))
    return found


def _countries(data: dict[str, str | None]) -> dict[Phrase, str]:
    found: dict[Phrase, str] = {}
    for name, others in data.items():
        one_word = name.replace(" ", "")
        for phrase in (name, one_word, *(others or "").split()):
            found[tuple(phrase.split())] = one_word
    return found
