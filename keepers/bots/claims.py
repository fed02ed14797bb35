"""Refreshes identities whose claims no longer give what the registry still counts: an issuer revoked one, or left."""

from __future__ import annotations

from collections.abc import Sequence

from eth_utils.address import to_checksum_address

from keepers.bots.context import Office
from keepers.bots.desk import RETRY_SECONDS
from keepers.bots.names import refresh_prefix, registry_key, wallet_prefix
from keepers.bots.triggers import OnBlock, OnEvents, Trigger
from keepers.chain import abi
from keepers.chain.errors import Reverted
from keepers.chain.identities import CLAIM_REVOKED, KEY_REMOVED, IdentityReader, Wallet
from keepers.chain.logs import Event
from keepers.chain.node import Block
from keepers.compliance.claims import Topic, Verdict, counts, lost
from keepers.store import Decision

LIAR_REST_SECONDS = 86_400
"""For which a wallet rests whose refresh changed nothing: its ONCHAINID, which its holder controls, answers otherwise
when it is asked than when it is called, and each time costs the keeper a transaction. A revocation ends the rest."""
_PAGE = 500
"""Wallets that are read at once."""
_MINUTE = 60


class ClaimsBot:
    """Refreshes wallets that have fewer claims than stands.

    It looks at every wallet when an issuer revokes a claim or removes a key, when topics or issuers change, when it
    starts, and every so many minutes.

    It never refreshes to give more: that is the holder's own business, and paid by whoever wants it.
    """

    def __init__(self, office: Office) -> None:
        self.name = office.bot
        self._office = office
        self._start = office.node.latest().number
        self._topics: dict[str, tuple[Topic, ...]] | None = None
        self._readers: dict[str, IdentityReader] = {}
        self._suspects: set[str] = set()
        self._next_at = 0

    @property
    def triggers(self) -> Sequence[Trigger]:
        """Each registry's wallets are followed from the beginning, whenever the registry was found."""
        deployment = self._office.deployment
        factory = deployment.address("TokenFactory")
        return (
            OnEvents("registries", _REGISTRY_CREATED, (factory,), self._found, deployment.block),
            *(
                OnEvents(f"wallets of {registry}", _VERIFIED, (registry,), self._verified, deployment.block)
                for registry in self._registries()
            ),
            # Of any contract: whom a registry trusts may have changed in the same block. What came before is found by
            # the look with which the bot starts.
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
            office = self._office
            made = [key.removeprefix(registry_key("")) for key in office.store.keys(self.name, registry_key(""))]
            for address in (office.deployment.address("IdentityRegistry"), *made):
                self._readers[address] = IdentityReader(office.node, address)
        return self._readers

    def _found(self, events: Sequence[Event], block: Block) -> None:
        made = [(registry_key(to_checksum_address(event.args["registry"])), event) for event in events]
        self._watch(made, block, "made by the factory")
        self._readers.clear()

    def _verified(self, events: Sequence[Event], block: Block) -> None:
        seen = [
            (wallet_prefix(to_checksum_address(event.address)) + to_checksum_address(event.args["account"]), event)
            for event in events
        ]
        self._watch(seen, block, "registered")

    def _watch(self, found: list[tuple[str, Event]], block: Block, reason: str) -> None:
        office = self._office
        made = [
            Decision(self.name, key, event.block_number, "watched", reason, None, block.timestamp, office.trace)
            for key, event in found
        ]
        fresh = office.store.decide_all(made)
        office.log.info("watches", more=fresh, block=block.number)

    def _suspect(self, events: Sequence[Event], _block: Block) -> None:
        self._suspects |= {event.address.lower() for event in events}

    # -- Looking

    def look(self, block: Block) -> None:
        """Once a block: whether anything calls for a look at all wallets."""
        topics = {address: reader.topics(block) for address, reader in self._registries().items()}
        trusted = {issuer for known in topics.values() for topic in known for issuer in topic.issuers}
        urgent = topics != self._topics or bool(self._suspects & trusted)
        if urgent or block.timestamp >= self._next_at:
            for address, known in topics.items():
                self._look_through(self._readers[address], known, block, urgent)
            self._next_at = block.timestamp + int(self._office.config.claims.look_minutes * _MINUTE)
        self._topics, self._suspects = topics, set()

    def _look_through(self, reader: IdentityReader, topics: Sequence[Topic], block: Block, urgent: bool) -> None:
        prefix = wallet_prefix(reader.registry)
        known = [key.removeprefix(prefix) for key in self._office.store.keys(self.name, prefix)]
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
                    self._refresh(reader, wallet, "; ".join(why), block, urgent)

    def _refresh(self, reader: IdentityReader, wallet: Wallet, why: str, block: Block, urgent: bool) -> None:
        office, prefix = self._office, refresh_prefix(reader.registry, wallet.address)
        last = office.store.last(self.name, prefix)
        if last is not None and not urgent and block.timestamp < last.created + _rest(last):
            return
        # The refreshes of a wallet are counted: each is decided once, and none stands in the way of the next.
        number = 0 if last is None else int(last.key.removeprefix(prefix)) + last.final
        key, data = f"{prefix}{number}", _REFRESH.encode(wallet.address)
        try:
            receipt = office.sender.send(key, reader.registry, data, block.number, office.trace)
        except Reverted as error:
            office.decide(key, block, "refused", error.revert.text)
            return
        if not receipt.ok:
            office.conclude(key, receipt, block, why)
            return
        (after,) = reader.wallets([wallet.address], office.node.latest())
        stands = after.identity
        becomes = Verdict(
            stands.investor_class, stands.kyc_expiry, stands.aml_expiry, stands.accreditation_expiry, stands.topics
        )
        if lost(wallet.identity, becomes, ()):
            office.decide(key, block, "done", why, receipt)
        else:
            reason = f"refreshed in vain, {wallet.onchain_id} answers otherwise when it is called: {why}"
            office.decide(key, block, "nothing", reason, receipt)


def _rest(last: Decision) -> int:
    """Seconds until a wallet may be refreshed again, if nothing calls for it."""
    if last.outcome == "nothing":
        return LIAR_REST_SECONDS
    return 0 if last.final else RETRY_SECONDS


_REGISTRY_CREATED = abi.event("TokenFactory", "RegistryCreated")
_VERIFIED = abi.event("IdentityRegistry", "IdentityVerified")
_REFRESH = abi.function("IdentityRegistry", "refresh")
