"""Reads of the AccessManager: roles of accounts, roles of functions, and scheduled calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.address import to_checksum_address

from keepers.abi import Fragment
from keepers.rpc.events import LogFilter, pages
from keepers.rpc.node import Call, Node, must

ROLES = {
    0: "ADMIN",
    1: "GUARDIAN",
    2: "ISSUER",
    3: "COMPLIANCE_OFFICER",
    4: "MANAGER",
    5: "KEEPER_REGISTRAR",
    6: "COMPLIANCE_OFFICER_DELAYED",
    7: "MANAGER_DELAYED",
    8: "FACTORY",
    9: "KEEPER",
}
"""contracts/access/Roles.sol, by number."""

SCHEDULE = Fragment("schedule", ("address", "bytes", "uint48"))
EXECUTE = Fragment("execute", ("address", "bytes"))
CANCEL = Fragment("cancel", ("address", "address", "bytes"))
_CAN_CALL = Fragment("canCall", ("address", "address", "bytes4"), outputs=("bool", "uint32"))
_ROLE_OF = Fragment("getTargetFunctionRole", ("address", "bytes4"), outputs=("uint64",))
_OPERATION = Fragment("hashOperation", ("address", "address", "bytes"), outputs=("bytes32",))
_SCHEDULE_OF = Fragment("getSchedule", ("bytes32",), outputs=("uint48",))
_SCHEDULED = Fragment(
    "OperationScheduled",
    ("bytes32", "uint32", "uint48", "address", "address", "bytes"),
    ("operationId", "nonce", "schedule", "caller", "target", "data"),
    indexed=(True, True, False, False, False, False),
)


@dataclass(frozen=True)
class Scheduled:
    """A call that waits in the AccessManager.

    Attributes:
        operation: Id of the operation, 32 bytes.
        caller: Account that scheduled it, checksummed.
        target: Contract that is called, checksummed.
        data: Calldata.
        ready: Unix seconds from which it may run.
    """

    operation: bytes
    caller: str
    target: str
    data: bytes
    ready: int


class Access:
    """Reads the roles and the schedule.

    Args:
        node: A connection.
        manager: Address of the AccessManager.
    """

    def __init__(self, node: Node, manager: str) -> None:
        self._node = node
        self.manager = manager

    def may(self, caller: str, target: str, selector: bytes) -> tuple[bool, int]:
        """Returns True if an account may call a function now, and the delay if it has to schedule the call."""
        immediate, delay = self._node.call(self.manager, _CAN_CALL, caller, target, selector)
        return bool(immediate), int(delay)

    def role_of(self, target: str, selector: bytes) -> str:
        """Returns the name of the role that a function asks for."""
        number = int(self._node.call(self.manager, _ROLE_OF, target, selector))
        return ROLES.get(number, f"role {number}")

    def ready(self, caller: str, target: str, data: bytes) -> int:
        """Returns when a scheduled call may run; 0 if it is not scheduled, or was not run in time."""
        operation = self._node.call(self.manager, _OPERATION, caller, target, data)
        return int(self._node.call(self.manager, _SCHEDULE_OF, operation))

    def scheduled(self, targets: Sequence[str], first_block: int, page: int) -> list[Scheduled]:
        """Returns the calls of contracts that wait: neither run, cancelled nor lapsed; in the order of scheduling.

        Args:
            targets: Contracts that are called.
            first_block: Block from which events are read.
            page: Maximum number of blocks in a request.
        """
        found: dict[bytes, Scheduled] = {}
        wanted = LogFilter(_SCHEDULED, (self.manager,))
        for read in pages(self._node, wanted, first_block, self._node.latest().number, page):
            for args in (event.args for event in read.events):
                target = str(to_checksum_address(args["target"]))
                if target in targets:
                    id_, caller = bytes(args["operationId"]), str(to_checksum_address(args["caller"]))
                    found[id_] = Scheduled(id_, caller, target, bytes(args["data"]), 0)
        times = self._node.calls([Call(self.manager, _SCHEDULE_OF, (id_,)) for id_ in found])
        waiting = [(one, int(must(time))) for one, time in zip(found.values(), times, strict=True)]
        return [Scheduled(one.operation, one.caller, one.target, one.data, time) for one, time in waiting if time]
