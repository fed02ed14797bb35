"""Sentiment of texts: optional, because no packaged history has texts, and an ablation decides about it."""

from __future__ import annotations

import numpy as np

from keepers.signals.features.frame import Window
from keepers.signals.features.registry import feature


def _mean(window: Window, days: int) -> float:
    scores, told = window["sentiment"][-days:], window["texts"][-days:] > 0
    return float(scores[told].mean()) if np.any(told) else 0.0


@feature(
    "sentiment_5",
    formula="mean sentiment of those of the newest 5 calendar days that have texts; 0 where none has",
    source="Tetlock 2007, as a mean of scores",
    unit="score, -1 to 1",
    inputs=("sentiment", "texts"),
    length=5,
    optional=True,
)
def sentiment_5(window: Window) -> float:
    """Texts that were written in a week."""
    return _mean(window, 5)


@feature(
    "sentiment_21",
    formula="mean sentiment of those of the newest 21 calendar days that have texts; 0 where none has",
    source="Tetlock 2007, as a mean of scores",
    unit="score, -1 to 1",
    inputs=("sentiment", "texts"),
    length=21,
    optional=True,
)
def sentiment_21(window: Window) -> float:
    """Texts that were written in three weeks."""
    return _mean(window, 21)


@feature(
    "sentiment_change_5_63",
    formula="sentiment_5 less the same of 63 calendar days",
    unit="score, -2 to 2",
    inputs=("sentiment", "texts"),
    length=63,
    optional=True,
)
def sentiment_change_5_63(window: Window) -> float:
    """A week's tone beside a quarter's."""
    return _mean(window, 5) - _mean(window, 63)


@feature(
    "attention_5_63",
    formula="ln((1 + mean texts of 5 calendar days) / (1 + mean texts of 63 calendar days))",
    source="Barber and Odean 2008, as a ratio of two windows",
    unit="log ratio",
    inputs=("texts",),
    length=63,
    optional=True,
)
def attention_5_63(window: Window) -> float:
    """How much was written, a week beside a quarter."""
    texts = window["texts"]
    return float(np.log1p(texts[-5:].mean()) - np.log1p(texts.mean()))
