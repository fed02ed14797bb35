from __future__ import annotations

import pytest

from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.formats import Wanted, read
from keepers.compliance.lists.records import Counts, ListedName, ListedWallet, NamePart
from tests.unit.keepers.compliance.lists.reading import FIRST, SECOND, by_uid, bytes_of, reading, source


def test_parties__of_the_advanced_model__are_counted_and_dated() -> None:
    document, draft = reading("ofac-advanced", "sdn_advanced.xml")
    assert (document.list_id, document.published) == ("ofac-sdn", "2026-09-23")
    assert document.counts == Counts(parties=3, names=2, weak_names=1, wallets=2)
    assert draft.findings == [] and not draft.unread


def test_parties__a_person__has_parts_scripts_and_strengths() -> None:
    party = by_uid(reading("ofac-advanced", "sdn_advanced.xml")[0])["2674"]
    assert party.kind == "person"
    family, given = NamePart("family", "PETROV"), NamePart("given", "Ivan")
    assert party.names == (
        ListedName("PETROV, Ivan Ivanovich", "primary", "Latn", "", (family, given, NamePart("middle", "Ivanovich"))),
        ListedName("LITTLE FOX", "weak", "Latn", "", (NamePart("given", "LITTLE FOX"),)),
        ListedName("ПЕТРОВ Иван", "strong", "Cyrl", "", (NamePart("family", "ПЕТРОВ"), NamePart("given", "Иван"))),
    )


def test_parties__a_person__has_dates_countries_programmes_and_accounts() -> None:
    party = by_uid(reading("ofac-advanced", "sdn_advanced.xml")[0])["2674"]
    assert party.birth_dates == ("1965-09-18", "1966~")
    assert party.countries == ("RU",), "the place of birth is no tie"
    assert party.programmes == ("RUSSIA-EO14024", "CYBER2"), "a measure that is no programme is left out"
    assert party.wallets == (ListedWallet(FIRST, "ETH"), ListedWallet(SECOND, "BSC"))


def test_parties__kinds_that_only_their_type_names__are_found() -> None:
    found = by_uid(reading("ofac-advanced", "sdn_advanced.xml")[0])
    assert (found["36"].kind, found["36"].countries, found["36"].programmes) == ("entity", ("CU",), ("CUBA",))
    assert found["36"].remarks == "Head office"
    assert (found["4238"].kind, found["4238"].countries) == ("vessel", ("PA",))


def test_parties__a_profile_with_a_number_of_its_own__keeps_its_programmes() -> None:
    other = bytes_of("sdn_advanced.xml").replace(b'Profile ID="36"', b'Profile ID="99"')
    other = other.replace(b'ProfileID="36"', b'ProfileID="99"')
    document, _ = read(Wanted("ofac-advanced"), [source("sdn_advanced.xml", other)])
    assert by_uid(document)["36"].programmes == ("CUBA",)


def test_parties__numbers_of_types__mean_what_the_file_says() -> None:
    renumbered = bytes_of("sdn_advanced.xml").replace(b'"1007"', b'"4711"').replace(b'"345"', b'"1007"')
    (party, *_), _ = read(Wanted("ofac-advanced"), [source("sdn_advanced.xml", renumbered)])[0].parties, None
    assert party.wallets == (ListedWallet(FIRST, "ETH"), ListedWallet(SECOND, "BSC"))


def test_parties__a_file_cut_off_at_any_byte__is_refused() -> None:
    whole = bytes_of("sdn_advanced.xml").rstrip()
    for length in range(0, len(whole), 7):
        with pytest.raises(ListError):
            read(Wanted("ofac-advanced", published="2026-09-23"), [source("sdn_advanced.xml", whole[:length])])


def test_parties__a_party_that_stands_twice__is_refused() -> None:
    twice = bytes_of("sdn_advanced.xml").replace(b'<DistinctParty FixedRef="36">', b'<DistinctParty FixedRef="2674">')
    with pytest.raises(ListError, match="party 2674: stands in the file twice; fetch the file again"):
        read(Wanted("ofac-advanced"), [source("sdn_advanced.xml", twice)])
