"""Rules of the engine for one token: the regimes that its issuer opens, in the token's units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from keepers.compliance.countries import TERRITORIES
from keepers.compliance.errors import RulebookError
from keepers.compliance.rulebook.dated import DatedTerms
from keepers.compliance.rulebook.duration import seconds
from keepers.compliance.rulebook.schema import (
    Citation,
    Jurisdiction,
    Money,
    MoneyVolume,
    Rulebook,
    Rules,
)
from keepers.compliance.rulebook.terms import IssuerTerms, Opening, opened
from keepers.compliance.rules import DOCUMENTS, UNLIMITED, InvestorClass, IssueRule, Rule, ceil_amount, floor_amount
from keepers.compliance.transfer_terms import EVERY_OTHER, ClassRule


@dataclass(frozen=True)
class Assignment:
    """A jurisdiction's rule for a token, with the source of each field.

    Attributes:
        jurisdiction: Jurisdiction of the rulebook.
        regime: Name of the regime chosen.
        rule: Rule in the engine's units.
        sources: Field of the rule -> the law, in the order of the engine's fields.
        holders_worldwide: Maximum number of holders of the token in all countries that the regime asks for; 0: none.
        issues: Rule for issuing to holders of the jurisdiction.
        retail_worldwide: Maximum number of retail investors in all countries that the regime asks for; 0: none.
    """

    jurisdiction: Jurisdiction
    regime: str
    rule: Rule
    sources: Mapping[str, Citation]
    holders_worldwide: int = 0
    issues: IssueRule = UNLIMITED
    retail_worldwide: int = 0


def assign(rulebook: Rulebook, terms: IssuerTerms, decimals: int, today: date | None = None) -> dict[int, Assignment]:
    """Returns the rules of a token, by ISO 3166-1 number.

    They are those of the jurisdictions that the issuer opens and of the territories that belong to them, and those of
    the jurisdictions whose file closes them: a file can close a country by itself, but never open it. A regime that
    counts the holders of its country, or what they are issued, leaves the territories closed, because the engine would
    count each apart.

    Args:
        rulebook: Jurisdictions and offerings.
        terms: The issuer's decisions.
        decimals: Decimals of the token.
        today: Day on which a regime must be in force and an answer must have been given; by default the current one.

    Raises:
        RulebookError: If the terms name what the rulebook does not have, leave a question of an open jurisdiction
            without answer, or lack a worth or the supply that a rule needs.
    """
    if terms.offering and terms.offering not in rulebook.offerings:
        known = ", ".join(sorted(rulebook.offerings))
        raise RulebookError(f"offering {terms.offering}", "not in the rulebook", f"choose from: {known}")
    openings = opened(rulebook, terms)
    chosen = {
        code: _choice(rulebook.jurisdictions[code], opening, terms, today or date.today())
        for code, opening in sorted(openings.items())
    }
    _check_questions(rulebook, openings, chosen)
    wanted = {code: _with_answers(rulebook, code, name, openings[code]) for code, name in chosen.items()}
    _check_worth(rulebook, terms, wanted)
    packer = _Packer(terms, decimals)
    found = {}
    for code, rules in wanted.items():
        offering = _offering_rules(rulebook, terms, code)
        found[code] = packer.assignment(rulebook.jurisdictions[code], chosen[code], rules, offering)
        if not found[code].rule.max_holders and not found[code].issues.issuance_limit:
            found |= dict.fromkeys(TERRITORIES.get(code, ()), found[code])
    for code, jurisdiction in rulebook.jurisdictions.items():
        if code not in found and jurisdiction.regime().closes:
            found[code] = packer.assignment(jurisdiction, jurisdiction.default, jurisdiction.regime().rules, Rules())
    return dict(sorted(found.items()))


def holders_worldwide(assignments: Mapping[int, Assignment]) -> tuple[int, Citation] | None:
    """The lowest maximum of holders in all countries that a jurisdiction asks for, with its source; None if none."""
    asked = [(found.holders_worldwide, found) for found in assignments.values() if found.holders_worldwide]
    if not asked:
        return None
    lowest, found = min(asked, key=lambda pair: pair[0])
    return lowest, found.sources["max_holders_worldwide"]


def with_class_counts(
    dated: DatedTerms, assignments: Mapping[int, Assignment], standing: Iterable[ClassRule]
) -> DatedTerms:
    """Terms with the lowest maximum of retail investors in all countries that a jurisdiction asks for.

    Where the issuer leaves class rules to the officer, those that stand are kept; one that allows no more is enough.

    Args:
        dated: Terms that the issuer's decisions ask for.
        assignments: The rulebook's rules for the token, by country.
        standing: Class rules on chain.
    """
    asked = [found for found in assignments.values() if found.retail_worldwide]
    if not asked:
        return dated
    found = min(asked, key=lambda one: one.retail_worldwide)
    law = f"{found.regime}: {found.sources['max_non_accredited_worldwide']}"
    rule = ClassRule(EVERY_OTHER, 1 << InvestorClass.RETAIL, 0, False, 0, 0, 0, found.retail_worldwide)
    if dated.class_rules is not None:
        return replace(dated, class_rules={**dated.class_rules, rule: law})
    kept = dict.fromkeys(standing, "the compliance officer's")
    if any(one.who == rule.who and 0 < one.max_holders <= rule.max_holders for one in kept):
        return dated
    return replace(dated, class_rules={**kept, rule: law})


def _choice(jurisdiction: Jurisdiction, opening: Opening, terms: IssuerTerms, today: date) -> str:
    """The name of the regime that the issuer chose.

    Raises:
        RulebookError: If there is no such regime, or the token cannot be offered under it today.
    """
    letters, name = jurisdiction.alpha2, opening.regime or jurisdiction.default
    fitting = [
        key
        for key, regime in jurisdiction.regimes.items()
        if not regime.closes and terms.instrument in regime.instruments
    ]
    remedy = f"choose from: {', '.join(fitting)}" if fitting else "do not open it"
    if name not in jurisdiction.regimes:
        raise RulebookError(f"regime {name} of {letters}", "not in the rulebook", remedy)
    regime = jurisdiction.regimes[name]
    if regime.closes and opening.regime is None:
        raise RulebookError(f"jurisdiction {letters}", f"its regime {name} lets nobody hold", remedy)
    if terms.instrument not in regime.instruments and not regime.closes:
        raise RulebookError(f"regime {name} of {letters}", f"is not for a {terms.instrument}", remedy)
    if regime.in_force_from is not None and regime.in_force_from > today:
        reason = f"is in force from {regime.in_force_from}"
        raise RulebookError(f"regime {name} of {letters}", reason, "choose another one until then, or do not open it")
    for field, answer in opening.answers.items():
        if answer.given > today:
            reason = f"was given on {answer.given}, which is to come"
            raise RulebookError(f"answer to {letters} {field}", reason, "correct the day")
    return name


def _check_questions(rulebook: Rulebook, openings: Mapping[int, Opening], chosen: Mapping[int, str]) -> None:
    """Refuses an open question, and an answer that no open jurisdiction asks for."""
    missing, first = [], ""
    for code, name in chosen.items():
        jurisdiction = rulebook.jurisdictions[code]
        questions = jurisdiction.questions(name)
        for field, text in questions.items():
            if field not in openings[code].answers:
                missing.append(f"{jurisdiction.alpha2} {field}")
                first = first or text
        # A group's answers serve those of its members that ask.
        asked = {key for other, regime in chosen.items() if openings[other] is openings[code]
                 for key in rulebook.jurisdictions[other].questions(regime)}  # fmt: skip
        if needless := sorted(set(openings[code].answers) - asked):
            reason = f"regime {name} leaves no such question open"
            raise RulebookError(f"answer to {jurisdiction.alpha2} {needless[0]}", reason, "remove it")
    if missing:
        remedy = "answer each in the terms (open.XX.answers), or do not open the country"
        more = f"; the first one: {first.rstrip('.')}" if first else ""
        raise RulebookError("terms", f"open questions to counsel: {', '.join(missing)}{more}", remedy)


def _with_answers(rulebook: Rulebook, code: int, name: str, opening: Opening) -> Rules:
    """Rules of a regime, and those that follow from the answers to its questions."""
    jurisdiction = rulebook.jurisdictions[code]
    asked = jurisdiction.questions(name)
    answered = {field: rule for field, rule in opening.rules().items() if field in asked}
    return jurisdiction.regime(name).rules.model_copy(update=answered)


def _offering_rules(rulebook: Rulebook, terms: IssuerTerms, code: int) -> Rules:
    offering = rulebook.offerings[terms.offering] if terms.offering else None
    if offering is None or offering.lockup is None or code in offering.excepted:
        return Rules()
    return Rules(lockup=offering.lockup)


def _check_worth(rulebook: Rulebook, terms: IssuerTerms, wanted: Mapping[int, Rules]) -> None:
    missing: dict[str, list[str]] = {}
    for code, rules in wanted.items():
        letters = rulebook.jurisdictions[code].alpha2
        for field, rule in rules.items():
            value = rule.value
            if isinstance(value, Money) and value.currency not in terms.worth:
                missing.setdefault(f"worth.{value.currency}", []).append(f"{letters} {field}")
            if field in ("period_volume", "period_issuance") and not isinstance(value, Money) and terms.supply is None:
                missing.setdefault("supply", []).append(f"{letters} {field}")
    if missing:
        needs = "; ".join(f"{key} (for {', '.join(where)})" for key, where in missing.items())
        raise RulebookError("terms", f"rules need {needs}", "add it to the token's terms, or choose other regimes")


class _Packer:
    """Laws' amounts in a token's smallest units."""

    def __init__(self, terms: IssuerTerms, decimals: int) -> None:
        self._terms = terms
        self._unit = Decimal(10) ** decimals

    def assignment(self, jurisdiction: Jurisdiction, name: str, rules: Rules, offering: Rules) -> Assignment:
        """A regime's rules, with the offering's lock-up where that is longer, and the source of each."""
        values: dict[str, Any] = {}
        sources: dict[str, Citation] = {}
        for field, rule in rules.items():
            for member, value in self._members(field, rule.value).items():
                values[member], sources[member] = value, rule
        worldwide, issues = values.pop("max_holders_worldwide", 0), values.pop("period_issuance", UNLIMITED)
        retail = values.pop("max_non_accredited_worldwide", 0)
        # Nobody may come in, so nobody has to bring anything; but who is in may leave or not.
        if "inbound_blocked" in values:
            values = {"outbound_blocked": True} if values.get("outbound_blocked") else {}
            sources["classes"] = sources.pop("inbound_blocked")
            issues = UNLIMITED
        elif offering.lockup and seconds(offering.lockup.value) > values.get("lockup", 0):
            values["lockup"], sources["lockup"] = seconds(offering.lockup.value), offering.lockup
        return Assignment(jurisdiction, name, Rule(**values), sources, worldwide, issues, retail)

    def _members(self, field: str, value: Any) -> dict[str, Any]:
        """A law's value as members of the engine's rule."""
        if field in ("period_volume", "period_issuance"):
            most, period = max(1, floor_amount(self._volume(value))), seconds(value.period)
            if field == "period_issuance":
                return {field: IssueRule(issuance_limit=most, period=period)}
            return {"volume_limit": most, "period": period}
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
    "max_holders_worldwide": ("max_holders_worldwide", lambda _, number: number),
    "max_non_accredited_worldwide": ("max_non_accredited_worldwide", lambda _, number: number),
    "inbound": ("inbound_blocked", lambda _, __: True),
    "outbound": ("outbound_blocked", lambda _, __: True),
    "resident_only": ("resident_only", lambda _, __: True),
    "travel_rule": ("travel_threshold", _Packer.at_most),
    "reporting": ("report_threshold", _Packer.at_most),
    "documents": ("documents", lambda _, names: sum(1 << DOCUMENTS.index(name) for name in names)),
}
