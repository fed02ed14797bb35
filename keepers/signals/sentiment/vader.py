"""Scores by the lexicon and the rules of VADER."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keepers.signals.extras import imported

Array = NDArray[np.float64]


class Vader:
    """The compound score of VADER, which was made for short texts in English.

    Source: Hutto and Gilbert (2014), "VADER: a parsimonious rule-based model for sentiment analysis of social media
    text", ICWSM; computed by its authors' package.

    Attributes:
        name: Name in tables.
        digest: SHA-256 of the lexicon, the emoji and the rules.

    Raises:
        SignalError: If the package is not installed.
    """

    name = "vader"

    def __init__(self) -> None:
        module = imported("vaderSentiment.vaderSentiment", "vaderSentiment", "sentiment")
        self._analyser = module.SentimentIntensityAnalyzer()
        folder = Path(module.__file__).parent
        parts = ("vader_lexicon.txt", "emoji_utf8_lexicon.txt", Path(module.__file__).name)
        self.digest = hashlib.sha256(b"".join((folder / part).read_bytes() for part in parts)).hexdigest()

    def scores(self, texts: Sequence[str]) -> Array:
        """See `Scorer`."""
        return np.array([self._analyser.polarity_scores(text)["compound"] for text in texts], dtype=np.float64)
