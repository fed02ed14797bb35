"""One jurisdiction's rule for one token, as the engine keeps it (IAutomatedComplianceEngine.Rule)."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields, replace
from decimal import Decimal
from enum import IntEnum
from typing import Any, Self

MOST_DIGITS = 14
"""Significant decimal digits that the engine keeps of an amount."""


DOCUMENTS = ("accreditation-evidence", "risk-acknowledgement", "investor-statement", "qualified-purchaser-evidence")
"""Kinds of documents that a holder can have on file; the index is the bit on chain and never changes its meaning."""


class InvestorClass(IntEnum):
    """IIdentityRegistry.InvestorClass; the bit in a mask of classes."""

    NONE = 0
    RETAIL = 1
    ACCREDITED = 2
    INSTITUTIONAL = 3


class Reason(IntEnum):
    """IAutomatedComplianceEngine.Reason; the ERC-1404 code."""

    NONE = 0
    RULES_NOT_SET = 1
    ACCOUNT_FROZEN = 2
    NOT_REGISTERED = 3
    KYC_EXPIRED = 4
    COUNTRY_NOT_ALLOWED = 5
    CLASS_NOT_ALLOWED = 6
    VENUE_ONLY_OPPOSITE_ELIGIBLE = 7
    AML_EXPIRED = 8
    SANCTIONED = 9
    NOT_VERIFIED = 10
    ACCREDITATION_EXPIRED = 11
    CLAIM_MISSING = 12
    DOCUMENT_MISSING = 13
    OUTBOUND_BLOCKED = 14
    INBOUND_BLOCKED = 15
    RESIDENTS_ONLY = 16
    LOCKED_UP = 17
    VOLUME_EXCEEDED = 18
    BELOW_MINIMUM_HOLDING = 19
    ABOVE_MAXIMUM_HOLDING = 20
    TOO_MANY_HOLDERS = 21
    TOO_MANY_HOLDERS_IN_COUNTRY = 22
    TOKEN_PAUSED = 23
    WALLET_FROZEN = 24
    INSUFFICIENT_BALANCE = 25
    AMOUNT_FROZEN = 26
    VENUE_NOT_ADMITTED = 27
    SUPPLY_CAP_EXCEEDED = 28
    ISSUANCE_EXCEEDED = 29
    COUNTRY_PAIR_CLOSED = 30
    BLACKOUT_PERIOD = 31


@dataclass(frozen=True)
class Rule:
    """Members as in the struct: same names in other letters, same order, same units.

    Attributes:
        classes: Bit i stands for InvestorClass(i); 0: the country is not allowed.
        inbound_blocked: Nobody there receives.
        outbound_blocked: Nobody there sends.
        resident_only: Residents deal with residents.
        documents: Bits of the documents that a holder needs.
        lockup: Seconds.
        max_holders: Wallets; 0: no limit, here and below.
        min_holding: Smallest units.
        max_holding: Smallest units.
        volume_limit: Smallest units that a holder sends in any period.
        period: Seconds.
        travel_threshold: Smallest units.
        report_threshold: Smallest units.
    """

    classes: int = 0
    inbound_blocked: bool = False
    outbound_blocked: bool = False
    resident_only: bool = False
    documents: int = 0
    lockup: int = 0
    max_holders: int = 0
    min_holding: int = 0
    max_holding: int = 0
    volume_limit: int = 0
    period: int = 0
    travel_threshold: int = 0
    report_threshold: int = 0

    @classmethod
    def of(cls, struct: tuple[Any, ...]) -> Self:
        """Makes a rule of the struct's members, as an ABI decoder gives them."""
        return cls(*struct)

    def struct(self) -> tuple[Any, ...]:
        """The struct's members, as an ABI encoder takes them."""
        return astuple(self)

    def looser_in(self, other: Rule) -> tuple[str, ...]:
        """Fields in which this rule lets through what the other one stops, or logs less of it."""
        return tuple(name for name in FIELDS if _looser(name, getattr(self, name), getattr(other, name)))

    def strictest(self, other: Rule) -> Rule:
        """Each field of this rule, or of the other one where that is tighter."""
        tighter = {name: getattr(other, name) for name in self.looser_in(other)}
        for name in ("classes", "documents"):
            mine, others = getattr(self, name), getattr(other, name)
            tighter[name] = mine & others if name == "classes" else mine | others
        return replace(self, **tighter)

    @property
    def is_valid(self) -> bool:
        """True if the engine accepts it: the minimum is not above the maximum, and only a volume has a period."""
        bounds = not self.max_holding or self.min_holding <= self.max_holding
        return bounds and (self.period > 2 if self.volume_limit else self.period == 0)


@dataclass(frozen=True)
class TokenRule:
    """The rule of a token in every country (IAutomatedComplianceEngine.TokenRule).

    Attributes:
        required_topics: Bits of the claim topics that a holder needs.
        max_holders: Number in all countries together; 0: no limit.
        others: Members of the struct that this does not name, as they stand on chain.
    """

    required_topics: int = 0
    max_holders: int = 0
    others: tuple[Any, ...] = ()

    @classmethod
    def of(cls, struct: tuple[Any, ...]) -> Self:
        """Makes a rule of the struct's members, as an ABI decoder gives them."""
        return cls(struct[0], struct[1], tuple(struct[2:]))

    def struct(self) -> tuple[Any, ...]:
        """The struct's members, as an ABI encoder takes them."""
        return (self.required_topics, self.max_holders, *self.others)


@dataclass(frozen=True)
class IssueRule:
    """The rule for issuing to holders of a jurisdiction, or to all (IAutomatedComplianceEngine.IssueRule).

    Attributes:
        supply_cap: Smallest units that exist at once; 0: no limit, here and below.
        issuance_limit: Smallest units that are issued in any period.
        period: Seconds.
    """

    supply_cap: int = 0
    issuance_limit: int = 0
    period: int = 0

    def struct(self) -> tuple[int, int, int]:
        """The struct's members, as an ABI encoder takes them."""
        return self.supply_cap, self.issuance_limit, self.period

    def looser_than(self, other: IssueRule) -> bool:
        """True if any field lets through what the other rule stops (RulePacking.isTighter, turned round)."""
        limits = ((self.supply_cap, other.supply_cap), (self.issuance_limit, other.issuance_limit))
        return any(old and (not new or new > old) for new, old in limits) or self.period < other.period


UNLIMITED = IssueRule()
EVERYWHERE = 0xFFFF
"""Number under which the engine names the rule for issuing that holds in every jurisdiction."""
FIELDS = tuple(item.name for item in fields(Rule))
CLOSED = Rule()
"""The rule of an unknown jurisdiction: nobody there may hold."""

_ASKED = ("inbound_blocked", "outbound_blocked", "resident_only", "documents")
_FLOORS = ("lockup", "min_holding", "period")


def _looser(name: str, new: int, old: int) -> bool:
    """RulePacking.isTighter, turned round."""
    if name == "classes":
        return bool(new & ~old)
    if name in _ASKED:
        return bool(old & ~new)
    if name in _FLOORS:
        return new < old
    # A ceiling: 0 is none at all.
    return bool(old) and (not new or new > old)


def document_names(mask: int) -> list[str]:
    """Returns the name of every kind of document in a mask; a bit that has no name is shown as its number."""
    bits = [bit for bit in range(mask.bit_length()) if mask >> bit & 1]
    return [DOCUMENTS[bit].replace("-", " ") if bit < len(DOCUMENTS) else f"document kind {bit}" for bit in bits]


def whole(units: int, decimals: int) -> str:
    """Smallest units as whole tokens, with thousands separated."""
    text = f"{Decimal(units).scaleb(-decimals):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def floor_amount(units: int) -> int:
    """The largest amount up to this that the engine can keep, for what must not be exceeded."""
    return units - units % _step(units)


def ceil_amount(units: int) -> int:
    """The smallest amount from this that the engine can keep, for what must be reached."""
    return units + -units % _step(units)


def _step(units: int) -> int:
    return int(10 ** max(0, len(str(units)) - MOST_DIGITS))
