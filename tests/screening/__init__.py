"""`python -m tests.screening`: what screening is worth on labelled pairs and made lists, and how fast it is."""
