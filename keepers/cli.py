"""`quantera`: runs keepers and looks after them."""

from __future__ import annotations

import click

from keepers import __version__
from keepers.commands.backtest import backtest
from keepers.commands.colours import plain_option
from keepers.commands.completion import completion
from keepers.commands.compliance import compliance
from keepers.commands.config import config, init
from keepers.commands.db import db
from keepers.commands.execution import execution
from keepers.commands.group import Guessing
from keepers.commands.keys import keys
from keepers.commands.pause import pause_bots, unpause_bots
from keepers.commands.risk import risk
from keepers.commands.risk_liquidity import liquidity
from keepers.commands.route import route
from keepers.commands.run import run
from keepers.commands.signals import signals
from keepers.commands.signals_forecasts import (
    signals_correlations,
    signals_liquidity,
    signals_regimes,
    signals_returns,
    signals_volatility,
)
from keepers.commands.signals_sentiment import signals_ablate, signals_sentiment
from keepers.commands.status import doctor, explain, follow, status

EXAMPLE = """\b
Example keeper.yaml (paths are relative to the file):
  rpc_url: http://127.0.0.1:8545
  chain_id: 31337
  deployment: deployments/localnet.json
  store: sqlite:///keeper.sqlite
  portfolio: demo
  prices: {path: prices.csv}
  keys:
    sender: {keystore: keys/sender.json, passphrase_file: keys/sender.pass}
    signers:
      - {keystore: keys/signer-1.json, passphrase_file: keys/signer-1.pass}
      - {kms: {key_id: alias/quantera-signer-2, region: eu-central-1}}
  risk:
    model: garch dcc
    model_lifetime_hours: 96
    reports: {lifetime_hours: 36, renew_hours: 12, paths: 50000}
  rebalance:
    risk_aversion: 5
    schedule: {every_n_days: 21, drift_bps: 200}
  max_fee_gwei: 50
  poll_seconds: 1
  metrics: {port: 9464}

docs/operations.md has every key.
"""


@click.group(
    cls=Guessing,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXAMPLE,
)
@plain_option
@click.version_option(__version__, prog_name="quantera")
def main() -> None:
    """Keepers of Quantera: they propose, the chain disposes.

    A keeper reads the chain, computes, signs and sends. What it may do is bounded by the contracts. Killed at
    any instant and started again, it does nothing twice and misses nothing.

    \b
    Start here:
      quantera init keeper.yaml
      quantera doctor --config keeper.yaml
      quantera run all --config keeper.yaml
      quantera status --config keeper.yaml
    """


risk.add_command(liquidity)
for added in (
    signals_sentiment,
    signals_ablate,
    signals_volatility,
    signals_returns,
    signals_regimes,
    signals_correlations,
    signals_liquidity,
):
    signals.add_command(added)
LOOKING = (status, explain, follow, doctor, risk, signals, backtest, route, execution, compliance)
for command in (run, *LOOKING, init, pause_bots, unpause_bots, config, db, keys, completion):
    main.add_command(command)
