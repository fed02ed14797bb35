"""Transactions: nonces, fees, routes, and a journal of everything that was signed."""
