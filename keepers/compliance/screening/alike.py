"""Judges whether two parts of names are the same part, and how sure that is: pure, symmetric, without any list.

`cost` is what the index searches for, so each way in which two parts can be alike has to be found by `Vocabulary`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from rapidfuzz.distance import OSA

from keepers.compliance.screening.arabic import canonical
from keepers.compliance.screening.parts import Part
from keepers.compliance.screening.words import words

Way = Literal["same", "spelling", "sound", "initial", "nickname", "number"]
"""How two parts are alike; "number": two numbers that differ."""

EDITS = 2
"""The most letters added, left out, changed or exchanged with their neighbour within a part."""
_TWO_EDITS_FROM = {True: 6, False: 8}
_ONE_EDIT_FROM = {True: 3, False: 4}
"""Letters of the longer part from which so many edits are an error and not another name; person or not."""
_NATIVE_FROM = 5
"""Letters from which a transliterated Chinese, Japanese or Korean part may differ from a part in Latin letters."""
_SOUNDS = 3
"""Consonants from which their agreement says something."""


class Likeness(NamedTuple):
    """How two parts are alike.

    Attributes:
        cost: Deduction in edits.
        way: How they are alike.
    """

    cost: float
    way: Way


SAME = Likeness(0.0, "same")
_SOUND = Likeness(0.5, "sound")
"""Half an edit: another way of writing the same sounds."""
_ABJAD = Likeness(1.0, "sound")
_INITIAL = Likeness(1.0, "initial")
_NICKNAME = Likeness(1.0, "nickname")
_NUMBER = Likeness(0.0, "number")
_CLASSES = {
    **dict.fromkeys("bp", "p"),
    **dict.fromkeys("dt", "t"),
    **dict.fromkeys("fv", "f"),
    **dict.fromkeys("gkqc", "k"),
    **dict.fromkeys("jszx", "s"),
    **{letter: letter for letter in "lmnr"},
}


_ROMANISED = {"ou": "u", "oo": "u", "ee": "i", "ph": "f", "x": "ks", "w": "v", "y": "i", "j": "i"}
_WRITTEN = {
    **dict.fromkeys(("ch", "sh", "zh", "ts", "tz"), "s"),
    **dict.fromkeys(("kh", "gh"), "k"),
    **dict.fromkeys(("th", "dh"), "t"),
    "ph": "f",
}


@lru_cache(maxsize=262144)
def sound(text: str) -> str:
    """Returns the classes of a part's consonants, once where they are doubled; "" if there are too few of them.

    Classes join what transliterations exchange: b and p, d and t, s and z, sh, ch and zh, v and w.
    """
    said = _consonants(text)
    return said if len(said) >= _SOUNDS else ""


def _consonants(text: str) -> str:
    if text[:1] == "w":
        text = f"v{text[1:]}"
    for written, said in _WRITTEN.items():
        text = text.replace(written, said)
    found = before = ""
    for letter in text:
        code = _CLASSES.get(letter, "")
        if code != before:
            found += code
        before = code
    return found


@lru_cache(maxsize=262144)
def skeleton(text: str) -> str:
    """Returns the classes of a part's consonants, a repeated one once even if a vowel stood between.

    It is what can be compared where one side is written without vowels.
    """
    found = ""
    for code in _consonants(text):
        if not found.endswith(code):
            found += code
    return found


@lru_cache(maxsize=262144)
def romanised(text: str) -> str:
    """Returns a part with one spelling for letters that systems of transliteration write in several ways.

    y and j become i, w becomes v, ou and oo become u, ee becomes i, and doubled letters become one: "Yuriy", "Iurii"
    and "Jurij" are the same.
    """
    text = canonical(text)
    for written, said in _ROMANISED.items():
        text = text.replace(written, said)
    return "".join(letter for letter, before in zip(text, f" {text}", strict=False) if letter != before)


def budget(longer: int, person: bool) -> int:
    """Returns the edits that are allowed between two parts, from the letters of the longer one."""
    if longer >= _TWO_EDITS_FROM[person]:
        return EDITS
    return 1 if longer >= _ONE_EDIT_FROM[person] else 0


def is_same(a: Part, b: Part) -> bool:
    """Returns True if two parts are equal; in their own script, if both have one."""
    text, native, _, tag, _ = a
    other, other_native, _, other_tag, _ = b
    if native and other_native:
        return native == other_native
    return text == other and (tag == "number") == (other_tag == "number")


def alike(a: Part, b: Part, person: bool) -> Likeness | None:
    """Returns how two parts are alike; None if they are not."""
    return SAME if is_same(a, b) else resembling(a, b, person)


def resembling(a: Part, b: Part, person: bool) -> Likeness | None:
    """Returns how two parts that are not equal are alike; None if they are not."""
    text, native, _, tag, abjad = a
    other, other_native, _, other_tag, other_abjad = b
    if native or other_native:
        if native and other_native:
            return None
        if max(len(text), len(other)) < _NATIVE_FROM:
            return None
    if tag != "word" or other_tag != "word":
        if tag == other_tag == "number":
            return _NUMBER
        if tag == "number" or other_tag == "number" or tag == other_tag == "country":
            return None
        if tag == "initial" or other_tag == "initial":
            return _initials(a, b, person)
    if not person and abjad == other_abjad and not -EDITS <= len(text) - len(other) <= EDITS:
        return None
    return _words(text, other, person, abjad != other_abjad)


def _initials(a: Part, b: Part, person: bool) -> Likeness | None:
    if a.tag == b.tag:
        return None
    return _INITIAL if person and a.text[0] == b.text[0] else None


@lru_cache(maxsize=262144)
def _words(a: str, b: str, person: bool, one_abjad: bool) -> Likeness | None:
    if person and romanised(a) == romanised(b):
        return _SOUND
    edits = OSA.distance(a, b, score_cutoff=EDITS)
    if one_abjad and len(skeleton(a)) >= _SOUNDS and skeleton(a) == skeleton(b):
        return _ABJAD if edits > 1 else _SOUND
    if edits <= budget(max(len(a), len(b)), person):
        if sound(a) and sound(a) == sound(b):
            return _SOUND
        return Likeness(float(edits), "spelling")
    if person and (a, b) in words().nicknames:
        return _NICKNAME
    return None
