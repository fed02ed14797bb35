from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from eth_account import Account
from eth_keys.datatypes import PrivateKey

from keepers.contracts.messages import CovarianceModel
from keepers.signers.keys import KeyMaterialError
from keepers.signers.kms import open_kms_key, parse_public_key, parse_signature
from keepers.signers.signing import digest
from tests.fixtures.kms import ACCESS_KEY, ORDER, REGION, SECRET_KEY, SPKI, MockKms, der_signature, kms

MESSAGE = CovarianceModel(b"\1" * 32, 1, 2, 3, (4,)).message(31337, "0x" + "11" * 20)
FIELDS = {"to": "0x" + "22" * 20, "data": "0x01", "value": 0, "gas": 21_000, "nonce": 5, "chainId": 31337}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockKms]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with kms(PrivateKey(secrets.token_bytes(32))) as running:
        yield running


def opened(service: MockKms, key_id: str = "") -> Any:
    return open_kms_key(key_id or service.key_id, REGION, service.url)


@pytest.mark.parametrize("key_id", ["", "alias/quantera-sender"])
def test_kms_key__opened__has_the_keys_address(service: MockKms, key_id: str) -> None:
    assert opened(service, key_id).address == service.key.public_key.to_checksum_address()


def test_sign_message__high_and_low_s__are_both_signatures_that_a_contract_takes(service: MockKms) -> None:
    signer = opened(service)
    for _ in range(4):
        signature = signer.sign_message(MESSAGE)
        assert Account._recover_hash(digest(MESSAGE), signature=signature) == signer.address
        assert int.from_bytes(signature[32:64], "big") <= ORDER // 2
        assert signature[64] in (27, 28)


@pytest.mark.parametrize(
    "fee", [{"maxFeePerGas": 10, "maxPriorityFeePerGas": 1, "type": 2}, {"gasPrice": 10}], ids=["typed", "legacy"]
)
def test_sign_transaction__typed_and_legacy__recover_to_the_key(service: MockKms, fee: dict[str, int]) -> None:
    signer = opened(service)
    for _ in range(2):
        raw = signer.sign_transaction({**FIELDS, **fee})
        assert Account.recover_transaction(raw) == signer.address
        local = Account.from_key(service.key.to_bytes()).sign_transaction({**FIELDS, **fee})
        assert raw == bytes(local.raw_transaction)


def test_kms_key__unknown__says_so(service: MockKms) -> None:
    with pytest.raises(KeyMaterialError, match=r"KMS key other: NotFoundException: .* does not exist; check key_id"):
        opened(service, "other")


def test_kms_key__of_another_spec__is_refused(service: MockKms) -> None:
    service.spec = "ECC_NIST_P256"
    with pytest.raises(KeyMaterialError, match="is ECC_NIST_P256 for SIGN_VERIFY; create a key of spec ECC_SECG"):
        opened(service)


def test_kms_key__disabled_meanwhile__says_so(service: MockKms) -> None:
    signer = opened(service)
    service.disabled = True
    with pytest.raises(KeyMaterialError, match="DisabledException"):
        signer.sign_message(MESSAGE)


def test_kms_key__signs_with_another_key__is_not_believed(service: MockKms) -> None:
    signer = opened(service)
    service.signs_with = PrivateKey(b"\7" * 32)
    with pytest.raises(KeyMaterialError, match="signed with another key than it published"):
        signer.sign_message(MESSAGE)


def test_kms_key__wrong_credentials__are_not_repeated(service: MockKms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    with pytest.raises(KeyMaterialError, match="IncompleteSignatureException") as caught:
        opened(service)
    assert "hunter2" not in str(caught.value)


def test_kms_key__nothing_there__one_line(service: MockKms) -> None:
    with pytest.raises(KeyMaterialError, match="check region, network and AWS credentials") as caught:
        open_kms_key("key", REGION, "http://127.0.0.1:1")
    assert "\n" not in str(caught.value)


def test_parse_signature__round_trip__is_exact() -> None:
    for r, s in ((1, 1), (ORDER - 1, 127), (128, ORDER // 2), (2**255, 2**247)):
        assert parse_signature(der_signature(r, s), "key") == (r, s)


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30\x06\x02\x01\x01\x02\x01",
        b"\x31\x06\x02\x01\x01\x02\x01\x01",
        b"\x30\x07\x02\x01\x01\x02\x01\x01\x00",
        b"\x30\x06\x02\x01\x00\x02\x01\x01",
        b"\x30\x06\x02\x01\xff\x02\x01\x01",
        b"\x30\x06\x02\x04\x01\x02\x01\x01",
        der_signature(ORDER, 1),
        der_signature(1, ORDER),
    ],
)
def test_parse_signature__anything_else__is_refused(der: bytes) -> None:
    with pytest.raises(KeyMaterialError, match="answered no DER signature"):
        parse_signature(der, "key")


def test_parse_public_key__another_curve__is_refused() -> None:
    for der in (b"", SPKI + b"\1" * 63, b"\x30" + SPKI[2:] + b"\1" * 65):
        with pytest.raises(KeyMaterialError, match="no public key of secp256k1"):
            parse_public_key(der, "key")
