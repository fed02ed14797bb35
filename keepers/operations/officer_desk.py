"""Officers' actions, worked out from the chain's state: one function per command, each returns a Wish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Final

from eth_utils.crypto import keccak

from keepers import abi
from keepers.compliance import class_counts
from keepers.compliance import officer_actions as actions
from keepers.compliance.arguments import account, units
from keepers.compliance.claims import Verdict
from keepers.compliance.countries import UNSTATED
from keepers.compliance.moments import moment
from keepers.compliance.movement import Identity, Party
from keepers.compliance.officer_actions import Action, Effect, Holding, OfficerError, Step, Token
from keepers.compliance.plan import AnyStep
from keepers.compliance.rules import InvestorClass
from keepers.contracts.access import CANCEL, Access, Scheduled
from keepers.contracts.compliance import ComplianceReader
from keepers.contracts.deployment import Deployment
from keepers.contracts.holdings import Records, holdings, read_token, regulated_tokens
from keepers.contracts.identities import IdentityReader
from keepers.operations.rules import assignments, dated_terms, plan
from keepers.operations.scheduled import in_words
from keepers.rpc.node import Block, Call, Node, must

ENGINE: Final = "AutomatedComplianceEngine"
FACTORY: Final = "TokenFactory"
REGISTRY, SANCTIONS = "IdentityRegistry", "SanctionsList"


@dataclass
class Desk:
    """Where an officer's actions are prepared; nothing is sent from here.

    Attributes:
        node: A connection.
        deployment: The protocol on this chain.
        page: Maximum number of blocks in one request for events.
        block: Block at which everything is read.
    """

    node: Node
    deployment: Deployment
    page: int
    block: Block

    @cached_property
    def engine(self) -> str:
        """Address of the engine."""
        return self.deployment.address(ENGINE)

    @cached_property
    def access(self) -> Access:
        """Reader of roles and of what is scheduled."""
        return Access(self.node, self.deployment.address("AccessManager"))

    @cached_property
    def tokens(self) -> dict[str, str]:
        """Every regulated token of the engine, with its registry."""
        first = self.deployment.contracts[ENGINE].block
        found = regulated_tokens(self.node, self.engine, first, self.page)
        of = abi.function(ENGINE, "registryOf")
        answers = self.node.calls([Call(self.engine, of, (token,)) for token in found])
        return {token: account(must(answer), "registry") for token, answer in zip(found, answers, strict=True)}

    def token(self, text: str) -> tuple[Token, ComplianceReader]:
        """A regulated token by symbol or address, and its reader.

        Raises:
            KeeperError: If there is none, or it is no regulated token of this protocol.
        """
        if text.startswith("0x"):
            return read_token(self.node, account(text, "token"), self.engine)
        known = {**{name: one.address for name, one in self.deployment.portfolios.items()}, **self.deployment.tokens}
        if text not in known:
            choices = ", ".join(known) or "none"
            raise OfficerError(f"token {text}", f"not in {self.deployment.path.name}", f"choose from: {choices}")
        return read_token(self.node, known[text], self.engine)

    def records(self, registry: str) -> Records:
        """Records of a registry."""
        return Records(self.node, registry, self.block)

    def require_contract(self, address: str, what: str, remedy: str) -> None:
        """Refuses an address without code.

        Raises:
            OfficerError: If so.
        """
        if not self.node.code(address):
            raise OfficerError(f"{what} {address}", "is no contract", remedy)

    def verdict(self, registry: str, onchain_id: str) -> Verdict:
        """Returns the verdict that a registry would reach about the claims of an ONCHAINID now."""
        reader = IdentityReader(self.node, registry)
        topics = reader.topics(self.block)
        return reader.verdicts([onchain_id.lower()], topics, self.block)[onchain_id.lower()]

    def effects(self, action: Action) -> list[Effect]:
        """Returns the wallets that an action makes ineligible or eligible, over all tokens of the engine."""
        wanted: dict[str, set[str]] = {}
        for touched in action.touched:
            for token, registry in self.tokens.items():
                if registry == touched.registry and touched.token in (None, token):
                    wanted.setdefault(token, set()).update(touched.wallets)
        countries = [touched.country for touched in action.touched if touched.country]
        found = [
            holding
            for token, wallets in wanted.items()
            for holding in holdings(self.node, self.engine, token, sorted(wallets), countries)
        ]
        return [*action.lost, *actions.effects(action.touched, found)]


Wish = Callable[[Desk], Action]
"""An action that is worked out from the chain's state at the time."""


def freeze(text: str, holder: str, amount: str | None, *, person: bool, frozen: bool) -> Wish:
    """Freezing or unfreezing a wallet, a part of its balance, or a person."""

    def action(desk: Desk) -> Action:
        """Reads the person's wallets: each that is frozen with the holder's is named."""
        token, reader = desk.token(text)
        records = desk.records(token.registry)
        wallets = records.person(holder)
        if person:
            return actions.freeze_person(
                token.registry, holder, wallets[0][1], [wallet for wallet, _ in wallets], frozen=frozen
            )
        (party,), _ = reader.parties([holder])
        if amount is not None:
            return actions.freeze_amount(token, party, units(amount, token.decimals), frozen=frozen)
        others = [wallet for wallet, record in wallets if wallet != holder and not record.frozen]
        return actions.freeze_wallet(token, party, others, frozen=frozen)

    return action


def register(text: str, holder: str, country: int, kind: InvestorClass, until: int) -> Wish:
    """Registering a holder on the officer's word."""

    def action(desk: Desk) -> Action:
        """Reads the wallet's record: neither claims nor a venue's standing are overwritten."""
        token, _ = desk.token(text)
        records = desk.records(token.registry)
        (identity,) = records.identities([holder])
        _require_no_venue(holder, identity.venue)
        if until <= desk.block.timestamp:
            raise OfficerError(f"until {moment(until)}", f"is not after {moment(desk.block.timestamp)}", "correct it")
        if onchain_id := records.onchain_id(holder):
            reason = f"is registered with ONCHAINID {onchain_id}, whose claims decide"
            raise OfficerError(f"account {holder}", reason, "give --identity, or refresh it")
        return actions.register_by_word(token.registry, holder, identity, country, kind, until)

    return action


def register_with_claims(text: str, holder: str, country: int, onchain_id: str) -> Wish:
    """Registering a wallet of an ONCHAINID."""

    def action(desk: Desk) -> Action:
        """Reads the wallet's record, and the verdict on the claims of the ONCHAINID."""
        token, _ = desk.token(text)
        records = desk.records(token.registry)
        (identity,) = records.identities([holder])
        _require_no_venue(holder, identity.venue)
        desk.require_contract(onchain_id, "identity", "give the address of an ONCHAINID")
        known = records.onchain_id(holder)
        if known == onchain_id:
            return actions.update_country(token.registry, holder, identity, country)
        if identity.country:
            behind = f"ONCHAINID {known}" if known else "an officer's word"
            raise OfficerError(f"account {holder}", f"is registered with {behind}", "delete its identity first")
        found = desk.verdict(token.registry, onchain_id)
        person = records.wallets_of(onchain_id)
        return actions.register_by_claims(token.registry, holder, identity, onchain_id, country, found, person)

    return action


def _require_no_venue(holder: str, venue: bool) -> None:
    if venue:
        raise OfficerError(f"account {holder}", "is a venue account", "drop the venue first")


def refresh(text: str, holders: Sequence[str]) -> Wish:
    """Verifying the claims of wallets anew."""

    def action(desk: Desk) -> Action:
        """Reads the verdict on the claims behind each wallet."""
        token, _ = desk.token(text)
        records = desk.records(token.registry)
        found = []
        for holder, identity in zip(holders, records.identities(holders), strict=True):
            onchain_id = records.onchain_id(holder)
            if onchain_id is None:
                raise OfficerError(f"account {holder}", "has no ONCHAINID", "register it anew on your word")
            found.append((holder, identity, desk.verdict(token.registry, onchain_id)))
        return actions.refresh(token.registry, found)

    return action


def documents(text: str, holder: str, on_file: int) -> Wish:
    """Setting which documents of a holder are on file."""

    def action(desk: Desk) -> Action:
        """Reads which documents are on file now."""
        token, _ = desk.token(text)
        (identity,) = desk.records(token.registry).identities([holder])
        return actions.set_documents(token.registry, holder, identity, on_file)

    return action


def sanctions(accounts: Sequence[str], source: bytes, *, listed: bool) -> Wish:
    """Listing accounts as sanctioned, or lifting that."""

    def action(desk: Desk) -> Action:
        """Reads who is listed, and whose wallets each registry binds to the accounts."""
        address = desk.deployment.address(SANCTIONS)
        asked = [Call(address, abi.function(SANCTIONS, "isSanctioned"), (one,)) for one in accounts]
        standing = [bool(must(answer)) for answer in desk.node.calls(asked, desk.block.number)]
        told = desk.node.call(address, abi.function(SANCTIONS, "registries"), block=desk.block.number)
        # The registry of a deployment is told, and so is each that a factory made.
        registries = dict.fromkeys(account(registry, "registry") for registry in told)
        persons = {
            (registry, one): tuple(desk.records(registry).person(one)) for registry in registries for one in accounts
        }
        elsewhere = {one: _elsewhere(desk, list(registries), one, persons) for one in accounts}
        version = desk.node.call(address, abi.function(SANCTIONS, "version"), block=desk.block.number)
        known = actions.Listed(address, int(version), dict(zip(accounts, standing, strict=True)), persons, elsewhere)
        return actions.change_sanctions(known, accounts, source, listed=listed)

    return action


def _elsewhere(
    desk: Desk, registries: Sequence[str], one: str, persons: dict[tuple[str, str], tuple[tuple[str, Identity], ...]]
) -> tuple[str, ...]:
    """Wallets of an account's ONCHAINIDs in registries that do not know the account, and so not whose it is."""
    found = {records.onchain_id(one) for records in map(desk.records, registries)} - {None}
    reached = {wallet for registry in registries for wallet, _ in persons[registry, one]}
    wallets = {
        wallet
        for registry in registries
        for onchain_id in found
        if onchain_id is not None
        for wallet, _ in desk.records(registry).wallets_of(onchain_id)
    }
    return tuple(sorted(wallets - reached))


def source_of(text: str) -> bytes:
    """Returns the hash that a batch of the sanctions list names: 32 bytes as given, or keccak256 of a file.

    Raises:
        OfficerError: If it is neither.
    """
    digits = text.removeprefix("0x")
    if len(digits) == 64 and text.startswith("0x"):
        try:
            return bytes.fromhex(digits)
        except ValueError:
            raise OfficerError(f"source {text}", "is no hash", "give 0x and 64 hexadecimal digits") from None
    try:
        return keccak(Path(text).read_bytes())
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise OfficerError(f"source {text}", reason, "give the published list as a file, or its hash") from None


def issue(text: str, target: str, amount: str) -> Wish:
    """Minting tokens to a holder."""

    def action(desk: Desk) -> Action:
        """Reads the receiver's standing."""
        token, reader = desk.token(text)
        (taker,), _ = reader.parties([target])
        return actions.issue(token, taker, units(amount, token.decimals))

    return action


def force(text: str, source: str, target: str, amount: str) -> Wish:
    """Moving tokens without their holder."""

    def action(desk: Desk) -> Action:
        """Reads the standing of both sides."""
        token, reader = desk.token(text)
        giver, taker = _pair(reader, source, target)
        return actions.force(token, giver, taker, units(amount, token.decimals))

    return action


def recover(text: str, lost: str, new: str) -> Wish:
    """Moving everything of a lost wallet to another wallet of the same person."""

    def action(desk: Desk) -> Action:
        """Reads whose wallets the two are; the new one is registered first where it has to be."""
        token, reader = desk.token(text)
        records = desk.records(token.registry)
        onchain_id = records.onchain_id(lost)
        if lost == new:
            raise OfficerError(f"wallet {new}", "is the lost one", "give the new wallet")
        if onchain_id is None:
            reason = "has no ONCHAINID, so that nobody can prove whose it was"
            raise OfficerError(f"wallet {lost}", reason, "force its tokens to the new wallet")
        gone, put = _pair(reader, lost, new)
        sole, new_id = records.serves_only(token.address), records.onchain_id(new)
        if new_id not in (None, onchain_id):
            raise OfficerError(f"wallet {new}", f"has ONCHAINID {new_id}, not {onchain_id}", "give another wallet")
        registering = None
        if not sole and new_id is None and gone.balance:
            country = 0 if gone.identity.country == UNSTATED else gone.identity.country
            found, person = desk.verdict(token.registry, onchain_id), records.wallets_of(onchain_id)
            place = (token.registry, new, put.identity, onchain_id, country)
            registering = actions.register_by_claims(*place, found, person)
        return actions.recover(token, gone, put, onchain_id, registering, sole=sole, known=new_id is not None)

    return action


def _pair(reader: ComplianceReader, first: str, second: str) -> tuple[Party, Party]:
    one, other = reader.parties([first, second])[0]
    return one, other


def venue(text: str, address: str, *, admit: bool, shared_ledger: bool = False, everywhere: bool = False) -> Wish:
    """Admitting or dropping a venue."""

    def action(desk: Desk) -> Action:
        """Reads the venue's standing; only a contract is admitted."""
        token, reader = desk.token(text)
        (party,), _ = reader.parties([address])
        if not admit:
            return actions.drop_venue(token, party, everywhere=everywhere)
        desk.require_contract(address, "venue", "give the address of a pool or router")
        return actions.admit_venue(token, party, shared_ledger=shared_ledger)

    return action


def affiliates(text: str, holders: Sequence[str], *, affiliate: bool) -> Wish:
    """Marking persons as affiliates of the issuer, or ending that."""

    def action(desk: Desk) -> Action:
        """Reads who is marked now."""
        token, reader = desk.token(text)
        return actions.mark_affiliates(token, reader.parties(holders)[0], affiliate=affiliate)

    return action


def recount(text: str, accounts: Sequence[str], first_block: int) -> Wish:
    """Counting holders anew under class rules: those that are named, or whoever is counted wrongly."""

    def action(desk: Desk) -> Action:
        """Finds whom a recount would count otherwise."""
        token, reader = desk.token(text)
        holders, state = reader.counted(first_block)
        return class_counts.recount(token, accounts or class_counts.miscounted(holders, state), state)

    return action


def apply(text: str, terms: Path, first_block: int, today: date) -> Wish:
    """Giving a token the rules that the rulebook and its issuer's terms ask for."""

    def action(desk: Desk) -> Action:
        """Plans the steps from the token's rules, and finds the holders who lose by them."""
        token, reader = desk.token(text)
        wanted = assignments(reader, terms)
        if wanted is None:
            reason, remedy = f"{terms.name} does not name it", "add its terms, open nowhere if need be"
            raise OfficerError(f"token {token.symbol}", reason, remedy)
        planned = plan(reader, wanted, first_block, today, dated_terms(reader, terms))
        lost = tuple(
            Effect(Holding(token, loss.party, planned.state), "ineligible", loss.finding) for loss in planned.lost
        )
        steps = tuple(_applying(token, one) for one in planned.steps)
        told = [line.strip() for line in planned.lines if "becomes ineligible" not in line]
        return Action("apply", f"apply {terms.name} to {token.symbol}", steps, notes=tuple(told), lost=lost)

    return action


def _applying(token: Token, one: AnyStep) -> Step:
    signature = abi.function(one.contract, one.function).signature
    return Step(one.contract, token.engine, signature, (token.address, *one.arguments()), one.title)


def cancel(text: str | None, first_block: int | None) -> Wish:
    """Cancelling the loosenings that wait; of one token, or all of the protocol."""

    def action(desk: Desk) -> Action:
        """Reads what is scheduled and concerns the token."""
        token = None if text is None else desk.token(text)[0]
        contracts = desk.deployment.contracts
        targets = {name: contracts[name].address for name in (ENGINE, FACTORY, REGISTRY, SANCTIONS)}
        names = {address: name for name, address in targets.items()}
        first = contracts["AccessManager"].block if first_block is None else first_block
        waiting = desk.access.scheduled(list(names), first, desk.page)
        titled = [(one, in_words(names[one.target], one.data)) for one in waiting]
        chosen = [
            (one, words.text)
            for one, words in titled
            if token is None or token.address in words.about or token.registry in words.about
        ]
        about = "every contract" if token is None else token.symbol
        if not chosen:
            return Action("cancel", f"cancel what is scheduled for {about}", notes=("nothing is scheduled",))
        steps = tuple(_cancelling(desk.access.manager, one, text_) for one, text_ in chosen)
        return Action("cancel", f"cancel {len(steps)} scheduled for {about}", steps)

    return action


def _cancelling(manager: str, one: Scheduled, words: str) -> Step:
    title = f"cancel {words}; scheduled by {one.caller}, may run from {moment(one.ready)}"
    return Step("AccessManager", manager, CANCEL.signature, (one.caller, one.target, one.data), title)
