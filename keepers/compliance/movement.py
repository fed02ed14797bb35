"""A movement, its accounts and the rules of its token, for a verdict on it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from keepers.compliance.rules import CLOSED, IssueRule, Reason, Rule, whole
from keepers.compliance.transfer_terms import ClassRule, TransferTerms, VolumeLimit

Role = Literal["token", "sender", "receiver", "spender"]

_FOREVER = 2**40 - 1


@dataclass(frozen=True)
class Identity:
    """IIdentityRegistry.Identity; times in unix seconds, masks of topics and documents."""

    country: int = 0
    investor_class: int = 0
    frozen: bool = False
    venue: bool = False
    kyc_expiry: int = 0
    aml_expiry: int = 0
    accreditation_expiry: int = 0
    topics: int = 0
    documents: int = 0
    sanctioned: bool = False
    linked: bool = False
    listed: bool = False
    former: bool = False
    shared_ledger: bool = False

    @classmethod
    def of_word(cls, word: int) -> Self:
        """Decodes a word of IIdentityRegistry.packedIdentityOf."""
        return cls(
            country=word & 0xFFFF,
            investor_class=(word >> 16) & 0xFF,
            frozen=bool((word >> 24) & 0xFF),
            venue=bool((word >> 32) & 0xFF),
            kyc_expiry=(word >> 40) & _FOREVER,
            aml_expiry=(word >> 80) & _FOREVER,
            accreditation_expiry=(word >> 120) & _FOREVER,
            topics=(word >> 160) & 0xFFFF,
            documents=(word >> 176) & 0xFFFF,
            sanctioned=bool((word >> 192) & 0xFF),
            linked=bool((word >> 200) & 0xFF),
            listed=bool((word >> 208) & 0xFF),
            former=bool((word >> 216) & 0xFF),
            shared_ledger=bool((word >> 224) & 0xFF),
        )


@dataclass(frozen=True)
class Party:
    """An account of the movement.

    Attributes:
        address: Checksummed.
        identity: Identity in the token's registry.
        balance: Balance of the token before the movement, smallest units.
        counted_in: Country where it is counted as a holder; 0 if nowhere.
        locked: Smallest units that do not move now.
        unlocks_at: Unix seconds at which the last of them is free.
        sent: Smallest units that count against the volume limit, by country.
        sent_in_day: Smallest units that the person sent in the last day, as far as a travel threshold made it count.
        received_in_day: Smallest units that the person received in the last day, likewise.
        other_wallets: Balances of the other wallets of its ONCHAINID, before the movement.
        other_countries: Countries of those wallets.
        admitted: True if the token admits it although anyone can hold its ledger.
        treasury: True if what it sends counts as an issue, and what it receives does not.
        person: ONCHAINID of the person behind it; empty if there is none.
        affiliate: True if the person is marked as an affiliate of the issuer.
        sent_under: Smallest units that count against each volume limit of the token's terms.
        other_identities: Identities of the other wallets of its ONCHAINID.
        wallet_frozen: Frozen by the token.
        frozen: Smallest units of its balance that the token has frozen.
        counted_under: Class rules with a maximum of holders under which the person is counted.
        leaves_under: Those under which the person is no longer counted once this account holds nothing.
    """

    address: str
    identity: Identity = Identity()
    balance: int = 0
    counted_in: int = 0
    locked: int = 0
    unlocks_at: int = 0
    sent: Mapping[int, int] = field(default_factory=dict)
    sent_in_day: int = 0
    received_in_day: int = 0
    other_wallets: Mapping[str, int] = field(default_factory=dict)
    other_countries: tuple[int, ...] = ()
    admitted: bool = False
    treasury: bool = False
    person: str = ""
    affiliate: bool = False
    sent_under: Mapping[VolumeLimit, int] = field(default_factory=dict)
    other_identities: tuple[Identity, ...] = ()
    wallet_frozen: bool = False
    frozen: int = 0
    counted_under: frozenset[ClassRule] = frozenset()
    leaves_under: frozenset[ClassRule] = frozenset()

    @property
    def country(self) -> int:
        """Country whose rules it obeys: a holder whose identity was deleted obeys the one in which it is counted."""
        return self.identity.country or (0 if self.identity.venue else self.counted_in)

    @property
    def countries(self) -> tuple[int, ...]:
        """Countries whose maximums, lock-ups and volumes bind the person; its own first."""
        return tuple(dict.fromkeys((self.country, *self.other_countries)))


@dataclass(frozen=True)
class State:
    """The rules and counts of a token.

    Attributes:
        now: Unix seconds.
        open: True if the token has rules at all.
        paused: True if the token is paused.
        required_topics: Bits that every holder needs.
        max_holders: Maximum number of holders; 0 for no limit.
        holders: Number of holders.
        rules: Rules by country; a missing country is closed.
        holders_in: Number of holders by country.
        supply: Smallest units that exist.
        issue_rules: Rules for issuing by country, 0 for all of them; a missing one limits nothing.
        issued_in: Smallest units that count against an issuance limit, by country likewise.
        terms: Terms by pairs of countries and dates.
        decimals: Decimals of the token, for amounts in words.
        class_holders: Persons who are counted under each class rule with a maximum of holders.
        census: Wallets of holders that are counted under class rules; the others have to be before anybody enters.
    """

    now: int
    open: bool = True
    paused: bool = False
    required_topics: int = 0
    max_holders: int = 0
    holders: int = 0
    rules: Mapping[int, Rule] = field(default_factory=dict)
    holders_in: Mapping[int, int] = field(default_factory=dict)
    supply: int = 0
    issue_rules: Mapping[int, IssueRule] = field(default_factory=dict)
    issued_in: Mapping[int, int] = field(default_factory=dict)
    terms: TransferTerms = field(default_factory=TransferTerms)
    decimals: int = 0
    class_holders: Mapping[ClassRule, int] = field(default_factory=dict)
    census: int = 0

    def rule(self, party: Party) -> Rule:
        """Returns the rule of the party's country."""
        return self.rule_in(party.country)

    def rule_in(self, country: int) -> Rule:
        """Returns the rule of a country."""
        return self.rules.get(country, CLOSED)

    def tokens(self, units: int) -> str:
        """Smallest units as whole tokens, in words."""
        return whole(units, self.decimals)


@dataclass(frozen=True)
class Movement:
    """A transfer, mint or burn to judge.

    Attributes:
        sender: None when minting.
        receiver: None when burning.
        spender: Account that moves the tokens, if it is neither of the two.
        amount: Smallest units.
    """

    sender: Party | None
    receiver: Party | None
    amount: int
    spender: Party | None = None

    @property
    def to_itself(self) -> bool:
        """True if nothing changes hands."""
        return bool(self.sender and self.receiver and self.sender.address == self.receiver.address)

    @property
    def sender_after(self) -> int:
        """The sender's balance after it; 0 if there is not enough, as `checkTransfer` has it."""
        if self.sender is None:
            return 0
        return self.sender.balance if self.to_itself else max(0, self.sender.balance - self.amount)

    @property
    def receiver_after(self) -> int:
        """The receiver's balance after it."""
        if self.receiver is None:
            return 0
        return self.receiver.balance if self.to_itself else self.receiver.balance + self.amount


@dataclass(frozen=True)
class Finding:
    """One check.

    Attributes:
        role: Party that is checked.
        account: Its address; None for the token.
        check: Name of the check, in a word or two.
        passed: True if it lets the movement through.
        reason: Reason that the engine gives otherwise.
        text: Finding in words.
        country: Country of the rule; 0 if it is no jurisdiction's.
        rule_field: Field of Rule; None if it is no rule of a jurisdiction.
    """

    role: Role
    account: str | None
    check: str
    passed: bool
    reason: Reason
    text: str
    country: int = 0
    rule_field: str | None = None
