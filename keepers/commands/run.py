"""`quantera run`: bots, until they are stopped."""

from __future__ import annotations

from pathlib import Path

import click

from keepers.commands.base import config_option, one_line_errors
from keepers.commands.group import Guessing

metrics_option = click.option(
    "--metrics-port",
    type=click.IntRange(0, 65_535),
    metavar="PORT",
    help="Serve /metrics, /healthz and /readyz there; overrides metrics.port of the config.",
)


@click.group(cls=Guessing)
def run() -> None:
    """Run bots until they are stopped.

    SIGTERM and Ctrl-C end them cleanly (exit code 0). After `max_failures` failures in a row a bot gives up and
    rests while others go on; when all have given up they end (exit code 1), for a supervisor to start again. One JSON
    line a decision goes to standard output.
    """


@run.command("all")
@config_option
@metrics_option
@one_line_errors
def run_all(config_path: Path, metrics_port: int | None) -> None:
    """Run every bot of the config in one process.

    Risk and rebalance for its portfolio; claims if claims.enabled says so.

    \b
    Example:
      quantera run all --config keeper.yaml --metrics-port 9464
    """
    _run(None, config_path, metrics_port)


@run.command("risk")
@config_option
@metrics_option
@one_line_errors
def run_risk(config_path: Path, metrics_port: int | None) -> None:
    """Post covariance models and work the breaker.

    Whenever a newer day's close is known than the chain's model has: estimates covariance from closes up to
    that day, signs with every key under keys.signers, and posts. Then it raises the high-water mark, trips a
    portfolio outside its limits, and recovers one that is back inside.

    \b
    Example:
      quantera run risk --config keeper.yaml
    """
    _run(("risk",), config_path, metrics_port)


@run.command("rebalance")
@config_option
@metrics_option
@one_line_errors
def run_rebalance(config_path: Path, metrics_port: int | None) -> None:
    """Rebalance once a posted model, when there is a reason to.

    Reasons: a limit is breached, cash is not yet invested, or weights drifted and the schedule is due. Target
    weights keep to the chain's limits; orders are simulated before they are sent.

    \b
    Example:
      quantera run rebalance --config keeper.yaml
    """
    _run(("rebalance",), config_path, metrics_port)


@run.command("claims")
@config_option
@metrics_option
@one_line_errors
def run_claims(config_path: Path, metrics_port: int | None) -> None:
    """Refresh identities whose claims were revoked.

    Looks at every wallet of every identity registry when a trusted issuer revokes a claim or removes a key, when topics
    or issuers change, at the start, and every claims.look_minutes. Needs keys.sender and no right; a config with
    claims.enabled may leave out portfolio, prices and keys.signers.

    \b
    Example:
      quantera run claims --config keeper.yaml
    """
    _run(("claims",), config_path, metrics_port)


def _run(kinds: tuple[str, ...] | None, config_path: Path, metrics_port: int | None) -> None:
    from keepers.bots.fleet import run_bots
    from keepers.config import load_config

    config = load_config(config_path)
    run_bots(config, kinds or config.kinds, metrics_port)
