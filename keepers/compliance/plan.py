"""Plans the transactions that give a token its rules on chain. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, TypeVar

from keepers.compliance.countries import UNSTATED, letters_of
from keepers.compliance.rulebook.dated import DatedTerms
from keepers.compliance.rules import CLOSED, FIELDS, UNLIMITED, IssueRule, Rule, TokenRule
from keepers.compliance.transfer_terms import Blackout, ClassRule, PairRule, TransferTerms, VolumeLimit

MOST_A_TRANSACTION = 40
"""Jurisdictions that one transaction sets: 2.2 million gas on new slots with every field in use."""

Function = Literal["tightenRules", "setRules"]
TokenFunction = Literal["tightenTokenRule", "setTokenRule"]
IssueFunction = Literal["tightenIssueRule", "setIssueRule"]
TermFunction = Literal[
    "addPairRules",
    "removePairRules",
    "addBlackouts",
    "removeBlackouts",
    "addVolumeLimits",
    "removeVolumeLimits",
    "addClassRules",
    "removeClassRules",
]
Term = PairRule | Blackout | VolumeLimit | ClassRule
Contract = Literal["AutomatedComplianceEngine", "TransferTerms"]
T = TypeVar("T", PairRule, Blackout)


@dataclass(frozen=True)
class Change:
    """One jurisdiction's rule, before and after.

    Attributes:
        country: ISO 3166-1 number.
        before: On chain.
        after: Wanted.
    """

    country: int
    before: Rule
    after: Rule

    @property
    def fields(self) -> tuple[str, ...]:
        """Those that change."""
        return tuple(name for name in FIELDS if getattr(self.before, name) != getattr(self.after, name))

    @property
    def loosens(self) -> tuple[str, ...]:
        """Those that change to something looser; they wait out the officer's delay."""
        return self.after.looser_in(self.before)


@dataclass(frozen=True)
class Step:
    """One transaction to the engine.

    Attributes:
        function: `tightenRules` acts at once, `setRules` after the officer's delay.
        countries: ISO 3166-1 numbers, ascending.
        rules: One a country.
    """

    contract: ClassVar[Contract] = "AutomatedComplianceEngine"

    function: Function
    countries: tuple[int, ...]
    rules: tuple[Rule, ...]

    @property
    def title(self) -> str:
        """Name for people."""
        return f"{self.function} in {len(self.countries)} jurisdictions"

    @property
    def loosens(self) -> bool:
        """True if it waits out the officer's delay."""
        return self.function == "setRules"

    def arguments(self) -> tuple[Any, ...]:
        """Arguments after the token, as an ABI encoder takes them; the unstated country is 0 in them."""
        return [0 if code == UNSTATED else code for code in self.countries], [rule.struct() for rule in self.rules]


@dataclass(frozen=True)
class TokenStep:
    """One transaction to the engine about the token in every country.

    Attributes:
        function: `tightenTokenRule` acts at once, `setTokenRule` after the officer's delay.
        rule: Whole rule of the token.
    """

    contract: ClassVar[Contract] = "AutomatedComplianceEngine"

    function: TokenFunction
    rule: TokenRule

    @property
    def title(self) -> str:
        """Name for people."""
        return f"{self.function} to {self.rule.max_holders:,} holders"

    @property
    def loosens(self) -> bool:
        """True if it waits out the officer's delay."""
        return self.function == "setTokenRule"

    def arguments(self) -> tuple[Any, ...]:
        """Arguments after the token, as an ABI encoder takes them."""
        return (self.rule.struct(),)


@dataclass(frozen=True)
class IssueStep:
    """One transaction to the engine about issuing to holders of one jurisdiction.

    Attributes:
        function: `tightenIssueRule` acts at once, `setIssueRule` after the officer's delay.
        country: ISO 3166-1 number.
        before: Rule on chain.
        rule: Whole rule for issuing there.
    """

    contract: ClassVar[Contract] = "AutomatedComplianceEngine"

    function: IssueFunction
    country: int
    before: IssueRule
    rule: IssueRule

    @property
    def title(self) -> str:
        """Name for people."""
        return f"{self.function} in {letters_of(self.country)}"

    @property
    def loosens(self) -> bool:
        """True if it waits out the officer's delay."""
        return self.function == "setIssueRule"

    def arguments(self) -> tuple[Any, ...]:
        """Arguments after the token, as an ABI encoder takes them; the unstated country is 0 in them."""
        return (0 if self.country == UNSTATED else self.country), self.rule.struct()


@dataclass(frozen=True)
class TermStep:
    """One transaction to the engine about terms with dates.

    Attributes:
        function: What is added acts at once; what is removed waits out the officer's delay.
        terms: Terms that are added or removed, ascending.
    """

    contract: ClassVar[Contract] = "TransferTerms"

    function: TermFunction
    terms: tuple[Term, ...]

    @property
    def title(self) -> str:
        """Name for people."""
        return f"{self.function}: {'; '.join(str(term) for term in self.terms)}"

    @property
    def loosens(self) -> bool:
        """True if it waits out the officer's delay."""
        return self.function.startswith("remove")

    def arguments(self) -> tuple[Any, ...]:
        """Arguments after the token, as an ABI encoder takes them."""
        return ([term.struct() for term in self.terms],)


AnyStep = Step | TokenStep | IssueStep | TermStep


def changes(on_chain: Mapping[int, Rule], wanted: Mapping[int, Rule]) -> list[Change]:
    """Jurisdictions whose rule is not what it should be, by number; what nobody wants is closed."""
    found = []
    for country in sorted({*on_chain, *wanted}):
        before, after = on_chain.get(country, CLOSED), wanted.get(country, CLOSED)
        if before != after:
            found.append(Change(country, before, after))
    return found


def steps(pending: Sequence[Change]) -> list[Step]:
    """Transactions for all of it: at most 2 * ceil(changes / MOST_A_TRANSACTION).

    Whatever a change tightens is tightened first and at once, also where the same change loosens something else.
    """
    tight: list[tuple[int, Rule]] = []
    loose: list[tuple[int, Rule]] = []
    for change in pending:
        if not change.loosens:
            tight.append((change.country, change.after))
            continue
        between = change.after.strictest(change.before)
        # A country that opens has nobody yet whom its other fields could bind.
        if change.before.classes and between != change.before and between.is_valid:
            tight.append((change.country, between))
        loose.append((change.country, change.after))
    return [*_batches("tightenRules", tight), *_batches("setRules", loose)]


def token_steps(on_chain: TokenRule, max_holders: int) -> list[TokenStep]:
    """The transaction that gives a token its maximum number of holders in all countries; none if it stands.

    A rulebook that asks for no maximum leaves the one that an officer set.
    """
    if not max_holders or max_holders == on_chain.max_holders:
        return []
    tighter = not on_chain.max_holders or max_holders < on_chain.max_holders
    return [TokenStep("tightenTokenRule" if tighter else "setTokenRule", replace(on_chain, max_holders=max_holders))]


def issue_steps(on_chain: Mapping[int, IssueRule], wanted: Mapping[int, IssueRule]) -> list[IssueStep]:
    """The transactions that limit what is issued, by country; none where the limit stands.

    A regime that asks for no limit leaves the one that an officer set.
    """
    found = []
    for country, rule in sorted(wanted.items()):
        before = on_chain.get(country, UNLIMITED)
        after = replace(before, issuance_limit=rule.issuance_limit, period=rule.period)
        if rule.issuance_limit and after != before:
            function: IssueFunction = "setIssueRule" if after.looser_than(before) else "tightenIssueRule"
            found.append(IssueStep(function, country, before, after))
    return found


def term_steps(on_chain: TransferTerms, wanted: DatedTerms, now: int) -> list[TermStep]:
    """The transactions that bring a token's terms with dates to what is wanted; those that have ended stay.

    Args:
        on_chain: Terms that stand.
        wanted: Terms that should stand; a list that is None stays as it is.
        now: Unix seconds.
    """
    found = []
    if wanted.pair_rules is not None:
        add, remove = _difference(on_chain.pair_rules, wanted.pair_rules, now)
        found += [TermStep("addPairRules", add), TermStep("removePairRules", remove)]
    if wanted.blackouts is not None:
        more, fewer = _difference(on_chain.blackouts, wanted.blackouts, now)
        found += [TermStep("addBlackouts", more), TermStep("removeBlackouts", fewer)]
    if wanted.volume_limits is not None:
        found += _volume_steps(on_chain.volume_limits, wanted.volume_limits)
    if wanted.class_rules is not None:
        standing, asked = set(on_chain.class_rules), set(wanted.class_rules)
        found.append(TermStep("addClassRules", tuple(sorted(asked - standing))))
        found.append(TermStep("removeClassRules", tuple(sorted(standing - asked))))
    return [step for step in found if step.terms]


def _volume_steps(there: Iterable[VolumeLimit], asked: Iterable[VolumeLimit]) -> list[TermStep]:
    """A lower limit takes the place of the one that counts the same; a higher one stands when that is gone."""
    standing, wanted = {limit.key: limit for limit in there}, {limit.key: limit for limit in asked}
    lower = tuple(sorted(one for key, one in wanted.items() if key not in standing or one.limit < standing[key].limit))
    gone = tuple(sorted(one for key, one in standing.items() if key not in wanted or one.limit < wanted[key].limit))
    return [TermStep("addVolumeLimits", lower), TermStep("removeVolumeLimits", gone)]


def _difference(there: Iterable[T], asked: Iterable[T], now: int) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """Terms that are missing and terms that are too many, among those that have not ended."""
    standing, wanted = ({term for term in terms if term.end > now} for terms in (there, asked))
    return tuple(sorted(wanted - standing)), tuple(sorted(standing - wanted))


def _batches(function: Function, rules: Sequence[tuple[int, Rule]]) -> list[Step]:
    batches = [rules[start : start + MOST_A_TRANSACTION] for start in range(0, len(rules), MOST_A_TRANSACTION)]
    return [Step(function, tuple(c for c, _ in batch), tuple(rule for _, rule in batch)) for batch in batches]
