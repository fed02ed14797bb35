"""`python -m tests.decisions [--write]`: the index of docs/decisions, held against the records.

A record's file is named by its number. It opens with its title, the rooms that it concerns and, where a later record
replaced some of it, a line that says so. Then come four lead-ins: the question, the options where they were recorded,
the decision, whose first sentence is its line in the index, and the consequences.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs/decisions"
INDEX = "README.md"
LEADS = ("Question", "Options", "Decision", "Consequences")
"""The lead-ins in their order; only the options may be missing."""
BESIDE = ("keepers", "scripts", "tooling")
"""Rooms that are no folders of contracts/."""

HEADER = """# Decisions

A record says which question was open, which options there were, what was decided and what follows. It is written for
the reader who asks later why something is as it is. Numbers have gaps; a record keeps its number. A decision that
was replaced stays, and says by which one.

`python -m tests.decisions --write` makes this page from the records. A new record follows the form of the others:

```
# N. A sentence that states the decision

Rooms: portfolio, risk.

**Question.** … **Options.** … **Decision.** One sentence for the index. … **Consequences.** …
```

| | Decision | In one sentence | Rooms |
|--:|---|---|---|
"""

_TITLE = re.compile(r"# (\d+)\. (\S.*[^.\s])\n\n")
_ROOMS = re.compile(r"Rooms: ([a-z, ]+)\.\n\n")
_REPLACED = re.compile(r"Superseded(?: in part)? by \[decision (\d+)\]\((\d{4})-[\w-]+\.md\)")
_LEAD = re.compile(rf"^\*\*({'|'.join(LEADS)})\.\*\*", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[\w`)%])(?:\.(?=\s+[A-Z`])|[.:](?=\s*$))")


class Malformed(ValueError):
    """A record lacks a part of the form."""


@dataclass(frozen=True)
class DecisionRecord:
    """One decision.

    Attributes:
        file: Name of its file.
        number: Number that it keeps.
        title: Title without the number.
        rooms: Folders of contracts/ that it concerns, or members of BESIDE.
        line: First sentence of the decision.
        replaced_by: Number of the record that superseded some of it.
    """

    file: str
    number: int
    title: str
    rooms: tuple[str, ...]
    line: str
    replaced_by: int | None

    @property
    def row(self) -> str:
        """Its row of the index."""
        line = self.line if self.replaced_by is None else f"{self.line} *Superseded in part by {self.replaced_by}.*"
        return f"| {self.number} | [{self.title}]({self.file}) | {line} | {', '.join(self.rooms)} |"


def parse(name: str, text: str) -> DecisionRecord:
    """Reads a record.

    Raises:
        Malformed: If it lacks a part of the form.
    """
    title = _TITLE.match(text)
    if title is None:
        raise Malformed(f"{name}: the first line is not '# N. A sentence without a full stop'")
    if not name.startswith(f"{int(title[1]):04d}-"):
        raise Malformed(f"{name}: the title has the number {title[1]}")
    rooms = _ROOMS.match(text, title.end())
    if rooms is None:
        raise Malformed(f"{name}: the title is not followed by 'Rooms: a, b.'")
    leads = [lead[1] for lead in _LEAD.finditer(text)]
    if leads != list(LEADS) and leads != [lead for lead in LEADS if lead != "Options"]:
        raise Malformed(f"{name}: the lead-ins are {', '.join(leads) or 'missing'}; the form has {', '.join(LEADS)}")
    decision = text.split("**Decision.**")[1].lstrip()
    sentence = _SENTENCE.split(" ".join(decision.split("\n\n")[0].split()))[0]
    replaced = _REPLACED.match(text, rooms.end())
    return DecisionRecord(
        file=name,
        number=int(title[1]),
        title=title[2],
        rooms=tuple(rooms[1].split(", ")),
        line=f"{sentence}.",
        replaced_by=int(replaced[1]) if replaced else None,
    )


def records(folder: Path = FOLDER) -> list[DecisionRecord]:
    """Returns every record of a folder by its number.

    Raises:
        Malformed: If a record lacks a part of the form, or two have one number.
    """
    found = [
        parse(file.name, file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.md")) if file.name != INDEX
    ]
    numbers = [record.number for record in found]
    if twice := {number for number in numbers if numbers.count(number) > 1}:
        raise Malformed(f"two records have the number {min(twice)}")
    return found


def index(found: list[DecisionRecord]) -> str:
    """Returns the page that lists the records."""
    return HEADER + "".join(f"{record.row}\n" for record in found)


@click.command()
@click.option("--write", is_flag=True, help="Write the index anew.")
def main(write: bool) -> None:
    """Hold the index of decisions against the records."""
    try:
        page = index(records())
    except Malformed as error:
        raise click.ClickException(str(error)) from error
    file = FOLDER / INDEX
    if write:
        file.write_text(page, encoding="utf-8")
        click.echo(f"{page.count('](0')} decisions are listed in docs/decisions/{INDEX}")
    elif not file.exists() or file.read_text(encoding="utf-8") != page:
        raise click.ClickException(f"docs/decisions/{INDEX} is stale; python -m tests.decisions --write")


if __name__ == "__main__":
    main()
