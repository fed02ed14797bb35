"""T-REX's own test cases, restated for these contracts: `python -m tests.trex [--write]` makes their tables."""
