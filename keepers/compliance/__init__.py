"""Rules of regulated tokens: the rulebook, what it comes to on chain, verdicts and the report log in Python."""
