"""Transaction cost analysis of what was executed: every fill beside its benchmarks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eth_utils.address import to_checksum_address

from keepers import abi
from keepers.config import Config
from keepers.contracts.deployment import Deployment, load
from keepers.contracts.pool_trades import SWAPS, change_of
from keepers.contracts.reader import Reader
from keepers.execution.extraction import Finding
from keepers.operations import route_expected
from keepers.operations.landed_swaps import who_earned
from keepers.operations.route import Token
from keepers.operations.route_expected import FillForecast, expected_of
from keepers.operations.route_forecast import Market, Span
from keepers.routing.errors import RoutingError
from keepers.routing.fills import Fill, FillCosts, Trade, oracle_out, vwap_out
from keepers.routing.graph import Graph
from keepers.routing.plans import Effort, Order
from keepers.routing.router import find_route
from keepers.rpc.errors import ChainError
from keepers.rpc.events import Event, LogFilter, pages
from keepers.rpc.node import Node, connect

_PAGE = 2_000
"""Blocks in one query of logs."""
_ROOM_PERCENT = 105
"""Sampled markets are asked up to this part of a fill."""
_MOST = 2**112 - 1
_COLUMNS = ("block", "tx_hash", "payer", "token_in", "token_out", "amount_in", "amount_out")


@dataclass(frozen=True)
class Report:
    """Fills of an interval with their costs.

    Attributes:
        first, last: Heights, both inclusive.
        rows: In the order of the chain.
        tokens: By address.
        earned: What others earned in the same block, by hash of the fill's transaction; those without are left out.
        expected: What was to be expected of each fill, or why that is not known; empty where it was not asked for.
    """

    first: int
    last: int
    rows: tuple[FillCosts, ...]
    tokens: dict[str, Token]
    earned: dict[str, tuple[Finding, ...]]
    expected: tuple[FillForecast | str, ...] = ()


def reported(
    config: Config, first: int, last: int | None, effort: Effort | None = None, span: Span | None = None
) -> Report:
    """Reads the fills of an interval and what they cost. Nothing is sent.

    Fills are the aggregator's swaps and the deployment's portfolios' trades; single hops that emit no event are none.

    Args:
        config: Config of the keeper, whose node and deployment are used.
        first: First height.
        last: Last height; None for the newest.
        effort: How far the router goes for the quote beside each fill.
        span: Horizon and history of the forecast beside each fill; None for none.

    Raises:
        RoutingError: If the interval or the span makes no sense.
        SignalError: If the span's history is too short for its horizon.
        ChainError: If the chain cannot be read; prices and pools before a fill need an archive node.
    """
    if span is not None:
        span.check()
    deployment = load(config.at(config.deployment))
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    newest = node.latest().number
    end = newest if last is None else last
    if not 0 <= first <= end <= newest:
        raise RoutingError(f"blocks {first} to {end}", f"not within 0 to {newest}, rising", "give others")
    reader = Reader(node, deployment)
    fills = sorted([*_swaps(node, deployment, first, end), *_executions(node, deployment, first, end)], key=_place)
    addresses = list(dict.fromkeys(token for fill in fills for token in (fill.token_in, fill.token_out)))
    symbols = {address: symbol for symbol, address in deployment.tokens.items()}
    decimals = dict(zip(addresses, reader.decimals(addresses), strict=True))
    tokens = {token: Token(symbols.get(token, token), token, decimals[token]) for token in addresses}
    trades = list(_trades(node, reader, deployment, first, end)) if fills else []
    rows = tuple(_costs(reader, deployment, fill, trades, (decimals, effort or Effort())) for fill in fills)
    market = Market(node, reader, deployment.pools, config.max_log_range)
    expected = tuple(expected_of(market, fill, tokens, span) for fill in fills) if span is not None else ()
    return Report(first, end, rows, tokens, who_earned(node, deployment, fills), expected)


def as_rows(report: Report) -> list[dict[str, Any]]:
    """The report for programs: a dictionary a fill, amounts in smallest units as strings, shortfalls in bps."""
    return [
        {
            **{name: str(value) if "amount" in name else value for name, value in asdict(row.fill).items()},
            **{
                name: None if value is None else str(value)
                for name, value in (
                    ("arrival_out", row.arrival_out),
                    ("vwap_out", row.vwap_out),
                    ("quote_out", row.quote_out),
                )
            },
            "arrival_bps": row.arrival_bps,
            "vwap_bps": row.vwap_bps,
            "quote_bps": row.quote_bps,
            "earned": [
                {"kind": found.kind.value, "account": found.origin, "pool": found.events[0].pool}
                for found in report.earned.get(row.fill.tx_hash, ())
            ],
            **({"forecast": route_expected.as_object(report.expected[place])} if report.expected else {}),
        }
        for place, row in enumerate(report.rows)
    ]


def as_csv(report: Report) -> str:
    """The same as a table with a header; empty where there is no benchmark."""
    out = io.StringIO()
    costs = (f"{name}_{unit}" for unit in ("out", "bps") for name in ("arrival", "vwap", "quote"))
    further = (*route_expected.COLUMNS, route_expected.REALISED) if report.expected else ()
    writer = csv.DictWriter(out, [*_COLUMNS, *costs, "earned", *further], lineterminator="\n")
    writer.writeheader()
    for place, row in enumerate(as_rows(report)):
        row.pop("forecast", None)
        earned = "; ".join(f"{one['kind']} by {one['account']}" for one in row["earned"])
        writer.writerow({**row, "earned": earned, **(_columns(report, place))})
    return out.getvalue()


def lines(report: Report) -> list[str]:
    """The report for people: a line a fill, shortfalls in basis points; a dash where there is no benchmark."""
    told = [f"{len(report.rows)} fills in blocks {report.first} to {report.last}; shortfalls in bps"]
    if report.rows:
        told.append(f"  {'block':>9}  {'arrival':>9}  {'VWAP':>9}  {'quote':>9}  order")
    for place, row in enumerate(report.rows):
        fill = row.fill
        shown = f"{report.tokens[fill.token_in].shown(fill.amount_in)} for "
        shown += report.tokens[fill.token_out].shown(fill.amount_out)
        costs = "  ".join(f"{_shown(cost):>9}" for cost in (row.arrival_bps, row.vwap_bps, row.quote_bps))
        told.append(f"  {fill.block:>9}  {costs}  {shown}")
        found = report.earned.get(fill.tx_hash, ())
        told += [f"  {'':>9}  {one.kind.value} by {one.origin} in {one.events[0].pool}" for one in found]
        if report.expected:
            told.append(f"  {'':>9}  {route_expected.line(report.expected[place])}")
    if report.expected:
        told.append(f"  {route_expected.summary(report.expected)}")
    return told


def _columns(report: Report, place: int) -> dict[str, float]:
    return route_expected.as_columns(report.expected[place]) if report.expected else {}


def _shown(cost: float | None) -> str:
    return "-" if cost is None else f"{cost:.2f}"


def _place(fill: Fill) -> int:
    return fill.block


def _events(node: Node, wanted: LogFilter, first: int, last: int) -> Iterator[Event]:
    for page in pages(node, wanted, first, last, _PAGE):
        yield from page.events


def _swaps(node: Node, deployment: Deployment, first: int, last: int) -> Iterator[Fill]:
    """Fills of the aggregator."""
    wanted = LogFilter(abi.event("LiquidityAggregator", "Swapped"), (deployment.address("LiquidityAggregator"),))
    for event in _events(node, wanted, first, last):
        args = event.args
        ends = to_checksum_address(args["tokenIn"]), to_checksum_address(args["tokenOut"])
        payer = to_checksum_address(args["caller"])
        yield Fill(event.block_number, event.tx_hash, payer, *ends, args["amountIn"], args["amountOut"])


def _executions(node: Node, deployment: Deployment, first: int, last: int) -> Iterator[Fill]:
    """Fills of the portfolios: a word an order, laid out as IPortfolio.Executed says."""
    addresses = tuple(record.address for record in deployment.portfolios.values())
    if not addresses:
        return
    for event in _events(node, LogFilter(abi.event("Portfolio", "Executed"), addresses), first, last):
        portfolio = to_checksum_address(event.address)
        listed = node.call(portfolio, abi.function("Portfolio", "assets"), block=event.block_number)
        assets = [to_checksum_address(asset) for asset in listed]
        for word in event.args["trades"]:
            ends = assets[word & 0xFF], assets[word >> 8 & 0xFF]
            amounts = word >> 32 & _MOST, word >> 144 & _MOST
            yield Fill(event.block_number, event.tx_hash, portfolio, *ends, *amounts)


def _trades(node: Node, reader: Reader, deployment: Deployment, first: int, last: int) -> Iterator[Trade]:
    """Trades of the listed pools of Uniswap V2 and V3 and their forks, as their own events record them."""
    ends = reader.pool_ends()
    for venue, event in SWAPS:
        pools = tuple(pool.address for pool in deployment.pools if pool.venue == venue)
        if not pools:
            continue
        for found in _events(node, LogFilter(event, pools), first, last):
            change, pair = change_of(found.args), ends[to_checksum_address(found.address)]
            if change[0] > 0 > change[1]:
                yield Trade(*pair, change[0], -change[1])
            elif change[1] > 0 > change[0]:
                yield Trade(*pair[::-1], change[1], -change[0])


def _costs(
    reader: Reader, deployment: Deployment, fill: Fill, trades: Sequence[Trade], how: tuple[dict[str, int], Effort]
) -> FillCosts:
    """A fill beside the oracle and the router at the block before, and the interval's average price."""
    (decimals, effort), before = how, max(0, fill.block - 1)
    ends = [fill.token_in, fill.token_out]
    try:
        prices = dict(zip(ends, reader.oracle_prices(ends, before), strict=True))
    except ChainError:
        prices = {}
    arrival = oracle_out(fill, prices, decimals)
    return FillCosts(fill, arrival, vwap_out(fill, trades), _quote(reader, deployment, fill, before, effort))


def _quote(reader: Reader, deployment: Deployment, fill: Fill, block: int, effort: Effort) -> int | None:
    """Output of the router's plan for a fill's input at a block; None if the markets had none."""
    largest = {
        fill.token_in: fill.amount_in,
        fill.token_out: fill.amount_out * _ROOM_PERCENT // 100,
    }
    tokens = tuple(dict.fromkeys((*deployment.tokens.values(), fill.token_in, fill.token_out)))
    try:
        graph = Graph(reader.pools(tokens, block, largest))
        return find_route(graph, Order(fill.token_in, fill.token_out, fill.amount_in), 0, effort).amount_out
    except RoutingError:
        return None
