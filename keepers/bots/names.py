"""The names under which bots remember things, so that others can find them. The module is light to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_abi.abi import encode
from eth_utils.crypto import keccak

if TYPE_CHECKING:
    from keepers.config import Config


WITHOUT_PORTFOLIO = ("claims", "sanctions", "kyc", "execution", "training")
"""Kinds of bots that look after no portfolio, and so need neither prices nor signers."""

KINDS = ("risk", "rebalance", *WITHOUT_PORTFOLIO)
"""Kinds of bots."""


def risk_bot(portfolio: str) -> str:
    """The risk bot of a portfolio, by the portfolio's name in the deployment."""
    return f"risk:{portfolio}"


def rebalance_bot(portfolio: str) -> str:
    """The rebalance bot of a portfolio, by the portfolio's name in the deployment."""
    return f"rebalance:{portfolio}"


def claims_bot(network: str) -> str:
    """The bot that refreshes identities, by the name of the deployment file."""
    return f"claims:{network}"


def sanctions_bot(network: str) -> str:
    """The bot that brings the chain's sanctions list to the accepted lists, by the name of the deployment file."""
    return f"sanctions:{network}"


def kyc_bot(network: str) -> str:
    """The bot that verifies persons at identity providers, by the name of the deployment file."""
    return f"kyc:{network}"


def execution_bot(network: str) -> str:
    """The bot that sells orders slice by slice, by the name of the deployment file."""
    return f"execution:{network}"


def training_bot(network: str) -> str:
    """The bot that has the week's network trained, by the name of the deployment file."""
    return f"training:{network}"


def bot_name(config: Config, kind: str) -> str:
    """Returns the name in the store of a kind of `KINDS`."""
    if kind in WITHOUT_PORTFOLIO:
        names = {
            "claims": claims_bot,
            "sanctions": sanctions_bot,
            "kyc": kyc_bot,
            "execution": execution_bot,
            "training": training_bot,
        }
        return names[kind](config.deployment.stem)
    return {"risk": risk_bot, "rebalance": rebalance_bot}[kind](config.portfolio)


REGISTRIES = "registry:"
"""Prefix of the keys of `registry_key`."""


def registry_key(registry: str) -> str:
    """Returns the key for watching an identity registry, given by checksummed address."""
    return f"{REGISTRIES}{registry}"


def registry_of(key: str) -> str:
    """Returns the registry of a `registry_key`."""
    return key.split(":")[1]


def wallet_prefix(registry: str) -> str:
    """Returns the prefix of keys for watching a registry's wallets; an account follows. Addresses are checksummed."""
    return f"wallet:{registry}:"


def wallet_key(registry: str, account: str) -> str:
    """Returns the key for watching a wallet of a registry. Addresses are checksummed."""
    return wallet_prefix(registry) + account


def wallet_of(key: str) -> str:
    """Returns the account of a `wallet_key`."""
    return key.split(":")[2]


def refresh_prefix(registry: str, account: str) -> str:
    """Returns the prefix of the keys of a wallet's refreshes; a number follows. Addresses are checksummed."""
    return f"refresh:{registry}:{account}:"


def refresh_key(registry: str, account: str, number: int) -> str:
    """Returns the key of a refresh of a wallet; a wallet's refreshes are counted from zero."""
    return f"{refresh_prefix(registry, account)}{number}"


def refresh_number(key: str) -> int:
    """Returns the number of a `refresh_key`."""
    return int(key.split(":")[3])


def sanctions_key(action: str, version: int, data: bytes) -> str:
    """Returns the key of a batch for the chain's sanctions list.

    Args:
        action: "sanction", "lift", or "schedule" for a lifting that has to wait.
        version: Version of the chain's list that the batch is made for, which the chain takes once.
        data: Calldata.
    """
    return f"{action}:{version}:{keccak(data).hex()[:32]}"


def claim_key(verification: int, topic: int) -> str:
    """Returns the key of adding a verification's claim of a topic to its ONCHAINID."""
    return f"claim:{verification}:{topic:x}"


def kyc_refresh_key(verification: int, account: str) -> str:
    """Returns the key of having a registry count a verification's claims for a wallet, by checksummed address."""
    return f"refresh:{verification}:{account}"


def allowance_key(step: str, order: int, slot: int) -> str:
    """Returns the key of what the aggregator is allowed for an order's slice; `step` is "reset" or "allowance"."""
    return f"{step}:{order}:{slot}"


def commit_key(order: int, slot: int) -> str:
    """Returns the key of the commitment to an order's slice."""
    return f"commit:{order}:{slot}"


def training_key(week: str) -> str:
    """Returns the key of the training of an ISO week, such as 2026-W48."""
    return f"training:{week}"


def model_key(universe: bytes, nonce: int, as_of: int) -> str:
    """Posting of a model: `nonce` is the model's, `as_of` unix seconds."""
    return f"model:0x{universe.hex()}:{nonce}:{as_of}"


def report_key(portfolio: str, nonce: int, model_nonce: int) -> str:
    """Posting of a risk report of a portfolio, by address; `nonce` is the report's."""
    return f"report:{portfolio}:{nonce}:{model_nonce}"


def depth_key(universe: bytes, asset: str, nonce: int) -> str:
    """Posting of an asset's depth; `nonce` is the depth report's."""
    return f"depth:0x{universe.hex()}:{asset}:{nonce}"


def risk_engine_key(function: str, portfolio: str, number: int) -> str:
    """Returns the key of a call of the risk engine for a portfolio, by address; `number` is a height or a nonce."""
    return f"{function}:{portfolio}:{number}"


def rebalance_prefix(portfolio: str) -> str:
    """Returns the prefix of the keys of the decisions about a portfolio, by address."""
    return f"rebalance:{portfolio}:"


def rebalance_key(portfolio: str, model_nonce: int) -> str:
    """Returns the key of the decision about a portfolio, by address, under a posted model."""
    return f"{rebalance_prefix(portfolio)}{model_nonce}"


def rebalance_model(key: str) -> int:
    """Returns the nonce of the model of a `rebalance_key`."""
    return int(key.split(":")[2])


def signal_nonce(portfolio: str, model_nonce: int) -> int:
    """The one signal nonce that a bot uses under a posted model: the chain takes it once."""
    values = ("quantera.rebalance", portfolio, model_nonce)
    return int.from_bytes(keccak(encode(("string", "address", "uint64"), values)), "big")
