"""Shared parts of `ape run rulebook`, `check` and `verify_log`."""
