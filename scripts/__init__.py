"""Programs behind `ape run` and `python -m scripts.…`."""
