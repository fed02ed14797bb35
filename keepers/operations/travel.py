"""The desk's side of the travel rule: exchanges asked, answered, settled, and messages handed over and taken in.

Personal data are in two places: in the message, which only the counterparty can open, and among the evidence, under the
key of our customer. The database, logs, errors and answers have numbers, wallets and names of services.
"""

from __future__ import annotations

import json
import secrets
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from eth_utils.address import is_address, to_checksum_address

from keepers.compliance.cases.people import Row
from keepers.compliance.officers import officer_name
from keepers.compliance.travel.errors import TravelError
from keepers.compliance.travel.exchange import LIVE, Exchange, ExchangeState, ExchangeStep, stepped
from keepers.compliance.travel.identities import identity_of, service_of
from keepers.compliance.travel.ivms import (
    Beneficiary,
    IdentityPayload,
    IvmsPerson,
    OriginatingVASP,
    Originator,
    PayloadMetadata,
    payload_of,
    person_of,
)
from keepers.compliance.travel.jose import PrivateKeys, PublicKeys, opened_from, sealed
from keepers.compliance.travel.trp import API_VERSION, REJECTIONS, Confirmation, Envelope, Inquiry, Kind, Resolution
from keepers.errors import KeeperError
from keepers.operations.evidence import EvidenceFolder
from keepers.operations.travel_post import Delivered, Post
from keepers.store import Store
from keepers.store.engine import StoreError
from keepers.store.travel import (
    MessageState,
    Outgoing,
    Received,
    advance,
    attempted,
    begin,
    claim,
    digest_of,
    due,
    exchange_by_request,
    exchange_by_secret,
    exchange_of,
    exchanges,
)

INQUIRY_PATH, CALLBACK_PATH = "/travel/inquiry", "/travel/callback/"
"""Paths below the address of a party."""
PAYLOAD, IDENTITY = "travel-rule", "ivms101"
"""Kinds of evidence: what an exchange told, and a person in the words of IVMS 101."""

_FIRST_PAUSE, _LONGEST_PAUSE = 15, 3600
_ATTEMPT = 60
"""Seconds for which an attempt holds its message."""


@dataclass(frozen=True)
class Counterparty:
    """Another desk.

    Attributes:
        name: Name that both sides know it by.
        url: Base address.
        keys: Its public keys.
    """

    name: str
    url: str
    keys: PublicKeys


@dataclass(frozen=True)
class TravelSettings:
    """Our own side.

    Attributes:
        name: Name that counterparties know us by.
        legal_name, lei: Our name and identifier, which they are told.
        url: Base address at which they reach us.
        keys: Our keys.
        expiry: Seconds after which an exchange ends by itself.
        parties: Counterparties by name.
    """

    name: str
    legal_name: str
    lei: str
    url: str
    keys: PrivateKeys
    expiry: int
    parties: Mapping[str, Counterparty]


@dataclass(frozen=True)
class Transfer:
    """A transfer that an exchange is about.

    Attributes:
        chain_id, token: The token.
        sender, receiver: Wallets, checksummed.
        amount: Whole tokens.
    """

    chain_id: int
    token: str
    sender: str
    receiver: str
    amount: Decimal


class TravelDesk:
    """Exchanges of one desk.

    Args:
        store: Database.
        settings: Our side.
        folder: Opens the evidence, which takes a second; it is not asked before it is needed.
        people: Rows of the register.
        post: Hands messages over.
        latin: Transliteration into ASCII.
        clock: Gives unix seconds.
    """

    def __init__(
        self,
        store: Store,
        settings: TravelSettings,
        folder: Callable[[], EvidenceFolder],
        people: Sequence[Row],
        post: Post,
        latin: Callable[[str], str],
        clock: Callable[[], float],
    ) -> None:
        self.store, self.settings = store, settings
        self._open, self._people, self._post, self._latin, self._clock = folder, people, post, latin, clock
        # One message at a time: two copies of an inquiry would leave two documents.
        self._one = threading.Lock()

    @cached_property
    def _folder(self) -> EvidenceFolder:
        return self._open()

    def open_evidence(self) -> None:
        """Opens the evidence now, so that a wrong passphrase is found before a message comes.

        Raises:
            KeeperError: If it does not open.
        """
        _ = self._folder

    # -- Our officers; a dry run returns what the step would, after the same checks, and stores and tells nothing

    def plan(self, transfer: Transfer, party: str, beneficiary: Any) -> tuple[str, IdentityPayload]:
        """Returns our customer's identifier and the payload that an exchange would tell, and changes nothing.

        Args:
            transfer: The transfer.
            party: Name of the counterparty.
            beneficiary: Person of IVMS 101 as parsed JSON; its account is the receiver's wallet.

        Raises:
            TravelError: If the party, the sender or the beneficiary cannot be used.
        """
        self._party(party)
        rows = self._rows(transfer.sender)
        if not rows:
            reason = "is nobody's wallet in the register"
            raise TravelError(f"sender {transfer.sender}", reason, "add it to desk.people")
        originator = self._identity(rows, transfer.sender)
        receiver = person_of(beneficiary, self._today()).model_copy(update={"accountNumber": [transfer.receiver]})
        payload = IdentityPayload(
            originator=Originator(originatorPerson=[originator]),
            beneficiary=Beneficiary(beneficiaryPerson=[receiver]),
            originatingVASP=OriginatingVASP(originatingVASP=service_of(self.settings.legal_name, self.settings.lei)),
            payloadMetadata=PayloadMetadata(transliterationMethod=["othr"] if _is_local(originator) else None),
        )
        return rows[0].person, payload_of(payload.as_json(), self._today())

    def ask(self, transfer: Transfer, party: str, beneficiary: Any, officer: str) -> Exchange:
        """Opens an exchange about a transfer that our customer wants to send; the inquiry waits to be handed over.

        Raises:
            TravelError: As `plan` does, or if a live exchange about the same transfer is there.
        """
        by = officer_name(officer)
        person, payload = self.plan(transfer, party, beneficiary)
        for one in exchanges(self.store, LIVE):
            if one.direction == "out" and _transfer_of(one) == transfer:
                raise TravelError(one.name, f"is about the same transfer and {one.state}", "wait for it, or cancel it")
        now, request = self._now(), str(uuid.uuid4())
        document = json.dumps(payload.as_json(), ensure_ascii=False).encode()
        address = self._folder.put(person, PAYLOAD, "", document, by, now)
        fresh = Exchange(
            *(0, "out", party, request, person, transfer.chain_id, transfer.token, transfer.sender, transfer.receiver),
            *(transfer.amount, address, person, secrets.token_hex(16), "", now, now + self.settings.expiry),
            officer=by,
        )
        number = begin(self.store, fresh, Outgoing("inquiry", str(uuid.uuid4()), next_at=now), None)
        return replace(fresh, id=number)

    def approve(self, number: int, officer: str, *, dry_run: bool = False) -> Exchange:
        """Lets a transfer to our customer come.

        Raises:
            TravelError: If the exchange waits for no answer of ours, or its wallet is nobody's here.
        """
        before = self._incoming(number)
        if not before.person:
            reason = "is for a wallet that is nobody's in the register"
            raise TravelError(before.name, reason, "reject it as unknown-beneficiary, or add it to desk.people")
        return self._answer(before, ExchangeStep.APPROVE, officer, "", dry_run)

    def reject(self, number: int, reason: str, officer: str, *, dry_run: bool = False) -> Exchange:
        """Refuses a transfer to our customer.

        Raises:
            TravelError: If the exchange waits for no answer of ours, or the reason is none of REJECTIONS.
        """
        if reason not in REJECTIONS:
            raise TravelError("reason", "is none that is told", f"choose from: {', '.join(REJECTIONS)}")
        return self._answer(self._incoming(number), ExchangeStep.REJECT, officer, reason, dry_run)

    def cancel(self, number: int, officer: str, *, dry_run: bool = False) -> Exchange:
        """Ends an exchange about a transfer that is not sent.

        Raises:
            TravelError: If the counterparty asked for it, or it has ended.
        """
        before = self._outgoing(number)
        after = stepped(before, ExchangeStep.CANCEL, self._now(), officer=officer_name(officer))
        return self._confirm(before, after, dry_run)

    def settle(self, number: int, txid: str, *, dry_run: bool = False) -> Exchange:
        """Records the transaction that carried the transfer out, and tells the counterparty.

        Raises:
            TravelError: If it was not approved, or is settled by another one.
        """
        before = self._outgoing(number)
        if before.state is ExchangeState.SETTLED and before.txid == txid:
            return before
        return self._confirm(before, stepped(before, ExchangeStep.SETTLE, self._now(), txid=txid), dry_run)

    def payload(self, number: int) -> dict[str, Any]:
        """Returns what an exchange told about persons.

        Raises:
            TravelError: If there is no such exchange.
            EvidenceError: If the person was erased.
        """
        one = self.exchange(number)
        found: dict[str, Any] = json.loads(self._folder.get(one.holder, one.evidence)[1])
        return found

    def exchange(self, number: int) -> Exchange:
        """Returns an exchange.

        Raises:
            TravelError: If there is none of that number.
        """
        found = exchange_of(self.store, number)
        if found is None:
            raise TravelError(f"exchange {number}", "is not there", "see `travel list --all`")
        return found

    def all(self) -> list[Exchange]:
        """Returns every exchange, oldest first."""
        return exchanges(self.store)

    def approved(self, transfer: Transfer) -> Exchange | None:
        """Returns the exchange that lets a transfer go; None if there is none."""
        now = self._now()
        wanted = (transfer.chain_id, transfer.token, transfer.sender, transfer.receiver, transfer.amount)
        for one in exchanges(self.store, (ExchangeState.APPROVED,)):
            if one.allows(*wanted, now):
                return one
        return None

    # -- Time

    def expire(self) -> int:
        """Ends what is too old, as the counterparty does by itself; returns the number of exchanges."""
        now, count = self._now(), 0
        for one in exchanges(self.store, LIVE):
            if now < one.expires:
                continue
            try:
                advance(self.store, one, stepped(one, ExchangeStep.EXPIRE, now))
                count += 1
            except StoreError:
                continue  # It moved meanwhile; the next look sees it.
        return count

    # -- Handing over

    def waiting(self) -> dict[str, int]:
        """Returns the number of exchanges that are too old, and of messages that are due; it hands nothing over."""
        now = self._now()
        old = sum(now >= one.expires for one in exchanges(self.store, LIVE))
        return {"expired": old, "due": len(due(self.store, now))}

    def deliver(self) -> dict[str, int]:
        """Hands over what is due; returns the number of messages by what became of them."""
        found = {state.value: 0 for state in MessageState}
        for one in due(self.store, self._now()):
            if claim(self.store, one, self._now() + _ATTEMPT):
                found[self._deliver(one)] += 1
        return found

    def _deliver(self, one: Outgoing) -> str:
        exchange = self.exchange(one.exchange_id)
        try:
            party = self._party(exchange.party)
            envelope = self._envelope(one, exchange, party)
        except KeeperError as error:
            # The person was erased meanwhile, or the party is no longer known: there is nothing that could be told.
            attempted(self.store, one, MessageState.DROPPED, self._now(), error.reason)
            return MessageState.DROPPED.value
        body = sealed(envelope.claims(self._now()), self.settings.keys, party.keys)
        outcome = self._post.send(envelope.url, exchange.request, body)
        state, fault = self._judged(outcome, envelope, party)
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(one.attempts, 16))
        attempted(self.store, one, state, self._now() + pause, fault)
        return state.value

    def _judged(self, outcome: Delivered, envelope: Envelope, party: Counterparty) -> tuple[MessageState, str]:
        """A message is delivered once the counterparty's own signature says so, and nobody else's word counts."""
        if outcome.status == 404:
            return MessageState.REFUSED, "is not known there, or has expired"
        if outcome.status != 200:
            return MessageState.WAITING, outcome.fault or f"answered {outcome.status}"
        try:
            _, claims = opened_from(outcome.body, self.settings.keys, {party.name: party.keys})
            receipt = Envelope.of_claims(claims, self._now())
        except TravelError:
            return MessageState.WAITING, "gave a receipt that does not verify"
        expected = ("receipt", party.name, self.settings.name, envelope.request, envelope.id)
        if (receipt.kind, receipt.sender, receipt.receiver, receipt.request, receipt.id) != expected:
            return MessageState.WAITING, "gave a receipt for something else"
        return MessageState.DELIVERED, ""

    def _envelope(self, one: Outgoing, exchange: Exchange, party: Counterparty) -> Envelope:
        callback = f"{self.settings.url}{CALLBACK_PATH}{exchange.secret}"
        message: Mapping[str, Any]
        if one.kind == "inquiry":
            payload = payload_of(self.payload(exchange.id), self._today())
            message = Inquiry(exchange.chain_id, exchange.token, exchange.amount, callback, payload).as_json()
            url = f"{party.url}{INQUIRY_PATH}"
        elif one.kind == "resolution":
            rejected = exchange.state is ExchangeState.REJECTED
            message = Resolution(rejected=exchange.reason).as_json()
            if not rejected:
                message = Resolution(exchange.receiver, callback).as_json()
            url = exchange.callback
        else:
            txid = exchange.txid if one.kind == "confirmation" else ""
            message, url = Confirmation(txid).as_json(), exchange.callback
        names = (self.settings.name, party.name)
        kind: Kind = "confirmation" if one.kind == "cancellation" else one.kind
        return Envelope(kind, *names, url, exchange.request, one.message, message)

    # -- Taking in

    def receive(self, path: str, request: str, body: str) -> str:
        """Takes a message in; returns the receipt for it.

        Args:
            path: Path that it came to.
            request: Header `request-identifier`.
            body: JOSE object.

        Raises:
            TravelError: If it is not to be believed or has no effect; nothing has changed then.
            UnknownCallback: If nothing is known at the path any more.
        """
        with self._one:
            return self._receive(path, request, body)

    def _receive(self, path: str, request: str, body: str) -> str:
        known = {name: party.keys for name, party in self.settings.parties.items()}
        name, claims = opened_from(body, self.settings.keys, known)
        envelope = Envelope.of_claims(claims, self._now())
        expected = (name, self.settings.name, f"{self.settings.url}{path}", request)
        if (envelope.sender, envelope.receiver, envelope.url, envelope.request) != expected:
            raise TravelError("message", "was made for another party, address or transfer", "send it where it belongs")
        party = self.settings.parties[name]
        before = digest_of(self.store, name, envelope.id)
        if before is None:
            try:
                self._take(path, envelope, party)
            except StoreError:
                # Another thread took the same message in meanwhile, or the exchange moved: only the first is success.
                before = digest_of(self.store, name, envelope.id)
                if before is None:
                    raise
        if before is not None and before != envelope.digest:
            raise TravelError("message", "repeats the number of another one", "give each message its own")
        return self._receipt(envelope, party)

    def _take(self, path: str, envelope: Envelope, party: Counterparty) -> None:
        received = Received(party.name, envelope.id, envelope.digest, self._now())
        if path == INQUIRY_PATH and envelope.kind == "inquiry":
            self._take_inquiry(envelope, party, received)
            return
        exchange = exchange_by_secret(self.store, path.removeprefix(CALLBACK_PATH))
        if exchange is None or not path.startswith(CALLBACK_PATH) or exchange.party != party.name:
            raise UnknownCallback
        if exchange.request != envelope.request:
            raise TravelError("message", "is about another transfer", "send it where it belongs")
        if exchange.direction == "out" and envelope.kind == "resolution":
            self._take_resolution(exchange, Resolution.of_json(envelope.message), party, received)
        elif exchange.direction == "in" and envelope.kind == "confirmation":
            self._take_confirmation(exchange, Confirmation.of_json(envelope.message), received)
        else:
            raise TravelError("message", "is none that is waited for", "follow docs/travel-rule.md")

    def _take_inquiry(self, envelope: Envelope, party: Counterparty, received: Received) -> None:
        inquiry = Inquiry.of_json(envelope.message, self._today())
        if exchange_by_request(self.store, party.name, "in", envelope.request) is not None:
            raise TravelError("message", "asks about a transfer that has an exchange", "give each transfer its own")
        callback = _below(inquiry.callback, party)
        sender, receiver = _account(inquiry.identities, "originator"), _account(inquiry.identities, "beneficiary")
        rows = self._rows(receiver)
        person = rows[0].person if rows else ""
        # A record about nobody here has a key of its own, so that it can be erased too.
        holder = person or f"travel-{envelope.request}"
        document = json.dumps(inquiry.identities.as_json(), ensure_ascii=False).encode()
        now = self._now()
        address = self._folder.put(holder, PAYLOAD, "", document, party.name, now)
        fresh = Exchange(
            *(0, "in", party.name, envelope.request, person, inquiry.chain_id, to_checksum_address(inquiry.token)),
            *(sender, receiver, inquiry.amount, address, holder, secrets.token_hex(16), callback),
            *(now, now + self.settings.expiry),
        )
        begin(self.store, fresh, None, received)

    def _take_resolution(self, before: Exchange, found: Resolution, party: Counterparty, received: Received) -> None:
        if found.rejected:
            after = self._step(before, ExchangeStep.REJECT, reason=found.rejected)
        else:
            if to_checksum_address(found.address) != before.receiver:
                raise TravelError("approved.address", "is another wallet than was asked about", "ask anew")
            after = self._step(before, ExchangeStep.APPROVE, callback=_below(found.callback, party))
        advance(self.store, before, after, None, received)

    def _take_confirmation(self, before: Exchange, found: Confirmation, received: Received) -> None:
        step = ExchangeStep.SETTLE if found.txid else ExchangeStep.CANCEL
        advance(self.store, before, self._step(before, step, txid=found.txid), None, received)

    def _step(self, before: Exchange, step: ExchangeStep, **fields: str) -> Exchange:
        """A step that a counterparty's message asks for; late or out of order it finds nothing at its address."""
        try:
            return stepped(before, step, self._now(), **fields)
        except TravelError:
            raise UnknownCallback from None

    def _receipt(self, envelope: Envelope, party: Counterparty) -> str:
        names = (self.settings.name, party.name)
        receipt = Envelope("receipt", *names, envelope.url, envelope.request, envelope.id, {"version": API_VERSION})
        return sealed(receipt.claims(self._now()), self.settings.keys, party.keys)

    # -- Common

    def _answer(self, before: Exchange, step: ExchangeStep, officer: str, reason: str, dry_run: bool) -> Exchange:
        after = stepped(before, step, self._now(), officer=officer_name(officer), reason=reason)
        if dry_run:
            return after
        advance(self.store, before, after, Outgoing("resolution", str(uuid.uuid4()), next_at=self._now()))
        return after

    def _confirm(self, before: Exchange, after: Exchange, dry_run: bool) -> Exchange:
        """Writes an end of ours down, and tells it where the counterparty gave an address for it."""
        if dry_run:
            return after
        message = None
        if before.callback:
            kind: Literal["confirmation", "cancellation"] = "confirmation" if after.txid else "cancellation"
            message = Outgoing(kind, str(uuid.uuid4()), next_at=self._now())
        advance(self.store, before, after, message)
        return after

    def _incoming(self, number: int) -> Exchange:
        return self._of_direction(number, "in", "our officers answer what counterparties ask")

    def _outgoing(self, number: int) -> Exchange:
        return self._of_direction(number, "out", "the counterparty ends what it asked for")

    def _of_direction(self, number: int, direction: str, remedy: str) -> Exchange:
        found = self.exchange(number)
        if found.direction != direction:
            raise TravelError(found.name, f"is about a transfer that {_WAY[found.direction]}", remedy)
        return found

    def _party(self, name: str) -> Counterparty:
        if name not in self.settings.parties:
            raise TravelError(f"party {name}", "is not known", "add it to desk.travel.parties")
        return self.settings.parties[name]

    def _rows(self, wallet: str) -> list[Row]:
        """Rows of the person who has a wallet; none if it is nobody's."""
        owners = {row.person for row in self._people if wallet in row.wallets}
        return [row for row in self._people if row.person in owners]

    def _identity(self, rows: Sequence[Row], wallet: str) -> IvmsPerson:
        """A person as the newest evidence of the kind `ivms101` says it, or else the register."""
        person = rows[0].person
        stored = [one for one in self._folder.documents(person, missing_ok=True) if one.header.kind == IDENTITY]
        if not stored:
            return identity_of(rows, wallet, self._latin)
        try:
            given = json.loads(self._folder.get(person, stored[-1].address)[1])
        except ValueError:
            raise TravelError(f"evidence {stored[-1].address}", "is no JSON", f"put {IDENTITY} again") from None
        return person_of(given, self._today()).model_copy(update={"accountNumber": [wallet]})

    def _now(self) -> int:
        return int(self._clock())

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock(), UTC).date()


class UnknownCallback(TravelError):
    """An address that nothing is waited for at; TRP answers 404."""

    def __init__(self) -> None:
        super().__init__("callback", "is not known, or has ended", "ask anew")


_WAY = {"in": "comes to our customer", "out": "our customer sends"}


def _transfer_of(one: Exchange) -> Transfer:
    return Transfer(one.chain_id, one.token, one.sender, one.receiver, one.amount)


def _below(url: str, party: Counterparty) -> str:
    """A callback of a counterparty; it leads to its own address, or whoever has its key could send us anywhere."""
    if not url.startswith(f"{party.url}/") or any(part in url for part in ("..", "#", "?", "@", "\\")):
        raise TravelError("callback", "is not below the counterparty's address", "correct desk.travel.parties")
    return url


def _account(payload: IdentityPayload, side: str) -> str:
    persons = payload.originator.originatorPerson if side == "originator" else payload.beneficiary.beneficiaryPerson
    accounts = [account for person in persons for account in person.accountNumber or ()]
    if len(accounts) != 1 or not is_address(accounts[0]):
        raise TravelError(f"IVMS101 {side}", "has not one accountNumber that is a wallet", "give the wallet")
    return str(to_checksum_address(accounts[0]))


def _is_local(person: IvmsPerson) -> bool:
    one = person.naturalPerson or person.legalPerson
    return one is not None and bool(one.name.localNameIdentifier)
