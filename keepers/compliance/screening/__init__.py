"""Screening of names against published lists: normal forms, scores with the rule behind them, an exact index."""
