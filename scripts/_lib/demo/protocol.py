"""Deploys the protocol from a config, as `ape run deploy` does, and gives the demo's people their papers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from web3.contract import Contract

from keepers.rebalancing.settings import RebalanceSettings
from scripts._lib.demo.accounts import Accounts
from scripts._lib.demo.chain import GAS, Chain
from scripts._lib.demo.errors import DemoError
from scripts._lib.demo.market import SETTLEMENT, StockMarket
from scripts._lib.deployment.artifacts import protocol_artifacts
from scripts._lib.deployment.chain import Chain as DeployingChain
from scripts._lib.deployment.chain import Mined
from scripts._lib.deployment.config import load_config
from scripts._lib.deployment.protocol import ProtocolDeployment
from scripts._lib.deployment.record import DeploymentRecord
from scripts.model_hash import model_of

NETWORK = "demo"
UNIVERSE = "stocks"
MODEL = "ewma-threshold"
"""Model of the rebalance keeper: the rule that won the evaluation selects the strategy."""
TURNOVER_COST = 0.001
"""Fraction of what is traded: about what pools of this depth take, fees included."""
REBALANCE: dict[str, Any] = {
    "turnover_cost": TURNOVER_COST,
    "schedule": {"every_n_days": 14, "drift_bps": 100},
}
"""Settings of that keeper."""
PORTFOLIO = "stocks"

UNITED_STATES, GERMANY, SWITZERLAND, VENEZUELA = 840, 276, 756, 862
ALLOWED = [UNITED_STATES, GERMANY, SWITZERLAND]
ACCREDITED, INSTITUTIONAL = 2, 3

HEARTBEAT = 5 * 86_400
"""Seconds: a feed of closes is silent from a Friday to the Tuesday after a holiday."""

TRADING_AGE = 3_600
"""Seconds after a close in which portfolios trade at it."""

FOREVER = 2**40 - 1


@dataclass(frozen=True)
class PortfolioTerms:
    """Risk limits of the portfolio, basis points of NAV; the loss budget is for any `loss_window` seconds.

    VaR is of a Student t's tails: 3.4% is about 1.3% of volatility, as 3% is of a normal's.
    """

    max_var99: int = 340
    max_weight: int = 3000
    max_drawdown: int = 3000
    halt_drawdown: int = 6000
    loss_budget: int = 200
    loss_window: int = 7 * 86_400
    cooling_time: int = 2 * 86_400


class NodeSender:
    """Sends from an account that the node has unlocked."""

    def __init__(self, chain: Chain, address: str) -> None:
        self.address = address
        self._chain = chain

    def send(self, to: str, data: bytes, value: int = 0) -> Mined:
        """Sends and waits."""
        message = {
            "from": self.address,
            "to": to,
            "data": "0x" + data.hex(),
            "value": hex(value),
            "gas": hex(GAS),
        }
        tx_hash = self._chain.node.rpc("eth_sendTransaction", [message])
        mined = self._chain.wait(tx_hash)
        if mined.revert:
            raise DemoError(f"a deployment was refused: {mined.revert.text}")
        return Mined(int(mined.receipt["blockNumber"], 16), mined.gas, tx_hash)


class Protocol:
    """The deployed protocol.

    Attributes:
        record: Record of the deployment, the content of deployments/<network>.json.
        record_path: Path of that file.
        transactions: Number of transactions of the deployment.
    """

    record: DeploymentRecord
    record_path: Path

    def __init__(
        self,
        chain: Chain,
        market: StockMarket,
        accounts: Accounts,
        terms: PortfolioTerms,
        folder: Path,
        selector: bytes | None = None,
    ) -> None:
        self._selector = selector
        self.chain = chain
        self.market = market
        self.accounts = accounts
        self.terms = terms
        self.folder = folder
        self.transactions = 0

    def issue_tokens(self) -> None:
        """First half of the deployment: the contracts and the regulated tokens, so that pools can be made."""
        record = self._deploy(with_portfolio=False)
        self.market.tokens |= record.tokens

    def open_portfolio(self) -> None:
        """Second half: the same config with pools, universe and portfolio; what is there stays."""
        self.record = self._deploy(with_portfolio=True)
        self.record_path = self.record.write(self.folder)

    def contract(self, name: str) -> Contract:
        """A contract of the deployment."""
        return self.chain.contract(name, self.record.contracts[name].address)

    @property
    def portfolio(self) -> Contract:
        """The one portfolio."""
        return self.chain.contract("Portfolio", self.record.portfolios[PORTFOLIO]["address"])

    def token(self, symbol: str) -> Contract:
        """A regulated token."""
        return self.chain.contract("ComplianceAwareToken", self.market.tokens[symbol])

    def _deploy(self, *, with_portfolio: bool) -> DeploymentRecord:
        path = self.folder / f"{NETWORK}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(self._config(with_portfolio), sort_keys=False), encoding="utf-8")
        sender = NodeSender(self.chain, self.accounts.operator)
        chain = DeployingChain(self.chain.w3, sender, lambda _: None)
        record = ProtocolDeployment(chain, load_config(path), protocol_artifacts()).run()
        self.transactions += chain.sent
        return record

    def _config(self, with_portfolio: bool) -> dict[str, Any]:
        accounts, terms, symbols = self.accounts, self.terms, list(self.market.symbols)
        rules = {"countries": ALLOWED, "classes": ["accredited", "institutional"]}
        config: dict[str, Any] = {
            "network": NETWORK,
            "admin": accounts.operator,
            "roles": {
                "guardian": {"accounts": [accounts.guardian]},
                "issuer": {"accounts": [accounts.issuer, accounts.operator]},
                "compliance_officer": {"accounts": [accounts.officer, accounts.operator]},
                "manager": {"accounts": [accounts.operator]},
                "keeper_registrar": {"accounts": [accounts.operator]},
                "keeper": {"accounts": accounts.keepers},
            },
            # A replay has few blocks between closes: a report has to last for as long as a feed, and counts soon.
            "risk": {
                "cooling_time": terms.cooling_time,
                "max_report_lifetime": HEARTBEAT,
                "confirmation_blocks": 2,
            },
            # Wide, so that the attacks meet the loss budget, not this guard before it.
            "liquidity": {"max_deviation_bps": 9_000},
            "models": _models(self._selector),
            "assets": {SETTLEMENT: self.market.tokens[SETTLEMENT]},
            "tokens": {symbol: {"name": f"{symbol} share", "rules": rules} for symbol in symbols},
            "feeds": {
                symbol: {
                    "aggregator": str(feed.address),
                    "heartbeat": HEARTBEAT,
                    "min_price": 0.9 if symbol == SETTLEMENT else 0.1,
                    "max_price": 1.1 if symbol == SETTLEMENT else 10_000,
                    "trading_window": {"max_age": TRADING_AGE},
                }
                for symbol, feed in self.market.feeds.items()
            },
        }
        if with_portfolio:
            config |= self._portfolio_config(rules)
        return config

    def _portfolio_config(self, rules: dict[str, Any]) -> dict[str, Any]:
        terms, symbols = self.terms, list(self.market.symbols)
        pools = self.market.pools
        quorum = {"threshold": 2}
        return {
            "universes": {UNIVERSE: {"assets": symbols, "signers": list(self.accounts.risk_signers), **quorum}},
            "venues": [{"pool": pool.address, "kind": pool.kind, "fee": pool.fee} for pool in pools],
            "portfolios": {
                PORTFOLIO: {
                    "name": "US Equities",
                    "symbol": "QEQ",
                    "settlement": SETTLEMENT,
                    "assets": symbols,
                    "universe": UNIVERSE,
                    "limits": {
                        "max_var99": terms.max_var99,
                        "max_weight": terms.max_weight,
                        "max_drawdown": terms.max_drawdown,
                        "halt_drawdown": terms.halt_drawdown,
                    },
                    "loss_budget": {"bps": terms.loss_budget, "window": terms.loss_window},
                    "share_rules": rules,
                    "identity": {"country": UNITED_STATES, "kyc_expiry": FOREVER},
                    "signers": list(self.accounts.rebalance_signers),
                    **quorum,
                }
            },
        }


def _models(selector: bytes | None) -> dict[str, dict[str, str]]:
    """Returns the selector of the demo's keeper, with what it falls back to, which is also the model of the config that
    `quantera init` writes for a local network."""
    fallback = RebalanceSettings()
    found = {fallback.model: model_of(fallback.model_dump(mode="json", exclude={"model"}))}
    if selector is not None:
        found[MODEL] = {**found[fallback.model], "weights": "0x" + selector.hex()}
    return found
