"""Covariance, value at risk and how well it did. Pure."""
