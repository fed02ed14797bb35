"""A second reading of what a token's compliance does: persons, their acts, and what each verdict has to be."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.fixtures.compliance import Reason
from tests.fixtures.protocol import DAY, EVERY_CLASS, GERMANY, RETAIL, SWITZERLAND, YEAR

NOBODY = "0x0000000000000000000000000000000000000000"
NAMES = ("investor", "counterparty", "spender", "pool", "router", "trader")
COUNTRIES = (SWITZERLAND, GERMANY, 999)
LIFETIMES = (900, 40 * DAY, YEAR)
AMOUNTS = (0, 1, 40, 100, 250, 1_000)
PERIODS = (3_600, DAY, 30 * DAY)
EVERYWHERE = 65_535
NO_LIMIT = (0, 0, 0)
VALIDITY = 90 * DAY

Who = tuple[int, int, int]
"""Whom a class rule binds: country, classes, exempting topics."""
ClassRule = tuple[int, int, int, bool, int, int, int, int]


@dataclass
class Person:
    """Identity of somebody; `identity` is an ONCHAINID whose claims are always valid."""

    country: int
    investor_class: int
    expiry: int
    identity: str | None = None
    documents: int = 0


@dataclass
class Census:
    """Persons who are counted under class rules, by whom the rules bind."""

    keys: list[Who] = field(default_factory=list)
    seats: dict[str, str] = field(default_factory=dict)
    marks: dict[str, set[Who]] = field(default_factory=dict)

    def copy(self) -> Census:
        return Census(self.keys, dict(self.seats), dict(self.marks))

    def count(self, who: Who) -> int:
        return sum(who in marks for marks in self.marks.values())

    def seat(self, model: Model, name: str, counted: dict[str, int], now: int) -> None:
        """Counts a wallet under its person as long as it is a holder; a person by what its wallets show now."""
        if not self.keys:
            return
        person = model.links.get(name, name)
        former = self.seats.pop(name, None)
        if name in counted:
            self.seats[name] = person
        if former is not None and former not in self.seats.values():
            self.marks.pop(former, None)
        if name in counted:
            self.marks[person] = {who for who in self.keys if model.binds(name, who, now, counted)}

    def knows_all(self, sender: str, counted: dict[str, int]) -> bool:
        """True if every holder has a seat; a batch's sender may have left with a first leg of nothing."""
        return len(self.seats.keys() - ({sender} - counted.keys())) == len(counted)

    def leaving(self, sender: str, after: dict[str, int]) -> set[Who]:
        """Whom nobody counts a person for any more once the sender has left."""
        seat = self.seats.get(sender)
        if seat is None or after[sender] or list(self.seats.values()).count(seat) > 1:
            return set()
        return self.marks.get(seat, set())


@dataclass
class Model:
    """The specification, in its own words and order."""

    rules: dict[int, dict[str, int]]
    max_holders: int = 0
    limited: bool = False
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
    ways: set[tuple[int, int, int, int]] = field(default_factory=set)
    blackouts: set[tuple[int, int, bool]] = field(default_factory=set)
    affiliates: set[str] = field(default_factory=set)
    limits: dict[tuple[int, bool, int], int] = field(default_factory=dict)
    sent_under: dict[tuple[str, tuple[int, bool, int]], list[tuple[int, int]]] = field(default_factory=dict)
    class_rules: list[ClassRule] = field(default_factory=list)
    census: Census = field(default_factory=Census)
    granted: int = RETAIL

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

    # -- Ways between countries, blackouts, affiliates

    def mark(self, name: str, affiliate: bool) -> None:
        """A mark is for the wallet and for the person that it has or last had."""
        found = {name, self.links.get(name, name)}
        self.affiliates = self.affiliates | found if affiliate else self.affiliates - found

    def is_affiliate(self, name: str) -> bool:
        return bool({self.links.get(name, name), *self.registered(name)} & self.affiliates)

    def is_quiet(self, name: str, now: int) -> bool:
        """True if a blackout stops what somebody sends."""
        standing = [only for start, end, only in self.blackouts if start <= now < end]
        return name not in self.venues and any(not only or self.is_affiliate(name) for only in standing)

    def is_one_person(self, sender: str, receiver: str) -> bool:
        return self.links.get(sender, sender) == self.links.get(receiver, receiver)

    def limits_on(self, name: str) -> dict[tuple[int, bool, int], int]:
        """Volume limits that bind somebody."""
        if name in self.venues:
            return {}
        places = {EVERYWHERE, *self.countries(name)}
        return {
            key: most
            for key, most in self.limits.items()
            if key[0] in places and (not key[1] or self.is_affiliate(name))
        }

    def under(self, name: str, key: tuple[int, bool, int], now: int) -> int:
        """Sum that counts against a limit."""
        return _in_window(self.sent_under.get((self.links.get(name, name), key), []), key[2], now)

    def _dated(self, sender: str, receiver: str, now: int, kind: str, spent: int) -> tuple[str, Reason]:
        if sender == "nobody" or self.is_one_person(sender, receiver):
            return "nobody", Reason.NONE
        if kind != "forced" and self.is_quiet(sender, now):
            return sender, Reason.BLACKOUT_PERIOD
        limits = {} if kind == "forced" else self.limits_on(sender)
        if any(self.under(sender, key, now) + spent > most for key, most in limits.items()):
            return sender, Reason.VOLUME_EXCEEDED
        sources, targets = self.countries(sender), self.countries(receiver)
        for here, there, start, end in self.ways:
            if start <= now < end and any(_closed(here, there, s, r) for s in sources for r in targets):
                return receiver, Reason.COUNTRY_PAIR_CLOSED
        return "nobody", Reason.NONE

    # -- Classes of investors

    def class_rules_on(self, name: str, now: int) -> list[ClassRule]:
        """Class rules that bind somebody, in their order: through what any wallet of the person shows."""
        if name in self.venues:
            return []
        places = {EVERYWHERE, *self.countries(name)}
        shown = [self.people[wallet] for wallet in self.registered(name) if wallet in self.people]
        return [
            rule
            for rule in self.class_rules
            if rule[0] in places and any(_shows(person, rule[1], rule[2], now) for person in shown)
        ]

    def closes_class(self, name: str, now: int) -> Reason:
        """Why class rules let somebody receive nothing."""
        for _, _, _, closed, documents, *_ in self.class_rules_on(name, now):
            if closed:
                return Reason.CLASS_NOT_ALLOWED
            if documents & ~self.people[name].documents:
                return Reason.DOCUMENT_MISSING
        return Reason.NONE

    def binds(self, name: str, who: Who, now: int, counted: dict[str, int]) -> bool:
        """True if a class rule about these binds a holder; one that was forgotten is retail, without claims."""
        wallets = self.registered(name)
        countries = {self.people[other].country for other in wallets if other in self.people}
        if name not in self.people:
            countries.add(counted[name])
        if who[0] not in {EVERYWHERE, *countries}:
            return False
        shown = [self.people[other] for other in wallets if other in self.people]
        forgotten = name not in self.people and bool(who[1] >> RETAIL & 1)
        return forgotten or any(_shows(person, who[1], who[2], now) for person in shown)

    def require_census(self) -> None:
        """A rule that counts other persons than those before it begins a count of everybody."""
        keys = list(dict.fromkeys(rule[:3] for rule in self.class_rules if rule[7]))
        if not set(keys) <= set(self.census.keys):
            self.census = Census(keys)

    def _has_seat(self, sender, receiver, now, after, counted, census) -> bool:
        mine = census.marks.get(self.links.get(receiver, receiver), set())
        for rule in self.class_rules_on(receiver, now):
            who, most = rule[:3], rule[7]
            if not most or who in mine:
                continue
            others = census.count(who) - (who in census.leaving(sender, after))
            if not census.knows_all(sender, counted) or others + 1 > most:
                return False
        return True

    def _seat_both(self, census, sender, receiver, amount, counted, first, now) -> None:
        if not amount:
            return
        if sender not in ("nobody", receiver) and (first or (sender in counted) != (sender in census.seats)):
            census.seat(self, sender, counted, now)
        if receiver != "nobody":
            census.seat(self, receiver, counted, now)

    def _by_class(self, sender, receiver, amount, now, after, counted, census) -> Reason:
        if not amount or receiver in self.venues or self.is_one_person(sender, receiver):
            return Reason.NONE
        if reason := self.closes_class(receiver, now):
            return reason
        if not self._has_seat(sender, receiver, now, after, counted, census):
            return Reason.TOO_MANY_HOLDERS
        most = min((rule[6] for rule in self.class_rules_on(receiver, now) if rule[6]), default=0)
        if most and sum(after[name] for name in self.registered(receiver)) > most:
            return Reason.ABOVE_MAXIMUM_HOLDING
        return Reason.NONE

    # -- Movements

    def verdict(self, sender: str, legs: dict[str, int], operator: str, now: int, kind: str) -> tuple[str, Reason]:
        """The first refusal of what `sender` sends in all, leg by leg in order; ("nobody", NONE) if there is none."""
        after = dict(self.balances)
        for receiver, amount in legs.items():
            if sender != "nobody":
                after[sender] -= amount
            after[receiver] += amount
        counted, home, census = dict(self.counted), self.country(sender), self.census.copy()
        placed: dict[int, int] = {}
        spent = 0
        for place, (receiver, amount) in enumerate(legs.items()):
            first = place == 0
            for name, reason in self._leg(sender, receiver, amount, legs, operator, now, kind, after, counted, first):
                if reason:
                    return name, reason
            if reason := self._issuing(sender, receiver, amount, now, after, placed):
                return receiver, reason
            if reason := self._by_class(sender, receiver, amount, now, after, counted, census):
                return receiver, reason
            name, reason = self._dated(sender, receiver, now, kind, spent + amount)
            if reason:
                return name, reason
            spent += 0 if self.is_one_person(sender, receiver) else amount
            self._touch(counted, sender, receiver, amount, sum(legs.values()) if first else 0, after, home)
            self._seat_both(census, sender, receiver, amount, counted, first, now)
            for country in self.placements(sender, receiver):
                placed[country] = placed.get(country, 0) + amount
        return "nobody", Reason.NONE

    def _touch(self, counted, sender, receiver, amount, sent, after, home) -> None:
        """Holders come and go; where their number is limited, both sides are counted where they are now."""
        if sent and sender != "nobody" and (self.limited or after[sender] == 0):
            self._count(counted, sender, home if after[sender] else 0)
        if amount and receiver not in (sender, "nobody") and (self.limited or after[receiver] == amount):
            self._count(counted, receiver, self.country(receiver))

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
        """Records what the movement leaves behind."""
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
        if sender != "nobody" and kind == "transfer":
            others = sum(amount for name, amount in legs.items() if not self.is_one_person(sender, name))
            for key in self.limits_on(sender):
                self.sent_under.setdefault((self.links.get(sender, sender), key), []).append((now, others))
        for place, (receiver, amount) in enumerate(legs.items()):
            into = self.rule_of(receiver)
            self._log(sender, receiver, out, into, amount, total, now, place == 0)
            self._touch(self.counted, sender, receiver, amount, total if place == 0 else 0, after, home)
            self._seat_both(self.census, sender, receiver, amount, self.counted, place == 0, now)
            if sender == receiver or amount == 0:
                continue
            if sender != "nobody":
                self.balances[sender] -= amount
            self.balances[receiver] += amount
            lockup = self._lockup_of(receiver, now)
            fresh = amount - (self._carry(sender, receiver, now) if kind == "forced" else 0)
            since = self._issued_at(sender, kind, now)
            if fresh and since and since + lockup > now:
                self._lock(receiver, fresh, since + lockup, now)
            elif fresh and kind == "mint" and self.lockups_exist:
                self.free_issues[receiver] = now
            for country in self.placements(sender, receiver):
                self._place(country, amount, now)

    def _lockup_of(self, name: str, now: int) -> int:
        """The longest lock-up of the person's countries and class rules."""
        theirs = [rule[5] for rule in self.class_rules_on(name, now)]
        return max([*self.fields(name, "lockup").values(), *theirs], default=0)

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
        self._seat_both(self.census, name, "nobody", amount, self.counted, True, now)
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


def _shows(person: Person, classes: int, exempt_topics: int, now: int) -> bool:
    """True if somebody is of one of the classes and lacks a claim that exempts.

    An officer's word has every claim until it lapses; an ONCHAINID has those of the registry's one topic.
    """
    lapsed = person.identity is None and now >= person.expiry
    if not classes >> (1 if lapsed else person.investor_class) & 1:
        return False
    return not exempt_topics or lapsed or person.identity is not None


def _closed(here: int, there: int, source: int, target: int) -> bool:
    """True if a rule from `here` to `there` closes the way from one country to another; a venue account is in 0."""
    if source == target and EVERYWHERE in (here, there):
        return False
    if there == EVERYWHERE:
        return here in (EVERYWHERE, source)
    return target == there and (here in (EVERYWHERE, source) or source == 0)
