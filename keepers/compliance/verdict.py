"""The engine's verdict on a movement, finding by finding. Pure: what is on chain comes in, nothing is asked for.

It follows AutomatedComplianceEngine._verdict for `checkTransfer`: a mint, a burn or a transfer, forced by nobody. The
first finding that does not pass is the engine's reason; the others are judged all the same, so that a person sees
everything that stands in the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from keepers.compliance.moments import moment
from keepers.compliance.rules import (
    CLOSED,
    UNLIMITED,
    InvestorClass,
    IssueRule,
    Reason,
    Rule,
    document_names,
    whole,
)
from keepers.compliance.transfer_terms import TransferTerms, VolumeLimit

Role = Literal["token", "sender", "receiver", "spender"]

_FOREVER = 2**40 - 1


@dataclass(frozen=True)
class Identity:
    """IIdentityRegistry.Identity; times in unix seconds, masks of topics and documents."""

    country: int = 0
    investor_class: int = 0
    frozen: bool = False
    venue: bool = False
    kyc_expiry: int = 0
    aml_expiry: int = 0
    accreditation_expiry: int = 0
    topics: int = 0
    documents: int = 0
    sanctioned: bool = False
    linked: bool = False
    listed: bool = False
    former: bool = False
    shared_ledger: bool = False

    @classmethod
    def of_word(cls, word: int) -> Self:
        """Decodes a word of IIdentityRegistry.packedIdentityOf."""
        return cls(
            country=word & 0xFFFF,
            investor_class=(word >> 16) & 0xFF,
            frozen=bool((word >> 24) & 0xFF),
            venue=bool((word >> 32) & 0xFF),
            kyc_expiry=(word >> 40) & _FOREVER,
            aml_expiry=(word >> 80) & _FOREVER,
            accreditation_expiry=(word >> 120) & _FOREVER,
            topics=(word >> 160) & 0xFFFF,
            documents=(word >> 176) & 0xFFFF,
            sanctioned=bool((word >> 192) & 0xFF),
            linked=bool((word >> 200) & 0xFF),
            listed=bool((word >> 208) & 0xFF),
            former=bool((word >> 216) & 0xFF),
            shared_ledger=bool((word >> 224) & 0xFF),
        )


@dataclass(frozen=True)
class Party:
    """An account of the movement.

    Attributes:
        address: Checksummed.
        identity: Identity in the token's registry.
        balance: Balance of the token before the movement, smallest units.
        counted_in: Country where it is counted as a holder; 0 if nowhere.
        locked: Smallest units that do not move now.
        unlocks_at: Unix seconds at which the last of them is free.
        sent: Smallest units that count against the volume limit, by country.
        sent_in_day: Smallest units that the person sent in the last day, as far as a travel threshold made it count.
        received_in_day: Smallest units that the person received in the last day, likewise.
        other_wallets: Balances of the other wallets of its ONCHAINID, before the movement.
        other_countries: Countries of those wallets.
        admitted: True if the token admits it although anyone can hold its ledger.
        treasury: True if what it sends counts as an issue, and what it receives does not.
        person: ONCHAINID of the person behind it; empty if there is none.
        affiliate: True if the person is marked as an affiliate of the issuer.
        sent_under: Smallest units that count against each volume limit of the token's terms.
        other_identities: Identities of the other wallets of its ONCHAINID.
        wallet_frozen: Frozen by the token.
        frozen: Smallest units of its balance that the token has frozen.
    """

    address: str
    identity: Identity = Identity()
    balance: int = 0
    counted_in: int = 0
    locked: int = 0
    unlocks_at: int = 0
    sent: Mapping[int, int] = field(default_factory=dict)
    sent_in_day: int = 0
    received_in_day: int = 0
    other_wallets: Mapping[str, int] = field(default_factory=dict)
    other_countries: tuple[int, ...] = ()
    admitted: bool = False
    treasury: bool = False
    person: str = ""
    affiliate: bool = False
    sent_under: Mapping[VolumeLimit, int] = field(default_factory=dict)
    other_identities: tuple[Identity, ...] = ()
    wallet_frozen: bool = False
    frozen: int = 0

    @property
    def country(self) -> int:
        """Country whose rules it obeys: a holder whose identity was deleted obeys the one in which it is counted."""
        return self.identity.country or (0 if self.identity.venue else self.counted_in)

    @property
    def countries(self) -> tuple[int, ...]:
        """Countries whose maximums, lock-ups and volumes bind the person; its own first."""
        return tuple(dict.fromkeys((self.country, *self.other_countries)))


@dataclass(frozen=True)
class State:
    """The rules and counts of a token.

    Attributes:
        now: Unix seconds.
        open: True if the token has rules at all.
        paused: True if the token is paused.
        required_topics: Bits that every holder needs.
        max_holders: Maximum number of holders; 0 for no limit.
        holders: Number of holders.
        rules: Rules by country; a missing country is closed.
        holders_in: Number of holders by country.
        supply: Smallest units that exist.
        issue_rules: Rules for issuing by country, 0 for all of them; a missing one limits nothing.
        issued_in: Smallest units that count against an issuance limit, by country likewise.
        terms: Terms by pairs of countries and dates.
        decimals: Decimals of the token, for amounts in words.
    """

    now: int
    open: bool = True
    paused: bool = False
    required_topics: int = 0
    max_holders: int = 0
    holders: int = 0
    rules: Mapping[int, Rule] = field(default_factory=dict)
    holders_in: Mapping[int, int] = field(default_factory=dict)
    supply: int = 0
    issue_rules: Mapping[int, IssueRule] = field(default_factory=dict)
    issued_in: Mapping[int, int] = field(default_factory=dict)
    terms: TransferTerms = field(default_factory=TransferTerms)
    decimals: int = 0

    def rule(self, party: Party) -> Rule:
        """Returns the rule of the party's country."""
        return self.rule_in(party.country)

    def rule_in(self, country: int) -> Rule:
        """Returns the rule of a country."""
        return self.rules.get(country, CLOSED)

    def tokens(self, units: int) -> str:
        """Smallest units as whole tokens, in words."""
        return whole(units, self.decimals)


@dataclass(frozen=True)
class Movement:
    """A transfer, mint or burn to judge.

    Attributes:
        sender: None when minting.
        receiver: None when burning.
        spender: Account that moves the tokens, if it is neither of the two.
        amount: Smallest units.
    """

    sender: Party | None
    receiver: Party | None
    amount: int
    spender: Party | None = None

    @property
    def to_itself(self) -> bool:
        """True if nothing changes hands."""
        return bool(self.sender and self.receiver and self.sender.address == self.receiver.address)

    @property
    def sender_after(self) -> int:
        """The sender's balance after it; 0 if there is not enough, as `checkTransfer` has it."""
        if self.sender is None:
            return 0
        return self.sender.balance if self.to_itself else max(0, self.sender.balance - self.amount)

    @property
    def receiver_after(self) -> int:
        """The receiver's balance after it."""
        if self.receiver is None:
            return 0
        return self.receiver.balance if self.to_itself else self.receiver.balance + self.amount


@dataclass(frozen=True)
class Finding:
    """One check.

    Attributes:
        role: Party that is checked.
        account: Its address; None for the token.
        check: Name of the check, in a word or two.
        passed: True if it lets the movement through.
        reason: Reason that the engine gives otherwise.
        text: Finding in words.
        country: Country of the rule; 0 if it is no jurisdiction's.
        rule_field: Field of Rule; None if it is no rule of a jurisdiction.
    """

    role: Role
    account: str | None
    check: str
    passed: bool
    reason: Reason
    text: str
    country: int = 0
    rule_field: str | None = None


def verdict(findings: list[Finding]) -> tuple[str | None, Reason]:
    """The account that is refused and why; (None, NONE) if nothing is."""
    failed = next((finding for finding in findings if not finding.passed), None)
    return (None, Reason.NONE) if failed is None else (failed.account, failed.reason)


def judge(movement: Movement, state: State) -> list[Finding]:
    """Every check of the engine, in its order."""
    return list(_judged(movement, state))


def judge_token(movement: Movement, state: State) -> list[Finding]:
    """Every check of the token itself on a transfer, in its order; the engine's come after them."""
    found = [
        Finding("token", None, "pause", not state.paused, Reason.TOKEN_PAUSED, "paused" if state.paused else "open")
    ]
    sender, receiver = movement.sender, movement.receiver
    if sender is None or receiver is None:
        return []
    parties: list[tuple[Role, Party]] = [("sender", sender), ("receiver", receiver)]
    if movement.spender is not None:
        parties.insert(0, ("spender", movement.spender))
    for role, party in parties:
        text = "frozen for this token" if party.wallet_frozen else "not frozen for this token"
        passed = not party.wallet_frozen
        found.append(Finding(role, party.address, "wallet", passed, Reason.WALLET_FROZEN, text))
    enough = sender.balance >= movement.amount
    text = f"has {state.tokens(sender.balance)}, sends {state.tokens(movement.amount)}"
    found.append(Finding("sender", sender.address, "balance", enough, Reason.INSUFFICIENT_BALANCE, text))
    free = max(0, sender.balance - sender.frozen)
    text = f"{state.tokens(sender.frozen)} frozen, {state.tokens(free)} free"
    found.append(Finding("sender", sender.address, "frozen", free >= movement.amount, Reason.AMOUNT_FROZEN, text))
    return found


def crosses(movement: Movement, state: State) -> list[tuple[str, int]]:
    """Thresholds that the movement reaches: field of Rule and country, for the log."""
    found = []
    sender, receiver, amount = movement.sender, movement.receiver, movement.amount
    for party, in_day in (
        (sender, sender.sent_in_day if sender else 0),
        (receiver, receiver.received_in_day if receiver else 0),
    ):
        threshold = state.rule(party).travel_threshold if party else 0
        if party and threshold and amount and in_day + amount >= threshold:
            found.append(("travel_threshold", party.country))
    for party in (sender, receiver):
        threshold = state.rule(party).report_threshold if party else 0
        if party and threshold and amount >= threshold:
            found.append(("report_threshold", party.country))
    return found


def _judged(movement: Movement, state: State) -> Iterator[Finding]:
    sender, receiver, spender = movement.sender, movement.receiver, movement.spender
    blamed = receiver or sender
    yield Finding(
        "token",
        blamed.address if blamed else None,
        "rules",
        state.open,
        Reason.RULES_NOT_SET,
        "open" if state.open else "not open for this token",
    )
    if sender is not None:
        yield from _standing("sender", sender)
    if receiver is None:
        return
    if sender is not None and receiver.identity.venue and not sender.identity.venue:
        yield from _standing("receiver", receiver)
        if receiver.identity.shared_ledger:
            text = "anyone can hold its ledger; the token " + (
                "admits it" if receiver.admitted else "does not admit it"
            )
            yield Finding("receiver", receiver.address, "venue", receiver.admitted, Reason.VENUE_NOT_ADMITTED, text)
        yield from _eligible("sender", sender, state)
    else:
        yield from _eligible("receiver", receiver, state)
    if sender is not None:
        if spender is not None:
            if spender.identity.venue:
                yield from _standing("spender", spender)
            else:
                yield from _eligible("spender", spender, state)
        yield from _sending(movement, sender, receiver, state)
    if not receiver.identity.venue:
        yield from _receiving(movement, sender, receiver, state)
    yield from _issuing(movement, sender, receiver, state)
    if not receiver.identity.venue:
        yield from _by_class(movement, sender, receiver, state)
    if sender is not None:
        yield from _dated(movement, sender, receiver, state)


def _standing(role: Role, party: Party) -> Iterator[Finding]:
    identity = party.identity
    text = "on the sanctions list" if identity.sanctioned else "not on the sanctions list"
    if identity.sanctioned and not identity.listed:
        text = "another wallet of the person is on the sanctions list"
    yield Finding(role, party.address, "sanctions", not identity.sanctioned, Reason.SANCTIONED, text)
    text = "frozen for every token" if identity.frozen else "not frozen"
    yield Finding(role, party.address, "freeze", not identity.frozen, Reason.ACCOUNT_FROZEN, text)


def _eligible(role: Role, party: Party, state: State) -> Iterator[Finding]:
    yield from _standing(role, party)
    identity, rule = party.identity, state.rule(party)
    if identity.venue:
        text = "a venue account, opposite another one or nobody"
        yield Finding(role, party.address, "venue", False, Reason.VENUE_ONLY_OPPOSITE_ELIGIBLE, text)
        return
    if not identity.country:
        yield Finding(role, party.address, "registration", False, Reason.NOT_REGISTERED, "not registered")
        return
    kind = identity.investor_class
    if not kind:
        yield Finding(role, party.address, "claims", False, Reason.NOT_VERIFIED, "claims are not verified")
        return
    yield Finding(role, party.address, "registration", True, Reason.NOT_REGISTERED, "registered and verified")
    for check, expiry, reason in (
        ("KYC", identity.kyc_expiry, Reason.KYC_EXPIRED),
        ("AML", identity.aml_expiry, Reason.AML_EXPIRED),
    ):
        counts = state.now < expiry
        text = f"counts until {moment(expiry)}" if counts else f"lapsed {moment(expiry)}"
        yield Finding(role, party.address, check, counts, reason, text)
    country = identity.country
    text = "may be held there" if rule.classes else "may not be held there"
    allowed = bool(rule.classes)
    yield Finding(role, party.address, "country", allowed, Reason.COUNTRY_NOT_ALLOWED, text, country, "classes")
    if allowed:
        yield _class(role, party, rule, state.now)
    if state.required_topics:
        missing = state.required_topics & ~identity.topics
        text = f"no valid claim for {_topics(missing)}" if missing else "a claim for every required topic"
        yield Finding(role, party.address, "topics", not missing, Reason.CLAIM_MISSING, text)
    if rule.documents:
        missing = rule.documents & ~identity.documents
        text = f"{', '.join(document_names(missing))} not on file" if missing else "on file"
        yield Finding(
            role, party.address, "documents", not missing, Reason.DOCUMENT_MISSING, text, country, "documents"
        )


def _class(role: Role, party: Party, rule: Rule, now: int) -> Finding:
    identity = party.identity
    kind = identity.investor_class
    lapsed = kind > InvestorClass.RETAIL and now >= identity.accreditation_expiry
    counts_as = InvestorClass.RETAIL if lapsed else kind
    passed = bool(rule.classes >> counts_as & 1)
    reason = Reason.ACCREDITATION_EXPIRED if lapsed and rule.classes >> kind & 1 else Reason.CLASS_NOT_ALLOWED
    text = f"{class_name(kind)}, of {', '.join(class_names(rule.classes))}"
    if lapsed:
        text = f"{class_name(kind)} until {moment(identity.accreditation_expiry)}, now retail"
    return Finding(role, party.address, "class", passed, reason, text, country=identity.country, rule_field="classes")


def _sending(movement: Movement, sender: Party, receiver: Party, state: State) -> Iterator[Finding]:
    rule, country = state.rule(sender), sender.country
    if rule.resident_only:
        yield _residents("sender", sender, receiver)
    if rule.outbound_blocked:
        yield Finding(
            "sender", sender.address, "outbound", False, Reason.OUTBOUND_BLOCKED, "nothing is sent from there",
            country, "outbound_blocked",
        )  # fmt: skip
    if sender.locked and state.now < sender.unlocks_at:
        passed = movement.sender_after >= sender.locked
        locked, kept = state.tokens(sender.locked), state.tokens(movement.sender_after)
        text = f"{locked} locked until {moment(sender.unlocks_at)}, keeps {kept}"
        yield Finding("sender", sender.address, "lock-up", passed, Reason.LOCKED_UP, text, country, "lockup")
    if not sender.identity.venue:
        yield from _volumes(movement, sender, state)
    if rule.min_holding:
        yield _minimum("sender", sender, movement.sender_after, state)


def _volumes(movement: Movement, sender: Party, state: State) -> Iterator[Finding]:
    """Every country in which a wallet of the person is registered counts what any of them sends."""
    for country in sender.countries:
        limit = state.rule_in(country).volume_limit
        if not limit:
            continue
        sent = sender.sent.get(country, 0)
        passed = sent + movement.amount <= limit
        before, now, most = (state.tokens(units) for units in (sent, movement.amount, limit))
        text = f"sent {before} in the period and {now} now, of {most}"
        yield Finding("sender", sender.address, "volume", passed, Reason.VOLUME_EXCEEDED, text, country, "volume_limit")


def _receiving(movement: Movement, sender: Party | None, receiver: Party, state: State) -> Iterator[Finding]:
    rule, country = state.rule(receiver), receiver.country
    if rule.inbound_blocked:
        yield Finding(
            "receiver", receiver.address, "inbound", False, Reason.INBOUND_BLOCKED, "nothing is received there",
            country, "inbound_blocked",
        )  # fmt: skip
    if rule.resident_only and sender is not None:
        yield _residents("receiver", receiver, sender)
    if rule.min_holding:
        yield _minimum("receiver", receiver, movement.receiver_after, state)
    if not movement.amount or movement.to_itself:
        return
    maximums = {place: state.rule_in(place).max_holding for place in receiver.countries}
    maximums = {place: maximum for place, maximum in maximums.items() if maximum}
    if maximums:
        place = min(maximums, key=lambda known: maximums[known])
        total = movement.receiver_after + _elsewhere(movement, sender, receiver)
        text = f"would have {state.tokens(total)} in all its wallets, of {state.tokens(maximums[place])}"
        passed = total <= maximums[place]
        yield Finding(
            "receiver", receiver.address, "maximum", passed, Reason.ABOVE_MAXIMUM_HOLDING, text, place, "max_holding"
        )
    if receiver.counted_in != country:
        yield from _entering(movement, sender, receiver, state)


def _entering(movement: Movement, sender: Party | None, receiver: Party, state: State) -> Iterator[Finding]:
    """A holder that is new, or not counted where it is registered; one that leaves at once makes room."""
    rule, country = state.rule(receiver), receiver.country
    leaving = sender.counted_in if sender is not None and not movement.sender_after else 0
    if state.max_holders and not receiver.counted_in:
        would = state.holders + (0 if leaving else 1)
        text = f"would be {would} in all, of {state.max_holders}"
        passed = would <= state.max_holders
        yield Finding("receiver", receiver.address, "holders", passed, Reason.TOO_MANY_HOLDERS, text)
    if rule.max_holders:
        would = state.holders_in.get(country, 0) + (0 if leaving == country else 1)
        text = f"would be {would} there, of {rule.max_holders}"
        passed = would <= rule.max_holders
        yield Finding(
            "receiver", receiver.address, "holders", passed, Reason.TOO_MANY_HOLDERS_IN_COUNTRY, text, country,
            "max_holders",
        )  # fmt: skip


def _issuing(movement: Movement, sender: Party | None, receiver: Party, state: State) -> Iterator[Finding]:
    """Holds an issue, or a treasury's sale, against the limits of the receiver's country and of all countries."""
    everywhere = state.issue_rules.get(0, UNLIMITED)
    if sender is None and everywhere.supply_cap:
        would = state.supply + movement.amount
        passed = would <= everywhere.supply_cap
        text = f"would be {state.tokens(would)} in all, of {state.tokens(everywhere.supply_cap)}"
        yield Finding("receiver", receiver.address, "supply", passed, Reason.SUPPLY_CAP_EXCEEDED, text)
    if receiver.treasury or not (sender is None or sender.treasury):
        return
    for country in dict.fromkeys((0, receiver.identity.country)):
        limit = state.issue_rules.get(country, UNLIMITED).issuance_limit
        if not limit:
            continue
        issued = state.issued_in.get(country, 0)
        passed = issued + movement.amount <= limit or not movement.amount
        before, now, most = (state.tokens(units) for units in (issued, movement.amount, limit))
        text = f"issued {before} in the period and {now} now, of {most}"
        yield Finding("receiver", receiver.address, "issuance", passed, Reason.ISSUANCE_EXCEEDED, text, country)


def _dated(movement: Movement, sender: Party, receiver: Party, state: State) -> Iterator[Finding]:
    """Holds a transfer against the blackouts and the closed ways of now; wallets of one person are not two sides."""
    if movement.to_itself or (sender.person and sender.person == receiver.person):
        return
    for blackout in state.terms.blackouts:
        if blackout.stands_at(state.now) and not sender.identity.venue:
            passed = blackout.affiliates_only and not sender.affiliate
            text = f"blackout {blackout}{'; no affiliate' if passed else ''}"
            yield Finding("sender", sender.address, "blackout", passed, Reason.BLACKOUT_PERIOD, text)
    for limit in () if sender.identity.venue else state.terms.volume_limits:
        if limit.binds(sender.countries, sender.affiliate):
            sent = sender.sent_under.get(limit, 0)
            before, now, most = (state.tokens(units) for units in (sent, movement.amount, limit.limit))
            text = f"volume {limit}: sent {before} and {now} now, of {most}"
            passed = sent + movement.amount <= limit.limit
            yield Finding("sender", sender.address, "volume", passed, Reason.VOLUME_EXCEEDED, text)
    for rule in state.terms.pair_rules:
        if rule.stands_at(state.now):
            passed = not any(rule.closes(here, there) for here in sender.countries for there in receiver.countries)
            text = f"closed {rule}{'; not this way' if passed else ''}"
            yield Finding("receiver", receiver.address, "way", passed, Reason.COUNTRY_PAIR_CLOSED, text)


def _by_class(movement: Movement, sender: Party | None, receiver: Party, state: State) -> Iterator[Finding]:
    """Holds what a person receives from others against the class rules that bind what any of its wallets shows."""
    if not movement.amount or movement.to_itself or (sender and sender.person and sender.person == receiver.person):
        return
    total = movement.receiver_after + _elsewhere(movement, sender, receiver)
    shown = [
        (one.investor_class, one.accreditation_expiry, one.topics)
        for one in (receiver.identity, *receiver.other_identities)
    ]
    bound = [rule for rule in state.terms.class_rules if rule.binds_in(receiver.countries)]
    bound = [rule for rule in bound if any(rule.binds_shown(*one, state.now) for one in shown)]
    for rule in bound:
        missing = rule.documents & ~receiver.identity.documents
        if rule.closed:
            yield Finding("receiver", receiver.address, "class", False, Reason.CLASS_NOT_ALLOWED, f"rule {rule}")
        if missing:
            text = f"{', '.join(document_names(missing))} not on file, rule {rule}"
            yield Finding("receiver", receiver.address, "documents", False, Reason.DOCUMENT_MISSING, text)
    for rule in bound:
        if rule.max_holding:
            text = (
                f"would have {state.tokens(total)} in all its wallets, of {state.tokens(rule.max_holding)}, rule {rule}"
            )
            passed = total <= rule.max_holding
            yield Finding("receiver", receiver.address, "maximum", passed, Reason.ABOVE_MAXIMUM_HOLDING, text)


def _residents(role: Role, party: Party, other: Party) -> Finding:
    passed = party.country == other.country
    text = "both are residents" if passed else "the other side is no resident"
    country = party.country
    return Finding(role, party.address, "residence", passed, Reason.RESIDENTS_ONLY, text, country, "resident_only")


def _minimum(role: Role, party: Party, after: int, state: State) -> Finding:
    rule = state.rule(party)
    passed = not after or after >= rule.min_holding
    least = state.tokens(rule.min_holding)
    text = f"would have {state.tokens(after)}, at least {least}" if after else "would have nothing"
    country = party.country
    return Finding(role, party.address, "minimum", passed, Reason.BELOW_MINIMUM_HOLDING, text, country, "min_holding")


def _elsewhere(movement: Movement, sender: Party | None, receiver: Party) -> int:
    after = dict(receiver.other_wallets)
    if sender is not None and sender.address in after:
        after[sender.address] = movement.sender_after
    return sum(after.values())


def _topics(mask: int) -> str:
    """Claim topics of a mask by their index in the registry, as people read them."""
    numbers = [str(bit) for bit in range(mask.bit_length()) if mask >> bit & 1]
    return f"claim topic{'s' if len(numbers) > 1 else ''} number {', '.join(numbers)} of the registry"


def class_name(kind: int) -> str:
    """Returns the name of an investor class in lower case."""
    return InvestorClass(kind).name.lower()


def class_names(mask: int) -> list[str]:
    """Returns the name of every class in a mask."""
    return [class_name(kind) for kind in InvestorClass if mask >> kind & 1]
