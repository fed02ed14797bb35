"""A thief with every keeper key, an investor's papers and deep pockets: what it tries, and what that costs.

A loss is the fall of NAV at the feeds' prices, in basis points of NAV before the attack. What was attempted
is the loss that the contract computed and refused, or else what the orders would have let go at most: the
value of what they sell less the value of the least that they accept.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from hexbytes import HexBytes

from keepers.contracts.deployment import load
from keepers.contracts.messages import CovarianceModel, RebalanceSignal, model_id
from keepers.contracts.reader import Reader
from keepers.portfolio.state import WAD, PortfolioState
from keepers.rebalancing.orders import Order, hash_orders, order_words
from keepers.routing.trades import Holding, TradeRules, plan_trades
from keepers.signers.signing import sign_quorum
from scripts._lib.demo.chain import Mined
from scripts._lib.demo.environment import Environment
from scripts._lib.demo.errors import DemoError
from scripts._lib.demo.market import PoolOf
from scripts._lib.demo.protocol import MODEL, PORTFOLIO, UNIVERSE
from scripts._lib.demo.replay import require_refusal

BPS = 10_000
AMOUNT = 2**112 - 1
WIDEST_BAND = 10_000
HOUR = 3600
PUSH_USD = 100_000_000
"""Amount that the thief sells into a pool before the portfolio has to sell there."""
SLICE = WAD // 100
"""Part of NAV that it makes the portfolio sell at a time in order to stay unnoticed."""
MOST_SLICES = 50
GREED = WAD * 45 // 100
"""Part of NAV that it wants in one stock."""


@dataclass(frozen=True)
class Attack:
    """One attack and its end.

    Attributes:
        name: Name of the attack.
        refused: True if the chain refused it, in the end if it was many transactions.
        reason: Decoded custom error.
        loss_bps: Loss that happened.
        attempted_loss_bps: See above.
        budget_bps: Maximum that trading may lose in the window.
    """

    name: str
    refused: bool
    reason: str
    loss_bps: float
    attempted_loss_bps: float
    budget_bps: int


@dataclass
class Thief:
    """Holds all keys of both keepers.

    Attributes:
        environment: Environment that it attacks.
        prices: Present prices of the stocks' feeds, USD with 8 decimals.
        attacks: Attacks so far.
    """

    environment: Environment
    prices: Sequence[int]
    attacks: list[Attack] = field(default_factory=list)

    def __post_init__(self) -> None:
        accounts, protocol = self.environment.accounts, self.environment.protocol
        self._signers = accounts.rebalance.steal()
        self._model_signers = accounts.risk.steal()
        self._me = accounts.thief
        self._rebalancer = protocol.contract("AutoRebalancer")
        self._reader = Reader(self.environment.chain.node, load(protocol.record_path))
        self._approved: set[str] = set()

    def run(self) -> list[Attack]:
        """Everything, while the portfolio trades."""
        self._dump_into_own_pool()
        self._dump_into_moved_pool()
        self._send_assets_to_itself()
        self._replay_old_rebalance()
        self._concentrate("a weight beyond its limit")
        self._doctor_the_model()
        self._small_losses()
        self._regulated_token_to_stranger()
        return self.attacks

    def trade_after_shutdown(self) -> Attack:
        """One more, when the guardian has pulled the plug."""
        state = self._state()
        index = _largest(state)
        pool = self._pool_of(state.assets[index], "uniswap-v3")
        orders = [self._sale(state, index, state.balances[index] // 10, pool.address)]
        self._attempt("a rebalance after the guardian's shutdown", orders, self._targets_without(state, index))
        return self.attacks[-1]

    # -- Attacks

    def _dump_into_own_pool(self) -> None:
        """A pool that nobody listed, at a hundredth of the price."""
        state = self._state()
        index = _largest(state)
        pool = self._create_pool(state.assets[index])
        orders = [self._sale(state, index, state.balances[index], pool)]
        self._attempt("dump into a pool of its own", orders, self._targets_without(state, index))

    def _dump_into_moved_pool(self) -> None:
        """A listed pool, whose price the thief pushes down first."""
        state = self._state()
        index = _largest(state)
        pool = self._pool_of(state.assets[index], "uniswap-v2")
        self._push_down(pool)
        orders = [self._sale(state, index, state.balances[index], pool.address)]
        self._attempt("dump into a listed pool whose price it moved", orders, self._targets_without(state, index))
        self._restore(pool)

    def _send_assets_to_itself(self) -> None:
        """Asks the portfolio to pay, as only the aggregator may while an order runs."""
        before, state = self._nav(), self._state()
        index = _largest(state)
        pay = self.environment.protocol.portfolio.functions.payDue
        mined = self.environment.chain.try_send(self._me, pay(state.assets[index], self._me, state.balances[index]))
        attempted = state.values[index] / state.nav * BPS
        self._conclude("ask the portfolio to pay it", mined, before, attempted)

    def _replay_old_rebalance(self) -> None:
        """Replays, byte for byte, the signed rebalance that would lose most at today's prices."""
        found = self._rebalancer.events.Rebalanced().get_logs(from_block=0)
        if not found:
            raise DemoError("there is no rebalance to replay")
        state = self._state()
        attempted, data = max(self._stake_of(event["transactionHash"], state) for event in found)
        before = self._nav()
        mined = self.environment.chain.repeat(self._me, self._rebalancer.address, "0x" + data.hex())
        self._conclude("replay a rebalance signed long ago", mined, before, attempted)

    def _stake_of(self, tx_hash: HexBytes, state: PortfolioState) -> tuple[float, bytes]:
        """Returns the maximum loss of a past rebalance now, basis points of NAV, and its calldata."""
        data = bytes(self.environment.chain.w3.eth.get_transaction(tx_hash)["input"])
        words = self._rebalancer.decode_function_input(data)[1]["orders"]
        return self._at_stake(state, words), data

    def _concentrate(self, name: str) -> None:
        """Almost half of everything in one stock, traded fairly over the best routes."""
        state = self._state()
        index = _largest(state)
        self._attempt(name, *self._orders_towards(state, self._greedy_targets(state, index)))

    def _doctor_the_model(self) -> None:
        """A covariance model that calls everything safe. It is validly signed, and too far from the last. What it could
        have lost is taken to be what a weight beyond its limit could."""
        protocol = self.environment.protocol
        models = protocol.contract("CovarianceModels")
        universe = bytes.fromhex(protocol.record.universes[UNIVERSE]["id"][2:])
        last = self._reader.model(universe)
        now, size = self.environment.chain.now, last.size
        entries = [10**10 if row == column else 0 for row in range(size) for column in range(row, size)]
        model = CovarianceModel(universe, last.nonce + 1, now, now + HOUR, tuple(entries))
        signatures = sign_quorum(model.message(protocol.record.chain_id, models.address), self._model_signers)
        before, state = self._nav(), self._state()
        orders, _ = self._orders_towards(state, self._greedy_targets(state, _largest(state)))
        attempted = self._at_stake(state, order_words(orders, state.assets))
        mined = self.environment.chain.try_send(self._me, models.functions.postModel(model.as_tuple(), signatures))
        self._conclude("a doctored risk model", mined, before, attempted)

    def _small_losses(self) -> None:
        """Slices into a pool that it keeps pushed down, each inside the budget, until the budget is used up.
        Between two slices it also tries to use a signature twice."""
        state = self._state()
        index = _largest(state)
        pool = self._pool_of(state.assets[index], "uniswap-v2")
        self._push_down(pool)
        before, attempted, mined = self._nav(), 0.0, None
        for number in range(MOST_SLICES):
            state = self._state()
            amount = state.balances[index] * (SLICE * state.nav // WAD) // state.values[index]
            targets = list(self._targets(state))
            targets[index] -= SLICE
            targets[0] += SLICE
            orders = [self._sale(state, index, amount, pool.address)]
            mined = self._submit(orders, targets)
            attempted += self._lost(mined, before)
            if mined.revert:
                break
            if number == 0:
                self._use_signature_twice(mined, orders)
        if mined is None:
            raise DemoError("no slice was sold")
        self._conclude("repeated small losses", mined, before, self._loss_since(before) + self._lost(mined, before))
        self._restore(pool)

    def _use_signature_twice(self, mined: Mined, orders: Sequence[Order]) -> None:
        data = self.environment.chain.w3.eth.get_transaction(mined.receipt["transactionHash"])["input"]
        before, state = self._nav(), self._state()
        attempted = self._at_stake(state, order_words(orders, state.assets))
        again = self.environment.chain.repeat(self._me, self._rebalancer.address, "0x" + bytes(data).hex())
        self._conclude("use a fresh signature twice", again, before, attempted)

    def _regulated_token_to_stranger(self) -> None:
        """Stock to an address without an identity: a thief's way out."""
        state = self._state()
        token = self.environment.protocol.token(self.environment.market.symbols[0])
        index = [asset.lower() for asset in state.assets].index(str(token.address).lower())
        amount = SLICE * state.nav // WAD * 10 ** state.decimals[index] // state.prices[index]
        before = self._nav()
        call = token.functions.transfer(self.environment.accounts.stranger, amount)
        mined = self.environment.chain.try_send(self._me, call)
        self._conclude("move regulated stock to an unregistered address", mined, before, SLICE / WAD * BPS)

    # -- Signing and sending

    def _attempt(self, name: str, orders: Sequence[Order], targets: Sequence[int]) -> None:
        before, state = self._nav(), self._state()
        attempted = self._at_stake(state, order_words(orders, state.assets))
        mined = self._submit(orders, targets)
        self._conclude(name, mined, before, self._lost(mined, before) or attempted)

    def _submit(self, orders: Sequence[Order], targets: Sequence[int]) -> Mined:
        """Signed by the whole quorum and sent from the thief's own account, as anyone may."""
        portfolio = str(self.environment.protocol.portfolio.address)
        now = self.environment.chain.now
        assets = self._state().assets
        words = order_words(orders, assets)
        signal = RebalanceSignal(
            portfolio=portfolio,
            assets=assets,
            targets=tuple(targets),
            band_bps=WIDEST_BAND,
            max_turnover_bps=BPS,
            max_slippage_bps=BPS,
            valid_from=0,
            valid_until=now + HOUR,
            nonce=secrets.randbits(255),
            model_id=model_id(MODEL),
            input_hash=bytes(32),
            orders_hash=hash_orders(words),
        )
        message = signal.message(self.environment.protocol.record.chain_id, self._rebalancer.address)
        signatures = sign_quorum(message, self._signers)
        call = self._rebalancer.functions.rebalance(signal.as_tuple(), words, signatures)
        return self.environment.chain.try_send(self._me, call)

    def _conclude(self, name: str, mined: Mined, before: int, attempted_bps: float) -> None:
        reason = require_refusal(mined)
        loss = round(self._loss_since(before), 2)
        budget = self.environment.protocol.terms.loss_budget
        self.attacks.append(Attack(name, True, reason, loss, round(attempted_bps, 2), budget))

    def _lost(self, mined: Mined, before: int) -> float:
        """The loss that the portfolio computed and refused, basis points; zero if it refused otherwise."""
        if mined.revert and mined.revert.name == "Portfolio__LossBudgetExceeded":
            return float(mined.revert.args[0]) / WAD * BPS
        return 0.0

    # -- Orders

    def _sale(self, state: PortfolioState, index: int, amount: int, pool: str) -> Order:
        """An asset for cash through one pool, for whatever it pays."""
        token, cash = state.assets[index], state.assets[0]
        hop = (pool, int(token, 16) < int(cash, 16))
        return Order(token, cash, amount, 1, ((amount, (hop,)),))

    def _orders_towards(self, state: PortfolioState, targets: Sequence[int]) -> tuple[list[Order], Sequence[int]]:
        rows = zip(state.assets, state.balances, state.prices, state.decimals, strict=True)
        holdings = [Holding(*row) for row in rows]
        pools = self._reader.pools(state.assets, state.block)
        trades = plan_trades(holdings, targets, pools, TradeRules(slippage_bps=300, min_value=WAD))
        orders = [
            Order(
                trade.token_in,
                trade.token_out,
                trade.amount_in,
                trade.min_amount_out,
                tuple((path.amount_in, tuple((h.pool, h.zero_for_one) for h in path.hops)) for path in trade.paths),
            )
            for trade in trades
        ]
        return orders, targets

    def _greedy_targets(self, state: PortfolioState, index: int) -> list[int]:
        """GREED in one asset, the others shrunk to make room, cash first."""
        weights = list(self._targets(state))
        rest = sum(weights) - weights[index]
        shrunk = [weight * (WAD - GREED) // rest for weight in weights]
        shrunk[index] = GREED
        shrunk[0] += WAD - sum(shrunk)
        return shrunk

    def _targets(self, state: PortfolioState) -> tuple[int, ...]:
        risky = [value * WAD // state.nav for value in state.values[1:]]
        return (WAD - sum(risky), *risky)

    def _targets_without(self, state: PortfolioState, index: int) -> list[int]:
        targets = list(self._targets(state))
        targets[0], targets[index] = targets[0] + targets[index], 0
        return targets

    def _at_stake(self, state: PortfolioState, words: Sequence[int]) -> float:
        """Returns the maximum loss of orders in words, basis points of NAV."""
        lost, cursor = 0.0, 0
        while cursor < len(words):
            head = words[cursor]
            into, out = head & 0xFF, head >> 8 & 0xFF
            given = (head >> 32 & AMOUNT) * state.prices[into] // 10 ** state.decimals[into]
            least = (head >> 144) * state.prices[out] // 10 ** state.decimals[out]
            lost += max(0.0, (given - least) / state.nav * BPS)
            cursor += 1 + (head >> 16 & 0xFFFF)
        return lost

    # -- Pools

    def _create_pool(self, token: str) -> str:
        market = self.environment.market
        cash = market.tokens["USDC"]
        symbol = next(name for name, address in market.tokens.items() if address.lower() == token.lower())
        price = self.prices[market.symbols.index(symbol)]
        amounts = {token: market.units(symbol, 100, price), cash: 10**6}
        return str(market.v3.create_pool(amounts, 10_000).address)

    def _pool_of(self, token: str, kind: str) -> PoolOf:
        market = self.environment.market
        symbol = next(name for name, address in market.tokens.items() if address.lower() == token.lower())
        return market.pool(symbol, kind)

    def _push_down(self, pool: PoolOf) -> None:
        """Sells the pool's stock into it, straight from the thief's own account."""
        market, chain = self.environment.market, self.environment.chain
        price = self.prices[market.symbols.index(pool.stock)]
        amount = market.units(pool.stock, PUSH_USD, price)
        token = self.environment.protocol.token(pool.stock)
        stock_is_token0 = int(token.address, 16) < int(market.tokens["USDC"], 16)
        reserves = pool.contract.functions.getReserves().call()
        reserve_in, reserve_out = reserves[:2] if stock_is_token0 else reserves[1::-1]
        less_fee = amount * 997
        out = less_fee * reserve_out // (reserve_in * 1000 + less_fee)
        chain.send(self._me, token.functions.transfer(pool.address, amount))
        outs = (0, out) if stock_is_token0 else (out, 0)
        chain.send(self._me, pool.contract.functions.swap(*outs, self._me, b""))

    def _restore(self, pool: PoolOf) -> None:
        """Others arbitrage the pool back to the market."""
        self.environment.market.align(self.prices, [pool])

    # -- Reading

    def _state(self) -> PortfolioState:
        return self._reader.portfolio(PORTFOLIO, self.environment.chain.node.latest().number)

    def _nav(self) -> int:
        return int(self.environment.protocol.portfolio.functions.nav().call())

    def _loss_since(self, before: int) -> float:
        return (before - self._nav()) / before * BPS


def _largest(state: PortfolioState) -> int:
    """Index of the risky asset that is worth most."""
    return max(range(1, len(state.values)), key=lambda index: state.values[index])
