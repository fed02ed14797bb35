"""The name of an entity, a vessel or an aircraft, taken apart: legal forms, generic words, numbers, countries."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA

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
_LETTERS_WITH_DIGITS = re.compile(r"(?=(?:\d*[a-z]){3})[a-z]+[01345789][a-z]+")
"""A digit that stands for a letter within a word: "R0sneft"."""
_SIGNS = (("&", " and "), ("+", " and "), ("%", " percent"))
_SIGN_WORDS = frozenset(word.strip() for _, word in _SIGNS)
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10}
_ACRONYM = 3
_SHORTEST_LEGAL_FORM = 3


@lru_cache(maxsize=65536)
def readings_of_entity(text: str) -> tuple[Name, ...]:
    """Takes the name of an entity apart; there is one way to read it.

    Raises:
        ScreeningError: If it is no name.
    """
    tokens, latin_only = _of_plain_words(text), True
    if not tokens:
        text = checked(text)
        tokens, latin_only = _tokens(text), is_latin(text)
    whole = "".join(tokens)
    tokens, legal = _without_legal_forms(tokens)
    known = words()
    if not known.stopwords.isdisjoint(tokens):
        tokens = [token for token in tokens if token not in known.stopwords] or tokens
    parts = _parts(tokens, text, latin_only)
    native = not latin_only and is_other_script(text)
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


def _of_plain_words(text: str) -> list[str]:
    """Returns the words of a name in ASCII; nothing for any other name."""
    tokens: list[str] = []
    if len(text) <= LONGEST:
        for word in text.split():
            found = _plain(word)
            if found is None:
                return []
            tokens += found
    # Signs that stand for words are no name.
    return tokens if not _SIGN_WORDS.issuperset(tokens) else []


@lru_cache(maxsize=65536)
def _plain(word: str) -> tuple[str, ...] | None:
    """Returns what stands for a word of ASCII between spaces: its neighbours do not matter to that."""
    return tuple(_tokens(word)) if word.isascii() and word.isprintable() else None


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


def _without_legal_forms(tokens: list[str]) -> tuple[list[str], frozenset[str]]:
    """Takes legal forms out, the longest first, wherever they stand; a word always stays."""
    forms = words().legal_forms
    read = list(map(_in_forms, tokens))
    kept: list[str] = []
    classes: set[str] = set()
    place, end = 0, len(tokens)
    while place < end:
        longest = read[place].longest
        if not longest:
            kept.append(tokens[place])
            place += 1
            continue
        for length in range(min(longest, end - place), 0, -1):
            # A misspelt word counts within a form of several words only: "Compan" alone may be a name.
            several = length > 1
            phrase = tuple([one.repaired for one in read[place : place + length]]) if several else (tokens[place],)
            form = forms.get(phrase)
            if form is not None and (kept or place + length < end):
                classes.add(form)
                place += length
                break
        else:
            kept.append(tokens[place])
            place += 1
    return (kept, frozenset(classes)) if kept else (tokens, frozenset(classes))


class _InForms(NamedTuple):
    """A word as a part of legal forms.

    Attributes:
        repaired: The word of a legal form that is meant, errors allowed, else the word itself.
        longest: Words of the longest legal form that begins with it; 0 if none does.
    """

    repaired: str
    longest: int


@lru_cache(maxsize=65536)
def _in_forms(token: str) -> _InForms:
    starts, repaired = words().legal_starts, _repaired(token)
    return _InForms(repaired, starts.get(repaired) or starts.get(token) or 0)


def _repaired(token: str) -> str:
    known = words().legal_words
    if token in known or len(token) < 4:
        return token
    return next((word for word in sorted(known) if OSA.distance(token, word, score_cutoff=1) <= 1), token)


def _parts(tokens: list[str], text: str, latin_only: bool) -> list[Part]:
    abjad = not latin_only and is_abjad(text)
    if len(tokens) == 1 and not latin_only and is_syllabic(text):
        return [Part(tokens[0], native=text.replace(" ", ""))]
    known = words()
    if known.country_words.isdisjoint(tokens):
        parts = [_part(token, False, abjad) for token in tokens[:-1]]
        parts.append(_part(tokens[-1], True, abjad))
        return _weighed(_numbers_joined(parts))
    countries, starts = known.countries, known.country_starts
    parts = []
    place, end = 0, len(tokens)
    while place < end:
        token = tokens[place]
        if token not in starts:
            place += 1
            parts.append(_part(token, place == end, abjad))
            continue
        for length in range(min(starts[token], end - place), 0, -1):
            country = countries.get(tuple(tokens[place : place + length]))
            if country is not None:
                parts.append(Part(country, weight=1.0, tag="country"))
                place += length
                break
        else:
            place += 1
            parts.append(_part(token, place == end, abjad))
    return _weighed(_numbers_joined(parts))


@lru_cache(maxsize=65536)
def _part(token: str, last: bool, abjad: bool) -> Part:
    number = words().numbers.get(token)
    if number is not None:
        return Part(str(number), tag="number")
    if any(map(str.isdigit, token)):
        if _LETTERS_WITH_DIGITS.fullmatch(token):
            return Part(token.translate(DIGITS), abjad=abjad)
        return Part((_ORDINAL.sub("", token)).lstrip("0") or "0", tag="number")
    if _ROMAN.fullmatch(token) and (last or len(token) > 1):
        return Part(str(_roman(token)), tag="number")
    generic = token in words().generic or (last and _is_nearly_legal(token))
    weight = GENERIC if generic else LIGHT if len(token) == 1 else 1.0
    return Part(token, weight=weight, abjad=abjad)


@lru_cache(maxsize=65536)
def _is_nearly_legal(token: str) -> bool:
    """Returns True for a last word that is a legal form but for one edit: "Limted"."""
    forms = (form[0] for form in words().legal_forms if len(form) == 1 and len(form[0]) >= _SHORTEST_LEGAL_FORM)
    return len(token) >= _SHORTEST_LEGAL_FORM and any(
        OSA.distance(token, form, score_cutoff=1) <= 1 for form in sorted(forms)
    )


def _roman(token: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in token]
    return sum(
        -value if place + 1 < len(values) and value < values[place + 1] else value for place, value in enumerate(values)
    )


def _numbers_joined(parts: list[Part]) -> list[Part]:
    """Joins "forty" and "four" to 44."""
    for _, _, _, tag, _ in parts:
        if tag == "number":
            break
    else:
        return parts
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
