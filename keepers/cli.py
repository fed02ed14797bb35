"""`quantera`: runs keepers and looks after them."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TypeVar

import click

from keepers import __version__
from keepers.errors import KeeperError

P = ParamSpec("P")
R = TypeVar("R")

USAGE, RUNTIME = 2, 1
"""Exit codes: of a wrong command or config, and of what went wrong while running."""

EXAMPLE = """\b
Example keeper.yaml (paths are relative to the file):
  rpc_url: http://127.0.0.1:8545
  chain_id: 31337
  deployment: deployments/localnet.json
  store: sqlite:///keeper.sqlite
  portfolio: demo
  prices: {source: csv, path: prices.csv}
  keys:
    sender: {keystore: keys/sender.json, passphrase_file: keys/sender.pass}
    signers:
      - {keystore: keys/signer-1.json, passphrase_file: keys/signer-1.pass}
      - {keystore: keys/signer-2.json, passphrase_file: keys/signer-2.pass}
  risk: {halflife_days: 30, min_observations: 60, model_lifetime_hours: 96}
  rebalance:
    risk_aversion: 5
    schedule: {every_n_days: 21, drift_bps: 200}
  max_fee_gwei: 50
  poll_seconds: 1
"""

config_option = click.option(
    "--config",
    "config_path",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="keeper.yaml; see `quantera --help` for an example.",
)


def _one_line_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Every failure in one line on standard error: exit code 2 for the config, 1 for the rest."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except KeeperError as error:
            _fail(error)
        except KeyboardInterrupt:
            sys.exit(130)

    return wrapped


def _fail(error: KeeperError) -> NoReturn:
    from keepers.config import ConfigError

    line = " ".join(str(error).split())
    click.echo(f"quantera: {line}", err=True)
    sys.exit(USAGE if isinstance(error, ConfigError) else RUNTIME)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXAMPLE,
)
@click.version_option(__version__, prog_name="quantera")
def main() -> None:
    """Keepers of Quantera: they propose, the chain disposes.

    A keeper reads the chain, computes, signs and sends. What it may do is bounded by the contracts. Killed at
    any instant and started again, it does nothing twice and misses nothing.

    \b
    Start here:
      quantera keys new keys/sender.json
      quantera config check keeper.yaml
      quantera run risk --config keeper.yaml
      quantera run rebalance --config keeper.yaml
      quantera status --config keeper.yaml
    """


@main.group()
def run() -> None:
    """Run a bot until it is stopped.

    SIGTERM and Ctrl-C end it cleanly (exit code 0). After `max_failures` failures in a row it gives up (exit
    code 1), for a supervisor to start again. One JSON line a decision goes to standard output.
    """


@run.command("risk")
@config_option
@_one_line_errors
def run_risk(config_path: Path) -> None:
    """Post covariance models and work the breaker.

    Whenever a newer day's close is known than the chain's model has: estimates covariance from closes up to
    that day, signs with every key under keys.signers, and posts. Then it raises the high-water mark, trips a
    portfolio outside its limits, and recovers one that is back inside.

    \b
    Example:
      quantera run risk --config keeper.yaml
    """
    _run("risk", config_path)


@run.command("rebalance")
@config_option
@_one_line_errors
def run_rebalance(config_path: Path) -> None:
    """Rebalance once a posted model, when there is a reason to.

    Reasons: a limit is breached, cash is not yet invested, or weights drifted and the schedule is due. Target
    weights keep to the chain's limits; orders are simulated before they are sent.

    \b
    Example:
      quantera run rebalance --config keeper.yaml
    """
    _run("rebalance", config_path)


@main.command()
@config_option
@_one_line_errors
def status(config_path: Path) -> None:
    """Show a portfolio: NAV, weights, risk against limits, model, loss bucket, last decisions.

    \b
    Example:
      quantera status --config keeper.yaml
    """
    from keepers.config import load_config
    from keepers.status import report

    click.echo(report(load_config(config_path)))


@main.group()
def config() -> None:
    """Look at a configuration."""


@config.command("check")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_one_line_errors
def config_check(file: Path) -> None:
    """Check a config and the deployment that it names; nothing is connected to and no key opened.

    \b
    Example:
      quantera config check keeper.yaml
    """
    from keepers.chain.deployment import load
    from keepers.config import ConfigError, load_config

    loaded = load_config(file)
    deployment = load(loaded.at(loaded.deployment))
    deployment.portfolio(loaded.portfolio)
    if deployment.chain_id != loaded.chain_id:
        reason = f"{loaded.chain_id}, but {deployment.path} is for chain {deployment.chain_id}"
        raise ConfigError(f"{file}: chain_id", reason, "correct one of them")
    click.echo(f"{file}: portfolio {loaded.portfolio} on {deployment.network}, chain {loaded.chain_id}: fine")


@main.group()
def db() -> None:
    """Look after the database."""


@db.command("upgrade")
@config_option
@_one_line_errors
def db_upgrade(config_path: Path) -> None:
    """Create the tables or bring them up to date. Bots do so themselves when they start.

    \b
    Example:
      quantera db upgrade --config keeper.yaml
    """
    from keepers.config import load_config
    from keepers.store import Store
    from keepers.store.tables import HEAD

    Store.open(load_config(config_path).store_url).close()
    click.echo(f"store at version {HEAD}")


@main.group()
def keys() -> None:
    """Make keys."""


@keys.command("new")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Take the passphrase from a file's first line instead of asking for it.",
)
@click.option("--light", is_flag=True, help="Fast, weak key derivation: for local chains only.")
@_one_line_errors
def keys_new(path: Path, passphrase_file: Path | None, light: bool) -> None:
    """Make a new key and write it to PATH as an encrypted keystore.

    \b
    Examples:
      quantera keys new keys/sender.json
      quantera keys new keys/local.json --light --passphrase-file keys/local.pass
    """
    from keepers.chain.keys import create_keystore, passphrase_from_file

    if passphrase_file is not None:
        secret = passphrase_from_file(passphrase_file)(f"keystore {path}")
    else:
        secret = str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=True))
    click.echo(create_keystore(path, secret, light=light))


def _run(kind: str, config_path: Path) -> None:
    import threading

    from keepers.bots.context import open_context
    from keepers.bots.logs import configure
    from keepers.bots.loop import Loop, LoopPolicy, stop_on_signals
    from keepers.bots.names import rebalance_bot, risk_bot
    from keepers.config import load_config

    loaded = load_config(config_path)
    stop = threading.Event()
    name = {"risk": risk_bot, "rebalance": rebalance_bot}[kind](loaded.portfolio)
    log = configure(loaded.log, bot=name)
    with stop_on_signals(stop):
        context = open_context(loaded, name, log, stop)
        log.info("started", chain_id=loaded.chain_id, sender=context.sender.address)
        policy = LoopPolicy(loaded.poll_seconds, loaded.max_failures)
        Loop(_bot(kind, context), context.node, context.store, policy, stop, log).run()
        log.info("stopped")


def _bot(kind: str, context: Any) -> Any:
    if kind == "risk":
        from keepers.bots.risk import RiskBot

        return RiskBot(context)
    import threading

    from keepers.bots.rebalance import RebalanceBot

    # The optimiser takes seconds to load; by the first decision it should be there.
    threading.Thread(target=_load_optimiser, daemon=True).start()
    return RebalanceBot(context)


def _load_optimiser() -> None:
    import keepers.portfolio.optimise  # noqa: F401
