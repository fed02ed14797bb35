"""A network out of the shadow: refused without evidence, and done by nobody but the manager on chain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from keepers import abi
from keepers.config import Config
from keepers.contracts.deployment import load as load_deployment
from keepers.contracts.messages import model_id
from keepers.contracts.registry import registered_model
from keepers.operations.signals_train import ModelRecord, open_model
from keepers.rpc.node import connect
from keepers.signals.errors import SignalError
from keepers.signals.regimes.learners import NETWORK


def promotion(folder: Path, evaluation: Path, config: Config) -> list[str]:
    """The call that lets a model out of the shadow, if the evidence is there.

    Args:
        folder: Folder of the model.
        evaluation: JSON of `quantera signals evaluate --json`.
        config: Config of the keeper whose `rebalance.model` is to be promoted.

    Raises:
        SignalError: If the model did not win its evaluation, is another one than was judged, or is not in the shadow
            under its hash.
        KeeperError: If the deployment or the node cannot be read.
    """
    record = open_model(folder).record
    require_evidence(record, read_evaluation(evaluation))
    deployment = load_deployment(config.at(config.deployment))
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    name = config.rebalance.model
    registered = registered_model(deployment, node, name)
    if registered.status != "in the shadow":
        raise SignalError(f"model {name!r}", registered.status, "promote a model that is in the shadow")
    if "0x" + registered.weights_hash.hex() != record.weights_hash:
        raise SignalError(
            f"model {name!r} with weights 0x{registered.weights_hash.hex()}",
            f"the file has {record.weights_hash}",
            "register this file under a name of its own",
        )
    key = model_id(name)
    data = abi.function("ModelRegistry", "promote").encode(key)
    return [
        f"{name} won its evaluation and waits in the shadow under {record.weights_hash}",
        "the manager schedules this call, which its delay keeps back:",
        f"  to    {deployment.address('ModelRegistry')}",
        f"  data  0x{data.hex()}",
    ]


def read_evaluation(path: Path) -> dict[str, Any]:
    """An evaluation's JSON.

    Raises:
        SignalError: If it is none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SignalError(
            path, error.strerror or "unreadable", "write it with `quantera signals evaluate --json`"
        ) from None
    except ValueError:
        found = None
    if not isinstance(found, dict) or not {"live", "scores", "features", "protocol", "test"} <= found.keys():
        raise SignalError(path, "not an evaluation", "write it with `quantera signals evaluate --json`")
    return found


def require_evidence(record: ModelRecord, evaluation: dict[str, Any]) -> None:
    """Refuses a network that did not win, or whose evaluation was of another kind of network.

    Raises:
        SignalError: If either is so.
    """
    name = NETWORK.name
    score = next((score for score in evaluation["scores"] if score["model"] == name), None)
    if score is None:
        raise SignalError(f"'{name}'", "is not in the evaluation", "evaluate with the network")
    if evaluation["live"] != name:
        live = evaluation["live"]
        raise SignalError(f"'{name}'", f"does not win its evaluation, '{live}' does", "it stays in the shadow")
    judged = (evaluation["features"]["sha256"], score["choice"], score["seeds"]["count"])
    trained = (record.features_hash, float(record.epochs), len(record.seeds))
    if judged != trained:
        raise SignalError(
            f"a network of {record.epochs} epochs and {len(record.seeds)} seeds",
            f"judged were {score['choice']:g} epochs, {score['seeds']['count']} seeds and their features",
            "train the one that was judged",
        )
