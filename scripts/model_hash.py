"""`ape run model_hash KEEPER_CONFIG`: what a deployment's config says of the model that a keeper decides with."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
import yaml
from eth_utils.crypto import keccak

from keepers.config import ConfigError, load_config
from scripts._lib.artifacts import ROOT

CODE = ("keepers/portfolio", "keepers/risk", "keepers/signals", "keepers/rebalancing")
"""Code that turns a portfolio's state into targets."""


def code_hash(root: Path = ROOT) -> str:
    """keccak256 over every Python file of the model: its path below the root, its length, its bytes."""
    files = [path for part in CODE for path in _files(root / part)]
    parts = [(path.relative_to(root).as_posix(), path.read_bytes()) for path in sorted(files)]
    return "0x" + keccak(b"".join(f"{name}\n{len(text)}\n".encode() + text for name, text in parts)).hex()


def weights_hash(settings: dict[str, Any]) -> str:
    """keccak256 of the settings as JSON with sorted keys: they are what this model has for weights."""
    return "0x" + keccak(text=json.dumps(settings, sort_keys=True, separators=(",", ":"))).hex()


def model_of(settings: dict[str, Any]) -> dict[str, str]:
    """An entry of `models` in a deployment's config; nothing was trained."""
    return {"weights": weights_hash(settings), "code": code_hash()}


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else list(path.rglob("*.py"))


@click.command(short_help="Print what a deployment's config says of a model")
@click.argument("config", type=click.Path(path_type=Path))
def cli(config: Path) -> None:
    """Prints the `models` entry of the model that KEEPER_CONFIG names."""
    try:
        settings = load_config(config).rebalance
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    entry = {"models": {settings.model: model_of(settings.model_dump(mode="json", exclude={"model"}))}}
    click.echo(yaml.safe_dump(entry, sort_keys=False), nl=False)
