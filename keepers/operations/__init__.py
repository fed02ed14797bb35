"""What a person on call asks of keepers: set up, examine, look."""
