from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from keepers.bots.names import rebalance_key, signal_nonce
from keepers.config import load_config
from keepers.contracts.messages import model_id
from keepers.signals.regimes.label import Label
from keepers.signals.regimes.rule_file import EwmaRule
from keepers.store import Decision, Store, forecasts
from keepers.store.forecasts import Demotion
from scripts._lib.anvil import advance
from scripts._lib.deployment.venues import Venue, market_record
from scripts._lib.venues.balancer import vault_abi
from tests.fixtures.node import PRICES, SYMBOLS, World
from tests.fixtures.venue_kinds import create
from tests.unit.keepers.bots.harness import (
    Running,
    posted,
    ready,
    rebalanced,
    sent,
    started,
    state_of,
)


def decided(world: World, running: Running, nonce: int) -> Decision:
    key = rebalance_key(world.portfolio.address, nonce)
    found = running.services.store.decision("rebalance:demo", key)
    assert found is not None
    return found


def day(world: World, risk: Running, rebalance: Running, number: int, **prices: float) -> Decision:
    """One day of both bots; what the rebalance bot decided."""
    world.write_prices(number + 1, **prices)  # type: ignore[arg-type]
    world.open_day(number)
    risk.step(2)
    rebalance.step(2)
    risk.step(2)
    return decided(world, rebalance, posted(world))


def test_rebalance_bot__cash_and_a_model__invests_inside_the_limits(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
        found = decided(world, bot, 1)
        assert found.outcome == "done" and found.reason.startswith("first investment of cash")
        state = bot.services.reader.portfolio("demo", world.w3.eth.block_number)
        assert state.weights.sum() == pytest.approx(0.98, abs=0.01)
        assert state.risk.breaches() == []
        used = world.contract("AutoRebalancer").functions.isNonceUsed(
            world.portfolio.address, signal_nonce(world.portfolio.address, 1)
        )
        assert used.call()


def test_rebalance_bot__market_without_maths_is_the_best__is_traded_on(world: World) -> None:
    names = {name: world.tokens[name] for name in ("USDC", "AAA")}
    # Five times as deep as the pools beside it, at a third of their fee.
    amounts = {"USDC": 25_000_000 * 10**6, "AAA": 250_000 * 10**18}
    entry = create(world.w3, world.owner, "balancer-weighted", names, amounts)
    venue: Any = TypeAdapter(Venue).validate_python(entry)
    market = venue.market({name: token.address for name, token in names.items()})
    world.call(world.contract("LiquidityAggregator").functions.listMarket(market.as_tuple()))
    record = {**world.record, "pools": [*world.record["pools"], market_record(entry["kind"], market)]}
    (world.folder / "wider.json").write_text(json.dumps(record))
    ready(world)
    config = world.write_config(deployment="wider.json")
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
        assert decided(world, bot, 1).outcome == "done"
    vault = world.w3.eth.contract(address=market.target, abi=vault_abi())
    swaps = vault.events.Swap().get_logs(from_block=0)
    assert [swap["args"]["poolId"] for swap in swaps] == [market.id]


def test_rebalance_bot__no_model__does_nothing(world: World) -> None:
    config = ready(world)
    with started("rebalance", config) as bot:
        bot.step()
        assert bot.services.store.decisions("rebalance:demo") == []


def test_rebalance_bot__touches_much_of_many_contracts__names_it_beforehand(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
        tx_hash = decided(world, bot, 1).tx_hash
    mined = world.w3.eth.get_transaction(tx_hash)
    used = world.w3.eth.get_transaction_receipt(tx_hash)["gasUsed"]
    message = {"from": mined["from"], "to": mined["to"], "data": mined["input"]}
    world.w3.provider.make_request("anvil_rollback", [world.w3.eth.block_number - mined["blockNumber"] + 1])
    plain = world.w3.eth.estimate_gas(message)
    assert len(mined["accessList"]) > 3 and used < plain


def test_rebalance_bot__same_model__decides_once(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step(6)
        assert rebalanced(world) == 1
        assert sent(world, bot) == sent(world, risk)


def test_rebalance_bot__next_day_inside_limits__says_why_not(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        day(world, risk, bot, 201)
        found = day(world, risk, bot, 202)
        assert (found.outcome, found.reason) == ("nothing", "inside every limit; schedule not due")
        found = day(world, risk, bot, 208)
        assert found.outcome == "nothing" and "drift" in found.reason


def test_rebalance_bot__crash__trips_and_lowers_var_to_inside(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        day(world, risk, bot, 201)
        world.write_prices(203, shocks=20)
        # The chain lets variances rise by what it has seen itself. Pools and oracle agree again afterwards.
        world.open_day(202, dict.fromkeys(SYMBOLS, 0.9))
        risk.loop.step()
        world.quote()
        bot.step(2)
        found = decided(world, bot, posted(world))
        assert found.outcome == "done" and found.reason.startswith("VaR outside the limit")
        assert state_of(world) == 2
        view = bot.services.reader.risk(world.portfolio.address, world.universe)
        assert view.breaches() == []


def test_rebalance_bot__mistyped_close_and_no_guards__the_chain_holds_the_model_back(world: World) -> None:
    """A desk without price guards, or a thief with its keys, cannot force a sale."""
    ready(world)
    careless = {"oracle_tolerance": 1e6, "jump": 1e6, "jump_sigmas": 1e6}
    config = world.write_config(prices={"path": "prices.csv", "guards": careless})
    with started("risk", config) as risk, started("rebalance", config) as bot:
        day(world, risk, bot, 201)
        before = bot.services.reader.portfolio("demo", world.w3.eth.block_number)
        *past, last = world.write_prices(203).read_text().splitlines()
        date_, first, *others = last.split(",")
        mistyped = ",".join([date_, str(float(first) * 10), *others])
        (world.folder / "prices.csv").write_text("\n".join([*past, mistyped]) + "\n")
        world.open_day(202)
        risk.step(2)
        bot.step(2)
        risk.step(2)
        after = bot.services.reader.portfolio("demo", world.w3.eth.block_number)
    assert "held back by the step bounds" in risk.output.getvalue()
    assert posted(world) == 2 and state_of(world) == 0 and rebalanced(world) == 1
    assert after.weights == pytest.approx(before.weights)
    rise = np.diag(after.covariance) / np.diag(before.covariance)
    assert rise.max() == pytest.approx(1.25)


def test_rebalance_bot__no_trade_is_worth_making__does_nothing(world: World) -> None:
    ready(world)
    config = world.write_config(rebalance={"min_trade_usd": 10**9})
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
        found = decided(world, bot, 1)
    assert found.outcome == "nothing" and "every trade is below min_trade_usd" in found.reason


def test_rebalance_bot__halted__does_nothing(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        world.call(world.contract("RiskEngine").functions.shutdown(world.portfolio.address))
        bot.step()
        found = decided(world, bot, 1)
        assert (found.outcome, found.reason) == ("nothing", "trading is halted")


def test_rebalance_bot__nothing_deposited__says_so(world: World) -> None:
    world.write_prices(201)
    world.open_day(200)
    config = world.write_config()
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
        assert decided(world, bot, 1).reason == "nothing deposited"


def test_rebalance_bot__pools_away_from_the_oracle__refuses_with_the_reason(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        world.open_day(201, {"AAA": 0.5})
        bot.step()
        found = decided(world, bot, 1)
        assert found.outcome == "refused" and "less than the oracle's price" in found.reason
        assert rebalanced(world) == 0


def test_rebalance_bot__chain_refuses__tries_smaller_once_then_records_it(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        pool = world.record["pools"][0]["address"]
        world.call(world.contract("LiquidityAggregator").functions.delistPool(pool))
        bot.step()
        found = decided(world, bot, 1)
        assert found.outcome == "refused"
        assert f"LiquidityAggregator__PoolNotListed(pool={pool})" in found.reason
        assert bot.output.getvalue().count('"event": "refused"') == 2
        assert sent(world, bot) == sent(world, risk)


def test_rebalance_bot__reverts_when_mined__has_failed_as_with_every_other_bot(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        pool = world.record["pools"][0]["address"]
        broadcast = bot.services.sender._broadcast

        def too_late(transaction: Any) -> None:
            monkeypatch.setattr(bot.services.sender, "_broadcast", broadcast)
            world.call(world.contract("LiquidityAggregator").functions.delistPool(pool))
            broadcast(transaction)

        monkeypatch.setattr(bot.services.sender, "_broadcast", too_late)
        bot.step()
        found = decided(world, bot, 1)
    assert found.outcome == "failed" and "LiquidityAggregator__PoolNotListed" in found.reason
    assert world.w3.eth.get_transaction_receipt(found.tx_hash)["status"] == 0  # type: ignore[arg-type]
    assert bot.output.getvalue().count('"event": "refused"') == 2


def test_rebalance_bot__price_stale__decides_when_it_is_back(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        world.w3.provider.make_request("evm_increaseTime", [3 * 86_400 + 7200])  # type: ignore[arg-type]
        world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
        bot.step(2)
        assert bot.services.store.decisions("rebalance:demo") == []
        assert bot.output.getvalue().count('"event": "waits"') == 1
        assert "PriceOracle__StalePrice" in bot.output.getvalue()
        world.open_day(204)
        bot.step()
        assert decided(world, bot, 1).outcome != "refused"


def test_rebalance_bot__price_too_old_to_trade_at__goes_the_whole_way_when_it_is_fresh(world: World) -> None:
    ready(world)
    config = world.write_config(rebalance={"schedule": {"every_n_days": 1, "drift_bps": 100}})
    oracle = world.contract("PriceOracle").functions
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step(2)
        for symbol in SYMBOLS:
            world.call(oracle.setTradingWindow(world.tokens[symbol].address, (600, 0, 0, 0)))
        advance(world.w3, 3600)
        bot.step(2)
        assert bot.services.store.decisions("rebalance:demo") == []
        assert "PriceOracle__TooOldToTrade" in bot.output.getvalue()
        for symbol in SYMBOLS:
            world.call(world.feeds[symbol].functions.setAnswer(PRICES[symbol] * 10**8))
        bot.step(2)
        found = decided(world, bot, posted(world))
        assert found.outcome == "done" and found.complete


def test_rebalance_bot__interval_since_the_last_one_not_over__goes_the_whole_way_when_it_is(world: World) -> None:
    ready(world)
    config = world.write_config(rebalance={"schedule": {"every_n_days": 1, "drift_bps": 100}})
    with started("risk", config) as risk, started("rebalance", config) as bot:
        assert day(world, risk, bot, 201).outcome == "done"
        policy = (50_000, 3600, 36 * 3600, 0)
        world.call(world.contract("AutoRebalancer").functions.setPolicy(world.portfolio.address, policy))
        world.deposit(100_000)
        world.write_prices(203)
        world.open_day(202)
        risk.step(2)
        bot.step(2)
        key = rebalance_key(world.portfolio.address, posted(world))
        assert bot.services.store.decision("rebalance:demo", key) is None
        assert "AutoRebalancer__TooSoon" in bot.output.getvalue()
        advance(world.w3, 13 * 3600)
        bot.step(2)
        found = decided(world, bot, posted(world))
        assert found.outcome == "done" and found.complete


def test_rebalance_bot__away_for_two_models__says_that_they_passed(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        day(world, risk, bot, 201)
    with started("risk", config) as risk:
        for number in (202, 203, 204):
            world.write_prices(number + 1)
            world.open_day(number)
            risk.step()
    with started("rebalance", config) as bot:
        bot.step()
        outcomes = [decided(world, bot, nonce).outcome for nonce in range(1, 5)]
        assert outcomes == ["done", "superseded", "superseded", "nothing"]
        (line,) = [line for line in bot.output.getvalue().splitlines() if '"event": "superseded"' in line]
        assert '"models": 2' in line and "superseded" not in bot.output.getvalue().replace(line, "")


def test_rebalance_bot__gas_above_the_bound__waits_and_acts_when_it_has_fallen(world: World) -> None:
    ready(world)
    config = world.write_config(max_fee_gwei=50)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        for _ in range(10):
            base_fee(world, 51)
            bot.step(1)
        log = bot.output.getvalue()
        assert rebalanced(world) == 0 and '"event": "failure"' not in log
        (line,) = [line for line in log.splitlines() if '"event": "waits"' in line]
        assert "above the bound of 50.000; raise max_fee_gwei" in line
        base_fee(world, 0)
        bot.step(1)
        assert rebalanced(world) == 1


def base_fee(world: World, gwei: int) -> None:
    """A block at which gas costs so much."""
    world.w3.provider.make_request("anvil_setNextBlockBaseFeePerGas", [hex(gwei * 10**9)])  # type: ignore[arg-type]
    world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]


def test_rebalance_bot__momentum_on_with_history__tilts(world: World) -> None:
    ready(world, days=400)
    config = world.write_config(rebalance={"model": "momentum", "momentum": {"enabled": True, "scale": 0.001}})
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
        assert decided(world, bot, 1).outcome == "done"
        state = bot.services.reader.portfolio("demo", world.w3.eth.block_number)
        assert state.weights.max() - state.weights.min() > 0.05


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), (b"poisoned", "registered is 0x")], ids=["missing", "replaced"]
)
def test_rebalance_bot__model_file_broken__falls_back_and_alerts(
    world: World, content: bytes | None, reason: str
) -> None:
    ready(world)
    regime = {"enabled": True, "file": "broken.onnx", "market": "AAA"}
    config = world.write_config(rebalance={"model": "momentum", "regime": regime})
    if content is not None:
        (world.folder / "broken.onnx").write_bytes(content)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
        found = decided(world, bot, 1)
        (line,) = [line for line in bot.output.getvalue().splitlines() if '"event": "signal fell back"' in line]
    (world.folder / "broken.onnx").unlink(missing_ok=True)
    told = json.loads(line)
    assert found.outcome == "done" and told["to"] == "equal-weight" and reason in told["reason"]
    # The fallback signs under its own name, and not under the broken model's.
    assert model_id("equal-weight") in bytes(world.w3.eth.get_transaction(found.tx_hash)["input"])
    assert model_id("momentum") not in bytes(world.w3.eth.get_transaction(found.tx_hash)["input"])


def test_rebalance_bot__registered_rule_of_the_regime__holds_the_regimes_strategy(world: World) -> None:
    ready(world)
    rule = EwmaRule(Label(5, 40), -5.0, 0.8, 0.3, date(2020, 1, 2), "d" * 64)
    (world.folder / "rule.json").write_bytes(rule.content)
    registry, key = world.contract("ModelRegistry").functions, model_id("regimes")
    world.call(registry.register(key, rule.weights_hash, bytes(32), b"\1" * 32))
    world.call(registry.promote(key))
    regime = {"enabled": True, "file": "rule.json", "market": "AAA", "turbulent": "inverse-volatility"}
    config = world.write_config(rebalance={"model": "regimes", "regime": regime})
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
        found = decided(world, bot, 1)
        assert found.outcome == "done" and "fell back" not in bot.output.getvalue()
    assert "; turbulent by 80%, inverse-volatility, inputs 0x" in found.reason
    assert key in bytes(world.w3.eth.get_transaction(found.tx_hash)["input"])


def test_rebalance_bot__model_in_the_shadow__falls_back(world: World) -> None:
    ready(world)
    rule = EwmaRule(Label(5, 40), -5.0, 0.8, 0.3, date(2020, 1, 2), "d" * 64)
    (world.folder / "rule.json").write_bytes(rule.content)
    registry = world.contract("ModelRegistry").functions
    world.call(registry.register(model_id("challenger"), rule.weights_hash, bytes(32), b"\1" * 32))
    regime = {"enabled": True, "file": "rule.json", "market": "AAA"}
    config = world.write_config(rebalance={"model": "challenger", "regime": regime})
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
        assert decided(world, bot, 1).outcome == "done"
        assert "model 'challenger': in the shadow" in bot.output.getvalue()


def test_rebalance_bot__log__holds_no_secret(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
        output = risk.output.getvalue() + bot.output.getvalue()
        assert output and "correct horse" not in output
        assert f"{0xA11CE:064x}" not in output and f"{0xB0B:064x}" not in output


def test_rebalance_bot__cash_too_much_for_the_pools__goes_on_with_the_next_model(world: World) -> None:
    config = ready(world, dollars=400_000)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        first = day(world, risk, bot, 201)
        assert first.outcome == "done" and not first.complete and "part of the way (" in first.reason
        second = day(world, risk, bot, 203)
        # Nobody brings the pools back to the price here, so that they may refuse; the bot did not wait.
        assert second.reason.startswith("schedule due")


def contest(world: World, *, demoted: bool = False) -> Path:
    """A keeper that follows a live rule with a rival in its shadow; the config."""
    ready(world)
    rule = EwmaRule(Label(5, 40), -5.0, 0.8, 0.3, date(2019, 1, 2), "d" * 64)
    rival = replace(rule, cut=5.0)
    registry = world.contract("ModelRegistry").functions
    for name, file, model in (("regimes", "rule.json", rule), ("rival", "rival.json", rival)):
        (world.folder / file).write_bytes(model.content)
        world.call(registry.register(model_id(name), model.weights_hash, bytes(32), b"\1" * 32))
    world.call(registry.promote(model_id("regimes")))
    challenger = {"model": "rival", "file": "rival.json"}
    regime = {"enabled": True, "file": "rule.json", "market": "AAA", "turbulent": "inverse-volatility"}
    config = world.write_config(rebalance={"model": "regimes", "regime": {**regime, "challenger": challenger}})
    if demoted:
        with closing(Store.open(load_config(config).store_url)) as store:
            weights = "0x" + rule.weights_hash.hex()
            forecasts.demote(store, Demotion("demo", "regimes", weights, "2019-07-01", "inputs 9", 1, 1, told=True))
    return config


def test_rebalance_bot__challenger_in_the_shadow__is_recorded_and_moves_nothing(world: World) -> None:
    config = contest(world)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
        found = decided(world, bot, 1)
        (mine,) = forecasts.forecasts(bot.services.store, "demo", "regimes")
        (rival,) = forecasts.forecasts(bot.services.store, "demo", "rival")
    # The rival says calm, for which another strategy would be held.
    assert mine.predicted and not rival.predicted and (mine.role, rival.role) == ("champion", "challenger")
    assert f"; turbulent by 80%, inverse-volatility, inputs {mine.inputs_hash}" in found.reason
    signed = bytes(world.w3.eth.get_transaction(found.tx_hash)["input"])
    assert model_id("regimes") in signed and model_id("rival") not in signed


def test_rebalance_bot__model_that_was_demoted_before_it_started__holds_the_fallback(world: World) -> None:
    config = contest(world, demoted=True)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
        found = decided(world, bot, 1)
        lines = [json.loads(line) for line in bot.output.getvalue().splitlines()]
    events = [line["event"] for line in lines]
    assert "signal stays demoted" in events and "signal fell back" not in events and "signal demoted" not in events
    signed = bytes(world.w3.eth.get_transaction(found.tx_hash)["input"])
    assert model_id("equal-weight") in signed and model_id("regimes") not in signed
