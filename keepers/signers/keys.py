"""Keys: encrypted keystores and Ape accounts. A plain key is never read from a file, nor written.

Keys that stay elsewhere: `keepers.signers.kms`, `keepers.signers.hashicorp_vault`.
"""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, cast

from eth_account import Account
from eth_account.messages import SignableMessage
from eth_account.signers.local import LocalAccount
from eth_keys.datatypes import PrivateKey

from keepers.errors import KeeperError
from keepers.signers.signing import Signer, digest

Passphrase = Callable[[str], str]
"""Gives the passphrase of what it is asked for; called only when it is needed."""

LIGHT_ITERATIONS = 4096
"""scrypt N of a light keystore: Geth's --lightkdf."""


class KeyMaterialError(KeeperError):
    """A keystore, passphrase or account that cannot be used."""


class LocalSigner:
    """A key in this process's memory, from when it was opened; neither shown nor pickled."""

    def __init__(self, account: LocalAccount) -> None:
        self._account, self._key = account, PrivateKey(bytes(account.key))

    def __repr__(self) -> str:
        return f"LocalSigner({self.address})"

    def __reduce__(self) -> str:
        raise KeyMaterialError(self.address, "a key is not pickled", "open it where it is used")

    @property
    def address(self) -> str:
        """Checksummed."""
        return str(self._account.address)

    def sign_message(self, message: SignableMessage) -> bytes:
        """65 bytes: r, s, v."""
        # Twice as fast as the account's own way, which reads the key anew and makes objects of r, s and v.
        signature = self._key.sign_msg_hash(digest(message)).to_bytes()
        return signature[:-1] + bytes([27 + signature[-1]])

    def sign_transaction(self, transaction: dict[str, Any]) -> bytes:
        """The transaction, signed and serialised."""
        return bytes(self._account.sign_transaction(transaction).raw_transaction)


class _ApeAccount(Protocol):
    @property
    def address(self) -> str: ...
    def sign_message(self, message: SignableMessage) -> Any: ...
    def sign_transaction(self, txn: Any) -> Any: ...
    def set_autosign(self, enabled: bool, passphrase: str | None = None) -> None: ...


class ApeSigner:
    """An account of Ape, by its alias."""

    def __init__(self, account: _ApeAccount) -> None:
        self._account = account

    def __repr__(self) -> str:
        return f"ApeSigner({self.address})"

    @property
    def address(self) -> str:
        """Checksummed."""
        return str(self._account.address)

    def sign_message(self, message: SignableMessage) -> bytes:
        """65 bytes: r, s, v."""
        signature = self._account.sign_message(message)
        if signature is None:
            raise KeyMaterialError(self.address, "refused to sign", "unlock the account")
        return bytes(signature.encode_rsv())

    def sign_transaction(self, transaction: dict[str, Any]) -> bytes:
        """The transaction, signed and serialised."""
        from ape_ethereum.transactions import DynamicFeeTransaction, StaticFeeTransaction

        kind = DynamicFeeTransaction if "maxFeePerGas" in transaction else StaticFeeTransaction
        unsigned = kind.model_validate({**transaction, "from": self.address})
        signed = self._account.sign_transaction(unsigned)
        if signed is None:
            raise KeyMaterialError(self.address, "refused to sign", "unlock the account")
        return bytes(signed.serialize_transaction())


def open_keystore(path: str | Path, passphrase: Passphrase) -> Signer:
    """Decrypts a keystore (Web3 Secret Storage, version 3).

    Raises:
        KeyMaterialError: If it is missing, no keystore, or the passphrase is wrong.
    """
    file = Path(path)
    try:
        keystore = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise KeyMaterialError(
            f"keystore {file}", error.strerror or "unreadable", "create it: quantera keys new"
        ) from error
    except ValueError as error:
        raise KeyMaterialError(f"keystore {file}", "no JSON", "give an encrypted keystore file") from error
    if not isinstance(keystore, dict) or "crypto" not in {str(key).lower() for key in keystore}:
        raise KeyMaterialError(f"keystore {file}", "not an encrypted keystore", "create one: quantera keys new")
    secret = passphrase(f"keystore {file}")
    try:
        account = Account.from_key(Account.decrypt(keystore, secret))
    except (ValueError, KeyError, TypeError) as error:
        # The cause is not shown: it could quote the secret.
        raise KeyMaterialError(f"keystore {file}", "wrong passphrase or damaged", "check the passphrase") from error
    return LocalSigner(account)


def open_ape_account(alias: str, passphrase: Passphrase | None = None) -> Signer:
    """Loads an account of Ape; needs the `dev` extra.

    Args:
        alias: Name in `ape accounts list`.
        passphrase: Asked for once; None leaves it to Ape to ask.

    Raises:
        KeyMaterialError: If Ape is not installed or has no such account.
    """
    try:
        from ape import accounts
    except ImportError as error:
        raise KeyMaterialError(f"ape account {alias}", "Ape is not installed", "pip install eth-ape") from error
    if alias not in set(accounts.aliases):
        known = ", ".join(accounts.aliases) or "none"
        raise KeyMaterialError(f"ape account {alias}", "unknown", f"choose from: {known}")
    account = cast(_ApeAccount, accounts.load(alias))
    if passphrase is not None:
        account.set_autosign(True, passphrase=passphrase(f"ape account {alias}"))
    return ApeSigner(account)


def create_keystore(path: str | Path, secret: str, *, light: bool = False) -> str:
    """Makes a new key and writes it, encrypted, readable by its owner only.

    Args:
        path: Must not exist.
        secret: Passphrase, not empty.
        light: Weak but fast key derivation, for local chains only.

    Returns:
        The key's address.

    Raises:
        KeyMaterialError: If the file exists or cannot be written, or the passphrase is empty.
    """
    return write_keystore(path, bytes(Account.create().key), secret, light=light)


def require_free(path: str | Path) -> None:
    """Makes sure that a keystore can be written, before anybody chooses a passphrase for it.

    Raises:
        KeyMaterialError: If something is there, or its folder is missing or cannot be written to.
    """
    file = Path(path)
    folder = file.absolute().parent
    if file.exists() or file.is_symlink():
        raise KeyMaterialError(f"keystore {file}", "is there already", "choose another path")
    if not folder.is_dir():
        raise KeyMaterialError(f"keystore {file}", "its folder does not exist", f"mkdir -p {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise KeyMaterialError(f"keystore {file}", "its folder cannot be written to", "choose another path")


def write_keystore(path: str | Path, key: bytes, secret: str, *, light: bool = False) -> str:
    """Encrypts a key that is already there; as `create_keystore`."""
    file = Path(path)
    require_free(file)
    if not secret:
        raise KeyMaterialError("passphrase", "empty", "choose one")
    iterations = LIGHT_ITERATIONS if light else None
    keystore = Account.encrypt(key, secret, kdf="scrypt", iterations=iterations)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise KeyMaterialError(
            f"keystore {file}", error.strerror or "cannot be written", "choose another path"
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        json.dump(keystore, handle)
    return str(Account.from_key(key).address)


def passphrase_from_file(path: str | Path) -> Passphrase:
    """The first line of a file; refused where others than its owner could read it."""
    return lambda what: secret_line(Path(path), f"passphrase of {what}:", "passphrase_file")


def secret_line(file: Path, what: str, setting: str) -> str:
    """The first line of a file that only its owner can read.

    Args:
        file: File to read.
        what: Kind of secret, for messages.
        setting: Setting that names it in the config.

    Raises:
        KeyMaterialError: If it is missing, empty, or readable by others.
    """
    try:
        if file.stat().st_mode & 0o077:
            raise KeyMaterialError(f"{what} {file}", "others can read it", f"chmod 600 {file}")
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise KeyMaterialError(f"{what} {file}", error.strerror or "unreadable", f"correct {setting}") from error
    except UnicodeDecodeError:
        raise KeyMaterialError(f"{what} {file}", "no text", f"correct {setting}") from None
    return _not_empty(f"{what} {file}", lines[0] if lines else "")


def passphrase_from_descriptor(descriptor: int) -> Passphrase:
    """The next line of an open file descriptor: one line per key, in the order in which keys are opened."""

    def read(what: str) -> str:
        line = bytearray()
        try:
            while (byte := os.read(descriptor, 1)) not in (b"", b"\n"):
                line += byte
        except OSError as error:
            reason = error.strerror or "unreadable"
            raise KeyMaterialError(f"file descriptor {descriptor} for {what}", reason, "pass it open") from error
        return _not_empty(f"passphrase of {what}", line.decode("utf-8").rstrip("\r"))

    return read


def passphrase_from_prompt(what: str) -> str:
    """Asks on the terminal, without echo."""
    try:
        return _not_empty(f"passphrase of {what}", getpass.getpass(f"Passphrase of {what}: "))
    except EOFError as error:
        raise KeyMaterialError(what, "no terminal to ask on", "set passphrase_file") from error


def _not_empty(what: str, secret: str) -> str:
    if not secret:
        raise KeyMaterialError(what, "empty", "give one")
    return secret
