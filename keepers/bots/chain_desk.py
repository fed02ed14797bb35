"""The chain as the place where a rebalance is decided and judged."""

from __future__ import annotations

from collections.abc import Sequence

from keepers.bots.breaker import trip
from keepers.bots.names import signal_nonce
from keepers.bots.signals import Signals
from keepers.contracts.messages import RebalanceSignal, model_id
from keepers.errors import Waiting
from keepers.portfolio.state import PortfolioState, RiskView
from keepers.rebalancing.decision import AGAIN, Refusal, Refused
from keepers.rebalancing.orders import hash_orders, order_words
from keepers.rebalancing.proposal import Proposal
from keepers.routing.pools import Pool
from keepers.rpc.errors import Reverted
from keepers.runtime.invocation import Invocation
from keepers.runtime.services import PortfolioServices
from keepers.signals.signal import Advice
from keepers.transactions.sender import Receipt


class ChainDesk:
    """A `keepers.rebalancing.decision.Desk` on the chain, for one decision.

    Args:
        services: Services of the bot.
        signals: Source of the advice.
        nonce: Nonce of the model that is decided under.
        key: Key of the decision.
        invocation: Call of the handler; its block moves on with what is sent.

    Attributes:
        receipt: The last transaction that was mined for the rebalance; None if there was none.
    """

    def __init__(
        self, services: PortfolioServices, signals: Signals, nonce: int, key: str, invocation: Invocation
    ) -> None:
        self.receipt: Receipt | None = None
        self._services = services
        self._signals = signals
        self._nonce = nonce
        self._key = key
        self._invocation = invocation
        self._read = False

    @property
    def now(self) -> int:
        """Unix seconds of the block that the state is of."""
        return self._invocation.block.timestamp

    def state(self) -> PortfolioState:
        """The portfolio as it was at the invocation's block, and after the first time at the newest.

        Raises:
            Waiting: If the chain cannot value it: that is no decision, and the next block may bring the price.
        """
        if self._read:
            self._invocation.block = self._services.node.latest()
        self._read = True
        try:
            return self._services.reader.portfolio(self._services.config.portfolio, self._invocation.block.number)
        except Reverted as error:
            subject = f"model {self._nonce}"
            raise Waiting(subject, f"portfolio unreadable: {error.revert.text}", AGAIN) from error

    def advice(self, state: PortfolioState) -> Advice:
        """Advice of the configured signal, or of the fallback.

        Raises:
            KeeperError: As `Signals.advice`.
        """
        return self._signals.advice(state, self.now)

    def trip(self, view: RiskView) -> bool:
        """Trips the chain's breaker; False if the chain refuses."""
        return trip(self._services, view, self._invocation)

    def pools(self, state: PortfolioState) -> Sequence[Pool]:
        """Listed markets at the state's block.

        Raises:
            Refused: If the chain refuses to answer.
        """
        try:
            return self._services.reader.pools(state.assets, state.block)
        except Reverted as error:
            raise Refused(Refusal(error.revert.text, error.revert.name)) from error

    def execute(self, proposal: Proposal, model: str, inputs: bytes) -> None:
        """Signs a proposal and sends it.

        Args:
            proposal: Orders and targets.
            model: Name of the model that decided.
            inputs: Hash of what it was decided from, 32 bytes.

        Raises:
            Refused: If it would revert, or did.
        """
        settings, block = self._services.config.rebalance, self._invocation.block
        portfolio = self._services.record.address
        orders = order_words(proposal.orders, proposal.assets)
        signal = RebalanceSignal(
            portfolio=portfolio,
            assets=proposal.assets,
            targets=proposal.targets,
            band_bps=settings.band_bps,
            max_turnover_bps=proposal.most_turnover_bps,
            max_slippage_bps=settings.oracle_slippage_bps,
            valid_from=block.timestamp,
            valid_until=block.timestamp + settings.signal_lifetime_seconds,
            nonce=signal_nonce(portfolio, self._nonce),
            model_id=model_id(model),
            input_hash=inputs,
            orders_hash=hash_orders(orders),
        )
        function = ("AutoRebalancer", "rebalance")
        try:
            receipt = self._services.send_signed(self._invocation, self._key, function, signal, orders)
        except Reverted as error:
            raise Refused(Refusal(error.revert.text, error.revert.name)) from error
        self.receipt = receipt
        if not receipt.ok:
            raise Refused(Refusal(receipt.reason, receipt.error, mined=True))

    def refused(self, scale: float, refusal: Refusal) -> None:
        """Logs a refusal."""
        self._services.log.warning("refused", key=self._key, scale=scale, reason=refusal.text)
