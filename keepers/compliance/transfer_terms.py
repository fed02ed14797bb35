"""Terms of a token that depend on both sides and on dates, as the engine keeps them (ITransferTerms). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from keepers.compliance.countries import BELONGS_TO, UNSTATED, letters_of
from keepers.compliance.moments import period
from keepers.compliance.rules import InvestorClass, document_names

EVERY_OTHER = 65_535
"""The number by which a call names every country but that of the other side."""


@dataclass(frozen=True, order=True)
class PairRule:
    """A period in which holders in one country send nothing to holders in another one (ITransferTerms.PairRule).

    Attributes:
        sender: ISO 3166-1 number; EVERY_OTHER for every country but the receiver's; 0 for one that is not stated.
        receiver: ISO 3166-1 number; EVERY_OTHER for every country but the sender's; 0 for one that is not stated.
        start: Unix seconds from which the way is closed.
        end: Unix seconds from which it is open again.
    """

    sender: int
    receiver: int
    start: int
    end: int

    @classmethod
    def of(cls, struct: Iterable[Any]) -> Self:
        """A rule as an ABI decoder gives it."""
        return cls(*map(int, struct))

    def struct(self) -> tuple[int, int, int, int]:
        """The rule as an ABI encoder takes it."""
        return self.sender, self.receiver, self.start, self.end

    def stands_at(self, now: int) -> bool:
        """True if the way is closed at that time."""
        return self.start <= now < self.end

    def closes(self, sender: int, receiver: int) -> bool:
        """True if the rule closes the way between two countries, whatever its period.

        Args:
            sender: Stored code of a country; 0 for a venue account, whose tokens may come from anywhere.
            receiver: Stored code of a country; 0 for a venue account, which is in none.
        """
        sender, receiver = BELONGS_TO.get(sender, sender), BELONGS_TO.get(receiver, receiver)
        source, target = self.sender or UNSTATED, self.receiver or UNSTATED
        if self.sender == EVERY_OTHER:
            return sender != receiver and (self.receiver == EVERY_OTHER or target == receiver)
        if self.receiver == EVERY_OTHER:
            return source == sender and sender != receiver
        return target == receiver and (sender == 0 or source == sender)

    def __str__(self) -> str:
        return f"from {_place(self.sender)} to {_place(self.receiver)}, {period(self.start, self.end)}"


@dataclass(frozen=True, order=True)
class Blackout:
    """A period in which holders send nothing (ITransferTerms.Blackout).

    Attributes:
        start: Unix seconds at which it begins.
        end: Unix seconds at which it is over.
        affiliates_only: True if it stops affiliates alone.
    """

    start: int
    end: int
    affiliates_only: bool

    @classmethod
    def of(cls, struct: Iterable[Any]) -> Self:
        """A blackout as an ABI decoder gives it."""
        start, end, affiliates_only = struct
        return cls(int(start), int(end), bool(affiliates_only))

    def struct(self) -> tuple[int, int, bool]:
        """The blackout as an ABI encoder takes it."""
        return self.start, self.end, self.affiliates_only

    def stands_at(self, now: int) -> bool:
        """True if it stops somebody at that time."""
        return self.start <= now < self.end

    def __str__(self) -> str:
        return f"of {'affiliates' if self.affiliates_only else 'all holders'}, {period(self.start, self.end)}"


@dataclass(frozen=True, order=True)
class VolumeLimit:
    """A maximum that a person sends in any period (ITransferTerms.VolumeLimit).

    Attributes:
        country: ISO 3166-1 number; EVERY_OTHER for persons of every country; 0 for one that is not stated.
        affiliates_only: True if it binds affiliates alone.
        period: Seconds.
        limit: Smallest units.
    """

    country: int
    affiliates_only: bool
    period: int
    limit: int

    @classmethod
    def of(cls, struct: Iterable[Any]) -> Self:
        """A limit as an ABI decoder gives it."""
        country, affiliates_only, seconds, limit = struct
        return cls(int(country), bool(affiliates_only), int(seconds), int(limit))

    @property
    def key(self) -> tuple[int, bool, int]:
        """Everything but the limit itself; the lower one of two limits with equal counts stands."""
        return self.country, self.affiliates_only, self.period

    def struct(self) -> tuple[int, bool, int, int]:
        """The limit as an ABI encoder takes it."""
        return self.country, self.affiliates_only, self.period, self.limit

    def binds(self, countries: Iterable[int], affiliate: bool) -> bool:
        """True if it binds a person with wallets in these countries, as stored codes."""
        if self.affiliates_only and not affiliate:
            return False
        return _is_in(self.country, countries)

    def __str__(self) -> str:
        who = "affiliates" if self.affiliates_only else "everybody"
        where = "" if self.country == EVERY_OTHER else f" in {letters_of(self.country or UNSTATED)}"
        return f"of {who}{where}, in any {self.period / 86_400:g} days"


@dataclass(frozen=True, order=True)
class ClassRule:
    """Duties of persons of some classes of investors (ITransferTerms.ClassRule).

    Attributes:
        country: ISO 3166-1 number; EVERY_OTHER for persons of every country; 0 for one that is not stated.
        classes: Bit i stands for InvestorClass(i); the rule binds these.
        exempt_topics: Bits of the registry's claim topics; who has all of them is not bound. 0 if no claim exempts.
        closed: True if they receive nothing.
        documents: Bits of the documents that they need to receive.
        lockup: Seconds for which tokens that are issued to them are locked.
        max_holding: Smallest units that a person may hold after it receives; 0 for no limit.
        max_holders: Maximum number of persons whom it binds and who hold; 0 for no limit.
    """

    country: int
    classes: int
    exempt_topics: int
    closed: bool
    documents: int
    lockup: int
    max_holding: int
    max_holders: int = 0

    @classmethod
    def of(cls, struct: Iterable[Any]) -> Self:
        """A rule as an ABI decoder gives it."""
        country, classes, exempt_topics, closed, *numbers = struct
        return cls(int(country), int(classes), int(exempt_topics), bool(closed), *map(int, numbers))

    def struct(self) -> tuple[int, int, int, bool, int, int, int, int]:
        """The rule as an ABI encoder takes it."""
        return (
            self.country, self.classes, self.exempt_topics, self.closed, self.documents, self.lockup,
            self.max_holding, self.max_holders,
        )  # fmt: skip

    @property
    def who(self) -> tuple[int, int, int]:
        """Whom it binds: country, classes and exempting topics. Rules that bind the same persons share one count."""
        return self.country, self.classes, self.exempt_topics

    def binds_in(self, countries: Iterable[int]) -> bool:
        """True if it binds persons with wallets in these countries, as stored codes, whatever they are."""
        return _is_in(self.country, countries)

    def binds_shown(self, investor_class: int, accreditation_expiry: int, topics: int, now: int) -> bool:
        """True if it binds whom one wallet's identity shows, whatever the country.

        A wallet whose accreditation has lapsed, or that has no verdict, shows a retail investor.

        Args:
            investor_class: InvestorClass of the identity.
            accreditation_expiry: Unix seconds from which neither the class nor an exempting claim counts.
            topics: Bits of its valid claim topics.
            now: Unix seconds.
        """
        lapsed = now >= accreditation_expiry
        shown = InvestorClass.RETAIL if lapsed or not investor_class else investor_class
        if not self.classes >> shown & 1:
            return False
        return not self.exempt_topics or lapsed or bool(self.exempt_topics & ~topics)

    def __str__(self) -> str:
        who = ", ".join(InvestorClass(kind).name.lower() for kind in InvestorClass if self.classes >> kind & 1)
        where = "" if self.country == EVERY_OTHER else f" in {letters_of(self.country or UNSTATED)}"
        numbers = [str(bit) for bit in range(16) if self.exempt_topics >> bit & 1]
        unless = f" without the claims number {', '.join(numbers)}" if numbers else ""
        duties = ["nothing is received"] if self.closed else []
        if self.documents:
            duties.append(f"documents {', '.join(document_names(self.documents))}")
        if self.lockup:
            duties.append(f"locked up for {self.lockup / 86_400:g} days")
        if self.max_holding:
            duties.append("a maximum")
        if self.max_holders:
            duties.append(f"{self.max_holders:,} of them hold at most")
        return f"of {who}{where}{unless}: {'; '.join(duties)}"


@dataclass(frozen=True)
class TransferTerms:
    """All terms of a token.

    Attributes:
        pair_rules: Ways between countries that are closed.
        blackouts: Periods in which holders send nothing.
        volume_limits: Maximums that a person sends in any period.
        class_rules: Duties of persons of some classes.
    """

    pair_rules: tuple[PairRule, ...] = ()
    blackouts: tuple[Blackout, ...] = ()
    volume_limits: tuple[VolumeLimit, ...] = ()
    class_rules: tuple[ClassRule, ...] = ()


def _is_in(country: int, countries: Iterable[int]) -> bool:
    return country == EVERY_OTHER or (country or UNSTATED) in {BELONGS_TO.get(code, code) for code in countries}


def _place(code: int) -> str:
    if code == EVERY_OTHER:
        return "every other country"
    return letters_of(code or UNSTATED)
