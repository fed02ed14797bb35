"""Names under which bots remember things, so that others can find them. Light to import."""

from __future__ import annotations

from eth_abi.abi import encode
from eth_utils.crypto import keccak


def risk_bot(portfolio: str) -> str:
    """The risk bot of a portfolio, by the portfolio's name in the deployment."""
    return f"risk:{portfolio}"


def rebalance_bot(portfolio: str) -> str:
    """The rebalance bot of a portfolio, by the portfolio's name in the deployment."""
    return f"rebalance:{portfolio}"


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
    """What to do with a portfolio, by address, under a posted model."""
    return f"rebalance:{portfolio}:{model_nonce}"


def signal_nonce(portfolio: str, model_nonce: int) -> int:
    """The one signal nonce that a bot uses under a posted model: the chain takes it once."""
    values = ("quantera.rebalance", portfolio, model_nonce)
    return int.from_bytes(keccak(encode(("string", "address", "uint64"), values)), "big")
