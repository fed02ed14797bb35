"""Commands whose packages an extra brings: without it, one line says which."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from keepers.commands.base import one_line_errors
from tests.unit.keepers.cli.test_cli import line_of


def lacking(package: str) -> click.Command:
    """A command that imports a package which is not there."""

    @click.command()
    @one_line_errors
    def command() -> None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)

    return command


@pytest.mark.parametrize(
    ("package", "extra"),
    [
        ("anyascii", "screening"),
        ("rapidfuzz.distance", "screening"),
        ("lxml.etree", "filings"),
        ("reportlab.lib", "reports"),
        ("xlsxwriter", "reports"),
        ("ray", "ray"),
        ("distributed", "dask"),
        ("torch", "ai"),
    ],
)
def test_one_line_errors__package_of_an_extra__names_the_extra(package: str, extra: str) -> None:
    line = line_of(CliRunner(mix_stderr=False).invoke(lacking(package)), 1)
    name = package.partition(".")[0]
    assert line == f"quantera: package {name}: is not installed; install quantera with its extra `{extra}`"


def test_one_line_errors__package_of_no_extra__is_a_fault_of_ours() -> None:
    result = CliRunner(mix_stderr=False).invoke(lacking("keepers.nowhere"))
    assert isinstance(result.exception, ModuleNotFoundError)
