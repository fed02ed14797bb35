"""A config as it counts: with every default, without secrets."""

from __future__ import annotations

from typing import Any

from keepers.config import Config
from keepers.rpc.endpoints import redact
from keepers.store.engine import redacted


def effective(config: Config) -> dict[str, Any]:
    """Every key with the value that counts, as JSON has it; passwords and the parts of addresses that may hold keys are
    left out."""
    found = config.model_dump(mode="json", exclude={"path"})
    found["rpc_url"] = redact(config.rpc_url)
    found["fallback_rpc_urls"] = [redact(url) for url in config.fallback_rpc_urls]
    found["ws_urls"] = [redact(url) for url in config.ws_urls]
    found["store"] = redacted(config.store)
    for name, channel in config.risk.alerts.channels.items():
        if channel.webhook is not None:
            found["risk"]["alerts"]["channels"][name]["webhook"]["url"] = redact(channel.webhook.url)
    if config.redis is not None:
        found["redis"] = redact(config.redis)
    if config.private_relay is not None:
        found["private_relay"]["url"] = redact(config.private_relay.url)
    return found
