"""From a portfolio's state to a proposal of trades. No I/O."""
