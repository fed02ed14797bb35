"""Divides an order over the listed markets, and says how much better a division could be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import click
from web3.exceptions import ContractLogicError, Web3Exception

from keepers.operations.route import certificate_line
from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.exact_output import find_exact_output
from keepers.routing.graph import Graph
from keepers.routing.markets import Market, VenueKind
from keepers.routing.order_paths import paths_of, run_paths
from keepers.routing.plans import BPS, MAX_AMOUNT, MAX_HOPS, Effort, ExactOutputPlan, Order, OutputOrder, RoutePlan
from keepers.routing.plans import gap_bps as gap_of
from keepers.routing.pools import Pool, QuotedPool, Samples
from keepers.routing.router import find_route
from keepers.routing.split import PlannedPath
from scripts._lib.orders import KINDS, Quoted, SwapSession

_FALLING = tuple(2.0 ** (-step / 2) for step in range(24))
"""Parts of the most that may come of a token, for which every market is asked at first."""
_AROUND = (0.5, 0.7, 0.85, 0.95, 1.0, 1.05, 1.15, 1.3, 1.6)
"""Parts of each amount of a first plan for which every market is asked after that."""
_ROOM_PERCENT = 105
"""Part of a token that goes on between hops, % of what its markets bring; rounding must not pass the last size."""
_CHUNK = 8
"""Amounts in one call of the lens: nodes limit the gas of a call."""
_GROWTHS = 12
"""Number of times that an unknown input is multiplied until its markets bring an exact output."""
_GROWTH = 8

Pair = tuple[str, str]
"""Token that goes in, and token that comes out."""
Sizes = Mapping[Pair, Sequence[int]] | Sequence[float]
"""Amounts by pair, or parts of the most that may come of a token."""


@dataclass(frozen=True)
class Ways:
    """The ways that an order may go.

    Attributes:
        max_hops: Maximum number of markets on a path, 1 to 6.
        excluded: Markets that may not be used: their keys, or kinds as KINDS names them.

    Raises:
        click.ClickException: If the number is out of range.
    """

    max_hops: int = 1
    excluded: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.max_hops <= MAX_HOPS:
            raise click.ClickException(f"{self.max_hops} hops: not within 1 to {MAX_HOPS}; give a number in between")

    def left(self, listed: Mapping[str, Market]) -> dict[str, Market]:
        """The listed markets without the excluded ones.

        Raises:
            click.ClickException: If something excluded is neither a listed market nor a kind.
        """
        keys = {key.lower() for key in listed}
        lowered = {name.lower() for name in self.excluded}
        kinds = {kind.lower() for kind in KINDS[1:]}
        for name in sorted(lowered - keys - kinds):
            known = ", ".join(KINDS[1:])
            raise click.ClickException(
                f"venue {name}: neither a listed market nor a kind; give a key, or one of: {known}"
            )
        return {
            key: market
            for key, market in listed.items()
            if key.lower() not in lowered and KINDS[market.kind].lower() not in lowered
        }


@dataclass(frozen=True)
class Division:
    """An order's division over markets.

    Attributes:
        quoted: Amount that the markets pay for an exact input, or ask for an exact output, as the lens says for it.
        bound: No division over straight lines between the markets' quotes is better, fixed costs included: the most
            that an exact input brings, the least that an exact output takes; smallest units.
        pool_cost: Fixed cost of one market, smallest units of the output, or of the input for an exact output.
        exact_out: The output is exact.
    """

    quoted: Quoted
    bound: int
    pool_cost: int
    exact_out: bool = False

    @property
    def net(self) -> int:
        """Output net of fixed costs, or input with them."""
        return _net(self.quoted, self.pool_cost, self.exact_out)

    @property
    def gap_bps(self) -> float:
        """Distance from the division to the bound, fixed costs included, basis points; never negative."""
        if self.exact_out:
            return BPS * max(0, self.net - self.bound) / self.net
        return gap_of(self.bound, self.net, self.quoted.amount)


def divided(
    session: SwapSession, amount: int, pool_cost: int = 0, effort: Effort | None = None, ways: Ways | None = None
) -> Division:
    """The best division that is found of an exact input; one market alone where that pays more net of fixed costs.

    Every candidate is quoted by the lens as the order that would be sent, so that what is compared is what is paid.

    Args:
        session: The pair.
        amount: Smallest units of the input.
        pool_cost: Fixed cost of one market, smallest units of the output.
        effort: How far the router goes.
        ways: Ways that it may go; by default markets that trade the pair.

    Raises:
        click.ClickException: If there is no market, or every one refuses.
    """
    _require_possible(session, amount, False)
    survey = _Survey(session, ways or Ways())
    direct = survey.direct(session.direct(amount))
    order = Order(*survey.ends, amount, survey.ways.max_hops)
    found, plan = _alone(direct[0], amount) if direct else None, None
    sizes: Sizes = _FALLING
    for _ in range(2):
        survey.ask(amount, sizes)
        plan = survey.plan(order, pool_cost, effort)
        if plan is None:
            break
        found = _better(found, survey.quoted(plan), pool_cost, False)
        sizes = survey.around(plan)
    if found is None:
        raise survey.refusal(amount, False)
    net = _net(found, pool_cost, False)
    return Division(found, net if plan is None else max(plan.bound, net), pool_cost)


def divided_output(
    session: SwapSession, amount: int, pool_cost: int = 0, effort: Effort | None = None, ways: Ways | None = None
) -> Division:
    """The cheapest division that is found of an exact output; one market alone where that takes less with fixed costs.

    Args:
        session: The pair.
        amount: Smallest units of the output.
        pool_cost: Fixed cost of one market, smallest units of the input.
        effort: How far the router goes.
        ways: Ways that it may go; by default markets that trade the pair.

    Raises:
        click.ClickException: If there is no market, or none brings the amount.
    """
    _require_possible(session, amount, True)
    survey = _Survey(session, ways or Ways())
    direct = [quoted for quoted in survey.direct(session.direct(amount, True)) if quoted.amount]
    order = OutputOrder(*survey.ends, amount, survey.ways.max_hops)
    found, plan = _alone(direct[0], amount) if direct else None, None
    most = direct[0].amount if direct else session.units("1")
    # The input that one market asks is enough; without one, ever larger inputs are tried.
    for _ in range(1 if direct else _GROWTHS):
        survey.ask(most, _FALLING)
        plan = survey.cheapest(order, pool_cost, effort)
        if plan is not None or most * _GROWTH >= MAX_AMOUNT:
            break
        most *= _GROWTH
    if plan is not None:
        found = _better(found, survey.quoted_output(plan), pool_cost, True)
        survey.ask(most, survey.around(plan))
        plan = survey.cheapest(order, pool_cost, effort) or plan
        found = _better(found, survey.quoted_output(plan), pool_cost, True)
    if found is None:
        raise survey.refusal(amount, True)
    total = _net(found, pool_cost, True)
    return Division(found, total if plan is None else min(plan.bound, total), pool_cost, True)


def division_lines(session: SwapSession, division: Division) -> list[str]:
    """The bound, then a line a path where there are several, for people."""
    shown = session.shown(division.bound, int(not division.exact_out))
    told = [certificate_line(shown, division.gap_bps, least=division.exact_out)]
    total = sum(part for part, _ in division.quoted.paths)
    if len(division.quoted.markets) > 1:
        for part, hops in division.quoted.paths:
            told.append(f"  {part / total:7.2%} through {', '.join(market for market, _ in hops)}")
    return told


class _Survey:
    """Quotes of the markets on the ways of an order, asked of the lens."""

    def __init__(self, session: SwapSession, ways: Ways) -> None:
        self._session, self.ways = session, ways
        self.ends = str(session.tokens[0].address), str(session.tokens[1].address)
        self._markets = ways.left(session.listed())
        self._samples: dict[Pair, dict[str, dict[int, int]]] = {}

    def direct(self, quotes: Iterable[Quoted]) -> list[Quoted]:
        """Quotes of the markets that may be used."""
        return [quoted for quoted in quotes if quoted.market in self._markets]

    def ask(self, amount: int, sizes: Sizes) -> None:
        """Asks what markets pay: for parts of the most that may come of a token, or for amounts by pair."""
        most = {self.ends[0]: amount}
        for hop in range(self.ways.max_hops):
            for pair in self._pairs(list(most), self.ways.max_hops - hop):
                if isinstance(sizes, Mapping):
                    asked = sorted(size for size in set(sizes.get(pair, ())) if 0 < size <= most[pair[0]])
                else:
                    asked = sorted({int(most[pair[0]] * part) for part in sizes} - {0})
                self._ask_pair(pair, asked)
                brought = sum(max(found.values(), default=0) for found in self._samples.get(pair, {}).values())
                if brought:
                    most[pair[1]] = max(most.get(pair[1], 0), brought * _ROOM_PERCENT // 100)

    def plan(self, order: Order, pool_cost: int, effort: Effort | None) -> RoutePlan | None:
        """The router's plan over straight lines between the samples; None if the markets do not take the order."""
        try:
            return find_route(Graph(self._pools()), order, pool_cost, effort)
        except RoutingError:
            return None

    def cheapest(self, order: OutputOrder, pool_cost: int, effort: Effort | None) -> ExactOutputPlan | None:
        """The same for an exact output."""
        try:
            return find_exact_output(Graph(self._pools()), order, pool_cost, effort)
        except RoutingError:
            return None

    def around(self, plan: RoutePlan | ExactOutputPlan) -> dict[Pair, list[int]]:
        """Amounts by pair near those of a plan."""
        sizes: dict[Pair, list[int]] = {}
        for swap in plan.swaps:
            found = sizes.setdefault((swap.token_in, swap.token_out), [])
            found += [int(swap.amount_in * part) for part in _AROUND]
        return sizes

    def quoted(self, plan: RoutePlan) -> Quoted | None:
        """The plan's paths as one order, quoted by the lens; None if the lens refuses."""
        paths = self._apart(plan)
        asked = self._as_quoted(paths)
        try:
            order = self._session.order(asked, plan.amount_in, 0, self._session.lens.address)
            paid = int(self._session.lens.functions.quoteOrder(order).call()[0])
        except (ContractLogicError, Web3Exception):
            return None
        return replace(asked, amount=paid) if paid else None

    def quoted_output(self, plan: ExactOutputPlan) -> Quoted | None:
        """The plan's paths as one exact output, each with its part of it, quoted by the lens."""
        paths, market = self._apart(plan), {pool.address: pool for pool in self._pools()}
        try:
            brought = [run_paths(dict(market), self.ends[0], (path,)) for path in paths]
            asked = self._as_quoted(_shared_out(paths, brought, plan.wanted))
            order = self._session.order(asked, plan.wanted, 0, self._session.lens.address)
            cost = int(self._session.lens.functions.quoteExactOut(order).call()[0])
        except (ContractLogicError, Web3Exception, InsufficientLiquidity):
            return None
        return replace(asked, amount=cost) if cost else None

    def refusal(self, amount: int, exact_out: bool) -> click.ClickException:
        """Why nothing trades the pair, in one line."""
        if self.ways.excluded or self.ways.max_hops > 1:
            what = f"{self._session.names[0]} for {self._session.names[1]}"
            hops = f"within {self.ways.max_hops} hops and without what is excluded"
            return click.ClickException(f"no route takes {what} {hops}; exclude less, allow more hops, or trade less")
        try:
            self._session.best(amount, exact_out)
        except click.ClickException as error:
            return error
        return click.ClickException("the markets refuse the order that their quotes allow; quote again")

    def _pairs(self, tokens: Sequence[str], hops: int) -> list[Pair]:
        """Pairs from some tokens on, from which the output can be reached in so many hops."""
        near = [(market.token0, market.token1) for market in self._markets.values()]
        reaching, close = {self.ends[1]}, {self.ends[1]}
        for _ in range(hops - 1):
            close = {one for pair in near for one, other in (pair, pair[::-1]) if other in close}
            reaching |= close
        ways = ((one, other) for pair in near for one, other in (pair, pair[::-1]))
        found = [way for way in ways if way[0] in tokens and way[1] in reaching]
        return [way for way in dict.fromkeys(found) if way[1] != self.ends[0] and way[0] != self.ends[1]]

    def _ask_pair(self, pair: Pair, sizes: Sequence[int]) -> None:
        samples = self._samples.setdefault(pair, {})
        for start in range(0, len(sizes), _CHUNK):
            asked = list(sizes[start : start + _CHUNK])
            for answer in self._session.lens.functions.quotePair(*pair, asked, 0).call():
                if answer[0] in self._markets:
                    samples.setdefault(answer[0], {}).update(zip(asked, answer[4], strict=True))

    def _pools(self) -> tuple[Pool, ...]:
        """Markets with what they pay; those of signed quotes say nothing."""
        found: list[Pool] = []
        for key, market in self._markets.items():
            ends = market.token0, market.token1
            up, down = (_rising(self._samples.get(pair, {}).get(key, {})) for pair in (ends, ends[::-1]))
            if market.kind != VenueKind.SIGNED_QUOTE and (up or down):
                found.append(QuotedPool(key, *ends, market.source, up, down))
        return tuple(found)

    def _apart(self, plan: RoutePlan | ExactOutputPlan) -> tuple[PlannedPath, ...]:
        """The plan's largest paths that share no reserves: of those that do, the lens quotes no more than one."""
        # The decomposition looks at an exact input.
        as_input = RoutePlan(plan.swaps, plan.amount_in, plan.amount_out, 0, plan.amount_out, None, plan.solve_time_ms)
        kept, taken = [], set[str]()
        for path in paths_of(as_input, {pool.address: pool for pool in self._pools()}):
            sources = {self._markets[hop.pool].source for hop in path.hops}
            if len(sources) == len(path.hops) and not sources & taken:
                kept.append(path)
                taken |= sources
        return _shared_out(tuple(kept), [path.amount_in for path in kept], plan.amount_in)

    def _as_quoted(self, paths: Sequence[PlannedPath]) -> Quoted:
        largest = max(paths, key=lambda path: path.amount_in).hops[0]
        parts = tuple((path.amount_in, tuple((hop.pool, hop.zero_for_one) for hop in path.hops)) for path in paths)
        return Quoted(largest.pool, KINDS[self._markets[largest.pool].kind], largest.zero_for_one, 0, paths=parts)


def _require_possible(session: SwapSession, amount: int, exact_out: bool) -> None:
    if amount >= MAX_AMOUNT:
        shown = session.shown(amount, int(exact_out))
        raise click.ClickException(f"amount {shown}: not below 2^128 smallest units, which no market takes; type less")


def _shared_out(paths: tuple[PlannedPath, ...], weights: Sequence[int], total: int) -> tuple[PlannedPath, ...]:
    """The paths with whole parts of a total in proportion to weights; those that get nothing are left out."""
    whole = sum(weights)
    ends = [total * part // whole for part in accumulate(weights)]
    amounts = [end - start for start, end in pairwise([0, *ends])]
    return tuple(PlannedPath(amount, path.hops) for amount, path in zip(amounts, paths, strict=True) if amount)


def _alone(best: Quoted, amount: int) -> Quoted | None:
    paths = ((amount, ((best.market, best.zero_for_one),)),)
    return replace(best, paths=paths) if best.amount else None


def _net(quoted: Quoted, pool_cost: int, exact_out: bool) -> int:
    cost = pool_cost * len(quoted.markets)
    return quoted.amount + cost if exact_out else quoted.amount - cost


def _better(one: Quoted | None, other: Quoted | None, pool_cost: int, exact_out: bool) -> Quoted | None:
    """The better one, fixed costs included; the one with fewer markets where both are as good."""
    offered = [quoted for quoted in (one, other) if quoted is not None]
    sign = -1 if exact_out else 1
    return max(offered, key=lambda q: (sign * _net(q, pool_cost, exact_out), -len(q.markets)), default=None)


def _rising(found: Mapping[int, int]) -> Samples:
    """Samples from the first that is paid to the last before a refusal or a lower output."""
    kept: list[tuple[int, int]] = []
    for size, paid in sorted(found.items()):
        if kept and paid < kept[-1][1]:
            break
        if paid:
            kept.append((size, paid))
    return tuple(kept)
