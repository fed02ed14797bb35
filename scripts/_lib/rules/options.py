"""Options and arguments of the commands, and how their refusals are said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import click

from keepers.compliance.arguments import account
from keepers.compliance.rulebook import Rulebook, load_rulebook
from keepers.compliance.rulebook.assignment import Assignment, assign
from keepers.compliance.rulebook.terms import load_terms
from keepers.contracts.compliance import ComplianceReader
from keepers.errors import KeeperError
from keepers.rpc.node import Node, connect
from scripts._lib.deployment.chain import DeploymentError

ROOT = Path(__file__).resolve().parents[3]
TERMS = ROOT / "scripts/_config/rulebook.yaml"
DEPLOYMENT = ROOT / "deployments/localnet.json"

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def terms_option() -> Decorator:
    """--terms FILE."""
    return click.option(
        "--terms",
        "terms_path",
        type=click.Path(path_type=Path, dir_okay=False),
        default=TERMS,
        show_default="scripts/_config/rulebook.yaml",
        help="The issuer's decisions: where a token is open, under which regime, and its worth.",
    )


def deployment_option() -> Decorator:
    """--deployment FILE."""
    return click.option(
        "--deployment",
        type=click.Path(path_type=Path, dir_okay=False),
        default=DEPLOYMENT,
        show_default="deployments/localnet.json",
        help="Where tokens are found by symbol; addresses need none.",
    )


@contextmanager
def one_line() -> Iterator[None]:
    """Refusals as one line and a code that is not zero."""
    try:
        yield
    except (KeeperError, DeploymentError) as error:
        raise click.ClickException(str(error)) from None


def node_of(provider: Any) -> Node:
    """The keepers' connection to the node that Ape is connected to."""
    url = getattr(provider, "http_uri", None)
    if url is None:
        raise click.ClickException("the network's node speaks no HTTP; choose one that does")
    return connect(str(url), int(provider.web3.eth.chain_id))


def tokens_of(deployment: Path) -> dict[str, str]:
    """Regulated tokens of a deployment, by symbol."""
    try:
        tokens: dict[str, str] = json.loads(deployment.read_text(encoding="utf-8"))["tokens"]
    except OSError:
        raise click.ClickException(f"{deployment}: is not there; give tokens' addresses, or --deployment") from None
    except (ValueError, KeyError, TypeError):
        raise click.ClickException(f"{deployment}: is no deployment file; `ape run deploy` writes them") from None
    return tokens


def token_address(text: str, deployment: Path) -> str:
    """A token given by address, or by symbol."""
    if text.startswith("0x"):
        with one_line():
            return account(text, "token")
    tokens = tokens_of(deployment)
    if text not in tokens:
        known = ", ".join(tokens) or "none"
        raise click.ClickException(f"token {text}: not in {deployment.name}; choose from: {known}")
    return tokens[text]


@cache
def rulebook() -> Rulebook:
    """Returns the shipped rulebook, which is read once."""
    return load_rulebook()


def assignments(reader: ComplianceReader, terms_path: Path) -> dict[int, Assignment] | None:
    """The rulebook's rules for a token; None if the terms do not name it."""
    terms = load_terms(terms_path).of(reader.symbol, reader.token)
    return None if terms is None else assign(rulebook(), terms, reader.decimals)
