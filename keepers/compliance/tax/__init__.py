"""Tax lots, gains, wash sales and withholding, in whole base units and whole minor units of money. Pure."""
