"""docs/integrating.md names functions, events and errors that the interfaces declare, each where the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs/integrating.md"
STANDARDS = ROOT / "node_modules/@openzeppelin/contracts"
# OpenZeppelin declares ERC-4626's errors on its implementation alone.
MORE = ("interfaces/IERC4626.sol", "token/ERC20/IERC20.sol", "token/ERC20/extensions/ERC4626.sol")

KINDS = {"Function": "function", "Event": "event", "Error": "error"}
_SPAN = re.compile(r"`([^`]+)`")
_NAME = re.compile(r"[A-Za-z_]\w*")
_COMMENT = re.compile(r"^\s*///?[^\n]*$", re.MULTILINE)
# A reader does not look these up in an interface: a file, a call of the node, a pattern.
OTHER = {
    "interfaces/",
    "deployments/<network>.json",
    "eth_call",
    "max*",
    "Contract__Reason",
    "AsyncVault",
    "totalAssets / totalSupply",
}

SOURCES = {file.stem: _COMMENT.sub("", file.read_text()) for file in (ROOT / "interfaces").rglob("*.sol")}
INHERITED = {"IPortfolio": [STANDARDS / name for name in MORE]}


def declares(interface: str, kind: str, name: str) -> bool:
    """True if the interface, or the standard that it inherits, declares the name."""
    texts = [SOURCES[interface], *(file.read_text() for file in INHERITED.get(interface, ()))]
    return any(re.search(rf"\b{kind} {name}\(", text) for text in texts)


def named(page: str) -> list[tuple[str, str, str]]:
    """Returns kind, interface and name for each name in the first column of the page's tables."""
    found = []
    kind = ""
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            kind = ""
        elif cells[0] in KINDS:
            kind = KINDS[cells[0]]
        elif kind and not cells[0].startswith("-"):
            (interface,) = _SPAN.findall(cells[1])
            found += [(kind, interface, name) for name in _SPAN.findall(cells[0])]
    return found


def unknown(page: str) -> list[str]:
    """Returns the code spans of a page that no interface and no standard knows."""
    words = {word for text in SOURCES.values() for word in _NAME.findall(text)} | set(SOURCES)
    words |= {word for name in MORE for word in _NAME.findall((STANDARDS / name).read_text())}
    spans = (span for span in _SPAN.findall(page) if span not in OTHER and not span.startswith("0x"))
    return sorted({span for span in spans if not set(_NAME.findall(span)) <= words})


def test_names__in_the_tables__are_declared_where_the_page_says() -> None:
    rows = named(PAGE.read_text(encoding="utf-8"))
    assert [row for row in rows if not declares(row[1], row[0], row[2])] == []
    assert {kind for kind, _, _ in rows} == set(KINDS.values())
    assert len(rows) > 100


def test_code__anywhere_on_the_page__is_known() -> None:
    assert unknown(PAGE.read_text(encoding="utf-8")) == []


def test_unknown__misspelt_name__is_found() -> None:
    assert unknown("Call `redeemInKind`, then `claimAll(shares)`.") == ["claimAll(shares)"]


@pytest.mark.parametrize(
    ("kind", "interface", "name"),
    [
        ("function", "IPortfolio", "requestRedeem"),
        ("event", "IPortfolio", "redeemInKind"),
        ("error", "IPortfolio", "Ex"),
    ],
)
def test_declares__name_of_another_kind_or_place__is_false(kind: str, interface: str, name: str) -> None:
    assert not declares(interface, kind, name)


def test_named__rows_of_a_table__are_taken_by_its_heading() -> None:
    page = "| Event | Of | Tells |\n|---|---|---|\n| `A`, `B` | `IC` | |\n\n| Who | Of |\n|---|---|\n| `D` | `IC` |\n"
    assert named(page) == [("event", "IC", "A"), ("event", "IC", "B")]
