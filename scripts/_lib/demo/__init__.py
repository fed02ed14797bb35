"""The whole protocol on a local chain, over a year of real prices: `python -m scripts.demo`."""
