"""`python -m tests.trex [--write]`: the tables of T-REX's cases in docs/compliance.md, held against the cases.

A test runs every case and fails for one that ends otherwise than it says, so that the tables count what is so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from tests.trex import approval_cases, compliance_cases, delivery_cases, registry_cases, token_cases
from tests.trex.cases import CASES, Case

PAGE = Path(__file__).resolve().parents[2] / "docs/compliance.md"
BEGIN, END = "<!-- trex:begin -->", "<!-- trex:end -->"
MODULES = (token_cases, registry_cases, compliance_cases, approval_cases, delivery_cases)
"""Modules that enter their cases when they are imported."""


def files() -> list[str]:
    """Returns T-REX's test files, in the order in which their cases were entered."""
    return list(dict.fromkeys(case.file for case in CASES))


def tables() -> str:
    """Returns what the page says between its marks."""
    passing = [case for case in CASES if case.difference is None and not case.absent]
    differing = [case for case in CASES if case.difference is not None]
    absent = [case for case in CASES if case.absent]
    return "\n".join(
        (
            f"{len(CASES)} cases of T-REX's own tests speak of the token, the registries, compliance, agents, and its",
            "two escrow contracts. Each is restated for these contracts in `tests/trex`.",
            f"**{len(passing)} pass**, {len(differing)} differ by design, and {len(absent)} expect a refusal of",
            "functions that are not here at all (`init` of contracts that are made otherwise).",
            "[Decision 243](decisions/0243-t-rexs-cases-pass-unless-a-line-forbids-it.md) names the duty that",
            "forbids each one.",
            "",
            *_by_file(),
            "",
            *_by_difference(differing),
        )
    )


def _by_file() -> Iterator[str]:
    yield "| File of T-REX | Cases | Pass | Differ | Not here |"
    yield "|---|--:|--:|--:|--:|"
    for file in files():
        cases = [case for case in CASES if case.file == file]
        differ = sum(case.difference is not None for case in cases)
        absent = sum(case.absent for case in cases)
        yield f"| {file} | {len(cases)} | {len(cases) - differ - absent} | {differ} | {absent} |"


def _by_difference(differing: list[Case]) -> Iterator[str]:
    yield "| Cases | In T-REX | Here, and why |"
    yield "|--:|---|---|"
    for difference, count in Counter(case.difference for case in differing if case.difference).most_common():
        yield f"| {count} | {difference.in_trex} | {difference.here} |"


def page(text: str) -> str:
    """Returns a page with the tables between its marks.

    Raises:
        ValueError: If a mark is missing.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"docs/{PAGE.name} lacks {BEGIN} or {END}; put both where the tables belong")
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


@click.command()
@click.option("--write", is_flag=True, help="Write the tables anew.")
def main(write: bool) -> None:
    """Hold the page's tables against the cases."""
    text = PAGE.read_text(encoding="utf-8")
    try:
        made = page(text)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if write:
        PAGE.write_text(made, encoding="utf-8")
        click.echo(f"{len(CASES)} cases in docs/{PAGE.name}")
    elif made != text:
        raise click.ClickException(f"docs/{PAGE.name} is stale; python -m tests.trex --write")


if __name__ == "__main__":
    main()
