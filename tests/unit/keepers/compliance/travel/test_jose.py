"""JOSE: the RFCs' own examples, a message of another implementation, and forgeries of every part."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from Crypto.Signature import eddsa

from keepers.compliance.travel import jose
from keepers.compliance.travel.errors import TravelError
from keepers.compliance.travel.jose import PrivateKeys, decoded, encoded, new_keys, opened, opened_from, sealed

SEED = decoded("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
"""RFC 8037, appendix A.1."""
OURS, THEIRS, NOBODY = new_keys(), new_keys(), new_keys()
CLAIMS = {"iss": "bank-a", "message": {"amount": "1.5"}}


def test_sign__rfc_8037_a4__has_the_signature_of_the_rfc() -> None:
    text = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    signature = eddsa.new(eddsa.import_private_key(SEED), "rfc8032").sign(text)
    assert encoded(signature) == (
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )
    assert PrivateKeys(SEED, SEED).public.sign == decoded("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")


def test_thumbprint__rfc_8037_a3__is_the_rfcs() -> None:
    public = PrivateKeys(SEED, SEED).public.sign
    assert jose.thumbprint("Ed25519", public) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_concat_kdf__rfc_7518_c__gives_the_rfcs_key() -> None:
    shared = bytes.fromhex("9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4")
    assert encoded(jose.concat_kdf(shared, "A128GCM", b"Alice", b"Bob", 16)) == "VqqN6vgjbSBcIijNcacQGg"


def test_opened__a_message_of_joserfc__is_read() -> None:
    """Made once with joserfc 1.8.0, which read one of ours as well."""
    message = (
        "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTI1NkdDTSIsImVwayI6eyJjcnYiOiJYMjU1MTkiLCJ4IjoiR1NBM2R6UjdWU0xwTFRu"
        "VHE3YUZiVzdfOHJUTFphakpheERRYlNYRFdrWSIsImt0eSI6Ik9LUCJ9fQ..uDhF_pSh7NnA-K5r.Yg76IcoCx2glXvdpnk7rcmR"
        "uP2RcsdcS-_QzTDuyMU_e_sEiNbht9oCVZZSeL5ltvcGAPFp2etxL5jp8fWBk5PYjwHR1nLVAb6LfXP5pgQtoaPVvSs9JXKLTN5e"
        "fOfjua-QPZOyyPnox130yhKnBZLn8kifr79PCgy3tlCQe5bulXAEB8ns5n8Rkg3RU61gxTVbEhFGneYuJ-9Q6AAPvtVqt2BYc-PQ"
        "YTSOtY8zY4REreFMdjCu8LUCdw3Q.mgaaVvkdJiBvVt_Zksm74w"
    )
    first, second = (
        PrivateKeys(hashlib.sha256(f"{name} sign".encode()).digest(), hashlib.sha256(f"{name} agree".encode()).digest())
        for name in "ab"
    )
    assert opened(message, second, first.public) == CLAIMS


def test_opened__what_was_sealed__is_the_same_and_says_nothing_outside() -> None:
    message = sealed(CLAIMS, OURS, THEIRS.public)
    assert opened(message, THEIRS, OURS.public) == CLAIMS
    assert sealed(CLAIMS, OURS, THEIRS.public) != message
    outside = b"".join(decoded(part) for part in message.split("."))
    assert b"bank-a" not in outside and b"amount" not in outside


@pytest.mark.parametrize(
    ("own", "other"),
    [(NOBODY, OURS), (THEIRS, NOBODY), (OURS, OURS), (THEIRS, THEIRS)],
    ids=["key", "sig", "us", "them"],
)
def test_opened__with_other_keys__is_refused_alike(own: PrivateKeys, other: PrivateKeys) -> None:
    with pytest.raises(TravelError, match=r"^message: does not open and verify with the keys of the two; check both"):
        opened(sealed(CLAIMS, OURS, THEIRS.public), own, other.public)


@pytest.mark.parametrize("part", range(5))
def test_opened__one_character_of_any_part_altered__is_refused(part: int) -> None:
    parts = sealed(CLAIMS, OURS, THEIRS.public).split(".")
    text = parts[part]
    parts[part] = ("B" if text[:1] == "A" else "A") + text[1:]
    with pytest.raises(TravelError, match="does not open and verify"):
        opened(".".join(parts), THEIRS, OURS.public)


@pytest.mark.parametrize(
    "message", ["", ".", "....", "a.b.c.d.e", "é", "x" * (jose.MOST + 1), "eyJ9.." + "A" * 16 + "..A"]
)
def test_opened__no_message__is_refused(message: str) -> None:
    with pytest.raises(TravelError, match="does not open and verify"):
        opened(message, THEIRS, OURS.public)


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "dir"},
        {"alg": "ECDH-ES+A256KW"},
        {"enc": "A128GCM"},
        {"zip": "DEF"},
        {"crit": ["exp"]},
        {"epk": {"kty": "OKP", "crv": "X25519", "x": encoded(bytes(32))}},
        {"epk": {"kty": "OKP", "crv": "X448", "x": encoded(bytes(56))}},
        {"epk": None},
    ],
)
def test_decrypt__another_algorithm_or_a_point_of_low_order__is_refused(change: dict[str, Any]) -> None:
    protected, *rest = jose.encrypt(b"x", THEIRS.public).split(".")
    header = {**json.loads(decoded(protected)), **change}
    with pytest.raises((ValueError, TypeError, AttributeError)):
        jose.decrypt(".".join([encoded(json.dumps(header).encode()), *rest]), THEIRS)
    with pytest.raises(TravelError, match="does not open and verify"):
        opened(".".join([encoded(json.dumps(header).encode()), *rest]), THEIRS, OURS.public)


@pytest.mark.parametrize(
    "header", [{"alg": "none"}, {"alg": "HS256", "typ": "trp+jws"}, {"alg": "EdDSA", "typ": "JWT"}]
)
def test_verify__another_algorithm_or_type__is_refused(header: dict[str, str]) -> None:
    token = f"{encoded(json.dumps(header).encode())}.{encoded(b'{}')}".encode()
    signature = eddsa.new(eddsa.import_private_key(OURS.sign), "rfc8032").sign(token)
    with pytest.raises(ValueError, match="header"):
        jose.verify(token + b"." + encoded(signature).encode(), OURS.public)


def test_opened__signed_by_us_and_encrypted_by_somebody_for_another__is_refused_there() -> None:
    signed = jose.sign(json.dumps(CLAIMS).encode(), OURS)
    forwarded = jose.encrypt(signed, NOBODY.public)
    assert opened(forwarded, NOBODY, OURS.public) == CLAIMS, "so the claims have to name the receiver"
    with pytest.raises(TravelError):
        opened(forwarded, THEIRS, OURS.public)


def test_opened_from__several_parties__names_the_one_that_signed() -> None:
    known = {"bank-c": NOBODY.public, "bank-a": OURS.public}
    assert opened_from(sealed(CLAIMS, OURS, THEIRS.public), THEIRS, known) == ("bank-a", CLAIMS)
    with pytest.raises(TravelError, match="does not open and verify"):
        opened_from(sealed(CLAIMS, OURS, THEIRS.public), THEIRS, {"bank-c": NOBODY.public})


def test_keys__written_and_read__are_the_same_and_not_shown() -> None:
    assert jose.private_keys(OURS.to_text(), "keys") == OURS
    assert jose.public_keys(json.dumps(OURS.public.as_json()), "keys") == OURS.public
    assert encoded(OURS.sign) not in repr(OURS) and encoded(OURS.sign) not in json.dumps(OURS.public.as_json())


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"keys": []}', '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}]}']
)
def test_keys__no_set_of_two_keys__is_refused_without_showing_it(text: str) -> None:
    for read in (jose.private_keys, jose.public_keys):
        with pytest.raises(TravelError, match="is no JWK set with one key of Ed25519"):
            read(text, "desk.travel.keys")


@pytest.mark.parametrize("text", ["A", "AB", "AA=", "A+/A", "AA\n"])
def test_decoded__another_form_of_base64__is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        decoded(text)
