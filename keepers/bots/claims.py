"""Refreshes identities whose claims no longer give what the registry still counts: an issuer revoked one, or left."""

from __future__ import annotations

from collections.abc import Sequence

from eth_utils.address import to_checksum_address

from keepers import abi
from keepers.bots.names import (
    REGISTRIES,
    refresh_key,
    refresh_number,
    refresh_prefix,
    registry_key,
    registry_of,
    wallet_key,
    wallet_of,
    wallet_prefix,
)
from keepers.compliance.claims import Topic, Verdict, counts, lost
from keepers.contracts.identities import CLAIM_REVOKED, KEY_REMOVED, IdentityReader, Wallet
from keepers.rpc.errors import Reverted
from keepers.rpc.events import Event
from keepers.rpc.node import Block
from keepers.runtime.decision_log import RETRY_SECONDS
from keepers.runtime.invocation import Invocation
from keepers.runtime.services import BotServices
from keepers.runtime.triggers import OnBlock, OnEvents, Trigger
from keepers.store import Decision

LIAR_REST_SECONDS = 86_400
"""Time for which a wallet rests whose refresh changed nothing: its ONCHAINID, which its holder controls, answers
otherwise when it is asked than when it is called, and each time costs the keeper a transaction. A revocation
ends the rest."""
_PAGE = 500
"""Wallets that are read at once."""
_MINUTE = 60


class ClaimsBot:
    """Refreshes wallets that have fewer claims than stands.

    It looks at every wallet when an issuer revokes a claim or removes a key, when topics or issuers change, when it
    starts, and every so many minutes; and at a wallet when it first hears of it.

    It never refreshes to give more: that is the holder's own business, and paid by whoever wants it.
    """

    def __init__(self, services: BotServices) -> None:
        self.name = services.bot
        self._services = services
        self._start = services.node.latest().number
        self._topics: dict[str, tuple[Topic, ...]] | None = None
        self._readers: dict[str, IdentityReader] = {}
        self._suspects: set[str] = set()
        self._heard: set[tuple[str, str]] = set()
        self._since: int | None = None
        self._next_at = 0

    @property
    def triggers(self) -> Sequence[Trigger]:
        """Each registry's wallets are followed from the beginning, whenever the registry was found."""
        deployment = self._services.deployment
        factory = deployment.address("TokenFactory")
        return (
            OnEvents("registries", _REGISTRY_CREATED, (factory,), self._found, deployment.block),
            *(
                OnEvents(f"wallets of {registry}", _VERIFIED, (registry,), self._verified, deployment.block)
                for registry in self._registries()
            ),
            # Those of any contract count: whom a registry trusts may have changed in the same block. The look by which
            # the bot starts finds earlier ones.
            OnEvents("revocations", CLAIM_REVOKED, (), self._suspect, self._start),
            OnEvents("removed keys", KEY_REMOVED, (), self._suspect, self._start),
            OnBlock("look", self.look),
        )

    def forget(self) -> None:
        """Looks at everything with the next block."""
        self._topics = None
        self._readers.clear()

    # -- What to look at

    def _registries(self) -> dict[str, IdentityReader]:
        """The shared one and those that the factory made."""
        if not self._readers:
            services = self._services
            made = [registry_of(key) for key in services.store.keys(self.name, REGISTRIES)]
            for address in (services.deployment.address("IdentityRegistry"), *made):
                self._readers[address] = IdentityReader(services.node, address)
        return self._readers

    def _found(self, events: Sequence[Event], invocation: Invocation) -> None:
        made = [(registry_key(to_checksum_address(event.args["registry"])), event) for event in events]
        self._watch(made, invocation, "made by the factory")
        self._readers.clear()

    def _verified(self, events: Sequence[Event], invocation: Invocation) -> None:
        wallets = [(to_checksum_address(event.address), to_checksum_address(event.args["account"])) for event in events]
        keys = [wallet_key(registry, account) for registry, account in wallets]
        self._watch(list(zip(keys, events, strict=True)), invocation, "registered")
        self._heard.update(wallets)

    def _watch(self, found: list[tuple[str, Event]], invocation: Invocation, reason: str) -> None:
        services, block, trace = self._services, invocation.block, invocation.trace
        made = [
            Decision(self.name, key, event.block_number, "watched", reason, None, block.timestamp, trace)
            for key, event in found
        ]
        fresh = services.store.decide_all(made)
        services.log.info("watches", more=fresh, block=block.number)

    def _suspect(self, events: Sequence[Event], _invocation: Invocation) -> None:
        self._suspects |= {event.address.lower() for event in events}

    # -- Looking

    def look(self, invocation: Invocation) -> None:
        """Once a block: whether anything calls for a look at all wallets."""
        # The newest, for a refresh may have been finished since the block that is being served.
        block = invocation.block = self._services.node.latest()
        topics = {address: reader.topics(block) for address, reader in self._registries().items()}
        trusted = {issuer for known in topics.values() for topic in known for issuer in topic.issuers}
        if topics != self._topics or self._suspects & trusted:
            # Until a look has gone through: what failed in the middle begins again.
            self._since = block.number if self._since is None else self._since
        self._topics, self._suspects = topics, set()
        everyone = self._since is not None or block.timestamp >= self._next_at
        for address, known in topics.items():
            wallets = self._wallets_of(address) if everyone else [who for where, who in self._heard if where == address]
            self._look_through(self._readers[address], known, wallets, invocation)
        self._heard.clear()
        if everyone:
            self._since = None
            self._next_at = block.timestamp + int(self._services.config.claims.look_minutes * _MINUTE)

    def _wallets_of(self, registry: str) -> list[str]:
        prefix = wallet_prefix(registry)
        return [wallet_of(key) for key in self._services.store.keys(self.name, prefix)]

    def _look_through(
        self, reader: IdentityReader, topics: Sequence[Topic], known: Sequence[str], invocation: Invocation
    ) -> None:
        block = invocation.block
        for start in range(0, len(known), _PAGE):
            wallets = [
                wallet
                for wallet in reader.wallets(known[start : start + _PAGE], block)
                if wallet.onchain_id and counts(wallet.identity, block.timestamp)
            ]
            found = reader.verdicts({str(wallet.onchain_id) for wallet in wallets}, topics, block)
            for wallet in wallets:
                why = lost(wallet.identity, found[str(wallet.onchain_id)], topics)
                if why:
                    self._refresh(reader, wallet, "; ".join(why), invocation)

    def _refresh(self, reader: IdentityReader, wallet: Wallet, why: str, invocation: Invocation) -> None:
        services = self._services
        last = services.store.last(self.name, refresh_prefix(reader.registry, wallet.address))
        if last is not None and self._rests(last, invocation.block):
            return
        # The refreshes of a wallet are counted: each is decided once, and none stands in the way of the next.
        number = 0 if last is None else refresh_number(last.key) + last.final
        key = refresh_key(reader.registry, wallet.address, number)
        try:
            receipt = services.send(invocation, key, reader.registry, _REFRESH.encode(wallet.address))
        except Reverted as error:
            services.decide(invocation, key, "refused", error.revert.text)
            return
        if not receipt.ok:
            services.conclude(invocation, key, receipt, why)
            return
        (after,) = reader.wallets([wallet.address], services.node.latest())
        stands = after.identity
        becomes = Verdict(
            stands.investor_class, stands.kyc_expiry, stands.aml_expiry, stands.accreditation_expiry, stands.topics
        )
        if lost(wallet.identity, becomes, ()):
            services.decide(invocation, key, "done", why, receipt)
        else:
            reason = f"refreshed in vain, {wallet.onchain_id} answers otherwise when it is called: {why}"
            services.decide(invocation, key, "nothing", reason, receipt)

    def _rests(self, last: Decision, block: Block) -> bool:
        """Returns True if it is too early to refresh a wallet again: not if the cause came after the last refresh."""
        if last.block >= block.number:
            return True  # an endpoint that does not show yet what came of it
        if self._since is not None and last.block < self._since:
            return False
        rest = LIAR_REST_SECONDS if last.outcome == "nothing" else 0 if last.final else RETRY_SECONDS
        return block.timestamp < last.created + rest


_REGISTRY_CREATED = abi.event("TokenFactory", "RegistryCreated")
_VERIFIED = abi.event("IdentityRegistry", "IdentityVerified")
_REFRESH = abi.function("IdentityRegistry", "refresh")
