"""Arabic names in Latin letters: the few parts that are written in dozens of ways, under one spelling each."""

from __future__ import annotations

import re
from functools import lru_cache

_MOHAMMED = re.compile(r"m[uo]h[aeu]mm?[aeiou]d|mohd|muhd|mhmd")
_SERVANT = re.compile(r"abd(?:[aeiou](?:l|r|sh?|d|z|n|j)?)?|bd")
_SERVANT_OF = re.compile(r"(?!abd[aeiou]ll?ah)abd(?:[aeiou](?:l|r|sh?|d|z|n|j)|u)(?=\w{4})")
_FATHER = re.compile(r"ab(?:u|ou|w)")
_FATHER_OF = re.compile(r"abu(?=\w{4})")
_FAITH = re.compile(r"(\w{2,}?)(?:[aeou]?d|[aeu]l)?d(?:in|een|ine|yn)")
FAITH_WORDS = frozenset(("din", "deen", "dine", "ddin", "dyn"))
"""The second half of names such as Salah al-Din."""


def is_light(text: str) -> bool:
    """Returns True if a part is one that very many people bear: Mohammed, "servant of", "father of"."""
    return canonical(text) in ("mohammed", "abdul", "abu")


@lru_cache(maxsize=65536)
def canonical(text: str) -> str:
    """Returns one spelling for Mohammed, "servant of", "father of" and names that end in "of the faith"."""
    if _MOHAMMED.fullmatch(text):
        return "mohammed"
    if _SERVANT.fullmatch(text):
        return "abdul"
    if _FATHER.fullmatch(text):
        return "abu"
    faith = _FAITH.fullmatch(text)
    return f"{faith[1]}din" if faith is not None else text


def apart(text: str) -> tuple[str, ...]:
    """Returns the parts that one word stands for: "Abdulaziz" and "Abubakr" are two."""
    if not text.startswith("ab"):
        return (text,)
    found = _SERVANT_OF.match(text) or _FATHER_OF.match(text)
    return (text,) if found is None else (text[: found.end()], text[found.end() :])
