"""`quantera init`: asks what a keeper needs, tries each answer, writes a config that loads."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import yaml

from keepers.config import ConfigError, load_config
from keepers.contracts.deployment import Deployment
from keepers.contracts.deployment import load as load_deployment
from keepers.contracts.reader import Reader
from keepers.errors import KeeperError
from keepers.market.price_file import price_file
from keepers.rpc.endpoints import redact
from keepers.rpc.node import Node, connect
from keepers.signers.keys import create_keystore, passphrase_from_file
from keepers.store import Store

T = TypeVar("T")

DEFAULT_STORE = "sqlite:///keeper.sqlite"
DEFAULT_FEE_GWEI = 50.0


@dataclass(frozen=True)
class Given:
    """Answers from the command line; what is None is asked for. Paths are relative to the working directory."""

    rpc_url: str | None = None
    deployment: Path | None = None
    portfolio: str | None = None
    prices: Path | None = None
    store: str | None = None
    sender: str | None = None
    signers: tuple[str, ...] = ()
    passphrase_file: Path | None = None
    max_fee_gwei: float | None = None
    metrics_port: int | None = None


def set_up(file: Path, given: Given) -> None:
    """Asks, checks, writes and says what comes next.

    Args:
        file: File to write; it must not exist.
        given: Answers that need not be asked for.

    Raises:
        KeeperError: If the file is there, or an answer that was given does not stand up to its check.
    """
    if file.exists():
        raise ConfigError(file, "is there already", "edit it, or choose another name")
    folder = file.parent.resolve()
    path, deployment = _answer(
        _text(given.deployment), "Deployment file", lambda text: (text, load_deployment(text)), None
    )
    url, node = _answer(
        given.rpc_url, "Node (http:// or https://)", lambda text: _connected(text, deployment), "http://127.0.0.1:8545"
    )
    portfolio, _ = _answer(
        given.portfolio,
        f"Portfolio ({', '.join(deployment.portfolios) or 'none there'})",
        lambda text: (text, deployment.portfolio(text)),
        next(iter(deployment.portfolios), None),
    )
    prices, _ = _answer(
        _text(given.prices),
        "Daily closes (CSV: date,SYMBOL,…)",
        lambda text: _priced(text, deployment, node, portfolio),
        None,
    )
    keyring = _Keyring(folder, given.passphrase_file)
    sender, signers = _keys(given, keyring)
    config: dict[str, Any] = {
        "rpc_url": url,
        "chain_id": node.chain_id,
        "deployment": _relative(path, folder),
        "store": given.store or DEFAULT_STORE,
        "portfolio": portfolio,
        "prices": {"path": _relative(prices, folder)},
        "keys": {"sender": sender, "signers": signers},
        "max_fee_gwei": given.max_fee_gwei or DEFAULT_FEE_GWEI,
    }
    if given.metrics_port is not None:
        config["metrics"] = {"port": given.metrics_port}
    _write(file, config)
    click.echo(f"{file}: portfolio {portfolio} on {deployment.network}, chain {node.chain_id}")
    click.echo(f"Next: quantera doctor --config {file}, then quantera run all --config {file}")


class _Keyring:
    """Turns what a person names into keys of a config; makes keystores that are not there.

    Args:
        folder: Folder of the config.
        passphrase_file: File that opens every keystore, if there is one.
    """

    def __init__(self, folder: Path, passphrase_file: Path | None) -> None:
        self._folder = folder
        self._passphrase_file = passphrase_file

    def entry(self, named: str) -> tuple[str, dict[str, Any]]:
        """The config's entry of a keystore's path, "ape:ALIAS" or "kms:KEY_ID".

        Raises:
            KeyMaterialError: If a keystore cannot be made.
        """
        kind, separator, name = named.partition(":")
        if separator and kind == "ape":
            return named, {"ape_account": name, **self._passphrase()}
        if separator and kind == "kms":
            return named, {"kms": {"key_id": name}}
        path = Path(named)
        if not path.exists():
            self._create(path)
        return named, {"keystore": _relative(path, self._folder), **self._passphrase()}

    def _create(self, path: Path) -> None:
        if self._passphrase_file is None:
            click.confirm(f"{path} is not there. Make a new key?", default=True, abort=True)
            secret = str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=True))
        else:
            secret = passphrase_from_file(self._passphrase_file)(f"keystore {path}")
        path.parent.mkdir(parents=True, exist_ok=True)
        click.echo(f"{path}: new key {create_keystore(path, secret)}")

    def _passphrase(self) -> dict[str, str]:
        if self._passphrase_file is None:
            return {}
        return {"passphrase_file": _relative(self._passphrase_file, self._folder)}


def _keys(given: Given, keyring: _Keyring) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    hint = "a keystore's path, ape:ALIAS or kms:KEY_ID"
    _, sender = _answer(given.sender, f"Key that sends ({hint})", keyring.entry, "keys/sender.json")
    if given.signers:
        return sender, [keyring.entry(named)[1] for named in given.signers]
    signers: list[dict[str, Any]] = []
    while True:
        default = f"keys/signer-{len(signers) + 1}.json"
        _, signer = _answer(None, f"Key that signs, number {len(signers) + 1}", keyring.entry, default)
        signers.append(signer)
        if not click.confirm("Another signer?", default=len(signers) < 2):
            return sender, signers


def _answer(
    given: str | None, question: str, check: Callable[[str], tuple[str, T]], default: str | None
) -> tuple[str, T]:
    """Returns the given answer, checked; otherwise asks until an answer passes its check.

    Raises:
        KeeperError: If the given answer does not pass.
    """
    if given is not None:
        return check(given)

    def convert(text: str) -> tuple[str, T]:
        try:
            return check(text.strip())
        except KeeperError as error:
            raise click.UsageError(str(error)) from error

    answered: tuple[str, T] = click.prompt(question, default=default, value_proc=convert)
    return answered


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _connected(url: str, deployment: Deployment) -> tuple[str, Node]:
    node = connect(url, deployment.chain_id)
    deployment.verify(node)
    click.echo(f"{redact(url)}: chain {node.chain_id}, block {node.latest().number}, {deployment.network}'s contracts")
    return url, node


def _priced(text: str, deployment: Deployment, node: Node, portfolio: str) -> tuple[str, None]:
    assets = Reader(node, deployment).universe_assets(deployment.portfolio(portfolio).universe)
    symbols = [deployment.symbol_of(asset) for asset in assets]
    closes = price_file(Path(text)).closes(symbols, datetime.fromtimestamp(node.latest().timestamp, UTC).date())
    click.echo(f"{text}: {len(closes.dates)} days of {', '.join(symbols)}, the last {closes.dates[-1]}")
    return text, None


def _relative(path: str | Path, folder: Path) -> str:
    """Returns a path as the config names it: relative to its folder if it lies within, otherwise absolute."""
    absolute = Path(path).expanduser().resolve()
    return str(absolute.relative_to(folder)) if absolute.is_relative_to(folder) else str(absolute)


def _write(file: Path, config: dict[str, Any]) -> None:
    """Whole or not at all; what was written is loaded once and its database made, so that both are known to work."""
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        Store.open(load_config(scratch).store_url).close()
        os.link(scratch, file)
    except OSError as error:
        raise ConfigError(file, error.strerror or "cannot be written", "choose another name") from error
    finally:
        scratch.unlink(missing_ok=True)
