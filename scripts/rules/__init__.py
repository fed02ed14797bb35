"""What `ape run rulebook`, `check` and `verify_log` share."""
