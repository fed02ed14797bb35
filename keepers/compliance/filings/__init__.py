"""Data files for tax authorities and regulators, and the linter that reads them back. Pure."""
