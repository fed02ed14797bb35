"""Claims of verifications on chain: sent where the bot's key may, awaited where the holder has to, and counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keepers import abi
from keepers.bots.names import claim_key, kyc_refresh_key
from keepers.compliance.claims import Topic, Verdict
from keepers.compliance.kyc.claims import Claim
from keepers.compliance.kyc.moments import shown
from keepers.compliance.kyc.verification import (
    Verification,
    VerificationMove,
    VerificationState,
    step,
)
from keepers.compliance.movement import Identity
from keepers.contracts.identities import IdentityReader
from keepers.contracts.onchain_ids import OnchainIds
from keepers.rpc.errors import ChainError, OutOfGas, Reverted
from keepers.runtime.invocation import Invocation
from keepers.runtime.services import BotServices
from keepers.store import verifications as stored
from keepers.store.verifications import DESK, VerificationEvent

_MINUTE = 60
_AT_ONCE = 50
_MOST_GAS = 2_000_000
"""Gas that adding a claim may take: ten times what ONCHAINID needs. The contract is its holder's, and could burn it."""


class ClaimDesk:
    """Brings signed claims on chain, once each, and says when they are there for good.

    Args:
        services: Services of the bot.
        ids: Reader of ONCHAINIDs, with the issuer.
    """

    def __init__(self, services: BotServices, ids: OnchainIds) -> None:
        self._services = services
        self._ids = ids
        self._registry = services.deployment.address("IdentityRegistry")

    def work(self, invocation: Invocation, now: int) -> None:
        """Looks at every signed verification whose time has come."""
        found = stored.due(self._services.store, (VerificationState.SIGNED,), now, _AT_ONCE)
        for one in found:
            try:
                self._serve(one, invocation, now)
            except stored.Overtaken as error:
                self._services.log.info("overtaken", number=one.id, reason=str(error))

    def _serve(self, one: Verification, invocation: Invocation, now: int) -> None:
        services = self._services
        if one.expires <= now:
            self._end(one, VerificationMove.LAPSE, "nobody added the claims before they lapsed", now)
            return
        block = invocation.block = services.node.latest()
        claims = stored.claims_of(services.store, one.id)
        settled = max(0, block.number - services.config.finality_blocks)
        if all(self._ids.there(one.onchain_id, claims, settled)):
            self._refresh(one, invocation)
            self._confirm(one, now)
            return
        there = self._ids.there(one.onchain_id, claims, block.number)
        missing = [claim for claim, found in zip(claims, there, strict=True) if not found]
        if missing and not self._ids.may_add(one.onchain_id, services.sender.address):
            reason = f"the holder has to add the claims: quantera compliance kyc claims {one.id}"
            later = replace(one, next_try=now + int(services.config.kyc.look_minutes * _MINUTE))
            self._note(one, replace(later, reason=reason), now)
            return
        for claim in missing:
            self._add(one, claim, invocation)

    # -- Adding

    def _add(self, one: Verification, claim: Claim, invocation: Invocation) -> None:
        services, data = self._services, self._ids.add(claim)
        key = claim_key(one.id, claim.topic)
        if services.rests(key, invocation.block):
            return
        reason = f"claim of topic {claim.topic} of verification {one.id}, until {shown(claim.expires)}"
        try:
            self._require_cheap(one.onchain_id, data)
            receipt = services.send(invocation, key, one.onchain_id, data)
        except (Reverted, OutOfGas, TooMuchGas) as error:
            services.decide(invocation, key, "refused", f"{reason}: {error.reason}")
            return
        services.conclude(invocation, key, receipt, reason)

    def _require_cheap(self, identity: str, data: bytes) -> None:
        message = {"from": self._services.sender.address, "to": identity, "data": f"0x{data.hex()}"}
        gas = int(self._services.node.rpc("eth_estimateGas", [message]), 16)
        if gas > _MOST_GAS:
            reason = f"adding a claim costs {gas} gas, above {_MOST_GAS}"
            raise TooMuchGas(identity, reason, "have the holder add it")

    # -- Counting

    def _refresh(self, one: Verification, invocation: Invocation) -> None:
        """Has the shared registry count the new claims for every wallet of the person that they give more."""
        services, block = self._services, invocation.block
        wallets = services.node.call(self._registry, _WALLETS_OF, one.onchain_id)
        reader = IdentityReader(services.node, self._registry)
        topics = reader.topics(block)
        found = reader.verdicts({one.onchain_id.lower()}, topics, block)[one.onchain_id.lower()]
        for wallet in reader.wallets(list(wallets), block):
            key = kyc_refresh_key(one.id, wallet.address)
            if not _gains(wallet.identity, found, topics) or services.rests(key, block):
                continue
            try:
                receipt = services.send(invocation, key, self._registry, _REFRESH.encode(wallet.address))
            except Reverted as error:
                services.decide(invocation, key, "refused", error.revert.text)
                continue
            services.conclude(invocation, key, receipt, f"claims of verification {one.id} count")

    def _confirm(self, one: Verification, now: int) -> None:
        store = self._services.store
        earlier = [
            other
            for other in stored.listed(store, (VerificationState.CLAIMED,), one.person)
            if other.level == one.level and other.id < one.id
        ]
        for other in earlier:
            self._end(other, VerificationMove.REPLACE, f"renewed by verification {one.id}", now)
        self._end(one, VerificationMove.CONFIRM, f"the claims are on chain until {shown(one.expires)}", now)

    # -- Writing

    def _end(self, one: Verification, move: VerificationMove, reason: str, now: int) -> None:
        after = step(one, move, reason)
        stored.move(self._services.store, one, after, VerificationEvent(now, DESK, move.value, reason))
        told(self._services.log, after)

    def _note(self, one: Verification, after: Verification, now: int) -> None:
        """Writes down what it waits for; the reason is told once."""
        after = replace(after, moves=one.moves + 1)
        event = VerificationEvent(now, DESK, "waits", after.reason) if after.reason != one.reason else None
        stored.move(self._services.store, one, after, event)
        if event is not None:
            told(self._services.log, after)


class TooMuchGas(ChainError):
    """A holder's contract that would take too much gas."""


def told(log: Any, one: Verification) -> None:
    """Says in one line how a verification stands; numbers, states and reasons name nobody."""
    log.info("verification", number=one.id, level=one.level, state=one.state.value, reason=one.reason)


def _gains(stands: Identity, found: Verdict, topics: tuple[Topic, ...]) -> bool:
    """True if claims give more than a registry counts: a class, a topic, or a later time."""
    if not topics or not found.investor_class:
        return False
    more = found.topics & ~stands.topics or found.investor_class > stands.investor_class
    return bool(more) or found.kyc_expiry > stands.kyc_expiry or found.aml_expiry > stands.aml_expiry


_WALLETS_OF = abi.function("IdentityRegistry", "walletsOf")
_REFRESH = abi.function("IdentityRegistry", "refresh")
