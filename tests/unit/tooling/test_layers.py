"""Rooms import downwards only, and pure rooms load nothing that talks to a node, a database or a file of keys."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

LAYERS = (
    ("errors",),
    ("schema",),
    ("yamlfile",),
    ("urls",),
    ("abi",),
    ("market",),
    ("risk",),
    ("signals",),
    ("portfolio",),
    ("routing",),
    ("execution",),
    ("rebalancing",),
    ("backtest",),
    ("compliance",),
    ("config",),
    ("rpc",),
    ("signers",),
    ("providers",),
    ("documents",),
    ("contracts",),
    ("transactions",),
    ("store",),
    ("runtime",),
    ("bots",),
    ("operations",),
    ("commands",),
    ("cli",),
    ("__main__",),
)
"""Rooms and modules of the keepers' package, the lowest first; each imports from those before it."""

PURE = ("risk", "signals", "portfolio", "routing", "execution", "rebalancing", "backtest", "compliance")
EFFECTS = (
    "keepers.rpc",
    "keepers.signers",
    "keepers.providers",
    "keepers.documents",
    "keepers.contracts",
    "keepers.transactions",
    "keepers.store",
    "keepers.config",
)
"""Packages that a pure room must not load."""
HEAVY = ("torch", "onnx")
"""Packages, onnxruntime among them, that load only when something is trained or served."""


def height(module: str) -> int:
    """The layer of a module of the keepers' package; the package itself is below all."""
    parts = module.split(".")
    if len(parts) == 1:
        return -1
    (found,) = (number for number, layer in enumerate(LAYERS) if parts[1] in layer)
    return found


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and module of each import of the keepers' package, at the top or within a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "keepers":
            names = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "keepers" else []
            rooms = [name for name in names if name.split(".")[1] not in ("__version__",)]
            yield from ((node.lineno, name) for name in rooms or [str(node.module)])
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name.split(".")[0] == "keepers")


def test_imports__every_room__are_downward() -> None:
    upward = []
    for path in sorted((ROOT / "keepers").rglob("*.py")):
        own = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for line, module in imports(path):
            same_room = own.split(".")[1:2] == module.split(".")[1:2]
            if not same_room and height(module) >= height(own):
                upward.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert not upward, "\n".join(upward)


def test_imports__every_room__has_a_layer() -> None:
    there = {
        path.stem for path in (ROOT / "keepers").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert there - {"__init__"} == {name for layer in LAYERS for name in layer}


def test_imports__modules_of_one_room__have_no_circle() -> None:
    graph: dict[str, set[str]] = {}
    for path in (ROOT / "keepers").rglob("*.py"):
        own = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        # A package's own `__init__` gathers names: it is no part of a circle of its modules.
        if path.name != "__init__.py":
            graph[own] = {module for _, module in imports(path)}
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above[above.index(module) :], module))
        if module in graph and module not in done:
            for below in sorted(graph[module]):
                visit(below, (*above, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("room", PURE)
def test_pure_room__loaded_alone__loads_no_effects(room: str) -> None:
    script = (
        "import importlib, pkgutil, sys\n"
        f"room = importlib.import_module('keepers.{room}')\n"
        "for found in pkgutil.walk_packages(room.__path__, room.__name__ + '.'):\n"
        "    importlib.import_module(found.name)\n"
        f"print([name for name in sys.modules if name.startswith({EFFECTS + HEAVY!r})])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
