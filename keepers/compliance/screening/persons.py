"""The name of a person, taken apart: titles, particles, "servant of", initials, Chinese and Korean order."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from keepers.compliance.screening.arabic import FAITH_WORDS, apart, canonical, is_light
from keepers.compliance.screening.errors import ScreeningError
from keepers.compliance.screening.parts import LIGHT, Name, Part, assembled
from keepers.compliance.screening.text import (
    DIGITS,
    LONGEST,
    SERVANT,
    checked,
    folded,
    is_abjad,
    is_greek,
    is_han,
    is_other_script,
    is_syllabic,
    latin,
    words_in,
)
from keepers.compliance.screening.words import words

_ASSIMILATED = re.compile(r"(?<!\w)(?:ad|adh|an|ar|as|ash|at|az|ed|el|er|es)-(?=\w{2})", re.IGNORECASE)
_CAPITALS = re.compile(r"\b[B-DF-HJ-NP-TV-XZ]{2,3}\b")
_PATRONYMIC = re.compile(r"\w{3,}(?:[oe]vi(?:ch|tch|c|ts|cz)|[oe]vna|[yi]chna|inichna|ogly|oglu|uulu|kyzy|qizi)")
_SYLLABLE = re.compile(r"[bcdfghjklmnpqrstwxyz]{0,3}[aeiouyw]{1,3}(?:ng|n|k|l|m|p|t|r|h|b)?")
_Script = Literal["latin", "abjad", "greek", "other"]
_EAST_ASIAN = 3
"""Parts of a name that may be a Chinese or Korean one in Latin letters."""
_ARTICLES = frozenset(("al", "el", "ul"))
_GIVEN = {2: 1, 3: 1, 4: 2}
"""Characters of the family name in a Chinese or Japanese name of so many characters."""


@lru_cache(maxsize=65536)
def readings_of_person(text: str) -> tuple[Name, ...]:
    """Takes the name of a person apart, in each way in which it may be read.

    There are two ways where either end of a Chinese or Korean name may be the family name: "Jang Su Han".

    Raises:
        ScreeningError: If it is no name.
    """
    plain = _of_plain_words(text)
    if plain is not None:
        return plain
    text = checked(text)
    native = is_other_script(text)
    if is_syllabic(text):
        return (assembled(_syllabic(text), person=True, native=True),)
    return _readings(text, _tokens(text), native, is_abjad(text))


def _readings(text: str, tokens: list[str], native: bool, abjad: bool) -> tuple[Name, ...]:
    """Returns the names that a text's words are read as."""
    parts, fathers = _parts(_without_edges(tokens), abjad)
    ways = _east_asian(parts, family_first="," in text) if len(parts) == _EAST_ASIAN else [parts]
    return tuple([assembled(way, True, native, fathers=fathers) for way in ways])


def person(text: str) -> Name:
    """Takes the name of a person apart, in the first of its readings."""
    return readings_of_person(text)[0]


class _Plain(NamedTuple):
    """A word that is read by itself.

    Attributes:
        kind: Its script; "aside" if it holds a title, a particle or a legal form, because its neighbours then say
            whether that is a part.
        parts: The parts that it stands for, if it is not set aside.
        texts: Their texts.
        weight: Sum of their weights.
        tokens: Its words in small Latin letters.
        script: Script that it is written in, as far as that matters.
    """

    kind: _Script | Literal["aside"]
    parts: tuple[Part, ...]
    texts: tuple[str, ...]
    weight: float
    tokens: list[str]
    script: _Script


def _of_plain_words(text: str) -> tuple[Name, ...] | None:
    """Returns the readings of a name all of whose words are plain and in one script; None for any other name."""
    if len(text) > LONGEST:
        return None
    parts: list[Part] = []
    texts: list[str] = []
    weight, written = 0.0, ""
    for word in text.split():
        plain = _plain(word)
        if plain is None:
            return None
        kind, of_word, texts_of_word, tells, _, _ = plain
        if kind != written:
            if kind == "aside":
                return _beside_asides(text)
            if written:
                return None
            written = kind
        parts += of_word
        texts += texts_of_word
        weight += tells
    native = written != "latin"
    if len(parts) == _EAST_ASIAN and not words().east_asian_families.isdisjoint(texts):
        ways = _east_asian(parts, family_first="," in text)
        return tuple([assembled(way, True, native) for way in ways])
    if not parts:
        return None
    return (Name(True, tuple(parts), weight, "".join(texts), tuple(texts), native=native),)


def _beside_asides(text: str) -> tuple[Name, ...] | None:
    """Does the same for a name with words that are set aside."""
    tokens: list[str] = []
    scripts: set[_Script] = set()
    for word in text.split():
        plain = _plain(word)
        if plain is None:
            return None
        tokens += plain.tokens
        scripts.add(plain.script)
    if len(scripts) > 1:
        return None
    return _readings(text, tokens, native="latin" not in scripts, abjad="abjad" in scripts)


@lru_cache(maxsize=65536)
def _plain(word: str) -> _Plain | None:
    """Returns what a word between spaces is taken apart into; None if that depends on its neighbours.

    Names have most of their words in common, so that most are known. It depends on the neighbours where a word may be
    initials, an assimilated article or "servant of", and where it holds figures or characters that stand for syllables.
    """
    try:
        word = checked(word)
    except ScreeningError:
        return None
    if _ASSIMILATED.search(word) or _CAPITALS.search(word) or is_syllabic(word):
        return None
    script = _script(word)
    tokens = words_in(latin(word))
    if not "".join(tokens).isalpha() or (script != "latin" and (" " in word or word.endswith(SERVANT))):
        return None
    named = _without_article(tokens)
    parts = tuple([part for token in named for part in _parts_of(token, script == "abjad")])
    texts, weight = tuple([part.text for part in parts]), sum([part.weight for part in parts])
    kind: _Script | Literal["aside"] = script if words().asides.isdisjoint(named) else "aside"
    return _Plain(kind, parts, texts, weight, tokens, script)


def _script(word: str) -> _Script:
    if not is_other_script(word):
        return "latin"
    return "abjad" if is_abjad(word) else "greek" if is_greek(word) else "other"


def _without_article(tokens: list[str]) -> list[str]:
    """Takes off an article that is written together with the name behind it: "al-Assad". It is no part anywhere."""
    known = words()
    if len(tokens) > 1 and tokens[0] in _ARTICLES - known.particles_or_names and tokens[1] not in FAITH_WORDS:
        return tokens[1:]
    return tokens


def _tokens(text: str) -> list[str]:
    """Words in lower case without punctuation; capitals without vowels among small letters are initials."""
    if "-" in text:
        text = _ASSIMILATED.sub("al ", text)
    # A text in capitals has no small letters, and one whose words begin with one has no two capitals side by side.
    if not text.isupper() and not text.istitle() and any(map(str.islower, text)):
        text = _CAPITALS.sub(_initials, text)
    found = words_in(text if text.isascii() else latin(text))
    if "".join(found).isalpha():
        return found
    tokens = [
        token.translate(DIGITS) if any(map(str.isdigit, token)) else token for token in found if not token.isdigit()
    ]
    return tokens or found


def _initials(found: re.Match[str]) -> str:
    return found[0] if (found[0].lower(),) in words().legal_forms else " ".join(found[0])


def _without_edges(tokens: list[str]) -> list[str]:
    """Takes titles from both ends, suffixes and legal forms from the end; a word always stays."""
    known = words()
    if known.edges.isdisjoint(tokens):
        return tokens
    tokens = [token for token in tokens if token not in known.titles_anywhere] or tokens
    while len(tokens) > 1 and (tokens[0] in known.titles or (len(tokens) > 2 and tokens[0] in known.titles_before_two)):
        tokens = tokens[1:]
    while len(tokens) > 1 and tokens[-1] in known.titles_behind:
        tokens = tokens[:-1]
    while len(tokens) > 2 and (tokens[-1] in known.suffixes or (tokens[-1],) in known.legal_forms):
        if tokens[-1] in known.east_asian_families:
            break
        tokens = tokens[:-1]
    return tokens


def _parts(tokens: list[str], abjad: bool) -> tuple[list[Part], frozenset[tuple[str, str]]]:
    """The parts, and who is named as whose child."""
    known = words()
    parts: list[Part] = []
    fathers: set[tuple[str, str]] = set()
    child = ""
    for place, token in enumerate(tokens):
        last = place == len(tokens) - 1
        if token in known.particles and _is_particle(token, place, last):
            if token in known.fathers and parts:
                child = canonical(parts[-1].text)
            continue
        if token in FAITH_WORDS and parts and tokens[place - 1] in known.particles:
            parts.append(_part(f"{parts.pop().text}din", abjad))
            continue
        for part in _parts_of(token, abjad):
            parts.append(part)
            if child and canonical(part.text) not in ("abdul", "abu"):
                if child != canonical(part.text):
                    fathers.add((child, canonical(part.text)))
                child = ""
    return parts or [_part(token, abjad) for token in tokens], frozenset(fathers)


@lru_cache(maxsize=65536)
def _parts_of(token: str, abjad: bool) -> tuple[Part, ...]:
    """The parts that a word stands for: names have most of their words in common."""
    return tuple([_part(text, abjad) for text in apart(token)])


def _is_particle(token: str, place: int, last: bool) -> bool:
    if last:
        return token in _ARTICLES
    return bool(place) or token not in words().particles_or_names


def _part(text: str, abjad: bool) -> Part:
    if len(text) == 1:
        return Part(text, weight=LIGHT, tag="initial")
    light = is_light(text) or text in words().common_parts or _PATRONYMIC.fullmatch(text)
    return Part(text, weight=LIGHT if light else 1.0, abjad=abjad)


def _east_asian(parts: list[Part], family_first: bool) -> list[list[Part]]:
    """Joins two of three syllables behind or before a Chinese or Korean family name: they are one given name."""
    families = words().east_asian_families
    first, second, third = parts
    if first.text not in families and third.text not in families:
        return [parts]
    if any(part.tag != "word" for part in parts):
        return [parts]
    ways = []
    if first.text in families and _are_syllables(second, third):
        ways.append([first, Part(second.text + third.text)])
    if third.text in families and _are_syllables(first, second) and not (family_first and ways):
        ways.append([Part(first.text + second.text), third])
    return ways or [parts]


def _are_syllables(*parts: Part) -> bool:
    return all(_SYLLABLE.fullmatch(part.text) for part in parts)


def _syllabic(text: str) -> list[Part]:
    """A name in Chinese characters, Hangul or kana: the family name stands first where nothing sets it apart."""
    pieces = [piece for piece in re.split(r"[\s,.\u00b7\u30fb\u3000=-]+", text) if piece]
    if len(pieces) == 1:
        whole = pieces[0]
        cut = _GIVEN.get(len(whole), 0) if is_han(whole) or len(whole) <= 3 else 0
        pieces = [whole[:cut], whole[cut:]] if cut else [whole]
    parts = []
    for piece in pieces:
        letters = folded(piece).replace(" ", "")
        if letters:
            parts.append(Part(letters, native=piece if is_syllabic(piece) else ""))
    return parts
