"""Features, their audit, regimes and expected returns. Pure."""
