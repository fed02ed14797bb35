"""Verifies persons at identity providers, once each, and renews them before their claims lapse."""

from __future__ import annotations

import secrets
import time
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from keepers.bots.kyc_claims import ClaimDesk, told
from keepers.bots.kyc_register import register_of
from keepers.compliance.evidence.errors import Erased
from keepers.compliance.kyc import verification as pure
from keepers.compliance.kyc.checks import CheckRequest, CheckResult, IdentityProvider
from keepers.compliance.kyc.claims import claim_message, claim_of
from keepers.compliance.kyc.errors import CheckNotKnown, KycError, ProviderDown, ProviderRefused
from keepers.compliance.kyc.moments import DAY, shown
from keepers.compliance.kyc.names import applicant_of
from keepers.compliance.kyc.settings import Level
from keepers.compliance.kyc.verification import Verification, VerificationMove, VerificationState
from keepers.compliance.kyc.webhooks import JUMIO, jumio_place
from keepers.contracts.onchain_ids import OnchainIds
from keepers.documents.folder import DocumentFolder
from keepers.documents.setup import open_folder
from keepers.errors import KeeperError
from keepers.providers.opened import open_providers, webhook_secrets
from keepers.rpc.node import Block
from keepers.runtime.invocation import Invocation
from keepers.runtime.services import BotServices
from keepers.runtime.triggers import OnChange, Trigger
from keepers.signers.keyring import open_key
from keepers.store import StoreError
from keepers.store import verifications as stored
from keepers.store.verifications import DESK, Delivery, VerificationEvent

if TYPE_CHECKING:
    from keepers.compliance.cases.people import Row

RESULT = "kyc-result"
"""Kind of a provider's answer among a person's evidence."""

_State, _Move = VerificationState, VerificationMove
_ACTING = (_State.ASKED, _State.STARTING, _State.PENDING, _State.REVIEW, _State.APPROVED)
_MINUTE = 60
_AT_ONCE, _LOOK_SECONDS = 20, 60.0
"""Verifications of one look, and time after which it begins with no other: a bot may not be silent for long."""
_DELIVERIES = 200
_ORPHAN_SECONDS = 3600
"""Time for which a webhook waits for its verification: it may come before the provider's answer was written down."""
_WARN_DAYS = 7
_REFERENCE_BYTES = 16


class KycBot:
    """Asks providers when an officer, a webhook or a date says so, and signs the claims of those who passed.

    A provider's answer decides, and nothing else: a webhook only has the provider asked sooner. Each step is written
    onto the state that it was made for, and a check is noted before the provider is asked for it.
    """

    def __init__(self, services: BotServices) -> None:
        config = services.config
        key, evidence = config.keys.claim_issuer, config.desk.evidence
        if not config.kyc.enabled or key is None or evidence is None or config.desk.people is None:
            raise KycError("kyc.enabled", "is false, and the bot has nothing to do", "set it, and what it asks for")
        self.name = services.bot
        self._services = services
        self._settings = config.kyc
        self._people = config.at(config.desk.people)
        self._providers = open_providers(config)
        self._secrets = webhook_secrets(config)
        self._signer = open_key(config, key)
        self._folder: DocumentFolder | None = None
        if not services.sender.rehearses:
            self._folder = open_folder(config, config.at(evidence))
        self._ids = OnchainIds(services.node, config.kyc.issuer)
        self._claims = ClaimDesk(services, self._ids)
        self._rests: dict[str, float] = {}
        self.triggers: Sequence[Trigger] = (OnChange("verifications", self._state, self.look),)

    def forget(self) -> None:
        """Keeps nothing that a reorganisation could change."""

    def _state(self, block: Block) -> Hashable:
        """Changes with webhooks, officers' orders, times that have come, and blocks while claims are on the way."""
        now = time.time()
        pulse = stored.pulse(self._services.store, _ACTING, int(now))
        slot = int(now // (self._settings.look_minutes * _MINUTE))
        return pulse, slot, self._resting(now), block.number if pulse.signed else 0

    def look(self, invocation: Invocation) -> None:
        """Hears webhooks, asks providers, brings claims on chain, begins anew what is about to lapse, warns."""
        now, until = int(time.time()), time.monotonic() + _LOOK_SECONDS
        self._hear(now)
        for one in stored.due(self._services.store, _ACTING, now, _AT_ONCE, self._resting(now)):
            if one.provider not in self._resting(now) and time.monotonic() < until:
                self._advance(one, now)
        self._claims.work(invocation, now)
        self._renew(now)
        self._warn(now)

    # -- Webhooks

    def _hear(self, now: int) -> None:
        store = self._services.store
        for delivery in stored.undelivered(store, now - _ORPHAN_SECONDS, _DELIVERIES):
            self._tell(delivery, stored.about(store, delivery.hint), now)

    def _tell(self, delivery: Delivery, one: Verification | None, now: int) -> None:
        store, words = self._services.store, f"{delivery.hint.event or 'webhook'} (number {delivery.id})"
        event = VerificationEvent(now, DESK, "webhook", words)
        waits = one is not None and one.state in (_State.PENDING, _State.REVIEW)
        after = pure.wake(one, now) if one is not None and waits else None
        try:
            if stored.settle(store, delivery, one, after, event):
                about = "none" if one is None else one.id
                self._services.log.info("webhook", provider=delivery.hint.provider, number=about)
        except stored.Overtaken as error:
            self._services.log.info("overtaken", reason=str(error))

    # -- Asking

    def _advance(self, one: Verification, now: int) -> None:
        """Takes one step; whatever goes wrong with one verification keeps no other from its own."""
        if self._services.sender.rehearses:
            self._services.log.info("would look at", number=one.id, state=one.state.value, provider=one.provider)
            return
        try:
            self._tried(one, now)
        except stored.Overtaken as error:
            self._services.log.info("overtaken", number=one.id, reason=str(error))

    def _tried(self, one: Verification, now: int) -> None:
        try:
            self._step(one, now)
        except StoreError:
            raise
        except ProviderDown as error:
            self._rest(one, error, now)
        except CheckNotKnown as error:
            self._unknown(one, str(error), now)
        except (ProviderRefused, Erased) as error:
            self._end(self._fresh(one), _Move.FAIL, str(error), now)
        except KeeperError as error:
            self._wait(one, str(error), now)
        except Exception as error:
            # The text of a library's error may be about a person; its kind is not.
            self._services.log.error("stuck", number=one.id, kind=type(error).__name__)
            self._wait(one, f"could not be processed ({type(error).__name__}); report it", now)

    def _step(self, one: Verification, now: int) -> None:
        level = self._settings.level(one.level)
        if level is None:
            raise KycError(f"level {one.level}", "is not in kyc.levels any more", "put it back, or withdraw")
        if one.state in (_State.ASKED, _State.STARTING):
            self._begin(one, now)
        elif one.state is _State.APPROVED:
            self._sign(one, level, now)
        else:
            self._ask(one, level, now)

    def _begin(self, one: Verification, now: int) -> None:
        """Notes that a check is being begun, looks if it was begun before a kill, and has the provider begin it."""
        request, again = self._request(one), one.state is _State.STARTING
        provider = self._provider(one)
        begun = pure.begin(one, now)
        stored.move(self._services.store, one, begun)
        found = provider.find(request) if again else None
        after = pure.accept(begun, found or provider.start(request), int(time.time()), request.link_days)
        self._write(begun, after, _Move.ACCEPT.value, now)

    def _ask(self, one: Verification, level: Level, now: int) -> None:
        """Asks the provider how the check stands, keeps the answer as evidence, and goes on from there."""
        result = self._provider(one).result(one.expected)
        subjects = [row.subject for row in self._rows(one.person)]
        found = pure.judge(one, result, level, subjects, int(time.time()))
        move = found.move
        if move is None or (move is _Move.REVIEW and one.state is _State.REVIEW):
            stored.move(self._services.store, one, pure.look_later(one, found.reason, now))
            return
        after = pure.step(one, move, found.reason)
        if result.content:
            kept = self._keep(one, result, now)
            after = replace(after, evidence=kept, completed=result.completed, expires=found.expires)
        if move is _Move.REVIEW:
            after = replace(after, next_try=now + pure.SLOWEST_POLL)
        self._write(one, after, move.value, now)

    def _sign(self, one: Verification, level: Level, now: int) -> None:
        """Signs the claims of a verification that was passed."""
        signer = self._signer.address
        if not self._ids.signs(signer):
            reason = f"does not know {signer} as a key that signs claims"
            remedy = "have its management key call addKey(keccak256(abi.encode(key)), 3, 1)"
            raise KycError(f"issuer {self._ids.issuer}", reason, remedy)
        if one.expires <= now:
            self._end(one, _Move.FAIL, "its claims would have lapsed; ask for a new one", now)
            return
        claims = []
        for wanted in level.topics:
            claim = claim_of(wanted.topic, one.expires, one.evidence)
            message = claim_message(one.onchain_id, claim)
            claims.append(replace(claim, signature=self._signer.sign_message(message)))
        after = pure.step(one, _Move.SIGN, f"{len(claims)} claims until {shown(one.expires)} are signed")
        event = VerificationEvent(now, DESK, _Move.SIGN.value, after.reason)
        stored.move(self._services.store, one, after, event, claims)
        told(self._services.log, after)

    def _request(self, one: Verification) -> CheckRequest:
        place = self._settings.webhooks.public_url if self._settings.webhooks else ""
        callback = ""
        if one.provider == JUMIO and place and self._secrets.jumio is not None:
            callback = f"{place}/{JUMIO}/{jumio_place(one.reference, self._secrets.jumio)}"
        applicant = applicant_of(self._rows(one.person)[0].subject)
        return CheckRequest(one.reference, one.workflow, applicant, callback, self._settings.link_days, one.asked)

    def _provider(self, one: Verification) -> IdentityProvider:
        if one.provider not in self._providers:
            raise KycError(f"provider {one.provider}", "has no settings any more", f"put kyc.{one.provider} back")
        return self._providers[one.provider]

    def _rows(self, person: str) -> list[Row]:
        rows = register_of(self._people).get(person, [])
        if not rows:
            raise KycError(f"person {person}", f"is not in {self._people.name}", "put the person back, or withdraw")
        return rows

    def _keep(self, one: Verification, result: CheckResult, now: int) -> str:
        """Puts an answer among the person's evidence, once, and returns its address."""
        assert self._folder is not None  # a rehearsal asks nobody
        name = f"{RESULT}-{one.reference}.json"
        there = self._folder.find(one.person, RESULT, name, result.content)
        return there or self._folder.put(one.person, RESULT, name, result.content, DESK, now)

    # -- Waiting and ending

    def _rest(self, one: Verification, error: ProviderDown, now: int) -> None:
        """Lets a provider rest that is down; its verifications wait as they are."""
        reason = str(error)
        after = self._wait(one, reason, now, error.seconds)
        until = after.next_try if after is not None else now + pure.FIRST_REST
        self._rests[one.provider] = until
        self._services.log.warning("provider down", provider=one.provider, reason=reason, rests_seconds=until - now)

    def _unknown(self, one: Verification, reason: str, now: int) -> None:
        """Fails a check that a provider has never heard of; one that it has just begun may not be there yet."""
        fresh = self._fresh(one)
        later = pure.look_for(fresh, reason, now) if fresh.state in (_State.PENDING, _State.REVIEW) else None
        if later is not None:
            stored.move(self._services.store, fresh, later)
        else:
            self._end(fresh, _Move.FAIL, reason, now)

    def _wait(self, one: Verification, reason: str, now: int, seconds: float | None = None) -> Verification | None:
        fresh = self._fresh(one)
        if not fresh.is_open:
            return None
        after = pure.wait(fresh, reason, now, seconds)
        event = VerificationEvent(now, DESK, "waits", reason) if reason != fresh.reason else None
        stored.move(self._services.store, fresh, after, event)
        if event is not None:
            told(self._services.log, after)
        return after

    def _fresh(self, one: Verification) -> Verification:
        """The verification as it is now: a step may have been taken before the fault."""
        (found,) = stored.by_id(self._services.store, [one.id])
        return found

    def _end(self, one: Verification, move: VerificationMove, reason: str, now: int) -> None:
        if one.is_open:
            self._write(one, pure.step(one, move, reason), move.value, now)

    def _write(self, one: Verification, after: Verification, kind: str, now: int) -> None:
        stored.move(self._services.store, one, after, VerificationEvent(now, DESK, kind, after.reason))
        told(self._services.log, after)

    def _resting(self, now: float) -> tuple[str, ...]:
        return tuple(sorted(name for name, until in self._rests.items() if until > now))

    # -- Renewing

    def _renew(self, now: int) -> None:
        """Begins anew what is about to lapse: once, for the queue holds one open verification of a person and level."""
        store, days = self._services.store, self._settings.reverify_days
        for one in stored.lapsing(store, now + days * DAY):
            level = self._settings.level(one.level)
            if level is None or stored.newest_of(store, one.person, one.level) != one:
                continue
            if not pure.renews(one, now, days) or one.expires <= now:
                continue
            anew = Verification(
                id=0,
                reference=secrets.token_hex(_REFERENCE_BYTES),
                person=one.person,
                level=one.level,
                provider=level.provider,
                workflow=level.workflow,
                onchain_id=one.onchain_id,
                asked_by=DESK,
                asked=now,
                reason=f"renews verification {one.id}, whose claims lapse at {shown(one.expires)}",
                follows=one.id,
            )
            (made,) = stored.ask(store, [anew], anew.reason)
            told(self._services.log, made)

    def _warn(self, now: int) -> None:
        """Says with every look which claims lapse although they were to be renewed, and ends those that did."""
        for one in stored.lapsing(self._services.store, now + _WARN_DAYS * DAY):
            if one.expires <= now:
                self._lapse(one, now)
                continue
            reason = f"lapse at {shown(one.expires)}, and nothing renews them: quantera compliance kyc ask"
            self._services.log.warning("claims lapse", number=one.id, reason=reason)

    def _lapse(self, one: Verification, now: int) -> None:
        after = pure.step(one, _Move.LAPSE, "the claims lapsed")
        self._write(one, after, _Move.LAPSE.value, now)
