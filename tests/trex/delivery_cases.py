"""The cases of T-REX's delivery-versus-delivery contract (DVD): the package's own, with this project's tokens."""

from __future__ import annotations

from typing import Any

from eth_abi import encode
from eth_utils import keccak

from tests.trex.cases import CasesOf, Difference
from tests.trex.suite import Suite

DVD = "contracts/DVD/DVDTransferManager.sol/DVDTransferManager.json"
FEES = "invalid fee settings"
NO_TRANSFER = "transfer ID does not exist"
OFFERED, WANTED = 1000, 500
PARTIES = ("alice", "bob")
NO_ID = b"\0" * 32


def _with_manager(suite: Suite) -> None:
    """Deploys the escrow and three ERC-20 tokens, of which the third has no supply."""
    suite.deploy("dvd", DVD)
    for name in ("A", "B", "C"):
        suite.deploy_settlement(name)
    for name in ("A", "B"):
        suite.act(name, "mint", "officer", OFFERED)


def _with_transfer(suite: Suite) -> None:
    """Lets alice offer tokens of one kind for bob's of another."""
    _with_manager(suite)
    for name, token, amount in (("alice", "A", OFFERED), ("bob", "B", WANTED)):
        suite.act(token, "mint", name, amount)
        suite.act(token, "approve", "dvd", amount, by=name)
    receipt = suite.act("dvd", "initiateDVDTransfer", "A", OFFERED, "bob", "B", WANTED, by="alice")
    (log,) = suite.contracts["dvd"].events.DVDTransferInitiated().process_receipt(receipt)
    suite.noted["transfer"] = log["args"]["transferID"]


managed = CasesOf("dvd, delivery versus delivery", _with_manager)
initiated = CasesOf("dvd, delivery versus delivery", _with_transfer)


def _expects_fees(suite: Suite, first: tuple[int, str], second: tuple[int, str]) -> None:
    """Sets fees for a pair of tokens, and asserts the events of both directions."""
    receipt = suite.act("dvd", "modifyFee", "A", "B", first[0], second[0], 2, first[1], second[1])
    for one, other, fee, counter in (("A", "B", first, second), ("B", "A", second, first)):
        pair = keccak(encode(["address", "address"], [suite[one], suite[other]]))
        suite.emits(receipt, "dvd", "FeeModified", pair, one, other, fee[0], counter[0], 2, fee[1], counter[1])


@managed.same("modifyFee: both fees: sets them")
def _(suite: Suite) -> None:
    _expects_fees(suite, (2, "charlie"), (1, "david"))


@managed.same("modifyFee: one fee: sets it")
def _(suite: Suite) -> None:
    _expects_fees(suite, (2, "charlie"), (0, "zero"))


@managed.same("initiateDVDTransfer: too small an allowance: refused")
def _(suite: Suite) -> None:
    suite.act("A", "mint", "charlie", OFFERED)
    call = suite.call("dvd", "initiateDVDTransfer", "A", OFFERED, "david", "B", OFFERED)
    suite.refused(call, suite["charlie"], "not enough allowance to initiate transfer")


def _offered(suite: Suite) -> None:
    suite.act("A", "mint", "charlie", OFFERED)
    suite.act("A", "approve", "dvd", OFFERED, by="charlie")


@managed.same("initiateDVDTransfer: counterpart zero: refused")
def _(suite: Suite) -> None:
    _offered(suite)
    call = suite.call("dvd", "initiateDVDTransfer", "A", OFFERED, "zero", "B", OFFERED)
    suite.refused(call, suite["charlie"], "counterpart cannot be null")


@managed.same("initiateDVDTransfer: second token without supply: refused")
def _(suite: Suite) -> None:
    _offered(suite)
    call = suite.call("dvd", "initiateDVDTransfer", "A", OFFERED, "david", "C", OFFERED)
    suite.refused(call, suite["charlie"], "invalid address : address is not an ERC20")


@managed.same("initiateDVDTransfer: conditions met: stores it")
def _(suite: Suite) -> None:
    _offered(suite)
    receipt = suite.act("dvd", "initiateDVDTransfer", "A", OFFERED, "david", "B", WANTED, by="charlie")
    number = suite.read("dvd", "calculateTransferID", 0, "charlie", "A", OFFERED, "david", "B", WANTED)
    suite.emits(receipt, "dvd", "DVDTransferInitiated", number, "charlie", "A", OFFERED, "david", "B", WANTED)


@managed.same("isTREXAgent: another account: false")
def _(suite: Suite) -> None:
    suite.equals(False, "dvd", "isTREXAgent", "token", "another")


@managed.same("isTREXAgent: an agent: true")
def _(suite: Suite) -> None:
    suite.equals(True, "dvd", "isTREXAgent", "token", "agent")


@managed.same("isTREXOwner: another account: false")
def _(suite: Suite) -> None:
    suite.equals(False, "dvd", "isTREXOwner", "token", "another")


@managed.differs("isTREXOwner: who deployed the token: true", Difference.OWNER)
def _(suite: Suite) -> None:
    suite.equals(False, "dvd", "isTREXOwner", "token", "officer")
    suite.equals(False, "dvd", "isTREXOwner", "token", "issuer")
    suite.equals(True, "dvd", "isTREXOwner", "token", "factory")


@managed.differs("isTREX: token without a registry: false", Difference.NO_REGISTRY)
def _(suite: Suite) -> None:
    suite.refused(
        suite.call("token", "setIdentityRegistry", "zero"),
        suite["officer"],
        "AutomatedComplianceEngine__InvalidRegistry",
    )
    suite.equals(True, "dvd", "isTREX", "token")


managed.refusals(
    {
        f"modifyFee: {name}: refused": ("dvd", "modifyFee", arguments, caller, error)
        for name, arguments, caller, error in (
            ("neither owner", ("A", "B", 1, 1, 1, "charlie", "david"), "another", "Ownable: only owner can call"),
            ("owner of the first token, base 1", ("token", "A", 1, 1, 1, "charlie", "david"), "officer", FEES),
            ("owner of the second token, base 1", ("A", "token", 1, 1, 1, "charlie", "david"), "officer", FEES),
            ("first fee above its maximum", ("A", "B", 1000, 1, 2, "charlie", "david"), "officer", FEES),
            ("second fee above its maximum", ("A", "B", 1, 1000, 2, "charlie", "david"), "officer", FEES),
            ("base below 2", ("A", "B", 0, 0, 1, "charlie", "david"), "officer", FEES),
            ("base above 5", ("A", "B", 1000, 1, 10, "charlie", "david"), "officer", FEES),
            (
                "first fee without a wallet",
                ("A", "B", 2, 0, 2, "zero", "david"),
                "officer",
                "fee wallet 1 cannot be zero address",
            ),
            (
                "second fee without a wallet",
                ("A", "B", 0, 1, 2, "zero", "zero"),
                "officer",
                "fee wallet 2 cannot be zero address",
            ),
        )
    }
)
managed.refusals(
    {
        "initiateDVDTransfer: too small a balance: refused": (
            "dvd", "initiateDVDTransfer", ("A", OFFERED, "charlie", "B", OFFERED), "charlie",
            "Not enough tokens in balance",
        ),
        "cancelDVDTransfer: not initiated: refused": ("dvd", "cancelDVDTransfer", (NO_ID,), "charlie", NO_TRANSFER),
        "takeDVDTransfer: not initiated: refused": ("dvd", "takeDVDTransfer", (NO_ID,), "charlie", NO_TRANSFER),
    }
)  # fmt: skip


def _transfer(suite: Suite, function: str) -> Any:
    return suite.call("dvd", function, suite.noted["transfer"])


@initiated.same("cancelDVDTransfer: an unrelated account: refused")
def _(suite: Suite) -> None:
    call = _transfer(suite, "cancelDVDTransfer")
    suite.refused(call, suite["another"], "you are not allowed to cancel this transfer")


for _name, _caller in {
    "who initiated it": "alice",
    "its counterpart": "bob",
    "the owner of the escrow": "officer",
    "the owner of the first token": "officer",
}.items():

    @initiated.same(f"cancelDVDTransfer: {_name}: cancels it")
    def _(suite: Suite, caller: str = _caller) -> None:
        receipt = suite.do(_transfer(suite, "cancelDVDTransfer"), suite[caller])
        suite.emits(receipt, "dvd", "DVDTransferCancelled", suite.noted["transfer"])
        suite.refused(_transfer(suite, "cancelDVDTransfer"), suite[caller], NO_TRANSFER)


@initiated.same("takeDVDTransfer: neither counterpart nor owner: refused")
def _(suite: Suite) -> None:
    error = "transfer has to be done by the counterpart or by owner"
    suite.refused(_transfer(suite, "takeDVDTransfer"), suite["another"], error)


def _expects_taken(suite: Suite, moved: tuple[tuple[str, str, str, int], ...]) -> None:
    """Lets the counterpart take the transfer, and asserts every movement of tokens."""
    receipt = suite.do(_transfer(suite, "takeDVDTransfer"), suite["bob"])
    suite.emits(receipt, "dvd", "DVDTransferExecuted", suite.noted["transfer"])
    for token, sender, receiver, amount in moved:
        suite.emits(receipt, token, "Transfer", sender, receiver, amount)
    suite.refused(_transfer(suite, "takeDVDTransfer"), suite["bob"], NO_TRANSFER)


@initiated.same("takeDVDTransfer: the counterpart, with fees: takes them off")
def _(suite: Suite) -> None:
    suite.act("dvd", "modifyFee", "A", "B", 1, 2, 2, "charlie", "david")
    first = (("A", "alice", "bob", 990), ("A", "alice", "charlie", 10))
    _expects_taken(suite, (*first, ("B", "bob", "alice", 490), ("B", "bob", "david", 10)))


@initiated.same("takeDVDTransfer: the counterpart, without fees: moves all")
def _(suite: Suite) -> None:
    _expects_taken(suite, (("A", "alice", "bob", OFFERED), ("B", "bob", "alice", WANTED)))
