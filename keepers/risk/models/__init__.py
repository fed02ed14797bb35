"""Forecast models under one protocol: a window of returns in, a covariance and a tail out. Pure."""

from keepers.risk.models.factors import Factors, GivenFactorModel
from keepers.risk.models.protocol import FittedModel, Forecast, Model, PortfolioForecast
from keepers.risk.models.registry import MODELS, model_named

__all__ = [
    "MODELS",
    "Factors",
    "FittedModel",
    "Forecast",
    "GivenFactorModel",
    "Model",
    "PortfolioForecast",
    "model_named",
]
