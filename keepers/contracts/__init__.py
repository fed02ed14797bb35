"""The protocol's contracts as keepers see them: where they are, what they hold, what they are told."""
