"""Master keys wrapped by a service whose own key never leaves it: AWS KMS, or Vault's transit engine.

Sources: AWS KMS API Reference, Encrypt and Decrypt (a symmetric key; the encryption context is authenticated);
Vault HTTP API, secret/transit (encrypt and decrypt data, associated_data of an AEAD key).
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Literal

from keepers.signers.hashicorp_vault import Vault, VaultAccess
from keepers.signers.keys import KeyMaterialError
from keepers.signers.kms import ask_kms, kms_client

_PURPOSE = "quantera-evidence"


class KmsWrapping:
    """A symmetric key of AWS KMS.

    Args:
        key_id: Id, ARN or alias.
        region: Region; None takes AWS's own configuration.
        endpoint_url: Address of a VPC endpoint; None takes the region's.

    Raises:
        KeyMaterialError: If botocore is not installed, or region or address cannot be used.
    """

    way: Literal["kms"] = "kms"

    def __init__(self, key_id: str, region: str | None = None, endpoint_url: str | None = None) -> None:
        self._key_id = key_id
        self._client = kms_client(key_id, region, endpoint_url)

    def wrap(self, master: bytes, context: str) -> str:
        """Returns a master key as KMS encrypts it, base64.

        Raises:
            KeyMaterialError: If KMS refuses or does not answer.
        """
        return base64.b64encode(self._asked("encrypt", "CiphertextBlob", context, Plaintext=master)).decode()

    def unwrap(self, wrapped: str, context: str) -> bytes:
        """Returns a master key.

        Raises:
            KeyMaterialError: If KMS refuses, as it does with another context, or does not answer.
        """
        try:
            blob = base64.b64decode(wrapped, validate=True)
        except binascii.Error:
            raise KeyMaterialError("lock.json", "is damaged", "restore it from a backup") from None
        return self._asked("decrypt", "Plaintext", context, CiphertextBlob=blob)

    def _asked(self, operation: str, field: str, context: str, **fields: Any) -> bytes:
        about = {"purpose": _PURPOSE, "folder": context}
        given = {"KeyId": self._key_id, "EncryptionContext": about, **fields}
        answer = ask_kms(self._client, operation, "kms:Encrypt, kms:Decrypt", **given)
        return bytes(answer[field])


class VaultWrapping:
    """A key of Vault's transit engine, of an AEAD type such as aes256-gcm96.

    Args:
        access: The server.
        mount: Mount of the engine.
        key: Name of the key.
    """

    way: Literal["vault"] = "vault"

    def __init__(self, access: VaultAccess, mount: str, key: str) -> None:
        self._vault, self._mount, self._key = Vault(access), mount, key

    def wrap(self, master: bytes, context: str) -> str:
        """Returns a master key as transit encrypts it, "vault:v1:…".

        Raises:
            KeyMaterialError: If Vault refuses or does not answer.
        """
        return self._vault.encrypt(self._mount, self._key, master, _about(context))

    def unwrap(self, wrapped: str, context: str) -> bytes:
        """Returns a master key.

        Raises:
            KeyMaterialError: If Vault refuses, as it does with another context, or does not answer.
        """
        return self._vault.decrypt(self._mount, self._key, wrapped, _about(context))


def _about(context: str) -> bytes:
    return f"{_PURPOSE} {context}".encode()
