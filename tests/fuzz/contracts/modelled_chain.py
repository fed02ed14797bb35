"""The chain beside the model of a token's compliance: the same acts to both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ape.exceptions import ContractLogicError

from tests.fixtures.compliance import Reason, rule
from tests.fixtures.protocol import YEAR
from tests.fuzz.contracts.compliance_model import COUNTRIES, EVERYWHERE, NAMES, NOBODY, VALIDITY, Model, Person


@dataclass
class ModelledChain:
    """The chain beside the model."""

    chain: Any
    model: Model
    token: Any
    engine: Any
    registry: Any
    sanctions: Any
    terms: Any
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
        links = dict(model.links)
        model.links[new] = identity
        _, reason = model.verdict(lost, {new: amount}, "compliance_officer", self.at(), "forced")
        model.links = links
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
        self.model.people[name] = Person(country, self.model.granted, expiry, identity.address)
        self.model.link(name, identity.address)

    def _grade(self, investor_class: int) -> None:
        """The claim gives another class from now on; wallets that are registered keep the one that they have."""
        self.registry.setTopicTerms(1, (True, True, 1, investor_class, VALIDITY), sender=self.officer)
        self.model.granted = investor_class

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
        self.model.limited = self.model.limited or "max_holders" in found

    def _holders(self, most: int) -> None:
        self.engine.setTokenRule(self.token, (0, most), sender=self.officer)
        self.model.max_holders = most
        self.model.limited = self.model.limited or most != 0

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
        model.census.seat(model, name, model.counted, self.chain.blocks.head.timestamp)

    def _way(self, here: int, there: int, life: tuple[int, int]) -> None:
        rule = (here, there, *self._period(life))
        self.terms.addPairRules(self.token, [rule], sender=self.officer)
        self.model.ways = {*self._standing(self.model.ways, 2), rule}

    def _openWay(self, place: int) -> None:  # noqa: N802
        chosen = sorted(self.model.ways)[place : place + 1]
        self.terms.removePairRules(self.token, chosen, sender=self.officer)
        self.model.ways -= set(chosen)

    def _blackout(self, life: tuple[int, int], affiliates_only: bool) -> None:
        chosen = (*self._period(life), affiliates_only)
        self.terms.addBlackouts(self.token, [chosen], sender=self.officer)
        self.model.blackouts = {*self._standing(self.model.blackouts, 0), chosen}

    def _endBlackout(self, place: int) -> None:  # noqa: N802
        chosen = sorted(self.model.blackouts)[place : place + 1]
        self.terms.removeBlackouts(self.token, chosen, sender=self.officer)
        self.model.blackouts -= set(chosen)

    def _affiliate(self, name: str, affiliate: bool) -> None:
        change = self.terms.addAffiliates if affiliate else self.terms.removeAffiliates
        change(self.token, [self.actors[name]], sender=self.officer)
        self.model.mark(name, affiliate)

    def _limit(self, country: int, affiliates_only: bool, period: int, most: int) -> None:
        key = (country, affiliates_only, period)
        if len(self.model.limits) == self.terms.mostVolumeLimits() and key not in self.model.limits:
            assert not self._sent(self.terms.addVolumeLimits, self.token, [(*key, most)], sender=self.officer)
            return
        self.terms.addVolumeLimits(self.token, [(*key, most)], sender=self.officer)
        self.model.limits[key] = min(most, self.model.limits.get(key, most))

    def _unlimit(self, place: int) -> None:
        chosen = sorted(self.model.limits.items())[place : place + 1]
        self.terms.removeVolumeLimits(self.token, [(*key, most) for key, most in chosen], sender=self.officer)
        for key, _ in chosen:
            del self.model.limits[key]

    def _classRule(self, chosen: tuple[Any, ...]) -> None:  # noqa: N802
        if len(self.model.class_rules) == self.terms.mostClassRules() and chosen not in self.model.class_rules:
            assert not self._sent(self.terms.addClassRules, self.token, [chosen], sender=self.officer)
            return
        self.terms.addClassRules(self.token, [chosen], sender=self.officer)
        if chosen not in self.model.class_rules:
            self.model.class_rules.append(chosen)
        self.model.lockups_exist = self.model.lockups_exist or chosen[5] != 0
        if chosen[7]:
            self.model.limited = True
            self.model.require_census()

    def _endClassRule(self, place: int) -> None:  # noqa: N802
        chosen = self.model.class_rules[place : place + 1]
        self.terms.removeClassRules(self.token, chosen, sender=self.officer)
        if chosen:
            # The last one takes its place.
            last = self.model.class_rules.pop()
            if place < len(self.model.class_rules):
                self.model.class_rules[place] = last

    def _period(self, life: tuple[int, int]) -> tuple[int, int]:
        """Start and end, which are from now on unless they are the ends of time."""
        start, end = life
        return (start, end) if start == 0 and end > 10 * YEAR else (start and self.now + start, self.now + end)

    def _standing(self, terms: set[Any], place: int) -> set[Any]:
        """Terms that had not ended when the last transaction added one."""
        return {term for term in terms if term[place + 1] > self.chain.blocks.head.timestamp}

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
            eligible = model.eligibility(name, now) or model.closes_class(name, now)
            assert self.engine.eligibility(self.token, account) == eligible, name
            stopped = name in model.paused_wallets or bool(model.standing(name))
            silent = model.rule_of(name).get("outbound_blocked") or model.is_quiet(name, now)
            assert self.token.canSend(account) == (not stopped and not silent), name
            assert self.terms.isAffiliate(self.token, account) == model.is_affiliate(name), name
            open_to = name in model.venues and model.admits(name)
            open_to = open_to or (not eligible and not model.rule_of(name).get("inbound_blocked"))
            if name in model.people:
                bound = [tuple(rule) for rule in self.terms.classRulesOn(self.token, account)]
                assert bound == model.class_rules_on(name, now), name
            assert self.token.canReceive(account) == (not stopped and bool(open_to)), name
            country, locked, unlocks = self.engine.holderOf(self.token, account)
            assert country == model.counted.get(name, 0), name
            known = model.active(name, now)
            assert [tuple(tranche) for tranche in self.engine.tranchesOf(self.token, account)] == known, name
            assert (locked, unlocks) == (model.locked(name, now), known[-1][1] if known else 0), name
            assert self.engine.freeIssueOf(self.token, account) == model.free_issues.get(name, 0), name
        assert {tuple(rule) for rule in self.terms.pairRulesOf(self.token)} == model.ways
        assert {tuple(found) for found in self.terms.blackoutsOf(self.token)} == model.blackouts
        assert {tuple(found[:3]): found[3] for found in self.terms.volumeLimitsOf(self.token)} == model.limits
        assert [tuple(found) for found in self.terms.classRulesOf(self.token)] == model.class_rules
        assert self.terms.censusOf(self.token).counted == len(model.census.seats)
        for who in {chosen[:3] for chosen in model.class_rules}:
            asked = (*who, False, 0, 0, 0, 1)
            assert self.terms.classHoldersOf(self.token, asked) == model.census.count(who), who
            for name in NAMES:
                counted = self.terms.isCountedUnder(self.token, self.actors[name], asked)
                assert counted == (who in model.census.marks.get(model.links.get(name, name), set())), (name, who)
        for key, most in model.limits.items():
            for name in NAMES:
                sent = self.terms.sentUnder(self.token, self.actors[name], (*key, most))
                assert sent == model.under(name, key, now), (name, key)
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
