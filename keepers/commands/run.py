"""`quantera run`: bots, until they are stopped."""

from __future__ import annotations

from collections.abc import Callable
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


once_option = click.option("--once", is_flag=True, help="Look at the chain once, act on it, and end.")
dry_run_option = click.option(
    "--dry-run",
    is_flag=True,
    help="Once: decide, simulate, show what would be signed; send and remember nothing.",
)


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that all of them take."""
    for option in (dry_run_option, once_option, metrics_option, config_option):
        command = option(command)
    return command


@click.group(cls=Guessing)
def run() -> None:
    """Run bots until they are stopped.

    SIGTERM and Ctrl-C end them cleanly (exit code 0). After `max_failures` failures in a row a bot gives up and
    rests while others go on; when all have given up they end (exit code 1), for a supervisor to start again. One JSON
    line a decision goes to standard output.
    """


@run.command("all")
@run_options
@one_line_errors
def run_all(config_path: Path, metrics_port: int | None, once: bool, dry_run: bool) -> None:
    """Run every bot of the config in one process.

    Risk and rebalance for its portfolio; claims, sanctions, kyc, execution and training if claims.enabled,
    sanctions.enabled, kyc.enabled, execution.enabled and training.enabled say so.

    \b
    Examples:
      quantera run all --config keeper.yaml --metrics-port 9464
      quantera run all --config keeper.yaml --dry-run
    """
    _run(None, config_path, metrics_port, once, dry_run)


@run.command("risk")
@run_options
@one_line_errors
def run_risk(config_path: Path, metrics_port: int | None, once: bool, dry_run: bool) -> None:
    """Post covariance models and work the breaker.

    Whenever a newer day's close is known than the chain's model has: estimates covariance from closes up to
    that day, signs with every key under keys.signers, and posts. Then it raises the high-water mark, trips a
    portfolio outside its limits, and recovers one that is back inside.

    \b
    Example:
      quantera run risk --config keeper.yaml
    """
    _run(("risk",), config_path, metrics_port, once, dry_run)


@run.command("rebalance")
@run_options
@one_line_errors
def run_rebalance(config_path: Path, metrics_port: int | None, once: bool, dry_run: bool) -> None:
    """Rebalance once a posted model, when there is a reason to.

    Reasons: a limit is breached, cash is not yet invested, or weights drifted and the schedule is due. Target
    weights keep to the chain's limits; orders are simulated before they are sent.

    \b
    Example:
      quantera run rebalance --config keeper.yaml
    """
    _run(("rebalance",), config_path, metrics_port, once, dry_run)


@run.command("claims")
@run_options
@one_line_errors
def run_claims(config_path: Path, metrics_port: int | None, once: bool, dry_run: bool) -> None:
    """Refresh identities whose claims were revoked.

    Looks at every wallet of every identity registry when a trusted issuer revokes a claim or removes a key, when topics
    or issuers change, at the start, and every claims.look_minutes. Needs keys.sender and no right; a config with
    claims.enabled may leave out portfolio, prices and keys.signers.

    \b
    Example:
      quantera run claims --config keeper.yaml
    """
    _run(("claims",), config_path, metrics_port, once, dry_run)


@run.command("sanctions")
@run_options
@one_line_errors
def run_sanctions(config_path: Path, metrics_port: int | None, once: bool, dry_run: bool) -> None:
    """Bring the chain's sanctions list to the accepted lists.

    Adds at once, in batches that fit a block, what `quantera compliance lists import` accepted and the chain lacks.
    Lifts only what a publisher removed and two officers agreed on (`quantera compliance lists lifts`), after a delay.
    Warns of a list that nobody confirmed for 24 hours. Needs keys.sender with the role COMPLIANCE_OFFICER, and for
    liftings COMPLIANCE_OFFICER_DELAYED; a config with sanctions.enabled may leave out portfolio, prices and
    keys.signers.

    \b
    Example:
      quantera run sanctions --config keeper.yaml
    """
    _run(("sanctions",), config_path, metrics_port, once, dry_run)


@run.command("kyc")
@run_options
@one_line_errors
def run_kyc(config_path: Path, metrics_port: int | None, once: bool, dry_run: bool) -> None:
    """Verify persons at identity providers, and sign the claims of those who passed (docs/kyc.md).

    Takes up what `quantera compliance kyc ask` asked for, and begins anew what is about to lapse. Takes webhooks at
    kyc.webhooks, and asks the provider whatever they say. Needs keys.sender with gas, keys.claim_issuer, the register
    of people and the folder of evidence; a config with kyc.enabled may leave out portfolio, prices and keys.signers.
    With --dry-run no provider is asked.

    \b
    Example:
      quantera run kyc --config keeper.yaml
    """
    _run(("kyc",), config_path, metrics_port, once, dry_run)


@run.command("execution")
@run_options
@one_line_errors
def run_execution(config_path: Path, metrics_port: int | None, once: bool, dry_run: bool) -> None:
    """Sell the orders of `quantera execution`, slice by slice (docs/execution.md).

    Each slice is routed at its own block, limited by slippage and the order's price limit, simulated, and sent at most
    once; with private_relay through the relay. Needs keys.sender, which holds what is sold; a config with
    execution.enabled may leave out portfolio, prices and keys.signers.

    \b
    Example:
      quantera run execution --config keeper.yaml
    """
    _run(("execution",), config_path, metrics_port, once, dry_run)


@run.command("training")
@run_options
@one_line_errors
def run_training(config_path: Path, metrics_port: int | None, once: bool, dry_run: bool) -> None:
    """Train a network each week, as a challenger that nothing follows by itself (docs/signals.md).

    Starts `quantera signals retrain` in a process of its own when training.weekday and training.hour_utc have come, and
    records hashes, scores and the manager's call. The extra ai has to be installed for the child. Needs keys.sender,
    which sends nothing; a config with training.enabled may leave out portfolio, prices and keys.signers. With --once it
    waits for the training.

    \b
    Example:
      quantera run training --config keeper.yaml
    """
    _run(("training",), config_path, metrics_port, once, dry_run)


def _run(kinds: tuple[str, ...] | None, config_path: Path, metrics_port: int | None, once: bool, dry_run: bool) -> None:
    from keepers.config import load_config

    config = load_config(config_path)
    if once or dry_run:
        from keepers.bots.rehearsal import look_once

        look_once(config, kinds or config.kinds, dry_run=dry_run)
    else:
        from keepers.bots.launch import run_bots

        run_bots(config, kinds or config.kinds, metrics_port)
