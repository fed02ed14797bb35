"""A token's compliance against a second reading of its specification, after any history of anybody's acts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ape
import pytest
from ape.exceptions import ContractLogicError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.compliance import Reason, rule
from tests.fixtures.protocol import ACCREDITED, DAY, EVERY_CLASS, GERMANY, INSTITUTIONAL, RETAIL, SWITZERLAND, YEAR
from tests.isolation import isolated

NOBODY = "0x0000000000000000000000000000000000000000"
NAMES = ("investor", "counterparty", "spender", "pool", "router", "trader")
COUNTRIES = (SWITZERLAND, GERMANY, 999)
LIFETIMES = (900, 40 * DAY, YEAR)
AMOUNTS = (0, 1, 40, 100, 250, 1_000)
PERIODS = (3_600, DAY, 30 * DAY)
EVERYWHERE = 65_535
NO_LIMIT = (0, 0, 0)
VALIDITY = 90 * DAY


@dataclass
class Person:
    """Who somebody is; `identity` is an ONCHAINID whose claims are always valid."""

    country: int
    investor_class: int
    expiry: int
    identity: str | None = None
    documents: int = 0


@dataclass
class Model:
    """What the specification says, in its own words and order."""

    rules: dict[int, dict[str, int]]
    max_holders: int = 0
    people: dict[str, Person] = field(default_factory=dict)
    venues: set[str] = field(default_factory=set)
    ledgers: set[str] = field(default_factory=set)
    admitted: set[str] = field(default_factory=set)
    frozen: set[str] = field(default_factory=set)
    frozen_people: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    paused_wallets: set[str] = field(default_factory=set)
    balances: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    held_back: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    counted: dict[str, int] = field(default_factory=dict)
    tranches: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    treasuries: set[str] = field(default_factory=set)
    lockups_exist: bool = False
    free_issues: dict[str, int] = field(default_factory=dict)
    issue_rules: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    issued: dict[int, tuple[int, list[tuple[int, int]]]] = field(default_factory=dict)
    volumes: dict[tuple[str, int], tuple[int, list[tuple[int, int]]]] = field(default_factory=dict)
    days: dict[tuple[str, str], list[tuple[int, int]]] = field(default_factory=dict)
    entries: int = 0

    # -- Who may

    def wallets(self, name: str) -> set[str]:
        """Everybody who has or last had the same ONCHAINID, and `name`."""
        identity = self.links.get(name)
        return {name} | {other for other, theirs in self.links.items() if theirs == identity is not None}

    def standing(self, name: str) -> Reason:
        if self.wallets(name) & self.listed:
            return Reason.SANCTIONED
        return Reason.ACCOUNT_FROZEN if name in self.frozen else Reason.NONE

    def freeze(self, name: str, frozen: bool) -> None:
        (self.frozen.add if frozen else self.frozen.discard)(name)
        if name in self.links:
            (self.frozen_people.add if frozen else self.frozen_people.discard)(self.links[name])
        self.spread(unfreeze=not frozen)

    def spread(self, unfreeze: bool = False) -> None:
        """The freeze of a person reaches every wallet; its end reaches those that are registered."""
        for name, identity in self.links.items():
            if identity in self.frozen_people:
                self.frozen.add(name)
            elif unfreeze and name in self.people and self.people[name].identity == identity:
                self.frozen.discard(name)

    def link(self, name: str, identity: str) -> None:
        self.links[name] = identity
        if name in self.frozen:
            self.frozen_people.add(identity)
        self.spread()

    def eligibility(self, name: str, now: int) -> Reason:
        if self.standing(name):
            return self.standing(name)
        if name in self.venues:
            return Reason.VENUE_ONLY_OPPOSITE_ELIGIBLE
        if name not in self.people:
            return Reason.NOT_REGISTERED
        person = self.people[name]
        if now >= person.expiry:
            return Reason.KYC_EXPIRED
        found = self.rules.get(person.country)
        if found is None or not found.get("classes", EVERY_CLASS):
            return Reason.COUNTRY_NOT_ALLOWED
        if not found.get("classes", EVERY_CLASS) >> person.investor_class & 1:
            return Reason.CLASS_NOT_ALLOWED
        if found.get("documents", 0) & ~person.documents:
            return Reason.DOCUMENT_MISSING
        return Reason.NONE

    def admits(self, venue: str) -> bool:
        return venue not in self.ledgers or venue in self.admitted

    def rule_of(self, name: str) -> dict[str, int]:
        return self.rules.get(self.country(name), {})

    def country(self, name: str) -> int:
        """Where somebody is registered; whoever was forgotten obeys the country in which it is counted."""
        if name in self.people:
            return self.people[name].country
        return 0 if name in self.venues else self.counted.get(name, 0)

    def registered(self, name: str) -> set[str]:
        """The registered wallets of the person, and `name`."""
        identity = self.links.get(name)
        mine = {other for other, person in self.people.items() if person.identity == identity is not None}
        return mine | {name}

    def countries(self, name: str) -> list[int]:
        """Whose limits bind the person: those of every registered wallet, and of `name`."""
        others = {self.people[other].country for other in self.registered(name) - {name}}
        return [self.country(name), *sorted(others - {self.country(name)})]

    def fields(self, name: str, key: str) -> dict[int, int]:
        """Returns the values of a field in the person's countries that have it."""
        found = {country: self.rules.get(country, {}).get(key, 0) for country in self.countries(name)}
        return {country: value for country, value in found.items() if value}

    # -- Movements

    def verdict(self, sender: str, legs: dict[str, int], operator: str, now: int, kind: str) -> tuple[str, Reason]:
        """The first refusal of what `sender` sends in all, leg by leg in order; ("nobody", NONE) if there is none."""
        after = dict(self.balances)
        for receiver, amount in legs.items():
            if sender != "nobody":
                after[sender] -= amount
            after[receiver] += amount
        counted, home = dict(self.counted), self.country(sender)
        placed: dict[int, int] = {}
        for place, (receiver, amount) in enumerate(legs.items()):
            first = place == 0
            for name, reason in self._leg(sender, receiver, amount, legs, operator, now, kind, after, counted, first):
                if reason:
                    return name, reason
            if reason := self._issuing(sender, receiver, amount, now, after, placed):
                return receiver, reason
            self._touch(counted, sender, receiver, amount, sum(legs.values()) if first else 0, after, home)
            for country in self.placements(sender, receiver):
                placed[country] = placed.get(country, 0) + amount
        return "nobody", Reason.NONE

    def _touch(self, counted, sender, receiver, amount, sent, after, home) -> None:
        """Holders come and go; where their number is limited, both sides are counted where they are now."""
        places = (home, self.country(receiver))
        limited = bool(self.max_holders) or any(self.rules.get(c, {}).get("max_holders") for c in places)
        if sent and sender != "nobody" and (limited or after[sender] == 0):
            self._count(counted, sender, home if after[sender] else 0)
        if amount and receiver not in (sender, "nobody") and (limited or after[receiver] == amount):
            self._count(counted, receiver, places[1])

    def _count(self, counted: dict[str, int], name: str, country: int) -> None:
        counted.pop(name, None)
        if country and name not in self.venues:
            counted[name] = country

    # -- Issues

    def placements(self, sender: str, receiver: str) -> list[int]:
        """Whose limits count an issue, or a treasury's sale: those of all countries (0) and of the receiver's."""
        if receiver in self.treasuries or not (sender == "nobody" or sender in self.treasuries):
            return []
        return [0, self.people[receiver].country] if receiver in self.people else [0]

    def issued_in(self, country: int, now: int) -> int:
        period, moves = self.issued.get(country, (0, []))
        return _in_window(moves, period, now) if self.issue_rules.get(country, NO_LIMIT)[2] else 0

    def _issuing(self, sender, receiver, amount, now, after, placed) -> Reason:
        cap = self.issue_rules.get(0, NO_LIMIT)[0]
        if sender == "nobody" and cap and sum(after.values()) > cap:
            return Reason.SUPPLY_CAP_EXCEEDED
        for country in self.placements(sender, receiver):
            most = self.issue_rules.get(country, NO_LIMIT)[1]
            if most and amount and self.issued_in(country, now) + placed.get(country, 0) + amount > most:
                return Reason.ISSUANCE_EXCEEDED
        return Reason.NONE

    def _place(self, country: int, amount: int, now: int) -> None:
        period = self.issue_rules.get(country, NO_LIMIT)[2]
        if not period:
            return
        before, moves = self.issued.get(country, (period, []))
        if before != period:
            moves = [(now, self.issued_in(country, now))]
        self.issued[country] = (period, [*moves, (now, amount)])

    def _leg(self, sender, receiver, amount, legs, operator, now, kind, after, counted, first):
        asked = sender != "nobody" and kind != "forced"
        if asked and first:
            yield sender, self.standing(sender)
        if asked and receiver in self.venues and sender not in self.venues:
            yield receiver, self.standing(receiver)
            yield receiver, Reason.NONE if self.admits(receiver) else Reason.VENUE_NOT_ADMITTED
            yield sender, self.eligibility(sender, now)
        else:
            yield receiver, self.eligibility(receiver, now)
        if asked:
            if first and operator not in (sender, receiver):
                yield (
                    operator,
                    self.standing(operator) if operator in self.venues else self.eligibility(operator, now),
                )
            yield sender, self._sending(sender, receiver, sum(legs.values()), now, after, first)
        if receiver not in self.venues:
            yield receiver, self._receiving(sender, receiver, amount, kind, after, counted)

    def _sending(self, sender, receiver, sent, now, after, first) -> Reason:
        found = self.rule_of(sender)
        if found.get("resident_only") and self.country(sender) != self.country(receiver):
            return Reason.RESIDENTS_ONLY
        if not first:
            return Reason.NONE
        if found.get("outbound_blocked"):
            return Reason.OUTBOUND_BLOCKED
        if after[sender] < self.locked(sender, now):
            return Reason.LOCKED_UP
        limits = {} if sender in self.venues else self.fields(sender, "volume_limit")
        if any(self.volume(sender, country, now) + sent > most for country, most in limits.items()):
            return Reason.VOLUME_EXCEEDED
        if 0 < after[sender] < found.get("min_holding", 0):
            return Reason.BELOW_MINIMUM_HOLDING
        return Reason.NONE

    def _receiving(self, sender, receiver, amount, kind, after, counted) -> Reason:
        found = self.rule_of(receiver)
        if found.get("inbound_blocked"):
            return Reason.INBOUND_BLOCKED
        if kind == "transfer" and found.get("resident_only") and self.country(sender) != self.country(receiver):
            return Reason.RESIDENTS_ONLY
        if kind != "forced" and 0 < after[receiver] < found.get("min_holding", 0):
            return Reason.BELOW_MINIMUM_HOLDING
        if amount == 0 or sender == receiver:
            return Reason.NONE
        most = min(self.fields(receiver, "max_holding").values(), default=0)
        if most and sum(after[name] for name in self.registered(receiver)) > most:
            return Reason.ABOVE_MAXIMUM_HOLDING
        most, country = found.get("max_holders", 0), self.country(receiver)
        if counted.get(receiver) == country:
            return Reason.NONE
        there = {name: country for name, country in counted.items() if name != sender or after.get(sender) != 0}
        if self.max_holders and receiver not in counted and len(there) + 1 > self.max_holders:
            return Reason.TOO_MANY_HOLDERS
        if most and sum(other == country for other in there.values()) + 1 > most:
            return Reason.TOO_MANY_HOLDERS_IN_COUNTRY
        return Reason.NONE

    def book(self, sender: str, legs: dict[str, int], now: int, kind: str) -> None:
        """What the movement leaves behind."""
        total, home = sum(legs.values()), self.country(sender)
        after = dict(self.balances)
        for receiver, amount in legs.items():
            if sender != "nobody":
                after[sender] -= amount
            after[receiver] += amount
        out = self.rule_of(sender) if sender != "nobody" else {}
        if sender != "nobody" and sender not in self.venues and kind == "transfer":
            for country in self.fields(sender, "volume_limit"):
                self._add_volume(sender, country, total, now)
        for place, (receiver, amount) in enumerate(legs.items()):
            into = self.rule_of(receiver)
            self._log(sender, receiver, out, into, amount, total, now, place == 0)
            self._touch(self.counted, sender, receiver, amount, total if place == 0 else 0, after, home)
            if sender == receiver or amount == 0:
                continue
            if sender != "nobody":
                self.balances[sender] -= amount
            self.balances[receiver] += amount
            lockup = max(self.fields(receiver, "lockup").values(), default=0)
            fresh = amount - (self._carry(sender, receiver, now) if kind == "forced" else 0)
            since = self._issued_at(sender, kind, now)
            if fresh and since and since + lockup > now:
                self._lock(receiver, fresh, since + lockup, now)
            elif fresh and kind == "mint" and self.lockups_exist:
                self.free_issues[receiver] = now
            for country in self.placements(sender, receiver):
                self._place(country, amount, now)

    def _issued_at(self, sender: str, kind: str, now: int) -> int:
        """When the lock-up of what is sent begins; 0 if there is none."""
        if kind == "mint" or sender in self.treasuries:
            return now
        return 0 if kind == "forced" else self.free_issues.get(sender, 0)

    def free(self, name: str) -> int:
        """Returns the amount that is not frozen; more may be frozen than there is."""
        return max(0, self.balances[name] - self.held_back[name])

    def unfreeze(self, name: str, taken: int) -> None:
        """An agent takes free tokens first, then frozen ones."""
        self.held_back[name] -= max(0, taken - self.free(name))

    def burn(self, name: str, amount: int, now: int) -> None:
        self._log(name, "nobody", self.rule_of(name), {}, amount, amount, now, True)
        self.unfreeze(name, amount)
        home = self.country(name)
        self.balances[name] -= amount
        self._touch(self.counted, name, "nobody", 0, amount, self.balances, home)
        self._unlock(name, now)

    # -- Lock-ups: tranches by their ends; those that end on one day are one

    def active(self, name: str, now: int) -> list[tuple[int, int]]:
        return [(amount, end) for amount, end in self.tranches.get(name, []) if end > now]

    def locked(self, name: str, now: int) -> int:
        return sum(amount for amount, _ in self.active(name, now))

    def _lock(self, name: str, amount: int, end: int, now: int) -> None:
        tranches = self.active(name, now)
        same = [tranche for tranche in tranches if tranche[1] // DAY == end // DAY]
        merged = (amount + sum(tranche[0] for tranche in same), max([end, *(tranche[1] for tranche in same)]))
        self.tranches[name] = sorted([*(t for t in tranches if t not in same), merged], key=lambda tranche: tranche[1])

    def _unlock(self, name: str, now: int) -> list[tuple[int, int]]:
        """Locks are no more than what is held; the earliest end first."""
        excess = self.locked(name, now) - self.balances[name]
        gone, kept = [], []
        for amount, end in self.active(name, now):
            taken = min(amount, max(0, excess))
            excess -= taken
            gone += [(taken, end)] if taken else []
            kept += [(amount - taken, end)] if amount > taken else []
        self.tranches[name] = kept
        return gone

    def _carry(self, sender: str, receiver: str, now: int) -> int:
        gone = self._unlock(sender, now)
        for amount, end in gone:
            self._lock(receiver, amount, end, now)
        return sum(amount for amount, _ in gone)

    # -- Volume: thirds of a period, the youngest four

    def volume(self, name: str, country: int, now: int) -> int:
        period, moves = self.volumes.get((self.links.get(name, name), country), (0, []))
        return _in_window(moves, period, now)

    def _add_volume(self, name: str, country: int, amount: int, now: int) -> None:
        period, key = self.rules[country]["period"], (self.links.get(name, name), country)
        before, moves = self.volumes.get(key, (period, []))
        if before != period:
            moves = [(now, self.volume(name, country, now))]
        self.volumes[key] = (period, [*moves, (now, amount)])

    # -- The log

    def _log(self, sender, receiver, out, into, amount, total, now, first) -> None:
        """The travel rule looks at a person's day, the other threshold at the movement."""
        sent = received = 0
        if out.get("travel_threshold"):
            sent = self._in_day(sender, "sent", total if first else 0, now)
        if into.get("travel_threshold"):
            received = self._in_day(receiver, "received", amount, now)
        reached = total and 0 < out.get("travel_threshold", 0) <= sent
        reached = reached or (amount and 0 < into.get("travel_threshold", 0) <= received)
        self.entries += bool(reached)
        self.entries += 0 < out.get("report_threshold", 0) <= total or 0 < into.get("report_threshold", 0) <= amount

    def _in_day(self, name: str, direction: str, amount: int, now: int) -> int:
        moves = self.days.setdefault((self.links.get(name, name), direction), [])
        moves.append((now, amount))
        return _in_window(moves, DAY, now)


def _in_window(moves: list[tuple[int, int]], period: int, now: int) -> int:
    third = -(-period // 3) if period else 1
    return sum(amount for time, amount in moves if now // third - time // third < 4)


# -- Histories

people = st.sampled_from(NAMES)
amounts = st.sampled_from(AMOUNTS)
rules = st.fixed_dictionaries(
    {},
    optional={
        "classes": st.sampled_from((0, 1 << RETAIL, 1 << ACCREDITED | 1 << INSTITUTIONAL)),
        "inbound_blocked": st.just(True),
        "outbound_blocked": st.just(True),
        "resident_only": st.just(True),
        "documents": st.sampled_from((1, 3)),
        "lockup": st.sampled_from((DAY, 40 * DAY)),
        "max_holders": st.integers(1, 3),
        "min_holding": st.sampled_from((1, 40, 100)),
        "max_holding": st.sampled_from((100, 500, 2_000)),
        "volume_limit": st.sampled_from((40, 250, 1_000)),
        "travel_threshold": st.sampled_from((100, 250)),
        "report_threshold": st.sampled_from((1, 1_000)),
    },
)
movements = st.one_of(
    st.tuples(st.just("mint"), st.dictionaries(people, amounts, min_size=1, max_size=3)),
    st.tuples(st.just("transfer"), people, people, amounts),
    st.tuples(st.just("transfer"), people, people, amounts),
    st.tuples(st.just("transferFrom"), people, people, people, amounts),
    st.tuples(st.just("batch"), people, st.dictionaries(people, amounts, min_size=1, max_size=3)),
    st.tuples(st.just("burn"), people, amounts),
    st.tuples(st.just("force"), people, people, amounts),
    st.tuples(st.just("recover"), people, people),
)
acts = st.one_of(
    st.tuples(
        st.just("register"), people, st.sampled_from(COUNTRIES), st.sampled_from((1, 2, 3)), st.sampled_from(LIFETIMES)
    ),
    st.tuples(st.just("identify"), people, st.sampled_from(COUNTRIES), st.integers(0, 1)),
    st.tuples(st.just("delete"), people),
    st.tuples(st.just("file"), people, st.sampled_from((1, 3))),
    st.tuples(st.just("freeze"), people, st.booleans()),
    st.tuples(st.just("freezeWallet"), people, st.booleans()),
    st.tuples(st.just("freezePart"), people, amounts),
    st.tuples(st.just("holdBack"), people, amounts),
    st.tuples(st.just("sanction"), people),
    st.tuples(st.just("venue"), people, st.booleans()),
    st.tuples(st.just("ledger"), people),
    st.tuples(st.just("admit"), people, st.booleans()),
    st.tuples(st.just("rule"), st.sampled_from(COUNTRIES), rules, st.sampled_from(PERIODS)),
    st.tuples(st.just("holders"), st.integers(0, 4)),
    st.tuples(st.just("treasury"), people, st.booleans()),
    st.tuples(
        st.just("issues"),
        st.sampled_from((0, *COUNTRIES)),
        st.sampled_from((0, 500, 2_000)),
        st.sampled_from((0, 100, 1_000)),
        st.sampled_from(PERIODS),
    ),
    st.tuples(st.just("recount"), people),
    st.tuples(st.just("wait"), st.sampled_from((500, DAY, 31 * DAY))),
)


@dataclass
class ModelledChain:
    """The chain beside the model."""

    chain: Any
    model: Model
    token: Any
    engine: Any
    registry: Any
    sanctions: Any
    actors: dict[str, Any]
    identities: list[Any]
    sole: bool

    def do(self, act: tuple[Any, ...]) -> None:
        """The same to both; a movement that either refuses, both refuse."""
        kind, *rest = act
        getattr(self, f"_{kind}")(*rest)
        # A wallet that was forgotten before its person was sanctioned or frozen is marked by whoever asks for it.
        self.registry.syncSanctions([self.actors[name] for name in NAMES], sender=self.actors["thief"])

    @property
    def officer(self) -> Any:
        return self.actors["compliance_officer"]

    @property
    def now(self) -> int:
        """About the next block's time."""
        return int(self.chain.pending_timestamp)

    def at(self) -> int:
        """The next block's time, exactly."""
        time = self.now + 1
        self.chain.pending_timestamp = time
        return time

    # Movements

    def _mint(self, legs: dict[str, int]) -> None:
        call = (self.token.batchMint, [self.actors[n] for n in legs], list(legs.values()))
        self._move("nobody", legs, "issuer", "mint", call, self.actors["issuer"])

    def _transfer(self, sender: str, receiver: str, amount: int) -> None:
        call = (self.token.transfer, self.actors[receiver], amount)
        self._move(sender, {receiver: amount}, sender, "transfer", call, self.actors[sender])

    def _transferFrom(self, operator: str, sender: str, receiver: str, amount: int) -> None:  # noqa: N802
        self.token.approve(self.actors[operator], amount, sender=self.actors[sender])
        call = (self.token.transferFrom, self.actors[sender], self.actors[receiver], amount)
        self._move(sender, {receiver: amount}, operator, "transfer", call, self.actors[operator])

    def _batch(self, sender: str, legs: dict[str, int]) -> None:
        legs = {name: amount for name, amount in legs.items() if name != sender}
        if legs:
            call = (self.token.batchTransfer, [self.actors[n] for n in legs], list(legs.values()))
            self._move(sender, legs, sender, "transfer", call, self.actors[sender])

    def _force(self, sender: str, receiver: str, amount: int) -> None:
        call = (self.token.forcedTransfer, self.actors[sender], self.actors[receiver], amount)
        self._move(sender, {receiver: amount}, "compliance_officer", "forced", call, self.officer)

    def _move(self, sender, legs, operator, kind, call, signer) -> None:
        model, total = self.model, sum(legs.values())
        possible = self._may_receive(sender, legs, kind) and (
            sender == "nobody" or self._can_pay(sender, legs, operator, kind, total)
        )
        name, reason = model.verdict(sender, legs, operator, self.at(), kind) if possible else ("nobody", None)
        passed = self._sent(*call, sender=signer)
        assert passed == (reason == Reason.NONE), (name, reason)
        if not passed:
            return
        if kind == "forced" and sender not in legs:
            model.unfreeze(sender, total)
        model.book(sender, legs, self.chain.blocks.head.timestamp, kind)

    def _may_receive(self, sender, legs, kind) -> bool:
        """True unless an agent gives to a wallet that the token has frozen; to the holder itself nothing moves."""
        return kind == "transfer" or not self.model.paused_wallets & (legs.keys() - {sender})

    def _can_pay(self, sender, legs, operator, kind, total) -> bool:
        model = self.model
        if kind == "forced":
            return total <= model.balances[sender]
        if model.paused_wallets & {sender, operator, *legs}:
            return False
        return total <= model.free(sender)

    def _burn(self, name: str, amount: int) -> None:
        fits = amount <= self.model.balances[name] and not self.model.standing(name)
        assert self._sent(self.token.burn, self.actors[name], amount, sender=self.actors["issuer"]) == fits
        if fits:
            self.model.burn(name, amount, self.chain.blocks.head.timestamp)

    def _recover(self, lost: str, new: str) -> None:
        model, amount = self.model, self.model.balances[lost]
        person = model.people.get(lost)
        identity = person.identity if person else None
        if not self.sole and identity is not None:
            self._recover_beside_others(lost, new, identity)
            return
        if not amount or lost == new or identity is None or model.standing(lost):
            passed = self._sent(
                self.token.recoveryAddress,
                self.actors[lost],
                self.actors[new],
                identity or NOBODY,
                sender=self.officer,
            )
            assert not passed
            return
        other = model.people.get(new)
        free = new not in model.venues and (other is None or other.identity == identity)
        free = free and new not in model.paused_wallets
        free = free and not (model.links.get(new, identity) != identity and model.standing(new))
        before = dict(model.people)
        del model.people[lost]
        if other is None:
            model.people[new] = person
        _, reason = model.verdict(lost, {new: amount}, "compliance_officer", self.at(), "forced")
        call = (self.token.recoveryAddress, self.actors[lost], self.actors[new], identity)
        passed = self._sent(*call, sender=self.officer)
        assert passed == (free and reason == Reason.NONE), reason
        if not passed:
            model.people = before
            return
        model.link(new, identity)
        self._carry_freezes(lost, new)
        model.book(lost, {new: amount}, self.chain.blocks.head.timestamp, "forced")

    def _recover_beside_others(self, lost: str, new: str, identity: str) -> None:
        """The registry serves other tokens too: the new wallet is registered already, and the lost one stays."""
        model, amount = self.model, self.model.balances[lost]
        other = model.people.get(new)
        possible = bool(amount) and lost != new and other is not None and other.identity == identity
        possible = possible and new not in model.paused_wallets
        _, reason = model.verdict(lost, {new: amount}, "compliance_officer", self.at(), "forced")
        call = (self.token.recoveryAddress, self.actors[lost], self.actors[new], identity)
        assert self._sent(*call, sender=self.officer) == (possible and reason == Reason.NONE), reason
        if possible and reason == Reason.NONE:
            self._carry_freezes(lost, new)
            model.book(lost, {new: amount}, self.chain.blocks.head.timestamp, "forced")

    def _carry_freezes(self, lost: str, new: str) -> None:
        model = self.model
        model.held_back[new] += model.held_back[lost]
        model.held_back[lost] = 0
        if lost in model.paused_wallets:
            model.paused_wallets.add(new)

    @staticmethod
    def _sent(call: Any, *arguments: Any, sender: Any) -> bool:
        try:
            call(*arguments, sender=sender)
        except ContractLogicError:
            return False
        return True

    # Officers

    def _register(self, name: str, country: int, investor_class: int, lifetime: int) -> None:
        person = self.model.people.get(name)
        if name in self.model.venues or (person and person.identity):
            return
        expiry = self.now + lifetime
        self.registry.registerIdentity(self.actors[name], country, investor_class, expiry, sender=self.officer)
        documents = person.documents if person else 0
        self.model.people[name] = Person(country, investor_class, expiry, documents=documents)

    def _identify(self, name: str, country: int, which: int) -> None:
        if name in self.model.venues or name in self.model.people:
            return
        identity = self.identities[which]
        call = (self.registry.registerIdentity, self.actors[name], identity, country)
        if self.model.links.get(name, identity.address) != identity.address and self.model.standing(name):
            assert not self._sent(*call, sender=self.officer)
            return
        assert self._sent(*call, sender=self.officer)
        expiry = self.chain.blocks.head.timestamp + VALIDITY
        self.model.people[name] = Person(country, RETAIL, expiry, identity.address)
        self.model.link(name, identity.address)

    def _delete(self, name: str) -> None:
        if self.model.people.pop(name, None):
            self.registry.deleteIdentity(self.actors[name], sender=self.officer)

    def _file(self, name: str, documents: int) -> None:
        if name in self.model.people:
            self.registry.setDocuments(self.actors[name], documents, sender=self.officer)
            self.model.people[name].documents = documents

    def _freeze(self, name: str, frozen: bool) -> None:
        self.registry.setFrozen(self.actors[name], frozen, sender=self.officer)
        self.model.freeze(name, frozen)

    def _freezeWallet(self, name: str, frozen: bool) -> None:  # noqa: N802
        self.token.setAddressFrozen(self.actors[name], frozen, sender=self.officer)
        (self.model.paused_wallets.add if frozen else self.model.paused_wallets.discard)(name)

    def _freezePart(self, name: str, amount: int) -> None:  # noqa: N802
        fits = amount <= self.model.free(name)
        assert self._sent(self.token.freezePartialTokens, self.actors[name], amount, sender=self.officer) == fits
        self.model.held_back[name] += amount if fits else 0

    def _holdBack(self, name: str, amount: int) -> None:  # noqa: N802
        self.token.setFrozenTokens(self.actors[name], amount, sender=self.officer)
        self.model.held_back[name] = amount

    def _sanction(self, name: str) -> None:
        listed = name in self.model.listed
        act = self.sanctions.lift if listed else self.sanctions.sanction
        act(self.sanctions.version(), [self.actors[name]], bytes(32), sender=self.officer)
        (self.model.listed.discard if listed else self.model.listed.add)(name)

    def _venue(self, name: str, venue: bool) -> None:
        if name not in self.model.people:
            self.registry.setVenueAccount(self.actors[name], venue, sender=self.officer)
            (self.model.venues.add if venue else self.model.venues.discard)(name)
            self.model.ledgers.discard(name)

    def _ledger(self, name: str) -> None:
        if name not in self.model.people:
            self.registry.setSharedLedger(self.actors[name], sender=self.officer)
            self.model.venues.add(name)
            self.model.ledgers.add(name)

    def _admit(self, name: str, admitted: bool) -> None:
        change = self.engine.admitSharedLedger if admitted else self.engine.dropSharedLedger
        change(self.token, self.actors[name], sender=self.officer)
        (self.model.admitted.add if admitted else self.model.admitted.discard)(name)

    def _rule(self, country: int, found: dict[str, int], period: int) -> None:
        found = dict(found)
        if found.get("max_holding") and found.get("min_holding", 0) > found["max_holding"]:
            del found["min_holding"]
        if "volume_limit" in found:
            found["period"] = period
        self.engine.setRules(self.token, [country], [rule(**found)], sender=self.officer)
        self.model.rules[country] = found
        self.model.lockups_exist = self.model.lockups_exist or "lockup" in found

    def _holders(self, most: int) -> None:
        self.engine.setTokenRule(self.token, (0, most), sender=self.officer)
        self.model.max_holders = most

    def _treasury(self, name: str, treasury: bool) -> None:
        change = self.engine.addTreasury if treasury else self.engine.removeTreasury
        change(self.token, self.actors[name], sender=self.officer)
        (self.model.treasuries.add if treasury else self.model.treasuries.discard)(name)

    def _issues(self, country: int, cap: int, most: int, period: int) -> None:
        wanted = (0 if country else cap, most, period if most else 0)
        self.engine.setIssueRule(self.token, country or EVERYWHERE, wanted, sender=self.officer)
        self.model.issue_rules[country] = wanted

    def _recount(self, name: str) -> None:
        self.engine.recount(self.token, self.actors[name], sender=self.actors["thief"])
        model = self.model
        country = model.country(name) if model.balances[name] and name not in model.venues else 0
        model.counted.pop(name, None)
        if country:
            model.counted[name] = country

    def _wait(self, seconds: int) -> None:
        self.chain.mine(timestamp=self.now + seconds)

    # Comparing

    def compare(self) -> None:
        """Everything that both know."""
        model = self.model
        self.chain.mine()
        now = self.chain.blocks.head.timestamp
        for name in NAMES:
            account = self.actors[name]
            assert self.token.balanceOf(account) == model.balances[name], name
            assert self.token.getFrozenTokens(account) == model.held_back[name], name
            eligible = model.eligibility(name, now)
            assert self.engine.eligibility(self.token, account) == eligible, name
            stopped = name in model.paused_wallets or bool(model.standing(name))
            assert self.token.canSend(account) == (not stopped and not model.rule_of(name).get("outbound_blocked")), (
                name
            )
            open_to = name in model.venues and model.admits(name)
            open_to = open_to or (not eligible and not model.rule_of(name).get("inbound_blocked"))
            assert self.token.canReceive(account) == (not stopped and bool(open_to)), name
            country, locked, unlocks = self.engine.holderOf(self.token, account)
            assert country == model.counted.get(name, 0), name
            known = model.active(name, now)
            assert [tuple(tranche) for tranche in self.engine.tranchesOf(self.token, account)] == known, name
            assert (locked, unlocks) == (model.locked(name, now), known[-1][1] if known else 0), name
            assert self.engine.freeIssueOf(self.token, account) == model.free_issues.get(name, 0), name
        for country in (0, *COUNTRIES):
            assert self.engine.issuedIn(self.token, country or EVERYWHERE) == model.issued_in(country, now), country
        for country in COUNTRIES:
            there = sum(other == country for other in model.counted.values())
            assert self.engine.holdersOf(self.token, country) == (len(model.counted), there)
        assert self.engine.logOf(self.token).entries == model.entries
        for sender in NAMES:
            self._compare_verdict(sender, NAMES[(NAMES.index(sender) + 1) % len(NAMES)], now)

    def _compare_verdict(self, sender: str, receiver: str, now: int) -> None:
        amount = min(40, self.model.balances[sender])
        answer = self.engine.checkTransfer(
            self.token, self.actors[sender], self.actors[sender], self.actors[receiver], amount
        )
        name, reason = self.model.verdict(sender, {receiver: amount}, sender, now, "transfer")
        account = NOBODY if name == "nobody" else self.actors[name].address
        assert (str(answer[0]), answer[1]) == (account, reason)


@pytest.fixture(params=("sole", "shared"))
def world(
    request, chain, actors, identity_registry, compliance_engine, sanctions_list, create_token, create_sole_token,
    admin, compliance_officer,
) -> ModelledChain:  # fmt: skip
    """Three countries open to everybody, in a registry of the token's own or in one that serves another token too.

    A trusted issuer finds the claims of two ONCHAINIDs always valid.
    """
    sole = request.param == "sole"
    if sole:
        token, registry = create_sole_token(list(COUNTRIES))
    else:
        token, registry = create_token(countries=COUNTRIES), identity_registry
        create_token(symbol="OTHER")
    issuer = admin.deploy(ape.project.LyingIdentity)
    registry.setTopicTerms(1, (True, True, 1, RETAIL, VALIDITY), sender=compliance_officer)
    registry.addTrustedIssuer(issuer, [1], sender=compliance_officer)
    identities = [admin.deploy(ape.project.LyingIdentity) for _ in range(2)]
    model = Model({country: {} for country in COUNTRIES})
    there = (token, compliance_engine, registry, sanctions_list)
    return ModelledChain(chain, model, *there, actors, identities, sole)


# An example sends dozens of transactions: fewer of them than of pure ones.
@settings(
    max_examples=max(settings.default.max_examples // 6, 8),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    first=st.lists(acts, max_size=6),
    history=st.lists(st.one_of(movements, movements, acts), min_size=5, max_size=20),
    funds=st.lists(amounts, min_size=len(NAMES), max_size=len(NAMES)),
)
def test_token__after_any_history__is_as_the_model_says(chain, world, first, history, funds):
    with isolated(chain):
        world.model = Model({country: {} for country in COUNTRIES})
        for place, (name, amount) in enumerate(zip(NAMES, funds, strict=True)):
            if place % 2:
                world.do(("identify", name, COUNTRIES[place % 3], place // 3))
            else:
                world.do(("register", name, COUNTRIES[place % 3], 1 + place % 3, YEAR))
            world.do(("mint", {name: amount}))
        for act in [*first, *history]:
            world.do(act)
        world.compare()
