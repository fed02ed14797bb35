"""Real venues on a local chain, from the bytecode that their own packages ship."""
