"""Target weights. Pure."""
