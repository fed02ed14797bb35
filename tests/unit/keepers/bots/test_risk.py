from __future__ import annotations

import numpy as np
import pytest

from keepers.bots.names import model_key
from keepers.errors import KeeperError
from keepers.market import CsvPriceSource
from keepers.market.close_time import close_of, last_closed_day
from keepers.risk.covariance import estimate
from keepers.risk.fixed_point import to_fixed_point
from keepers.risk.models import model_named
from keepers.store import Decision
from scripts._lib.deployment.roles import KEEPER
from tests.fixtures.node import FIRST_DAY, SENDER, SYMBOLS, World
from tests.unit.keepers.bots.harness import Running, later, posted, ready, rebalanced, sent, started, state_of
from tests.unit.keepers.cli.test_cli import invoke


def of_models(bot: Running) -> list[Decision]:
    """Decisions of the bot about models."""
    return [item for item in bot.services.store.decisions(bot.bot.name) if item.key.startswith("model:")]


def test_risk_bot__new_close__posts_the_estimate_of_history_up_to_that_day(world: World) -> None:
    config = ready(world)
    world.write_prices(250)
    with started("risk", config) as bot:
        bot.step()
        day = last_closed_day(world.w3.eth.get_block("latest")["timestamp"])
        assert (day - FIRST_DAY).days == 200
        info = bot.services.reader.model(world.universe)
        assert (info.nonce, info.as_of) == (1, close_of(day))
        prices = CsvPriceSource(world.folder / "prices.csv").closes(SYMBOLS, day)
        expected = to_fixed_point(estimate(prices.returns(), 30.0).matrix)
        assert bot.services.reader.model_entries(info) == expected
        decision = bot.services.store.decision(bot.bot.name, model_key(world.universe, 1, info.as_of))
        assert decision is not None and decision.outcome == "done" and decision.tx_hash
        assert "200 days, ewma student: 200 observations, fewer than 500, t of" in decision.reason


def test_risk_bot__history_of_500_returns__posts_the_default_model_and_names_it(world: World) -> None:
    config = ready(world)
    world.write_prices(700, earlier=500)
    with started("risk", config) as bot:
        bot.step()
        info = bot.services.reader.model(world.universe)
        day = last_closed_day(world.w3.eth.get_block("latest")["timestamp"])
        returns = CsvPriceSource(world.folder / "prices.csv").closes(SYMBOLS, day).returns()
        expected = model_named("garch dcc student").fit(returns).forecast(returns).covariance
        assert bot.services.reader.model_entries(info) == to_fixed_point(expected)
        (decision,) = of_models(bot)
        assert f"{len(returns)} days, garch dcc student" in decision.reason


def test_risk_bot__model_of_the_config__is_the_one_that_it_posts(world: World) -> None:
    ready(world)
    config = world.write_config(risk={"model": "ewma"})
    world.write_prices(700, earlier=500)
    with started("risk", config) as bot:
        bot.step()
        info = bot.services.reader.model(world.universe)
        day = last_closed_day(world.w3.eth.get_block("latest")["timestamp"])
        returns = CsvPriceSource(world.folder / "prices.csv").closes(SYMBOLS, day).returns()
        assert bot.services.reader.model_entries(info) == to_fixed_point(estimate(returns, 30.0).matrix)


def test_risk_bot__same_day__posts_once(world: World) -> None:
    config = ready(world)
    with started("risk", config) as bot:
        bot.step(5)
        before = sent(world, bot)
        world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
        bot.step(3)
        assert posted(world) == 1
        assert sent(world, bot) == before


def test_risk_bot__restarted__goes_on_with_the_next_day(world: World) -> None:
    config = ready(world)
    with started("risk", config) as bot:
        bot.step()
    world.write_prices(202)
    world.open_day(201)
    with started("risk", config) as bot:
        bot.step()
    assert posted(world) == 2


def test_risk_bot__prices_come_after_the_block__posts_without_a_new_block(world: World) -> None:
    config = ready(world)
    with started("risk", config) as bot:
        bot.step()
        world.open_day(201)
        bot.step()
        assert posted(world) == 1
        world.write_prices(202)
        bot.step(1)
        assert posted(world) == 2


def test_risk_bot__too_little_history__says_so_once(world: World) -> None:
    config = ready(world)
    lines = world.write_prices(201).read_text().splitlines()
    (world.folder / "prices.csv").write_text("\n".join([lines[0], *lines[-20:]]) + "\n")
    with started("risk", config) as bot:
        bot.step(5)
        assert posted(world) == 0
        (decision,) = of_models(bot)
        assert decision.outcome == "nothing" and "fewer than 60" in decision.reason


def test_risk_bot__no_price_file__fails_with_its_name(world: World) -> None:
    config = ready(world)
    (world.folder / "prices.csv").unlink()
    with started("risk", config) as bot, pytest.raises(KeeperError, match=r"prices.csv: No such file"):
        bot.step()


def test_risk_bot__too_few_signers__records_the_refusal(world: World) -> None:
    ready(world)
    key = {"keystore": "signer-0.json", "passphrase_file": "signer-0.pass"}
    sender = {"keystore": "sender.json", "passphrase_file": "sender.pass"}
    config = world.write_config(keys={"sender": sender, "signers": [key]})
    with started("risk", config) as bot:
        bot.step()
        (decision,) = of_models(bot)
        assert decision.outcome == "refused"
        assert "SignerSets__BelowQuorum" in decision.reason and "threshold=2" in decision.reason
        assert sent(world, bot) == 0


def test_risk_bot__first_model__checkpoints_the_share_price(world: World) -> None:
    config = ready(world)
    with started("risk", config) as bot:
        bot.step()
    raised = world.contract("RiskEngine").events.HighWaterMarkRaised().get_logs(from_block=0)
    assert len(raised) == 1


def invested(world: World) -> None:
    """Half of the portfolio in AAA, by gift: the fastest way."""
    world.call(world.tokens["AAA"].functions.transfer(world.portfolio.address, 1000 * 10**18))


def test_risk_bot__limit_breached_then_mended__trips_then_recovers(world: World) -> None:
    config = ready(world)
    with started("risk", config) as bot:
        bot.step()
        invested(world)
        world.write_prices(204, shocks=22)
        # The chain lets variances rise by what it has seen itself.
        world.open_day(201, dict.fromkeys(SYMBOLS, 0.9))
        bot.step(4)
        assert state_of(world) == 2
        world.deposit(900_000)
        bot.step(4)
        assert state_of(world) == 2
        world.open_day(202)
        bot.step(4)
        assert state_of(world) == 0
        keys = [item.key.partition(":")[0] for item in bot.services.store.decisions(bot.bot.name)]
        assert keys.count("trip") == 1 and keys.count("recover") == 2


def trips(bot: Running) -> int:
    """Calls of `trip` that the bot sent."""
    return [item.key.partition(":")[0] for item in bot.services.store.decisions(bot.bot.name)].count("trip")


def test_risk_bot__without_the_role__trips_when_it_has_looked_twice(world: World) -> None:
    config = ready(world)
    world.call(world.contract("AccessManager").functions.revokeRole(KEEPER, SENDER))
    with started("risk", config) as bot:
        bot.step()
        invested(world)
        world.write_prices(204, shocks=22)
        # The chain lets variances rise by what it has seen itself.
        world.open_day(201, dict.fromkeys(SYMBOLS, 0.9))
        bot.step(6)
        assert (state_of(world), trips(bot)) == (2, 2)


def test_risk_bot__drawdown_and_no_metrics__trips(world: World) -> None:
    config = ready(world)
    with started("risk", config) as bot:
        invested(world)
        bot.step(2)
        world.open_day(215, dict.fromkeys(SYMBOLS, 0.2))
        bot.step(2)
        view = bot.services.reader.risk(world.portfolio.address, world.universe)
        assert view.metrics is None and "ModelExpired" in view.unavailable_reason
        assert (state_of(world), trips(bot)) == (2, 1)


def test_risk_bot__calm_returns_at_once__posts_as_far_as_one_step_goes(world: World) -> None:
    """The estimate falls by more than the chain lets a model fall; the bot waits for no guardian."""
    config = ready(world)
    with started("risk", config) as bot:
        bot.step()
        first = bot.services.reader.model_entries(bot.services.reader.model(world.universe))
        world.write_prices(202, volatility=0.001)
        world.open_day(201)
        bot.step()
        model = bot.services.reader.model(world.universe)
        second = bot.services.reader.model_entries(model)
        assert model.nonce == 2, bot.output.getvalue()
        assert second[0] == pytest.approx(first[0] * 0.94, rel=1e-6)
        decision = bot.services.store.decision(bot.bot.name, model_key(world.universe, 2, model.as_of))
        assert decision is not None and decision.reason.endswith("held back by the step bounds")


def test_risk_bot__a_day__takes_one_checkpoint(world: World) -> None:
    config = ready(world)
    with started("risk", config) as bot:
        bot.step(5)
        taken = world.contract("PerformanceRegistry").events.Checkpointed().get_logs(from_block=0)
        assert len(taken) == 1
        world.write_prices(202)
        world.open_day(201)
        bot.step(5)
    taken = world.contract("PerformanceRegistry").events.Checkpointed().get_logs(from_block=0)
    assert len(taken) == 2


def test_risk_bot__stale_prices__says_why_once_and_goes_on(world: World) -> None:
    config = ready(world)
    with started("risk", config) as bot:
        bot.step()
        world.w3.provider.make_request("evm_increaseTime", [3 * 86_400 + 7200])  # type: ignore[arg-type]
        for _ in range(3):
            world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
            bot.step(1)
        assert bot.output.getvalue().count("metrics unavailable") == 1
        assert "PriceOracle__StalePrice" in bot.output.getvalue()


def test_estimate__of_the_chain__is_positive_semidefinite(world: World) -> None:
    config = ready(world)
    with started("risk", config) as bot:
        bot.step()
        state = bot.services.reader.portfolio("demo", world.w3.eth.block_number)
        assert state.covariance is not None
        assert np.linalg.eigvalsh(state.covariance).min() > 0


def test_risk_bot__last_close_mistyped__alerts_and_trades_only_when_it_is_corrected(
    world: World,
) -> None:
    ready(world)
    path = world.folder / "prices.csv"
    right = path.read_text()
    *past, last = right.splitlines()
    day, first, *others = last.split(",")
    config = world.write_config(prices={"path": "prices.csv"})
    path.write_text("\n".join([*past, ",".join([day, str(float(first) * 10), *others])]) + "\n")
    with started("risk", config) as risk, started("rebalance", config) as rebalance:
        for _ in range(3):
            risk.step(1)
            rebalance.step(1)
            later(world, 12)
        assert (posted(world), rebalanced(world)) == (0, 0)
        log = risk.output.getvalue()
        (line,) = [line for line in log.splitlines() if '"event": "doubt"' in line]
        assert '"symbol": "AAA"' in line and "becomes 1000 on 2019-07-20" in line
        assert log.count('"event": "waits"') == 1 and '"event": "failure"' not in log
        assert "closes of AAA" in invoke("doctor", "--skip-keys", "--config", str(config)).output
        path.write_text(right)
        later(world, 12)
        risk.step()
        rebalance.step()
    assert (posted(world), rebalanced(world)) == (1, 1)
