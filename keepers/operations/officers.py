"""An officer's action from the wish to the receipt: worked out, rehearsed, shown, sent.

It is sent through the journal that keepers use. A run that was killed leaves its signed transaction there; the next run
of the same command hands the same bytes over and reports what became of them, and signs nothing anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from keepers import abi
from keepers.abi import Fragment
from keepers.compliance.explain import party_line, words
from keepers.compliance.moments import moment
from keepers.compliance.officer_actions import Action, Contract, Effect, OfficerError, Step
from keepers.compliance.rules import Reason
from keepers.config import Config, load_config
from keepers.contracts.access import CANCEL, EXECUTE, SCHEDULE
from keepers.contracts.compliance import ComplianceReader
from keepers.contracts.deployment import load as load_deployment
from keepers.operations.officer_desk import FACTORY, REGISTRY, Desk, Wish
from keepers.rpc.errors import Reverted
from keepers.rpc.node import connect
from keepers.runtime.services import private_route, require_same_chain, send_policy
from keepers.signers.keyring import open_key
from keepers.store import Store
from keepers.transactions.errors import AlreadyOpen
from keepers.transactions.journal import Status
from keepers.transactions.sender import Receipt, Sender

Mode = Literal["send", "schedule", "execute", "wait"]

BOT = "officer"
"""Name of officers' transactions in the journal."""

_AGAIN = ":again"
"""Ends the keys of transactions that may be sent again: the chain's state says whether there is anything to do."""

_OF_AGENTS = (
    "registerIdentity(address,address,uint16)",
    "updateCountry(address,uint16)",
)
"""Functions of a registry that its agents may call; a token's own are all open to the token's agents."""

_OF_EVERYBODY = ("recountHolders(address,address[])", "refresh(address)", "transfer(address,uint256)")
"""Functions that ask for no role."""


@dataclass(frozen=True)
class Order:
    """A command as it was given.

    Attributes:
        name: Name of the command.
        words: Its arguments; the same words are the same order.
        reference: Word that tells two equal orders apart, or "".
    """

    name: str
    words: tuple[str, ...]
    reference: str = ""

    @property
    def prefix(self) -> str:
        """First part of the keys in the journal of its transactions."""
        return f"{self.name}:{keccak(text=chr(0).join((*self.words, self.reference))).hex()[:32]}:"


@dataclass(frozen=True)
class Planned:
    """A call as it is sent.

    Attributes:
        step: Step of the action.
        mode: "send" at once, "schedule" it, "execute" what was scheduled, or "wait" for the delay.
        to: Address of the transaction.
        data: Calldata of the transaction.
        role: Role that the function asks for; "" if anyone may call it.
        ready: Unix seconds from which a scheduled call may run, 0 if it is not scheduled.
        delay: Seconds that it has to wait once it is scheduled.
    """

    step: Step
    mode: Mode
    to: str
    data: bytes
    role: str = ""
    ready: int = 0
    delay: int = 0

    def line(self, now: int) -> str:
        """The call in words."""
        name = f"{self.step.title} ({self.step.function} of {self.step.contract})"
        if self.mode == "schedule":
            wait = moment(now + self.delay)
            return f"{name}: is scheduled, because {self.role} waits; run this again from {wait}"
        if self.mode == "wait":
            return f"{name}: is scheduled, may run from {moment(self.ready)}; run this again then"
        return f"{name}{': its delay is over' if self.mode == 'execute' else ''}"


@dataclass
class Outcome:
    """The outcome of a command.

    Attributes:
        action: The action.
        sender: Account that it is sent from.
        chain_id: Chain that it is sent to.
        planned: Calls that it needs.
        effects: Wallets that become eligible or ineligible.
        now: Unix seconds of the block at which it was worked out.
        receipts: Receipts of what was sent, in the order of the calls.
        state: "dry run", "nothing to do", "sent", "scheduled" or "waits".
    """

    action: Action
    sender: str
    chain_id: int
    planned: list[Planned]
    effects: list[Effect]
    now: int
    receipts: list[Receipt] = field(default_factory=list)
    state: str = "dry run"

    def lines(self) -> list[str]:
        """The plan for people: calls, notes, and who becomes ineligible or eligible."""
        found = [f"{self.action.title}, from {self.sender} on chain {self.chain_id}"]
        found += [f"  note: {note}" for note in self.action.notes]
        found += [f"  call: {planned.line(self.now)}" for planned in self.planned]
        if not self.planned:
            return [*found, f"{self.state.capitalize()}."]
        found += [f"  becomes {effect.becomes}: {_effect(effect)}" for effect in self.effects]
        if not any(effect.becomes == "ineligible" for effect in self.effects):
            found.append("  Nobody becomes ineligible.")
        return found

    def sent_lines(self) -> list[str]:
        """The sent transactions, for people."""
        found = [
            f"  sent: {receipt.tx_hash} in block {receipt.block}, {receipt.gas_used:,} gas" for receipt in self.receipts
        ]
        return [*found, f"{self.state.capitalize()}."] if self.planned else []

    def as_json(self) -> dict[str, Any]:
        """Everything, as JSON has it; amounts are whole tokens in words."""
        return {
            "action": self.action.name,
            "title": self.action.title,
            "from": self.sender,
            "chain_id": self.chain_id,
            "state": self.state,
            "notes": list(self.action.notes),
            "calls": [
                {
                    "title": one.step.title,
                    "contract": one.step.contract,
                    "function": one.step.signature,
                    "mode": one.mode,
                    "role": one.role or None,
                    "ready": one.ready or None,
                    "to": one.to,
                    "data": "0x" + one.data.hex(),
                }
                for one in self.planned
            ],
            "effects": [_effect_json(effect) for effect in self.effects],
            "receipts": [
                {"tx_hash": one.tx_hash, "block": one.block, "gas_used": one.gas_used} for one in self.receipts
            ],
        }


@dataclass(frozen=True)
class Options:
    """How a command is run.

    Attributes:
        config: File of the officer's config.
        dry_run: True to send nothing.
        judged_as: Account whose rights count in a dry run, so that no key is opened; None for the key's own.
    """

    config: Path
    dry_run: bool = False
    judged_as: str | None = None


@dataclass
class _Office:
    """A desk with a key."""

    desk: Desk
    sender: Sender | None
    address: str


def carry_out(
    order: Order, wish: Wish, options: Options, agreed: Callable[[Outcome], bool], tell: Callable[[str], None]
) -> Outcome:
    """Works an action out, rehearses it, asks, and sends it.

    Args:
        order: The command.
        wish: Wanted state.
        options: How it is run.
        agreed: Asked before anything is sent; nothing is sent unless it says so.
        tell: Told what is settled from earlier runs.

    Raises:
        KeeperError: One line saying what is wrong; what was sent before it is in the journal.
    """
    config = load_config(options.config, officer=True)
    with _opened(config, options) as office:
        done = [] if options.dry_run else _settled(office, order, tell)
        if done:
            nothing = Action(order.name, "sent by an earlier run of this command")
            return Outcome(nothing, office.address, config.chain_id, [], [], 0, done, "sent")
        outcome = worked_out(office.desk, wish, office.address)
        if not outcome.planned:
            outcome.state = "nothing to do"
        elif not options.dry_run and agreed(outcome):
            assert office.sender is not None
            _send(office.sender, order, outcome)
        return outcome


def looked_at(path: Path, token: str) -> ComplianceReader:
    """Returns a reader of a token, which is named by its address or by its symbol in a config's deployment."""
    config = load_config(path, officer=True)
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    deployment = load_deployment(config.at(config.deployment))
    deployment.verify(node)
    return Desk(node, deployment, config.max_log_range, node.latest()).token(token)[1]


def worked_out(desk: Desk, wish: Wish, sender: str) -> Outcome:
    """Returns what an action needs and does, after a rehearsal on the newest block.

    Raises:
        OfficerError: If the sender lacks a role, or the chain would refuse it.
    """
    action = wish(desk)
    planned = [_planned(desk, step, sender) for step in action.steps]
    _rehearse(desk, [one for one in planned if one.mode != "wait"], sender)
    return Outcome(action, sender, desk.node.chain_id, planned, desk.effects(action), desk.block.timestamp)


# -- Opening, and what an earlier run has left


@contextmanager
def _opened(config: Config, options: Options) -> Iterator[_Office]:
    deployment = load_deployment(config.at(config.deployment))
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    try:
        deployment.verify(node)
        desk = Desk(node, deployment, config.max_log_range, node.latest())
        if options.judged_as is not None:
            yield _Office(desk, None, options.judged_as)
            return
        key = open_key(config, config.keys.sender)
        if options.dry_run:
            yield _Office(desk, None, key.address)
            return
        store = Store.open(config.store_url)
        try:
            require_same_chain(store, node)
            journal = store.journal(BOT)
            sender = Sender(node, key, send_policy(config), journal, private=private_route(config, key))
            yield _Office(desk, sender, key.address)
        finally:
            store.close()
    finally:
        node.close()


def _settled(office: _Office, order: Order, tell: Callable[[str], None]) -> list[Receipt]:
    """Looks after what earlier runs signed; returns the receipts of this very order, if a run of it was killed.

    Only orders that add up are done by that. For the others the chain's state says what is left to do.

    Raises:
        OfficerError: If that was refused by the chain.
    """
    assert office.sender is not None
    found = []
    for settled in office.sender.settle():
        transaction, receipt = settled.transaction, settled.receipt
        if transaction.status is not Status.OPEN or receipt is None:
            continue
        mine = transaction.key.startswith(order.prefix)
        what = "this command" if mine else transaction.key.partition(":")[0]
        tell(f"an earlier run of {what} was settled: {receipt.tx_hash} in block {receipt.block}")
        if not mine or transaction.key.endswith(_AGAIN):
            continue  # The chain's state says what is left to do.
        if settled.status is Status.REVERTED:
            raise OfficerError(receipt.tx_hash, f"was refused: {receipt.reason}", "look at it, and decide anew")
        if settled.status in (Status.MINED, Status.FINAL):
            found.append(receipt)
    office.desk.block = office.desk.node.latest()
    return found


# -- Rights


def _planned(desk: Desk, step: Step, sender: str) -> Planned:
    function = _fragment(step)
    data = function.encode(*step.args)
    if step.signature in _OF_EVERYBODY or step.contract == "AccessManager":
        return Planned(step, "send", step.to, data)
    target = _ruled_as(desk, step.contract, step.to)
    role = desk.access.role_of(target, function.selector)
    immediate, delay = desk.access.may(sender, target, function.selector)
    if immediate or _is_agent(desk, step, sender):
        return Planned(step, "send", step.to, data, role)
    if not delay or target != step.to:
        how = f"holds {role} with a delay" if delay else f"has not the role {role}"
        remedy = f"send it as who holds {role}, or have ADMIN grant it"
        raise OfficerError(f"{step.function} of {step.contract}", f"{sender} {how}", remedy)
    ready = desk.access.ready(sender, step.to, data)
    manager = desk.access.manager
    if not ready:
        return Planned(step, "schedule", manager, SCHEDULE.encode(step.to, data, 0), role, 0, delay)
    if ready > desk.block.timestamp:
        return Planned(step, "wait", manager, b"", role, ready, delay)
    return Planned(step, "execute", manager, EXECUTE.encode(step.to, data), role, ready, delay)


def _fragment(step: Step) -> Fragment:
    if step.contract == "AccessManager":
        return CANCEL
    entries = (abi.parse(entry) for entry in abi.load(step.contract) if entry["type"] == "function")
    return next(fragment for fragment in entries if fragment.signature == step.signature)


def _ruled_as(desk: Desk, contract: Contract, address: str) -> str:
    """Contract whose functions the roles name: tokens obey their factory's, a factory's registries the shared one's."""
    if contract == "ComplianceAwareToken":
        return desk.deployment.address(FACTORY)
    return desk.deployment.address(REGISTRY) if contract == "IdentityRegistry" else address


def _is_agent(desk: Desk, step: Step, sender: str) -> bool:
    if step.contract == "IdentityRegistry" and step.signature not in _OF_AGENTS:
        return False
    if step.contract not in ("IdentityRegistry", "ComplianceAwareToken"):
        return False
    return bool(desk.node.call(step.to, abi.function(step.contract, "isAgent"), sender))


# -- Rehearsing and sending


def _rehearse(desk: Desk, planned: Sequence[Planned], sender: str) -> None:
    """Runs the calls one after the other without sending them; a node that cannot do that runs the first one.

    Raises:
        OfficerError: If one of them would revert.
    """
    calls = [{"from": sender, "to": one.to, "data": "0x" + one.data.hex()} for one in planned]
    simulated = None
    if len(calls) > 1:
        simulated = desk.node.offered("eth_simulateV1", [{"blockStateCalls": [{"calls": calls}]}, "latest"])
    if simulated is not None:
        for one, result in zip(planned, simulated[0]["calls"], strict=True):
            if int(result["status"], 16) != 1:
                fault = result.get("error", {})
                data = fault.get("data") or result.get("returnData") or "0x"
                raise _refused(one.step, Reverted(one.to, bytes.fromhex(data[2:]), str(fault.get("message", ""))))
    elif calls:
        try:
            desk.node.rpc("eth_call", [calls[0], "latest"])
        except Reverted as error:
            raise _refused(planned[0].step, error) from None


def _send(sender: Sender, order: Order, outcome: Outcome) -> None:
    """Sends the calls in their order; a second run goes on where this one stopped.

    Raises:
        OfficerError: If one is refused, or was sent before and must not be sent twice.
    """
    for one in outcome.planned:
        if one.mode == "wait":
            continue
        # An action that changes nothing the second time may be repeated later; any other needs a reference.
        moment_ = "" if outcome.action.adds_up else f":{time.time_ns()}{_AGAIN}"
        tail = f"{one.mode}-{one.step.function}{moment_}"
        try:
            receipt = sender.send(order.prefix + tail, one.to, one.data)
        except AlreadyOpen as error:
            remedy = "give --reference and a word if it is to be done once more"
            raise OfficerError(one.step.title, f"was sent before ({error.reason})", remedy) from None
        except Reverted as error:
            raise _refused(one.step, error) from None
        if not receipt.ok:
            reason = f"was refused in {receipt.tx_hash}: {receipt.reason}"
            raise OfficerError(one.step.title, reason, "look at it, and decide anew")
        outcome.receipts.append(receipt)
    modes = {one.mode for one in outcome.planned}
    outcome.state = "scheduled" if "schedule" in modes else "waits" if "wait" in modes else "sent"


def _refused(step: Step, error: Reverted) -> OfficerError:
    reason, remedy = _why(error)
    return OfficerError(step.title, reason, remedy)


def _why(error: Reverted) -> tuple[str, str]:
    """Reason and remedy of a revert, in words where an officer meets it often."""
    revert = error.revert
    known = {
        "IdentityRegistry__KeepsSharedLedger": (
            "anyone can hold its ledger, as claims, internal balances or shares",
            "give --shared-ledger if a hook or a wrapper keeps strangers out",
        ),
        "IdentityRegistry__Restricted": ("the wallet is frozen or sanctioned", "unfreeze it, or have it lifted, first"),
        "SanctionsList__WrongVersion": ("the list has changed meanwhile", "run it again"),
        "ComplianceAwareToken__NotTheSameInvestor": (
            "the new wallet is no management key of the ONCHAINID",
            "have the holder add it there first",
        ),
        "ComplianceAwareToken__WalletFrozen": ("the wallet is frozen for this token", "unfreeze it first"),
        "IdentityRegistry__TooManyWallets": ("the person has the maximum number of wallets", "delete one first"),
        "AccessManagerUnauthorizedCancel": (
            "the sender may not cancel it",
            "send it as who scheduled it, or as a guardian of its role",
        ),
    }
    if revert.name == "AutomatedComplianceEngine__Refused":
        _, account, reason = revert.args
        return f"{to_checksum_address(account)} is refused: {words(Reason(reason))}", "see `quantera compliance check`"
    return known.get(revert.name, (f"the chain refuses it: {revert.text}", "correct it"))


# -- Words


def _effect(effect: Effect) -> str:
    held = effect.holding.token.amount(effect.holding.party.balance)
    who = party_line("", effect.holding.party).strip()
    return f"{who}, holds {held}; {words(effect.finding.reason)}: {effect.finding.text}"


def _effect_json(effect: Effect) -> dict[str, Any]:
    token, party = effect.holding.token, effect.holding.party
    return {
        "becomes": effect.becomes,
        "token": token.address,
        "symbol": token.symbol,
        "wallet": party.address,
        "country": party.country,
        "holds": token.amount(party.balance).removesuffix(f" {token.symbol}").replace(",", ""),
        "reason": words(effect.finding.reason),
        "text": effect.finding.text,
    }
