"""The schema of rulebook files. Unknown keys are refused: a misspelt rule would be a rule that is not there."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from keepers.compliance.countries import ALPHA2, BELONGS_TO
from keepers.compliance.rulebook.duration import seconds
from keepers.compliance.rules import DOCUMENTS

T = TypeVar("T")

InvestorClass = Literal["retail", "accredited", "institutional"]
Instrument = Literal["security", "fund-unit"]
Level = Literal["low", "medium", "high"]
LEVELS: tuple[Level, ...] = ("low", "medium", "high")
Line = Annotated[str, Field(min_length=3, pattern=r"^\S.*\S$")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


def _period(text: str) -> str:
    seconds(text)
    return text


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        raise ValueError("a name stands twice; remove one")
    return names


def _assigned(code: int) -> int:
    if code not in ALPHA2:
        raise ValueError(f"{code} is no ISO 3166-1 code; look the number up")
    return code


Period = Annotated[str, AfterValidator(_period)]
Country = Annotated[int, Field(strict=True), AfterValidator(_assigned)]
Classes = Annotated[tuple[InvestorClass, ...], Field(min_length=1), AfterValidator(_distinct)]


def _kinds(names: tuple[str, ...]) -> tuple[str, ...]:
    if unknown := sorted(set(names) - set(DOCUMENTS)):
        raise ValueError(f"no kind of document {unknown}; use one of {list(DOCUMENTS)}")
    return names


class Strict(BaseModel):
    """Refuses keys that it does not know; never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Money(Strict):
    """An amount as a law writes it."""

    amount: Annotated[Decimal, Field(ge=0)]
    currency: Currency

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:,f}"


class MoneyVolume(Money):
    """An amount in any period of a length."""

    amount: Annotated[Decimal, Field(gt=0)]
    period: Period

    def __str__(self) -> str:
        return f"{super().__str__()} in any {self.period}"


class SupplyVolume(Strict):
    """A part of the token's supply in any period of a length."""

    percent: Annotated[Decimal, Field(gt=0, le=100)]
    period: Period

    def __str__(self) -> str:
        return f"{self.percent:f}% of the supply in any {self.period}"


Volume = MoneyVolume | SupplyVolume

Documents = Annotated[tuple[Slug, ...], Field(min_length=1), AfterValidator(_distinct), AfterValidator(_kinds)]


def _part(section: str) -> str:
    if _WHOLE.search(section):
        raise ValueError(f"{section!r} names no part of the law; name the article, section or definition")
    return section


_WHOLE = re.compile(r"\bas a whole\b|\bwhole (law|act|order|rules?)\b|\bcompleta\b|\bpassim\b", re.IGNORECASE)


class Citation(Strict):
    """A reference to a part of a law, with the day of the last check.

    Attributes:
        law: Statute, regulation or rule.
        section: Article, section, paragraph or definition in it.
        checked: Day on which it was last compared with the law in force.
        note: How the rule differs from the law, in a sentence.
    """

    law: Line
    section: Annotated[str, Field(min_length=1, pattern=r"\S"), AfterValidator(_part)]
    checked: date
    note: Line | None = None

    def __str__(self) -> str:
        return f"{self.law}, {self.section} (checked {self.checked})"


class Confidence(Strict):
    """Trust that a file deserves, and why.

    Attributes:
        level: `high`: compared with the text of the law; `medium`: compared with what specialists and authorities
            publish; `low`: uncertain, so that every regime that opens anything leaves a question to counsel.
        reason: Reason in a sentence.
    """

    level: Level
    reason: Line

    def lower(self, other: Confidence) -> Confidence:
        """The lower of two; this one if they are level."""
        return other if LEVELS.index(other.level) < LEVELS.index(self.level) else self


class Rule(Citation, Generic[T]):
    """A value and the law that it comes from."""

    value: T


class Meaning(Citation):
    """The meaning of an investor class in a jurisdiction, for officers who register holders."""

    means: Line


class Unenforced(Citation):
    """A duty under a regime that the chain cannot see; the issuer fulfils it."""

    what: Line


Holders = Annotated[int, Field(ge=1, lt=2**32, strict=True)]


class Rules(Strict):
    """The requirements of a regime on holders in its jurisdiction. A field that is not there requires nothing.

    IAutomatedComplianceEngine.Rule describes the meaning of each on chain.

    Attributes:
        classes: Investor classes that may hold.
        lockup: Time for which issued tokens stay with their first holder.
        minimum_holding: Minimum of a holding, other than nothing.
        maximum_holding: Maximum of a holding.
        max_holders: Maximum number of holders in the jurisdiction.
        max_holders_worldwide: Maximum number of holders of the token in all countries together.
        max_non_accredited_worldwide: Maximum number of persons in all countries together who are retail investors.
        period_volume: Maximum that a holder may send in any period.
        period_issuance: Maximum that holders in the jurisdiction may be issued in any period, all together.
        inbound: "blocked" if nobody there may receive.
        outbound: "blocked" if nobody there may send.
        resident_only: True if holders there deal with holders there only.
        travel_rule: Amount from which the parties' names have to travel with a transfer.
        reporting: Amount from which a transfer is marked for a report.
        documents: Documents that every holder must have on file, some of DOCUMENTS.
    """

    classes: Rule[Classes] | None = None
    lockup: Rule[Period] | None = None
    minimum_holding: Rule[Money] | None = None
    maximum_holding: Rule[Money] | None = None
    max_holders: Rule[Holders] | None = None
    max_holders_worldwide: Rule[Holders] | None = None
    max_non_accredited_worldwide: Rule[Holders] | None = None
    period_volume: Rule[Volume] | None = None
    period_issuance: Rule[Volume] | None = None
    inbound: Rule[Literal["blocked"]] | None = None
    outbound: Rule[Literal["blocked"]] | None = None
    resident_only: Rule[Literal[True]] | None = None
    travel_rule: Rule[Money] | None = None
    reporting: Rule[Money] | None = None
    documents: Rule[Documents] | None = None

    def items(self) -> list[tuple[str, Rule[object]]]:
        """The rules that are there, by field."""
        return [(name, rule) for name in FIELDS if (rule := getattr(self, name)) is not None]


FIELDS = tuple(Rules.model_fields)

Counsel = dict[str, Line]
"""Field -> what to ask counsel about it."""


def _known_fields(counsel: Counsel) -> Counsel:
    if unknown := sorted(set(counsel) - set(FIELDS)):
        raise ValueError(f"counsel: no rule field {unknown}; use one of {list(FIELDS)}")
    return counsel


Questions = Annotated[Counsel, AfterValidator(_known_fields)]


class Regime(Strict):
    """A way to offer in a jurisdiction: an exemption, a registered offering, or none at all.

    Attributes:
        title: Name for people.
        instruments: Legal natures of the tokens that it serves. A regime does not serve fund units unless it says so.
        in_force_from: First day on which it can be used; None if it is in force already.
        rules: Requirements that the chain enforces.
        off_chain: Requirements that the chain cannot see.
        counsel: Field -> question that has to be answered before the regime opens anything.
    """

    title: Line
    instruments: Annotated[tuple[Instrument, ...], Field(min_length=1), AfterValidator(_distinct)] = ("security",)
    in_force_from: date | None = None
    rules: Rules
    off_chain: tuple[Unenforced, ...] = ()
    counsel: Questions = {}

    @model_validator(mode="after")
    def _decided(self) -> Self:
        if self.rules.classes is None and self.rules.inbound is None:
            raise ValueError("no rule says who may hold: give classes, or block inbound")
        if self.rules.classes is not None and self.rules.inbound is not None:
            raise ValueError("classes may hold and inbound is blocked: keep one")
        if both := sorted(set(self.counsel) & {name for name, _ in self.rules.items()}):
            raise ValueError(f"{both} are both ruled and left to counsel: keep one")
        return self

    @property
    def closes(self) -> bool:
        """True if nobody may hold under it."""
        return self.rules.inbound is not None


class InvestorClasses(Strict):
    """The meaning of each investor class. Retail is everybody else."""

    accredited: Meaning | None = None
    institutional: Meaning | None = None


class Shared(Strict):
    """Parts that several jurisdictions have in common; they are a group of the same name in capital letters."""

    confidence: Confidence
    investor_classes: InvestorClasses
    regimes: dict[Slug, Regime]
    counsel: Questions = {}
    notes: tuple[Line, ...] = ()


class JurisdictionFile(Strict):
    """A jurisdiction as its file says it."""

    code: Country
    alpha2: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    name: Line
    authority: Line
    confidence: Confidence
    national_law: Line | None = None
    shared: Slug | None = None
    investor_classes: InvestorClasses = InvestorClasses()
    default: Slug
    regimes: dict[Slug, Regime] = {}
    counsel: Questions = {}
    notes: tuple[Line, ...] = ()

    @model_validator(mode="after")
    def _one_country(self) -> Self:
        if ALPHA2[self.code] != self.alpha2:
            raise ValueError(f"code {self.code} is {ALPHA2[self.code]}, not {self.alpha2}; correct one of them")
        return self


class Jurisdiction(JurisdictionFile):
    """A jurisdiction with what it shares."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.default not in self.regimes:
            raise ValueError(f"default: no regime {self.default!r}; use one of {sorted(self.regimes)}")
        for name, regime in self.regimes.items():
            opened = regime.rules.classes.value if regime.rules.classes else ()
            for kind in ("accredited", "institutional"):
                # With retail in, the line between the classes decides nothing.
                if kind in opened and "retail" not in opened and getattr(self.investor_classes, kind) is None:
                    raise ValueError(f"regimes.{name}: {kind} is not defined; add investor_classes.{kind}")
            if self.confidence.level == "low" and not regime.closes and not self.questions(name):
                raise ValueError(f"regimes.{name}: confidence is low and nothing is left to counsel; add a question")
        return self

    def regime(self, name: str | None = None) -> Regime:
        """The regime of that name, or the default one.

        Raises:
            KeyError: If there is none.
        """
        return self.regimes[name or self.default]

    def questions(self, name: str | None = None) -> Counsel:
        """Returns a regime's questions to counsel: the jurisdiction's that it does not rule, and its own."""
        regime = self.regime(name)
        ruled = {field for field, _ in regime.rules.items()}
        return {field: text for field, text in self.counsel.items() if field not in ruled} | regime.counsel


class KeptOut(Strict):
    """Countries into which holders elsewhere send nothing until a time has passed since the closing of an offering."""

    countries: Annotated[tuple[Country, ...], Field(min_length=1)]
    period: Period

    @model_validator(mode="after")
    def _whole_countries(self) -> Self:
        if parts := [code for code in self.countries if code in BELONGS_TO]:
            raise ValueError(f"{parts[0]} belongs to {BELONGS_TO[parts[0]]}; name that one, which includes it")
        return self


class Offering(Strict):
    """The requirements of an offering on holders.

    Attributes:
        title: Name for people.
        confidence: Trust that the file deserves.
        excepted: Countries in which issued tokens are not locked up.
        lockup: Time for which issued tokens stay with their first holder, everywhere but in the countries excepted.
        keeps_out: Countries that others send nothing to, and for how long after the closing.
    """

    title: Line
    confidence: Confidence
    excepted: tuple[Country, ...] = Field(default=(), alias="except")
    lockup: Rule[Period] | None = None
    keeps_out: Rule[KeptOut] | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.lockup is None and self.keeps_out is None:
            raise ValueError("it asks for nothing: give lockup, or keeps_out")
        return self

    def rules(self) -> list[tuple[str, Rule[Any]]]:
        """The rules that are there, by field."""
        found = (("lockup", self.lockup), ("keeps_out", self.keeps_out))
        return [(field, rule) for field, rule in found if rule is not None]


class Rulebook(Strict):
    """Everything: jurisdictions by ISO 3166-1 number, offerings by name."""

    jurisdictions: dict[int, Jurisdiction]
    offerings: dict[str, Offering]

    def groups(self) -> dict[str, tuple[int, ...]]:
        """Name of a group in capital letters -> the jurisdictions that share its file."""
        found: dict[str, tuple[int, ...]] = {}
        for code, jurisdiction in sorted(self.jurisdictions.items()):
            if jurisdiction.shared is not None:
                name = jurisdiction.shared.upper()
                found[name] = (*found.get(name, ()), code)
        return found
