"""`quantera status`, `explain`, `doctor`, `follow`: looking without touching."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from keepers.commands.base import RUNTIME, config_option, one_line_errors
from keepers.commands.colours import tinted


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def status(config_path: Path, as_json: bool) -> None:
    """Show a portfolio and its bots: NAV, weights, risk against limits, model, loss bucket, last decisions.

    \b
    Example:
      quantera status --config keeper.yaml
    """
    from keepers.config import load_config
    from keepers.operations.status import report

    told = report(load_config(config_path), as_json=as_json)
    click.echo(told if as_json else tinted(told))


@click.command()
@click.argument("transaction", metavar="TX")
@config_option
@one_line_errors
def explain(transaction: str, config_path: Path) -> None:
    """Tell what a keeper's transaction did, and why: its decision, inputs, model, targets and orders.

    \b
    Example:
      quantera explain 0x… --config keeper.yaml
    """
    from keepers.config import load_config
    from keepers.operations.explain import explain as told

    click.echo(tinted("\n".join(told(load_config(config_path), transaction))))


@click.command()
@config_option
@click.option("--skip-keys", is_flag=True, help="Open no key: nothing is asked for, roles are not checked.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@one_line_errors
def doctor(config_path: Path, skip_keys: bool, as_json: bool) -> None:
    """Examine everything that a keeper stands on; each fault comes with its remedy.

    Config, endpoints, clock, contracts and their versions, keys, balances, roles, feeds, prices, database.
    Exit code 1 if anything would keep a bot from its work.

    \b
    Example:
      quantera doctor --config keeper.yaml
    """
    from dataclasses import asdict

    from keepers.operations.doctor import examine

    failed = False
    for finding in examine(config_path, with_keys=not skip_keys):
        failed |= finding.level == "fail"
        click.echo(json.dumps(asdict(finding)) if as_json else tinted(str(finding)))
    if failed:
        sys.exit(RUNTIME)


@click.command()
@config_option
@click.option("--from-start", is_flag=True, help="Begin with what Redis still has, not with what comes next.")
@click.option("--risk", is_flag=True, help="Show updates of portfolios' risk in place of decisions.")
@click.option("--count", type=click.IntRange(min=1), help="End after so many.")
@one_line_errors
def follow(config_path: Path, from_start: bool, risk: bool, count: int | None) -> None:
    """Show decisions of every bot as they are made, one JSON line each; needs `redis` in the config.

    With --risk it shows the numbers of every portfolio as they are recorded.

    \b
    Example:
      quantera follow --config keeper.yaml
    """
    from keepers.config import ConfigError, load_config
    from keepers.store.fanout import RISK_STREAM, STREAM, Fanout

    loaded = load_config(config_path)
    if loaded.redis is None:
        raise ConfigError(f"{config_path}: redis", "missing", "add redis: redis://host:6379/0")
    fanout, shown = Fanout.open(loaded.redis), 0
    try:
        for entry in fanout.follow("0" if from_start else "$", stream=RISK_STREAM if risk else STREAM):
            if entry is not None:
                click.echo(json.dumps(entry[1]))
                shown += 1
            if shown == count:
                return
    finally:
        fanout.close()
