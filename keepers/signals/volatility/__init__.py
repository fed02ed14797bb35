"""Forecasts of the next day's variance of one series, by simple rules, GARCH models, ranges and a network. Pure."""
