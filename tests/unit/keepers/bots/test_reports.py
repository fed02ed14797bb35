"""Reports of a risk bot, their times, and what a thief with its keys cannot report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keepers import __version__, abi
from keepers.bots.names import report_key
from keepers.bots.reports import Reporter
from keepers.contracts.messages import RiskReport
from keepers.errors import KeeperError
from keepers.risk.report import WAD
from keepers.rpc.errors import Reverted
from keepers.runtime.decision_log import RETRY_SECONDS
from keepers.signers.signing import sign_quorum
from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import Running, later, posted, ready, reported, sent, started, state_of

HOUR = 3600


def invested(world: World) -> Path:
    """A portfolio of cash and two stocks."""
    config = ready(world)
    for symbol, units in (("AAA", 300), ("CCC", 100)):
        world.call(world.tokens[symbol].functions.transfer(world.portfolio.address, units * 10**18))
    return config


def on_chain(world: World) -> dict[str, object]:
    """The last report, by field."""
    found = world.contract("RiskReports").functions.reportAt(world.portfolio.address, reported(world)).call()
    return dict(zip(RiskReport.__dataclass_fields__, found, strict=True))


def metrics(world: World) -> tuple[int, ...]:
    return tuple(world.contract("RiskEngine").functions.metrics(world.portfolio.address).call())


def test_report__after_the_model__agrees_with_the_chain(world: World) -> None:
    with started("risk", invested(world)) as bot:
        bot.step()
        found = on_chain(world)
        _, volatility, var95, var99, *_ = metrics(world)
        assert volatility > 0.001 * WAD
        for name, computed in (("volatility", volatility), ("var95", var95), ("var99", var99)):
            # The chain refuses beyond 2%; the desk has no reason to be off by more than rounding.
            assert found[name] == pytest.approx(computed, rel=1e-9), name
        assert found["model_nonce"] == 1 and len(found["scenarios"]) == len(found["stress_losses"]) == 7
        # One day of a t with the model's own tails.
        assert found["monte_carlo_var"][1] == pytest.approx(var99, rel=0.05)
        decision = bot.services.store.decision(bot.bot.name, report_key(world.portfolio.address, 1, 1))
        assert decision is not None and decision.outcome == "done" and decision.reason.startswith("the first; VaR")


def test_report__model_hash__can_be_recomputed_by_anyone(world: World) -> None:
    with started("risk", invested(world)) as bot:
        bot.step()
        found = on_chain(world)
        block = bot.services.node.latest()
        reporter = Reporter(bot.services, bot.bot._prices, bot.bot._doubts)
        state = bot.services.reader.portfolio("demo", block.number)
        inputs = replace(reporter._inputs(state, block), as_of=found["as_of"])
        assert inputs.model_hash(__version__) == found["model_hash"]


def test_report__same_model__is_posted_once(world: World) -> None:
    with started("risk", invested(world)) as bot:
        bot.step()
        before = sent(world, bot)
        later(world, HOUR)
        bot.step(5)
        assert reported(world) == 1 and sent(world, bot) == before


def test_report__next_model__is_posted_again(world: World) -> None:
    with started("risk", invested(world)) as bot:
        bot.step()
        world.write_prices(202)
        world.open_day(201)
        bot.step(5)
        assert (posted(world), reported(world)) == (2, 2)
        assert on_chain(world)["model_nonce"] == 2


def test_report__about_to_lapse__is_renewed_under_the_same_model(world: World) -> None:
    with started("risk", invested(world)) as bot:
        bot.step()
        later(world, 23 * HOUR)
        bot.step()
        assert reported(world) == 1
        later(world, 2 * HOUR)
        bot.step()
        assert (posted(world), reported(world)) == (1, 2)
        assert "the last lapses in 11." in bot.services.store.decisions(bot.bot.name, 1)[0].reason


def test_report__bot_was_away__lapsed_one_degrades_and_the_next_mends_it(world: World) -> None:
    config = invested(world)
    with started("risk", config) as bot:
        bot.step()
    later(world, 36 * HOUR + 60)
    assert state_of(world) == 1
    with started("risk", config) as bot:
        bot.step()
        assert reported(world) == 2 and state_of(world) == 0


def test_report__empty_portfolio__is_not_obliged(world: World) -> None:
    world.write_prices(201)
    world.open_day(200)
    with started("risk", world.write_config()) as bot:
        bot.step()
        assert (posted(world), reported(world)) == (1, 0)


def test_report__all_cash__is_zero_and_accepted(world: World) -> None:
    with started("risk", ready(world)) as bot:
        bot.step()
        found = on_chain(world)
        assert found["volatility"] == max(found["monte_carlo_es"]) == 0


def test_report__refused__rests_and_is_tried_again(world: World) -> None:
    invested(world)
    # Longer than the chain lets a report live.
    with started("risk", world.write_config(risk={"reports": {"lifetime_hours": 49}})) as bot:
        bot.step(5)
        decision = bot.services.store.decision(bot.bot.name, report_key(world.portfolio.address, 1, 1))
        assert decision is not None and decision.outcome == "refused" and "RiskReports__BadTimes" in decision.reason
        later(world, 60)
        bot.step()
        again = bot.services.store.decision(bot.bot.name, decision.key)
        assert again is not None and again.created == decision.created
        later(world, RETRY_SECONDS)
        bot.step()
        again = bot.services.store.decision(bot.bot.name, decision.key)
        assert again is not None and again.created > decision.created and again.outcome == "refused"
        assert reported(world) == 0


def test_report__portfolio_moves_meanwhile__is_made_again_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody deposits between the look and the chain's answer."""
    original, moved = Reporter._report, []

    def report(self: Reporter, *args: Any) -> Any:
        made = original(self, *args)
        if not moved:
            moved.append(world.deposit(50_000))
        return made

    with started("risk", invested(world)) as bot:
        monkeypatch.setattr(Reporter, "_report", report)
        bot.step(1)
        assert moved and reported(world) == 1
        assert on_chain(world)["volatility"] == pytest.approx(metrics(world)[1], rel=1e-9)


def test_report__own_scenarios__are_the_ones_reported(world: World) -> None:
    invested(world)
    row = "{name: flood in basel, kind: largest, size: 0.25, source: the river}"
    (world.folder / "mine.yaml").write_text(f"scenarios: [{row}]\n")
    with started("risk", world.write_config(risk={"reports": {"scenarios": "mine.yaml"}})) as bot:
        bot.step()
        found = on_chain(world)
        assert found["scenarios"] == [b"flood in basel".ljust(32, b"\0")]
        largest = max(bot.services.reader.portfolio("demo", world.w3.eth.block_number).weights)
        assert found["stress_losses"] == [pytest.approx(largest * 0.25 * WAD)]


def test_report__scenario_table_missing__one_line_at_the_start(world: World) -> None:
    invested(world)
    config = world.write_config(risk={"reports": {"scenarios": "none.yaml"}})
    with pytest.raises(KeeperError, match=r"none\.yaml: No such file"), started("risk", config):
        pass


# -- With the bot's own keys in a thief's hands


def forged(bot: Running, world: World, **changes: object) -> bytes:
    """Calldata of a next report with something changed, signed by the whole quorum."""
    services = bot.services
    block = services.node.latest()
    last = services.reader.report(world.portfolio.address)
    report, _ = Reporter(services, bot.bot._prices, bot.bot._doubts)._report(last, block)
    report = replace(report, **changes)  # type: ignore[arg-type]
    contract = services.deployment.address("RiskReports")
    signatures = sign_quorum(report.message(services.node.chain_id, contract), services.signers)
    return abi.function("RiskReports", "postReport").encode(report.as_tuple(), signatures)


def refusal(bot: Running, data: bytes) -> str:
    with pytest.raises(Reverted) as refused:
        bot.services.sender.simulate(bot.services.deployment.address("RiskReports"), data)
    return refused.value.revert.text


def test_report__thief_understates__is_refused_by_the_chains_own_numbers(world: World) -> None:
    with started("risk", invested(world)) as bot:
        bot.step()
        later(world, HOUR)
        _, volatility, var95, var99, *_ = metrics(world)
        for name, honest in (("volatility", volatility), ("var95", var95), ("var99", var99)):
            assert "RiskReports__Disagrees" in refusal(bot, forged(bot, world, **{name: honest // 2}))


def test_report__thief_replays_or_stretches__is_refused(world: World) -> None:
    with started("risk", invested(world)) as bot:
        bot.step()
        later(world, HOUR)
        now = world.w3.eth.get_block("latest")["timestamp"]
        assert "RiskReports__WrongNonce" in refusal(bot, forged(bot, world, nonce=1))
        assert "RiskReports__WrongModel" in refusal(bot, forged(bot, world, model_nonce=2))
        assert "RiskReports__BadTimes" in refusal(bot, forged(bot, world, expiry=now + 60 * HOUR))


def test_report__thief_hides_the_tail_beyond_the_model__is_incoherent(world: World) -> None:
    with started("risk", invested(world)) as bot:
        bot.step()
        later(world, HOUR)
        data = forged(bot, world, monte_carlo_es=(0,) * 9)
        assert "RiskReports__Incoherent" in refusal(bot, data)
