"""Blocks of one constant-product pool, made with labels that say who earned from which swap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from keepers.execution.extraction import Event, Kind, LiquidityChange, Swap
from keepers.routing.pools import V2Pool, swap

RESERVE = 10**24
POOL = "0x1"
_RANGES = ((-600, 600), (-60, 60), (-120, 0), (0, 120))


@dataclass(frozen=True)
class Label:
    """Something that somebody did to earn from the swap.

    Attributes:
        kind: The way.
        events: Positions of its events in the block.
    """

    kind: Kind
    events: frozenset[tuple[int, int]]


@dataclass(frozen=True)
class Case:
    """A block.

    Attributes:
        ours: The swap that is looked at.
        block: Its events.
        label: What was done to it; None if nobody earned from it on purpose.
    """

    ours: Swap
    block: tuple[Event, ...]
    label: Label | None


@dataclass
class Maker:
    """Makes a block, event by event.

    Attributes:
        random: Source of all that is random.
        up: True if the swap that is looked at sells token0.
        pool: State of the pool.
        events: Events so far, a transaction each.
        marked: Positions of what the label names.
    """

    random: Random
    up: bool
    pool: V2Pool = field(default_factory=lambda: V2Pool(POOL, "A", "B", RESERVE, RESERVE))
    events: list[Event] = field(default_factory=list)
    marked: list[tuple[int, int]] = field(default_factory=list)

    @property
    def place(self) -> tuple[int, int]:
        """The next position."""
        return len(self.events), len(self.events)

    def size(self) -> int:
        """An amount between 1 and 200 basis points of the reserves, small ones more often."""
        return int(RESERVE * 1e-4 * 200 ** self.random.random())

    def swap(self, who: str, sells_token0: bool, amount: int, *, marked: bool = False) -> Swap:
        """Somebody swaps, and the pool moves."""
        out, moved = swap(self.pool, "A" if sells_token0 else "B", amount)
        assert isinstance(moved, V2Pool)
        self.pool = moved
        done = Swap(self.place, who, POOL, sells_token0, amount, out)
        self._add(done, marked)
        return done

    def liquidity(self, who: str, ticks: tuple[int, int], amount: int, *, marked: bool = False) -> None:
        """Somebody adds liquidity, or takes it out where the amount is negative."""
        self._add(LiquidityChange(self.place, who, POOL, ticks, amount), marked)

    def bystanders(self, most: int = 2) -> None:
        """Others trade, each his own way; sometimes one provides liquidity."""
        for _ in range(self.random.randint(0, most)):
            who = f"bystander-{len(self.events)}"
            if self.random.random() < 0.2:
                self.liquidity(who, self.random.choice(_RANGES), self.size() * self.random.choice((1, -1)))
            else:
                self.swap(who, self.random.random() < 0.5, self.size())

    def _add(self, event: Event, marked: bool) -> None:
        if marked:
            self.marked.append(event.position)
        self.events.append(event)


Around = Callable[[Maker, Callable[[], Swap]], Swap]
"""Makes what is around a swap, which the second argument makes; returns the swap."""


@dataclass(frozen=True)
class Habit:
    """A way in which people behave around a swap.

    Attributes:
        name: Name in the table.
        kind: How it earns; None if it is harmless.
        around: Makes it.
    """

    name: str
    kind: Kind | None
    around: Around


def made(habit: Habit, random: Random) -> Case:
    """Returns a block in which a habit shows, with bystanders anywhere."""
    maker = Maker(random, random.random() < 0.5)

    def ours() -> Swap:
        maker.bystanders()
        return maker.swap("us", maker.up, maker.size())

    maker.bystanders()
    found = habit.around(maker, ours)
    maker.bystanders()
    label = None if habit.kind is None else Label(habit.kind, frozenset(maker.marked))
    return Case(found, tuple(maker.events), label)


def _sandwich(buyers: tuple[str, ...], seller: str, kept: float) -> Around:
    """Purchases before and one sale after, which keeps up to a part of what was bought."""

    def around(maker: Maker, ours: Callable[[], Swap]) -> Swap:
        up = maker.up
        bought = sum(maker.swap(who, up, maker.size(), marked=True).amount_out for who in buyers)
        done = ours()
        maker.bystanders(1)
        maker.swap(seller, not up, int(bought * (1 - kept * maker.random.random())), marked=True)
        return done

    return around


def _back_run(bystanders: int) -> Around:
    """A sale of a part of what our swap bought, after up to so many others."""

    def around(maker: Maker, ours: Callable[[], Swap]) -> Swap:
        done = ours()
        maker.bystanders(bystanders)
        amount = int(done.amount_out * maker.random.uniform(0.3, 1.0))
        maker.swap("searcher", not done.sells_token0, amount, marked=True)
        return done

    return around


def _just_in_time(taker: str, parts: int) -> Around:
    """Liquidity before, taken out after in so many equal parts."""

    def around(maker: Maker, ours: Callable[[], Swap]) -> Swap:
        ticks, amount = maker.random.choice(_RANGES), maker.size() * parts
        maker.liquidity("provider", ticks, amount, marked=True)
        done = ours()
        maker.bystanders(1)
        for _ in range(parts):
            maker.liquidity(taker, ticks, -(amount // parts), marked=True)
        return done

    return around


def _nobody(_: Maker, ours: Callable[[], Swap]) -> Swap:
    return ours()


def _market_maker(maker: Maker, ours: Callable[[], Swap]) -> Swap:
    """Somebody quotes both sides: a trade before and another of its own size after, the ways at random."""
    maker.swap("maker", maker.random.random() < 0.5, maker.size())
    done = ours()
    maker.bystanders(1)
    maker.swap("maker", maker.random.random() < 0.5, maker.size())
    return done


def _provider_moves(maker: Maker, ours: Callable[[], Swap]) -> Swap:
    """A provider moves liquidity to another range around our swap by chance."""
    old, new = maker.random.sample(_RANGES, 2)
    amount = maker.size()
    maker.liquidity("provider", new, amount)
    done = ours()
    maker.liquidity("provider", old, -amount)
    return done


HABITS = (
    Habit("one account, sells all or most", Kind.SANDWICH, _sandwich(("thief",), "thief", 0.1)),
    Habit("one account, keeps up to 40%", Kind.SANDWICH, _sandwich(("thief",), "thief", 0.4)),
    Habit("one account, two purchases and one sale", Kind.SANDWICH, _sandwich(("thief", "thief"), "thief", 0.0)),
    Habit("two accounts", Kind.SANDWICH, _sandwich(("thief",), "friend", 0.0)),
    Habit("the pool's next event", Kind.BACK_RUN, _back_run(0)),
    Habit("up to two others between", Kind.BACK_RUN, _back_run(2)),
    Habit("one account, taken out at once", Kind.JUST_IN_TIME, _just_in_time("provider", 1)),
    Habit("one account, taken out in two parts", Kind.JUST_IN_TIME, _just_in_time("provider", 2)),
    Habit("two accounts", Kind.JUST_IN_TIME, _just_in_time("friend", 1)),
    Habit("bystanders alone", None, _nobody),
    Habit("a market maker on both sides", None, _market_maker),
    Habit("a provider moves to another range", None, _provider_moves),
)
"""Habits that the cases show, each as often as any other."""
