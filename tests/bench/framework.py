"""Measuring for a group of rows, and writing the rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import repeat
from pathlib import Path
from statistics import median_low
from typing import Any

from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction

from scripts._lib.anvil import advance
from scripts._lib.artifacts import artifact, package_artifact
from scripts._lib.transactions import deploy, send

RUNS = 5
HEADLINES = (
    ("Compliance", "transfer"),
    ("Compliance", "register an identity"),
    ("Rebalances", "3 trades over 4 assets, everything"),
    ("Rebalances", "beside the bare swaps at once"),
    ("Risk", "a limit check, 8 assets"),
    ("Swaps", "V3"),
    ("Swaps", "Balancer weighted"),
    ("Keepers", "Drain 10,000 events"),
    ("Simulation", "VaR of 100 assets, 1,000,000 scenarios"),
    ("Routing", "Distance from the bound, 95th percentile"),
)
"""Groups and names of the rows that the README shows: what users ask for first, met or missed."""
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
_ACCESS_MANAGER = "@openzeppelin/contracts/build/contracts/AccessManager.json"


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        group: Title of its table.
        name: What was done.
        unit: Of `ours` and `peer`.
        ours: What it costs here.
        peer: What the same costs with `peer_name`, if there is one to compare with.
        peer_name: A product and its function.
        target: Highest ratio that we accept, or highest `ours` where there is no peer, if one is set.
        method: How both were measured, for whoever wants to do it again.
    """

    group: str
    name: str
    unit: str
    ours: float
    peer: float | None = None
    peer_name: str = ""
    target: float | None = None
    method: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours over the peer's: below one we are cheaper."""
        return None if not self.peer else round(self.ours / self.peer, 4)

    @property
    def missed(self) -> bool:
        """Whether the ratio, or `ours` where there is no peer, is above its target."""
        measured = self.ours if self.peer is None else self.ratio
        return self.target is not None and measured is not None and measured > self.target

    def as_json(self) -> dict[str, Any]:
        """The row with its ratio."""
        return {**asdict(self), "ratio": self.ratio}


class Bench:
    """A fresh local chain, who acts on it, and the protocol's own contracts by name.

    Attributes:
        w3: Plain web3 on the chain.
        deployer: Deploys, administers the AccessManager, provides liquidity.
        trader: Does what is measured.
    """

    def __init__(self, w3: Web3) -> None:
        self.w3 = w3
        self.deployer, self.trader = w3.eth.accounts[0], w3.eth.accounts[1]

    def deploy(self, name: str, *arguments: Any) -> Contract:
        """Deploys one of the project's contracts."""
        return deploy(self.w3, self.deployer, artifact(name), *arguments)

    def deploy_authority(self) -> Contract:
        """OpenZeppelin's AccessManager; the deployer is its admin and may call every restricted function."""
        return deploy(self.w3, self.deployer, package_artifact(_ACCESS_MANAGER), self.deployer)

    def token(self, symbol: str, decimals: int = 18, supply: int = 10**12) -> Contract:
        """An ordinary token; `supply` whole tokens for the deployer and as many for the trader."""
        token = self.deploy("SettlementToken", symbol, symbol, decimals)
        for holder in (self.deployer, self.trader):
            self.send(self.deployer, token.functions.mint(holder, supply * 10**decimals))
        return token

    def send(self, sender: str, call: ContractFunction) -> int:
        """Sends and returns the gas used."""
        return int(send(self.w3, sender, call)["gasUsed"])

    def gas(self, sender: str, call: ContractFunction, runs: int = RUNS) -> int:
        """Gas of a whole transaction in the steady state: the median after one that warms up, each in a
        later block than the last."""
        return self.gas_of(sender, repeat(call, runs + 1))

    def gas_of(self, sender: str, calls: Iterable[ContractFunction]) -> int:
        """Gas of transactions that differ in what works only once: the median after the first."""
        used = []
        for call in calls:
            advance(self.w3, 12)
            used.append(self.send(sender, call))
        return median_low(used[1:])


def calls_of(
    w3: Web3, transaction: bytes, inside: Callable[[dict[str, Any]], bool] = lambda _: True
) -> Iterator[dict[str, Any]]:
    """Every call inside a transaction, itself first: `callTracer`'s frames. A frame's gas includes what it calls.

    Args:
        inside: Whether to go on into a frame's own calls.
    """
    calls = [_trace(w3, transaction, {"tracer": "callTracer"})]
    while calls:
        call = calls.pop()
        yield call
        if inside(call):
            calls += call.get("calls", [])


def refund_of(w3: Web3, transaction: bytes) -> int:
    """Gas that the chain gave back for slots that were cleared; the node has to run with --steps-tracing."""
    return int(steps_of(w3, transaction)[-1]["refund"])


def steps_of(w3: Web3, transaction: bytes, stack: bool = False) -> list[dict[str, Any]]:
    """Every instruction of a transaction, as debug_traceTransaction has it; see `refund_of`."""
    options = {"disableMemory": True, "disableStack": not stack, "disableStorage": True}
    return list(_trace(w3, transaction, options)["structLogs"])


def _trace(w3: Web3, transaction: bytes, options: dict[str, Any]) -> dict[str, Any]:
    asked = ["0x" + bytes(transaction).hex(), options]
    answer = w3.provider.make_request("debug_traceTransaction", asked)  # type: ignore[arg-type]
    return dict(answer["result"])


def table(rows: list[Row]) -> str:
    """Rows of one group, as Markdown."""
    lines = ["| | Ours | Peer | Ratio | Target |", "|---|--:|--:|--:|--:|"]
    for row in rows:
        lines.append(f"| {row.name} |{_cells(row)}")
    methods = list(dict.fromkeys(row.method for row in rows if row.method))
    return "\n".join([*lines, "", *methods])


def headlines(rows: list[Row]) -> str:
    """The README's table, as Markdown: the first row of each of HEADLINES, and whether it meets its target.

    Raises:
        ValueError: If a row is missing or has no target.
    """
    lines = ["| | Ours | Peer | Ratio | Target | Met |", "|---|--:|--:|--:|--:|:-:|"]
    for group, name in HEADLINES:
        row = next((row for row in rows if (row.group, row.name) == (group, name)), None)
        if row is None or row.target is None:
            raise ValueError(f"{group}, {name}: no such row, or it has no target; see HEADLINES in {__file__}")
        lines.append(_headline(row))
    return "\n".join(lines)


def _headline(row: Row) -> str:
    return f"| {row.group}: {row.name} |{_cells(row)} {'no' if row.missed else 'yes'} |"


def report(rows: list[Row]) -> str:
    """Every table under a heading of its own."""
    groups = list(dict.fromkeys(row.group for row in rows))
    tables = {group: table([row for row in rows if row.group == group]) for group in groups}
    return "\n\n".join(f"## {group}\n\n{text}" for group, text in tables.items())


def refreshed(page: str, rows: list[Row]) -> str:
    """The page of `report` with the sections of these rows' groups in place of older ones, or among the others.

    Raises:
        ValueError: If an older section has a row that was not measured now.
    """
    for group in dict.fromkeys(row.group for row in rows):
        measured = [row for row in rows if row.group == group]
        before, heading, rest = page.partition(f"## {group}\n")
        if not heading:
            page = _with_section(page, group, report(measured))
            continue
        old, next_heading, after = rest.partition("\n## ")
        if not next_heading:
            old, next_heading, after = rest.partition(f"\n{END}")
        names = {line.split(" | ")[0].removeprefix("| ") for line in old.splitlines() if line.startswith("| ")}
        if missing := names - {row.name for row in measured} - {"|"}:
            raise ValueError(f"{group}: {', '.join(sorted(missing))} was not measured; name its module as well")
        space = "\n" if next_heading.startswith("\n## ") else ""
        page = f"{before}{report(measured)}\n{space}{next_heading.removeprefix(chr(10))}{after}"
    return page


def _with_section(page: str, group: str, section: str) -> str:
    """The page with a new section before the first one whose group comes after it in the alphabet, or as the last."""
    later = (f"## {other}\n" for other in re.findall(r"^## (.+)\n", page.split(BEGIN)[1].split(END)[0], re.M))
    place = next((page.index(heading) for heading in later if heading > f"## {group}\n"), None)
    if place is None:
        before, after = page[: page.index(END)], page[page.index(END) :]
        return f"{before}\n{section}\n{after}"
    return f"{page[:place]}{section}\n\n{page[place:]}"


def refreshed_headlines(page: str, rows: list[Row]) -> str:
    """The README with the rows of HEADLINES that were measured in place of older ones."""
    lines = page.splitlines()
    for group, name in HEADLINES:
        row = next((row for row in rows if (row.group, row.name) == (group, name)), None)
        if row is not None:
            start = f"| {group}: {name} |"
            lines = [_headline(row) if line.startswith(start) else line for line in lines]
    return "\n".join(lines) + "\n"


def write_json(rows: list[Row], path: Path) -> None:
    """The rows for programs to read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([row.as_json() for row in rows], indent=2) + "\n", encoding="utf-8")


def write_between_markers(text: str, path: Path) -> None:
    """Replaces what stands between the markers of a file."""
    old = path.read_text(encoding="utf-8")
    before, rest = old.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def _cells(row: Row) -> str:
    peer = f"{_number(row.peer, row.unit)}, {row.peer_name}" if row.peer is not None else "-"
    ratio = f"{row.ratio:.3f}" if row.ratio is not None else "-"
    target = f"≤ {_target(row)}" if row.target is not None else "-"
    return f" {_number(row.ours, row.unit)} | {peer} | {ratio} | {target} |"


def _target(row: Row) -> str:
    assert row.target is not None
    return _number(row.target, row.unit) if row.peer is None else f"{row.target:.2f}"


def _number(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if float(value).is_integer() else f"{value:,.3g} {unit}"
