"""`python -m tests.language [PATH...]`: the share of doc lines that open as a fragment, held against a limit.

A doc line such as "Of the pool." has no subject, so that its reader has to look for one. The first line of every
docstring and every entry of its sections counts, and so does every NatSpec tag.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("contracts", "interfaces", "keepers", "scripts", "tests")
LIMITS = {".py": 0.02, ".sol": 0.02}
"""Maximum share of fragments by kind of file."""

_FRAGMENT = re.compile(
    r"(Of|As|What|Who|Whoever|Whether|Where|With|Without|By|In|For|Until|Names|Nothing|Empty|Above|From|That|The same"
    r"|None of|To|At)\b"
)
_ENTRY = re.compile(r"\s+[\w, ]+: (.*)")
_TAG = re.compile(r"\s*///\s*@(notice|dev|title|return|param)\s+(.*)")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class DocLine:
    """One documented thing.

    Attributes:
        number: Line of the file that it stands in, or that the documented class or function begins in.
        text: Its text, without the name of a parameter.
    """

    number: int
    text: str

    @property
    def is_fragment(self) -> bool:
        """True if it opens with a word that leaves out what the text is about."""
        return _FRAGMENT.match(self.text) is not None


def doc_lines(path: Path) -> list[DocLine]:
    """Returns the documented lines of a Python or Solidity file, in order."""
    text = path.read_text(encoding="utf-8")
    return list(_of_python(text) if path.suffix == ".py" else _of_solidity(text))


def documented_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yields the Python and Solidity files at or below some paths."""
    for path in paths:
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (file for file in found if file.suffix in LIMITS)


def _of_python(text: str) -> Iterator[DocLine]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _DOCUMENTED) and (docstring := ast.get_docstring(node)):
            number = getattr(node, "lineno", 1)
            first, *others = docstring.splitlines()
            yield DocLine(number, first)
            yield from (DocLine(number, entry[1]) for line in others if (entry := _ENTRY.match(line)))


def _of_solidity(text: str) -> Iterator[DocLine]:
    for number, line in enumerate(text.splitlines(), 1):
        tag = _TAG.match(line)
        if tag is None:
            continue
        kind, words = tag.groups()
        if kind == "param":
            words = words.partition(" ")[2].lstrip()
        elif kind == "return":
            # A named return value begins with its name, an unnamed one with a capital.
            words = re.sub(r"^[a-z]\w*\s+(?=[A-Z0-9])", "", words)
        yield DocLine(number, words)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--list", "listed", is_flag=True, help="Print every fragment.")
def main(paths: tuple[Path, ...], listed: bool) -> None:
    """Count the doc lines that open as a fragment; fail above the limit."""
    over = False
    files = list(documented_files(paths or [ROOT / room for room in ROOMS]))
    for suffix, limit in LIMITS.items():
        lines = [(file, line) for file in files if file.suffix == suffix for line in doc_lines(file)]
        fragments = [(file, line) for file, line in lines if line.is_fragment]
        if listed:
            for file, line in fragments:
                click.echo(f"{file}:{line.number}: {line.text}")
        if lines:
            share = len(fragments) / len(lines)
            over |= share > limit
            click.echo(
                f"{suffix}: {len(fragments)} of {len(lines)} doc lines are fragments ({share:.1%}, {limit:.0%} at most)"
            )
    if over:
        raise click.ClickException("too many fragments; see --list, and give each line a subject")


if __name__ == "__main__":
    main()
