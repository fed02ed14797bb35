"""All names of a list that a name may be, found without comparing it with each of them. Nothing is left out.

A pair scores more than `CONTRADICTED` only if every part of one of the two names is paired with an alike part of the
other, if both are the same letters but for one edit, or if one is the acronym of the other. The index finds the names
of each of these ways and scores them with the very function that compares two names. Bounds on missing weight then
leave out what cannot reach the threshold; each is derived beside its code, and tests compare with brute force.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from keepers.compliance.screening.errors import ScreeningError
from keepers.compliance.screening.parts import Name, Part
from keepers.compliance.screening.score import CONTRADICTED, DOUBTFUL, MISSING, SHORTEST_JOINED, Scored, name_score
from keepers.compliance.screening.vocabulary import Deletions, Vocabulary

ROUNDING = 1e-9
"""Scores are sums of a few decimal fractions; so much below the threshold still reaches it."""
_REMEMBERED = 4096

Found = tuple[int, Scored]


class NameIndex:
    """An index of names, all of persons or all of entities.

    Args:
        names: The names; results name them by their place.
        person: True if they are persons'.
    """

    def __init__(self, names: Sequence[Name], person: bool) -> None:
        self.names = tuple(names)
        self._person = person
        self._vocabulary = Vocabulary((part for name in names for part in name.parts), person)
        self._postings, self._bounds = self._posted()
        uniques = [{part.text: part.weight for part in name.parts} for name in names]
        self._sizes = np.array([len(name.parts) for name in names], dtype=np.int16)
        self._different = np.array([len(unique) for unique in uniques], dtype=np.int16)
        self._different_weights = np.array([sum(unique.values()) for unique in uniques], dtype=np.float64)
        self._weights = np.array([name.weight for name in names], dtype=np.float64)
        self._joined = Deletions([name.joined for name in names], [1] * len(names))
        self._whole = Deletions([] if person else [name.whole for name in names], [] if person else [1] * len(names))
        self._by_acronym: dict[str, list[int]] = defaultdict(list)
        self._by_letters: dict[str, list[int]] = defaultdict(list)
        for place, name in enumerate(names):
            if name.acronym:
                self._by_acronym[name.acronym].append(place)
            if (letters := name.letters) is not None:
                self._by_letters[letters].append(place)
        self._remembered: OrderedDict[Part, tuple[NDArray[np.int32], float]] = OrderedDict()

    def _posted(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Places of the names with each part of the vocabulary, one run after the other."""
        runs: list[list[int]] = [[] for _ in self._vocabulary.parts]
        for place, name in enumerate(self.names):
            for part in set(name.parts):
                runs[self._vocabulary.numbers[part]].append(place)
        bounds = np.cumsum([0, *map(len, runs)])
        return np.array([place for run in runs for place in run], dtype=np.int32), bounds

    def search(self, name: Name, threshold: float) -> list[Found]:
        """Returns every listed name that scores at least the threshold against a name, by place.

        Raises:
            ScreeningError: If names that contradict each other could reach the threshold: they are not indexed.
        """
        if not CONTRADICTED < threshold <= 1:
            reason = f"is not above {CONTRADICTED} and at most 1"
            raise ScreeningError(f"threshold {threshold}", reason, "give one such as 0.75")
        found = []
        for place in self._candidates(name, threshold - ROUNDING):
            scored = name_score(name, self.names[place])
            if scored.score >= threshold - ROUNDING:
                found.append((place, scored))
        return found

    def candidates(self, name: Name, threshold: float) -> int:
        """Returns the number of listed names that would be compared."""
        return len(self._candidates(name, threshold - ROUNDING))

    def _candidates(self, name: Name, threshold: float) -> list[int]:
        if not self.names:
            return []
        places = set(self._paired(name, threshold).tolist())
        if len(name.joined) >= SHORTEST_JOINED:
            places.update(self._joined.candidates(name.joined, 1))
        if not self._person:
            places.update(self._whole.candidates(name.whole, 1))
            if name.letters is not None:
                places.update(self._by_acronym.get(name.letters, ()))
            if name.acronym:
                places.update(self._by_letters.get(name.acronym, ()))
        return sorted(places)

    def _paired(self, name: Name, threshold: float) -> NDArray[np.int64]:
        """Places of the names in which one side's parts can all be paired, with so little missing."""
        size = len(name.parts)
        hits = np.zeros(len(self.names), dtype=np.int16)
        reach = 0.0
        for part in name.parts:
            places, heaviest = self._with_alike(part)
            # Places that stand twice are counted once: that is how numpy assigns.
            hits[places] += 1
            reach += heaviest
        candidates = np.flatnonzero(hits >= np.minimum(self._sizes, size))
        if not len(candidates):
            return candidates
        hit = hits[candidates]
        allowed = (1 - threshold) / MISSING[self._person]
        # All of the name's parts are paired: what is missing of the listed name is at least what they cannot cover.
        missing = (self._different_weights[candidates] - reach) / self._weights[candidates]
        name_whole = (hit == size) & (missing <= allowed)
        # All of the listed name's parts are paired: what is missing of the name is at least its lightest parts.
        light = np.cumsum([0.0, *sorted({part.text: part.weight for part in name.parts}.values())])
        left = light[np.maximum(len(light) - 1 - hit, 0)] / name.weight
        listed_whole = (hit >= self._sizes[candidates]) & (left <= allowed)
        if self._person and threshold > DOUBTFUL:
            # A single pair is enough only where nothing is left over.
            name_whole &= (hit > 1) | (self._different[candidates] == 1)
            listed_whole &= (hit > 1) | (len(light) == 2)
        kept: NDArray[np.int64] = candidates[name_whole | listed_whole]
        return kept

    def _with_alike(self, part: Part) -> tuple[NDArray[np.int32], float]:
        """Places of the names with an alike part, and the most that such a part weighs."""
        found = self._remembered.get(part)
        if found is None:
            numbers = self._vocabulary.alike(part)
            runs = [self._postings[self._bounds[number] : self._bounds[number + 1]] for number in numbers]
            places = np.concatenate(runs) if runs else np.zeros(0, dtype=np.int32)
            found = places, max((self._vocabulary.parts[number].weight for number in numbers), default=0.0)
            self._remembered[part] = found
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return found
