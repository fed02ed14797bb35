"""The people, entities, vessels and aircraft of published sanctions lists, in one form for every publisher.

These records hold published data only. Everything is immutable and comparable, so that two versions of a list can be
compared party by party.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from eth_utils.crypto import keccak

Kind = Literal["person", "entity", "vessel", "aircraft", "unknown"]
"""Kind of a party. "unknown" is for publishers that do not say."""

Strength = Literal["primary", "strong", "weak"]
"""How well a name identifies a party, in the publisher's own words.

"primary" is the name that the party is listed under. "strong" is an alias that the publisher calls good, strong, or
does not qualify. "weak" is an alias that the publisher calls low-quality or weak: a nickname, a common name.
"""

PartKind = Literal["family", "given", "middle", "patronymic", "matronymic", "maiden", "nickname", "title", "whole"]
"""Role of a part of a name; "whole" is the name of an entity, a vessel or an aircraft."""


@dataclass(frozen=True, slots=True)
class NamePart:
    """A part of a name, where the format keeps parts apart.

    Attributes:
        kind: Its role.
        text: The part as published, without space around it.
    """

    kind: PartKind
    text: str


@dataclass(frozen=True, slots=True)
class ListedName:
    """A name of a party.

    Attributes:
        text: The whole name as published, with single spaces; "FAMILY, Given" stays in that order, because `parts`
            says what is what.
        strength: How well it identifies the party.
        script: ISO 15924 code with four letters, such as "Latn", "Cyrl", "Arab", "Hans"; "" if the format does not
            say, which says nothing about the letters of `text`.
        language: ISO 639 code in lower case as published, such as "ru" or "rus"; "" if the format does not say.
        parts: Parts in the order in which the name is written; empty if the format has whole names only.
    """

    text: str
    strength: Strength
    script: str = ""
    language: str = ""
    parts: tuple[NamePart, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedWallet:
    """An account on an EVM chain that is published as a party's.

    Attributes:
        address: "0x" and 40 hexadecimal digits in the EIP-55 checksum form, whatever the case of the publisher.
        asset: Code of the asset as published, such as "ETH", "USDT" or "BSC"; "" if there is none beside it. An
            account is the same on every EVM chain, so that the code does not say where it may act.
        doubtful: True if the publisher wrote capital and small letters that fail the EIP-55 checksum, so that a digit
            may be wrong; `address` has the published digits.
    """

    address: str
    asset: str = ""
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class ListedParty:
    """A person, entity, vessel or aircraft on a list.

    Attributes:
        list_id: The list, in lower case: "ofac-sdn", "ofac-consolidated", "un", "eu-fsf", "uk", or the name in a
            mapping file.
        uid: The publisher's own identifier, unique in the list and the same in the next version of it.
        kind: Kind of the party.
        names: Every name, the primary one first, then in the order of the file; at least one.
        birth_dates: Dates of birth, each in the form of ISO 8601 with the precision that is published: "1971",
            "1971-05" or "1971-05-03". "1960/1965" is a span of two such dates, both included. A trailing "~", as in
            "1971~" or "1960~/1965~", says that the publisher calls the date approximate (the form of EDTF).
        countries: ISO 3166-1 alpha-2 codes in capital letters of nationality, citizenship, registration, flag and
            addresses, sorted, each once. A country without a code, or with a name that is not known, is left out.
        programmes: Sanctions programmes or regimes as published, such as "SDGT" or "DPRK".
        wallets: Accounts on EVM chains, each address and asset once, in the order of the file.
        remarks: Remarks and comments, joined exactly; "" if there are none.
    """

    list_id: str
    uid: str
    kind: Kind
    names: tuple[ListedName, ...]
    birth_dates: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    programmes: tuple[str, ...] = ()
    wallets: tuple[ListedWallet, ...] = ()
    remarks: str = ""

    @property
    def primary(self) -> str:
        """The name that it is listed under."""
        return self.names[0].text


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of what a version of a list holds, for comparison with the publisher's totals.

    Attributes:
        parties: Parties.
        names: Number of names that are not primary: aliases, strong and weak.
        weak_names: The weak ones of them.
        wallets: Different EVM addresses.
    """

    parties: int
    names: int
    weak_names: int
    wallets: int

    @classmethod
    def of(cls, parties: Iterable[ListedParty]) -> Counts:
        """Counts parties one after the other, so that they need not be in memory at once."""
        total = aliases = weak = 0
        wallets: set[str] = set()
        for party in parties:
            total += 1
            aliases += sum(name.strength != "primary" for name in party.names)
            weak += sum(name.strength == "weak" for name in party.names)
            wallets.update(wallet.address for wallet in party.wallets)
        return cls(total, aliases, weak, len(wallets))


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file that a version of a list was read from.

    Attributes:
        source: Address on the web that it was fetched from, or the name of a local file without its folders.
        size: Its length in bytes.
        sha256: SHA-256 of its bytes, 64 hexadecimal digits.
        keccak256: Keccak-256 of its bytes, 64 hexadecimal digits.
    """

    source: str
    size: int
    sha256: str
    keccak256: str


@dataclass(frozen=True, slots=True)
class ListDocument:
    """A version of a published list.

    Attributes:
        list_id: The list.
        files: Files that it was read from: the main one first, the others by their names.
        published: Publisher's date, "YYYY-MM-DD" or "YYYY-MM-DDTHH:MM:SSZ" (UTC).
        counts: Numbers of what it holds.
        parties: Every party, in the order of the file.
        format: Name of the format that it was read from, such as "ofac-csv".
    """

    list_id: str
    files: tuple[ListFile, ...]
    published: str
    counts: Counts
    parties: tuple[ListedParty, ...]
    format: str = ""

    @property
    def source(self) -> str:
        """URL or name of the main file."""
        return self.files[0].source

    @property
    def sha256(self) -> str:
        """SHA-256 of the main file."""
        return self.files[0].sha256

    @property
    def source_hash(self) -> str:
        """Hash that a batch of the chain's list names as its source, 64 hexadecimal digits.

        Of one file it is the file's Keccak-256, as `quantera compliance sanction --source FILE` has it; of several it
        is the Keccak-256 of theirs, one after the other in the order of `files`.
        """
        hashes = [bytes.fromhex(file.keccak256) for file in self.files]
        return hashes[0].hex() if len(hashes) == 1 else keccak(b"".join(hashes)).hex()
