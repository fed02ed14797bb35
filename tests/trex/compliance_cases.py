"""The cases of T-REX's compliance contract; here it is a token's own face of the engine."""

from __future__ import annotations

from tests.trex.cases import CasesOf, Difference
from tests.trex.suite import Suite

ONLY_TOKEN = "TokenCompliance__OnlyToken"
NO_MODULES = "TokenCompliance__NoModules"
NO_ADDRESS, NO_AMOUNT = "TokenCompliance__ZeroAddress", "TokenCompliance__ZeroAmount"

compliance = CasesOf("compliance")


@compliance.absent("init: again: refused")
def _(suite: Suite) -> None:
    suite.lacks("compliance", "init", "initialize")


@compliance.same("bindToken: by the token: sets the new compliance")
def _(suite: Suite) -> None:
    receipt = suite.act("token", "setCompliance", "compliance")
    suite.emits(receipt, "token", "ComplianceAdded", "compliance")
    suite.emits(receipt, "compliance", "TokenBound", "token")


@compliance.same("unbindToken: by the token: binds it to the new compliance")
def _(suite: Suite) -> None:
    receipt = suite.act("token", "setCompliance", "compliance")
    suite.emits(receipt, "compliance", "TokenUnbound", "token")
    suite.emits(receipt, "compliance", "TokenBound", "token")
    suite.equals("token", "compliance", "getTokenBound")


compliance.refusals(
    {
        "bindToken: a stranger: refused": ("compliance", "bindToken", ("token",), "another", ONLY_TOKEN),
        "bindToken: bound, not by the token: refused": ("compliance", "bindToken", ("token",), "david", ONLY_TOKEN),
        "bindToken: address zero: refused": ("compliance", "bindToken", ("zero",), "officer", ONLY_TOKEN),
        "unbindToken: a stranger: refused": ("compliance", "unbindToken", ("token",), "another", ONLY_TOKEN),
        "unbindToken: address zero: refused": ("compliance", "unbindToken", ("zero",), "officer", ONLY_TOKEN),
        "unbindToken: not bound: refused": ("compliance", "unbindToken", ("david",), "officer", ONLY_TOKEN),
        "addModule: not the owner: refused": ("compliance", "addModule", ("zero",), "another", NO_MODULES),
        "addModule: address zero: refused": ("compliance", "addModule", ("zero",), "officer", NO_MODULES),
        "addModule: already bound: refused": ("compliance", "addModule", ("david",), "officer", NO_MODULES),
        "addModule: not suitable: refused": ("compliance", "addModule", ("david",), "officer", NO_MODULES),
        "addModule: a twenty-sixth: refused": ("compliance", "addModule", ("david",), "officer", NO_MODULES),
        "removeModule: not the owner: refused": ("compliance", "removeModule", ("zero",), "another", NO_MODULES),
        "removeModule: address zero: refused": ("compliance", "removeModule", ("zero",), "officer", NO_MODULES),
        "removeModule: not bound: refused": ("compliance", "removeModule", ("david",), "officer", NO_MODULES),
        "callModuleFunction: not the owner: refused": (
            "compliance", "callModuleFunction", (b"\1" * 32, "zero"), "another", NO_MODULES,
        ),
        "callModuleFunction: not bound: refused": (
            "compliance", "callModuleFunction", (b"\1" * 32, "zero"), "officer", NO_MODULES,
        ),
        "transferred: not by a bound token: refused": (
            "compliance", "transferred", ("zero", "zero", 0), "another", ONLY_TOKEN,
        ),
        "transferred: from address zero: refused": (
            "compliance", "transferred", ("zero", "bob", 10), "token", NO_ADDRESS,
        ),
        "transferred: to address zero: refused": (
            "compliance", "transferred", ("alice", "zero", 10), "token", NO_ADDRESS,
        ),
        "transferred: nothing: refused": ("compliance", "transferred", ("alice", "bob", 0), "token", NO_AMOUNT),
        "created: not by a bound token: refused": ("compliance", "created", ("zero", 0), "another", ONLY_TOKEN),
        "created: to address zero: refused": ("compliance", "created", ("zero", 10), "token", NO_ADDRESS),
        "created: nothing: refused": ("compliance", "created", ("bob", 0), "token", NO_AMOUNT),
        "destroyed: not by a bound token: refused": ("compliance", "destroyed", ("zero", 0), "another", ONLY_TOKEN),
        "destroyed: from address zero: refused": ("compliance", "destroyed", ("zero", 10), "token", NO_ADDRESS),
        "destroyed: nothing: refused": ("compliance", "destroyed", ("alice", 0), "token", NO_AMOUNT),
    }
)  # fmt: skip

for _function, _arguments in {
    "transferred": ("alice", "bob", 10),
    "created": ("bob", 10),
    "destroyed": ("alice", 10),
}.items():

    @compliance.same(f"{_function}: by the bound token: passes")
    def _(suite: Suite, function: str = _function, arguments: tuple[object, ...] = _arguments) -> None:
        assert suite.read("compliance", function, *arguments, by="token") in (None, [], ())


for _function, _name in {
    "addModule": "suitable: adds it",
    "addModule ": "plug and play: adds it",
    "removeModule": "bound: removes it",
}.items():

    @compliance.differs(f"{_function.strip()}: {_name}", Difference.MODULES)
    def _(suite: Suite, function: str = _function.strip()) -> None:
        suite.refused(suite.call("compliance", function, "david"), suite["officer"], NO_MODULES)
        suite.equals([], "compliance", "getModules")
        suite.equals(False, "compliance", "isModuleBound", "david")
