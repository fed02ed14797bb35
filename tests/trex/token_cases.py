"""The cases of T-REX's token: transfers, information, recovery and agents."""

from __future__ import annotations

from eth_abi import encode
from eth_utils import keccak

from tests.trex.cases import CasesOf, Difference
from tests.trex.suite import BALANCES, ECDSA, MANAGEMENT_KEY, ZERO, Suite

UNAUTHORIZED = "ComplianceAwareToken__Unauthorized"
PAUSED = "ComplianceAwareToken__Paused"
FROZEN = "ComplianceAwareToken__WalletFrozen"
TOO_LITTLE = "ERC20InsufficientBalance"
TOO_LITTLE_FREE = "ERC7943InsufficientUnfrozenBalance"
REFUSED = "AutomatedComplianceEngine__Refused"
ALICE, BOB = BALANCES["alice"], BALANCES["bob"]

transfers = CasesOf("token-transfer")


@transfers.same("approve: a contract may spend")
def _(suite: Suite) -> None:
    receipt = suite.act("token", "approve", "another", 100, by="alice")
    suite.emits(receipt, "token", "Approval", "alice", "another", 100)
    suite.equals(100, "token", "allowance", "alice", "another")


@transfers.same("increaseAllowance: more may be spent")
def _(suite: Suite) -> None:
    suite.act("token", "approve", "another", 100, by="alice")
    receipt = suite.act("token", "increaseAllowance", "another", 50, by="alice")
    suite.emits(receipt, "token", "Approval", "alice", "another", 150)
    suite.equals(150, "token", "allowance", "alice", "another")


@transfers.same("decreaseAllowance: less may be spent")
def _(suite: Suite) -> None:
    suite.act("token", "approve", "another", 150, by="alice")
    receipt = suite.act("token", "decreaseAllowance", "another", 50, by="alice")
    suite.emits(receipt, "token", "Approval", "alice", "another", 100)
    suite.equals(100, "token", "allowance", "alice", "another")


def _refuses_transfer(suite: Suite, function: str, to: str, amount: int, error: str) -> None:
    """Asserts that alice cannot send; her own allowance is there, so that it is not what is refused."""
    if function == "transfer":
        suite.refused(suite.call("token", "transfer", to, amount), suite["alice"], error)
    else:
        suite.act("token", "approve", "alice", 10 * ALICE, by="alice")
        suite.refused(suite.call("token", "transferFrom", "alice", to, amount), suite["alice"], error)


def _enter_transfers(function: str) -> None:
    """Enters the refusals that `transfer` and `transferFrom` share."""

    @transfers.same(f"{function}: token paused: refused")
    def _(suite: Suite) -> None:
        suite.act("token", "pause", by="agent")
        _refuses_transfer(suite, function, "bob", 100, PAUSED)

    @transfers.same(f"{function}: recipient frozen: refused")
    def _(suite: Suite) -> None:
        suite.act("token", "setAddressFrozen", "bob", True, by="agent")
        _refuses_transfer(suite, function, "bob", 100, FROZEN)

    @transfers.same(f"{function}: sender frozen: refused")
    def _(suite: Suite) -> None:
        suite.act("token", "setAddressFrozen", "alice", True, by="agent")
        _refuses_transfer(suite, function, "bob", 100, FROZEN)

    @transfers.same(f"{function}: more than the balance: refused")
    def _(suite: Suite) -> None:
        _refuses_transfer(suite, function, "bob", ALICE + 1000, TOO_LITTLE)

    @transfers.same(f"{function}: more than is not frozen: refused")
    def _(suite: Suite) -> None:
        suite.act("token", "freezePartialTokens", "alice", ALICE - 100, by="agent")
        _refuses_transfer(suite, function, "bob", ALICE, TOO_LITTLE_FREE)

    @transfers.same(f"{function}: recipient not verified: refused")
    def _(suite: Suite) -> None:
        _refuses_transfer(suite, function, "another", 100, REFUSED)

    @transfers.same(f"{function}: against the rules: refused")
    def _(suite: Suite) -> None:
        suite.close_countries()
        _refuses_transfer(suite, function, "bob", 100, REFUSED)


_enter_transfers("transfer")


@transfers.same("transfer: within the rules: moves")
def _(suite: Suite) -> None:
    receipt = suite.act("token", "transfer", "bob", 100, by="alice")
    suite.emits(receipt, "token", "Transfer", "alice", "bob", 100)


@transfers.same("batchTransfer: moves, with an event per leg")
def _(suite: Suite) -> None:
    receipt = suite.act("token", "batchTransfer", ["bob", "bob"], [100, 200], by="alice")
    suite.emits(receipt, "token", "Transfer", "alice", "bob", 100)
    suite.emits(receipt, "token", "Transfer", "alice", "bob", 200)


_enter_transfers("transferFrom")


@transfers.differs("transferFrom: spender that is not registered: moves", Difference.SPENDER)
def _(suite: Suite) -> None:
    suite.act("token", "approve", "another", 100, by="alice")
    suite.refused(suite.call("token", "transferFrom", "alice", "bob", 100), suite["another"], REFUSED)


@transfers.same("forcedTransfer: more than the balance: refused")
def _(suite: Suite) -> None:
    call = suite.call("token", "forcedTransfer", "alice", "bob", ALICE + 1000)
    suite.refused(call, suite["agent"], TOO_LITTLE)


@transfers.differs("forcedTransfer: against the rules: moves", Difference.FORCED)
def _(suite: Suite) -> None:
    suite.close_countries()
    suite.refused(suite.call("token", "forcedTransfer", "alice", "bob", 100), suite["agent"], REFUSED)


@transfers.same("forcedTransfer: more than is not frozen: unfreezes the rest")
def _(suite: Suite) -> None:
    suite.act("token", "freezePartialTokens", "alice", ALICE - 100, by="agent")
    receipt = suite.act("token", "forcedTransfer", "alice", "bob", ALICE - 50, by="agent")
    suite.emits(receipt, "token", "Transfer", "alice", "bob", ALICE - 50)
    suite.emits(receipt, "token", "TokensUnfrozen", "alice", ALICE - 150)
    suite.equals(50, "token", "getFrozenTokens", "alice")


@transfers.same("mint: against the rules: refused")
def _(suite: Suite) -> None:
    suite.close_countries()
    suite.refused(suite.call("token", "mint", "alice", 100), suite["agent"], REFUSED)


@transfers.same("burn: more than is not frozen: burns and unfreezes the rest")
def _(suite: Suite) -> None:
    suite.act("token", "freezePartialTokens", "alice", ALICE - 100, by="agent")
    receipt = suite.act("token", "burn", "alice", ALICE - 50, by="agent")
    suite.emits(receipt, "token", "Transfer", "alice", "zero", ALICE - 50)
    suite.emits(receipt, "token", "TokensUnfrozen", "alice", ALICE - 150)
    suite.equals(50, "token", "getFrozenTokens", "alice")


transfers.refusals(
    {
        "forcedTransfer: not an agent: refused": (
            "token", "forcedTransfer", ("alice", "bob", 100), "alice", UNAUTHORIZED,
        ),
        "forcedTransfer: recipient not verified: refused": (
            "token", "forcedTransfer", ("alice", "another", 100), "agent", REFUSED,
        ),
        "mint: not an agent: refused": ("token", "mint", ("alice", 100), "alice", UNAUTHORIZED),
        "mint: recipient not verified: refused": ("token", "mint", ("another", 100), "agent", REFUSED),
        "burn: not an agent: refused": ("token", "burn", ("alice", 100), "alice", UNAUTHORIZED),
        "burn: more than the balance: refused": ("token", "burn", ("alice", ALICE + 1000), "agent", TOO_LITTLE),
    }
)  # fmt: skip

# -- Information

information = CasesOf("token-information")


def _expects_information(suite: Suite, receipt: object, **changed: object) -> None:
    """Asserts the event of a changed name, symbol or ONCHAINID, with everything else as it was."""
    parts = {name: suite.read("token", name) for name in ("name", "symbol", "decimals", "version", "onchainID")}
    assert {name: parts[name] for name in changed} == changed
    suite.emits(receipt, "token", "UpdatedTokenInformation", *parts.values())


@information.same("setName: the owner: sets it")
def _(suite: Suite) -> None:
    receipt = suite.act("token", "setName", "Updated Test Token", by="issuer")
    _expects_information(suite, receipt, name="Updated Test Token")


@information.same("setSymbol: the owner: sets it")
def _(suite: Suite) -> None:
    _expects_information(suite, suite.act("token", "setSymbol", "UpdtTK", by="issuer"), symbol="UpdtTK")


@information.same("setOnchainID: the owner: sets it")
def _(suite: Suite) -> None:
    suite.act("token", "setOnchainID", "david", by="issuer")
    _expects_information(suite, suite.act("token", "setOnchainID", "zero", by="issuer"), onchainID=ZERO)


@information.same("totalSupply: the sum of the balances")
def _(suite: Suite) -> None:
    balances = [suite.read("token", "balanceOf", name) for name in BALANCES]
    suite.equals(sum(balances), "token", "totalSupply")


@information.same("compliance: the contract that was set")
def _(suite: Suite) -> None:
    suite.act("token", "setCompliance", "compliance")
    suite.equals("compliance", "token", "compliance")


@information.same("pause: an agent: pauses")
def _(suite: Suite) -> None:
    suite.emits(suite.act("token", "pause", by="agent"), "token", "Paused", "agent")
    suite.equals(True, "token", "paused")


@information.same("pause: already paused: refused")
def _(suite: Suite) -> None:
    suite.act("token", "pause", by="agent")
    suite.refused(suite.call("token", "pause"), suite["agent"], PAUSED)


@information.same("unpause: an agent: unpauses")
def _(suite: Suite) -> None:
    suite.act("token", "pause", by="agent")
    suite.emits(suite.act("token", "unpause", by="agent"), "token", "Unpaused", "agent")
    suite.equals(False, "token", "paused")


information.refusals(
    {
        "setName: not the owner: refused": ("token", "setName", ("My Token",), "another", UNAUTHORIZED),
        "setName: empty: refused": ("token", "setName", ("",), "issuer", "ComplianceAwareToken__EmptyName"),
        "setSymbol: not the owner: refused": ("token", "setSymbol", ("UpdtTK",), "another", UNAUTHORIZED),
        "setSymbol: empty: refused": ("token", "setSymbol", ("",), "issuer", "ComplianceAwareToken__EmptyName"),
        "setOnchainID: not the owner: refused": ("token", "setOnchainID", ("zero",), "another", UNAUTHORIZED),
        "setIdentityRegistry: not the owner: refused": (
            "token", "setIdentityRegistry", ("zero",), "another", UNAUTHORIZED,
        ),
        "setCompliance: not the owner: refused": ("token", "setCompliance", ("zero",), "another", UNAUTHORIZED),
        "pause: not an agent: refused": ("token", "pause", (), "another", UNAUTHORIZED),
        "unpause: not an agent: refused": ("token", "unpause", (), "another", UNAUTHORIZED),
        "unpause: not paused: refused": ("token", "unpause", (), "agent", "ComplianceAwareToken__NotPaused"),
        "setAddressFrozen: not an agent: refused": (
            "token", "setAddressFrozen", ("another", True), "another", UNAUTHORIZED,
        ),
        "freezePartialTokens: not an agent: refused": (
            "token", "freezePartialTokens", ("another", 1), "another", UNAUTHORIZED,
        ),
        "freezePartialTokens: more than the balance: refused": (
            "token", "freezePartialTokens", ("another", 1), "agent", TOO_LITTLE,
        ),
        "unfreezePartialTokens: not an agent: refused": (
            "token", "unfreezePartialTokens", ("another", 1), "another", UNAUTHORIZED,
        ),
        "unfreezePartialTokens: more than is frozen: refused": (
            "token", "unfreezePartialTokens", ("another", 1), "agent", "ComplianceAwareToken__NotFrozen",
        ),
    }
)  # fmt: skip

# -- Recovery

recovery = CasesOf("token-recovery")
RECOVERED = ("bob", "another", "bob's identity")


def _authorize_wallet(suite: Suite) -> None:
    """Makes the new wallet a management key of bob's ONCHAINID."""
    key = keccak(encode(["address"], [suite["another"]]))
    suite.act("bob's identity", "addKey", key, MANAGEMENT_KEY, ECDSA, by="bob")


@recovery.same("recoveryAddress: not an agent: refused")
def _(suite: Suite) -> None:
    _authorize_wallet(suite)
    suite.refused(suite.call("token", "recoveryAddress", *RECOVERED), suite["another"], UNAUTHORIZED)


@recovery.same("recoveryAddress: nothing to recover: refused")
def _(suite: Suite) -> None:
    suite.act("token", "transfer", "alice", BOB, by="bob")
    suite.refused(
        suite.call("token", "recoveryAddress", *RECOVERED), suite["agent"], "ComplianceAwareToken__NothingToRecover"
    )


@recovery.same("recoveryAddress: new wallet without a key: refused")
def _(suite: Suite) -> None:
    suite.refused(
        suite.call("token", "recoveryAddress", *RECOVERED), suite["agent"], "ComplianceAwareToken__NotTheSameInvestor"
    )


@recovery.same("recoveryAddress: wallet frozen: recovers, and freezes the new wallet")
def _(suite: Suite) -> None:
    _authorize_wallet(suite)
    suite.act("token", "setAddressFrozen", "bob", True, by="agent")
    receipt = suite.act("token", "recoveryAddress", *RECOVERED, by="agent")
    suite.equals(True, "token", "isFrozen", "another")
    suite.emits(receipt, "token", "RecoverySuccess", *RECOVERED)
    suite.emits(receipt, "token", "AddressFrozen", "another", True, "agent")


@recovery.same("recoveryAddress: tokens frozen: recovers, and freezes as many")
def _(suite: Suite) -> None:
    _authorize_wallet(suite)
    suite.act("token", "freezePartialTokens", "bob", 50, by="agent")
    receipt = suite.act("token", "recoveryAddress", *RECOVERED, by="agent")
    suite.equals(50, "token", "getFrozenTokens", "another")
    suite.emits(receipt, "token", "RecoverySuccess", *RECOVERED)
    suite.emits(receipt, "token", "TokensFrozen", "another", 50)


# -- Agents

agents = CasesOf("agentRole")


@agents.same("addAgent: already an agent: refused")
def _(suite: Suite) -> None:
    suite.act("token", "addAgent", "david")
    suite.refused(suite.call("token", "addAgent", "david"), suite["officer"], "ComplianceAwareToken__IsAgent")


@agents.same("addAgent: the owner: adds it")
def _(suite: Suite) -> None:
    suite.emits(suite.act("token", "addAgent", "david"), "token", "AgentAdded", "david")
    suite.equals(True, "token", "isAgent", "david")


@agents.same("removeAgent: the owner: removes it")
def _(suite: Suite) -> None:
    suite.act("token", "addAgent", "david")
    suite.emits(suite.act("token", "removeAgent", "david"), "token", "AgentRemoved", "david")
    suite.equals(False, "token", "isAgent", "david")


NO_AGENT = "ComplianceAwareToken__NotAnAgent"
agents.refusals(
    {
        "addAgent: not the owner: refused": ("token", "addAgent", ("alice",), "bob", UNAUTHORIZED),
        "addAgent: address zero: refused": ("token", "addAgent", ("zero",), "officer", NO_AGENT),
        "removeAgent: not the owner: refused": ("token", "removeAgent", ("alice",), "bob", UNAUTHORIZED),
        "removeAgent: address zero: refused": ("token", "removeAgent", ("zero",), "officer", NO_AGENT),
        "removeAgent: not an agent: refused": ("token", "removeAgent", ("alice",), "officer", NO_AGENT),
    }
)
