"""Backtests of value at risk and expected shortfall, and the forecasts that they judge. Pure."""
