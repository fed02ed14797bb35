"""Forecasts of the next day's covariances of several series: DCC, CCC, decay and rolling samples. Pure."""
