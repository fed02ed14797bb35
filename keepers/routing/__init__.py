"""Venue arithmetic, split optimisation and trade planning. Pure."""
