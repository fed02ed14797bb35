"""`quantera doctor`: everything that a keeper stands on, examined; each fault with its remedy."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from eth_utils.address import to_checksum_address

from keepers import abi
from keepers.abi import Fragment
from keepers.bots.names import bot_name
from keepers.bots.signals import open_regime_model, read_model, read_reference
from keepers.config import Config, load_config
from keepers.contracts.access import Access
from keepers.contracts.deployment import Deployment
from keepers.contracts.deployment import load as load_deployment
from keepers.contracts.identities import IdentityReader
from keepers.contracts.messages import model_id
from keepers.contracts.onchain_ids import OnchainIds
from keepers.contracts.price_sources import described, open_prices
from keepers.contracts.reader import Reader
from keepers.contracts.registry import RegisteredModel, registered_model
from keepers.contracts.sanctions import SANCTIONS
from keepers.contracts.wallet_swaps import WalletSwaps
from keepers.errors import KeeperError
from keepers.execution.orders import OrderState, SlicedOrder, progress
from keepers.market.close_time import last_closed_day
from keepers.market.guards import doubts
from keepers.operations.finding import Finding, Findings, Level
from keepers.operations.kyc import register
from keepers.operations.training_check import training_findings
from keepers.portfolio.state import OFF, WAD
from keepers.risk.scenarios import load_scenarios
from keepers.rpc.endpoints import redact
from keepers.rpc.errors import ChainError, Reverted
from keepers.rpc.heads import subscribe_once
from keepers.rpc.node import Block, Call, Node, connect, must
from keepers.runtime.notice_delivery import open_channels
from keepers.signals.drift import reference_path
from keepers.signals.errors import SignalError
from keepers.signals.regimes.forecast import RegimeModel
from keepers.signers.keyring import open_key
from keepers.store import Store
from keepers.store import execution as orders
from keepers.store.fanout import Fanout
from keepers.store.lists import newest
from keepers.store.pauses import paused
from keepers.transactions.sender import GWEI

HOUR = 3600
LOCAL_CHAINS = (31337, 1337)
LATE_SECONDS, EARLY_SECONDS = 120, 15
"""How far a chain's newest block may lie behind this machine's clock, and ahead of it."""
BLOCKS_BEHIND = 2
"""Maximum blocks that an endpoint may be behind another."""
GAS_IN_HAND = 10 * 1_500_000
"""Gas that a sender should be able to pay for: ten large transactions."""
DAYS_OF_PRICES = 4
"""A file may be that many days behind: a long weekend."""
FEED_WARNING = 0.8
"""Part of its heartbeat after which a feed counts as late."""

_SLOT = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"
"""ERC-1967: where a proxy keeps its implementation."""
_ROUND = Fragment("latestRoundData", (), outputs=("uint80", "int256", "uint256", "uint256", "uint80"))


def examine(path: Path, *, with_keys: bool = True) -> Findings:
    """Looks at one thing after the other; what depends on something that failed is left out.

    Args:
        path: File of the config.
        with_keys: True to open keys, which may ask for passphrases.
    """
    try:
        config = load_config(path)
    except KeeperError as error:
        yield _fault(error)
        return
    yield Finding("ok", str(path), "complete")
    yield from _safely(lambda: _store(config))
    yield from _safely(lambda: _redis(config))
    if with_keys:
        yield from _safely(lambda: _alert_channels(config))
    try:
        node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
        block = node.latest()
    except KeeperError as error:
        yield _fault(error)
        return
    yield from _safely(lambda: _endpoints(config, block))
    yield clock(config.chain_id, block.timestamp, time.time())
    yield from _safely(lambda: _on_chain(config, node, block, with_keys))


def _on_chain(config: Config, node: Node, block: Block, with_keys: bool) -> Findings:
    deployment = load_deployment(config.at(config.deployment))
    if config.portfolio:
        deployment.portfolio(config.portfolio)
    yield from _safely(lambda: _contracts(deployment, node))
    if config.portfolio:
        yield from _safely(lambda: _portfolio(config, deployment, node, block))
        yield from _safely(lambda: _signal_model(config, deployment, node))
        yield from _safely(lambda: _reports(config, deployment, node, block))
        yield from _safely(lambda: _depth(config, deployment, node, block))
        yield from _safely(lambda: _feeds(config, deployment, node, block))
        yield from _safely(lambda: _prices(config, deployment, node, block))
    if config.claims.enabled:
        yield from _safely(lambda: _claims(deployment, node, block))
    if config.sanctions.enabled:
        yield from _safely(lambda: _lists(config))
    if config.training.enabled:
        yield from _safely(lambda: training_findings(config, time.time()))
    if config.kyc.enabled:
        yield from _safely(lambda: _identity_checks(config, deployment, node, block))
    yield from _safely(lambda: _progress(config, block))
    yield from _safely(lambda: _orders(config, deployment, node, block))
    if with_keys:
        yield from _safely(lambda: _keys(config, deployment, node))


def _endpoints(config: Config, block: Block) -> Findings:
    """Each for itself: a fallback that is needed and not there is found too late."""
    for url in (config.rpc_url, *config.fallback_rpc_urls):
        yield from _safely(partial(_endpoint, url, config.chain_id, block))
    for url in config.ws_urls:
        yield from _safely(partial(_websocket, url))


def _endpoint(url: str, chain_id: int, block: Block) -> Findings:
    node = connect(url, chain_id)
    started = time.monotonic()
    behind = block.number - node.latest().number
    took = (time.monotonic() - started) * 1000
    if behind > BLOCKS_BEHIND:
        yield Finding("warn", redact(url), f"{behind} blocks behind the first", "give it time, or replace it")
    else:
        yield Finding("ok", redact(url), f"chain {chain_id}, {took:.0f} ms")


def _websocket(url: str) -> Findings:
    subscribe_once(url)
    yield Finding("ok", redact(url), "tells of new blocks")


def clock(chain_id: int, timestamp: int, now: float) -> Finding:
    """Compares the time of a chain with the time of this machine.

    Args:
        chain_id: Local chains keep their own time.
        timestamp: Time of the newest block, unix seconds.
        now: Time of this machine, unix seconds.
    """
    ahead = timestamp - now
    when = datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if chain_id in LOCAL_CHAINS:
        return Finding("ok", "clock", f"the newest block is of {when}; a local chain keeps its own time")
    if ahead > EARLY_SECONDS:
        return Finding("fail", "clock", f"the newest block is {ahead:.0f} s in the future", "set this machine's clock")
    if ahead < -LATE_SECONDS:
        return Finding("warn", "clock", f"the newest block is {-ahead:.0f} s old", "see whether node and chain go on")
    return Finding("ok", "clock", f"the newest block is {max(-ahead, 0):.0f} s old")


def _contracts(deployment: Deployment, node: Node) -> Findings:
    """Code and, behind proxies, implementations: what was deployed, or what came after."""
    deployment.verify(node)
    yield Finding("ok", str(deployment.path), f"{len(deployment.contracts)} contracts, their code as deployed")
    proxies = {name: item for name, item in deployment.contracts.items() if item.implementation is not None}
    answers = node.batch(("eth_getStorageAt", [item.address, _SLOT, "latest"]) for item in proxies.values())
    for (name, item), answer in zip(proxies.items(), answers, strict=True):
        found = str(to_checksum_address("0x" + must(answer)[-40:]))
        if found != item.implementation:
            yield Finding(
                "warn",
                name,
                f"upgraded to {found}, deployed as {item.implementation}",
                "read the change, then update quantera and the deployment file",
            )


def _portfolio(config: Config, deployment: Deployment, node: Node, block: Block) -> Findings:
    record = deployment.portfolio(config.portfolio)
    view = Reader(node, deployment).risk(record.address, record.universe, block.number)
    what = f"portfolio {config.portfolio}"
    if view.state == "Normal":
        yield Finding("ok", what, "state Normal")
    else:
        yield Finding("warn", what, f"state {view.state}", "see `quantera status`; the risk bot recovers what it may")
    model = view.model
    if model.nonce == 0:
        yield Finding("warn", "model", "none posted", "run the risk bot")
    elif model.expiry <= block.timestamp:
        yield Finding("warn", "model", f"{model.nonce} has expired", "run the risk bot, with newer prices")
    else:
        yield Finding("ok", "model", f"{model.nonce}, good for {(model.expiry - block.timestamp) / 3600:.0f} h")


def _signal_model(config: Config, deployment: Deployment, node: Node) -> Findings:
    """Examines if the chain allows the configured model to sign rebalances."""
    name = config.rebalance.model
    key = model_id(name)
    found = registered_model(deployment, node, name)
    what, status = f"model {name!r}", found.status
    if config.rebalance.regime.enabled:
        yield from _model_file(config, found)
    if status == "live":
        yield Finding("ok", what, f"live since {datetime.fromtimestamp(found.changed_at, UTC):%Y-%m-%d}")
        return
    remedy = {
        "not registered": f"have the manager call ModelRegistry.register(0x{key.hex()}, …), or correct rebalance.model",
        "in the shadow": f"have the manager call ModelRegistry.promote(0x{key.hex()})",
        "retired": "register another, and name it in rebalance.model",
    }[status]
    yield Finding("fail", what, status, remedy)


def _model_file(config: Config, registered: RegisteredModel) -> Findings:
    """Examines if the file of the regime's model is the registered one and can decide."""
    file = config.at(config.rebalance.regime.file)
    try:
        opened = open_regime_model(read_model(file), registered.weights_hash)
    except SignalError as error:
        yield Finding("fail", f"model file {file.name}", f"{error.value}: {error.reason}", error.remedy)
    else:
        yield Finding("ok", f"model file {file.name}", f"0x{opened.weights_hash.hex()}, as registered")
        yield _reference(reference_path(file), opened)


def _reference(path: Path, model: RegimeModel) -> Finding:
    """Examines the reference by which drift of a model is judged."""
    what = f"reference {path.name}"
    try:
        reference = read_reference(path, model)
    except SignalError as error:
        return Finding("fail", what, f"{error.value}: {error.reason}", error.remedy)
    if reference is None:
        remedy = "copy it from the folder of `quantera signals train`, or train again"
        return Finding("warn", what, "missing: drift of the model is unwatched", remedy)
    return Finding("ok", what, "the model's own, drift is watched")


def _reports(config: Config, deployment: Deployment, node: Node, block: Block) -> Findings:
    """The last report, whether the chain takes what this config makes, and the scenarios."""
    wanted = config.risk.reports
    last = Reader(node, deployment).report(deployment.portfolio(config.portfolio).address, block.number)
    left = (last.expiry - block.timestamp) / HOUR
    if last.nonce and left <= 0:
        remedy = "run the risk bot" if wanted.enabled else "set risk.reports.enabled, and run the risk bot"
        yield Finding("warn", "report", f"{last.nonce} has lapsed, which restricts trading", remedy)
    elif last.nonce and not wanted.enabled:
        found = f"{last.nonce} lapses in {left:.0f} h, and this config makes no other"
        yield Finding("warn", "report", found, "set risk.reports.enabled, or have another keeper report")
    else:
        yield Finding("ok", "report", f"{last.nonce}, good for {left:.0f} h" if last.nonce else "none asked for yet")
    if not wanted.enabled:
        return
    terms = deployment.address("RiskReports")
    most = node.call(terms, abi.function("RiskReports", "maxLifetime")) / HOUR
    yield from _lifetime("risk.reports", wanted.lifetime_hours, most)
    path = wanted.scenarios
    scenarios = load_scenarios(None if path is None else config.at(path))
    yield Finding("ok", "scenarios", f"{len(scenarios)}, {'the ones that ship' if path is None else config.at(path)}")


def _depth(config: Config, deployment: Deployment, node: Node, block: Block) -> Findings:
    """Examines the recorded depth of each asset; without it no liquidity limit passes."""
    wanted, record = config.risk.depth, deployment.portfolio(config.portfolio)
    assets = node.call(record.address, abi.function("Portfolio", "assets"))[1:]
    reader = Reader(node, deployment)
    limited = reader.risk(record.address, record.universe, block.number).limits.max_liquidation_tenths != OFF
    for known in reader.depths(record.universe, assets, block.number):
        subject, left = f"depth {deployment.symbol_of(known.asset)}", (known.expiry - block.timestamp) / HOUR
        if known.depth:
            yield Finding("ok", subject, f"{known.depth / 10**18:,.0f} USD a day, good for {left:.0f} h")
        elif not (limited or wanted.enabled):
            yield Finding("ok", subject, "none, and no limit asks for it")
        else:
            found = "none posted" if known.nonce == 0 else "expired" if left <= 0 else "nothing in its pools"
            remedy = "run the risk bot" if wanted.enabled else "set risk.depth.enabled, and run the risk bot"
            yield Finding("warn", subject, found, remedy)
    if wanted.enabled:
        most = (
            node.call(deployment.address("MarketDepthRegistry"), abi.function("MarketDepthRegistry", "maxLifetime"))
            / HOUR
        )
        yield from _lifetime("risk.depth", wanted.lifetime_hours, most)


def _lifetime(section: str, hours: float, most: float) -> Findings:
    if hours > most:
        found = f"{hours:g} h, the chain takes {most:g} h"
        yield Finding("fail", f"{section}.lifetime_hours", found, f"set it to at most {most:g}")


def _feeds(config: Config, deployment: Deployment, node: Node, block: Block) -> Findings:
    assets = node.call(deployment.portfolio(config.portfolio).address, abi.function("Portfolio", "assets"))
    oracle = deployment.address("PriceOracle")
    for asset in assets:
        subject = f"feed {deployment.symbol_of(asset)}"
        try:
            price = node.call(oracle, abi.function("PriceOracle", "price"), asset)
            feed = node.call(oracle, abi.function("PriceOracle", "feedOf"), asset)
            updated = node.call(feed[0], _ROUND)[3]
        except ChainError as error:
            yield Finding("fail", subject, error.reason, "wait for the feed, or have the admin set another")
            continue
        age, heartbeat = block.timestamp - updated, feed[1]
        found = f"{price / 10**18:,.4f} USD, {age / 3600:.1f} h old of {heartbeat / 3600:.1f} h allowed"
        if age > FEED_WARNING * heartbeat:
            yield Finding("warn", subject, found, "look at the feed's operator")
        else:
            yield Finding("ok", subject, found)


def _prices(config: Config, deployment: Deployment, node: Node, block: Block) -> Findings:
    assets = Reader(node, deployment).universe_assets(deployment.portfolio(config.portfolio).universe)
    symbols = [deployment.symbol_of(asset) for asset in assets]
    day = last_closed_day(block.timestamp)
    closes, source = open_prices(config, node, deployment).closes(symbols, day), described(config)
    oracle: list[float] | None
    try:
        oracle = [price / WAD for price in Reader(node, deployment).oracle_prices(assets, block.number)]
    except Reverted:
        oracle = None  # The feeds' own findings say so.
    last, count = closes.dates[-1], len(closes.dates)
    for symbol, reason in doubts(
        closes.last(config.risk.history_days), day, config.prices.guards.as_guards, oracle
    ).items():
        yield Finding("fail", f"closes of {symbol}", reason, f"correct {source}, or widen prices.guards")
    found = f"{count} days of {len(symbols)} assets, the last {last}"
    if count <= config.risk.min_observations:
        yield Finding("fail", source, found, f"add days: risk.min_observations is {config.risk.min_observations}")
    elif (day - last).days > DAYS_OF_PRICES:
        yield Finding("warn", source, f"{found}, {(day - last).days} days behind", "append newer closes")
    else:
        yield Finding("ok", source, found)


def _claims(deployment: Deployment, node: Node, block: Block) -> Findings:
    """The shared registry: those that tokens have of their own are found by the bot."""
    topics = IdentityReader(node, deployment.address("IdentityRegistry")).topics(block)
    issuers = {issuer for topic in topics for issuer in topic.issuers}
    if any(topic.required for topic in topics) and issuers:
        yield Finding("ok", "claims", f"{len(topics)} topics, {len(issuers)} trusted issuers in the shared registry")
    else:
        found = f"{len(topics)} topics, {len(issuers)} trusted issuers in the shared registry"
        yield Finding("warn", "claims", f"{found}: it verifies nobody by claims", "set topics and trust issuers there")


def _lists(config: Config) -> Findings:
    """Lists that the sanctions bot works from."""
    store = Store.open(config.store_url)
    try:
        found = newest(store)
    finally:
        store.close()
    if not found:
        yield Finding("fail", "lists", "none was accepted yet", "import one: quantera compliance lists import")
    for one in found:
        stale = one.alarm(int(time.time()))
        counts = f"{one.counts.parties:,} records of {one.published}"
        if stale:
            yield Finding("warn", f"list {one.list_id}", f"{counts}, not confirmed for 24 hours", "import it again")
        else:
            yield Finding("ok", f"list {one.list_id}", counts)


def _identity_checks(config: Config, deployment: Deployment, node: Node, block: Block) -> Findings:
    """Registry, register and webhooks of the kyc bot."""
    issuer = config.kyc.issuer
    topics = IdentityReader(node, deployment.address("IdentityRegistry")).topics(block)
    believed = {topic.id for topic in topics if issuer.lower() in topic.issuers}
    for name, level in config.kyc.levels.items():
        strange = [str(wanted.topic) for wanted in level.topics if wanted.topic not in believed]
        if strange:
            found = f"the shared registry does not believe {issuer} about {', '.join(strange)}"
            yield Finding("warn", f"level {name}", found, "have COMPLIANCE_OFFICER_DELAYED trust the issuer there")
        else:
            yield Finding("ok", f"level {name}", f"{level.provider}, {len(level.topics)} topics")
    yield Finding("ok", "register of people", f"{len(register(config))} persons")
    if config.kyc.webhooks is None or not config.kyc.webhooks.public_url:
        found = "webhooks are not taken, or Jumio is told no address: results come with the next poll"
        yield Finding("warn", "webhooks", found, "set kyc.webhooks with public_url")


def _claim_issuer(config: Config, node: Node) -> Findings:
    """The key that signs claims, as the claim issuer knows it."""
    key = config.keys.claim_issuer
    if key is None or not config.kyc.enabled:
        return
    address = open_key(config, key).address
    if OnchainIds(node, config.kyc.issuer).signs(address):
        yield Finding("ok", "claim issuer", address)
    else:
        found = f"{config.kyc.issuer} does not know {address} as a key that signs claims"
        yield Finding("fail", "claim issuer", found, "have its management key call addKey with purpose 3")


def _sanctions_rights(deployment: Deployment, node: Node, sender: str) -> Findings:
    """Rights of the sanctions bot's sender; without the second it only adds."""
    address = deployment.address(SANCTIONS)
    access = Access(node, deployment.address("AccessManager"))
    needed: tuple[tuple[str, str, Level], ...] = (
        ("sanction", "COMPLIANCE_OFFICER", "fail"),
        ("lift", "COMPLIANCE_OFFICER_DELAYED", "warn"),
    )
    for function, role, level in needed:
        now, delay = access.may(sender, address, abi.function(SANCTIONS, function).selector)
        right = f"{sender} {'may' if now else 'may with a delay' if delay else 'may not'} {function}"
        able = now or (delay and function == "lift")
        yield Finding("ok" if able else level, function, right, "" if able else f"have ADMIN grant it {role}")


def _store(config: Config) -> Findings:
    from keepers.store.partitions import extension_state
    from keepers.store.tables import HEAD

    store = Store.open(config.store_url)
    try:
        yield Finding("ok", "database", f"{store.engine.dialect.name}, version {HEAD}")
        with store.reading() as connection:
            if extension_state(connection) == "available":
                found = "available on the server, not created in the database; months are plain partitions"
                yield Finding("ok", "timescaledb", found)
    finally:
        store.close()


def _progress(config: Config, block: Block) -> Findings:
    store = Store.open(config.store_url)
    try:
        for bot in (bot_name(config, kind) for kind in config.kinds):
            cursor = store.cursor(bot)
            if cursor is None:
                yield Finding("ok", bot, "has not run yet")
            else:
                yield Finding("ok", bot, f"{max(block.number - cursor.block_number, 0)} blocks behind the chain")
            rest = paused(store, bot)
            if rest is not None:
                yield Finding("warn", bot, f"paused: {rest.reason}", "quantera unpause")
    finally:
        store.close()


def _orders(config: Config, deployment: Deployment, node: Node, block: Block) -> Findings:
    """Open orders that are sold slice by slice: whether they are sold in time, and can be paid for."""
    bot = bot_name(config, "execution")
    with closing(Store.open(config.store_url)) as store:
        for order in orders.open_on(store, config.chain_id):
            held, _ = WalletSwaps(node, deployment, order.trader).means(order.token_in, order.trader, block.number)
            yield _order(order, progress(orders.fills(store, bot, order.id)).sold, held, block)


def _order(order: SlicedOrder, sold: int, held: int, block: Block) -> Finding:
    what, rest = f"order {order.id}", order.amount - sold
    left = order.left_over((order.slot_at(block.timestamp) or 0) - 1, sold)
    told = f"{order.state}, {sold / order.amount:.0%} of {order.amount} sold"
    if order.ends <= block.timestamp:
        return Finding(
            "warn", what, f"{told}; its last slot has ended", "run `quantera run execution`, which closes it"
        )
    if order.state is OrderState.PAUSED:
        return Finding("warn", what, f"{told}; {order.reason}", f"quantera execution resume {order.id}")
    if held < rest:
        found = f"{told}; {order.trader} holds {held} of the {rest} that are left"
        return Finding("warn", what, found, "send it the difference, or cancel the order")
    if left:
        return Finding("warn", what, f"{told}; {left} will not be sold in its time", "see that the bot runs")
    return Finding("ok", what, told)


def _traders(config: Config, sender: str) -> Findings:
    """Open orders of an account whose key this config does not have."""
    with closing(Store.open(config.store_url)) as store:
        stored = orders.open_on(store, config.chain_id)
    for order in (order for order in stored if order.trader != sender):
        found = f"sold for {order.trader}, and keys.sender is {sender}"
        yield Finding("warn", f"order {order.id}", found, "give keys.sender that account's key, or cancel the order")


def _redis(config: Config) -> Findings:
    if config.redis is None:
        return
    fanout = Fanout.open(config.redis)
    try:
        fanout.ping()
        yield Finding("ok", "redis", "answers")
    except KeeperError as error:
        # Bots do without.
        yield Finding("warn", "redis", error.reason, error.remedy)
    finally:
        fanout.close()


def _alert_channels(config: Config) -> Findings:
    """Reads the secrets of every channel; nothing is sent."""
    alerts = config.risk.alerts
    if not alerts.rules and not alerts.channels:
        return
    opened = open_channels(config, None)
    yield Finding("ok", "alerts", f"{len(alerts.rules)} rules; channels {', '.join(opened)}")


def _keys(config: Config, deployment: Deployment, node: Node) -> Findings:
    """Opens every key; then the sender's means and the signers' rights."""
    try:
        sender = open_key(config, config.keys.sender).address
    except KeeperError as error:
        yield _fault(error)
    else:
        yield _balance(config, node, sender)
        yield from _traders(config, sender)
        if config.sanctions.enabled:
            yield from _sanctions_rights(deployment, node, sender)
    yield from _safely(lambda: _claim_issuer(config, node))
    signers = []
    for number, key in enumerate(config.keys.signers, 1):
        try:
            signers.append(open_key(config, key).address)
            yield Finding("ok", f"signer {number}", signers[-1])
        except KeeperError as error:
            yield _fault(error)
    if not config.portfolio:
        return
    record = deployment.portfolio(config.portfolio)
    # One set signs models, reports and depth.
    yield from _quorum("models and reports", record.universe, signers, deployment, node)
    yield from _quorum("rebalances", bytes(12) + bytes.fromhex(record.address[2:]), signers, deployment, node)


def _balance(config: Config, node: Node, sender: str) -> Finding:
    balance = int(node.rpc("eth_getBalance", [sender, "latest"]), 16)
    needed = int(GAS_IN_HAND * config.max_fee_gwei * GWEI)
    found = f"{sender} has {balance / 10**18:.4f} ether"
    if balance < needed:
        level: Level = "warn" if balance else "fail"
        return Finding(level, "sender", found, f"send it {(needed - balance) / 10**18:.4f} more, for ten transactions")
    return Finding("ok", "sender", found)


def _quorum(what: str, set_id: bytes, signers: list[str], deployment: Deployment, node: Node) -> Findings:
    sets = deployment.address("SignerSets")
    count, threshold = node.call(sets, abi.function("SignerSets", "quorumOf"), set_id)
    asked = abi.function("SignerSets", "weightOf")
    weights = node.calls([Call(sets, asked, (set_id, signer)) for signer in signers])
    members = {signer: weight for signer, answer in zip(signers, weights, strict=True) if (weight := must(answer))}
    for signer in signers:
        if signer not in members:
            remedy = f"have the keeper registrar call SignerSets.addSigner(0x{set_id.hex()}, {signer}), or take it out"
            # The chain refuses a whole quorum for one stranger in it.
            yield Finding("fail", f"signers of {what}", f"{signer} is not among the {count}", remedy)
    weight = sum(members.values())
    heavy = f" with a weight of {weight}" if weight != len(members) else ""
    found = f"{len(members)} of {count}{heavy}, {threshold} needed"
    if weight < threshold or threshold == 0:
        yield Finding("fail", f"signers of {what}", found, "add keys of members under keys.signers")
    else:
        yield Finding("ok", f"signers of {what}", found)


def _safely(look: Callable[[], Findings]) -> Findings:
    """Yields a finding, too, for a check that fails to run."""
    try:
        yield from look()
    except KeeperError as error:
        yield _fault(error)


def _fault(error: KeeperError) -> Finding:
    return Finding("fail", str(error.value), error.reason, error.remedy)
