"""`quantera config` and `quantera init`."""

from __future__ import annotations

from pathlib import Path

import click

from keepers.commands.base import one_line_errors
from keepers.commands.group import Guessing


@click.group(cls=Guessing)
def config() -> None:
    """Look at a configuration."""


@config.command("check")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@one_line_errors
def config_check(file: Path) -> None:
    """Check a config and the deployment that it names; nothing is connected to and no key opened.

    \b
    Example:
      quantera config check keeper.yaml
    """
    from keepers.config import ConfigError, load_config
    from keepers.contracts.deployment import load
    from keepers.risk.scenarios import load_scenarios

    loaded = load_config(file)
    deployment = load(loaded.at(loaded.deployment))
    if loaded.portfolio:
        deployment.portfolio(loaded.portfolio)
    if deployment.chain_id != loaded.chain_id:
        reason = f"{loaded.chain_id}, but {deployment.path} is for chain {deployment.chain_id}"
        raise ConfigError(f"{file}: chain_id", reason, "correct one of them")
    load_scenarios(loaded.at(path) if (path := loaded.risk.reports.scenarios) else None)
    what = f"portfolio {loaded.portfolio}" if loaded.portfolio else ", ".join(loaded.kinds)
    click.echo(f"{file}: {what} on {deployment.network}, chain {loaded.chain_id}: fine")


@config.command("show")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@one_line_errors
def config_show(file: Path) -> None:
    """Show every key with the value that counts, defaults included; secrets are left out.

    \b
    Example:
      quantera config show keeper.yaml
    """
    import yaml

    from keepers.config import load_config
    from keepers.operations.effective import effective

    click.echo(yaml.safe_dump(effective(load_config(file)), sort_keys=False, allow_unicode=True), nl=False)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default=Path("keeper.yaml"))
@click.option("--rpc-url", help="Node, http:// or https://.")
@click.option("--deployment", type=click.Path(path_type=Path, dir_okay=False), help="deployments/<network>.json.")
@click.option("--portfolio", help="Name in the deployment.")
@click.option("--prices", type=click.Path(path_type=Path, dir_okay=False), help="CSV file of daily closes.")
@click.option("--store", help="Database URL; an SQLite file beside the config unless given.")
@click.option("--sender", help="Key that sends: a keystore's path, ape:ALIAS or kms:KEY_ID.")
@click.option("--signer", "signers", multiple=True, help="Key that signs, as --sender; once for each.")
@click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Opens every keystore; asked for at each start without it.",
)
@click.option("--max-fee-gwei", type=click.FloatRange(min=0, min_open=True), help="Most that a unit of gas may cost.")
@click.option("--metrics-port", type=click.IntRange(1, 65_535), help="For /metrics, /healthz and /readyz.")
@one_line_errors
def init(
    file: Path,
    rpc_url: str | None,
    deployment: Path | None,
    portfolio: str | None,
    prices: Path | None,
    store: str | None,
    sender: str | None,
    signers: tuple[str, ...],
    passphrase_file: Path | None,
    max_fee_gwei: float | None,
    metrics_port: int | None,
) -> None:
    """Ask what a keeper needs, try each answer, and write FILE (keeper.yaml).

    What is given as an option is not asked for. The node is connected to, the deployment compared with the
    chain, prices read; keystores that are not there can be made.

    \b
    Examples:
      quantera init
      quantera init keeper.yaml --rpc-url http://127.0.0.1:8545 --deployment deployments/localnet.json \\
        --portfolio stocks --prices prices.csv --sender keys/sender.json --signer keys/signer-1.json
    """
    from keepers.operations.setup import Given, set_up

    given = Given(
        rpc_url, deployment, portfolio, prices, store, sender, signers, passphrase_file, max_fee_gwei, metrics_port
    )
    set_up(file, given)
