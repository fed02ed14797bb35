"""The names under which bots remember things, so that others can find them. The module is light to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_abi.abi import encode
from eth_utils.crypto import keccak

if TYPE_CHECKING:
    from keepers.config import Config


def risk_bot(portfolio: str) -> str:
    """The risk bot of a portfolio, by the portfolio's name in the deployment."""
    return f"risk:{portfolio}"


def rebalance_bot(portfolio: str) -> str:
    """The rebalance bot of a portfolio, by the portfolio's name in the deployment."""
    return f"rebalance:{portfolio}"


def claims_bot(network: str) -> str:
    """The bot that refreshes identities, by the name of the deployment file."""
    return f"claims:{network}"


def bot_name(config: Config, kind: str) -> str:
    """Returns the name in the store of "risk", "rebalance" or "claims"."""
    if kind == "claims":
        return claims_bot(config.deployment.stem)
    return {"risk": risk_bot, "rebalance": rebalance_bot}[kind](config.portfolio)


def registry_key(registry: str) -> str:
    """Returns the key for watching an identity registry, given by checksummed address."""
    return f"registry:{registry}"


def wallet_prefix(registry: str) -> str:
    """Returns the prefix of keys for watching a registry's wallets; an account follows. Addresses are checksummed."""
    return f"wallet:{registry}:"


def refresh_prefix(registry: str, account: str) -> str:
    """Returns the prefix of the keys of a wallet's refreshes; a number follows. Addresses are checksummed."""
    return f"refresh:{registry}:{account}:"


def model_key(universe: bytes, nonce: int, as_of: int) -> str:
    """Posting of a model: `nonce` is the model's, `as_of` unix seconds."""
    return f"model:0x{universe.hex()}:{nonce}:{as_of}"


def report_key(portfolio: str, nonce: int, model_nonce: int) -> str:
    """Posting of a risk report of a portfolio, by address; `nonce` is the report's."""
    return f"report:{portfolio}:{nonce}:{model_nonce}"


def depth_key(universe: bytes, asset: str, nonce: int) -> str:
    """Posting of an asset's depth; `nonce` is the depth report's."""
    return f"depth:0x{universe.hex()}:{asset}:{nonce}"


def rebalance_key(portfolio: str, model_nonce: int) -> str:
    """Returns the key of the decision about a portfolio, by address, under a posted model."""
    return f"rebalance:{portfolio}:{model_nonce}"


def signal_nonce(portfolio: str, model_nonce: int) -> int:
    """The one signal nonce that a bot uses under a posted model: the chain takes it once."""
    values = ("quantera.rebalance", portfolio, model_nonce)
    return int.from_bytes(keccak(encode(("string", "address", "uint64"), values)), "big")
