"""docs/operations.md: every runbook has steps and a test that goes through it, and every alert has a runbook."""

from __future__ import annotations

import ast
import re

import pytest
import yaml

from scripts._lib.artifacts import ROOT

PAGE = (ROOT / "docs/operations.md").read_text()
RUNBOOKS = {
    section.splitlines()[0]: section
    for section in PAGE.split("\n## Runbooks\n")[1].split("\n## ")[0].split("\n### ")[1:]
    if "Rehearsed by" in section
}
ALERTS = yaml.safe_load((ROOT / "docs/alerts.yaml").read_text())["groups"][0]["rules"]


def anchor(heading: str) -> str:
    """The link to a heading."""
    return "#" + heading.lower().replace(" ", "-")


def functions(path: str) -> dict[str, ast.FunctionDef]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_runbooks__of_the_page__are_found() -> None:
    headings = PAGE.split("\n## Runbooks\n")[1].split("\n## ")[0].count("\n### ")
    assert len(RUNBOOKS) == headings - 1 > 20


@pytest.mark.parametrize("name", RUNBOOKS)
def test_runbook__any__has_what_is_seen_and_steps_and_a_test(name: str) -> None:
    text = RUNBOOKS[name]
    assert "You see " in text and "\n1. " in text
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text.split("Rehearsed by")[1])
    assert named
    for path, test in named:
        decorators = [ast.unparse(decorator) for decorator in functions(path)[test].decorator_list]
        assert not any("skip" in decorator or "xfail" in decorator for decorator in decorators)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_alert__any__names_a_runbook_that_names_it(rule: dict) -> None:
    path, _, fragment = rule["annotations"]["runbook"].partition("#")
    (name,) = [name for name in RUNBOOKS if anchor(name) == f"#{fragment}"]
    assert path == "docs/operations.md" and f"`{rule['alert']}`" in RUNBOOKS[name]
