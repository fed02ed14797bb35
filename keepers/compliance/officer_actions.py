"""Actions of a compliance officer: the calls that each sends, and the wallets that it makes ineligible. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from keepers.compliance.claims import Verdict
from keepers.compliance.countries import UNSTATED, letters_of
from keepers.compliance.errors import ComplianceError
from keepers.compliance.moments import moment
from keepers.compliance.movement import Finding, Identity, Movement, Party, State
from keepers.compliance.rules import InvestorClass, Reason, document_names, whole
from keepers.compliance.verdict import class_name, judge, judge_holding

Contract = Literal[
    "AccessManager",
    "AutomatedComplianceEngine",
    "ComplianceAwareToken",
    "IdentityRegistry",
    "SanctionsList",
    "TransferTerms",
]

EVERY_TOPIC = 0xFFFF
"""Claim topics of a holder that an officer registers without claims."""

_OF_AN_AMOUNT = frozenset(
    {
        Reason.INBOUND_BLOCKED,
        Reason.BELOW_MINIMUM_HOLDING,
        Reason.ABOVE_MAXIMUM_HOLDING,
        Reason.TOO_MANY_HOLDERS,
        Reason.TOO_MANY_HOLDERS_IN_COUNTRY,
        Reason.SUPPLY_CAP_EXCEEDED,
        Reason.ISSUANCE_EXCEEDED,
    }
)
"""Reasons that speak of a movement and not of the holder: an eligible holder can meet them."""


class OfficerError(ComplianceError):
    """An action that cannot be done as it was asked for."""


@dataclass(frozen=True)
class Token:
    """A regulated token, or a portfolio with restricted shares.

    Attributes:
        address: Checksummed.
        symbol: Symbol of the token.
        decimals: Decimals of the token.
        registry: Registry of its holders.
        engine: Engine that decides about it.
    """

    address: str
    symbol: str
    decimals: int
    registry: str
    engine: str

    def amount(self, units: int) -> str:
        """Smallest units in whole tokens, with the symbol."""
        return f"{whole(units, self.decimals)} {self.symbol}"


@dataclass(frozen=True)
class Step:
    """One call of an action.

    Attributes:
        contract: Contract that is called, by its name.
        to: Address of the contract.
        signature: Function with its types, such as "setFrozen(address,bool)".
        args: Arguments of the call.
        title: Name of the step for people.
    """

    contract: Contract
    to: str
    signature: str
    args: tuple[Any, ...]
    title: str

    @property
    def function(self) -> str:
        """Name of the function."""
        return self.signature.partition("(")[0]


@dataclass(frozen=True)
class Touched:
    """Wallets whose record an action changes.

    Attributes:
        registry: Registry that keeps the record.
        wallets: Addresses of the wallets.
        change: Maps a wallet's present state to the state after the action.
        token: The one token that is concerned; None for every token of the registry.
        country: Country that the wallets get; 0 if they stay where they are.
    """

    registry: str
    wallets: tuple[str, ...]
    change: Callable[[Party], Party]
    token: str | None = None
    country: int = 0


@dataclass(frozen=True)
class Action:
    """An action that an officer wants.

    Attributes:
        name: Name of the command.
        title: The action in words.
        steps: Calls in their order; none if the chain is as wanted already.
        touched: Wallets that it changes.
        notes: Notes for the officer before it is sent.
        adds_up: True if doing it twice does more than doing it once.
        lost: Holders whom it makes ineligible by other rules, and not by another record.
    """

    name: str
    title: str
    steps: tuple[Step, ...] = ()
    touched: tuple[Touched, ...] = ()
    notes: tuple[str, ...] = ()
    adds_up: bool = False
    lost: tuple[Effect, ...] = ()


@dataclass(frozen=True)
class Holding:
    """One wallet's holding of one token, with all that the rules look at."""

    token: Token
    party: Party
    state: State


@dataclass(frozen=True)
class Effect:
    """A wallet that an action makes eligible or ineligible for one token.

    Attributes:
        holding: Holding before the action.
        becomes: "ineligible" or "eligible".
        finding: Check that fails after the action, or before it where the wallet becomes eligible.
    """

    holding: Holding
    becomes: Literal["ineligible", "eligible"]
    finding: Finding


def standing(party: Party, state: State) -> Finding | None:
    """Returns the first check that keeps a wallet from holding the token, or a venue account from receiving it."""
    if party.wallet_frozen:
        text = "frozen for this token"
        return Finding("receiver", party.address, "wallet", False, Reason.WALLET_FROZEN, text)
    somebody = Party("0x" + "00" * 20)
    judged = judge(Movement(somebody, party, 0), state) if party.identity.venue else judge_holding(party, state)
    failing = (
        finding
        for finding in judged
        if not finding.passed and finding.role in ("receiver", "token") and finding.reason not in _OF_AN_AMOUNT
    )
    return next(failing, None)


def effects(touched: Sequence[Touched], holdings: Iterable[Holding]) -> list[Effect]:
    """Returns the wallets whose eligibility changes, the ineligible ones first."""
    lost, gained = [], []
    for holding in holdings:
        after_action = holding.party
        for one in touched:
            concerned = one.registry == holding.token.registry and one.token in (None, holding.token.address)
            if concerned and holding.party.address in one.wallets:
                after_action = one.change(after_action)
        before, after = standing(holding.party, holding.state), standing(after_action, holding.state)
        if before is None and after is not None:
            lost.append(Effect(holding, "ineligible", after))
        elif before is not None and after is None:
            gained.append(Effect(holding, "eligible", before))
    return [*lost, *gained]


def _identity(change: Callable[[Identity], Identity]) -> Callable[[Party], Party]:
    return lambda party: replace(party, identity=change(party.identity))


# -- Freezes


def freeze_wallet(token: Token, party: Party, others: Sequence[str], *, frozen: bool) -> Action:
    """Freezes or unfreezes a wallet for one token."""
    what = "freeze" if frozen else "unfreeze"
    title = f"{what} {party.address} for {token.symbol}"
    notes = []
    if frozen and others:
        notes.append(f"other wallets of the person are not frozen: {', '.join(others)}; --person freezes all of them")
    if not frozen and party.frozen:
        notes.append(f"{token.amount(party.frozen)} of it stay frozen; unfreeze them by --amount")
    if not frozen and party.identity.frozen:
        notes.append("the person is frozen for every token and stays so; unfreeze it by --person")
    if party.wallet_frozen == frozen:
        return Action(what, title, notes=(f"it is {'' if frozen else 'not '}frozen for this token", *notes))
    step = Step("ComplianceAwareToken", token.address, "setAddressFrozen(address,bool)", (party.address, frozen), title)
    change = Touched(token.registry, (party.address,), lambda old: replace(old, wallet_frozen=frozen), token.address)
    return Action(what, title, (step,), (change,), tuple(notes))


def freeze_amount(token: Token, party: Party, units: int, *, frozen: bool) -> Action:
    """Freezes a further part of a wallet's balance, or unfreezes a part.

    Raises:
        OfficerError: If there is less to freeze or to unfreeze.
    """
    what = "freeze" if frozen else "unfreeze"
    there = max(0, party.balance - party.frozen) if frozen else party.frozen
    if not units:
        raise OfficerError("amount 0", "is nothing", "give whole tokens, such as 25.5")
    if units > there:
        kind = "not frozen" if frozen else "frozen"
        reason = f"of {party.address} only {token.amount(there)} are {kind}"
        raise OfficerError(f"amount {whole(units, token.decimals)}", reason, f"{what} at most that")
    after = party.frozen + (units if frozen else -units)
    title = f"{what} {token.amount(units)} of {party.address}"
    held, now = token.amount(party.balance), token.amount(party.frozen)
    note = f"it holds {held}; frozen are {now} now, then {whole(after, token.decimals)}"
    function = "freezePartialTokens" if frozen else "unfreezePartialTokens"
    step = Step("ComplianceAwareToken", token.address, f"{function}(address,uint256)", (party.address, units), title)
    return Action(what, title, (step,), notes=(note,), adds_up=True)


def freeze_person(registry: str, account: str, identity: Identity, wallets: Sequence[str], *, frozen: bool) -> Action:
    """Freezes or unfreezes every wallet of a person, for every token of a registry."""
    what = "freeze" if frozen else "unfreeze"
    title = f"{what} the person behind {account} for every token of registry {registry}"
    if identity.frozen == frozen:
        return Action(what, title, notes=(f"the person is {'' if frozen else 'not '}frozen",))
    step = Step("IdentityRegistry", registry, "setFrozen(address,bool)", (account, frozen), title)
    change = _identity(lambda old: replace(old, frozen=frozen))
    return Action(what, title, (step,), (Touched(registry, tuple(wallets), change),))


# -- Identities


def register_by_word(
    registry: str, account: str, identity: Identity, country: int, kind: InvestorClass, until: int
) -> Action:
    """Registers a holder, or changes its record, on the officer's word."""
    stored = country or UNSTATED
    title = f"register {account} in {letters_of(stored)} ({stored:03d}) as {class_name(kind)} until {moment(until)}"
    wanted = replace(
        identity, country=stored, investor_class=int(kind), kyc_expiry=until, aml_expiry=until,
        accreditation_expiry=until, topics=EVERY_TOPIC,
    )  # fmt: skip
    if wanted == identity:
        return Action("register", title, notes=("it is registered so",))
    args = (account, country, int(kind), until)
    step = Step("IdentityRegistry", registry, "registerIdentity(address,uint16,uint8,uint40)", args, title)
    notes = (f"the present record is replaced: {described(identity)}",) if identity.country else ()
    return Action("register", title, (step,), (Touched(registry, (account,), _always(wanted), country=stored),), notes)


def register_by_claims(
    registry: str,
    account: str,
    identity: Identity,
    onchain_id: str,
    country: int,
    found: Verdict,
    person: Sequence[tuple[str, Identity]],
) -> Action:
    """Registers a wallet of an ONCHAINID, whose claims decide.

    Args:
        registry: Address of the registry.
        account: Wallet that is registered.
        identity: Its present record.
        onchain_id: Address of the ONCHAINID.
        country: ISO 3166-1 number, 0 for an unstated country.
        found: Country, class and expiry that the claims give now.
        person: Wallets of the ONCHAINID that are registered, with their records.
    """
    stored = country or UNSTATED
    title = f"register {account} in {letters_of(stored)} ({stored:03d}) with ONCHAINID {onchain_id}"
    frozen = identity.frozen or any(other.frozen for _, other in person)
    sanctioned = identity.sanctioned or any(other.sanctioned for _, other in person)
    wanted = _with_claims(replace(identity, country=stored, frozen=frozen, sanctioned=sanctioned), found)
    step = Step(
        "IdentityRegistry", registry, "registerIdentity(address,address,uint16)", (account, onchain_id, country), title
    )
    touched = [Touched(registry, (account,), _always(wanted), country=stored)]
    if person:
        spread = _identity(lambda old: replace(old, frozen=frozen, sanctioned=sanctioned))
        touched.append(Touched(registry, tuple(wallet for wallet, _ in person), spread))
    return Action("register", title, (step,), tuple(touched), (f"its claims say: {described(wanted)}",))


def update_country(registry: str, account: str, identity: Identity, country: int) -> Action:
    """Changes the country of a wallet that is registered."""
    stored = country or UNSTATED
    title = f"move {account} from {letters_of(identity.country)} to {letters_of(stored)} ({stored:03d})"
    if identity.country == stored:
        return Action("register", title, notes=("it is registered there with this ONCHAINID",))
    step = Step("IdentityRegistry", registry, "updateCountry(address,uint16)", (account, country), title)
    change = _identity(lambda old: replace(old, country=stored))
    return Action("register", title, (step,), (Touched(registry, (account,), change, country=stored),))


def refresh(registry: str, wallets: Sequence[tuple[str, Identity, Verdict]]) -> Action:
    """Verifies the claims of wallets anew."""
    steps, touched, notes = [], [], []
    for account, identity, found in wallets:
        after = _with_claims(identity, found)
        if after == identity:
            notes.append(f"{account}: its claims say what stands")
            continue
        notes.append(f"{account}: {described(identity)}; becomes {described(after)}")
        title = f"verify the claims of {account}"
        steps.append(Step("IdentityRegistry", registry, "refresh(address)", (account,), title))
        touched.append(Touched(registry, (account,), _always(after)))
    title = f"verify the claims of {', '.join(account for account, _, _ in wallets)}"
    return Action("refresh", title, tuple(steps), tuple(touched), tuple(notes))


def _always(identity: Identity) -> Callable[[Party], Party]:
    return _identity(lambda _: identity)


def set_documents(registry: str, account: str, identity: Identity, documents: int) -> Action:
    """Sets which documents of a holder are on file."""
    title = f"documents of {account} on file: {', '.join(document_names(documents)) or 'none'}"
    if not identity.country:
        raise OfficerError(f"account {account}", "is not registered", "register it first")
    if identity.documents == documents:
        return Action("documents", title, notes=("they are on file so",))
    note = f"on file now: {', '.join(document_names(identity.documents)) or 'none'}"
    step = Step("IdentityRegistry", registry, "setDocuments(address,uint16)", (account, documents), title)
    change = _identity(lambda old: replace(old, documents=documents))
    return Action("documents", title, (step,), (Touched(registry, (account,), change),), (note,))


def _with_claims(identity: Identity, found: Verdict) -> Identity:
    return replace(
        identity, investor_class=found.investor_class, kyc_expiry=found.kyc_expiry, aml_expiry=found.aml_expiry,
        accreditation_expiry=found.accreditation_expiry, topics=found.topics,
    )  # fmt: skip


def described(identity: Identity) -> str:
    """Returns a record in words: country, class, and until when it counts."""
    if identity.venue:
        return "venue account"
    if not identity.country:
        return "not registered"
    where = f"{letters_of(identity.country)} ({identity.country:03d}), {class_name(identity.investor_class)}"
    if not identity.investor_class:
        return f"{where}: a required claim is not valid"
    lines = f"{where}, KYC until {moment(identity.kyc_expiry)}, AML until {moment(identity.aml_expiry)}"
    if identity.investor_class <= InvestorClass.RETAIL:
        return lines
    return f"{lines}, accreditation until {moment(identity.accreditation_expiry)}"


# -- Sanctions


@dataclass(frozen=True)
class Listed:
    """A sanctions list before a batch.

    Attributes:
        address: Address of the list.
        version: Number of batches so far.
        standing: Whether each account is listed now.
        persons: (registry, account) -> every wallet of the person, the account itself included, with its record.
        elsewhere: account -> wallets of its ONCHAINID in other registries, which are not stopped with it.
    """

    address: str
    version: int
    standing: dict[str, bool]
    persons: dict[tuple[str, str], tuple[tuple[str, Identity], ...]]
    elsewhere: dict[str, tuple[str, ...]]


def change_sanctions(sanctions: Listed, accounts: Sequence[str], source: bytes, *, listed: bool) -> Action:
    """Puts accounts on the sanctions list or takes them off."""
    what = "sanction" if listed else "lift"
    open_ = [account for account in accounts if sanctions.standing[account] != listed]
    notes = [f"{account} is {'' if listed else 'not '}on the list" for account in accounts if account not in open_]
    title = f"{what} {', '.join(open_ or accounts)}"
    if not open_:
        return Action(what, title, notes=tuple(notes))
    if listed:
        notes += [
            f"{', '.join(others)} of the ONCHAINID of {account} stand in another registry and go on; name them too"
            for account in open_
            if (others := [other for other in sanctions.elsewhere.get(account, ()) if other not in accounts])
        ]
    step = Step(
        "SanctionsList", sanctions.address, f"{what}(uint64,address[],bytes32)",
        (sanctions.version, tuple(open_), source), title,
    )  # fmt: skip
    touched = []
    for (registry, account), wallets in sanctions.persons.items():
        if account not in open_:
            continue
        # Another listed wallet of the person, that is not lifted with this one, keeps all of them stopped.
        stays = any(record.listed and wallet not in open_ for wallet, record in wallets)
        for wallet, _ in wallets:
            own = listed if wallet in open_ else None
            touched.append(Touched(registry, (wallet,), _sanctioned(listed or stays, own)))
    return Action(what, title, (step,), tuple(touched), tuple(notes))


def _sanctioned(sanctioned: bool, listed: bool | None) -> Callable[[Party], Party]:
    def changed(old: Identity) -> Identity:
        return replace(old, sanctioned=sanctioned, listed=old.listed if listed is None else listed)

    return _identity(changed)


# -- Movements


def issue(token: Token, target: Party, units: int) -> Action:
    """Mints tokens to a holder.

    Raises:
        OfficerError: If it is nothing.
    """
    if not units:
        raise OfficerError("amount 0", "issues nothing", "give whole tokens, such as 25.5")
    title = f"issue {token.amount(units)} to {target.address}"
    step = Step("ComplianceAwareToken", token.address, "mint(address,uint256)", (target.address, units), title)
    return Action("issue", title, (step,), notes=(_before_and_after(token, target, units),), adds_up=True)


def force(token: Token, source: Party, target: Party, units: int) -> Action:
    """Moves tokens without their holder.

    Raises:
        OfficerError: If the holder has less, or nothing would move.
    """
    amount = f"amount {whole(units, token.decimals)}"
    if not units or source.address == target.address:
        raise OfficerError(amount, "moves nothing", "give an amount and two accounts")
    if units > source.balance:
        raise OfficerError(amount, f"{source.address} holds {token.amount(source.balance)}", "force at most that")
    title = f"force {token.amount(units)} from {source.address} to {target.address}"
    args = (source.address, target.address, units)
    step = Step("ComplianceAwareToken", token.address, "forcedTransfer(address,address,uint256)", args, title)
    notes = [_before_and_after(token, source, -units), _before_and_after(token, target, units)]
    if source.frozen > source.balance - units:
        notes.append(f"frozen tokens are moved too; {token.amount(source.balance - units)} stay frozen")
    return Action("force", title, (step,), notes=tuple(notes), adds_up=True)


def transfer(token: Token, source: Party, target: Party, units: int) -> Action:
    """Sends tokens of the sender's own wallet.

    Raises:
        OfficerError: If the wallet has less.
    """
    if units > source.balance:
        amount = f"amount {whole(units, token.decimals)}"
        raise OfficerError(amount, f"{source.address} holds {token.amount(source.balance)}", "send at most that")
    title = f"send {token.amount(units)} from {source.address} to {target.address}"
    step = Step("ComplianceAwareToken", token.address, "transfer(address,uint256)", (target.address, units), title)
    notes = (_before_and_after(token, source, -units), _before_and_after(token, target, units))
    return Action("transfer", title, (step,), notes=notes, adds_up=True)


def _before_and_after(token: Token, party: Party, change: int) -> str:
    before, after = (whole(units, token.decimals) for units in (party.balance, party.balance + change))
    return f"{party.address} {described(party.identity)}: holds {before}, then {after} {token.symbol}"


def recover(
    token: Token, lost: Party, new: Party, onchain_id: str, registering: Action | None, *, sole: bool, known: bool
) -> Action:
    """Moves everything of a lost wallet to another wallet of the same person.

    Args:
        token: Token that is recovered.
        lost: Wallet that was lost.
        new: Wallet that takes its place.
        onchain_id: ONCHAINID of the lost wallet.
        registering: Registers the new wallet first, None where that is not needed.
        sole: True if the registry serves this token alone: then the new wallet takes the lost one's place there.
        known: True if the new wallet is registered with the ONCHAINID already.
    """
    title = f"recover {token.amount(lost.balance)} of {lost.address} to {new.address}"
    if not lost.balance:
        return Action("recover", title, notes=(f"{lost.address} holds no {token.symbol}",))
    args = (lost.address, new.address, onchain_id)
    step = Step("ComplianceAwareToken", token.address, "recoveryAddress(address,address,address)", args, title)
    touched = list(registering.touched) if registering else []
    if sole:
        gone = _identity(lambda old: Identity(frozen=old.frozen, sanctioned=old.sanctioned, listed=old.listed))
        touched.append(Touched(token.registry, (lost.address,), gone))
    if sole and not known:
        put = _identity(lambda old: replace(lost.identity, listed=old.listed))
        touched.append(Touched(token.registry, (new.address,), put, country=lost.country))
    if lost.wallet_frozen:
        travels = Touched(token.registry, (new.address,), lambda old: replace(old, wallet_frozen=True), token.address)
        touched.append(travels)
    stays = f"{lost.address} stays registered, because the registry serves other tokens that it may hold"
    notes = (*(registering.notes if registering else ()), *(() if sole else (stays,)))
    steps = (*(registering.steps if registering else ()), step)
    return Action("recover", title, steps, tuple(touched), notes)


# -- Affiliates


def mark_affiliates(token: Token, parties: Sequence[Party], *, affiliate: bool) -> Action:
    """Marks the persons behind wallets as affiliates of the issuer, or ends that."""
    what = "mark" if affiliate else "unmark"
    chosen = [party.address for party in parties if party.affiliate != affiliate]
    title = f"{what} {', '.join(party.address for party in parties)} as affiliates for {token.symbol}"
    kept = [party.address for party in parties if party.affiliate == affiliate]
    state = "marked already" if affiliate else "not marked"
    notes = [f"{address} is {state}" for address in kept]
    if not chosen:
        return Action("affiliates", title, notes=tuple(notes))
    notes.append("an affiliate sends nothing in a blackout; every wallet of its ONCHAINID is bound")
    signature = f"{'add' if affiliate else 'remove'}Affiliates(address,address[])"
    step = Step("TransferTerms", token.engine, signature, (token.address, chosen), title)
    return Action("affiliates", title, (step,), notes=tuple(notes))


# -- Venues


def admit_venue(token: Token, venue: Party, *, shared_ledger: bool) -> Action:
    """Lets a pool or router hold and move tokens opposite eligible accounts.

    Raises:
        OfficerError: If the account is an investor.
    """
    account, identity = venue.address, venue.identity
    if identity.country:
        raise OfficerError(f"venue {account}", "is registered as an investor", "give the pool's or router's address")
    title = f"admit {account} as a venue{f' for {token.symbol}' if shared_ledger else ''}"
    steps: list[Step] = []
    wanted = replace(identity, venue=True, shared_ledger=shared_ledger)
    if shared_ledger and wanted != identity:
        name = f"mark {account} as a venue with a ledger that anyone can hold"
        steps.append(Step("IdentityRegistry", token.registry, "setSharedLedger(address)", (account,), name))
    elif wanted != identity:
        steps.append(Step("IdentityRegistry", token.registry, "setVenueAccount(address,bool)", (account, True), title))
    if shared_ledger and not venue.admitted:
        args = (token.address, account)
        name = f"let {token.symbol} into {account}"
        steps.append(Step("AutomatedComplianceEngine", token.engine, "admitSharedLedger(address,address)", args, name))
    if not steps:
        return Action("venue admit", title, notes=("it is admitted",))
    touched = [Touched(token.registry, (account,), _always(wanted))] if wanted != identity else []
    if shared_ledger:
        change = partial(replace, identity=wanted, admitted=True)
        touched.append(Touched(token.registry, (account,), change, token.address))
    return Action("venue admit", title, tuple(steps), tuple(touched))


def drop_venue(token: Token, venue: Party, *, everywhere: bool) -> Action:
    """Ends that a venue receives tokens; what it holds can leave to eligible accounts only while it is a venue."""
    account, identity = venue.address, venue.identity
    if not identity.venue:
        return Action("venue drop", f"drop venue {account}", notes=("it is no venue account",))
    if identity.shared_ledger and not everywhere:
        title = f"drop venue {account} for {token.symbol}"
        if not venue.admitted:
            return Action("venue drop", title, notes=("the token does not admit it",))
        args = (token.address, account)
        step = Step("AutomatedComplianceEngine", token.engine, "dropSharedLedger(address,address)", args, title)
        change = Touched(token.registry, (account,), lambda old: replace(old, admitted=False), token.address)
        return Action("venue drop", title, (step,), (change,))
    title = f"drop venue {account} for every token of registry {token.registry}"
    step = Step("IdentityRegistry", token.registry, "setVenueAccount(address,bool)", (account, False), title)
    change = Touched(token.registry, (account,), _identity(lambda old: replace(old, venue=False, shared_ledger=False)))
    note = "as no venue account it can send what it holds to eligible accounts, and receives nothing"
    return Action("venue drop", title, (step,), (change,), (note,))
