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
    frozen: set[str] = field(default_factory=set)
    frozen_people: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    paused_wallets: set[str] = field(default_factory=set)
    balances: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    held_back: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    counted: dict[str, int] = field(default_factory=dict)
    locks: dict[str, tuple[int, int]] = field(default_factory=dict)
    volumes: dict[str, tuple[int, list[tuple[int, int]]]] = field(default_factory=dict)
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

    def rule_of(self, name: str) -> dict[str, int]:
        return self.rules.get(self.country(name), {})

    def country(self, name: str) -> int:
        return self.people[name].country if name in self.people else 0

    # -- Movements

    def verdict(self, sender: str, legs: dict[str, int], operator: str, now: int, kind: str) -> tuple[str, Reason]:
        """The first refusal of what `sender` sends in all, leg by leg in order; ("nobody", NONE) if there is none."""
        after = dict(self.balances)
        for receiver, amount in legs.items():
            if sender != "nobody":
                after[sender] -= amount
            after[receiver] += amount
        counted = dict(self.counted)
        for place, (receiver, amount) in enumerate(legs.items()):
            first = place == 0
            for name, reason in self._leg(sender, receiver, amount, legs, operator, now, kind, after, counted, first):
                if reason:
                    return name, reason
            if first and after.get(sender) == 0:
                counted.pop(sender, None)
            if sender != receiver and amount and after[receiver] == amount and receiver not in self.venues:
                counted[receiver] = self.country(receiver)
        return "nobody", Reason.NONE

    def _leg(self, sender, receiver, amount, legs, operator, now, kind, after, counted, first):
        asked = sender != "nobody" and kind != "forced"
        if asked and first:
            yield sender, self.standing(sender)
        if asked and receiver in self.venues and sender not in self.venues:
            yield receiver, self.standing(receiver)
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
        locked, unlocks = self.locks.get(sender, (0, 0))
        if now < unlocks and after[sender] < locked:
            return Reason.LOCKED_UP
        if found.get("volume_limit") and self.volume(sender, now) + sent > found["volume_limit"]:
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
        most = found.get("max_holding", 0)
        identity = self.people[receiver].identity
        mine = [receiver] if identity is None else [n for n, p in self.people.items() if p.identity == identity]
        if most and sum(after[name] for name in mine) > most:
            return Reason.ABOVE_MAXIMUM_HOLDING
        if after[receiver] != amount:
            return Reason.NONE
        there = {name: country for name, country in counted.items() if name != sender or after.get(sender) != 0}
        if self.max_holders and len(there) + 1 > self.max_holders:
            return Reason.TOO_MANY_HOLDERS
        most, country = found.get("max_holders", 0), self.country(receiver)
        if most and sum(other == country for other in there.values()) + 1 > most:
            return Reason.TOO_MANY_HOLDERS_IN_COUNTRY
        return Reason.NONE

    def book(self, sender: str, legs: dict[str, int], now: int, kind: str) -> None:
        """What the movement leaves behind."""
        total = sum(legs.values())
        out = self.rule_of(sender) if sender != "nobody" else {}
        if out.get("volume_limit") and kind == "transfer":
            self._add_volume(sender, total, now)
        for receiver, amount in legs.items():
            into = self.rule_of(receiver)
            for threshold in ("travel_threshold", "report_threshold"):
                reached = 0 < out.get(threshold, 0) <= total or 0 < into.get(threshold, 0) <= amount
                self.entries += reached
            if sender == receiver or amount == 0:
                continue
            if sender != "nobody":
                self.balances[sender] -= amount
            fresh = self.balances[receiver] == 0
            self.balances[receiver] += amount
            if fresh and receiver not in self.venues:
                self.counted[receiver] = self.country(receiver)
            if kind == "mint" and into.get("lockup"):
                self._lock(receiver, amount, now + into["lockup"], now)
            if kind == "forced":
                self._carry(sender, receiver, now)
        if sender != "nobody" and total and self.balances[sender] == 0:
            self.counted.pop(sender, None)

    def burn(self, name: str, amount: int, now: int) -> None:
        found = self.rule_of(name)
        self.entries += sum(0 < found.get(key, 0) <= amount for key in ("travel_threshold", "report_threshold"))
        self.balances[name] -= amount
        self.held_back[name] = min(self.held_back[name], self.balances[name])
        if self.balances[name] == 0:
            self.counted.pop(name, None)
        locked, unlocks = self.locks.get(name, (0, 0))
        if now < unlocks:
            self.locks[name] = (min(locked, self.balances[name]), unlocks)

    def _lock(self, name: str, amount: int, until: int, now: int) -> None:
        locked, unlocks = self.locks.get(name, (0, 0))
        self.locks[name] = ((locked if now < unlocks else 0) + amount, max(until, unlocks))

    def _carry(self, sender: str, receiver: str, now: int) -> None:
        locked, unlocks = self.locks.get(sender, (0, 0))
        rest = self.balances[sender]
        if now < unlocks and locked > rest:
            self.locks[sender] = (rest, unlocks)
            self._lock(receiver, locked - rest, unlocks, now)

    # -- Volume: thirds of a period, the youngest four

    def _key(self, name: str) -> str:
        return (self.people[name].identity or name) if name in self.people else name

    def volume(self, name: str, now: int) -> int:
        period, moves = self.volumes.get(self._key(name), (0, []))
        third = -(-period // 3) if period else 1
        return sum(amount for time, amount in moves if now // third - time // third < 4)

    def _add_volume(self, name: str, amount: int, now: int) -> None:
        period = self.rule_of(name)["period"]
        before, moves = self.volumes.get(self._key(name), (period, []))
        if before != period:
            moves = [(now, self.volume(name, now))]
        self.volumes[self._key(name)] = (period, [*moves, (now, amount)])


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
    st.tuples(st.just("sanction"), people),
    st.tuples(st.just("venue"), people, st.booleans()),
    st.tuples(st.just("rule"), st.sampled_from(COUNTRIES), rules, st.sampled_from(PERIODS)),
    st.tuples(st.just("holders"), st.integers(0, 4)),
    st.tuples(st.just("wait"), st.sampled_from((500, DAY, 31 * DAY))),
)


@dataclass
class World:
    """The chain beside the model."""

    chain: Any
    model: Model
    token: Any
    engine: Any
    registry: Any
    sanctions: Any
    actors: dict[str, Any]
    identities: list[Any]

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
            model.held_back[sender] = min(model.held_back[sender], model.balances[sender] - total)
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
        return total <= model.balances[sender] - model.held_back[sender]

    def _burn(self, name: str, amount: int) -> None:
        fits = amount <= self.model.balances[name] and not self.model.standing(name)
        assert self._sent(self.token.burn, self.actors[name], amount, sender=self.actors["issuer"]) == fits
        if fits:
            self.model.burn(name, amount, self.chain.blocks.head.timestamp)

    def _recover(self, lost: str, new: str) -> None:
        model, amount = self.model, self.model.balances[lost]
        person = model.people.get(lost)
        identity = person.identity if person else None
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
        model.held_back[new] += model.held_back[lost]
        model.held_back[lost] = 0
        if lost in model.paused_wallets:
            model.paused_wallets.add(new)
        model.book(lost, {new: amount}, self.chain.blocks.head.timestamp, "forced")

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
        fits = amount <= self.model.balances[name] - self.model.held_back[name]
        assert self._sent(self.token.freezePartialTokens, self.actors[name], amount, sender=self.officer) == fits
        self.model.held_back[name] += amount if fits else 0

    def _sanction(self, name: str) -> None:
        listed = name in self.model.listed
        act = self.sanctions.lift if listed else self.sanctions.sanction
        act(self.sanctions.version(), [self.actors[name]], bytes(32), sender=self.officer)
        (self.model.listed.discard if listed else self.model.listed.add)(name)

    def _venue(self, name: str, venue: bool) -> None:
        if name not in self.model.people:
            self.registry.setVenueAccount(self.actors[name], venue, sender=self.officer)
            (self.model.venues.add if venue else self.model.venues.discard)(name)

    def _rule(self, country: int, found: dict[str, int], period: int) -> None:
        found = dict(found)
        if found.get("max_holding") and found.get("min_holding", 0) > found["max_holding"]:
            del found["min_holding"]
        if "volume_limit" in found:
            found["period"] = period
        self.engine.setRules(self.token, [country], [rule(**found)], sender=self.officer)
        self.model.rules[country] = found

    def _holders(self, most: int) -> None:
        self.engine.setTokenRule(self.token, (0, most), sender=self.officer)
        self.model.max_holders = most

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
            assert self.engine.eligibility(self.token, account) == model.eligibility(name, now), name
            country, locked, unlocks = self.engine.holderOf(self.token, account)
            assert country == model.counted.get(name, 0), name
            known = model.locks.get(name, (0, 0))
            assert now >= max(unlocks, known[1]) or (locked, unlocks) == known, name
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


@pytest.fixture
def world(
    chain, actors, identity_registry, compliance_engine, sanctions_list, create_token, admin, compliance_officer
) -> World:
    """Three countries open to everybody; ONCHAINIDs whose claims a trusted issuer always finds valid."""
    token = create_token(countries=COUNTRIES)
    issuer = admin.deploy(ape.project.LyingIdentity)
    identity_registry.setTopicTerms(1, (True, True, 1, RETAIL, VALIDITY), sender=compliance_officer)
    identity_registry.addTrustedIssuer(issuer, [1], sender=compliance_officer)
    identities = [admin.deploy(ape.project.LyingIdentity) for _ in range(2)]
    model = Model({country: {} for country in COUNTRIES})
    there = (token, compliance_engine, identity_registry, sanctions_list)
    return World(chain, model, *there, actors, identities)


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
