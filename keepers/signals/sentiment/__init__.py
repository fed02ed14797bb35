"""Sentiment: from texts with a time to a score for each day and symbol."""
