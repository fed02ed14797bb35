"""Secrets kept by HashiCorp Vault: a key from KV version 2, a keystore's passphrase through transit.

Source: Vault HTTP API: secret/kv/kv-v2 (read secret version), secret/transit (decrypt data), auth/approle (login).
Vault's transit engine has no secp256k1, so a key of KV is in this process's memory while it runs; where that is too
much, use AWS KMS (`keepers.signers.kms`).
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from eth_account import Account

from keepers.signers.keys import KeyMaterialError, LocalSigner, Passphrase, secret_line
from keepers.signers.signing import Signer
from keepers.urls import PRIVATE_REMEDY, is_private

if TYPE_CHECKING:
    import httpx

_SECONDS = 10.0


@dataclass(frozen=True)
class VaultAccess:
    """Access to a Vault server; secrets come from files that only their owner can read.

    Attributes:
        url: https://…, or http:// on this machine.
        token_file: File with a token, as Vault's agent writes one.
        role_id, secret_id_file: AppRole, if there is no token.
        namespace: Namespace of Vault Enterprise.
        ca_file: Certificate authority of the server; None takes the system's.
    """

    url: str
    token_file: Path | None = None
    role_id: str | None = None
    secret_id_file: Path | None = None
    namespace: str | None = None
    ca_file: Path | None = None


class Vault:
    """One Vault server, over HTTP; needs the `vault` extra.

    Args:
        access: Address and credentials.

    Raises:
        KeyMaterialError: If httpx is not installed, the address is neither https nor of this machine, or a file is
            readable by others.
    """

    def __init__(self, access: VaultAccess) -> None:
        self._access = access
        self._name = f"Vault {_shown(access.url)}"
        if not is_private(access.url):
            raise KeyMaterialError(self._name, "not an https:// address", PRIVATE_REMEDY)
        self._token: str | None = None

    def __repr__(self) -> str:
        return f"Vault({_shown(self._access.url)})"

    def read(self, mount: str, path: str, version: int | None = None) -> dict[str, Any]:
        """The fields of a secret of KV version 2; the newest version unless one is given.

        Raises:
            KeyMaterialError: If it is not there, deleted, or not to be read with this token.
        """
        params = {} if version is None else {"version": str(version)}
        answer = self._request("GET", f"{quote(mount)}/data/{quote(path)}", params=params)
        fields = answer.get("data", {}).get("data")
        if not isinstance(fields, dict):
            raise KeyMaterialError(f"{self._name}: {mount}/{path}", "holds no fields", "write the secret again")
        return fields

    def encrypt(self, mount: str, key: str, plaintext: bytes, about: bytes) -> str:
        """Ciphertext by transit ("vault:v1:…"), which opens with the same `about` only.

        Raises:
            KeyMaterialError: If Vault refuses.
        """
        fields = {"plaintext": _base64(plaintext), "associated_data": _base64(about)}
        answer = self._request("POST", f"{quote(mount)}/encrypt/{quote(key)}", json=fields)
        found = (answer.get("data") or {}).get("ciphertext")
        if not isinstance(found, str) or not found.startswith("vault:v"):
            raise KeyMaterialError(self._name, "answered no ciphertext", "check the transit mount")
        return found

    def decrypt(self, mount: str, key: str, ciphertext: str, about: bytes | None = None) -> bytes:
        """Plaintext of what transit encrypted ("vault:v1:…").

        Raises:
            KeyMaterialError: If Vault refuses.
        """
        fields = {"ciphertext": ciphertext}
        if about is not None:
            fields["associated_data"] = _base64(about)
        answer = self._request("POST", f"{quote(mount)}/decrypt/{quote(key)}", json=fields)
        try:
            return base64.b64decode(answer["data"]["plaintext"], validate=True)
        except (KeyError, TypeError, binascii.Error) as error:
            raise KeyMaterialError(self._name, "answered no plaintext", "check the transit mount") from error

    def _request(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        with self._client() as client:
            token = self._token = self._token or self._log_in(client)
            return self._send(client, method, path, {"X-Vault-Token": token}, **body)

    def _log_in(self, client: httpx.Client) -> str:
        access = self._access
        if access.token_file is not None:
            return secret_line(access.token_file, "token file", "token_file")
        if access.role_id is None or access.secret_id_file is None:
            raise KeyMaterialError(self._name, "no way in", "set token_file, or role_id and secret_id_file")
        secret = secret_line(access.secret_id_file, "secret id file", "secret_id_file")
        body = {"role_id": access.role_id, "secret_id": secret}
        answer = self._send(client, "POST", "auth/approle/login", {}, json=body)
        token = (answer.get("auth") or {}).get("client_token")
        if not isinstance(token, str):
            raise KeyMaterialError(self._name, "gave no token", "check the AppRole")
        return token

    def _client(self) -> httpx.Client:
        try:
            import httpx
        except ImportError as error:
            raise KeyMaterialError(self._name, "httpx is not installed", "pip install 'quantera[vault]'") from error
        import ssl

        headers = {"X-Vault-Request": "true"}
        if self._access.namespace is not None:
            headers["X-Vault-Namespace"] = self._access.namespace
        try:
            trusted = ssl.create_default_context(cafile=self._access.ca_file)
        except OSError as error:
            raise KeyMaterialError(f"CA file {self._access.ca_file}", str(error), "correct ca_file") from error
        # Redirects are not followed: they would carry the token to wherever they point.
        return httpx.Client(
            base_url=f"{self._access.url.rstrip('/')}/v1/", headers=headers, verify=trusted, timeout=_SECONDS
        )

    def _send(
        self, client: httpx.Client, method: str, path: str, headers: dict[str, str], **body: Any
    ) -> dict[str, Any]:
        import httpx

        try:
            response = client.request(method, path, headers=headers, **body)
        except httpx.HTTPError as error:
            reason = f"no answer ({type(error).__name__})"
            raise KeyMaterialError(self._name, reason, "check url, network and ca_file") from error
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if response.status_code == 200 and isinstance(answer, dict):
            return answer
        raise KeyMaterialError(
            f"{self._name}: {path}", _refusal(response.status_code, answer), _remedy(response.status_code)
        )


def open_vault_key(access: VaultAccess, mount: str, path: str, field: str, version: int | None = None) -> Signer:
    """A key from KV version 2: 32 bytes as 64 hex digits in one field of a secret.

    Raises:
        KeyMaterialError: If it cannot be had or is no key; never shows what was there.
    """
    fields = Vault(access).read(mount, path, version)
    name = f"Vault {_shown(access.url)}: {mount}/{path}"
    if field not in fields:
        raise KeyMaterialError(name, f"has no field {field}", f"choose from: {', '.join(sorted(fields)) or 'none'}")
    try:
        account = Account.from_key(bytes.fromhex(str(fields[field]).removeprefix("0x")))
    except Exception:
        # Not chained: the cause could quote the secret. eth_keys raises its own kinds of error here.
        raise KeyMaterialError(name, f"field {field} is no key", "write 64 hex digits") from None
    return LocalSigner(account)


def passphrase_from_vault(access: VaultAccess, mount: str, key: str, ciphertext_file: Path) -> Passphrase:
    """A passphrase that transit encrypted; the file holds "vault:v1:…", which alone opens nothing."""

    def read(what: str) -> str:
        """Anew each time: Vault may have withdrawn the right to it."""
        try:
            ciphertext = ciphertext_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            reason = error.strerror or "unreadable"
            raise KeyMaterialError(
                f"ciphertext of {what}: {ciphertext_file}", reason, "correct ciphertext_file"
            ) from error
        try:
            secret = Vault(access).decrypt(mount, key, ciphertext).decode("utf-8")
        except UnicodeDecodeError:
            raise KeyMaterialError(f"passphrase of {what}", "no text", "encrypt a passphrase in UTF-8") from None
        if not secret:
            raise KeyMaterialError(f"passphrase of {what}", "empty", "encrypt one")
        return secret

    return read


def _refusal(status: int, answer: object) -> str:
    errors = answer.get("errors") if isinstance(answer, dict) else None
    said = "; ".join(str(error) for error in errors) if isinstance(errors, list) else ""
    return " ".join(f"HTTP status {status}{': ' if said else ''}{said}".split())


def _remedy(status: int) -> str:
    return {
        400: "check the transit key and the ciphertext",
        403: "check the token and its policy",
        404: "check mount and path; a deleted version is gone",
        503: "unseal Vault",
    }.get(status, "see Vault's log")


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{(parts.netloc).rpartition('@')[2]}"
