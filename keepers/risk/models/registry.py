"""The models by name, as `docs/decisions/0119-risk-backtest-protocol.md` lists them."""

from __future__ import annotations

import math

from keepers.risk.covariance import halflife_of_decay
from keepers.risk.errors import RiskError
from keepers.risk.models.conditional import FilteredModel, GarchModel
from keepers.risk.models.factors import GivenFactorModel, PcaModel, SingleIndexModel
from keepers.risk.models.garch import DECAY
from keepers.risk.models.gated import FALLBACK
from keepers.risk.models.protocol import Model
from keepers.risk.models.regimes import SwitchingModel
from keepers.risk.models.stepped import SteppedModel
from keepers.risk.models.weighted import HistoricalModel, WeightedModel

_RISKMETRICS = halflife_of_decay(DECAY)

MODELS: tuple[Model, ...] = (
    HistoricalModel(),
    WeightedModel("ewma normal", 30.0, tails="normal"),
    FALLBACK,
    WeightedModel("riskmetrics student", _RISKMETRICS),
    WeightedModel("ledoit-wolf student", math.inf),
    WeightedModel("identity student", math.inf, target="identity"),
    GarchModel("garch ccc student", asymmetric=False, dynamic=False),
    GarchModel("garch dcc student", asymmetric=False, dynamic=True),
    GarchModel("gjr dcc student", asymmetric=True, dynamic=True),
    FilteredModel("ewma filtered", asymmetric=None),
    FilteredModel("gjr filtered", asymmetric=True),
)

FURTHER: tuple[Model, ...] = (
    PcaModel("pca student"),
    SwitchingModel("switching student"),
    SingleIndexModel("single-index student"),
    GivenFactorModel("factors student"),
)
"""Models that decision 119 does not list: they can be named, and are no part of its table."""

STEPPED: tuple[SteppedModel, ...] = tuple(
    SteppedModel(f"{model.name}, stepped", model)
    for model in (
        FALLBACK,
        GarchModel("garch dcc student", asymmetric=False, dynamic=True),
        GarchModel("gjr dcc student", asymmetric=True, dynamic=True),
    )
)
"""The models of decision 194: what a chain with a usual deployment's bounds would hold."""


def judged_named(name: str) -> Model | SteppedModel:
    """The model with a name that a backtest judges: one that forecasts by itself, or one that is stepped.

    Raises:
        RiskError: If there is none.
    """
    for stepped in STEPPED:
        if stepped.name == name:
            return stepped
    return model_named(name)


def model_named(name: str) -> Model:
    """The model with a name.

    Raises:
        RiskError: If there is none.
    """
    known = (*MODELS, *FURTHER)
    for model in known:
        if model.name == name:
            return model
    raise RiskError(f"model '{name}'", "unknown", f"choose from {', '.join(one.name for one in known)}")
