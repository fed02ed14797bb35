"""Simulated losses of portfolios: sources of scenarios, blocks with seeds of their own, and tails. Pure."""
