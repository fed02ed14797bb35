"""Forecasts of returns over days and weeks, their intervals, and what they are worth beside a random walk."""
