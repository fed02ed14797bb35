"""Quantera keepers: the software that watches, models, signs and sends. The chain bounds what it can do."""

__version__ = "0.1.0"
