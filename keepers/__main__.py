"""`python -m keepers` is `quantera`."""

from keepers.cli import main

main(prog_name="quantera")
