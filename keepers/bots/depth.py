"""Signs and posts how deep the market of a portfolio's assets is, so that a liquidity limit can be on."""

from __future__ import annotations

from keepers.bots.names import depth_key
from keepers.contracts.messages import DepthReport
from keepers.portfolio.state import WAD, DepthInfo, PortfolioState
from keepers.routing.pools import V2Pool, V3Pool, other_token, proceeds
from keepers.rpc.errors import Reverted
from keepers.rpc.node import Block
from keepers.runtime.invocation import Invocation
from keepers.runtime.services import PortfolioServices
from keepers.runtime.triggers import OnBlock

Measured = V2Pool | V3Pool
"""Pools whose reserves the chain itself can confirm."""
MAX_POOLS = 8
"""IMarketDepthRegistry: named by one report."""
RISE_SECONDS = 3600
"""Depth that falls is posted at once, depth that rises not sooner than this after the last: a market that is pushed to
and fro costs its pusher more than the keeper."""

_BPS = 10_000
_HOUR, _MINUTE = 3600, 60


class DepthKeeper:
    """Posts an asset's depth when there is none, when it is about to expire, or when it has changed.

    Depth is what the pools against the settlement token pay until their price has fallen by so much, once a day: they
    are refilled more often than that, so that it errs on the cautious side. Only those pools count, so that all keepers
    of a universe find the same; the chain counts no more than what they hold (R6).
    """

    def __init__(self, services: PortfolioServices) -> None:
        self._services = services
        self._settings = services.config.risk.depth
        self._next_at = 0
        self.triggers = (OnBlock("depth", self.look),) if self._settings.enabled else ()

    def forget(self) -> None:
        """Looks again with the next block."""
        self._next_at = 0

    def look(self, invocation: Invocation) -> None:
        """Once in so many minutes."""
        services = self._services
        block = invocation.block = services.node.latest()
        if block.timestamp < self._next_at:
            return
        try:
            state = services.reader.portfolio(services.config.portfolio, block.number)
        except Reverted as error:
            # Without prices nothing can be valued, and the chain would take none.
            services.log.debug("no depth", reason=error.revert.text)
            return
        # The chain confirms depth by what a pool itself holds: markets inside a vault do not count.
        known = [
            pool for pool in services.reader.pools(state.assets, block.number, {}) if isinstance(pool, V2Pool | V3Pool)
        ]
        listed = services.reader.listed([pool.address for pool in known], block.number)
        pools = tuple(pool for pool in known if pool.address in listed)
        for last in services.reader.depths(services.record.universe, state.assets[1:], block.number):
            self._renew(last, state, pools, invocation)
        self._next_at = block.timestamp + int(self._settings.look_minutes * _MINUTE)

    def _renew(
        self, last: DepthInfo, state: PortfolioState, pools: tuple[Measured, ...], invocation: Invocation
    ) -> None:
        """Measures, decides, signs, sends and records."""
        services, block = self._services, invocation.block
        found, named = self._measure(last.asset, state, pools)
        why = self._due(last, found, block)
        key = depth_key(services.record.universe, last.asset, last.nonce + 1)
        if why is None or services.rests(key, block):
            return
        report = DepthReport(
            universe=services.record.universe,
            asset=last.asset,
            nonce=last.nonce + 1,
            as_of=block.timestamp,
            expiry=block.timestamp + int(self._settings.lifetime_hours * _HOUR),
            depth=found,
            pools=named,
        )
        symbol = services.deployment.symbol_of(last.asset)
        reason = f"{symbol} {found / WAD:,.0f} USD a day in {len(named)} pools; {why}"
        try:
            receipt = services.send_signed(invocation, key, ("MarketDepthRegistry", "postDepth"), report)
        except Reverted as error:
            services.decide(invocation, key, "refused", error.revert.text)
        else:
            services.conclude(invocation, key, receipt, reason)

    def _measure(self, asset: str, state: PortfolioState, pools: tuple[Measured, ...]) -> tuple[int, tuple[str, ...]]:
        """WAD USD, and the deepest pools that it is found in, in rising order."""
        settlement = state.assets[0]
        own = [pool for pool in pools if asset in (pool.token0, pool.token1) and other_token(pool, asset) == settlement]
        paid = {pool.address: proceeds(pool, asset, self._settings.fall_bps) for pool in own}
        deepest = sorted((address for address in paid if paid[address]), key=lambda address: -paid[address])[:MAX_POOLS]
        total = sum(paid[address] for address in deepest) * state.prices[0] // 10 ** state.decimals[0]
        return total, tuple(sorted(deepest, key=lambda address: int(address, 16)))

    def _due(self, last: DepthInfo, found: int, block: Block) -> str | None:
        """Why a report is due, or None."""
        if last.nonce == 0 or block.timestamp >= last.expiry:
            # Nothing known is as good as nothing there.
            return ("the first" if last.nonce == 0 else "the last has expired") if found else None
        left = last.expiry - block.timestamp
        if left < self._settings.renew_hours * _HOUR:
            return f"the last expires in {left / _HOUR:.1f} h"
        if abs(found - last.depth) * _BPS <= last.depth * self._settings.change_bps:
            return None
        if found > last.depth and block.timestamp < last.as_of + RISE_SECONDS:
            return None
        return f"was {last.depth / WAD:,.0f}"
