"""Parts of listed names, and the search for all that are alike to a given part.

The search is exact. Two texts within k edits have a text in common that is left when at most k letters are deleted from
each (adjacent letters that change places lose one of them); so the deletions of every listed part are kept, by hash.
Equal hashes are only candidates: `alike` decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from keepers.compliance.screening.alike import EDITS, alike, romanised, skeleton
from keepers.compliance.screening.parts import Part
from keepers.compliance.screening.words import words

Ints = NDArray[np.int64]

_TWO_DELETIONS_FROM = 4
"""Letters from which two edits can lie between two parts: the longer one then has six."""


def deletions(text: str, most: int) -> set[str]:
    """Returns what is left of a text when at most so many letters are deleted, the text itself included."""
    found = {text}
    layer = found
    for _ in range(most):
        layer = {rest[:place] + rest[place + 1 :] for rest in layer for place in range(len(rest))}
        found = found | layer
    return found


class Deletions:
    """Texts by what is left of them after deletions.

    Args:
        texts: Texts, numbered in this order.
        most: Deletions of a text.
    """

    def __init__(self, texts: Sequence[str], most: Sequence[int]) -> None:
        counts = np.zeros(len(texts), dtype=np.int64)
        hashes: list[int] = []
        for number, text in enumerate(texts):
            rests = deletions(text, most[number])
            counts[number] = len(rests)
            hashes.extend(map(hash, rests))
        keys = np.array(hashes, dtype=np.int64)
        owners = np.repeat(np.arange(len(texts), dtype=np.int32), counts)
        order = np.argsort(keys, kind="stable")
        self._owners = owners[order]
        self._keys, starts = np.unique(keys[order], return_index=True)
        self._bounds = np.append(starts, len(keys))

    def candidates(self, text: str, most: int) -> list[int]:
        """Returns the numbers of all texts that have a deletion in common with a text, and a few others."""
        if not len(self._keys):
            return []
        wanted = np.fromiter(map(hash, deletions(text, most)), dtype=np.int64)
        places = np.searchsorted(self._keys, wanted)
        places[places == len(self._keys)] = 0
        places = places[self._keys[places] == wanted]
        found: set[int] = set()
        for place in places.tolist():
            found.update(self._owners[self._bounds[place] : self._bounds[place + 1]].tolist())
        return sorted(found)


class Vocabulary:
    """The different parts of all listed names.

    Args:
        parts: All parts of all names.
        person: True if they are persons' names.
    """

    def __init__(self, parts: Iterable[Part], person: bool) -> None:
        self._person = person
        self.parts = sorted(set(parts))
        self.numbers = {part: number for number, part in enumerate(self.parts)}
        self._by_text: dict[str, list[int]] = defaultdict(list)
        self._by_romanised: dict[str, list[int]] = defaultdict(list)
        self._by_skeleton: dict[str, list[int]] = defaultdict(list)
        self._by_first: dict[str, list[int]] = defaultdict(list)
        self._figures = [number for number, part in enumerate(self.parts) if part.tag == "number"]
        for number, part in enumerate(self.parts):
            self._by_text[part.text].append(number)
            if part.tag in ("word", "country"):
                self._by_romanised[romanised(part.text)].append(number)
                self._by_skeleton[skeleton(part.text)].append(number)
            if person and part.text:
                self._by_first[part.text[0]].append(number)
        texts = list(self._by_text)
        self._owners = [self._by_text[text] for text in texts]
        self._deletions = Deletions(texts, [_deletions_of(text) for text in texts])

    def alike(self, part: Part) -> list[int]:
        """Returns the numbers of all parts that are alike to a part or equal to it, in ascending order."""
        found = {
            number
            for number in set(self._candidates(part))
            if alike(part, self.parts[number], self._person) is not None
        }
        return sorted(found)

    def _candidates(self, part: Part) -> Iterator[int]:
        yield from self._by_text.get(part.text, ())
        if part.tag == "number":
            yield from self._figures
            return
        if part.tag == "initial":
            yield from self._by_first.get(part.text[0], ())
            return
        if self._person and part.text:
            yield from self._by_text.get(part.text[0], ())
        for owner in self._deletions.candidates(part.text, _deletions_of(part.text)):
            yield from self._owners[owner]
        yield from self._by_romanised.get(romanised(part.text), ())
        if part.abjad:
            yield from self._by_skeleton.get(skeleton(part.text), ())
        else:
            # Only parts without vowels are compared by their consonants alone.
            yield from (n for n in self._by_skeleton.get(skeleton(part.text), ()) if self.parts[n].abjad)
        for nickname in _nicknames().get(part.text, ()):
            yield from self._by_text.get(nickname, ())


def _deletions_of(text: str) -> int:
    return EDITS if len(text) >= _TWO_DELETIONS_FROM else 1


def _nicknames() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for short, long in words().nicknames:
        found[short].append(long)
    return found
