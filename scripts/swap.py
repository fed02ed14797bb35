"""Swaps over the listed markets that pay most together, or ask least together for an exact output.

    ape run swap --network ethereum:mainnet:node --account me USDC ETH 1000 \\
        --deployment deployments/mainnet.json --slippage-bps 30 --private https://relay.example
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click
from ape.api import AccountAPI
from ape.cli import ConnectedProviderCommand, account_option

from keepers.errors import KeeperError
from keepers.transactions.routes import Relay
from scripts._lib.deployment.account import AccountSender
from scripts._lib.order_splits import Ways, divided, divided_output, division_lines
from scripts._lib.orders import SwapSession, Trade
from scripts._lib.private_orders import ApeSigner, require_relay, send_privately


@click.command(cls=ConnectedProviderCommand, short_help="Swap over the best listed markets")
@click.argument("token_in")
@click.argument("token_out")
@click.argument("amount")
@account_option()
@click.option(
    "--deployment",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("deployments/localnet.json"),
    show_default=True,
    help="Record of the deployment.",
)
@click.option("--slippage-bps", type=click.IntRange(0, 10_000), default=50, show_default=True)
@click.option("--exact-out", is_flag=True, help="AMOUNT is what shall come out.")
@click.option(
    "--pool-cost",
    default="0",
    metavar="AMOUNT",
    help="Gas of using one market, in whole tokens of TOKEN_OUT; of TOKEN_IN with --exact-out.",
)
@click.option("--max-hops", type=int, default=2, show_default=True, help="Markets on a path at most, 1 to 6.")
@click.option(
    "--exclude",
    "excluded",
    multiple=True,
    metavar="VENUE",
    help="Kind as `ape run quote` prints it, or a market's key, that may not be used; repeatable.",
)
@click.option("--private", metavar="URL", help="Relay that speaks eth_sendPrivateTransaction; approvals stay public.")
@click.option(
    "--private-blocks", type=click.IntRange(1), default=25, show_default=True, help="For how many the relay may try."
)
@click.option(
    "--fallback",
    type=click.Choice(["public", "cancel"]),
    default="cancel",
    show_default=True,
    help="After that: show it to everyone, or use its nonce up.",
)
@click.option("--max-fee-gwei", type=click.FloatRange(min=0), default=500, show_default=True, help="Of private ones.")
def cli(
    account: AccountAPI,
    provider: Any,
    token_in: str,
    token_out: str,
    amount: str,
    deployment: Path,
    slippage_bps: int,
    exact_out: bool,
    pool_cost: str,
    max_hops: int,
    excluded: tuple[str, ...],
    private: str | None,
    private_blocks: int,
    fallback: Literal["public", "cancel"],
    max_fee_gwei: float,
) -> None:
    """Approves what is missing, checks the order by simulating it, sends it, and prints what came out.

    Tokens are addresses, symbols of the deployment's record, or ETH for the chain's own coin; AMOUNT is in whole
    tokens, of TOKEN_IN unless --exact-out. An order is divided over the markets that trade the pair, and over paths of
    several.
    """
    session = SwapSession.open(provider.web3, deployment, token_in, token_out)
    units, trader = session.units(amount, exact_out), str(account.address)
    cost, ways = session.cost_units(pool_cost, exact_out), Ways(max_hops, excluded)
    division = (divided_output if exact_out else divided)(session, units, cost, ways=ways)
    best = division.quoted
    trade = session.trade(best, units, slippage_bps, trader, exact_out)
    session.require_means(trade, trader)
    if private is not None:
        require_relay(private)
    sender = AccountSender(account, provider)
    for approve in session.approvals(trade, trader):
        sender.send(session.tokens[0].address, approve)
    session.simulate(trade, trader)
    if private is None:
        tx_hash = sender.send(trade.to, trade.data, trade.value).tx_hash
    else:
        relay = Relay(private, blocks=private_blocks, fallback=fallback)
        tx_hash = _privately(account, provider, trade, relay, max_fee_gwei)
    paid, received = session.outcome(tx_hash)
    through = f"{best.kind} {best.market}" if len(best.markets) == 1 else f"{len(best.markets)} markets"
    click.echo(f"{session.shown(received)} received for {session.shown(paid, 0)} through {through}")
    click.echo("\n".join(division_lines(session, division)))


def _privately(account: AccountAPI, provider: Any, trade: Trade, relay: Relay, max_fee_gwei: float) -> str:
    try:
        receipt = send_privately(ApeSigner(account, provider), provider, trade, relay, max_fee_gwei)
    except KeeperError as error:
        raise click.ClickException(str(error)) from None
    if not receipt.ok:
        raise click.ClickException(f"{receipt.tx_hash} was mined and reverted: {receipt.reason}; quote again")
    return receipt.tx_hash
