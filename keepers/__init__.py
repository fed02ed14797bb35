"""Quantera's keepers: they propose, the chain disposes."""
