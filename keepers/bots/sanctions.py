"""Brings the chain's sanctions list to the accepted lists: adds at once, lifts after two officers and a delay."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence

from keepers import abi
from keepers.bots.list_plan import planned
from keepers.bots.names import sanctions_key
from keepers.compliance.lists.delta import Batch, Budget, Delta
from keepers.compliance.lists.lifts import Lift, LiftBatch, LiftState, next_batch, overtaken
from keepers.contracts.access import EXECUTE, SCHEDULE, Access
from keepers.contracts.sanctions import SANCTIONS, SanctionsReader
from keepers.errors import KeeperError, Waiting
from keepers.rpc.errors import OutOfGas, Reverted
from keepers.rpc.node import Block
from keepers.runtime.invocation import Invocation
from keepers.runtime.services import BotServices
from keepers.runtime.triggers import OnChange, Trigger
from keepers.store import lifts as asked
from keepers.store import lists as stored

_MINUTE, _HOUR = 60, 3600
_BLOCK_SHARE = 0.9
"""Share of a block's gas that a batch may take: whoever fills blocks leaves room for one transaction at least."""

_MOST_GAS = 13_900_000
"""Gas that a transaction may take: EIP-7825's 16,777,216, less the margin with which it is sent."""

_ANOTHER_STATE = (
    "SanctionsList__WrongVersion",
    "SanctionsList__AlreadyListed",
    "SanctionsList__NotListed",
    "AccessManagedUnauthorized",
)
"""Reverts that say nothing about an account: the list changed meanwhile, or the sender has no right."""


class TooMuchGas(KeeperError):
    """A batch that no block has room for."""


class SanctionsBot:
    """Compares whenever a list was accepted, an officer decided, or the chain's list changed; and every few minutes.

    The chain takes each of its versions once, and a batch is made for one version: sent twice it would revert.
    """

    def __init__(self, services: BotServices) -> None:
        self.name = services.bot
        self._services = services
        self._settings = services.config.sanctions
        self._address = services.deployment.address(SANCTIONS)
        self._access = Access(services.node, services.deployment.address("AccessManager"))
        self._version: tuple[str, int] = ("", 0)
        self.triggers: Sequence[Trigger] = (OnChange("lists", self._state, self.look),)

    def forget(self) -> None:
        """Reads the chain's version again."""
        self._version = ("", 0)

    def _state(self, block: Block) -> Hashable:
        """Changes with the lists, with the liftings, with the chain's list, and with time."""
        store = self._services.store
        if self._version[0] != block.hash:
            self._version = (block.hash, self._chain(block).version())
        lists = tuple(one.version for one in stored.newest(store))
        lifts = tuple((one.id, one.state) for one in asked.listed(store, asked.OPEN))
        slot = int(time.time() // (self._settings.look_minutes * _MINUTE))
        return lists, lifts, self._version[1], slot

    def look(self, invocation: Invocation) -> None:
        """Reads, warns, compares, adds, lifts, records."""
        services, now = self._services, int(time.time())
        block = invocation.block = services.node.latest()
        lists = stored.newest(services.store)
        if not lists:
            raise Waiting("lists", "none was accepted yet", "import one: quantera compliance lists import --help")
        for one in lists:
            if alarm := one.alarm(now):
                services.log.warning("stale list", list=one.list_id, reason=alarm)
        gas = min(self._settings.max_gas, int(self._block_gas() * _BLOCK_SHARE))
        chain = self._chain(block)
        plan = planned(services.store, chain, now, gas)
        if any([self._add(batch, invocation) for batch in plan.batches if batch.action == "sanction"]):
            return  # The chain's list has another version now, which liftings have to be made for.
        due = self._due(plan, now, block)
        sources = {one.list_id: one.source_hash for one in lists}
        most = Budget(gas=gas, registries=chain.registries()).most
        batch = next_batch(due, plan, sources, chain.version(), most)
        if batch is not None:
            self._lift(batch, invocation)

    # -- Adding

    def _add(self, batch: Batch, invocation: Invocation) -> bool:
        """Sends a batch; one account that the chain refuses does not keep the others out. True if anything was sent."""
        services = self._services
        block = invocation.block = services.node.latest()
        version, source = self._chain(block).version(), bytes.fromhex(batch.source)
        data = _SANCTION.encode(version, batch.accounts, source)
        key = sanctions_key("sanction", version, data)
        if services.decided(key):
            return True
        try:
            self._require_room(data)
            receipt = services.send(invocation, key, self._address, data)
        except (Reverted, OutOfGas, TooMuchGas) as error:
            if isinstance(error, Reverted) and error.revert.name in _ANOTHER_STATE:
                raise
            if len(batch.accounts) == 1:
                services.decide(invocation, key, "refused", f"{batch.accounts[0]}: {error.reason}")
                return False
            return any([self._add(half, invocation) for half in batch.halves()])
        services.conclude(invocation, key, receipt, f"{len(batch.accounts)} accounts of {batch.list_id}")
        return True

    def _require_room(self, data: bytes) -> None:
        """Refuses a call that costs more than a block has room for: a holder with many wallets costs more than planned.

        Raises:
            Reverted: If it reverts.
            TooMuchGas: If so.
        """
        most = min(_MOST_GAS, int(self._block_gas() * _BLOCK_SHARE))
        message = {"from": self._services.sender.address, "to": self._address, "data": f"0x{data.hex()}"}
        gas = int(self._services.node.rpc("eth_estimateGas", [message]), 16)
        if gas > most:
            raise TooMuchGas("batch", f"costs {gas} gas, and a block has room for {most}", "make it smaller")

    # -- Lifting

    def _due(self, plan: Delta, now: int, block: Block) -> list[Lift]:
        """Returns liftings that are to be carried out now; closes those that are done for good or were overtaken."""
        services = self._services
        found = asked.listed(services.store, asked.OPEN)
        done = asked.carried_out(services.store, found)
        final = [
            one for one in found if done.get(one.id, block.number) < block.number - services.config.finality_blocks
        ]
        waiting = [one for one in found if one.id not in done]
        gone = overtaken(waiting, plan)
        asked.move(services.store, final, LiftState.LIFTED)
        asked.move(services.store, gone, LiftState.OVERTAKEN)
        delay = int(self._settings.lift_delay_hours * _HOUR)
        return [one for one in waiting if one not in gone and one.is_due(now, delay)]

    def _lift(self, batch: LiftBatch, invocation: Invocation) -> None:
        """Lifts, or schedules that where the role has a delay, and executes it when the delay is over."""
        services, manager = self._services, self._access.manager
        data = _LIFT.encode(batch.version, batch.accounts, bytes.fromhex(batch.source))
        key = sanctions_key("lift", batch.version, data)
        if services.decided(key):
            return
        asked.assign(services.store, batch.lifts, batch.version, batch.source, key)
        reason = f"liftings {', '.join(str(one.id) for one in batch.lifts)} of {batch.list_id}"
        sender = services.sender.address
        immediate, delay = self._access.may(sender, self._address, _LIFT.selector)
        if immediate:
            receipt = services.send(invocation, key, self._address, data)
            services.conclude(invocation, key, receipt, reason)
            return
        if not delay:
            raise Waiting(reason, f"{sender} has not the role COMPLIANCE_OFFICER_DELAYED", "have ADMIN grant it")
        ready = self._access.ready(sender, self._address, data)
        if not ready:
            self._schedule(batch, data, reason, invocation)
        elif ready <= invocation.block.timestamp:
            receipt = services.send(invocation, key, manager, EXECUTE.encode(self._address, data))
            services.conclude(invocation, key, receipt, reason)

    def _schedule(self, batch: LiftBatch, data: bytes, reason: str, invocation: Invocation) -> None:
        """Schedules a lifting, and once more where the last schedule lapsed."""
        services = self._services
        prefix = sanctions_key("schedule", batch.version, data) + ":"
        last = services.store.last(self.name, prefix)
        if last is not None and last.block >= invocation.block.number:
            return  # An endpoint that does not show yet what came of it.
        key = f"{prefix}{0 if last is None else int(last.key.removeprefix(prefix)) + last.final}"
        call = SCHEDULE.encode(self._address, data, 0)
        receipt = services.send(invocation, key, self._access.manager, call)
        services.conclude(invocation, key, receipt, f"scheduled: {reason}")

    # -- Reading

    def _chain(self, block: Block) -> SanctionsReader:
        return SanctionsReader(self._services.node, self._address, block.number)

    def _block_gas(self) -> int:
        """Gas of the newest block."""
        return int(self._services.node.rpc("eth_getBlockByNumber", ["latest", False])["gasLimit"], 16)


_SANCTION = abi.function(SANCTIONS, "sanction")
_LIFT = abi.function(SANCTIONS, "lift")
