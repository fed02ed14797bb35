"""The desk of the travel rule as a config describes it, and the chain's part: thresholds, transfers and their proof."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak

from keepers.compliance import officer_actions as actions
from keepers.compliance.arguments import holder, units
from keepers.compliance.countries import letters_of
from keepers.compliance.officer_actions import Action
from keepers.compliance.travel.errors import TravelError
from keepers.compliance.travel.exchange import Exchange, ExchangeState
from keepers.compliance.travel.jose import PrivateKeys, private_keys, public_keys
from keepers.compliance.travel.thresholds import reached
from keepers.compliance.travel.trp import url_of
from keepers.config import Config, TravelRule, load_config
from keepers.contracts.compliance import ComplianceReader
from keepers.documents.setup import node_of, service_of
from keepers.operations.evidence import EvidenceFolder
from keepers.operations.officer_desk import Desk, Wish
from keepers.operations.officers import BOT, Options, Order, Outcome, carry_out, looked_at
from keepers.operations.rescreen import register
from keepers.operations.travel import Counterparty, Transfer, TravelDesk, TravelSettings
from keepers.operations.travel_post import Post, require_private
from keepers.signers.keyring import open_key
from keepers.signers.keys import passphrase_from_file, passphrase_from_prompt
from keepers.store import Store

_TRANSFER = "0x" + keccak(text="Transfer(address,address,uint256)").hex()


@dataclass(frozen=True)
class Need:
    """The need of a transfer under the travel rule.

    Attributes:
        transfer: The transfer.
        countries: Countries whose threshold it reaches, two letters each; none if it needs no exchange.
        exchange: Number of the exchange that lets it go; 0 if there is none.
    """

    transfer: Transfer
    countries: tuple[str, ...]
    exchange: int

    @property
    def waits(self) -> bool:
        """True if it may not be sent yet."""
        return bool(self.countries) and not self.exchange

    def line(self) -> str:
        """Returns it for people."""
        if not self.countries:
            return "May be sent: no threshold is reached."
        why = f"reaches the threshold of {', '.join(self.countries)}"
        if self.waits:
            return f"Waits: it {why}, and no exchange about it is approved."
        return f"May be sent: it {why}, and exchange {self.exchange} is approved."


@contextmanager
def opened_desk(path: Path, clock: Callable[[], float] = time.time) -> Iterator[TravelDesk]:
    """Opens the desk of a config; evidence is opened once it is needed.

    Raises:
        KeeperError: If a part of it is missing or cannot be used.
    """
    config = load_config(path, officer=True)
    settings = settings_of(config)
    people = register(config.at(config.desk.people)) if config.desk.people else []
    store = Store.open(config.store_url)
    try:
        yield TravelDesk(store, settings, lambda: _evidence(config), people, Post(), _latin, clock)
    finally:
        store.close()


def settings_of(config: Config) -> TravelSettings:
    """Returns our side of the travel rule.

    Raises:
        TravelError: If the config has none, or a key or an address cannot be used.
    """
    travel = config.desk.travel
    if travel is None:
        raise TravelError("desk.travel", "is missing", "add it as docs/travel-rule.md describes")
    parties = {name: _counterparty(config, name, travel) for name in travel.parties}
    url, expiry = require_private(travel.url, "desk.travel.url"), int(travel.expiry_hours * 3600)
    return TravelSettings(travel.name, travel.legal_name, travel.lei, url, _own(config, travel), expiry, parties)


def party_of(settings: TravelSettings, text: str) -> str:
    """Returns the name of a counterparty that is named, or given by a travel address of its own.

    Raises:
        TravelError: If it is none of desk.travel.parties.
    """
    if text in settings.parties:
        return text
    url = url_of(text) if text.startswith("ta") else ""
    for party in settings.parties.values():
        if url and f"{url}/".startswith(f"{party.url}/"):
            return party.name
    raise TravelError(f"party {text}", "is not known", "add it to desk.travel.parties")


def transfer_of(reader: ComplianceReader, sender: str, receiver: str, amount: str) -> Transfer:
    """Returns a transfer as it was typed.

    Raises:
        ComplianceError: If an account or the amount is none.
    """
    whole = Decimal(units(amount, reader.decimals)).scaleb(-reader.decimals).normalize()
    wallets = holder(sender, "sender"), holder(receiver, "receiver")
    return Transfer(reader.node.chain_id, reader.token, *wallets, whole)


def need_of(desk: TravelDesk, reader: ComplianceReader, transfer: Transfer) -> Need:
    """Returns what the travel rule asks of a transfer now, with what the persons moved within a day."""
    amount = units(format(transfer.amount, "f"), reader.decimals)
    countries = reached(*reader.movement(transfer.sender, transfer.receiver, amount))
    found = desk.approved(transfer)
    return Need(transfer, tuple(map(letters_of, countries)), found.id if found else 0)


def send(
    desk: TravelDesk, number: int, options: Options, agreed: Callable[[Outcome], bool], tell: Callable[[str], None]
) -> Outcome:
    """Sends the transfer of an approved exchange from our key, once, and settles the exchange with it.

    A run that was killed after signing is finished by the next one: the journal has the transaction.

    Raises:
        KeeperError: If the exchange is not approved, the key is another wallet's, or the chain refuses.
    """
    exchange = desk.exchange(number)
    if exchange.direction != "out" or exchange.state in (ExchangeState.OPEN, ExchangeState.REJECTED):
        raise TravelError(exchange.name, f"is {exchange.state}", "wait for the counterparty's approval")
    order = Order("travel-transfer", (exchange.request,))
    for earlier in [] if options.dry_run else desk.store.journal(BOT).completed(order.prefix):
        # Sent and mined by a run that was killed before it could settle.
        assert earlier.tx_hash is not None
        settle(desk, number, earlier.tx_hash, options.config)
        tell(f"an earlier run of this command was settled: {earlier.tx_hash}")
        nothing = Action(order.name, f"sent by an earlier run of this command in {earlier.tx_hash}")
        return Outcome(nothing, earlier.sender, earlier.chain_id, [], [], 0, [], "sent")

    def sure(outcome: Outcome) -> bool:
        _require_sender(outcome, exchange)
        return agreed(outcome)

    outcome = carry_out(order, _transferring(desk, exchange), options, sure, tell)
    _require_sender(outcome, exchange)
    if outcome.receipts and not options.dry_run:
        desk.settle(number, outcome.receipts[-1].tx_hash)
    return outcome


def send_checked(
    desk: TravelDesk,
    wanted: tuple[str, str, str],
    options: Options,
    reference: str,
    agreed: Callable[[Outcome], bool],
    tell: Callable[[str], None],
) -> Outcome:
    """Sends tokens of our key's wallet: at once below the thresholds, with an approved exchange above.

    Args:
        desk: The desk.
        wanted: Token, receiver and whole tokens, as they were typed.
        options: How it is run.
        reference: Word that tells two equal transfers apart, or "".
        agreed: Asked before anything is sent.
        tell: Told what is settled from earlier runs.

    Raises:
        TravelError: If the transfer waits for an exchange; nothing is sent then.
        KeeperError: If the chain refuses, or it was sent before.
    """
    text, receiver, amount = wanted
    config, reader = load_config(options.config, officer=True), looked_at(options.config, text)
    sender = options.judged_as or open_key(config, config.keys.sender).address
    transfer = transfer_of(reader, sender, receiver, amount)
    need = _require_no_wait(need_of(desk, reader, transfer))
    if need.exchange:
        return send(desk, need.exchange, options, agreed, tell)

    def action(chain: Desk) -> Action:
        """Judges the thresholds once more at the block of the transaction."""
        token, newest = chain.token(reader.token)
        # Once more at the block of the transaction: what the persons moved meanwhile counts.
        if _require_no_wait(need_of(desk, newest, transfer)).countries:
            raise TravelError(f"transfer of {amount}", "reaches a threshold meanwhile", "run it again")
        (giver, taker), _ = newest.parties([transfer.sender, transfer.receiver])
        return actions.transfer(token, giver, taker, units(amount, token.decimals))

    words = (reader.token, transfer.sender, transfer.receiver, format(transfer.amount, "f"))
    return carry_out(Order("transfer", words, reference), action, options, agreed, tell)


def _require_no_wait(need: Need) -> Need:
    if need.waits:
        what = f"transfer of {format(need.transfer.amount, 'f')}"
        reason = f"reaches the threshold of {', '.join(need.countries)}, and no exchange about it is approved"
        raise TravelError(what, reason, "ask with `travel ask`, and wait for the approval")
    return need


def settle(desk: TravelDesk, number: int, txid: str, config: Path, *, dry_run: bool = False) -> Exchange:
    """Settles an exchange with a transaction that somebody else sent, after the chain has shown that it is the one.

    Raises:
        TravelError: If the transaction is not mined, failed, or moved something else.
    """
    exchange = desk.exchange(number)
    reader = looked_at(config, exchange.token)
    receipt = reader.node.receipt(txid.lower()) if len(txid) == 66 and txid.startswith("0x") else None
    if receipt is None:
        raise TravelError(f"transaction {txid}", "is not mined", "give the hash of the transfer")
    amount = units(format(exchange.amount, "f"), reader.decimals)
    wanted = [_TRANSFER, *("0x" + wallet[2:].lower().rjust(64, "0") for wallet in (exchange.sender, exchange.receiver))]
    moved = [
        int(str(log["data"]), 16)
        for log in receipt["logs"]
        if str(log["address"]).lower() == exchange.token.lower() and [str(topic) for topic in log["topics"]] == wanted
    ]
    if int(str(receipt["status"]), 16) != 1 or moved != [amount]:
        raise TravelError(f"transaction {txid}", f"is not the transfer of {exchange.name}", "give the hash of it")
    if any(one.txid == txid.lower() and one.id != number for one in desk.all()):
        raise TravelError(f"transaction {txid}", "has settled another exchange", "give the hash of this one")
    return desk.settle(number, txid.lower(), dry_run=dry_run)


def read_beneficiary(path: Path) -> Any:
    """Reads a person of IVMS 101 from a file.

    Raises:
        TravelError: If it cannot be read; the name of the file is not shown, for it may be a person's.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TravelError("beneficiary", error.strerror or "cannot be read", "name an existing file") from None
    except (ValueError, RecursionError):
        raise TravelError("beneficiary", "is no JSON", "write a person of IVMS 101") from None


def _transferring(desk: TravelDesk, exchange: Exchange) -> Wish:
    def action(chain: Desk) -> Action:
        """Finds the exchange still approved, or refuses."""
        token, reader = chain.token(exchange.token)
        wanted = Transfer(reader.node.chain_id, token.address, exchange.sender, exchange.receiver, exchange.amount)
        found = desk.approved(wanted)
        if found is None or found.id != exchange.id:
            raise TravelError(exchange.name, "does not let a transfer go now", "look at it with `travel show`")
        (giver, taker), _ = reader.parties([exchange.sender, exchange.receiver])
        return actions.transfer(token, giver, taker, units(format(exchange.amount, "f"), token.decimals))

    return action


def _require_sender(outcome: Outcome, exchange: Exchange) -> None:
    if outcome.sender != exchange.sender:
        reason = f"is {outcome.sender}'s, and the exchange is about {exchange.sender}"
        raise TravelError("keys.sender", reason, "send it with that key, and settle it with `travel settle`")


def _counterparty(config: Config, name: str, travel: TravelRule) -> Counterparty:
    party = travel.parties[name]
    what = f"desk.travel.parties.{name}"
    text = _file(config.at(party.keys), f"{what}.keys")
    return Counterparty(name, require_private(party.url, f"{what}.url"), public_keys(text, f"{what}.keys"))


def _own(config: Config, travel: TravelRule) -> PrivateKeys:
    path = config.at(travel.keys)
    text = _file(path, "desk.travel.keys")
    if path.stat().st_mode & 0o077:
        raise TravelError("desk.travel.keys", "can be read by others", "chmod 600 it")
    return private_keys(text, "desk.travel.keys")


def _file(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "is no text") or "cannot be read"
        raise TravelError(what, reason, "name an existing file") from None


def _evidence(config: Config) -> EvidenceFolder:
    if config.desk.evidence is None:
        raise TravelError("desk.evidence", "is missing", "name a folder for what exchanges tell")
    secret = config.desk.passphrase_file
    passphrase = passphrase_from_file(config.at(secret)) if secret else passphrase_from_prompt
    path, service, node = config.at(config.desk.evidence), service_of(config), node_of(config)
    return EvidenceFolder.open(path, passphrase, create=True, service=service, node=node)


def _latin(text: str) -> str:
    try:
        from anyascii import anyascii
    except ModuleNotFoundError:
        reason = "are not in Latin letters"
        raise TravelError("names", reason, "install quantera with its extra `screening`") from None
    return anyascii(text)
