"""Features, point in time by construction: importing this package registers all of them.

A feature is a function of a window that ends at the decision and holds copies; nothing of the history reaches it on
another way. `quantera signals features` prints the registry, `quantera signals audit` tries to refute the sentence.
"""

from keepers.signals.features import (
    cross_section,
    liquidity,
    macro,
    returns,
    sentiment,
    shape,
    technical,
    volatility,
)
from keepers.signals.features.frame import Frame, Release, Window
from keepers.signals.features.registry import (
    Feature,
    definition_hash,
    feature_named,
    first_row,
    matrix,
    optional,
    readable,
    registered,
)

MODULES = (returns, volatility, shape, cross_section, technical, liquidity, macro, sentiment)
"""The modules whose functions are registered, in their order."""

__all__ = [
    "MODULES",
    "Feature",
    "Frame",
    "Release",
    "Window",
    "definition_hash",
    "feature_named",
    "first_row",
    "matrix",
    "optional",
    "readable",
    "registered",
]
