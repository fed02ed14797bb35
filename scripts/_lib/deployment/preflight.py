"""Looks at what a config names on the chain before the first transaction: no mistyped address is found half way."""

from __future__ import annotations

from web3 import Web3
from web3.exceptions import Web3Exception

from scripts._lib.deployment.chain import DeploymentError
from scripts._lib.deployment.config import Config

_DECIMALS = [{"type": "function", "name": "decimals", "inputs": [], "outputs": [{"type": "uint8"}]}]
"""ERC-20's, and a Chainlink aggregator's."""


def require_ready(w3: Web3, config: Config) -> None:
    """Makes sure that every token and every feed answers, and that amounts fit their tokens.

    Raises:
        DeploymentError: One line naming the key, with what to do.
        ConfigError: If a cap is no whole number of its token's units.
    """
    decimals = {name: _decimals(w3, f"assets.{name}", address) for name, address in config.assets.items()}
    decimals |= {name: token.decimals for name, token in config.tokens.items()}
    for name, feed in config.feeds.items():
        _decimals(w3, f"feeds.{name}.aggregator", feed.aggregator)
        if feed.secondary is not None:
            _decimals(w3, f"feeds.{name}.secondary.aggregator", feed.secondary.aggregator)
    for portfolio in config.portfolios.values():
        if portfolio.settlement in decimals:
            portfolio.policy.as_tuple(decimals[portfolio.settlement])


def _decimals(w3: Web3, key: str, address: str) -> int:
    if not w3.eth.get_code(w3.to_checksum_address(address)):
        raise DeploymentError(f"{key} {address}: no contract on chain {w3.eth.chain_id}; correct the address")
    try:
        contract = w3.eth.contract(address=w3.to_checksum_address(address), abi=_DECIMALS)
        return int(contract.functions.decimals().call())
    except (Web3Exception, ValueError) as error:
        what = type(error).__name__
        raise DeploymentError(f"{key} {address}: does not tell its decimals ({what}); correct the address") from error
