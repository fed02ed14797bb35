"""Whether a keeper's weekly training can run, and whether the week has its network."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec

from keepers.bots.names import bot_name, training_key
from keepers.bots.training import due_week
from keepers.config import Config
from keepers.operations.finding import Finding, Findings
from keepers.operations.signal_data import history, load
from keepers.store import Store

_WEEK = timedelta(days=7)


def training_findings(config: Config, now: float) -> Findings:
    """Looks at torch, at the history, and at the week's decision.

    Args:
        config: Config with a bot that trains.
        now: Unix seconds.

    Raises:
        KeeperError: If the config of the signals, its data or the database cannot be read.
    """
    if find_spec("torch") is None:
        yield Finding("fail", "training", "torch is not installed", "install quantera with its extra `ai`")
    assert config.training.signals is not None  # the config requires it
    path = config.at(config.training.signals)
    last = history(load(path).data, path.parent).dates[-1]
    if datetime.fromtimestamp(now, UTC).date() - last > _WEEK:
        yield Finding("warn", "history", f"of {path.name} ends on {last}", "bring its files up to date")
    else:
        yield Finding("ok", "history", f"of {path.name} ends on {last}")
    due = due_week(config.training, now)
    if due is None:
        return
    with closing(Store.open(config.store_url)) as store:
        made = store.decision(bot_name(config, "training"), training_key(due.name))
    if made is None:
        yield Finding("warn", due.name, "has no network yet", "see that `quantera run training` runs")
    elif made.final:
        yield Finding("ok", due.name, "has its network")
    else:
        yield Finding("warn", due.name, made.reason, "docs/operations.md#a-training-failed")
