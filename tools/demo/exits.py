"""The last day: shutdown, a stock is paused, and an investor leaves all the same (I5)."""

from __future__ import annotations

from dataclasses import dataclass

from tools.demo.attacks import Attack, Thief
from tools.demo.environment import World
from tools.demo.errors import DemoError
from tools.demo.replay import USD, Refusal, require_refusal


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


def leave_after_shutdown(world: World, thief: Thief) -> tuple[Exit, Attack, list[Refusal]]:
    """Shutdown, an attack and a deposit that bounce off it, and an exit in kind.

    Raises:
        DemoError: If the exit does not give the investor its part.
    """
    chain, people, protocol = world.chain, world.people, world.protocol
    portfolio = protocol.portfolio
    investor = people.alpine
    chain.send(people.guardian, protocol.contract("RiskEngine").functions.shutdown(portfolio.address))
    attack = thief.trade_after_shutdown()
    deposit = portfolio.functions.deposit(100_000 * USD, people.geneva)
    refusal = Refusal("Geneva, depositing after the shutdown", require_refusal(chain.try_send(people.geneva, deposit)))

    symbols = ("USDC", *world.market.symbols)
    balances = portfolio.functions.positions().call()[1]
    paused = max(world.market.symbols, key=lambda symbol: balances[symbols.index(symbol)])
    chain.send(people.guardian, protocol.token(paused).functions.pause())

    before = _balances(world, investor)
    shares = portfolio.functions.balanceOf(investor).call()
    chain.send(investor, portfolio.functions.redeemInKind(shares, investor, investor))
    after = _balances(world, investor)
    received = {symbol: after[symbol] - before[symbol] for symbol in symbols}
    aside = portfolio.functions.claimable(world.market.tokens[paused], investor).call()
    if received[paused] or not aside or not any(received.values()):
        raise DemoError(f"the exit in kind gave {received} and set {aside} of {paused} aside")

    chain.send(people.issuer, protocol.token(paused).functions.unpause())
    chain.send(investor, portfolio.functions.claim(world.market.tokens[paused], investor))
    claimed = _balances(world, investor)[paused] - after[paused]
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


def _balances(world: World, who: str) -> dict[str, int]:
    found = {symbol: world.protocol.token(symbol).functions.balanceOf(who).call() for symbol in world.market.symbols}
    return {"USDC": world.market.settlement.functions.balanceOf(who).call(), **found}


def _whole(symbol: str, amount: int) -> float:
    return float(amount) / (10**6 if symbol == "USDC" else 10**18)
