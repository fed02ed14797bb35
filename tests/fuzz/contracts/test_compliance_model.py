"""The engine's verdict against a second reading of its specification, after any history of officers' acts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.protocol import ACCREDITED, EVERY_CLASS, GERMANY, INSTITUTIONAL, RETAIL, SWITZERLAND, YEAR

NOBODY = "0x0000000000000000000000000000000000000000"
NAMES = ("investor", "counterparty", "spender", "pool", "router")
COUNTRIES = (SWITZERLAND, GERMANY, 250, 999)
CLASSES = (RETAIL, ACCREDITED, INSTITUTIONAL)
LIFETIMES = (1_000, YEAR)
PAUSES = (500, 2_000)


class Reason(IntEnum):
    NONE = 0
    RULES_NOT_SET = 1
    ACCOUNT_FROZEN = 2
    NOT_REGISTERED = 3
    KYC_EXPIRED = 4
    COUNTRY_NOT_ALLOWED = 5
    CLASS_NOT_ALLOWED = 6
    VENUE_ONLY_OPPOSITE_ELIGIBLE = 7


@dataclass
class Investor:
    country: int
    investor_class: int
    expiry: int


@dataclass
class Model:
    """What the specification says, in the words of the specification."""

    countries: set[int]
    classes: set[int]
    investors: dict[str, Investor] = field(default_factory=dict)
    venues: set[str] = field(default_factory=set)
    frozen: set[str] = field(default_factory=set)

    def eligibility(self, name: str, now: int) -> Reason:
        if name in self.frozen:
            return Reason.ACCOUNT_FROZEN
        if name in self.venues:
            return Reason.VENUE_ONLY_OPPOSITE_ELIGIBLE
        if name not in self.investors:
            return Reason.NOT_REGISTERED
        investor = self.investors[name]
        if now >= investor.expiry:
            return Reason.KYC_EXPIRED
        if investor.country not in self.countries:
            return Reason.COUNTRY_NOT_ALLOWED
        if investor.investor_class not in self.classes:
            return Reason.CLASS_NOT_ALLOWED
        return Reason.NONE

    def refusals(self, operator: str, sender: str, receiver: str, now: int) -> list[tuple[str, Reason]]:
        """Every refusal of a movement; the first one is the verdict."""
        frozen = [(sender, Reason.ACCOUNT_FROZEN)] if sender in self.frozen else []
        if receiver == "nobody" and sender != "nobody":
            return frozen
        into_venue = receiver in self.venues and sender != "nobody" and sender not in self.venues
        if into_venue:
            frozen += [(receiver, Reason.ACCOUNT_FROZEN)] if receiver in self.frozen else []
            found = [*frozen, (sender, self.eligibility(sender, now))]
        else:
            found = [*frozen, (receiver, self.eligibility(receiver, now))]
        if sender not in ("nobody", operator):
            welcome = operator in self.venues and operator not in self.frozen
            found += [] if welcome else [(operator, self.eligibility(operator, now))]
        return [(name, reason) for name, reason in found if reason != Reason.NONE]


people = st.sampled_from(NAMES)
country_lists = st.lists(st.sampled_from(COUNTRIES), min_size=1, max_size=3)
class_masks = st.integers(1, EVERY_CLASS >> 1).map(lambda bits: bits << 1)
acts = st.one_of(
    st.tuples(
        st.just("register"), people, st.sampled_from(COUNTRIES), st.sampled_from(CLASSES), st.sampled_from(LIFETIMES)
    ),
    st.tuples(st.just("remove"), people),
    st.tuples(st.just("freeze"), people, st.booleans()),
    st.tuples(st.just("venue"), people, st.booleans()),
    st.tuples(st.sampled_from(("allowCountries", "blockCountries")), country_lists),
    st.tuples(st.sampled_from(("allowClasses", "blockClasses")), class_masks),
    st.tuples(st.just("wait"), st.sampled_from(PAUSES)),
)
parties = st.sampled_from((*NAMES, "nobody"))
movements = st.tuples(people, parties, parties)


def members(mask: int) -> set[int]:
    return {investor_class for investor_class in CLASSES if mask >> investor_class & 1}


def apply(act, model, chain, identity_registry, compliance_engine, token, actors, officer) -> None:
    """Does the same to both, if the registry's own rules let it."""
    kind, *rest = act
    match kind:
        case "register" if rest[0] not in model.venues:
            name, country, investor_class, lifetime = rest
            expiry = chain.pending_timestamp + lifetime
            identity_registry.registerIdentity(actors[name], country, investor_class, expiry, sender=officer)
            model.investors[name] = Investor(country, investor_class, expiry)
        case "remove" if rest[0] in model.investors:
            identity_registry.removeIdentity(actors[rest[0]], sender=officer)
            del model.investors[rest[0]]
        case "freeze":
            name, frozen = rest
            identity_registry.setFrozen(actors[name], frozen, sender=officer)
            (model.frozen.add if frozen else model.frozen.discard)(name)
        case "venue" if rest[0] not in model.investors:
            name, venue = rest
            identity_registry.setVenueAccount(actors[name], venue, sender=officer)
            (model.venues.add if venue else model.venues.discard)(name)
        case "allowCountries":
            compliance_engine.allowCountries(token, rest[0], sender=officer)
            model.countries |= set(rest[0])
        case "blockCountries":
            compliance_engine.blockCountries(token, rest[0], sender=officer)
            model.countries -= set(rest[0])
        case "allowClasses":
            compliance_engine.allowClasses(token, rest[0], sender=officer)
            model.classes |= members(rest[0])
        case "blockClasses":
            compliance_engine.blockClasses(token, rest[0], sender=officer)
            model.classes -= members(rest[0])
        case "wait":
            chain.mine(timestamp=chain.pending_timestamp + rest[0])


# An example sends a dozen transactions: fewer of them than of pure ones.
@settings(max_examples=settings.default.max_examples // 2)
@given(
    history=st.lists(acts, max_size=12),
    asked=st.lists(movements, min_size=1, max_size=20),
    countries=st.sets(st.sampled_from(COUNTRIES)),
    classes=class_masks,
)
def test_verdict__after_any_history__is_the_models(
    chain,
    actors,
    identity_registry,
    compliance_engine,
    create_token,
    compliance_officer,
    history,
    asked,
    countries,
    classes,
):
    address = {name: actors[name].address for name in NAMES} | {"nobody": NOBODY}
    with chain.isolate():
        token = create_token(countries=sorted(countries), classes=classes)
        model = Model(set(countries), members(classes))
        for act in history:
            apply(act, model, chain, identity_registry, compliance_engine, token, actors, compliance_officer)
        chain.mine()
        now = chain.blocks.head.timestamp
        for name in NAMES:
            assert compliance_engine.eligibility(token, address[name]) == model.eligibility(name, now)
        for operator, sender, receiver in asked:
            refusals = model.refusals(operator, sender, receiver, now)
            name, reason = refusals[0] if refusals else ("nobody", Reason.NONE)
            answer = compliance_engine.checkTransfer(token, *(address[who] for who in (operator, sender, receiver)), 1)
            assert (str(answer[0]), answer[1]) == (address[name], reason)
