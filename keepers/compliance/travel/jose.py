"""Messages that are signed and then encrypted: a JWS with EdDSA inside a JWE with ECDH-ES and A256GCM.

Sources: RFC 7515 (JWS), RFC 7516 (JWE), RFC 7518 4.6 (ECDH-ES with Concat KDF) and 5.3 (A256GCM), RFC 8037 (Ed25519
and X25519), RFC 7519 11.2 (sign, then encrypt), RFC 7638 (thumbprints), RFC 8725 (one algorithm, typ, audience).

The curves and the cipher are pycryptodome's. A message chooses no algorithm: every other one is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from Crypto.Cipher import AES
from Crypto.Protocol.DH import import_x25519_private_key, import_x25519_public_key, key_agreement
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa

from keepers.compliance.travel.errors import TravelError

_ENC, _SIZE, _NONCE, _TAG = "A256GCM", 32, 12, 16
_TYPE = "trp+jws"
_COMPACT = re.compile(r"[A-Za-z0-9_-]*")
MOST = 512 * 1024
"""Maximum number of characters of a message."""


@dataclass(frozen=True)
class PublicKeys:
    """A party's keys that anybody may have.

    Attributes:
        sign: Ed25519, 32 bytes.
        agree: X25519, 32 bytes.
    """

    sign: bytes
    agree: bytes

    def as_json(self) -> dict[str, Any]:
        """Returns a JWK set."""
        return {"keys": [_jwk("Ed25519", "sig", self.sign), _jwk("X25519", "enc", self.agree)]}


@dataclass(frozen=True)
class PrivateKeys:
    """A party's own keys.

    Attributes:
        sign: Seed of Ed25519, 32 bytes.
        agree: Private key of X25519, 32 bytes.
    """

    sign: bytes = field(repr=False)
    agree: bytes = field(repr=False)

    @cached_property
    def public(self) -> PublicKeys:
        """The public halves."""
        return PublicKeys(_signer(self.sign).public_key().export_key(format="raw"), _public_x(self.agree))

    def to_text(self) -> str:
        """Returns a JWK set with the private members."""
        public = self.public
        return json.dumps(
            {
                "keys": [
                    {**_jwk("Ed25519", "sig", public.sign), "d": encoded(self.sign)},
                    {**_jwk("X25519", "enc", public.agree), "d": encoded(self.agree)},
                ]
            }
        )


def new_keys() -> PrivateKeys:
    """Returns fresh keys."""
    return PrivateKeys(secrets.token_bytes(_SIZE), secrets.token_bytes(_SIZE))


def private_keys(text: str, name: str) -> PrivateKeys:
    """Reads a party's own keys.

    Raises:
        TravelError: If it is no such JWK set; it shows nothing of it.
    """
    sign, agree = (_member(text, name, curve, "d") for curve in ("Ed25519", "X25519"))
    return PrivateKeys(sign, agree)


def public_keys(text: str, name: str) -> PublicKeys:
    """Reads another party's keys.

    Raises:
        TravelError: If it is no such JWK set.
    """
    sign, agree = (_member(text, name, curve, "x") for curve in ("Ed25519", "X25519"))
    try:
        eddsa.import_public_key(sign)
        import_x25519_public_key(agree)
    except ValueError:
        raise TravelError(name, "holds no point of the curve", "ask the counterparty for it again") from None
    return PublicKeys(sign, agree)


def sealed(claims: Mapping[str, Any], own: PrivateKeys, other: PublicKeys) -> str:
    """Returns a message as it is sent: a JWE in compact form with a JWS within."""
    return encrypt(sign(json.dumps(claims).encode(), own), other)


def opened(message: str, own: PrivateKeys, other: PublicKeys) -> dict[str, Any]:
    """Returns the claims of a message.

    Raises:
        TravelError: If it is not for these keys, not signed by the other's, or damaged; it does not say which.
    """
    try:
        claims = json.loads(verify(decrypt(message, own), other), parse_float=str)
        if isinstance(claims, dict):
            return claims
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    # One refusal for everything, so that answers teach nobody how far a forgery got.
    raise TravelError("message", "does not open and verify with the keys of the two", "check both parties' keys")


def opened_from(message: str, own: PrivateKeys, others: Mapping[str, PublicKeys]) -> tuple[str, dict[str, Any]]:
    """Returns the name of the party that signed a message, and its claims.

    Raises:
        TravelError: If `opened` raises it, or the message is nobody's of these.
    """
    for name, other in others.items():
        try:
            return name, opened(message, own, other)
        except TravelError:
            continue
    raise TravelError("message", "does not open and verify with the keys of the two", "check both parties' keys")


def sign(payload: bytes, own: PrivateKeys) -> bytes:
    """Returns a JWS in compact form, alg EdDSA with Ed25519."""
    header = {"alg": "EdDSA", "typ": _TYPE, "kid": thumbprint("Ed25519", own.public.sign)}
    signed = f"{_json(header)}.{encoded(payload)}".encode()
    return signed + b"." + encoded(eddsa.new(_signer(own.sign), "rfc8032").sign(signed)).encode()


def verify(token: bytes, other: PublicKeys) -> bytes:
    """Returns the payload of a JWS.

    Raises:
        ValueError: If it is none, of another algorithm or type, or not signed by the key.
    """
    head, payload, signature = token.decode("ascii").split(".")
    header = json.loads(decoded(head))
    if header.get("alg") != "EdDSA" or header.get("typ") != _TYPE or "crit" in header or "b64" in header:
        raise ValueError("header")
    key = eddsa.import_public_key(other.sign)
    eddsa.new(key, "rfc8032").verify(f"{head}.{payload}".encode(), decoded(signature))
    return decoded(payload)


def encrypt(plain: bytes, other: PublicKeys) -> str:
    """Returns a JWE in compact form, alg ECDH-ES with X25519, enc A256GCM."""
    ephemeral = secrets.token_bytes(_SIZE)
    header = {
        "alg": "ECDH-ES",
        "enc": _ENC,
        "cty": "JWS",
        "kid": thumbprint("X25519", other.agree),
        "epk": {"kty": "OKP", "crv": "X25519", "x": encoded(_public_x(ephemeral))},
    }
    protected, nonce = _json(header), secrets.token_bytes(_NONCE)
    cipher = AES.new(_agreed(ephemeral, other.agree), AES.MODE_GCM, nonce=nonce, mac_len=_TAG)
    cipher.update(protected.encode())
    text, tag = cipher.encrypt_and_digest(plain)
    return f"{protected}..{encoded(nonce)}.{encoded(text)}.{encoded(tag)}"


def decrypt(message: str, own: PrivateKeys) -> bytes:
    """Returns the plain text of a JWE.

    Raises:
        ValueError: If it is none, of other algorithms, or a bit is another one.
    """
    if len(message) > MOST:
        raise ValueError("too long")
    protected, wrapped, nonce, text, tag = message.split(".")
    header = json.loads(decoded(protected))
    epk = header["epk"]
    if (header.get("alg"), header.get("enc")) != ("ECDH-ES", _ENC) or wrapped or "crit" in header or "zip" in header:
        raise ValueError("header")
    if (epk.get("kty"), epk.get("crv")) != ("OKP", "X25519") or len(decoded(nonce)) != _NONCE:
        raise ValueError("epk")
    key = _agreed(own.agree, decoded(epk["x"]))
    cipher = AES.new(key, AES.MODE_GCM, nonce=decoded(nonce), mac_len=_TAG)
    cipher.update(protected.encode())
    return bytes(cipher.decrypt_and_verify(decoded(text), decoded(tag)))


def thumbprint(curve: str, public: bytes) -> str:
    """Returns the name of a key (RFC 7638, RFC 8037 appendix A.3)."""
    words = json.dumps({"crv": curve, "kty": "OKP", "x": encoded(public)}, separators=(",", ":"))
    return encoded(hashlib.sha256(words.encode()).digest())


def concat_kdf(shared: bytes, algorithm: str, apu: bytes = b"", apv: bytes = b"", size: int = _SIZE) -> bytes:
    """Returns a key of at most 32 bytes from an agreed secret (NIST SP 800-56A, 5.8.1, as RFC 7518 4.6.2 has it)."""
    fields = b"".join(len(part).to_bytes(4, "big") + part for part in (algorithm.encode(), apu, apv))
    return hashlib.sha256((1).to_bytes(4, "big") + shared + fields + (size * 8).to_bytes(4, "big")).digest()[:size]


def encoded(raw: bytes) -> str:
    """Returns base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Returns the bytes of base64url without padding.

    Raises:
        ValueError: If it is anything else, another form of the same bytes too.
    """
    if not _COMPACT.fullmatch(text):
        raise ValueError("base64url")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise ValueError("base64url") from None
    if encoded(raw) != text:
        raise ValueError("base64url")
    return raw


def _agreed(private: bytes, public: bytes) -> bytes:
    # The library refuses points of low order, whose secret anybody knows (RFC 7748 6.1, RFC 8037 5).
    return bytes(
        key_agreement(
            static_priv=import_x25519_private_key(private),
            static_pub=import_x25519_public_key(public),
            kdf=lambda shared: concat_kdf(bytes(shared), _ENC),
        )
    )


def _signer(seed: bytes) -> ECC.EccKey:
    return eddsa.import_private_key(seed)


def _public_x(private: bytes) -> bytes:
    return bytes(import_x25519_private_key(private).public_key().export_key(format="raw"))


def _jwk(curve: str, use: str, public: bytes) -> dict[str, str]:
    return {"kty": "OKP", "crv": curve, "use": use, "kid": thumbprint(curve, public), "x": encoded(public)}


def _json(header: Mapping[str, Any]) -> str:
    return encoded(json.dumps(header, separators=(",", ":")).encode())


def _member(text: str, name: str, curve: str, member: str) -> bytes:
    try:
        (found,) = (key for key in json.loads(text)["keys"] if (key["kty"], key["crv"]) == ("OKP", curve))
        raw = decoded(found[member])
        if len(raw) == _SIZE:
            return raw
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise TravelError(name, f"is no JWK set with one key of {curve}", "make one with `travel keys`")
