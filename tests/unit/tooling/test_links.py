"""Every link of the documentation leads to a file of the repository, and to a heading where it names one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("docs", "contracts", "interfaces", "keepers", "scripts", "tests")
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *(page for folder in FOLDERS for page in sorted((ROOT / folder).rglob("*.md"))),
]

_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)
_ELSEWHERE = ("https://", "http://", "mailto:")


def anchors(text: str) -> set[str]:
    """Returns what a link may name behind its hash, as code hosts derive it from the headings."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        numbered = (slug if number == 0 else f"{slug}-{number}" for number in range(len(found) + 1))
        found.add(next(name for name in numbered if name not in found))
    return found


def broken(page: Path, root: Path = ROOT) -> list[str]:
    """Returns the links of a page that lead nowhere, each with the reason."""
    faults = []
    for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if link.startswith(_ELSEWHERE):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.is_relative_to(root) or not target.exists():
            faults.append(f"{link}: no such file")
        elif fragment and fragment not in anchors(target.read_text(encoding="utf-8")):
            faults.append(f"{link}: no such heading")
    return faults


def test_links__of_every_page__lead_somewhere() -> None:
    faults = {str(page.relative_to(ROOT)): broken(page) for page in PAGES}
    assert {page: links for page, links in faults.items() if links} == {}
    assert len(PAGES) > 70


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("there.md", None),
        ("there.md#a-b-and-c", None),
        ("there.md#twice-1", None),
        ("https://example.org/x", None),
        ("#here", None),
        ("gone.md", "no such file"),
        ("../outside.md", "no such file"),
        ("there.md#gone", "no such heading"),
        ("there.md#in-a-fence", "no such heading"),
    ],
)
def test_broken__one_link__tells_what_is_missing(tmp_path: Path, link: str, fault: str | None) -> None:
    (tmp_path.parent / "outside.md").write_text("# Outside\n", encoding="utf-8")
    (tmp_path / "there.md").write_text(
        "# A `b`, and c\n\n## Twice\n\n## Twice\n\n```\n# In a fence\n```\n", encoding="utf-8"
    )
    page = tmp_path / "page.md"
    page.write_text(f"# Here\n\nSee [it]({link}).\n", encoding="utf-8")
    assert broken(page, tmp_path) == ([f"{link}: {fault}"] if fault else [])
