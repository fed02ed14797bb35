"""The detection of sandwiches, back-runs and just-in-time liquidity, judged on blocks that were made with labels."""
