"""What `ape run` and `python -m scripts.…` run."""
