"""Forecast models under one protocol: a window of returns in, a covariance and a tail out. Pure."""

from keepers.risk.models.factors import Factors, GivenFactorModel
from keepers.risk.models.protocol import FittedModel, Forecast, Model, PortfolioForecast
from keepers.risk.models.registry import MODELS, STEPPED, judged_named, model_named
from keepers.risk.models.stepped import SteppedModel

__all__ = [
    "MODELS",
    "STEPPED",
    "Factors",
    "FittedModel",
    "Forecast",
    "GivenFactorModel",
    "Model",
    "PortfolioForecast",
    "SteppedModel",
    "judged_named",
    "model_named",
]
