"""Forecasts of the depth of a pair's pools, and of the impact and slippage of an order, with intervals; pure."""
