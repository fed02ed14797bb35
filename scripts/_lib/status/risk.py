"""Prints every risk number of a portfolio beside its limit, and how old what it rests on is; from the chain alone.

ape run risk_status 0x… --network ethereum:mainnet:node
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eth_utils.address import is_address, to_checksum_address
from web3 import Web3
from web3.exceptions import BadFunctionCallOutput, ContractCustomError, ContractLogicError

from keepers import abi
from keepers.portfolio.state import OFF, STATES, WAD, Limits
from keepers.rpc.errors import decode_revert
from scripts._lib.artifacts import contract_at

GRADES = ("AAA", "AA", "A", "BBB", "BB", "B", "D")
UNKNOWN = 2**256 - 1
NO_GRADE, NO_SHARPE = 255, -32_768
_AGGREGATOR = [
    {
        "type": "function",
        "name": "latestRoundData",
        "stateMutability": "view",
        "inputs": [],
        "outputs": [{"name": "", "type": kind} for kind in ("uint80", "int256", "uint256", "uint256", "uint80")],
    }
]


class StatusError(Exception):
    """One line: what could not be read, why, and what to do."""


@dataclass(frozen=True)
class Line:
    """A metric as text: its value, its limit, and what is left of the limit."""

    name: str
    value: str
    limit: str
    headroom: str


def report(w3: Web3, portfolio: str) -> list[str]:
    """Lines of text about a portfolio.

    Raises:
        StatusError: If it is no portfolio, or its numbers cannot be computed now.
    """
    if not is_address(portfolio):
        raise StatusError(f"{portfolio}: not an address; give 0x and 40 hexadecimal digits")
    address = to_checksum_address(portfolio)
    if not w3.eth.get_code(address):
        raise StatusError(f"{address}: no contract on this chain; give a portfolio of this network")

    def at(name: str, where: str) -> Any:
        return contract_at(w3, where, abi.load(name)).functions

    try:
        return _report(w3, address, at)
    except ContractCustomError as error:
        found = decode_revert(bytes.fromhex(str(error.data).removeprefix("0x")))
        raise StatusError(f"{address}: {found.text}; its risk is unknown until that is mended") from error
    except (BadFunctionCallOutput, ContractLogicError) as error:
        raise StatusError(f"{address}: does not answer as a portfolio; give a portfolio of this network") from error


def _report(w3: Web3, address: str, at: Callable[[str, str], Any]) -> list[str]:
    vault = at("Portfolio", address)
    engine = at("RiskEngine", vault.riskEngine().call())
    universe = engine.universeOf(address).call()
    metrics = dict(zip(_metric_names(), engine.metrics(address).call(), strict=True))
    limits = Limits(*engine.limitsOf(address).call())
    now = int(w3.eth.get_block("latest")["timestamp"])
    assets = vault.assets().call()
    names = [at("Portfolio", asset).symbol().call() for asset in assets]
    lines = [
        f"portfolio   {address}, state {STATES[engine.stateOf(address).call()]}{_breaker(engine, address, now)}",
        f"NAV         {metrics['nav'] / WAD:,.2f} USD, share price {metrics['sharePrice'] / WAD:.6f}, "
        f"high-water mark {metrics['highWaterMark'] / WAD:.6f}",
        "",
        f"{'metric':<22}{'value':>12}{'limit':>12}{'headroom':>12}",
    ]
    lines += [f"{x.name:<22}{x.value:>12}{x.limit:>12}{x.headroom:>12}" for x in _lines(metrics, limits)]
    lines += ["", "component VaR 99%"]
    for name, part in zip(names, engine.componentVar(address).call(), strict=True):
        share = part / metrics["var99"] if metrics["var99"] else 0.0
        lines.append(f"  {name:<20}{part / WAD:>12.4%}{share:>12.1%} of VaR")
    return [*lines, "", "inputs", *_ages(w3, at, vault, engine, universe, assets, names, address, now)]


def _metric_names() -> list[str]:
    entry = next(item for item in abi.load("RiskEngine") if item.get("name") == "metrics")
    return [member["name"] for member in entry["outputs"][0]["components"]]


def _breaker(engine: Any, address: str, now: int) -> str:
    held, since, report_expiry = engine.breakerOf(address).call()
    notes = []
    if held:
        notes.append("until it is reopened")
    if since:
        notes.append(f"recovering for {_age(now - since)} of {_age(engine.coolingTime().call())}")
    if report_expiry and now >= report_expiry:
        notes.append(f"its report lapsed {_age(now - report_expiry)} ago")
    return f" ({', '.join(notes)})" if notes else ""


def _lines(m: dict[str, int], limits: Limits) -> list[Line]:
    def line(name: str, key: str, cap: int) -> Line:
        return _line(name, m[key] / WAD, cap / 10_000 if cap != OFF else None, ".3%")

    known = m["observations"] >= 20
    lines = [
        line("VaR 95%, a day", "var95", limits.max_var95_bps),
        line("VaR 99%, a day", "var99", limits.max_var99_bps),
        line("shortfall 97.5%", "es975", limits.max_es975_bps),
        line("volatility, a day", "volatility", limits.max_volatility_bps),
        line("largest component", "maxComponent", limits.max_component_bps),
        line("largest weight", "maxWeight", limits.max_weight_bps),
        line("Herfindahl", "herfindahl", limits.max_herfindahl_bps),
        line("leverage", "leverage", limits.max_leverage_bps),
        line("drawdown", "drawdown", limits.max_drawdown_bps),
        line("drawdown, halt", "drawdown", limits.halt_drawdown_bps),
    ]
    realised = limits.max_realised_volatility_bps
    if known:
        lines.append(line("realised volatility", "realisedVolatility", realised))
        beta_cap = limits.max_beta_bps / 10_000 if limits.max_beta_bps != OFF else None
        lines.append(_line("beta, absolute", abs(m["beta"]) / WAD, beta_cap, ".3f"))
        least = limits.min_sharpe_bps / 10_000
        off = limits.min_sharpe_bps == NO_SHARPE
        sharpe = m["sharpe"] / WAD
        room = "-" if off else f"{sharpe - least:+.3f}"
        lines.append(Line("Sharpe, a year", f"{sharpe:.3f}", "none" if off else f">= {least:.3f}", room))
    else:
        few = f"{m['observations']} of 20 days"
        lines += [Line(name, few, "-", "-") for name in ("realised volatility", "beta, absolute", "Sharpe, a year")]
    days_cap = limits.max_liquidation_tenths / 10 if limits.max_liquidation_tenths != OFF else None
    if m["daysToLiquidate"] == UNKNOWN:
        lines.append(Line("days to liquidate", "unknown", "none" if days_cap is None else f"{days_cap:.1f}", "-"))
    else:
        lines.append(_line("days to liquidate", m["daysToLiquidate"] / WAD, days_cap, ".2f"))
    worst = "none" if limits.worst_grade == NO_GRADE else GRADES[min(limits.worst_grade, len(GRADES) - 1)]
    return [*lines, Line("grade", GRADES[m["grade"]], worst, "-")]


def _line(name: str, value: float, cap: float | None, form: str) -> Line:
    if cap is None:
        return Line(name, format(value, form), "none", "-")
    return Line(name, format(value, form), format(cap, form), f"{(cap - value) / cap:+.1%}")


def _ages(
    w3: Web3,
    at: Callable[[str, str], Any],
    vault: Any,
    engine: Any,
    universe: bytes,
    assets: list[str],
    names: list[str],
    address: str,
    now: int,
) -> list[str]:
    """How old the model, the checkpoints, the depth and the prices are."""
    model = at("CovarianceModels", engine.models().call()).modelOf(universe).call()
    stats = at("PerformanceRegistry", engine.performance().call()).statsOf(address).call()
    book = at("MarketDepthRegistry", engine.liquidity().call())
    oracle = at("PriceOracle", vault.oracle().call())
    lines = [
        f"  covariance model    {_age(now - model[1])} old, number {model[4]}, counts for {_age(model[2] - now)} more",
        f"  checkpoints         {f'{_age(now - stats[1])} old, {stats[0]} returns' if stats[1] else 'none'}",
    ]
    for index, (name, asset) in enumerate(zip(names, assets, strict=True)):
        feed = oracle.feedOf(asset).call()
        updated = contract_at(w3, feed[0], _AGGREGATOR).functions.latestRoundData().call()[3]
        text = f"price {_age(now - updated)} of {_age(feed[1])}"
        if index:
            as_of, expiry, nonce = book.reportOf(universe, asset).call()
            depth = "none" if not nonce else f"{_age(now - as_of)} old{', expired' if now >= expiry else ''}"
            text += f", depth {depth}"
        lines.append(f"  {name:<20}{text}")
    return lines


def _age(seconds: int) -> str:
    if seconds < 0:
        return "0 s"
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds} s"
