"""Bots of one process: a thread each, one port for those who watch, one end for all."""

from __future__ import annotations

import threading
from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from typing import Any

from keepers.bots.context import Context, Office, open_context, open_office, open_runtime
from keepers.bots.keyring import leave_no_dumps, open_keys
from keepers.bots.logs import Watcher, configure
from keepers.bots.metrics import Metrics
from keepers.bots.monitor import monitor
from keepers.bots.names import bot_name
from keepers.bots.runtime import Runtime, stop_on_signals
from keepers.chain.signing import Signer
from keepers.config import Config, ConfigError, MetricsPort
from keepers.store.fanout import Fanout


def run_bots(config: Config, kinds: tuple[str, ...], metrics_port: int | None = None) -> None:
    """Runs bots until they are asked to stop, or one of them gives up: then all end.

    Args:
        config: As read.
        kinds: Of "risk", "rebalance" and "claims".
        metrics_port: Overrides the config's.

    Raises:
        KeeperError: What the first bot to give up, gave up over.
    """
    if not config.portfolio and set(kinds) != {"claims"}:
        raise ConfigError(f"{config.path}: portfolio", "missing", "add portfolio, prices and keys.signers")
    leave_no_dumps()
    stop, metrics = threading.Event(), Metrics()
    faults: list[Exception] = []
    with ExitStack() as stack:
        log = configure(config.log, watch=stack.enter_context(_watchers(config, metrics)))
        # Once for all bots, so that a passphrase is asked for once; and where Ctrl-C still ends the asking.
        keys = open_keys(config, (config.keys.sender, *config.keys.signers))
        stack.enter_context(stop_on_signals(stop))
        runtimes = [stack.enter_context(_opened(config, kind, keys, log, metrics, stop)) for kind in kinds]
        _listen(stack, config, metrics_port, metrics, log)
        threads = [threading.Thread(target=_run, args=(runtime, stop, faults), daemon=True) for runtime in runtimes[1:]]
        for thread in threads:
            thread.start()
        _run(runtimes[0], stop, faults)
        for thread in threads:
            thread.join()
    if faults:
        raise faults[0]


def _run(runtime: Runtime, stop: threading.Event, faults: list[Exception]) -> None:
    try:
        runtime.run()
    except Exception as error:
        faults.append(error)
    finally:
        stop.set()


def _listen(stack: ExitStack, config: Config, port: int | None, metrics: Metrics, log: Any) -> None:
    wanted = config.metrics or (None if port is None else MetricsPort(port=port))
    if wanted is None:
        return
    serving = monitor(metrics, wanted.host, wanted.port if port is None else port, wanted.patience_seconds)
    log.info("listening", host=wanted.host, port=stack.enter_context(serving))


@contextmanager
def _opened(
    config: Config, kind: str, keys: tuple[Signer, ...], log: Any, metrics: Metrics, stop: threading.Event
) -> Iterator[Runtime]:
    name = bot_name(config, kind)
    named = log.bind(bot=name)
    metrics.expect(name)
    office: Office
    if kind == "claims":
        office = open_office(config, name, named, stop, keys[0])
    else:
        office = open_context(config, name, named, stop, keys)
    named.info("started", chain_id=config.chain_id, sender=office.sender.address)
    try:
        yield open_runtime(_bot(kind, office), office, lambda step: metrics.beat(name, step))
    finally:
        named.info("stopped")
        office.store.close()


@contextmanager
def _watchers(config: Config, metrics: Metrics) -> Iterator[Watcher]:
    """Who sees each line: metrics and, where there is one, Redis."""
    if config.redis is None:
        yield metrics.watch
        return
    fanout = Fanout.open(config.redis)

    def watch(line: MutableMapping[str, Any]) -> None:
        metrics.watch(line)
        fanout.watch(line)

    try:
        yield watch
    finally:
        fanout.close()


def _bot(kind: str, office: Office) -> Any:
    if kind == "claims":
        from keepers.bots.claims import ClaimsBot

        return ClaimsBot(office)
    assert isinstance(office, Context)
    if kind == "risk":
        from keepers.bots.risk import RiskBot

        return RiskBot(office)
    from keepers.bots.rebalance import RebalanceBot

    # The optimiser takes seconds to load; by the first decision it should be there.
    threading.Thread(target=_load_optimiser, daemon=True).start()
    return RebalanceBot(office)


def _load_optimiser() -> None:
    import keepers.portfolio.optimise  # noqa: F401
