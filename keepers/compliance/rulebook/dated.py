"""Terms of a token beside its countries' rules: closed ways, blackouts, volumes, and rules by class of investor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Annotated, Any, Self

from eth_utils.crypto import keccak
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from keepers.compliance.countries import BELONGS_TO, NUMERIC, letters_of
from keepers.compliance.errors import RulebookError
from keepers.compliance.moments import NEVER
from keepers.compliance.rulebook.duration import seconds
from keepers.compliance.rulebook.schema import Classes, Documents, Holders, Line, Offering, Period, Strict
from keepers.compliance.rules import DOCUMENTS, InvestorClass
from keepers.compliance.transfer_terms import EVERY_OTHER, Blackout, ClassRule, PairRule, VolumeLimit

_EVERY_OTHER = "every-other"


def no_boolean(value: Any) -> Any:
    """Refuses what YAML made of the letters of Norway."""
    if isinstance(value, bool):
        raise ValueError("YAML reads NO as false; write 'NO' in quotes")
    return value


def country_letters(text: str) -> str:
    """Refuses what is no country that terms can name."""
    if text not in NUMERIC:
        raise ValueError(f"{text!r} is no ISO 3166-1 code; give two capital letters")
    if (country := BELONGS_TO.get(NUMERIC[text])) is not None:
        raise ValueError(f"{text} belongs to {letters_of(country)}; name {letters_of(country)}, which includes it")
    return text


def _end(text: str) -> str:
    return text if text == _EVERY_OTHER else country_letters(text)


End = Annotated[str, BeforeValidator(no_boolean), AfterValidator(_end)]


class Dated(Strict):
    """A period, in whole days (UTC).

    Attributes:
        start: First day; None for always.
        until: First day after it; None for never.
        law: Law, contract or policy that asks for it.
    """

    start: date | None = Field(default=None, alias="from")
    until: date | None = None
    law: Line

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.start is not None and self.until is not None and self.start >= self.until:
            raise ValueError(f"it is until {self.until} and from {self.start}; correct one of the days")
        return self

    def period(self) -> tuple[int, int]:
        """Start and end in unix seconds, as the chain keeps them."""
        start = 0 if self.start is None else midnight(self.start)
        return start, NEVER if self.until is None else midnight(self.until)


class Way(Dated):
    """A way between two countries that is closed.

    Attributes:
        sender: Country that sends nothing, by its letters; `every-other` for every country but the receiver.
        receiver: Country that receives nothing; `every-other` for every country but the sender.
    """

    sender: End
    receiver: End

    def rule(self) -> PairRule:
        """The rule that the chain keeps."""
        return PairRule(_code(self.sender), _code(self.receiver), *self.period())


class Quiet(Dated):
    """A period in which holders send nothing.

    Attributes:
        affiliates_only: True if it stops affiliates alone.
    """

    affiliates_only: bool = False

    def blackout(self) -> Blackout:
        """The blackout that the chain keeps."""
        return Blackout(*self.period(), self.affiliates_only)


ClaimTopic = Annotated[
    Annotated[int, Field(ge=0, lt=2**256, strict=True)] | Annotated[str, Field(min_length=1, max_length=100)],
    BeforeValidator(no_boolean),
]
"""A claim topic by its number, or by the name whose hash is its number."""


class Volume(Strict):
    """A maximum that a person sends in any period, beside the one of its country's regime.

    Attributes:
        country: Country that it binds, by its letters; None for every country.
        affiliates_only: True if it binds affiliates alone.
        tokens: Whole tokens.
        percent: Part of the supply that the terms name, instead of tokens.
        period: Length of the period.
        law: Law, contract or policy that asks for it.
    """

    country: Annotated[str, BeforeValidator(no_boolean), AfterValidator(country_letters)] | None = None
    affiliates_only: bool = False
    tokens: Annotated[Decimal, Field(gt=0)] | None = None
    percent: Annotated[Decimal, Field(gt=0, le=100)] | None = None
    period: Period
    law: Line

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        if (self.tokens is None) == (self.percent is None):
            raise ValueError("give tokens, or percent of the supply: one of the two")
        return self

    def volume_limit(self, supply: Decimal | None, decimals: int) -> VolumeLimit:
        """The limit that the chain keeps, rounded down.

        Raises:
            RulebookError: If it is a part of a supply that the terms do not name, or less than nothing can be divided.
        """
        units = _units(("volume", self.law), (self.tokens, self.percent), supply, decimals)
        code = EVERY_OTHER if self.country is None else NUMERIC[self.country]
        return VolumeLimit(code, self.affiliates_only, seconds(self.period), units)


class ClassDuties(Strict):
    """Duties of persons of some classes of investors, beside the rules of their countries.

    Attributes:
        country: Country whose persons it binds, by its letters; None for every country.
        classes: Classes that it binds.
        exempt_topics: Claim topics of the token's registry, by numbers or names; who has all of them is not bound. A
            topic's number is the Keccak-256 hash of its name.
        closed: True if they receive nothing; then nothing else is asked of them.
        documents: Documents that they need on file to receive.
        lockup: Period for which tokens that are issued to them are locked.
        tokens: Whole tokens that a person may hold at most.
        percent: Part of the supply that the terms name, instead of tokens.
        holders: Maximum number of persons whom it binds and who hold.
        law: Law, contract or policy that asks for it.
    """

    country: Annotated[str, BeforeValidator(no_boolean), AfterValidator(country_letters)] | None = None
    classes: Classes
    exempt_topics: tuple[ClaimTopic, ...] = ()
    closed: bool = False
    documents: Documents | None = None
    lockup: Period | None = None
    tokens: Annotated[Decimal, Field(gt=0)] | None = None
    percent: Annotated[Decimal, Field(gt=0, le=100)] | None = None
    holders: Holders | None = None
    law: Line

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.tokens is not None and self.percent is not None:
            raise ValueError("give tokens, or percent of the supply: one of the two")
        duties = (self.documents, self.lockup, self.tokens, self.percent, self.holders)
        asks = any(one is not None for one in duties)
        if asks == self.closed:
            raise ValueError("close the classes, or ask for documents, a lockup, a maximum or holders: one of the two")
        return self

    def class_rule(self, supply: Decimal | None, decimals: int, topics: Mapping[int, int]) -> ClassRule:
        """The rule that the chain keeps; a maximum is rounded down.

        Args:
            supply: Whole tokens; None if the terms do not name it.
            decimals: Decimals of the token.
            topics: Claim topics of the token's registry -> index.

        Raises:
            RulebookError: If the maximum is a part of a supply that the terms do not name, or less than nothing can be
                divided, or if the registry lacks a topic that exempts.
        """
        most = 0
        if self.tokens is not None or self.percent is not None:
            most = _units(("class", self.law), (self.tokens, self.percent), supply, decimals)
        return ClassRule(
            EVERY_OTHER if self.country is None else NUMERIC[self.country],
            sum(1 << InvestorClass[name.upper()] for name in self.classes),
            sum(1 << _index(topic, topics, self.law) for topic in dict.fromkeys(self.exempt_topics)),
            self.closed,
            sum(1 << DOCUMENTS.index(name) for name in self.documents or ()),
            seconds(self.lockup) if self.lockup is not None else 0,
            most,
            self.holders or 0,
        )


@dataclass(frozen=True)
class DatedTerms:
    """Terms with dates that a token should have, each with its source.

    Attributes:
        pair_rules: Ways that are closed -> source; None if the terms leave them to the officer.
        blackouts: Blackouts -> source; None if the terms leave them to the officer.
        volume_limits: Limits on what a person sends -> source; None if the terms leave them to the officer.
        class_rules: Duties by class of investor -> source; None if the terms leave them to the officer.
    """

    pair_rules: Mapping[PairRule, str] | None = None
    blackouts: Mapping[Blackout, str] | None = None
    volume_limits: Mapping[VolumeLimit, str] | None = None
    class_rules: Mapping[ClassRule, str] | None = None


NOTHING_DATED = DatedTerms()
"""Terms that leave everything with a date to the officer."""


def dated_terms(
    offering: Offering | None,
    closing: date | None,
    ways: tuple[Way, ...] | None,
    quiet: tuple[Quiet, ...] | None,
    volumes: Mapping[VolumeLimit, str] | None,
    classes: Mapping[ClassRule, str] | None,
) -> DatedTerms:
    """Returns the terms with dates that an issuer's decisions ask for.

    Args:
        offering: Offering of the token, if any.
        closing: Day on which the offering closed; None if it has not: then what it closes has no end yet.
        ways: Ways that the issuer closes itself; None if it says nothing about them.
        quiet: Blackouts; None if the issuer says nothing about them.
        volumes: Limits on what a person sends, with their sources; None if the issuer says nothing about them.
        classes: Duties by class of investor, with their sources; None if the issuer says nothing about them.
    """
    rules = {way.rule(): way.law for way in ways or ()}
    if offering is not None and offering.keeps_out is not None:
        kept = offering.keeps_out
        end = NEVER if closing is None else midnight(closing) + seconds(kept.value.period)
        source = f"{offering.title}: {kept.law}, {kept.section} (checked {kept.checked})"
        rules |= {PairRule(EVERY_OTHER, country, 0, end): source for country in kept.value.countries}
    closes = ways is not None or (offering is not None and offering.keeps_out is not None)
    blackouts = None if quiet is None else {one.blackout(): one.law for one in quiet}
    return DatedTerms(rules if closes else None, blackouts, volumes, classes)


def midnight(day: date) -> int:
    """The first second of a day (UTC)."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _units(
    what: tuple[str, str], amount: tuple[Decimal | None, Decimal | None], supply: Decimal | None, decimals: int
) -> int:
    """Whole tokens, or per cent of a supply, in smallest units, rounded down.

    Args:
        what: Kind of limit and the law that asks for it, for messages.
        amount: Whole tokens and per cent; one of the two is None.
        supply: Whole tokens; None if the terms do not name it.
        decimals: Decimals of the token.
    """
    (kind, law), (tokens, percent) = what, amount
    if tokens is None and supply is None:
        raise RulebookError("terms", f"{_PLURALS[kind]} need supply (for {law})", "add it to the token's terms")
    whole = tokens if tokens is not None else (supply or Decimal(0)) * (percent or 0) / 100
    units = int((whole * Decimal(10) ** decimals).to_integral_value(ROUND_FLOOR))
    if not 0 < units < 2**112:
        raise RulebookError("terms", f"{kind} of {whole:f} tokens cannot be limited", "correct it")
    return units


def _index(topic: int | str, topics: Mapping[int, int], law: str) -> int:
    number = topic if isinstance(topic, int) else int.from_bytes(keccak(text=topic))
    if number not in topics:
        known = ", ".join(map(str, topics)) or "none"
        reason = f"is no claim topic of the token's registry (classes, for {law})"
        remedy = f"add it to the registry, or name one that it has: {known}"
        raise RulebookError(f"exempt_topics: {topic}", reason, remedy)
    return topics[number]


_PLURALS = {"volume": "volumes", "class": "classes"}


def _code(end: str) -> int:
    return EVERY_OTHER if end == _EVERY_OTHER else NUMERIC[end]
