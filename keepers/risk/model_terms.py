"""How the risk bot's models are estimated: the model by name, and its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    # The command line reads a name here, and needs no numpy for it.
    from keepers.risk.covariance import Target

ModelName = Literal["garch dcc", "garch ccc", "gjr dcc", "ewma"]
TailName = Literal["student", "normal"]
MODEL_NAMES: tuple[str, ...] = get_args(ModelName)


@dataclass(frozen=True)
class ModelTerms:
    """How a model is estimated; `keepers.config.Risk` has the meanings.

    The default is the model that decision 199 chose. `halflife_days` and `shrinkage` are the exponential average's,
    which takes its place where there are fewer than 500 observations.
    """

    model: ModelName = "garch dcc"
    halflife_days: float = 30.0
    min_observations: int = 60
    history_days: int = 1000
    shrinkage: Target = "constant-correlation"
    tails: TailName = "student"

    @property
    def name(self) -> str:
        """The name that tables use: the model and its tails."""
        return f"{self.model} {self.tails}"


DEFAULT_TERMS = ModelTerms()
"""The terms of the bot's default model, which reports and simulations take as well."""
