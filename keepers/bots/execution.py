"""Sells orders slice by slice: each slice is planned at its own block and taken by the chain at most once."""

from __future__ import annotations

import secrets
from contextlib import suppress

from keepers.bots.names import allowance_key, commit_key
from keepers.contracts.order_commitments import OrderCommitments
from keepers.contracts.pool_trades import first_block, pools_of, trades_of
from keepers.contracts.reader import Reader
from keepers.contracts.usable_pools import usable_pools
from keepers.contracts.wallet_swaps import WalletSwaps
from keepers.execution.errors import ExecutionError
from keepers.execution.orders import Fill, OrderState, Reveal, SlicedOrder, progress
from keepers.execution.participation import allowed
from keepers.routing.errors import RoutingError
from keepers.routing.impact import depth
from keepers.routing.order_paths import best_paths
from keepers.routing.split import Split
from keepers.rpc.errors import Reverted
from keepers.rpc.node import Block
from keepers.runtime.invocation import Invocation
from keepers.runtime.services import BotServices
from keepers.runtime.triggers import OnBlock
from keepers.store import StoreError
from keepers.store import execution as stored
from keepers.store.execution import slice_key
from keepers.transactions.errors import GaveUp


class ExecutionBot:
    """Works on the orders of its sender's account.

    A slice has one key, under which the journal signs no second transaction while the first may be mined. What was
    sold is read from the receipts of journalled transactions, so that neither a kill nor a reorganisation leaves a
    slice counted that the chain does not have, or the other way round.
    """

    def __init__(self, services: BotServices) -> None:
        self.name = services.bot
        self.triggers = (OnBlock("slices", self._on_block),)
        self._services = services
        self._reader = Reader(services.node, services.deployment)
        parts = services.node, services.deployment, services.sender.address
        self._swaps = WalletSwaps(*parts)
        self._commitments = OrderCommitments(*parts) if services.config.execution.commit_reveal else None
        self._spender = self._commitments.address if self._commitments else self._swaps.aggregator

    def forget(self) -> None:
        """Keeps no state that the store does not hold."""

    def _on_block(self, invocation: Invocation) -> None:
        """Reads what was taken, sells what is due, and closes what is over."""
        for order in self._open():
            self._read_fills(order)
        for order in self._open():
            if order.state is OrderState.RUNNING:
                self._decide(order, invocation)
            self._close(order, invocation.block)

    def _open(self) -> list[SlicedOrder]:
        """Returns the orders of this account that are not closed."""
        found = stored.open_on(self._services.store, self._services.node.chain_id)
        return [order for order in found if order.trader == self._services.sender.address]

    def _newest(self, invocation: Invocation) -> Block:
        """Returns the newest block, which the invocation decides from then."""
        invocation.block = self._services.node.latest()
        return invocation.block

    # -- One slice

    def _decide(self, order: SlicedOrder, invocation: Invocation) -> None:
        """Sells what is due of an order in the current slot, or records why not.

        Raises:
            Waiting: If the account cannot pay, or the chain asks too much.
        """
        services, block = self._services, self._newest(invocation)
        reveal = stored.open_reveal(services.store, order.id)
        if reveal is not None:
            self._reveal(order, reveal, invocation)
            return
        slot = order.slot_at(block.timestamp)
        if slot is None or services.rests(slice_key(order.id, slot), block):
            return
        key = slice_key(order.id, slot)
        amount = order.due(slot, self._sold(order))
        if not amount or not stored.is_settled(services.store, self.name, order.id):
            return
        try:
            self._require_lost(order)
            amount = self._within_caps(order, amount, slot, block)
            self._allow(order, amount, slot, invocation)
            snapshot = self._newest(invocation)
            plan = self._plan(order, amount, snapshot)
            least = order.least_output(amount, plan.amount_out)
            deadline = min(snapshot.timestamp + services.config.execution.slice_lifetime_seconds, order.ends)
            data = self._swaps.swap((order.token_in, order.token_out), amount, least, deadline, plan.paths)
            self._require_current(snapshot)
            if self._commitments is not None:
                stored.keep_reveal(services.store, order.id, Reveal(slot, data, secrets.token_bytes(32), deadline))
                return  # The next look commits to it.
            receipt = services.send(invocation, key, self._swaps.aggregator, data)
        except Reverted as error:
            services.decide(invocation, key, "refused", error.revert.text)
        except (ExecutionError, RoutingError, GaveUp) as error:
            services.decide(invocation, key, "refused", str(error))
        else:
            reason = f"{amount} for at least {least}, quoted {plan.amount_out} at block {snapshot.number}"
            services.conclude(invocation, key, receipt, reason)
            self._read_fills(order)

    def _reveal(self, order: SlicedOrder, reveal: Reveal, invocation: Invocation) -> None:
        """Commits to a slice, and runs it once the contract allows it, until its deadline.

        Raises:
            Waiting: If the account cannot pay, or the chain asks too much.
        """
        services, key, commit = self._services, slice_key(order.id, reveal.slot), commit_key(order.id, reveal.slot)
        commitments = self._commitments or OrderCommitments(services.node, services.deployment, order.trader)
        if services.decided(key):  # It was run, by this process or by one that was killed.
            stored.drop_reveal(services.store, order.id)
            return
        if invocation.block.timestamp > reveal.deadline:
            if not stored.under_way(services.store, self.name, order.id):
                stored.drop_reveal(services.store, order.id)
                lost = ", and its bond is lost" if services.decided(commit) else ""
                services.decide(invocation, key, "refused", f"not run by {reveal.deadline}{lost}")
            return
        try:
            self._require_lost(order)
            if not services.decided(commit):
                data, bond = commitments.commit(reveal.swap, reveal.salt), commitments.bond()
                receipt = services.send(invocation, commit, commitments.address, data, bond)
                services.conclude(invocation, commit, receipt, f"committed to slot {reveal.slot}, bond {bond}")
                return
            data = commitments.reveal(reveal.swap, reveal.salt)
            receipt = services.send(invocation, key, commitments.address, data)
        except (Reverted, ExecutionError, GaveUp) as error:
            # Too early, or the price has moved: the commitment holds until its deadline.
            services.log.info("not yet", order=order.id, slot=reveal.slot, reason=str(error))
        else:
            services.conclude(invocation, key, receipt, f"revealed slot {reveal.slot}")
            self._read_fills(order)

    def _sold(self, order: SlicedOrder) -> int:
        """Returns what the chain has taken of an order, smallest units."""
        return progress(stored.fills(self._services.store, self.name, order.id)).sold

    def _plan(self, order: SlicedOrder, amount: int, block: Block) -> Split:
        """Returns the paths over the markets that are listed at a block.

        Raises:
            RoutingError: If no path takes the amount.
        """
        services, ends = self._services, (order.token_in, order.token_out)
        usable = usable_pools(self._reader, services.deployment, (order.token_in, amount), block.number)
        via = [token for token in services.deployment.tokens.values() if token not in ends]
        return best_paths(usable, *ends, amount, via=via, max_paths=services.config.execution.max_paths)

    def _within_caps(self, order: SlicedOrder, due: int, slot: int, block: Block) -> int:
        """Returns what of an amount the order's caps allow at a block.

        Raises:
            ExecutionError: If it is nothing, or less than the least slice; what is due is carried over then.
        """
        if not order.caps:
            return due
        services, ends = self._services, (order.token_in, order.token_out)
        volume, sold, deep = 0, 0, 0
        if order.caps.volume_bps:
            volume, sold = self._traded(order, block)
        if order.caps.depth_bps:
            given = order.token_in, order.amount
            deep = depth(usable_pools(self._reader, services.deployment, given, block.number), *ends)
        most = order.caps.most(volume, deep, sold)
        amount = allowed(due, most, order.least)
        if amount < due:
            left = order.left_over(slot, self._sold(order) + amount)
            measured = {"volume": volume, "sold": sold, "depth": deep, "left_over": left}
            services.log.info("capped", order=order.id, slot=slot, due=due, most=most, **measured)
            if not amount:
                reason = f"its caps allow {most}, and {left} would stay unsold at the expected volume"
                raise ExecutionError(f"slice of {due}", reason, "it is carried over")
        return amount

    def _traded(self, order: SlicedOrder, block: Block) -> tuple[int, int]:
        """Returns what others traded of the pair in one slot's time up to a block, and what the order sold then."""
        services = self._services
        first = first_block(services.node, block.timestamp - order.slot_seconds + 1, block.number)
        ends = order.token_in, order.token_out
        listed = self._reader.listed([pool.address for pool in services.deployment.pools], block.number)
        pools = [pool for pool in services.deployment.pools if pool.address in listed]
        own = stored.own_hashes(services.store, first)
        trades = trades_of(
            *(services.node, pools_of(self._reader, pools, ends), first, block.number, services.config.max_log_range)
        )
        fills = stored.fills(services.store, self.name, order.id)
        sold = sum(fill.amount_in for fill in fills if fill.block_number >= first)
        return sum(trade.amount for trade in trades if trade.tx_hash not in own), sold

    def _require_current(self, snapshot: Block) -> None:
        """Requires that a block is part of the chain and among its newest.

        Raises:
            ExecutionError: Otherwise; nothing is sent then.
        """
        (there,), newest = self._services.node.blocks([snapshot.number]), self._services.node.latest()
        if there is None or there.hash != snapshot.hash:
            raise ExecutionError(f"plan of block {snapshot.number}", "no longer on the chain", "it is planned anew")
        age, most = newest.number - snapshot.number, self._services.config.execution.snapshot_blocks
        if age > most:
            reason = f"{age} blocks old, above {most}"
            raise ExecutionError(f"plan of block {snapshot.number}", reason, "raise execution.snapshot_blocks")

    def _allow(self, order: SlicedOrder, amount: int, slot: int, invocation: Invocation) -> None:
        """Has the aggregator allowed to take what is left of all running orders of the token, where it may not.

        Raises:
            ExecutionError: If the account does not hold the slice, or the token refuses.
            Reverted: If the token would revert.
        """
        services = self._services
        held, allowed = self._swaps.means(order.token_in, self._spender, invocation.block.number)
        if held < amount:
            raise ExecutionError(f"balance of {held}", f"below the slice of {amount}", "send the account more")
        if allowed >= amount:
            return
        running = [one for one in self._open() if (one.state, one.token_in) == (OrderState.RUNNING, order.token_in)]
        wanted = max(amount, sum(one.amount - self._sold(one) for one in running))
        # Some tokens refuse to change an allowance that is not zero.
        for step, value in (("reset", 0), ("allowance", wanted)) if allowed else (("allowance", wanted),):
            key = allowance_key(step, order.id, slot)
            if services.decided(key):
                continue
            receipt = services.send(invocation, key, order.token_in, self._swaps.approve(self._spender, value))
            if not services.conclude(invocation, key, receipt, f"{self._spender} may take {value}"):
                raise ExecutionError(f"allowance of {value}", receipt.reason, "look at the token")

    def _require_lost(self, order: SlicedOrder) -> None:
        """Requires that no slice that the journal counts as lost is on the chain: a node may have shown too little.

        Raises:
            ExecutionError: Otherwise; the order stays unsold until a person cancels it.
        """
        for tx_hash in stored.lost(self._services.store, self.name, order.id):
            if self._services.node.receipt(tx_hash) is not None:
                reason = "counted as lost, and is on the chain"
                raise ExecutionError(f"slice {tx_hash}", reason, "cancel the order, and make another for the rest")

    # -- Around slices

    def _read_fills(self, order: SlicedOrder) -> None:
        """Reads the receipts of slices that were taken, in the block that the journal has them in."""
        services = self._services
        for slot, tx_hash in stored.unread(services.store, self.name, order.id).items():
            found = self._swaps.landed(tx_hash)
            if found is None:
                continue  # Taken back meanwhile: settling says what becomes of it.
            place = found.block_number, found.block_hash
            fill = Fill(slot, tx_hash, *place, found.amount_in, found.amount_out)
            stored.record(services.store, order.id, fill)
            services.log.info("fill", order=order.id, slot=slot, sold=fill.amount_in, bought=fill.amount_out)

    def _close(self, order: SlicedOrder, block: Block) -> None:
        """Closes an order that is sold, cancelled or past its end, once its transactions are final."""
        store, sold = self._services.store, self._sold(order)
        over = block.timestamp >= order.ends or order.state is OrderState.CANCELLED or sold == order.amount
        if not over or stored.under_way(store, self.name, order.id):
            return
        left = order.amount - sold
        reason = order.reason if order.state is OrderState.CANCELLED else f"expired, {left} unsold" if left else "sold"
        with suppress(StoreError):  # A person was faster; the next block sees what they said.
            stored.move(store, order, OrderState.CLOSED, reason)
            self._services.log.info("closed", order=order.id, reason=reason, sold=sold, left=left)
