"""The commands of `ape run`, some of them also `python -m scripts.NAME`. Their libraries are in scripts/_lib."""
