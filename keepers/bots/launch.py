"""Opens the bots that a config describes and runs them in one process, with one port for those who watch."""

from __future__ import annotations

import threading
from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any

from keepers.bots.names import WITHOUT_PORTFOLIO, bot_name
from keepers.config import Config, ConfigError, MetricsPort
from keepers.runtime.logging import Watcher, configure
from keepers.runtime.metrics import Metrics
from keepers.runtime.monitor import monitor
from keepers.runtime.runtime import Runtime, stop_on_signals
from keepers.runtime.services import (
    BotServices,
    PortfolioServices,
    open_bot_services,
    open_portfolio_services,
    open_runtime,
)
from keepers.runtime.supervisor import Supervisor
from keepers.signers.keyring import leave_no_dumps, open_keys
from keepers.signers.signing import Signer
from keepers.store.fanout import Fanout


def run_bots(config: Config, kinds: tuple[str, ...], metrics_port: int | None = None) -> None:
    """Runs bots until they are asked to stop, or all of them have given up.

    One that gives up rests, for longer each time, and is opened anew; the others go on meanwhile.

    Args:
        config: Config of the keeper.
        kinds: Some of `KINDS`.
        metrics_port: Overrides the config's.

    Raises:
        KeeperError: If a bot cannot be opened at the start, or when the last bot has given up, with its reason.
    """
    if not config.portfolio and not set(kinds) <= set(WITHOUT_PORTFOLIO):
        raise ConfigError(f"{config.path}: portfolio", "missing", "add portfolio, prices and keys.signers")
    leave_no_dumps()
    stop, metrics = threading.Event(), Metrics()
    with ExitStack() as stack:
        log = configure(config.log, watch=stack.enter_context(_watchers(config, metrics)))
        # Once for all bots, so that a passphrase is asked for once; and where Ctrl-C still ends the asking.
        keys = open_keys(config, (config.keys.sender, *config.keys.signers))
        stack.enter_context(stop_on_signals(stop))
        supervisor = Supervisor(lambda kind: _opened(config, kind, keys, log, metrics, stop), log, stop)
        bots = [stack.enter_context(supervisor.supervised(kind, bot_name(config, kind))) for kind in kinds]
        _listen(stack, config, metrics_port, metrics, log)
        threads = [threading.Thread(target=bot.run, daemon=True) for bot in bots[1:]]
        for thread in threads:
            thread.start()
        bots[0].run()
        for thread in threads:
            thread.join()
    if supervisor.fault is not None:
        raise supervisor.fault


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
    services = open_services(config, kind, keys, named, stop)
    named.info("started", chain_id=config.chain_id, sender=services.sender.address)
    try:
        with opened_bot(kind, services) as bot, _hearing(kind, services), _telling(kind, services):
            yield open_runtime(bot, services, lambda step: metrics.beat(name, step))
    finally:
        named.info("stopped")
        services.store.close()


@contextmanager
def opened_bot(kind: str, services: BotServices) -> Iterator[Any]:
    """Makes a bot of a kind, and ends the process that it may have started."""
    bot = make_bot(kind, services)
    try:
        yield bot
    finally:
        if kind == "training":
            bot.close()


@contextmanager
def _hearing(kind: str, services: BotServices) -> Iterator[None]:
    """Takes webhooks for the bot that has some, while it runs; replicas that stand by take them as well."""
    if kind != "kyc" or services.config.kyc.webhooks is None:
        yield
        return
    from keepers.bots.kyc_webhooks import hearing

    with hearing(services):
        yield


@contextmanager
def _telling(kind: str, services: BotServices) -> Iterator[None]:
    """Delivers notices of alert rules while the risk bot runs; replicas that stand by do so as well."""
    if kind != "risk":
        yield
        return
    from keepers.runtime.notice_delivery import delivering

    with delivering(services.store, services.config, services.log):
        yield


@contextmanager
def _watchers(config: Config, metrics: Metrics) -> Iterator[Watcher]:
    """Yields the watchers of each log line: metrics and, if there is one, Redis."""
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


def open_services(config: Config, kind: str, keys: tuple[Signer, ...], log: Any, stop: threading.Event) -> BotServices:
    """Opens the services of a bot of a kind.

    Raises:
        KeeperError: One line saying what is wrong.
    """
    name = bot_name(config, kind)
    if kind in WITHOUT_PORTFOLIO:
        return open_bot_services(config, name, log, stop, keys[0])
    return open_portfolio_services(config, name, log, stop, keys)


def make_bot(kind: str, services: BotServices) -> Any:
    """Makes a bot of a kind."""
    if kind == "claims":
        from keepers.bots.claims import ClaimsBot

        return ClaimsBot(services)
    if kind == "sanctions":
        from keepers.bots.sanctions import SanctionsBot

        return SanctionsBot(services)
    if kind == "kyc":
        from keepers.bots.kyc import KycBot

        return KycBot(services)
    if kind == "execution":
        from keepers.bots.execution import ExecutionBot

        return ExecutionBot(services)
    if kind == "training":
        from keepers.bots.training import TrainingBot

        return TrainingBot(services)
    assert isinstance(services, PortfolioServices)
    if kind == "risk":
        from keepers.bots.risk import RiskBot

        return RiskBot(services)
    from keepers.bots.rebalance import RebalanceBot

    # The optimiser takes seconds to load; by the first decision it should be there.
    threading.Thread(target=_load_optimiser, daemon=True).start()
    return RebalanceBot(services)


def _load_optimiser() -> None:
    import_module("keepers.portfolio.optimise")
