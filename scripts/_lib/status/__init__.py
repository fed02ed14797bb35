"""Reports of a chain's state, as text."""
