"""Claims as ONCHAINID's claim issuer checks them."""

from __future__ import annotations

from eth_abi import decode, encode
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils import keccak

from keepers.compliance.kyc.claims import claim_id, claim_message, claim_of, key_of

IDENTITY, ISSUER = "0x" + "1" * 40, "0x" + "2" * 40
EVIDENCE = "9f" * 32


def test_claim_of__a_result__has_the_expiry_in_front_and_the_evidence_behind() -> None:
    claim = claim_of(2, 1_900_000_000, EVIDENCE)
    assert decode(["uint256", "bytes32"], claim.data) == (1_900_000_000, bytes.fromhex(EVIDENCE))
    assert int.from_bytes(claim.data[:32], "big") == claim.expires and claim.signature == b""


def test_claim_message__signed__is_over_identity_topic_and_data() -> None:
    claim, account = claim_of(2, 1_900_000_000, EVIDENCE), Account.from_key((7).to_bytes(32, "big"))
    signature = account.sign_message(claim_message(IDENTITY, claim)).signature
    digest = keccak(encode(["address", "uint256", "bytes"], [IDENTITY, 2, claim.data]))
    assert Account.recover_message(encode_defunct(digest), signature=signature) == account.address
    other = Account.recover_message(claim_message(ISSUER, claim), signature=signature)
    assert other != account.address


def test_names__of_claims_and_keys__are_erc734s() -> None:
    assert claim_id(ISSUER, 2) == keccak(encode(["address", "uint256"], [ISSUER, 2]))
    assert key_of(ISSUER) == keccak(encode(["address"], [ISSUER]))
