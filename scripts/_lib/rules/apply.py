"""Sends a plan as the compliance officer: what tightens at once, what loosens after the officer's delay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from web3.exceptions import ContractLogicError

from keepers import abi
from keepers.compliance.moments import moment
from keepers.compliance.plan import AnyStep
from scripts._lib.artifacts import contract_at
from scripts._lib.deployment.chain import Chain, DeploymentError
from scripts._lib.rules.schedule import ScheduledCalls


@dataclass(frozen=True)
class Outcome:
    """The result of applying a plan.

    Attributes:
        sent: Transactions that set rules.
        scheduled: Transactions that scheduled others.
        waiting: Steps whose delay is not over.
    """

    sent: int
    scheduled: int
    waiting: int


class Officer:
    """The account that sends rules to one engine.

    Args:
        chain: Chain whose sender is the officer.
        engine: Address of the engine.
    """

    def __init__(self, chain: Chain, engine: str) -> None:
        self._chain = chain
        self._schedule = ScheduledCalls(chain.w3, engine)
        self._engine, self._manager = self._schedule.engine, self._schedule.manager
        terms = contract_at(chain.w3, engine, abi.load("TransferTerms"))
        self._faces = {"AutomatedComplianceEngine": self._engine, "TransferTerms": terms}

    def apply(self, token: str, steps: Sequence[AnyStep]) -> Outcome:
        """Does every step that may be done now, and schedules those that have to wait.

        A second run goes on where this one stopped: a step that was scheduled is executed once its delay is over.

        Raises:
            DeploymentError: If the sender is no compliance officer.
        """
        sent = scheduled = waiting = 0
        now = self._chain.w3.eth.get_block("latest")["timestamp"]
        for step in steps:
            what = step.title
            call = (step.function, token, *step.arguments())
            allowed, delay = self._may(step)
            if allowed:
                self._chain.call(what, self._faces[step.contract], *call)
                sent += 1
                continue
            if not delay:
                raise DeploymentError(
                    f"{what}: {self._chain.sender.address} may not; send it as a compliance officer of this engine"
                )
            data = bytes.fromhex(self._faces[step.contract].encode_abi(call[0], call[1:])[2:])
            ready = self._schedule_of(data)
            if not ready:
                self._chain.call(f"schedule {what}", self._manager, "schedule", self._engine.address, data, 0)
                scheduled += 1
                ready = self._schedule_of(data)
            elif ready <= now:
                self._chain.call(what, self._manager, "execute", self._engine.address, data)
                sent += 1
                continue
            self._chain.log(f"{what}: waits until {moment(ready)}; run this again then")
            waiting += 1
        return Outcome(sent, scheduled, waiting)

    def cancel(self, token: str, first_block: int = 0) -> int:
        """Cancels every loosening of a token's rules that is scheduled; returns their number.

        The account that scheduled it may, and so may a guardian of its role.

        Raises:
            DeploymentError: If the sender may not cancel one of them; then none is cancelled.
        """
        waiting = self._schedule.of(token, first_block)
        for found in waiting:
            cancel = self._manager.functions.cancel(found.caller, self._engine.address, found.data)
            sender = self._chain.sender.address
            try:
                cancel.call({"from": sender})
            except ContractLogicError as error:
                raise DeploymentError(
                    f"cancel {found.title}: {sender} may not; send it as {found.caller}, or as a guardian of its role"
                ) from error
        for found in waiting:
            what = f"cancel {found.title}"
            self._chain.call(what, self._manager, "cancel", found.caller, self._engine.address, found.data)
        return len(waiting)

    def _may(self, step: AnyStep) -> tuple[bool, int]:
        selector = abi.function(step.contract, step.function).selector
        allowed, delay = self._manager.functions.canCall(
            self._chain.sender.address, self._engine.address, selector
        ).call()
        return bool(allowed), int(delay)

    def _schedule_of(self, data: bytes) -> int:
        """When a scheduled call may run; 0 if it is not scheduled, or was not run in time."""
        operation = self._manager.functions.hashOperation(self._chain.sender.address, self._engine.address, data).call()
        return int(self._manager.functions.getSchedule(operation).call())
