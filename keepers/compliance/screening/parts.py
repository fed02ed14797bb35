"""A name taken apart: what counts, how much, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Tag = Literal["word", "initial", "number", "country"]

LIGHT = 0.5
"""Weight of a person's part that tells few people apart."""
GENERIC = 0.25
"""Weight of an entity's word that tells few entities apart."""


class Part(NamedTuple):
    """A part of a name.

    Attributes:
        text: Latin letters and digits.
        native: The part in its own script if that writes words or syllables (Chinese, Korean, Japanese), else "".
        weight: How much it tells, at most 1.
        tag: Role of the part.
        abjad: True if it comes from a script without most vowels.
    """

    text: str
    native: str = ""
    weight: float = 1.0
    tag: Tag = "word"
    abjad: bool = False


@dataclass(slots=True)
class Name:
    """A name taken apart.

    Attributes:
        person: True if it was read as a person's.
        parts: Its parts, in order.
        weight: Sum of the parts' weights.
        joined: Letters of the parts in order, without space.
        order: Texts of the parts, in order.
        legal: Classes of the legal forms that it names.
        fathers: Pairs of texts (child, father) that a word such as "bin" stands between.
        acronym: First letters of an entity's words, three at least, else "".
        whole: Letters of an entity's name with its legal forms and stopwords, without space; "" for persons.
        letters: An entity's only word beside countries, which may be an acronym; None if there are several.
        native: True if the original was written in other letters than Latin ones.
    """

    person: bool
    parts: tuple[Part, ...]
    weight: float
    joined: str
    order: tuple[str, ...]
    legal: frozenset[str] = frozenset()
    fathers: frozenset[tuple[str, str]] = frozenset()
    acronym: str = ""
    letters: str | None = None
    whole: str = ""
    native: bool = False


def assembled(
    parts: list[Part],
    person: bool,
    native: bool,
    legal: frozenset[str] = frozenset(),
    fathers: frozenset[tuple[str, str]] = frozenset(),
    acronym: str = "",
    whole: str = "",
) -> Name:
    """Returns a name of given parts."""
    texts: list[str] = []
    weight, words, letters = 0.0, 0, ""
    for text, _, counts, tag, _ in parts:
        texts.append(text)
        weight += counts
        if tag != "country":
            words += 1
            letters = text
    # Only names in another script have parts in it.
    order = tuple([part.native or part.text for part in parts] if native else texts)
    only = letters if words == 1 and not person else None
    return Name(person, tuple(parts), weight, "".join(texts), order, legal, fathers, acronym, only, whole, native)
