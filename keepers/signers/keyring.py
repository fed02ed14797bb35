"""Opens the keys that a config names."""

from __future__ import annotations

import ctypes
import resource
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from keepers.config import Config, Key, VaultSettings
from keepers.signers.keys import (
    Passphrase,
    open_ape_account,
    open_keystore,
    passphrase_from_descriptor,
    passphrase_from_file,
    passphrase_from_prompt,
)
from keepers.signers.signing import Signer

if TYPE_CHECKING:
    from keepers.signers.hashicorp_vault import VaultAccess

_PR_SET_DUMPABLE = 4
"""prctl(2)."""


def open_keys(config: Config, keys: tuple[Key, ...]) -> tuple[Signer, ...]:
    """Opens keys, side by side where nobody is asked: decryption is slow on purpose, and services are far.

    Raises:
        KeyMaterialError: One line saying which cannot be had and why.
    """
    if not any(_asks(key) for key in keys):
        with ThreadPoolExecutor(len(keys)) as pool:
            return tuple(pool.map(lambda key: open_key(config, key), keys))
    return tuple(open_key(config, key) for key in keys)


def open_key(config: Config, key: Key) -> Signer:
    """Opens one key.

    Raises:
        KeyMaterialError: If it cannot be had.
    """
    if key.kms is not None:
        from keepers.signers.kms import open_kms_key

        return open_kms_key(key.kms.key_id, key.kms.region, key.kms.endpoint_url)
    if key.vault is not None:
        from keepers.signers.hashicorp_vault import open_vault_key

        secret = key.vault
        return open_vault_key(vault_access(config, secret), secret.mount, secret.path, secret.field, secret.version)
    if key.ape_account is not None:
        return open_ape_account(key.ape_account, _passphrase(config, key))
    assert key.keystore is not None  # the config sees to it
    return open_keystore(config.at(key.keystore), _passphrase(config, key))


def leave_no_dumps() -> None:
    """No core file of this process, and no look into its memory for others of the same user."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _asks(key: Key) -> bool:
    """Returns True if opening the key takes a person or an ordered stream."""
    local = key.keystore is not None or key.ape_account is not None
    return local and key.passphrase_file is None and key.passphrase_vault is None


def _passphrase(config: Config, key: Key) -> Passphrase:
    if key.passphrase_file is not None:
        return passphrase_from_file(config.at(key.passphrase_file))
    if key.passphrase_fd is not None:
        return passphrase_from_descriptor(key.passphrase_fd)
    if key.passphrase_vault is not None:
        from keepers.signers.hashicorp_vault import passphrase_from_vault

        sealed = key.passphrase_vault
        return passphrase_from_vault(
            vault_access(config, sealed), sealed.mount, sealed.key, config.at(sealed.ciphertext_file)
        )
    return passphrase_from_prompt


def vault_access(config: Config, settings: VaultSettings) -> VaultAccess:
    """Returns the access to a Vault server, with the paths of its files made absolute."""
    from keepers.signers.hashicorp_vault import VaultAccess

    return VaultAccess(
        url=settings.url,
        token_file=settings.token_file and config.at(settings.token_file),
        role_id=settings.role_id,
        secret_id_file=settings.secret_id_file and config.at(settings.secret_id_file),
        namespace=settings.namespace,
        ca_file=settings.ca_file and config.at(settings.ca_file),
    )
