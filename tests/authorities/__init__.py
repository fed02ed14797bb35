"""Worked examples of tax authorities, with the numbers that their texts state."""
