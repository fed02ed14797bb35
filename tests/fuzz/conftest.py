"""Depth of the Hypothesis tests: `quick` unless QUANTERA_FUZZ=deep."""

import os

from hypothesis import settings

settings.register_profile("quick", max_examples=50, deadline=None)
settings.register_profile("deep", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("QUANTERA_FUZZ", "quick"))
