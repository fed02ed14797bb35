"""Output of `ape run risk_status`."""

from __future__ import annotations

import pytest

from scripts._lib.artifacts import ROOT
from scripts._lib.status.risk import StatusError, report
from tests.fixtures.forks import APE, run_forked
from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import ready, started


def test_report__portfolio_with_a_model__has_every_metric_and_age(world: World) -> None:
    config = ready(world)
    with started("risk", config) as bot:
        bot.step()
    world.call(world.tokens["AAA"].functions.transfer(world.portfolio.address, 500 * 10**18))
    text = "\n".join(report(world.w3, world.portfolio.address))
    var99 = world.contract("RiskEngine").functions.metrics(world.portfolio.address).call()[3] / 1e18
    assert f"{var99:.3%}" in text and "3.000%" in text
    names = ("VaR 95%", "shortfall", "Herfindahl", "leverage", "realised volatility", "beta", "Sharpe", "days to liq")
    for name in (*names, "grade", "drawdown, halt", "component VaR 99%", "largest component"):
        assert name in text, name
    assert "number 1, counts for" in text
    assert "AAA" in text and "100.0% of VaR" in text
    assert "0 of 20 days" in text
    headroom = (0.03 - var99) / 0.03
    assert f"{headroom:+.1%}" in text


def test_report__no_model__says_why_in_one_line(world: World) -> None:
    with pytest.raises(StatusError, match=r"CovarianceModels__NoModel.*unknown until that is mended$"):
        report(world.w3, world.portfolio.address)


@pytest.mark.parametrize("wrong", ["nonsense", "0x" + "12" * 20])
def test_report__no_portfolio__says_so(world: World, wrong: str) -> None:
    with pytest.raises(StatusError, match=r"not an address|no contract on this chain"):
        report(world.w3, wrong)


def test_report__another_contract__says_so(world: World) -> None:
    with pytest.raises(StatusError, match="does not answer as a portfolio"):
        report(world.w3, world.tokens["AAA"].address)


def test_command__nonsense__one_clear_line(world: World) -> None:
    command = [APE, "run", "risk_status", "nonsense", "--network", f"ethereum:local:{world.url}"]
    done = run_forked(command, cwd=ROOT)
    assert done.returncode == 1
    assert "nonsense: not an address; give 0x and 40 hexadecimal digits" in done.stderr
