"""The form of a restated case, and the list that every case enters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from tests.trex.suite import Suite

Run: TypeAlias = Callable[[Suite], None]


class Difference(Enum):
    """A place where these contracts end otherwise than T-REX: what T-REX does, and what happens here and why."""

    CACHED = (
        "`isVerified` answers anew at once when the claim is revoked, its issuer is no longer trusted, or fails",
        "after `refresh`, which anyone may call ([decision 10](decisions/0010-claims-are-verified-once.md)); the cases"
        " pass with it",
    )
    MODULES = ("modules are added and removed", "refused: rules are data")
    ONE_REGISTRY = (
        "the owner gives a registry another storage, issuers' or topics' registry",
        "refused: one contract; a token takes another registry instead",
    )
    SPENDER = ("a spender that is not registered moves tokens by allowance", "refused: the spender is judged")
    FORCED = (
        "a forced transfer ignores the rules of compliance",
        "refused: the receiver passes every holding rule (I4)",
    )
    CLOSED = ("without required topics everybody who is registered is verified", "nobody is: closed by default")
    OWNER = ("the escrow takes who deployed the token for its owner", "the owner is the factory; roles govern")
    NO_REGISTRY = (
        "a token without a registry is no T-REX token",
        "a token refuses address zero as its registry, so that it always is one",
    )

    @property
    def in_trex(self) -> str:
        """T-REX's outcome."""
        return self.value[0]

    @property
    def here(self) -> str:
        """The outcome here, and its reason."""
        return self.value[1]


@dataclass(frozen=True)
class Case:
    """One `it` of T-REX's tests.

    Attributes:
        file: T-REX's test file that it comes from.
        name: Function and condition, and the outcome in T-REX.
        run: Does here what the case does there, and asserts the outcome: T-REX's, or that of the difference.
        given: Prepares the state that several cases begin with.
        difference: The reason for which the outcome is another one; None where it is T-REX's.
        absent: True where T-REX expects a refusal of a function that is not here; then `run` shows that it is not.
    """

    file: str
    name: str
    run: Run
    given: Run | None = None
    difference: Difference | None = None
    absent: bool = False


CASES: list[Case] = []
"""Every case, in the order of T-REX's files."""


class CasesOf:
    """Decorators for the cases of one of T-REX's files."""

    def __init__(self, file: str, given: Run | None = None) -> None:
        self._file, self._given = file, given

    def same(self, name: str) -> Callable[[Run], Run]:
        """Enters a case that ends as in T-REX."""
        return self._entered(name)

    def differs(self, name: str, difference: Difference) -> Callable[[Run], Run]:
        """Enters a case that ends otherwise, by design."""
        return self._entered(name, difference=difference)

    def absent(self, name: str) -> Callable[[Run], Run]:
        """Enters a case about a refusal of a function that is not here."""
        return self._entered(name, absent=True)

    def refusals(self, calls: dict[str, tuple[str, str, tuple[object, ...], str, str]]) -> None:
        """Enters cases that are one refused call each.

        Args:
            calls: The contract and the function, the arguments, the caller and the error, by the case's name. Names
                of accounts and contracts stand for their addresses.
        """
        for name, (contract, function, arguments, caller, error) in calls.items():

            def run(
                suite: Suite,
                contract: str = contract,
                function: str = function,
                arguments: tuple[object, ...] = arguments,
                caller: str = caller,
                error: str = error,
            ) -> None:
                suite.refused(suite.call(contract, function, *arguments), suite[caller], error)

            self.same(name)(run)

    def _entered(
        self, name: str, *, difference: Difference | None = None, absent: bool = False
    ) -> Callable[[Run], Run]:
        def enter(run: Run) -> Run:
            CASES.append(Case(self._file, name, run, self._given, difference, absent))
            return run

        return enter


def failures(suite: Suite, cases: list[Case]) -> Iterator[str]:
    """Runs cases, each from its own beginning, and yields a line for each that ends otherwise than it says."""
    groups: dict[Run | None, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.given, []).append(case)
    for given, group in groups.items():
        with suite.undone():
            if given is not None:
                given(suite)
            for case in group:
                with suite.undone():
                    try:
                        case.run(suite)
                    except AssertionError as failed:
                        yield f"{case.file}: {case.name}: {failed}"
