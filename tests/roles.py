"""`python -m tests.roles [--write]`: docs/roles.md, made from the contracts' NatSpec and the deployment's mapping.

contracts/access/Roles.sol says what each role is for and what it can cost at worst, scripts/_lib/deployment/roles.py
which function belongs to which role, and the interfaces what each function does and can cost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import click

from scripts._lib.deployment.roles import BESIDE, FUNCTIONS, HELD, NAMES

ROOT = Path(__file__).resolve().parent.parent
ROLES = ROOT / "contracts/access/Roles.sol"
PAGE = ROOT / "docs/roles.md"
GOVERNED = {"TokenFactory": ("IComplianceAwareToken", "IERC7943Fungible")}
"""Interfaces whose functions are mapped under the factory that governs the clones."""

HEADER = """# Roles

One AccessManager holds every role. A role that tightens is held without a delay; its `_DELAYED` twin is held by the
same people with the delay that loosening waits out: they `schedule`, wait, `execute`. How a config grants roles:
[deploying](deploying.md#who-may-do-what). What signers and keepers can cost:
[rebalancing](rebalancing.md#who-can-do-what) and [risk](risk.md#what-a-stolen-quorum-can-do-with-models).

`python -m tests.roles --write` makes this page from `contracts/access/Roles.sol`, `scripts/_lib/deployment/roles.py`
and the interfaces' NatSpec. Functions that the mapping does not name are ADMIN's: feeds, unfreezing, everybody's
limits, reopening, upgrades. The functions of a regulated token stand under `TokenFactory`, which governs every token.
Where a function's documentation names no worst case, that of its role holds.

"""

_CONSTANT = re.compile(r"((?:\s*///[^\n]*\n)+)\s*uint64 internal constant (\w+) = (\d+);")
_FUNCTION = re.compile(r"((?:[ \t]*///[^\n]*\n)+)\s*function (\w+)\(")
_TAG = re.compile(r"@(notice|dev|param|return)\b")
_ROLE = re.compile(r"Role: ([A-Z_]+)")
_SENTENCE = re.compile(r"(?<=[\w`)%}])\.(?=\s+[A-Z`]|\s*$)")


@dataclass(frozen=True)
class Described:
    """The NatSpec of a role or a function, in parts.

    Attributes:
        purpose: The first sentence, or for a role everything but what it costs.
        worst: What it can cost at worst; empty if the text does not say.
        role: Role that the text names; empty if it names none.
    """

    purpose: str
    worst: str
    role: str


def described(comment: str, *, whole: bool = False) -> Described:
    """Reads a NatSpec comment.

    Args:
        comment: Lines that begin with three slashes.
        whole: True to keep every sentence of the purpose.
    """
    text = " ".join(line.strip().removeprefix("///").strip() for line in comment.strip().splitlines())
    text = re.sub(r"\{([\w-]+)\}", r"`\1`", text).replace("|", "\\|")
    parts = _TAG.split(text)
    said = " ".join(
        body.strip() for tag, body in zip(parts[1::2], parts[2::2], strict=True) if tag in ("notice", "dev")
    )
    before, _, after = said.partition("At worst")
    role = _ROLE.search(said)
    sentences = [sentence.strip() for sentence in _SENTENCE.split(before) if sentence.strip()]
    worst = re.sub(r"\s*Role: [A-Z_]+.*", "", after.lstrip(":, "))
    return Described(
        purpose=" ".join(f"{sentence}." for sentence in (sentences if whole else sentences[:1])),
        worst=_capital(_SENTENCE.split(worst)[0].strip() if not whole else worst.strip().removesuffix(".")),
        role=role[1] if role else "",
    )


def described_roles(text: str) -> dict[str, tuple[int, Described]]:
    """Returns each role's id and what Roles.sol says about it, by its name."""
    return {name: (int(number), described(comment, whole=True)) for comment, name, number in _CONSTANT.findall(text)}


def described_functions(contract: str) -> dict[str, Described]:
    """Returns what the interfaces say about the functions that are mapped under a contract, by name."""
    found: dict[str, Described] = {}
    for interface in (f"I{contract}", *GOVERNED.get(contract, ())):
        (file,) = (ROOT / "interfaces").rglob(f"{interface}.sol")
        for comment, name in _FUNCTION.findall(file.read_text(encoding="utf-8")):
            found.setdefault(name, described(comment.replace("this interface", f"`{interface}`")))
    return found


def page() -> str:
    """Returns the page of all roles and of their functions."""
    roles = described_roles(ROLES.read_text(encoding="utf-8"))
    text = HEADER + "| Role | Id | In the config | Purpose | At worst |\n|---|--:|---|---|---|\n"
    for number, name in NAMES.items():
        said = roles[name][1]
        worst = said.worst or f"see [its functions](#{name.lower()})"
        text += f"| `{name}` | {number} | {_held(number)} | {said.purpose} | {worst} |\n"
    functions = {contract: described_functions(contract) for contract in (*FUNCTIONS, *BESIDE)}
    for number, name in NAMES.items():
        rows = [
            f"| `{contract}.{function}` | {said.purpose} | {said.worst} |"
            for contract, mapped in (*FUNCTIONS.items(), *BESIDE.items())
            for function, role in mapped.items()
            if role == number and (said := functions[contract][function])
        ]
        if rows:
            text += f"\n## {name}\n\n| Function | What it does | At worst |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    return text


def _held(number: int) -> str:
    for config, (at_once, delayed) in HELD.items():
        if number == at_once:
            return f"`{config}`, at once"
        if number == delayed:
            return f"`{config}`, after its delay"
    return {"ADMIN": "`admin`, after `admin_delay`"}.get(NAMES[number], "contracts of the deployment")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@click.command()
@click.option("--write", is_flag=True, help="Write the page anew.")
def main(write: bool) -> None:
    """Hold docs/roles.md against the contracts and the mapping."""
    made = page()
    if write:
        PAGE.write_text(made, encoding="utf-8")
        click.echo(f"{len(NAMES)} roles are described in docs/{PAGE.name}")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != made:
        raise click.ClickException(f"docs/{PAGE.name} is stale; python -m tests.roles --write")


if __name__ == "__main__":
    main()
