"""The service that has an evidence folder's key, and the node that has its objects, as a config names them."""

from __future__ import annotations

from pathlib import Path

from keepers.compliance.evidence.locks import MasterKeyService
from keepers.config import Config
from keepers.documents.folder import DocumentFolder
from keepers.documents.kubo import KuboAccess, KuboNode
from keepers.signers.keys import passphrase_from_file, passphrase_from_prompt


def service_of(config: Config) -> MasterKeyService | None:
    """Returns the service of desk.wrapping, or None; it is not asked for anything yet.

    Raises:
        KeyMaterialError: If its package is not installed, or its address cannot be used.
    """
    wrapping = config.desk.wrapping
    if wrapping is None:
        return None
    if wrapping.kms is not None:
        from keepers.signers.wrapping import KmsWrapping

        return KmsWrapping(wrapping.kms.key_id, wrapping.kms.region, wrapping.kms.endpoint_url)
    assert wrapping.vault is not None  # the config sees to it
    from keepers.signers.keyring import vault_access
    from keepers.signers.wrapping import VaultWrapping

    return VaultWrapping(vault_access(config, wrapping.vault), wrapping.vault.mount, wrapping.vault.key)


def node_of(config: Config) -> KuboNode | None:
    """Returns the node of desk.ipfs, or None; it is not asked for anything yet.

    Raises:
        EvidenceError: If its address cannot be used.
    """
    ipfs = config.desk.ipfs
    if ipfs is None:
        return None
    file = ipfs.authorization_file and config.at(ipfs.authorization_file)
    return KuboNode(KuboAccess(ipfs.url, file, ipfs.timeout_seconds))


def open_folder(config: Config, path: Path) -> DocumentFolder:
    """Opens the folder of evidence at a path as the config says; makes it where it is not there.

    Raises:
        EvidenceError: If nothing that the config names opens it.
    """
    secret = config.desk.passphrase_file
    passphrase = passphrase_from_file(config.at(secret)) if secret else passphrase_from_prompt
    return DocumentFolder.open(path, passphrase, create=True, service=service_of(config), node=node_of(config))
