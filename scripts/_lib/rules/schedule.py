"""Loosenings of a token's rules that were scheduled and have not run: what they are, and cancelling them."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.address import to_checksum_address
from web3 import Web3

from keepers import abi
from keepers.compliance.countries import UNSTATED, letters_of
from keepers.compliance.moments import moment
from keepers.compliance.rules import EVERYWHERE
from scripts._lib.artifacts import contract_at, package_artifact

MANAGER = "@openzeppelin/contracts/build/contracts/AccessManager.json"


@dataclass(frozen=True)
class Scheduled:
    """One scheduled call to an engine.

    Attributes:
        caller: Account that scheduled it.
        data: Call.
        ready: Unix seconds from which it may run.
        title: Name for people.
    """

    caller: str
    data: bytes
    ready: int
    title: str

    def __str__(self) -> str:
        return f"{self.title}, scheduled by {self.caller}, may run from {moment(self.ready)}"


class ScheduledCalls:
    """The calls about one token that wait in the AccessManager of its engine.

    Args:
        w3: Connection to the chain.
        engine: Address of the engine.
    """

    def __init__(self, w3: Web3, engine: str) -> None:
        self.engine = contract_at(w3, engine, abi.load("AutomatedComplianceEngine"))
        authority = self.engine.functions.authority().call()
        self.manager = contract_at(w3, authority, package_artifact(MANAGER).abi)

    def of(self, token: str, first_block: int = 0) -> list[Scheduled]:
        """Returns what is scheduled for a token, neither run, cancelled nor lapsed, in order.

        Args:
            token: Address of the token.
            first_block: Block from which on events are read.
        """
        found: dict[bytes, Scheduled] = {}
        for event in self.manager.events.OperationScheduled.get_logs(from_block=first_block):
            operation, data = bytes(event["args"]["operationId"]), bytes(event["args"]["data"])
            title = self._title(event["args"]["target"], data, token)
            ready = int(self.manager.functions.getSchedule(operation).call()) if title else 0
            if title and ready:
                found[operation] = Scheduled(event["args"]["caller"], data, ready, title)
        return list(found.values())

    def _title(self, target: str, data: bytes, token: str) -> str | None:
        """The call in words; None if it is not about the rules of the token."""
        if target != self.engine.address:
            return None
        if data[:4] == _SET_RULES.selector:
            about, countries, _rules = _SET_RULES.decode_input(data)
            title = f"setRules in {', '.join(letters_of(code or UNSTATED) for code in countries)}"
        elif data[:4] == _SET_TOKEN_RULE.selector:
            about, _rule = _SET_TOKEN_RULE.decode_input(data)
            title = "setTokenRule in every country"
        elif data[:4] == _SET_ISSUE_RULE.selector:
            about, country, _rule = _SET_ISSUE_RULE.decode_input(data)
            where = "every country" if country == EVERYWHERE else letters_of(country or UNSTATED)
            title = f"setIssueRule in {where}"
        elif (name := _REMOVALS.get(data[:4])) is not None:
            about, *_terms = abi.function("TransferTerms", name).decode_input(data)
            title = name
        else:
            return None
        return title if to_checksum_address(about) == token else None


_SET_RULES = abi.function("AutomatedComplianceEngine", "setRules")
_SET_ISSUE_RULE = abi.function("AutomatedComplianceEngine", "setIssueRule")
_SET_TOKEN_RULE = abi.function("AutomatedComplianceEngine", "setTokenRule")
_REMOVALS = {
    abi.function("TransferTerms", name).selector: name
    for name in ("removePairRules", "removeBlackouts", "removeVolumeLimits", "removeClassRules", "removeAffiliates")
}
