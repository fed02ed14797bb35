"""What a chain says about itself, as text."""
