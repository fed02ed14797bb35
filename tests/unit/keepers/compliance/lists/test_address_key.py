"""The 152 Ethereum addresses of September 2024, in files that are made for the purpose.

OFAC's own file of that month is not at hand. `ethereum_key_2024_09.txt` has the addresses of a public answer key
(0xB10C/ofac-sanctioned-digital-currency-addresses, `sanctioned_addresses_ETH.txt`): the 151 of its commit
370513615c6241fcdc11eab0b1ac2c8b54b28189 and the one that OFAC added on 26 September 2024, as they are written there.
The tests write them into files of both published formats, in OFAC's words, beside accounts and hashes of other kinds.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from eth_utils.address import to_checksum_address

from keepers.compliance.lists.draft import Draft
from keepers.compliance.lists.formats import Wanted, read
from keepers.compliance.lists.ofac_csv import CUT
from keepers.compliance.lists.records import ListDocument
from tests.unit.keepers.compliance.lists.reading import PUBLISHED, bytes_of, source

KEY = bytes_of("ethereum_key_2024_09.txt").decode().split()
ASSETS = ("ETH", "USDT", "USDC", "ARB", "BSC", "ETC")
SIZES = (53, 37, 30, 12, 8, 4, 3, 2, 1, 1, 1)
"""Numbers of addresses of the parties: few have many."""
OTHERS = (
    "Digital Currency Address - XBT bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
    "Digital Currency Address - TRX TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
    "Digital Currency Address - SUI 0x" + "5e" * 32,
    "Transaction Hash 0x" + "ab" * 32,
    "Registration Number 0x2024",
)
END = b"\x1a"


def groups() -> Iterator[list[str]]:
    """Addresses of each party."""
    left = iter(KEY)
    yield from (list(itertools.islice(left, size)) for size in SIZES)


def remarks(addresses: list[str], before: int) -> str:
    """Remarks with so many characters before them, in which the first address of an asset has no `alt.`."""
    fields, seen = ["Organization Type " + "x" * before], set()
    for address, asset in zip(addresses, itertools.cycle(ASSETS), strict=False):
        fields.append(f"{'alt. ' if asset in seen else ''}Digital Currency Address - {asset} {address}")
        seen.add(asset)
    return "; ".join([*fields, *OTHERS]) + "."


def made_csv(before: int) -> tuple[ListDocument, Draft, list[str]]:
    """The main file and the comments file, read, and the remarks as they were before they were cut."""
    texts = [remarks(addresses, before) for addresses in groups()]
    main = "".join(
        f'{number},"PARTY {number}",-0- ,"CYBER2"{",-0- " * 7},"{text[:CUT]}"\r\n'
        for number, text in enumerate(texts, 1)
    )
    rest = "".join(f'{number},"{text[CUT:]}"\r\n' for number, text in enumerate(texts, 1) if text[CUT:])
    files = [source("sdn.csv", main.encode() + END), source("sdn_comments.csv", rest.encode() + END)]
    document, draft = read(Wanted("ofac-csv", published=PUBLISHED), files)
    return document, draft, texts


def made_advanced() -> tuple[ListDocument, Draft]:
    """An SDN_ADVANCED file: every asset is a feature's type, and every address a feature of its party."""
    head = bytes_of("sdn_advanced.xml").decode().split("<DistinctParties>")[0]
    codes = {asset: 2000 + number for number, asset in enumerate(ASSETS)}
    types = "".join(
        f'<FeatureType ID="{code}">Digital Currency Address - {asset}</FeatureType>'
        for asset, code in codes.items()
        if asset not in ("ETH", "BSC")
    )
    codes |= {"ETH": 345, "BSC": 1007}
    parties = "".join(
        f'<DistinctParty FixedRef="{number}"><Profile ID="{number}" PartySubTypeID="3">'
        f'<Identity ID="{number}" FixedRef="{number}" Primary="true" False="false"><Alias FixedRef="{number}" '
        f'AliasTypeID="1403" Primary="true" LowQuality="false"><DocumentedName ID="{number}" FixedRef="{number}" '
        f'DocNameStatusID="1"><DocumentedNamePart><NamePartValue NamePartGroupID="{number}" ScriptID="215" '
        f'Acronym="false">PARTY {number}</NamePartValue></DocumentedNamePart></DocumentedName></Alias><NamePartGroups>'
        f'<MasterNamePartGroup><NamePartGroup ID="{number}" NamePartTypeID="1525" /></MasterNamePartGroup>'
        f"</NamePartGroups></Identity>{features(addresses, codes)}</Profile></DistinctParty>"
        for number, addresses in enumerate(groups(), 1)
    )
    head = head.replace("</FeatureTypeValues>", f"{types}</FeatureTypeValues>")
    tail = "</DistinctParties><ProfileRelationships /><SanctionsEntries></SanctionsEntries></Sanctions>"
    text = f"{head}<DistinctParties>{parties}{tail}"
    return read(Wanted("ofac-advanced"), [source("SDN_ADVANCED.XML", text.encode())])


def features(addresses: list[str], codes: dict[str, int]) -> str:
    """Features of a party: its addresses by asset, and one of Bitcoin."""
    found = [
        *zip(addresses, (codes[one] for one in itertools.cycle(ASSETS)), strict=False),
        ("bc1qar0srrr7xfkvy5l", 344),
    ]
    return "".join(
        f'<Feature ID="{number}" FeatureTypeID="{code}"><FeatureVersion ID="{number}" ReliabilityID="1"><Comment />'
        f'<VersionDetail DetailTypeID="1432">{address}</VersionDetail></FeatureVersion></Feature>'
        for number, (address, code) in enumerate(found, 5000)
    )


def found(document: ListDocument) -> list[list[str]]:
    """Addresses of each party of a list, without the assets."""
    return [list(dict.fromkeys(wallet.address for wallet in party.wallets)) for party in document.parties]


WANTED = [[to_checksum_address(address) for address in addresses] for addresses in groups()]


def test_key__of_september_2024__has_152_addresses() -> None:
    assert len(KEY) == len({address.lower() for address in KEY}) == sum(SIZES) == 152


@pytest.mark.parametrize("before", range(0, 90, 3))
def test_ofac_csv__addresses_of_the_key__are_found_by_party_and_no_others(before: int) -> None:
    document, draft, _ = made_csv(before)
    assert found(document) == WANTED
    assert not draft.findings and not any(one.doubtful for party in document.parties for one in party.wallets)


def test_ofac_csv__remarks_of_the_made_file__are_cut_within_addresses_and_between_them() -> None:
    cuts = {text[CUT - 1 : CUT + 1] for before in range(0, 90, 3) for text in made_csv(before)[2] if text[CUT:]}
    hexadecimal = {cut for cut in cuts if set(cut) <= set("0123456789abcdefABCDEF")}
    assert hexadecimal and cuts - hexadecimal


def test_ofac_csv__assets_of_the_key__stand_with_their_addresses() -> None:
    document, _, _ = made_csv(0)
    given = [list(zip(addresses, itertools.cycle(ASSETS), strict=False)) for addresses in WANTED]
    assert [[(one.address, one.asset) for one in party.wallets] for party in document.parties] == given


def test_ofac_csv__without_the_comments__has_fewer_and_is_refused() -> None:
    text = remarks(KEY[:53], 0)[:CUT]
    row = f'1,"PARTY 1",-0- ,"CYBER2"{",-0- " * 7},"{text}"\r\n'.encode() + END
    document, draft = read(Wanted("ofac-csv", published=PUBLISHED), [source("sdn.csv", row)])
    assert len(document.parties[0].wallets) < 53 and any(one.refuses for one in draft.findings)


def test_ofac_advanced__addresses_of_the_key__are_found_by_party_and_no_others() -> None:
    document, draft = made_advanced()
    assert found(document) == WANTED and draft.findings == []
    assert document.counts.wallets == 152
