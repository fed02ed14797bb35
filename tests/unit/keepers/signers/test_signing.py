from __future__ import annotations

import pytest
from eth_account import Account

from keepers.contracts.messages import CovarianceModel
from keepers.signers.keys import LocalSigner
from keepers.signers.signing import SignerError, digest, sign_quorum
from tests.fixtures.node import SIGNER_KEYS

MODEL = CovarianceModel(b"\7" * 32, 3, 1_600_000_000, 1_600_100_000, (10**14, -5 * 10**13, 2 * 10**14))
A = "0x" + "aa" * 20


def signers() -> list[LocalSigner]:
    return [LocalSigner(Account.from_key(key.to_bytes(32, "big"))) for key in SIGNER_KEYS]


def test_sign_quorum__three_signers__come_in_ascending_order_and_recover() -> None:
    message = MODEL.message(1, A)
    signatures = sign_quorum(message, signers())
    addresses = [int(address, 16) for address, _ in signatures]
    assert addresses == sorted(addresses)
    for address, signature in signatures:
        assert Account._recover_hash(digest(message), signature=signature) == address


def test_sign_quorum__one_signer_twice__is_refused() -> None:
    with pytest.raises(SignerError, match="given more than once"):
        sign_quorum(MODEL.message(1, A), [signers()[0], signers()[0]])
