"""Decisions of a token's issuer: the regime of each jurisdiction, and the worth of a token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from keepers.compliance.countries import ALPHA2, NUMERIC
from keepers.compliance.errors import RulebookError
from keepers.compliance.rulebook.duration import seconds
from keepers.compliance.rulebook.files import read_yaml, validate
from keepers.compliance.rulebook.schema import (
    DOCUMENTS,
    Citation,
    Currency,
    Jurisdiction,
    Money,
    MoneyVolume,
    Rulebook,
    Rules,
    Slug,
    Strict,
)
from keepers.compliance.rules import InvestorClass, Rule, ceil_amount, floor_amount


def _letters(text: str) -> str:
    if text not in NUMERIC:
        raise ValueError(f"{text!r} is no ISO 3166-1 code; give two capital letters")
    return text


Alpha2 = Annotated[str, AfterValidator(_letters)]


class Terms(Strict):
    """Decisions on one token.

    Attributes:
        offering: One of the rulebook's, if any.
        regimes: Jurisdiction -> regime, where it is not the default one.
        only: Jurisdictions that it is offered in; by default every one of the rulebook.
        excluded: Jurisdictions that it is not offered in.
        worth: Currency -> what a whole token is worth in it, for rules that speak of money.
        supply: Whole tokens, for rules that speak of parts of the supply.
    """

    offering: Slug | None = None
    regimes: dict[Alpha2, Slug] = Field(default_factory=dict)
    only: tuple[Alpha2, ...] | None = None
    excluded: tuple[Alpha2, ...] = ()
    worth: dict[Currency, Annotated[Decimal, Field(gt=0)]] = Field(default_factory=dict)
    supply: Annotated[Decimal, Field(gt=0)] | None = None


class TermsFile(Strict):
    """Terms by the token's symbol, and those of every other token."""

    default: Terms
    tokens: dict[str, Terms] = Field(default_factory=dict)

    def of(self, symbol: str) -> Terms:
        """The terms of a token."""
        return self.tokens.get(symbol, self.default)


@dataclass(frozen=True)
class Assignment:
    """A jurisdiction's rule for a token, with the source of each field.

    Attributes:
        jurisdiction: Jurisdiction of the rulebook.
        regime: Name of the regime chosen.
        rule: Rule in the engine's units.
        sources: Field of the rule -> the law, in the order of the engine's fields.
    """

    jurisdiction: Jurisdiction
    regime: str
    rule: Rule
    sources: Mapping[str, Citation]


def load_terms(path: Path) -> TermsFile:
    """Reads and checks a terms file.

    Raises:
        RulebookError: One line, with the file, the key and the remedy.
    """
    return validate(path, TermsFile, read_yaml(path))


def assign(rulebook: Rulebook, terms: Terms, decimals: int) -> dict[int, Assignment]:
    """Returns every jurisdiction's rule for a token, by ISO 3166-1 number.

    Args:
        rulebook: Jurisdictions and offerings.
        terms: The issuer's decisions.
        decimals: Decimals of the token.

    Raises:
        RulebookError: If the terms name what the rulebook has not, or lack a worth or the supply that a rule needs.
    """
    _check_names(rulebook, terms)
    chosen = {
        code: terms.regimes.get(jurisdiction.alpha2, jurisdiction.default)
        for code, jurisdiction in sorted(rulebook.jurisdictions.items())
        if _offered(jurisdiction, terms)
    }
    _check_worth(rulebook, terms, chosen)
    packer = _Packer(terms, decimals)
    found = {}
    for code, name in chosen.items():
        jurisdiction = rulebook.jurisdictions[code]
        found[code] = packer.assignment(jurisdiction, name, _offering_rules(rulebook, terms, code))
    return found


def _offered(jurisdiction: Jurisdiction, terms: Terms) -> bool:
    letters = jurisdiction.alpha2
    return letters not in terms.excluded and (terms.only is None or letters in terms.only)


def _offering_rules(rulebook: Rulebook, terms: Terms, code: int) -> Rules:
    offering = rulebook.offerings[terms.offering] if terms.offering else None
    return Rules(lockup=offering.lockup) if offering and code not in offering.excepted else Rules()


def _check_names(rulebook: Rulebook, terms: Terms) -> None:
    if terms.offering and terms.offering not in rulebook.offerings:
        known = ", ".join(sorted(rulebook.offerings))
        raise RulebookError(f"offering {terms.offering}", "not in the rulebook", f"choose from: {known}")
    by_letters = {found.alpha2: found for found in rulebook.jurisdictions.values()}
    for letters in (*terms.regimes, *(terms.only or ()), *terms.excluded):
        if letters not in by_letters:
            raise RulebookError(f"jurisdiction {letters}", "not in the rulebook", "add its file, or leave it out")
    for letters, name in terms.regimes.items():
        if name not in by_letters[letters].regimes:
            known = ", ".join(by_letters[letters].regimes)
            raise RulebookError(f"regime {name} of {letters}", "not in the rulebook", f"choose from: {known}")
        if not _offered(by_letters[letters], terms):
            raise RulebookError(
                f"regime {name} of {letters}", "the token is not offered there", "remove one of the two"
            )


def _check_worth(rulebook: Rulebook, terms: Terms, chosen: Mapping[int, str]) -> None:
    missing: dict[str, list[str]] = {}
    for code, name in chosen.items():
        jurisdiction = rulebook.jurisdictions[code]
        for field, rule in jurisdiction.regime(name).rules.items():
            value = rule.value
            if isinstance(value, Money) and value.currency not in terms.worth:
                missing.setdefault(f"worth.{value.currency}", []).append(f"{jurisdiction.alpha2} {field}")
            if field == "period_volume" and not isinstance(value, Money) and terms.supply is None:
                missing.setdefault("supply", []).append(f"{jurisdiction.alpha2} {field}")
    if missing:
        needs = "; ".join(f"{key} (for {', '.join(where)})" for key, where in missing.items())
        raise RulebookError("terms", f"rules need {needs}", "add it to the terms, or choose other regimes")


class _Packer:
    """Laws' amounts in a token's smallest units."""

    def __init__(self, terms: Terms, decimals: int) -> None:
        self._terms = terms
        self._unit = Decimal(10) ** decimals

    def assignment(self, jurisdiction: Jurisdiction, name: str, offering: Rules) -> Assignment:
        """A regime's rules, with the offering's lock-up where that is longer, and the source of each."""
        regime = jurisdiction.regime(name)
        values: dict[str, Any] = {}
        sources: dict[str, Citation] = {}
        for field, rule in regime.rules.items():
            for member, value in self._members(field, rule.value).items():
                values[member], sources[member] = value, rule
        # Nobody may come in, so nobody has to bring anything; but who is in may leave or not.
        if "inbound_blocked" in values:
            values = {"outbound_blocked": True} if values.get("outbound_blocked") else {}
            sources["classes"] = sources.pop("inbound_blocked")
        elif offering.lockup and seconds(offering.lockup.value) > values.get("lockup", 0):
            values["lockup"], sources["lockup"] = seconds(offering.lockup.value), offering.lockup
        return Assignment(jurisdiction, name, Rule(**values), sources)

    def _members(self, field: str, value: Any) -> dict[str, Any]:
        """A law's value as members of the engine's rule."""
        if field == "period_volume":
            return {"volume_limit": max(1, floor_amount(self._volume(value))), "period": seconds(value.period)}
        member, packed = _MEMBERS[field]
        return {member: packed(self, value)}

    def _volume(self, value: Any) -> int:
        if isinstance(value, MoneyVolume):
            return self._units(value, ROUND_FLOOR)
        assert self._terms.supply is not None
        return int((self._terms.supply * self._unit * value.percent / 100).to_integral_value(ROUND_FLOOR))

    def _units(self, money: Money, rounding: str) -> int:
        units = money.amount / self._terms.worth[money.currency] * self._unit
        return int(units.to_integral_value(rounding))

    def at_least(self, money: Money) -> int:
        """Returns the units of a minimum, rounded up."""
        return ceil_amount(self._units(money, ROUND_CEILING))

    def at_most(self, money: Money) -> int:
        """Returns the units of a maximum, rounded down. Zero would mean no limit, so that the result is at least 1."""
        return max(1, floor_amount(self._units(money, ROUND_FLOOR)))


def _mask(names: tuple[str, ...]) -> int:
    return sum(1 << InvestorClass[name.upper()] for name in names)


_MEMBERS: dict[str, tuple[str, Callable[[_Packer, Any], Any]]] = {
    "classes": ("classes", lambda _, names: _mask(names)),
    "lockup": ("lockup", lambda _, period: seconds(period)),
    "minimum_holding": ("min_holding", _Packer.at_least),
    "maximum_holding": ("max_holding", _Packer.at_most),
    "max_holders": ("max_holders", lambda _, number: number),
    "inbound": ("inbound_blocked", lambda _, __: True),
    "outbound": ("outbound_blocked", lambda _, __: True),
    "resident_only": ("resident_only", lambda _, __: True),
    "travel_rule": ("travel_threshold", _Packer.at_most),
    "reporting": ("report_threshold", _Packer.at_most),
    "documents": ("documents", lambda _, names: sum(1 << DOCUMENTS.index(name) for name in names)),
}


def letters_of(code: int) -> str:
    """Two letters of a country, or its number where ISO has none."""
    return ALPHA2.get(code, f"{code:03d}")
