"""Options and arguments of the commands, and how their refusals are said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

import click
from eth_utils.address import is_address, to_checksum_address

from keepers.chain.compliance import ComplianceReader
from keepers.chain.node import Node, connect
from keepers.compliance.rulebook import Rulebook, load_rulebook
from keepers.compliance.rulebook.terms import Assignment, assign, load_terms
from keepers.errors import KeeperError
from scripts.deployment.chain import DeploymentError

ROOT = Path(__file__).resolve().parents[2]
TERMS = ROOT / "scripts/config/rulebook.yaml"
DEPLOYMENT = ROOT / "deployments/localnet.json"

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def terms_option() -> Decorator:
    """--terms FILE."""
    return click.option(
        "--terms",
        "terms_path",
        type=click.Path(path_type=Path, dir_okay=False),
        default=TERMS,
        show_default="scripts/config/rulebook.yaml",
        help="What the issuer decides: regimes, countries, what a token is worth.",
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
        return account(text, "token")
    tokens = tokens_of(deployment)
    if text not in tokens:
        known = ", ".join(tokens) or "none"
        raise click.ClickException(f"token {text}: not in {deployment.name}; choose from: {known}")
    return tokens[text]


def account(text: str, what: str) -> str:
    """An address, checksummed."""
    if not is_address(text):
        raise click.ClickException(f"{what} {text}: is no address; give 0x and 40 hexadecimal digits")
    if text not in (text.lower(), to_checksum_address(text)):
        raise click.ClickException(f"{what} {text}: fails its checksum; correct it or write it in lower case")
    return to_checksum_address(text)


def units(text: str, decimals: int) -> int:
    """Whole tokens as smallest units."""
    try:
        amount = Decimal(text).scaleb(decimals)
    except InvalidOperation:
        raise click.ClickException(f"amount {text}: is no number; give whole tokens, such as 25.5") from None
    if not amount.is_finite() or amount < 0 or amount >= 2**256:
        raise click.ClickException(f"amount {text}: is not between 0 and what a token can have; correct it")
    if amount != amount.to_integral_value():
        raise click.ClickException(f"amount {text}: has more digits than the token's {decimals} decimals; round it")
    return int(amount)


@cache
def rulebook() -> Rulebook:
    """Returns the shipped rulebook, which is read once."""
    return load_rulebook()


def assignments(reader: ComplianceReader, terms_path: Path) -> dict[int, Assignment]:
    """The rulebook's rules for a token."""
    return assign(rulebook(), load_terms(terms_path).of(reader.symbol), reader.decimals)
