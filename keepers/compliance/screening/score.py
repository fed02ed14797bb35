"""How sure it is that two names are one name: a score between 0 and 1, with the rules that took something off.

Parts are paired one to one. What is left over on one side is missing on the other; parts left over on both sides
contradict each other, and such a pair never scores more than `CONTRADICTED`. Numbers are few on purpose: they state
what an edit, a missing part and a contradiction are worth, not what single names are worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import NamedTuple

from rapidfuzz.distance import OSA

from keepers.compliance.screening.alike import SAME, Likeness, is_same, resembling, skeleton
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
LEAST_CONSONANTS = 5
"""Consonants from which they alone say that a single word of an entity is the same, in a script without vowels."""
LEAST_LETTERS = 12
"""Letters from which a single word of an entity is the same with two edits in it."""
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


EXACT = Scored(1.0, ("exact",))
_ACRONYM = Scored(ACRONYM, ("acronym",))
_CONTRADICT = ("parts_contradict",)
_TRANSLITERATION = Scored(1.0, ("transliteration",))
NOTHING = Scored(0.0, ("different",))


def name_score(a: Name, b: Name) -> Scored:
    """Returns how sure it is that two names, both of persons or both of entities, are one. It is symmetric."""
    if a.order == b.order and not _legal_forms_contradict(a, b):
        return _TRANSLITERATION if a.native != b.native else EXACT
    paired, left_a, left_b = _paired(a, b)
    if not paired:
        best = NOTHING
    elif left_a and left_b:
        matched = 0.0
        for part, other, _ in paired:
            matched += part.weight + other.weight
        best = Scored(CONTRADICTED * (matched / (a.weight + b.weight)), _CONTRADICT)
    else:
        best = _with_losses(a, b, paired, left_a, left_b)
    if best.score < 1 - EDIT / 2 and -1 <= len(a.joined) - len(b.joined) <= 1:
        best = _surer(best, _joined(a, b))
    return best if a.person else _as_entities(a, b, best)


def _as_entities(a: Name, b: Name, best: Scored) -> Scored:
    """Returns the surest of a score and of the ways in which entities alone are alike."""
    if best.score < ACRONYM and (a.letters or b.letters) and (_is_acronym(a, b) or _is_acronym(b, a)):
        best = _ACRONYM
    if best.score < 1.0 - EDIT and -1 <= len(a.whole) - len(b.whole) <= 1:
        best = _surer(best, _small_words(a, b))
    return best


def _legal_forms_contradict(a: Name, b: Name) -> bool:
    return bool(a.legal and b.legal) and ("nonprofit" in a.legal) != ("nonprofit" in b.legal)


def _surer(a: Scored, b: Scored) -> Scored:
    """The surer of two scores, the first of equals."""
    return b if b.score > a.score else a


def _paired(a: Name, b: Name) -> tuple[list[_Paired], list[Part], list[Part]]:
    """Pairs equal parts first, then as many alike ones as possible, at the lowest cost."""
    paired, left_a, left_b = _equal(a, b) if a.native or b.native else _equal_by_text(a, b)
    if left_a and left_b:
        _pair_alike(left_a, left_b, paired, a.person)
    if paired and bool(left_a) != bool(left_b):
        # A part that is written twice is not missing on the other side.
        left_a = [part for part in left_a if not any([is_same(part, other) for other, _, _ in paired])]
        left_b = [part for part in left_b if not any([is_same(part, other) for _, other, _ in paired])]
    return paired, left_a, left_b


def _equal(a: Name, b: Name) -> tuple[list[_Paired], list[Part], list[Part]]:
    """Pairs equal parts, and returns what is left of both names."""
    paired: list[_Paired] = []
    left_a: list[Part] = []
    left_b = list(b.parts)
    for part in a.parts:
        for place, other in enumerate(left_b):
            if is_same(part, other):
                paired.append((part, other, SAME))
                del left_b[place]
                break
        else:
            left_a.append(part)
    return paired, left_a, left_b


def _equal_by_text(a: Name, b: Name) -> tuple[list[_Paired], list[Part], list[Part]]:
    """Does the same for names in Latin letters, whose parts are equal where their texts are."""
    paired: list[_Paired] = []
    left_a: list[Part] = []
    left_b, texts = list(b.parts), list(b.order)
    for part in a.parts:
        text = part[0]
        if text in texts:
            place = texts.index(text)
            paired.append((part, left_b.pop(place), SAME))
            del texts[place]
        else:
            left_a.append(part)
    return paired, left_a, left_b


def _pair_alike(left_a: list[Part], left_b: list[Part], paired: list[_Paired], person: bool) -> None:
    """Pairs parts none of which are equal."""
    if len(left_a) == 1 and len(left_b) == 1:
        found = resembling(left_a[0], left_b[0], person)
        if found is not None:
            paired.append((left_a.pop(), left_b.pop(), found))
        return
    likeness: dict[tuple[int, int], Likeness] = {}
    for i, part in enumerate(left_a):
        for j, other in enumerate(left_b):
            found = resembling(part, other, person)
            if found is not None:
                likeness[i, j] = found
    if not likeness:
        return
    if len(likeness) == 1:
        (((i, j), only),) = likeness.items()
        paired.append((left_a.pop(i), left_b.pop(j), only))
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


def _with_losses(a: Name, b: Name, paired: list[_Paired], left_a: list[Part], left_b: list[Part]) -> Scored:
    """Scores names at least one of which is paired whole."""
    losses = _losses(a, b, paired, left_a, left_b)
    limits = _limits(a, b, paired, left_a or left_b)
    if not losses and not limits:
        return EXACT
    score = max(0.0, 1.0 - sum(losses.values()))
    for rule, most in limits.items():
        losses[rule] = max(losses.get(rule, 0.0), score - most)
        score = min(score, most)
    rules = sorted(losses, key=lambda rule: (-losses[rule], rule)) if len(losses) > 1 else losses
    return Scored(score, tuple(rules))


def _losses(a: Name, b: Name, paired: list[_Paired], left_a: list[Part], left_b: list[Part]) -> dict[str, float]:
    losses: dict[str, float] = {}
    for _, _, (cost, way) in paired:
        if cost:
            losses[way] = losses.get(way, 0.0) + EDIT * cost
    if left_a or left_b:
        missing = sum([part.weight for part in left_a or left_b])
        there = sum([part.weight for part, _, _ in paired] if left_a else [other.weight for _, other, _ in paired])
        losses["missing_part"] = MISSING[a.person] * missing / (missing + there)
    if len(paired) > 1 and _other_order(a, b, paired):
        losses["reordered"] = REORDERED
    if a.native != b.native:
        losses["transliteration"] = 0.0
    return losses


def _other_order(a: Name, b: Name, paired: list[_Paired]) -> bool:
    mine, theirs = a.parts, b.parts
    before = -1
    for _, place in sorted([(mine.index(part), theirs.index(other)) for part, other, _ in paired]):
        if place < before:
            return True
        before = place
    return False


def _limits(a: Name, b: Name, paired: list[_Paired], left: list[Part]) -> dict[str, float]:
    """Rules that say that it is probably somebody else, with the most that they leave."""
    limits: dict[str, float] = {}
    if a.person:
        if left and sum([likeness.way != "initial" for _, _, likeness in paired]) < 2:
            limits["single_part"] = DOUBTFUL
        if a.fathers and b.fathers and a.fathers & {(father, child) for child, father in b.fathers}:
            limits["father_and_child_exchanged"] = DOUBTFUL
        return limits
    if "number" in [likeness.way for _, _, likeness in paired]:
        # Beside another word, another number is the next one of the same owner; alone it is another name.
        limits["numbers_differ"] = OTHER_NUMBER if len(paired) > 1 else CONTRADICTED
    limits.update(dict.fromkeys(_agreeing_by_chance(paired), DOUBTFUL))
    if left:
        tags = [part.tag for part in left]
        if "number" in tags:
            limits["number_missing"] = DOUBTFUL
        if "country" in tags:
            limits["country_missing"] = DOUBTFUL
    if _legal_forms_contradict(a, b):
        limits["legal_forms_contradict"] = DOUBTFUL
    return limits


def _agreeing_by_chance(paired: list[_Paired]) -> list[str]:
    """Rules on entities that have a single word in common, for a list has many words that look much like it."""
    telling = [pair for pair in paired if pair[0].weight >= 1 and pair[1].weight >= 1]
    if len(telling) != 1:
        return []
    ((part, other, (cost, way)),) = telling
    if way == "sound" and cost >= 1 and len(skeleton(part.text)) < LEAST_CONSONANTS:
        return ["consonants_of_single_word"]
    if way == "spelling" and cost > 1 and max(len(part.text), len(other.text)) < LEAST_LETTERS:
        return ["edits_in_single_word"]
    return []


def _joined(a: Name, b: Name) -> Scored:
    """The same letters with their spaces elsewhere, at most one edit in all of them."""
    if len(a.joined) < SHORTEST_JOINED or len(b.joined) < SHORTEST_JOINED:
        return NOTHING
    edits = OSA.distance(a.joined, b.joined, score_cutoff=1)
    if edits > 1:
        return NOTHING
    # Neither a syllable nor a figure nor a legal form is a typing error.
    native = any(part.native for part in (*a.parts, *b.parts))
    if native or _figures(a) != _figures(b) or _legal_forms_contradict(a, b):
        return NOTHING
    return Scored(1.0 - EDIT * max(edits, 0.5), ("written_together",))


def _small_words(a: Name, b: Name) -> Scored:
    """One edit in a legal form or a stopword, which then is one word more: "Heyne lLtd"."""
    if len(a.whole) < SHORTEST_JOINED or len(b.whole) < SHORTEST_JOINED:
        return NOTHING
    if OSA.distance(a.whole, b.whole, score_cutoff=1) > 1 or _figures(a) != _figures(b):
        return NOTHING
    words, others = set(a.order), set(b.order)
    if not (words <= others or others <= words) or _legal_forms_contradict(a, b):
        return NOTHING
    return Scored(1.0 - EDIT, ("small_word_misspelt",))


def _figures(name: Name) -> list[str]:
    return [part.text for part in name.parts if part.tag == "number"]


def _is_acronym(short: Name, long: Name) -> bool:
    """First letters against words; words for countries beside the letters do not count."""
    return bool(long.acronym) and short.letters == long.acronym
