"""The last day: shutdown, a stock is paused, and an investor leaves all the same (I5)."""

from __future__ import annotations

from dataclasses import dataclass

from scripts._lib.demo.attacks import Attack, Thief
from scripts._lib.demo.environment import Environment
from scripts._lib.demo.errors import DemoError
from scripts._lib.demo.replay import USD, Refusal, require_refusal


@dataclass(frozen=True)
class Exit:
    """The proceeds of an investor who left after the shutdown.

    Attributes:
        received: Whole tokens that arrived at once, by symbol.
        set_aside: Whole tokens that the paused stock's contract held back, by symbol.
        claimed: Whole tokens of `set_aside` that arrived once the stock moved again, by symbol.
        shares_left: Whole shares that the investor still has.
    """

    received: dict[str, float]
    set_aside: dict[str, float]
    claimed: dict[str, float]
    shares_left: float


def leave_after_shutdown(environment: Environment, thief: Thief) -> tuple[Exit, Attack, list[Refusal]]:
    """Shutdown, an attack and a deposit that bounce off it, and an exit in kind.

    Raises:
        DemoError: If the exit does not give the investor its part.
    """
    chain, accounts, protocol = environment.chain, environment.accounts, environment.protocol
    portfolio = protocol.portfolio
    investor = accounts.alpine
    chain.send(accounts.guardian, protocol.contract("RiskEngine").functions.shutdown(portfolio.address))
    attack = thief.trade_after_shutdown()
    deposit = portfolio.functions.deposit(100_000 * USD, accounts.geneva)
    refusal = Refusal(
        "Geneva, depositing after the shutdown", require_refusal(chain.try_send(accounts.geneva, deposit))
    )

    symbols = ("USDC", *environment.market.symbols)
    balances = portfolio.functions.positions().call()[1]
    paused = max(environment.market.symbols, key=lambda symbol: balances[symbols.index(symbol)])
    chain.send(accounts.guardian, protocol.token(paused).functions.pause())

    before = _balances(environment, investor)
    shares = portfolio.functions.balanceOf(investor).call()
    chain.send(investor, portfolio.functions.redeemInKind(shares, investor, investor))
    after = _balances(environment, investor)
    received = {symbol: after[symbol] - before[symbol] for symbol in symbols}
    aside = portfolio.functions.claimable(environment.market.tokens[paused], investor).call()
    if received[paused] or not aside or not any(received.values()):
        raise DemoError(f"the exit in kind gave {received} and set {aside} of {paused} aside")

    chain.send(accounts.issuer, protocol.token(paused).functions.unpause())
    chain.send(investor, portfolio.functions.claim(environment.market.tokens[paused], investor))
    claimed = _balances(environment, investor)[paused] - after[paused]
    if claimed != aside:
        raise DemoError(f"of {aside} {paused} set aside, {claimed} came out")
    left = portfolio.functions.balanceOf(investor).call()
    result = Exit(
        received={symbol: _whole(symbol, amount) for symbol, amount in received.items() if amount},
        set_aside={paused: _whole(paused, aside)},
        claimed={paused: _whole(paused, claimed)},
        shares_left=left / 10 ** portfolio.functions.decimals().call(),
    )
    return result, attack, [refusal]


def _balances(environment: Environment, who: str) -> dict[str, int]:
    found = {
        symbol: environment.protocol.token(symbol).functions.balanceOf(who).call()
        for symbol in environment.market.symbols
    }
    return {"USDC": environment.market.settlement.functions.balanceOf(who).call(), **found}


def _whole(symbol: str, amount: int) -> float:
    return float(amount) / (10**6 if symbol == "USDC" else 10**18)
