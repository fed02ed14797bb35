"""A network out of the shadow: refused without evidence, and done by nobody but the manager on chain."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keepers import abi
from keepers.bots.signals import open_regime_model, read_model
from keepers.bots.trials import trial_of
from keepers.config import Config
from keepers.contracts.deployment import load as load_deployment
from keepers.contracts.messages import model_id
from keepers.contracts.registry import registered_model
from keepers.operations.signals_standing import followed
from keepers.operations.signals_train import ModelRecord, open_model
from keepers.rpc.node import connect
from keepers.signals.errors import SignalError
from keepers.signals.evidence import TERMS, Terms, judge
from keepers.signals.regimes.learners import NETWORK
from keepers.store import Store
from keepers.store.forecasts import forecasts


@dataclass(frozen=True)
class Promotion:
    """The call by which the manager lets a model out of the shadow.

    Attributes:
        model: Name under which it is registered.
        reason: Evidence for it in a sentence.
        to: Address of the registry.
        data: Call data, 0x-prefixed.
    """

    model: str
    reason: str
    to: str
    data: str


def promotion(folder: Path, evaluation: Path, config: Config) -> Promotion:
    """The call that lets a model out of the shadow that won its evaluation over history.

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
    reason = f"won its evaluation and waits in the shadow under {record.weights_hash}"
    return _call(config, config.rebalance.model, record.weights_hash, reason)


def challenger_promotion(config: Config, terms: Terms = TERMS) -> Promotion:
    """The call that lets a challenger out of the shadow that won its trial beside the champion.

    Args:
        config: Config of the keeper whose `rebalance.regime.challenger` is to be promoted.
        terms: Terms of the trial.

    Raises:
        SignalError: If there is no challenger, its trial is not complete or did not show that it is better, its
            forecasts came from another file than the configured one, or it is not in the shadow under its hash.
        KeeperError: If the store, the deployment or the node cannot be read.
    """
    champion, challenger = followed(config), config.rebalance.regime.challenger
    if challenger is None:
        raise SignalError("rebalance.regime.challenger", "is not given", "name the model that is to be promoted")
    name = challenger.model
    with closing(Store.open(config.store_url)) as store:
        evidence = judge(trial_of(store, config.portfolio, champion, name), terms)
        hashes = {found.weights_hash for found in forecasts(store, config.portfolio, name, "challenger")}
    if not evidence.promotes:
        raise SignalError(f"challenger '{name}'", evidence.reason, f"'{champion}' stays the champion")
    content = read_model(config.at(challenger.file))
    opened = "0x" + open_regime_model(content, None).weights_hash.hex()
    if hashes != {opened}:
        raise SignalError(f"the trial of '{name}'", f"was not of the file {opened} alone", "name the file of the trial")
    return _call(config, name, opened, f"{evidence.reason}; it waits in the shadow under {opened}")


def _call(config: Config, name: str, weights_hash: str, reason: str) -> Promotion:
    """The manager's call for a model that is in the shadow under a hash."""
    deployment = load_deployment(config.at(config.deployment))
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    registered = registered_model(deployment, node, name)
    if registered.status != "in the shadow":
        raise SignalError(f"model {name!r}", registered.status, "promote a model that is in the shadow")
    if "0x" + registered.weights_hash.hex() != weights_hash:
        raise SignalError(
            f"model {name!r} with weights 0x{registered.weights_hash.hex()}",
            f"the file has {weights_hash}",
            "register this file under a name of its own",
        )
    data = abi.function("ModelRegistry", "promote").encode(model_id(name))
    return Promotion(name, reason, deployment.address("ModelRegistry"), f"0x{data.hex()}")


def lines(found: Promotion) -> list[str]:
    """A promotion for a terminal."""
    return [
        f"{found.model} {found.reason}",
        "the manager schedules this call, which its delay keeps back:",
        f"  to    {found.to}",
        f"  data  {found.data}",
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
