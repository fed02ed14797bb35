"""The coming risk regime: its label, what forecasts it, and how forecasts are judged (docs/decisions/0139)."""
