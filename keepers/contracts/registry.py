"""Entries of the chain's model registry."""

from __future__ import annotations

from dataclasses import dataclass

from keepers import abi
from keepers.contracts.deployment import Deployment
from keepers.contracts.messages import model_id
from keepers.rpc.node import Node

STATUSES = ("not registered", "in the shadow", "live", "retired")
"""Names of `IModelRegistry.Status`."""


@dataclass(frozen=True)
class RegisteredModel:
    """IModelRegistry.Model.

    Attributes:
        weights_hash, data_hash, code_hash: 32 bytes each.
        status: One of `STATUSES`.
        changed_at: Unix seconds of the last change of status.
    """

    weights_hash: bytes
    data_hash: bytes
    code_hash: bytes
    status: str
    changed_at: int


def registered_model(deployment: Deployment, node: Node, name: str) -> RegisteredModel:
    """The model of a name, as the registry has it now."""
    found = node.call(deployment.address("ModelRegistry"), abi.function("ModelRegistry", "modelOf"), model_id(name))
    weights, data, code, status, changed_at = found
    return RegisteredModel(bytes(weights), bytes(data), bytes(code), STATUSES[status], int(changed_at))
