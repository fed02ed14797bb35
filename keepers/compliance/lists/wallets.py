"""EVM accounts in the free text of lists.

OFAC publishes them as "Digital Currency Address - ETH 0x…; alt. Digital Currency Address - USDT 0x…" in remarks and
comments, under any code of an asset. Other publishers write them into their statements of reasons without a form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from eth_utils.address import to_checksum_address

from keepers.compliance.lists.records import ListedWallet

LABEL = "Digital Currency Address"
"""OFAC's name of a feature that holds an account, before a dash and the code of the asset."""

_WORD = re.compile(r"(?<![0-9A-Za-z])(?:0[xX]|xdc)([0-9A-Za-z]+)")
_BESIDE = re.compile(
    # The label may be cut off, where the text is the end of remarks; without it an account has to begin with 0x.
    rf"(?:{LABEL} - ([0-9A-Za-z]{{1,16}}) |(?<!\S)- ([0-9A-Za-z]{{1,16}}) (?=0[xX]|xdc))"
    r"((?:0[xX]|xdc)?[0-9a-fA-F]{40})(?![0-9A-Za-z])"
)
_HEX = re.compile(r"[0-9a-fA-F]{40}\Z")
_LONG = re.compile(r"[0-9a-fA-F]{60,}\Z")
"""Accounts of Aptos, Sui and Starknet, and hashes of transactions: hexadecimal as well, and of no EVM chain."""


def wallet_of(digits: str, asset: str) -> ListedWallet:
    """Returns an account from its 40 hexadecimal digits."""
    address = to_checksum_address("0x" + digits)
    mixed = digits not in (digits.lower(), digits.upper())
    return ListedWallet(address, asset, doubtful=mixed and address[2:] != digits)


def find(text: str, asset: str = "") -> tuple[tuple[ListedWallet, ...], tuple[str, ...]]:
    """Finds every EVM account in a text.

    Args:
        text: Remarks, joined with their continuation.
        asset: Code of the asset for accounts that have none beside them.

    Returns:
        The accounts in the order of the text, each with each asset once; and what begins like an account and is none.
    """
    found: dict[int, ListedWallet] = {
        match.start(3): wallet_of(match[3][-40:], match[1] or match[2]) for match in _BESIDE.finditer(text)
    }
    malformed = []
    for match in _WORD.finditer(text):
        if match.start() in found or _LONG.match(match[1]):
            continue
        if _HEX.match(match[1]):
            found[match.start()] = wallet_of(match[1], asset)
        elif match[0].startswith("0") and len(match[1]) > 20:
            malformed.append(match[0])
    return unique(found[start] for start in sorted(found)), tuple(malformed)


def unique(wallets: Iterable[ListedWallet]) -> tuple[ListedWallet, ...]:
    """Returns each account with each asset once, in order; one with an asset makes the same without one superfluous."""
    kept: dict[tuple[str, str], ListedWallet] = {}
    for wallet in wallets:
        kept.setdefault((wallet.address, wallet.asset), wallet)
    named = {address for address, asset in kept if asset}
    return tuple(one for (address, asset), one in kept.items() if asset or address not in named)
