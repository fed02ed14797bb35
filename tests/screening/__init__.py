"""What screening is worth: labelled pairs, recall, false alerts and speed. `python -m tests.screening` writes the table."""
