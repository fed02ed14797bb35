"""Keys that stay in AWS KMS: the service signs 32 bytes, this process never sees the key.

Source: AWS KMS API Reference, GetPublicKey and Sign; RFC 5480 (SubjectPublicKeyInfo), RFC 3279 2.2.3 (DER
signatures); EIP-2 (s in the lower half).
"""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol

from eth_account._utils.legacy_transactions import encode_transaction, serializable_unsigned_transaction_from_dict
from eth_account._utils.signing import to_eth_v
from eth_account.messages import SignableMessage
from eth_keys.datatypes import PublicKey, Signature
from eth_keys.exceptions import BadSignature

from keepers.signers.keys import KeyMaterialError
from keepers.signers.signing import Signer, digest

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Order of secp256k1's group (SEC 2, 2.4.1)."""

_SPKI = bytes.fromhex("3056301006072a8648ce3d020106052b8104000a03420004")
"""Prefix of x and y in the public key of every uncompressed point of secp256k1."""

_TRIES, _SECONDS = 3, 10


class KmsClient(Protocol):
    """The part of botocore's client for KMS that is used."""

    def get_public_key(self, *, KeyId: str) -> dict[str, Any]:
        """GetPublicKey."""
        ...

    def sign(self, *, KeyId: str, Message: bytes, MessageType: str, SigningAlgorithm: str) -> dict[str, Any]:
        """Sign."""
        ...


class KmsSigner:
    """An asymmetric KMS key of spec ECC_SECG_P256K1.

    Args:
        client: botocore's.
        key_id: Id, ARN or alias.
    """

    def __init__(self, client: KmsClient, key_id: str) -> None:
        self._client = client
        self._key_id = key_id
        self._public = self._fetch()

    def __repr__(self) -> str:
        return f"KmsSigner({self.address})"

    @property
    def address(self) -> str:
        """Checksummed."""
        return self._public.to_checksum_address()

    def sign_message(self, message: SignableMessage) -> bytes:
        """65 bytes: r, s, v.

        Raises:
            KeyMaterialError: If the service refuses, does not answer, or signs with another key.
        """
        signature = self._sign(digest(message))
        return signature.to_bytes()[:64] + bytes([signature.v + 27])

    def sign_transaction(self, transaction: dict[str, Any]) -> bytes:
        """The transaction, signed and serialised.

        Raises:
            KeyMaterialError: If the service refuses or answers with another signature, as in `sign_message`.
        """
        unsigned = serializable_unsigned_transaction_from_dict(transaction)
        signature = self._sign(bytes(unsigned.hash()))
        typed = "maxFeePerGas" in transaction
        v = signature.v if typed else to_eth_v(signature.v, transaction["chainId"])
        return bytes(encode_transaction(unsigned, vrs=(v, signature.r, signature.s)))

    def _fetch(self) -> PublicKey:
        answer = self._ask("get_public_key")
        spec, usage = answer.get("KeySpec"), answer.get("KeyUsage")
        if (spec, usage) != ("ECC_SECG_P256K1", "SIGN_VERIFY"):
            raise KeyMaterialError(
                self._name, f"is {spec} for {usage}", "create a key of spec ECC_SECG_P256K1 for SIGN_VERIFY"
            )
        return parse_public_key(bytes(answer["PublicKey"]), self._name)

    def _sign(self, hashed: bytes) -> Signature:
        answer = self._ask("sign", Message=hashed, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256")
        r, s = parse_signature(bytes(answer["Signature"]), self._name)
        s = min(s, _ORDER - s)
        for recovery in (0, 1):
            candidate = Signature(vrs=(recovery, r, s))
            try:
                if candidate.recover_public_key_from_msg_hash(hashed) == self._public:
                    return candidate
            except BadSignature:
                continue
        raise KeyMaterialError(self._name, "signed with another key than it published", "check key_id and endpoint_url")

    def _ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        return ask_kms(self._client, operation, "kms:GetPublicKey, kms:Sign", KeyId=self._key_id, **fields)

    @property
    def _name(self) -> str:
        return f"KMS key {self._key_id}"


def open_kms_key(key_id: str, region: str | None = None, endpoint_url: str | None = None) -> Signer:
    """Opens a KMS key with the machine's AWS credentials; needs the `kms` extra.

    Args:
        key_id: Id, ARN or alias ("alias/quantera-sender").
        region: Region such as "eu-central-1"; None takes AWS's own configuration.
        endpoint_url: Address of a VPC endpoint; None takes the region's.

    Raises:
        KeyMaterialError: If botocore is not installed, or the key cannot be had or is of another kind.
    """
    return KmsSigner(kms_client(key_id, region, endpoint_url), key_id)


def kms_client(key_id: str, region: str | None = None, endpoint_url: str | None = None) -> Any:
    """Returns botocore's client for KMS, with the machine's AWS credentials; needs the `kms` extra.

    Args:
        key_id: Key that it is for, for messages.
        region: Region such as "eu-central-1"; None takes AWS's own configuration.
        endpoint_url: Address of a VPC endpoint; None takes the region's.

    Raises:
        KeyMaterialError: If botocore is not installed, or region or address cannot be used.
    """
    try:
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session
    except ImportError as error:
        raise KeyMaterialError(
            f"KMS key {key_id}", "botocore is not installed", "pip install 'quantera[kms]'"
        ) from error
    patience = Config(
        connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"max_attempts": _TRIES, "mode": "standard"}
    )
    try:
        # A session of its own: the default one is shared, remembers credentials and is not safe between threads.
        session = Session()
        session.register_component("data_loader", _service_models())
        return session.create_client("kms", region_name=region, endpoint_url=endpoint_url, config=patience)
    except (BotoCoreError, ValueError) as error:
        raise KeyMaterialError(f"KMS key {key_id}", str(error), "set region or correct endpoint_url") from error


@cache
def _service_models() -> Any:
    """Returns the one reader of botocore's descriptions of services: a session alone parses megabytes of them anew."""
    from botocore.loaders import Loader

    return Loader(include_default_search_paths=True)


def ask_kms(client: Any, operation: str, policy: str, **fields: Any) -> dict[str, Any]:
    """Returns the answer to an operation.

    Args:
        client: botocore's.
        operation: Name of botocore's method.
        policy: Actions that the key's policy has to allow, for the message.
        fields: Fields of the operation; `KeyId` names the key.

    Raises:
        KeyMaterialError: If the service refuses or does not answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    name = f"KMS key {fields['KeyId']}"
    try:
        return dict(getattr(client, operation)(**fields))
    except ClientError as error:
        fault = error.response.get("Error", {})
        reason = f"{fault.get('Code')}: {fault.get('Message')}"
        raise KeyMaterialError(name, reason, f"check key_id and the policy: {policy}") from error
    except BotoCoreError as error:
        raise KeyMaterialError(name, str(error), "check region, network and AWS credentials") from error


def parse_public_key(der: bytes, name: str) -> PublicKey:
    """The point in a SubjectPublicKeyInfo of secp256k1.

    Raises:
        KeyMaterialError: If it is anything else.
    """
    if len(der) != len(_SPKI) + 64 or not der.startswith(_SPKI):
        raise KeyMaterialError(name, "published no public key of secp256k1", "create a key of spec ECC_SECG_P256K1")
    return PublicKey(der[len(_SPKI) :])


def parse_signature(der: bytes, name: str) -> tuple[int, int]:
    """r and s of a DER signature.

    Raises:
        KeyMaterialError: If it is not exactly SEQUENCE { INTEGER r, INTEGER s }, both in [1, n).
    """
    fault = KeyMaterialError(name, "answered no DER signature", "check endpoint_url")
    if len(der) < 8 or der[0] != 0x30 or der[1] != len(der) - 2 or der[1] > 0x7F:
        raise fault
    found, rest = [], der[2:]
    for _ in range(2):
        if len(rest) < 3 or rest[0] != 0x02 or not 1 <= rest[1] <= min(33, len(rest) - 2):
            raise fault
        found.append(int.from_bytes(rest[2 : 2 + rest[1]], "big", signed=True))
        rest = rest[2 + rest[1] :]
    if rest or not all(0 < number < _ORDER for number in found):
        raise fault
    return found[0], found[1]
