"""The cases of T-REX's escrow with approvals (DVA), which is the package's own, with this project's token."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.trex.cases import CasesOf
from tests.trex.suite import BALANCES, ZERO, Suite

DVA = "contracts/DVA/DVATransferManager.sol/DVATransferManager.json"
FILE = "dva, escrow with approvals"
AMOUNT, MANY = 100, 100_000
PENDING, COMPLETED, CANCELLED, REJECTED = range(4)
NO_TRANSFER, NOT_PENDING = "InvalidTransferID", "TransferIsNotInPendingStatus"
NOT_FOUND, SEQUENTIAL, UNREGISTERED = "ApproverNotFound", "ApprovalsMustBeSequential", "TokenIsNotRegistered"
ALICE, BOB = BALANCES["alice"], BALANCES["bob"]


def _with_manager(suite: Suite) -> None:
    suite.deploy("dva", DVA)


def _with_verified_manager(suite: Suite) -> None:
    """Deploys the escrow and marks it as a venue, which is verified."""
    _with_manager(suite)
    suite.act("registry", "setVenueAccount", "dva", True)
    suite.noted["transfer"] = suite.read("dva", "calculateTransferID", 0, "alice", "bob", AMOUNT)


def _with_transfer(sequential: bool, suite: Suite) -> None:
    """Lets alice initiate a transfer that bob, any agent and charlie have to approve."""
    _with_verified_manager(suite)
    suite.act("dva", "setApprovalCriteria", "token", True, True, sequential, ["charlie"], by="agent")
    _initiate(suite)


def _initiate(suite: Suite) -> Any:
    suite.act("token", "approve", "dva", MANY, by="alice")
    return suite.act("dva", "initiateTransfer", "token", "bob", AMOUNT, by="alice")


managed = CasesOf(FILE, _with_manager)
verified = CasesOf(FILE, _with_verified_manager)
unordered = CasesOf(FILE, partial(_with_transfer, False))
ordered = CasesOf(FILE, partial(_with_transfer, True))

# -- Criteria

managed.refusals(
    {
        "setApprovalCriteria: not an agent: refused": (
            "dva", "setApprovalCriteria", ("token", False, True, True, []), "another", "OnlyTokenAgentCanCall",
        ),
        "setApprovalCriteria: escrow not verified: refused": (
            "dva", "setApprovalCriteria", ("token", False, True, True, []), "agent",
            "DVAManagerIsNotVerifiedForTheToken",
        ),
        "initiateTransfer: token not registered: refused": (
            "dva", "initiateTransfer", ("token", "bob", 10), "alice", UNREGISTERED,
        ),
    }
)  # fmt: skip


def _expects_criteria(suite: Suite, flags: bool, approvers: list[str]) -> bytes:
    """Sets criteria, asserts the event and what is stored, and returns the hash."""
    receipt = suite.act("dva", "setApprovalCriteria", "token", flags, flags, flags, approvers, by="agent")
    stored = suite.read("dva", "getApprovalCriteria", "token")
    assert tuple(stored)[:4] == (flags, flags, flags, [suite[name] for name in approvers])
    suite.emits(receipt, "dva", "ApprovalCriteriaSet", "token", flags, flags, flags, approvers, stored[4])
    return bytes(stored[4])


@verified.same("setApprovalCriteria: for the first time: sets them")
def _(suite: Suite) -> None:
    _expects_criteria(suite, True, ["another", "bob"])


@verified.same("setApprovalCriteria: again: changes them and their hash")
def _(suite: Suite) -> None:
    before = _expects_criteria(suite, True, ["another", "bob"])
    assert _expects_criteria(suite, False, ["david"]) != before


@verified.same("getApprovalCriteria: token not registered: refused")
def _(suite: Suite) -> None:
    suite.refused(suite.call("dva", "getApprovalCriteria", "token"), suite["another"], UNREGISTERED)


@ordered.same("getApprovalCriteria: token registered: returns them")
def _(suite: Suite) -> None:
    stored = tuple(suite.read("dva", "getApprovalCriteria", "token"))
    assert stored[:4] == (True, True, True, [suite["charlie"]])


# -- Initiating


def _criteria(suite: Suite, recipient: bool, agent: bool, approvers: list[str]) -> None:
    suite.act("dva", "setApprovalCriteria", "token", recipient, agent, True, approvers, by="agent")


@verified.same("initiateTransfer: recipient not verified: refused")
def _(suite: Suite) -> None:
    _criteria(suite, True, True, ["charlie", "another"])
    call = suite.call("dva", "initiateTransfer", "token", "another", 10)
    suite.refused(call, suite["alice"], "RecipientIsNotVerified")


@verified.same("initiateTransfer: more than the balance: refused")
def _(suite: Suite) -> None:
    _criteria(suite, True, True, ["charlie", "another"])
    suite.act("token", "approve", "dva", MANY, by="alice")
    suite.refused(
        suite.call("dva", "initiateTransfer", "token", "bob", MANY), suite["alice"], "ERC20InsufficientBalance"
    )


def _expects_approvers(suite: Suite, *names: str) -> None:
    """Asserts who has yet to approve the transfer; "zero" stands for any agent."""
    found = [(approver[0], approver[2]) for approver in suite.read("dva", "getTransfer", suite.noted["transfer"])[5]]
    assert found == [(suite[name], False) for name in names], found


for _name, _recipient, _agent, _others, _approvers in (
    ("recipient approves", True, False, [], ("bob",)),
    ("agent approves", False, True, [], ("zero",)),
    ("others approve", False, False, ["charlie", "another"], ("charlie", "another")),
    ("all approve", True, True, ["charlie", "another"], ("bob", "zero", "charlie", "another")),
):

    @verified.same(f"initiateTransfer: {_name}: initiates it")
    def _(
        suite: Suite,
        recipient: bool = _recipient,
        agent: bool = _agent,
        others: list[str] = _others,
        approvers: tuple[str, ...] = _approvers,
    ) -> None:
        _criteria(suite, recipient, agent, others)
        receipt = _initiate(suite)
        criteria = suite.read("dva", "getApprovalCriteria", "token")[4]
        values = (suite.noted["transfer"], "token", "alice", "bob", AMOUNT, criteria)
        suite.emits(receipt, "dva", "TransferInitiated", *values)
        _expects_approvers(suite, *approvers)
        suite.equals(ALICE - AMOUNT, "token", "balanceOf", "alice")
        suite.equals(AMOUNT, "token", "balanceOf", "dva")


# -- Approving, delegating, rejecting, cancelling


def _signed(suite: Suite, name: str) -> tuple[int, bytes, bytes]:
    """Returns an account's signature of the transfer, as v, r and s."""
    signature = bytes(suite.w3.eth.sign(suite[name], data=suite.noted["transfer"]))
    return signature[64] + (27 if signature[64] < 27 else 0), signature[:32], signature[32:64]


def _step(suite: Suite, function: str, signer: str = "") -> Any:
    """Returns a call about the transfer; with a signer, one that carries the signer's signature."""
    arguments = (suite.noted["transfer"], [_signed(suite, signer)]) if signer else (suite.noted["transfer"],)
    return suite.call("dva", function, *arguments)


def _expects_ended(suite: Suite, status: int, alice: int, bob: int) -> None:
    """Asserts the transfer's status and that the escrow holds nothing."""
    assert suite.read("dva", "getTransfer", suite.noted["transfer"])[4] == status
    balances = [suite.read("token", "balanceOf", name) for name in ("alice", "bob", "dva")]
    assert balances == [alice, bob, 0], balances


def _expects_completed(suite: Suite, receipt: Any, approver: str) -> None:
    number = suite.noted["transfer"]
    suite.emits(receipt, "dva", "TransferApproved", number, approver)
    suite.emits(receipt, "dva", "TransferCompleted", number, "token", "alice", "bob", AMOUNT)
    _expects_ended(suite, COMPLETED, ALICE - AMOUNT, BOB + AMOUNT)


def _by(suite: Suite, function: str, name: str) -> tuple[Any, str]:
    """Returns the step of an approver, and who sends it: a stranger where the approver's signature is enough."""
    if function == "delegateApproveTransfer":
        return _step(suite, function, name), suite["another"]
    return _step(suite, function), suite[name]


def _expects_counted(suite: Suite, function: str, name: str) -> None:
    """Lets an approver do its step, and asserts the event and, of a rejection, the end of the transfer."""
    event = "TransferRejected" if function == "rejectTransfer" else "TransferApproved"
    receipt = suite.do(*_by(suite, function, name))
    suite.emits(receipt, "dva", event, suite.noted["transfer"], name)
    if function == "rejectTransfer":
        _expects_ended(suite, REJECTED, ALICE, BOB)


def _enter_steps(function: str) -> None:
    """Enters the cases that approving, delegating and rejecting share."""

    @verified.same(f"{function}: no such transfer: refused")
    def _(suite: Suite) -> None:
        suite.refused(_by(suite, function, "charlie")[0], suite["officer"], NO_TRANSFER)

    @unordered.same(f"{function}: not pending: refused")
    def _(suite: Suite) -> None:
        suite.do(_step(suite, "cancelTransfer"), suite["alice"])
        suite.refused(_by(suite, function, "charlie")[0], suite["officer"], NOT_PENDING)

    def reset(suite: Suite) -> Any:
        suite.act("dva", "setApprovalCriteria", "token", False, False, False, ["david"], by="agent")
        return suite.do(*_by(suite, function, "charlie"))

    @unordered.same(f"{function}: criteria have changed: begins again")
    def _(suite: Suite) -> None:
        receipt = reset(suite)
        criteria = suite.read("dva", "getApprovalCriteria", "token")[4]
        suite.emits(receipt, "dva", "TransferApprovalStateReset", suite.noted["transfer"], criteria)
        _expects_approvers(suite, "david")

    @unordered.same(f"{function}: after criteria have changed: counts")
    def _(suite: Suite) -> None:
        reset(suite)
        _expects_counted(suite, function, "david")

    @unordered.same(f"{function}: not an approver: refused")
    def _(suite: Suite) -> None:
        suite.refused(_by(suite, function, "another")[0], suite["officer"], NOT_FOUND)

    @unordered.same(f"{function}: the last approver, in any order: counts")
    def _(suite: Suite) -> None:
        _expects_counted(suite, function, "charlie")


def _enter_ordered_steps(function: str) -> None:
    """Enters the cases that approving and rejecting share where approvals have an order."""

    @ordered.same(f"{function}: not the next approver: refused")
    def _(suite: Suite) -> None:
        suite.refused(_step(suite, function), suite["charlie"], SEQUENTIAL)

    @ordered.same(f"{function}: an agent, who is next: counts")
    def _(suite: Suite) -> None:
        suite.do(_step(suite, "approveTransfer"), suite["bob"])
        _expects_counted(suite, function, "agent")


for _function in ("approveTransfer", "delegateApproveTransfer", "rejectTransfer"):
    _enter_steps(_function)
for _function in ("approveTransfer", "rejectTransfer"):
    _enter_ordered_steps(_function)


@unordered.same("approveTransfer: all, in any order: completes it")
def _(suite: Suite) -> None:
    receipts = [suite.do(_step(suite, "approveTransfer"), suite[name]) for name in ("agent", "bob", "charlie")]
    _expects_completed(suite, receipts[-1], "charlie")


@ordered.same("approveTransfer: all, in their order: completes it")
def _(suite: Suite) -> None:
    receipts = [suite.do(_step(suite, "approveTransfer"), suite[name]) for name in ("bob", "agent", "charlie")]
    _expects_completed(suite, receipts[-1], "charlie")


@unordered.same("delegateApproveTransfer: all signatures: completes it")
def _(suite: Suite) -> None:
    names = ("agent", "bob", "charlie")
    signatures = [_signed(suite, name) for name in names]
    receipt = suite.act("dva", "delegateApproveTransfer", suite.noted["transfer"], signatures, by="agent")
    for name in names:
        _expects_completed(suite, receipt, name)


@verified.same("delegateApproveTransfer: no signatures: refused")
def _(suite: Suite) -> None:
    call = suite.call("dva", "delegateApproveTransfer", suite.noted["transfer"], [])
    suite.refused(call, suite["officer"], "SignaturesCanNotBeEmpty")


@verified.same("cancelTransfer: no such transfer: refused")
def _(suite: Suite) -> None:
    suite.refused(_step(suite, "cancelTransfer"), suite["officer"], NO_TRANSFER)


@unordered.same("cancelTransfer: not its sender: refused")
def _(suite: Suite) -> None:
    suite.refused(_step(suite, "cancelTransfer"), suite["bob"], "OnlyTransferSenderCanCall")


@unordered.same("cancelTransfer: not pending: refused")
def _(suite: Suite) -> None:
    suite.do(_step(suite, "cancelTransfer"), suite["alice"])
    suite.refused(_step(suite, "cancelTransfer"), suite["alice"], NOT_PENDING)


@unordered.same("cancelTransfer: pending: cancels it")
def _(suite: Suite) -> None:
    receipt = suite.do(_step(suite, "cancelTransfer"), suite["alice"])
    suite.emits(receipt, "dva", "TransferCancelled", suite.noted["transfer"])
    _expects_ended(suite, CANCELLED, ALICE, BOB)


# -- Views


@verified.same("getTransfer: no such transfer: refused")
def _(suite: Suite) -> None:
    suite.refused(_step(suite, "getTransfer"), suite["another"], NO_TRANSFER)


@unordered.same("getTransfer: there: returns it")
def _(suite: Suite) -> None:
    found = suite.read("dva", "getTransfer", suite.noted["transfer"])
    assert tuple(found)[:4] == (suite["token"], suite["alice"], suite["bob"], AMOUNT)
    assert found[4] == PENDING
    _expects_approvers(suite, "bob", "zero", "charlie")


@verified.same("getNextTxNonce: no transfer: zero")
def _(suite: Suite) -> None:
    suite.equals(0, "dva", "getNextTxNonce")


@unordered.same("getNextTxNonce: one transfer: one")
def _(suite: Suite) -> None:
    suite.equals(1, "dva", "getNextTxNonce")


@verified.same("getNextApprover: no such transfer: refused")
def _(suite: Suite) -> None:
    suite.refused(_step(suite, "getNextApprover"), suite["another"], NO_TRANSFER)


@unordered.same("getNextApprover: not pending: refused")
def _(suite: Suite) -> None:
    suite.do(_step(suite, "cancelTransfer"), suite["alice"])
    suite.refused(_step(suite, "getNextApprover"), suite["alice"], NOT_PENDING)


@ordered.same("getNextApprover: nobody has approved: the first")
def _(suite: Suite) -> None:
    assert suite.read("dva", "getNextApprover", suite.noted["transfer"]) == [suite["bob"], False]


@ordered.same("getNextApprover: the first has approved: any agent")
def _(suite: Suite) -> None:
    suite.do(_step(suite, "approveTransfer"), suite["bob"])
    assert suite.read("dva", "getNextApprover", suite.noted["transfer"]) == [ZERO, True]


@verified.same("name: of the contract")
def _(suite: Suite) -> None:
    suite.equals("DVATransferManager", "dva", "name")
