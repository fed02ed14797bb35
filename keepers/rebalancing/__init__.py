"""A portfolio's state becomes a proposal of trades. No I/O."""
