"""Decisions of a token's issuer: where the token is open, under which regime, and the worth of a token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from keepers.compliance.errors import RulebookError
from keepers.compliance.rulebook.dated import (
    ClassDuties,
    DatedTerms,
    Quiet,
    Volume,
    Way,
    country_letters,
    dated_terms,
    no_boolean,
)
from keepers.compliance.rulebook.files import read_yaml, validate
from keepers.compliance.rulebook.schema import (
    FIELDS,
    Currency,
    Instrument,
    Line,
    Rulebook,
    Rules,
    Slug,
    Strict,
)

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def _place(text: str) -> str:
    # A longer name is a group of the rulebook; `opened` knows which there are.
    return text if len(text) > 2 else country_letters(text)


def _token(text: str) -> str:
    return text.lower() if _ADDRESS.fullmatch(text) else text


Alpha2 = Annotated[str, BeforeValidator(no_boolean), AfterValidator(country_letters)]
Place = Annotated[str, BeforeValidator(no_boolean), AfterValidator(_place)]
Token = Annotated[str, AfterValidator(_token)]


class Answer(Strict):
    """The answer to a question that the rulebook leaves to counsel, as the issuer adopts it.

    Attributes:
        says: Answer in a sentence.
        by: Person or firm that gave it.
        given: Day on which it was given.
        value: Rule that follows from it, as the rulebook writes the field; None if the chain has nothing to enforce.
    """

    says: Line
    by: Line
    given: date
    value: Any = None


class Opening(Strict):
    """Conditions under which a token is open in a jurisdiction.

    Attributes:
        regime: Regime of the jurisdiction; by default the one that its file names.
        answers: Field that the regime leaves to counsel -> answer.
    """

    regime: Slug | None = None
    answers: dict[str, Answer] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _answers_fit(self) -> Self:
        if unknown := sorted(set(self.answers) - set(FIELDS)):
            raise ValueError(f"answers: no rule field {unknown}; use one of {list(FIELDS)}")
        try:
            self.rules()
        except ValidationError as error:
            fault = error.errors()[0]
            raise ValueError(f"answers.{fault['loc'][0]}.value: {fault['msg']}") from None
        return self

    def rules(self) -> Rules:
        """The rules that follow from the answers, with the answer as their source."""
        found = {
            field: {
                "value": answer.value,
                "law": f"Answer of {answer.by} to the issuer",
                "section": f"Given on {answer.given}",
                "checked": answer.given,
                "note": answer.says,
            }
            for field, answer in self.answers.items()
            if answer.value is not None
        }
        return Rules.model_validate(found)


def _nothing(value: Any) -> Any:
    return {} if value is None else value


class IssuerTerms(Strict):
    """Decisions on one token.

    Attributes:
        instrument: Legal nature of the token; a share of a portfolio is a fund unit.
        offering: One of the rulebook's, if any.
        closing: Day on which the offering closed; None while it has not.
        ways: Closed ways between countries; None leaves to the officer which ways are closed on chain.
        blackouts: Periods in which holders send nothing; None leaves them to the officer.
        volumes: Limits on what a person sends in any period; None leaves them to the officer.
        classes: Duties of persons of some classes of investors; None leaves them to the officer.
        open: Jurisdiction, or group of the rulebook such as EEA -> conditions. Every other jurisdiction is closed.
        excluded: Members of an open group in which the token is not offered.
        worth: Currency -> worth of a whole token in it, for rules that speak of money.
        supply: Whole tokens, for rules that speak of parts of the supply.
    """

    instrument: Instrument
    offering: Slug | None = None
    closing: date | None = None
    ways: tuple[Way, ...] | None = None
    blackouts: tuple[Quiet, ...] | None = None
    volumes: tuple[Volume, ...] | None = None
    classes: tuple[ClassDuties, ...] | None = None
    open: dict[Place, Annotated[Opening, BeforeValidator(_nothing)]] = Field(default_factory=dict)
    excluded: tuple[Alpha2, ...] = ()
    worth: dict[Currency, Annotated[Decimal, Field(gt=0)]] = Field(default_factory=dict)
    supply: Annotated[Decimal, Field(gt=0)] | None = None

    def dated(self, rulebook: Rulebook, decimals: int, topics: Mapping[int, int] | None = None) -> DatedTerms:
        """The terms beside the countries' rules that the decisions ask for.

        Args:
            rulebook: Jurisdictions and offerings.
            decimals: Decimals of the token.
            topics: Claim topics of the token's registry -> index; None if it has none.

        Raises:
            RulebookError: If they speak of a part of a supply that they do not name, or of a claim topic that the
                registry lacks.
        """
        volumes = None
        if self.volumes is not None:
            volumes = {one.volume_limit(self.supply, decimals): one.law for one in self.volumes}
        classes = None
        if self.classes is not None:
            classes = {one.class_rule(self.supply, decimals, topics or {}): one.law for one in self.classes}
        offering = rulebook.offerings.get(self.offering) if self.offering else None
        return dated_terms(offering, self.closing, self.ways, self.blackouts, volumes, classes)


class TermsFile(Strict):
    """Terms by the token's symbol or address. No token has the terms of another one."""

    tokens: dict[Token, IssuerTerms] = Field(default_factory=dict)

    def of(self, symbol: str, address: str = "") -> IssuerTerms | None:
        """The terms of a token: those of its address, or else those of its symbol; None if it has none."""
        return self.tokens.get(address.lower(), self.tokens.get(symbol))


def load_terms(path: Path) -> TermsFile:
    """Reads and checks a terms file.

    Raises:
        RulebookError: One line, with the file, the key and the remedy.
    """
    return validate(path, TermsFile, read_yaml(path))


def opened(rulebook: Rulebook, terms: IssuerTerms) -> dict[int, Opening]:
    """Returns the jurisdictions in which the issuer opens a token, by ISO 3166-1 number.

    A jurisdiction that is named itself and by its group has the conditions under its own name.

    Raises:
        RulebookError: If the terms name what the rulebook does not have, or exclude what they do not open.
    """
    by_letters = {found.alpha2: code for code, found in rulebook.jurisdictions.items()}
    groups = rulebook.groups()
    found: dict[int, Opening] = {}
    for place, opening in terms.open.items():
        if len(place) > 2 and place not in groups:
            known = ", ".join(sorted(groups)) or "none"
            raise RulebookError(f"group {place}", "not in the rulebook", f"name countries, or one of: {known}")
        if len(place) > 2:
            found |= dict.fromkeys(groups[place], opening)
    _know(by_letters, [place for place in terms.open if len(place) == 2])
    _know(by_letters, terms.excluded)
    for letters in terms.excluded:
        if letters in terms.open or found.pop(by_letters[letters], None) is None:
            reason = "is open and excluded" if letters in terms.open else "is excluded and in no open group"
            raise RulebookError(f"jurisdiction {letters}", reason, "remove one of the two")
    return found | {by_letters[place]: opening for place, opening in terms.open.items() if len(place) == 2}


def _know(by_letters: Mapping[str, int], wanted: list[str] | tuple[str, ...]) -> None:
    for letters in wanted:
        if letters not in by_letters:
            raise RulebookError(f"jurisdiction {letters}", "not in the rulebook", "add its file, or leave it out")
