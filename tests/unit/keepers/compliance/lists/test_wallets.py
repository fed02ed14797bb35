from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.compliance.lists.records import ListedWallet
from keepers.compliance.lists.wallets import find
from tests.unit.keepers.compliance.lists.reading import FIRST, SECOND

LABEL = "Digital Currency Address"


@pytest.mark.parametrize("asset", ["ETH", "USDT", "USDC", "ARB", "BSC", "ETC", "NEW2"])
def test_find__any_code_of_an_asset__goes_with_its_account(asset: str) -> None:
    assert find(f"DOB 1970; {LABEL} - {asset} {FIRST}; alt. {LABEL} - {asset} {SECOND}.") == (
        (ListedWallet(FIRST, asset), ListedWallet(SECOND, asset)),
        (),
    )


def test_find__lower_and_upper_case__are_checksummed() -> None:
    upper = "0x" + SECOND[2:].upper()
    assert find(f"{FIRST.lower()} and {upper}") == ((ListedWallet(FIRST), ListedWallet(SECOND)), ())


def test_find__mixed_case_that_fails_its_checksum__is_kept_and_doubtful() -> None:
    wrong = FIRST[:-1] + "b"
    assert find(f"{LABEL} - ETH {wrong};") == ((ListedWallet(FIRST, "ETH", doubtful=True),), ())


@pytest.mark.parametrize("prefix", ["0X", "xdc"])
def test_find__other_prefixes_of_evm_chains__are_accounts(prefix: str) -> None:
    assert find(f"{LABEL} - XDC {prefix}{FIRST[2:]}")[0] == (ListedWallet(FIRST, "XDC"),)


def test_find__digits_without_a_prefix__are_an_account_only_behind_the_label() -> None:
    bare = FIRST[2:].lower()
    assert find(f"{LABEL} - ETH {bare}.")[0] == (ListedWallet(FIRST, "ETH"),)
    assert find(f"SHA-1 {bare}.") == ((), ())


def test_find__a_label_that_is_cut_off__still_gives_the_code() -> None:
    assert find(f"ddress - ETH {FIRST}; alt.")[0] == (ListedWallet(FIRST, "ETH"),)


@pytest.mark.parametrize("digits", [39, 41, 30])
def test_find__too_few_or_too_many_digits__are_reported(digits: int) -> None:
    text = "0x" + "a" * digits
    assert find(f"{LABEL} - ETH {text};") == ((), (text,))


@pytest.mark.parametrize(
    "text",
    [
        "0x" + "a" * 64,
        "T" + "R7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        "Order 0x12 of 2001",
        "",
    ],
)
def test_find__accounts_of_other_chains_and_hashes__are_none(text: str) -> None:
    assert find(text) == ((), ())


def test_find__the_same_account__stands_once_for_each_asset() -> None:
    text = f"{LABEL} - ETH {FIRST}; {LABEL} - USDC {FIRST}; {LABEL} - ETH {FIRST.lower()}; see {FIRST}"
    assert find(text)[0] == (ListedWallet(FIRST, "ETH"), ListedWallet(FIRST, "USDC"))


@given(
    st.lists(st.tuples(st.binary(min_size=20, max_size=20), st.sampled_from(["ETH", "USDT", "ARB"])), unique=True),
    st.text(alphabet="ab ;.'-", max_size=20),
)
def test_find__any_accounts_in_remarks__are_all_found(given_: list[tuple[bytes, str]], between: str) -> None:
    text = "; ".join(f"{between}; {LABEL} - {asset} 0x{account.hex()}" for account, asset in given_)
    found, malformed = find(text)
    assert {(wallet.address.lower(), wallet.asset) for wallet in found} == {
        (f"0x{account.hex()}", asset) for account, asset in given_
    }
    assert malformed == () and not any(wallet.doubtful for wallet in found)
