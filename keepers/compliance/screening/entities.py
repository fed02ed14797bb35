"""The name of an entity, a vessel or an aircraft, taken apart: legal forms, generic words, numbers, countries."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from keepers.compliance.screening.errors import ScreeningError
from keepers.compliance.screening.parts import GENERIC, LIGHT, Name, Part, assembled
from keepers.compliance.screening.text import (
    DIGITS,
    LONGEST,
    checked,
    is_abjad,
    is_latin,
    is_other_script,
    is_syllabic,
    latin,
    words_in,
)
from keepers.compliance.screening.words import words

_DOTTED = re.compile(r"\b(?:[a-z]\.){2,}[a-z]?(?![a-z])")
_SLASHED = re.compile(r"\b([a-z])/([a-z])\b")
_ROMAN = re.compile(r"(?=[ivx])x{0,3}(?:ix|iv|v?i{0,3})")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)$")
_LEADING_ZEROS = re.compile(r"^0+(?=.*\d)")
_LETTERS_WITH_DIGITS = re.compile(r"(?=(?:\d*[a-z]){3})[a-z]+[01345789][a-z]+")
"""A digit that stands for a letter within a word: "R0sneft"."""
_SIGNS = (("&", " and "), ("+", " and "), ("%", " percent"))
_SIGN_WORDS = frozenset(word.strip() for _, word in _SIGNS)
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10}
_ACRONYM = 3
_SHORTEST_LEGAL_FORM = 3
_SHORTEST_REPAIRED = 4
_NO_FORMS: frozenset[str] = frozenset()
_CLASSES = {name: frozenset((name,)) for name in ("company", "nonprofit")}
_STOPS, _COUNTRY, _NUMBER, _TELLS = 1, 2, 4, 8
"""Traits of a word: an entity's name is the same if it is left out; a country's name begins with it; it is a number in
some place; none of these, and it tells entities apart in every place."""
_ANY = _STOPS | _COUNTRY | _NUMBER
"""Traits of words that nobody has looked at."""


class _Word(NamedTuple):
    """A word, and what it stands for whatever its neighbours are.

    Attributes:
        text: The word.
        longest: Words of the longest legal form that begins with it, errors allowed; 0 if none does.
        form: Class of the legal form that it is by itself; None if it is none.
        repaired: The word of a legal form that is meant, errors allowed, else the word itself.
        traits: Sum of `_STOPS`, `_COUNTRY`, `_NUMBER` and `_TELLS`, whichever are true of it.
        inner: The part that it is in front of others.
        last: The part that it is at the end.
    """

    text: str
    longest: int
    form: str | None
    repaired: str
    traits: int
    inner: Part
    last: Part


@lru_cache(maxsize=65536)
def readings_of_entity(text: str) -> tuple[Name, ...]:
    """Takes the name of an entity apart; there is one way to read it.

    Raises:
        ScreeningError: If it is no name.
    """
    found, native = _of_plain_words(text), False
    if found is not None:
        parts, legal, whole = _parts(found)
    else:
        text = checked(text)
        native = is_other_script(text)
        found = _words(_tokens(text), is_abjad(text))
        parts, legal, whole = _parts(found, text.replace(" ", "") if is_syllabic(text) else "")
    return (assembled(parts, False, native, legal, acronym=_acronym(parts), whole=whole),)


def _acronym(parts: list[Part]) -> str:
    """Returns the first letters of three words or more, else ""."""
    if len(parts) < _ACRONYM:
        return ""
    letters = "".join([part.text[0] for part in parts if part.tag != "number"])
    return letters if len(letters) >= _ACRONYM else ""


def entity(text: str) -> Name:
    """Takes the name of an entity apart."""
    return readings_of_entity(text)[0]


def _of_plain_words(text: str) -> list[_Word] | None:
    """Returns the words of a name in Latin letters; None for any other name."""
    if len(text) > LONGEST:
        return None
    found: list[_Word] = []
    for word in text.split():
        plain = _plain(word)
        if plain is None:
            return None
        found += plain
    # Signs that stand for words are no name.
    return None if not found or (found[0].text in _SIGN_WORDS and _are_signs(found)) else found


def _are_signs(found: list[_Word]) -> bool:
    return _SIGN_WORDS.issuperset([word.text for word in found])


@lru_cache(maxsize=65536)
def _plain(word: str) -> tuple[_Word, ...] | None:
    """Returns what stands for a Latin word between spaces: its neighbours do not matter to that."""
    if not word.isascii():
        try:
            word = checked(word)
        except ScreeningError:
            return None
        if not is_latin(word) or " " in word:
            return None
    return tuple(_words(_tokens(word), abjad=False)) if word.isprintable() else None


def _words(tokens: list[str], abjad: bool) -> list[_Word]:
    return [_word(token, abjad) for token in tokens]


@lru_cache(maxsize=65536)
def _word(token: str, abjad: bool) -> _Word:
    known, repaired = words(), _repaired(token)
    longest = known.legal_starts.get(repaired) or known.legal_starts.get(token) or 0
    inner, last = _part(token, False, abjad), _part(token, True, abjad)
    traits = 0
    if token in known.stopwords:
        traits += _STOPS
    if token in known.country_words:
        traits += _COUNTRY
    if "number" in (inner.tag, last.tag):
        traits += _NUMBER
    if not traits and inner.weight >= 1 and last.weight >= 1:
        traits = _TELLS
    return _Word(token, longest, known.legal_forms.get((token,)), repaired, traits, inner, last)


def _tokens(text: str) -> list[str]:
    if not text.isascii():
        text = latin(text)
    if not text.replace(" ", "").isalnum():
        text = _without_signs(text.lower())
    known, tokens = words(), words_in(text)
    if known.abbreviated.isdisjoint(tokens):
        return tokens
    return [known.abbreviations.get(token, token) for token in tokens]


def _without_signs(text: str) -> str:
    """Joins dotted letters and letters with a stroke between them, and writes signs as words."""
    if text.count(".") > 1:
        text = _DOTTED.sub(lambda found: found[0].replace(".", ""), text)
    if "/" in text:
        text = _SLASHED.sub(r"\1\2", text)
    for sign, word in _SIGNS:
        if sign in text:
            text = text.replace(sign, word)
    return text


def _without_legal_forms(found: list[_Word]) -> tuple[list[_Word], list[Part], frozenset[str], int, str]:
    """Takes legal forms out, wherever they stand; a word always stays.

    Returns the words that are left, their parts in front of others, the classes of the legal forms, the traits of what
    is left, and the letters of all words.
    """
    kept: list[_Word] = []
    parts: list[Part] = []
    legal, traits, after, whole = _NO_FORMS, 0, 0, ""
    for place, word in enumerate(found):
        text, longest, _, _, trait, inner, _ = word
        whole += text
        if place < after:
            continue
        if longest:
            room = len(found) - place if kept else len(found) - place - 1
            length, form = _legal_form(found, place, min(longest, room))
            if length:
                legal |= form
                after = place + length
                continue
        kept.append(word)
        parts.append(inner)
        traits |= trait
    return (kept, parts, legal, traits, whole) if kept else (found, parts, legal, _ANY, whole)


def _legal_form(found: list[_Word], place: int, most: int) -> tuple[int, frozenset[str]]:
    """Returns the number of words of the longest legal form at a place and its class; no words if there is none."""
    forms = words().legal_forms
    for length in range(most, 1, -1):
        # A misspelt word counts within a form of several words only: "Compan" alone may be a name.
        form = forms.get(tuple([word.repaired for word in found[place : place + length]]))
        if form is not None:
            return length, _CLASSES[form]
    form = found[place].form if most else None
    return (0, _NO_FORMS) if form is None else (1, _CLASSES[form])


def _repaired(token: str) -> str:
    if len(token) < _SHORTEST_REPAIRED or token in words().legal_words:
        return token
    return _but_for_an_edit(token, _long_legal_words()) or token


def _but_for_an_edit(token: str, known: tuple[str, ...]) -> str | None:
    """Returns the first of the known words that are within one edit of a word; None if none is."""
    nearest = process.extractOne(token, known, scorer=OSA.distance, score_cutoff=1)
    return None if nearest is None else nearest[0]


@cache
def _long_legal_words() -> tuple[str, ...]:
    return tuple(sorted(words().legal_words))


@cache
def _single_legal_forms() -> tuple[str, ...]:
    forms = words().legal_forms
    return tuple(sorted(form[0] for form in forms if len(form) == 1 and len(form[0]) >= _SHORTEST_LEGAL_FORM))


def _parts(found: list[_Word], syllables: str = "") -> tuple[list[Part], frozenset[str], str]:
    """Returns the parts of a name, the classes of the legal forms that it names, and the letters of all its words."""
    kept, parts, legal, traits, whole = _without_legal_forms(found)
    if traits == _TELLS and not syllables:
        parts[-1] = kept[-1].last
        return parts, legal, whole
    if traits & _STOPS:
        kept = [word for word in kept if not word.traits & _STOPS] or kept
    if syllables and len(kept) == 1:
        return [Part(kept[0].text, native=syllables)], legal, whole
    parts = _with_countries(kept) if traits & _COUNTRY else [*[word.inner for word in kept[:-1]], kept[-1].last]
    if traits & _NUMBER:
        parts = _weighed(_numbers_joined(parts))
    elif not traits & _TELLS:
        parts = _weighed(parts)
    return parts, legal, whole


def _with_countries(kept: list[_Word]) -> list[Part]:
    """Returns the parts of words some of which may name a country."""
    countries, starts = words().countries, words().country_starts
    tokens = [word.text for word in kept]
    parts: list[Part] = []
    place, end = 0, len(tokens)
    while place < end:
        for length in range(min(starts.get(tokens[place], 0), end - place), 0, -1):
            country = countries.get(tuple(tokens[place : place + length]))
            if country is not None:
                parts.append(Part(country, weight=1.0, tag="country"))
                place += length
                break
        else:
            word = kept[place]
            place += 1
            parts.append(word.last if place == end else word.inner)
    return parts


def _part(token: str, last: bool, abjad: bool) -> Part:
    number = words().numbers.get(token)
    if number is not None:
        return Part(str(number), tag="number")
    if any(map(str.isdigit, token)):
        if _LETTERS_WITH_DIGITS.fullmatch(token):
            return Part(token.translate(DIGITS), abjad=abjad)
        # A figure always stays, so that no word has the text of a number.
        return Part(_LEADING_ZEROS.sub("", _ORDINAL.sub("", token)), tag="number")
    if _ROMAN.fullmatch(token) and (last or len(token) > 1):
        return Part(str(_roman(token)), tag="number")
    generic = token in words().generic or (last and _is_nearly_legal(token))
    weight = GENERIC if generic else LIGHT if len(token) == 1 else 1.0
    return Part(token, weight=weight, abjad=abjad)


def _is_nearly_legal(token: str) -> bool:
    """Returns True for a last word that is a legal form but for one edit: "Limted"."""
    return len(token) >= _SHORTEST_LEGAL_FORM and _but_for_an_edit(token, _single_legal_forms()) is not None


def _roman(token: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in token]
    return sum(
        -value if place + 1 < len(values) and value < values[place + 1] else value for place, value in enumerate(values)
    )


def _numbers_joined(parts: list[Part]) -> list[Part]:
    """Joins "forty" and "four" to 44."""
    joined: list[Part] = []
    for part in parts:
        before = joined[-1].text if joined and joined[-1].tag == "number" else ""
        tens = before.isdigit() and 20 <= int(before) <= 90 and int(before) % 10 == 0
        unit = int(part.text) if part.tag == "number" and part.text.isdigit() else words().ordinals.get(part.text, 0)
        if tens and 1 <= unit <= 9:
            joined[-1] = Part(str(int(before) + unit), tag="number")
        else:
            joined.append(part)
    return joined


def _weighed(parts: list[Part]) -> list[Part]:
    """Where nothing but generic words is left, they are the name."""
    for part in parts:
        if part.weight >= 1 and part.tag not in ("number", "country"):
            return parts
    return [part._replace(weight=1.0) for part in parts]
