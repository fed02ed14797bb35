"""Scores by a classifier of texts in an ONNX file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError
from keepers.signals.regimes.serving import onnx_faults, onnx_session
from keepers.signals.sentiment.wordpiece import WordPiece

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

LABELS = ("negative", "neutral", "positive")
"""Classes that a score is made of."""
MOST_PIECES = 512
"""Pieces of a text that are read where the file does not say how many: BERT's."""
_PIECES, _MASK, _PARTS = "input_ids", "attention_mask", "token_type_ids"


class Classifier:
    """A classifier in onnxruntime: probability of `positive` less that of `negative`.

    Attributes:
        name: Name in tables.
        digest: SHA-256 of the model, the tokeniser and the labels.
    """

    name = "onnx classifier"

    def __init__(self, model: bytes, tokenizer: bytes, labels: Sequence[str]) -> None:
        """Opens the files.

        Args:
            model: An ONNX graph from `input_ids`, and `attention_mask` and `token_type_ids` where it has them, int64 of
                (texts, pieces), to logits (texts, classes).
            tokenizer: A `vocab.txt` or `tokenizer.json` of BERT's kind.
            labels: Name of each class: `positive` and `negative`, and `neutral` where there is one.

        Raises:
            SignalError: If a file is broken or of another kind, the labels do not fit, or onnxruntime is not installed.
        """
        self._labels = tuple(label.strip().lower() for label in labels)
        twice = len(set(self._labels)) != len(self._labels)
        if twice or not {"negative", "positive"} <= set(self._labels) <= set(LABELS):
            raise SignalError(
                f"labels {','.join(labels)}", "not positive, negative and at most neutral", "name each once"
            )
        self._tokenizer = WordPiece.of_file(tokenizer)
        self._faults = onnx_faults()
        self._session = onnx_session(model, self._faults)
        self._inputs = tuple(one.name for one in self._session.get_inputs())
        _require_inputs(self._session)
        length = self._session.get_inputs()[self._inputs.index(_PIECES)].shape[1]
        self._length: int | None = length if isinstance(length, int) else None
        parts = (model, tokenizer, ",".join(self._labels).encode())
        self.digest = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()

    def scores(self, texts: Sequence[str]) -> Array:
        """See `Scorer`. One text at a time, so that its score does not depend on how long the others are.

        Raises:
            SignalError: If the file cannot be run, or gives something else than a number for each label.
        """
        return np.array([self._score(text) for text in texts], dtype=np.float64)

    def _score(self, text: str) -> float:
        numbers = self._tokenizer.numbers(text, self._length or MOST_PIECES)
        padding = (self._length or len(numbers)) - len(numbers)
        pieces = np.array([[*numbers, *[self._tokenizer.vocabulary["[PAD]"]] * padding]], dtype=np.int64)
        mask = np.array([[1] * len(numbers) + [0] * padding], dtype=np.int64)
        given = {_PIECES: pieces, _MASK: mask, _PARTS: np.zeros_like(pieces)}
        try:
            answer = self._session.run(None, {name: given[name] for name in self._inputs})[0]
        except self._faults as error:
            said = str(error).splitlines()[0]
            raise SignalError("the classifier", f"cannot be run: {said}", "export it again") from None
        logits = np.asarray(answer, dtype=np.float64)
        if logits.shape != (1, len(self._labels)) or not np.all(np.isfinite(logits)):
            raise SignalError(
                f"the classifier's answer of shape {logits.shape}",
                f"not a number for each of {','.join(self._labels)}",
                "name the classes that it has, in their order",
            )
        odds = np.exp(logits[0] - logits[0].max())
        chances = odds / odds.sum()
        # Rounding may take a difference of two chances past one.
        return float(np.clip(chances[self._labels.index("positive")] - chances[self._labels.index("negative")], -1, 1))


def _require_inputs(session: Any) -> None:
    found = [(one.name, one.type, len(one.shape)) for one in session.get_inputs()]
    known = {(name, "tensor(int64)", 2) for name in (_PIECES, _MASK, _PARTS)}
    if not set(found) <= known or (_PIECES, "tensor(int64)", 2) not in found:
        said = ", ".join(f"{name} {kind}" for name, kind, _ in found)
        raise SignalError(f"a classifier of {said}", f"it does not read {_PIECES} of int64", "export a BERT model")
