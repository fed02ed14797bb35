"""Expected returns. Pure."""
