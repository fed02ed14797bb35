"""How sure it is that two names are one name: a score between 0 and 1, with the rules that took something off.

Parts are paired one to one. What is left over on one side is missing on the other; parts left over on both sides
contradict each other, and such a pair never scores more than `CONTRADICTED`. Numbers are few on purpose: they state
what an edit, a missing part and a contradiction are worth, not what single names are worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, permutations
from typing import NamedTuple

from rapidfuzz.distance import OSA

from keepers.compliance.screening.alike import Likeness, alike, is_same
from keepers.compliance.screening.parts import Name, Part

EDIT = 0.1
"""Deduction for an edit."""
MISSING = {True: 0.45, False: 1.0}
"""Deduction for a name all of whose parts are missing, for a person or not."""
REORDERED = 0.02
"""Deduction for another order."""
CONTRADICTED = 0.5
"""The most that parts which contradict each other leave."""
DOUBTFUL = 0.7
"""The most that is left where a rule says that it is probably somebody else."""
OTHER_NUMBER = 0.76
"""The most that is left where numbers differ: the next fund or ship of the same owner."""
ACRONYM = 0.8
"""The score of first letters against the words."""
DEFAULT_THRESHOLD = 0.75
"""The score from which a pair is an alert."""

SHORTEST_JOINED = 6
"""Letters from which names are compared without their spaces."""
_PERMUTED = 4
"""The most parts for which every assignment is tried."""


class Scored(NamedTuple):
    """The score of a pair of names.

    Attributes:
        score: Between 0 and 1.
        rules: Rules that fired, the one that took most off first.
    """

    score: float
    rules: tuple[str, ...]


_Rank = tuple[float, float, list[list[str]]]
_Paired = tuple[Part, Part, Likeness]


class _Pairing(NamedTuple):
    paired: list[_Paired]
    left_a: list[Part]
    left_b: list[Part]


EXACT = Scored(1.0, ("exact",))
NOTHING = Scored(0.0, ("different",))


def name_score(a: Name, b: Name) -> Scored:
    """Returns how sure it is that two names, both of persons or both of entities, are one. It is symmetric."""
    if a.order == b.order and not _legal_forms_contradict(a, b):
        rules = ("transliteration",) if a.native != b.native else ("exact",)
        return Scored(1.0, rules)
    pairing = _paired(a, b)
    best = _of_pairing(a, b, pairing)
    if best.score < 1 - EDIT / 2 and abs(len(a.joined) - len(b.joined)) <= 1:
        best = max(best, _joined(a, b), key=_by_score)
    if not a.person:
        best = max(best, _acronym(a, b), _acronym(b, a), _small_words(a, b), key=_by_score)
    return best


def _legal_forms_contradict(a: Name, b: Name) -> bool:
    return bool(a.legal and b.legal) and ("nonprofit" in a.legal) != ("nonprofit" in b.legal)


def _by_score(scored: Scored) -> float:
    return scored.score


def _paired(a: Name, b: Name) -> _Pairing:
    """Pairs equal parts first, then as many alike ones as possible, at the lowest cost."""
    left_a, left_b = list(a.parts), list(b.parts)
    paired: list[_Paired] = []
    for part in a.parts:
        same = next((other for other in left_b if is_same(part, other)), None)
        if same is not None:
            left_a.remove(part)
            left_b.remove(same)
            paired.append((part, same, Likeness(0.0, "same")))
    if left_a and left_b:
        _pair_alike(left_a, left_b, paired, a.person)
    if not left_a or not left_b:
        # A part that is written twice is not missing on the other side.
        left_a = [part for part in left_a if not any(is_same(part, other) for other, _, _ in paired)]
        left_b = [part for part in left_b if not any(is_same(part, other) for _, other, _ in paired)]
    return _Pairing(paired, left_a, left_b)


def _pair_alike(left_a: list[Part], left_b: list[Part], paired: list[_Paired], person: bool) -> None:
    likeness = {
        (i, j): found
        for i, part in enumerate(left_a)
        for j, other in enumerate(left_b)
        if (found := alike(part, other, person)) is not None
    }
    if not likeness:
        return
    chosen = _assignment(likeness, left_a, left_b)
    for i, j in chosen:
        paired.append((left_a[i], left_b[j], likeness[i, j]))
    for i in sorted((i for i, _ in chosen), reverse=True):
        del left_a[i]
    for j in sorted((j for _, j in chosen), reverse=True):
        del left_b[j]


def _assignment(
    likeness: dict[tuple[int, int], Likeness], left_a: Sequence[Part], left_b: Sequence[Part]
) -> list[tuple[int, int]]:
    """The pairs of indices that leave least weight over, at the lowest cost."""
    if len(likeness) == 1:
        return list(likeness)
    rows, columns = len(left_a), len(left_b)
    if max(rows, columns) > _PERMUTED:
        return _greedy(likeness, left_a, left_b)
    few, many, turned = (rows, columns, False) if rows <= columns else (columns, rows, True)
    best: tuple[_Rank, list[tuple[int, int]]] | None = None
    for order in permutations(range(many), few):
        pairs = [(j, i) if turned else (i, j) for i, j in enumerate(order)]
        pairs = [pair for pair in pairs if pair in likeness]
        weight = -sum(left_a[i].weight + left_b[j].weight for i, j in pairs)
        cost = sum(likeness[pair].cost for pair in pairs)
        # Between equals the texts decide, so that the order of the names and of their parts does not.
        texts = sorted(sorted((left_a[i].text, left_b[j].text)) for i, j in pairs)
        if best is None or (weight, cost, texts) < best[0]:
            best = ((weight, cost, texts), pairs)
    return best[1] if best else []


def _greedy(
    likeness: dict[tuple[int, int], Likeness], left_a: Sequence[Part], left_b: Sequence[Part]
) -> list[tuple[int, int]]:
    def rank(pair: tuple[int, int]) -> tuple[float, list[str]]:
        return likeness[pair].cost, sorted((left_a[pair[0]].text, left_b[pair[1]].text))

    chosen: list[tuple[int, int]] = []
    for i, j in sorted(likeness, key=rank):
        if all(i != taken and j != other for taken, other in chosen):
            chosen.append((i, j))
    return chosen


def _of_pairing(a: Name, b: Name, pairing: _Pairing) -> Scored:
    matched = sum(part.weight + other.weight for part, other, _ in pairing.paired)
    if not pairing.paired:
        return NOTHING
    if pairing.left_a and pairing.left_b:
        share = matched / (a.weight + b.weight)
        return Scored(CONTRADICTED * share, ("parts_contradict",))
    losses = _losses(a, b, pairing)
    score = max(0.0, 1.0 - sum(losses.values()))
    for rule, most in _limits(a, b, pairing).items():
        losses[rule] = max(losses.get(rule, 0.0), score - most)
        score = min(score, most)
    rules = sorted(losses, key=lambda rule: (-losses[rule], rule))
    return Scored(score, tuple(rules) or ("exact",))


def _losses(a: Name, b: Name, pairing: _Pairing) -> dict[str, float]:
    losses: dict[str, float] = {}
    for _, _, likeness in pairing.paired:
        if likeness.cost:
            losses[likeness.way] = losses.get(likeness.way, 0.0) + EDIT * likeness.cost
    left = pairing.left_a or pairing.left_b
    if left:
        missing = sum(part.weight for part in left)
        there = sum((part if pairing.left_a else other).weight for part, other, _ in pairing.paired)
        losses["missing_part"] = MISSING[a.person] * missing / (missing + there)
    if _other_order(a, b, pairing):
        losses["reordered"] = REORDERED
    if a.native != b.native:
        losses["transliteration"] = 0.0
    return losses


def _other_order(a: Name, b: Name, pairing: _Pairing) -> bool:
    places = sorted((a.parts.index(part), b.parts.index(other)) for part, other, _ in pairing.paired)
    return any(later < earlier for (_, earlier), (_, later) in pairwise(places))


def _limits(a: Name, b: Name, pairing: _Pairing) -> dict[str, float]:
    """Rules that say that it is probably somebody else, with the most that they leave."""
    limits: dict[str, float] = {}
    left = pairing.left_a or pairing.left_b
    if a.person:
        if left and sum(likeness.way != "initial" for _, _, likeness in pairing.paired) < 2:
            limits["single_part"] = DOUBTFUL
        if a.fathers & {(father, child) for child, father in b.fathers}:
            limits["father_and_child_exchanged"] = DOUBTFUL
        return limits
    if any(likeness.way == "number" for _, _, likeness in pairing.paired):
        limits["numbers_differ"] = OTHER_NUMBER
    if any(part.tag == "number" for part in left):
        limits["number_missing"] = DOUBTFUL
    if any(part.tag == "country" for part in left):
        limits["country_missing"] = DOUBTFUL
    if _legal_forms_contradict(a, b):
        limits["legal_forms_contradict"] = DOUBTFUL
    return limits


def _joined(a: Name, b: Name) -> Scored:
    """The same letters with their spaces elsewhere, at most one edit in all of them."""
    edits = OSA.distance(a.joined, b.joined, score_cutoff=1)
    if edits > 1 or min(len(a.joined), len(b.joined)) < SHORTEST_JOINED:
        return NOTHING
    # Neither a syllable nor a figure nor a legal form is a typing error.
    native = any(part.native for part in (*a.parts, *b.parts))
    if native or _figures(a) != _figures(b) or _legal_forms_contradict(a, b):
        return NOTHING
    return Scored(1.0 - EDIT * max(edits, 0.5), ("written_together",))


def _small_words(a: Name, b: Name) -> Scored:
    """One edit in a legal form or a stopword, which then is one word more: "Heyne lLtd"."""
    words, others = set(a.order), set(b.order)
    if min(len(a.whole), len(b.whole)) < SHORTEST_JOINED or not (words <= others or others <= words):
        return NOTHING
    if OSA.distance(a.whole, b.whole, score_cutoff=1) > 1 or _figures(a) != _figures(b):
        return NOTHING
    if _legal_forms_contradict(a, b):
        return NOTHING
    return Scored(1.0 - EDIT, ("small_word_misspelt",))


def _figures(name: Name) -> list[str]:
    return [part.text for part in name.parts if part.tag == "number"]


def _acronym(short: Name, long: Name) -> Scored:
    """First letters against words; words for countries beside the letters do not count."""
    if long.acronym and short.letters == long.acronym:
        return Scored(ACRONYM, ("acronym",))
    return NOTHING
