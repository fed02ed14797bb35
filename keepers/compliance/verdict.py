"""The engine's verdict on a movement, finding by finding. Pure: what is on chain comes in, nothing is asked for.

It follows AutomatedComplianceEngine._verdict for `checkTransfer`: a mint, a burn or a transfer, forced by nobody. The
first finding that does not pass is the engine's reason; the others are judged all the same, so that a person sees
everything that stands in the way.
"""

from __future__ import annotations

from collections.abc import Iterator

from keepers.compliance.moments import moment
from keepers.compliance.movement import Finding, Movement, Party, Role, State
from keepers.compliance.rules import UNLIMITED, InvestorClass, Reason, Rule, document_names
from keepers.compliance.transfer_terms import ClassRule


def verdict(findings: list[Finding]) -> tuple[str | None, Reason]:
    """The account that is refused and why; (None, NONE) if nothing is."""
    failed = next((finding for finding in findings if not finding.passed), None)
    return (None, Reason.NONE) if failed is None else (failed.account, failed.reason)


def judge(movement: Movement, state: State) -> list[Finding]:
    """Every check of the engine, in its order."""
    return list(_judged(movement, state))


def judge_holding(party: Party, state: State) -> list[Finding]:
    """Every check of a holder, whatever it receives: the engine's of a receiver, and what class rules ask of it.

    A class rule judges what is received: of a receipt of nothing it says nothing.
    """
    found = judge(Movement(None, party, 0), state)
    if party.identity.venue:
        return found
    bound = class_rules_on(party, state)
    held = party.balance + sum(party.other_wallets.values())
    return [*found, *_class_duties(party, bound), *_class_maximums(party, bound, held, state)]


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
    bound = class_rules_on(receiver, state)
    yield from _class_duties(receiver, bound)
    for rule in bound:
        if rule.max_holders and rule not in receiver.counted_under:
            yield _entering_class(rule, movement, sender, receiver, state)
    total = movement.receiver_after + _elsewhere(movement, sender, receiver)
    yield from _class_maximums(receiver, bound, total, state)


def class_rules_on(party: Party, state: State) -> list[ClassRule]:
    """Class rules that bind the person behind an account, through what any of its wallets shows."""
    shown = [
        (one.investor_class, one.accreditation_expiry, one.topics) for one in (party.identity, *party.other_identities)
    ]
    bound = (rule for rule in state.terms.class_rules if rule.binds_in(party.countries))
    return [rule for rule in bound if any(rule.binds_shown(*one, state.now) for one in shown)]


def _class_duties(party: Party, bound: list[ClassRule]) -> Iterator[Finding]:
    for rule in bound:
        missing = rule.documents & ~party.identity.documents
        if rule.closed:
            yield Finding("receiver", party.address, "class", False, Reason.CLASS_NOT_ALLOWED, f"rule {rule}")
        if missing:
            text = f"{', '.join(document_names(missing))} not on file, rule {rule}"
            yield Finding("receiver", party.address, "documents", False, Reason.DOCUMENT_MISSING, text)


def _class_maximums(party: Party, bound: list[ClassRule], total: int, state: State) -> Iterator[Finding]:
    for rule in bound:
        if rule.max_holding:
            most = state.tokens(rule.max_holding)
            text = f"would have {state.tokens(total)} in all its wallets, of {most}, rule {rule}"
            passed = total <= rule.max_holding
            yield Finding("receiver", party.address, "maximum", passed, Reason.ABOVE_MAXIMUM_HOLDING, text)


def _entering_class(
    rule: ClassRule, movement: Movement, sender: Party | None, receiver: Party, state: State
) -> Finding:
    """A person who is not counted yet under whom the rule binds; one who leaves at once makes room."""
    leaves = sender is not None and not movement.sender_after and rule in sender.leaves_under
    would = state.class_holders.get(rule, 0) + (0 if leaves else 1)
    passed = state.census == state.holders and would <= rule.max_holders
    text = f"would be {would} of {rule.max_holders}, rule {rule}"
    if state.census != state.holders:
        text = f"{state.census} of {state.holders} wallets of holders are counted, rule {rule}; recount the others"
    return Finding("receiver", receiver.address, "holders", passed, Reason.TOO_MANY_HOLDERS, text)


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
