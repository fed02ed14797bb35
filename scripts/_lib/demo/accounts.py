"""Participants: accounts of the node, and the keepers' keys."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from keepers.signers.keys import LocalSigner, create_keystore, open_keystore, passphrase_from_file

SIGNERS = 3
"""Number of signers of each quorum; two have to sign."""


@dataclass(frozen=True)
class Keyring:
    """The keys of one keeper: the sender and the signers.

    Attributes:
        folder: Folder of the keystores.
        passphrase: File with their passphrase.
        sender: Name of the keystore that sends.
        signers: Names of those that sign.
        addresses: Addresses by name.
    """

    folder: Path
    passphrase: Path
    sender: str
    signers: tuple[str, ...]
    addresses: dict[str, str]

    def path(self, name: str) -> Path:
        """Returns the path of a keystore."""
        return self.folder / f"{name}.json"

    def steal(self) -> list[LocalSigner]:
        """All signing keys, opened: what somebody has who took the machine."""
        opened = (open_keystore(self.path(name), passphrase_from_file(self.passphrase)) for name in self.signers)
        return [signer for signer in opened if isinstance(signer, LocalSigner)]


def create_keyring(folder: Path, keeper: str) -> Keyring:
    """New keys for a keeper; the keystores are light, for a chain that lives for minutes."""
    folder.mkdir(parents=True, exist_ok=True)
    passphrase = folder / "passphrase"
    if not passphrase.exists():
        passphrase.touch(mode=0o600)
        passphrase.write_text(secrets.token_hex(16) + "\n", encoding="utf-8")
    secret = passphrase.read_text(encoding="utf-8").strip()
    sender, signers = f"{keeper}-sender", tuple(f"{keeper}-signer-{number + 1}" for number in range(SIGNERS))
    addresses = {name: create_keystore(folder / f"{name}.json", secret, light=True) for name in (sender, *signers)}
    return Keyring(folder, passphrase, sender, signers, addresses)


@dataclass(frozen=True)
class Accounts:
    """Accounts by what they do. The node has all of them unlocked but the keepers'."""

    operator: str
    guardian: str
    issuer: str
    officer: str
    provider: str
    bystander: str
    alpine: str
    berlin: str
    boston: str
    geneva: str
    caracas: str
    lapsed: str
    thief: str
    stranger: str
    risk: Keyring
    rebalance: Keyring

    @property
    def keepers(self) -> list[str]:
        """Addresses that the keepers send from."""
        return [keyring.addresses[keyring.sender] for keyring in (self.risk, self.rebalance)]

    @property
    def risk_signers(self) -> list[str]:
        """Addresses of who may sign models."""
        return [self.risk.addresses[name] for name in self.risk.signers]

    @property
    def rebalance_signers(self) -> list[str]:
        """Addresses of who may sign rebalances."""
        return [self.rebalance.addresses[name] for name in self.rebalance.signers]


def assemble(accounts: list[str], keys: Path, keepers: tuple[str, str] = ("risk", "rebalance")) -> Accounts:
    """Gives everybody an account of the node, and the keepers their keys; two of one name share theirs."""
    names = [name for name in Accounts.__dataclass_fields__ if name not in ("risk", "rebalance")]
    found = dict(zip(names, accounts, strict=False))
    rings = {keeper: create_keyring(keys, keeper) for keeper in dict.fromkeys(keepers)}
    return Accounts(**found, risk=rings[keepers[0]], rebalance=rings[keepers[1]])
