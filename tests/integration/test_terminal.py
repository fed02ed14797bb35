"""`ape run quote` and `ape run swap`, as a person runs them, against a node of several venues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from web3 import Web3

from scripts._lib.anvil import anvil
from scripts._lib.artifacts import artifact, build
from scripts._lib.deployment import roles
from scripts._lib.deployment.artifacts import protocol_artifacts
from scripts._lib.deployment.chain import Chain
from scripts._lib.deployment.config import Config
from scripts._lib.deployment.local import UnlockedSender
from scripts._lib.deployment.protocol import ProtocolDeployment
from scripts._lib.transactions import deploy, send
from scripts._lib.venues.uniswap import UniswapV2, UniswapV3
from tests.fixtures.forks import APE, run_forked
from tests.fixtures.relay import PrivateRelay, private_relay
from tests.fixtures.venue_kinds import WAD, create

ROOT = Path(__file__).parents[2]
TRADER = 1
"""Index among the node's accounts and among Ape's test accounts, which are the same."""


class TradingNode:
    """A node with a deployment whose USD and coin trade on four venues, V3 the cheapest; the trader holds USD."""

    def __init__(self, w3: Web3, folder: Path) -> None:
        self.w3, self.folder = w3, folder
        owner, self.trader = w3.eth.accounts[0], w3.eth.accounts[TRADER]
        self.usd = deploy(w3, owner, artifact("SettlementToken"), "USD", "USD", 18)
        v2 = UniswapV2(w3, owner).deploy()
        v3 = UniswapV3(w3, owner).deploy(v2.weth, v2.factory.address)
        send(w3, owner, v2.weth.functions.deposit(), value=4000 * WAD)
        send(w3, owner, self.usd.functions.mint(owner, 10**9 * WAD))
        send(w3, owner, self.usd.functions.mint(self.trader, 10**5 * WAD))
        by_name = {"USD": self.usd, "WETH": v2.weth}
        amounts = {"USD": 2_000_000 * WAD, "WETH": 1000 * WAD}
        by_address = {by_name[name].address: amount for name, amount in amounts.items()}
        pair = v2.add_liquidity(owner, by_address)
        pool = v3.create_pool(by_address, 500)
        v3.add_liquidity(owner, pool, by_address)
        venues = [
            {"kind": "uniswap-v2", "pool": pair.address, "fee": 3000},
            {"kind": "uniswap-v3", "pool": pool.address, "fee": 500},
            create(w3, owner, "uniswap-v4", by_name, amounts),
            create(w3, owner, "balancer-weighted", by_name, amounts),
        ]
        config = {
            "network": "terminal",
            "admin": owner,
            "roles": {name: {"accounts": [owner]} for name in roles.HELD},
            "liquidity": {"wrapped_coin": v2.weth.address},
            "assets": {"USD": self.usd.address, "WETH": v2.weth.address},
            "venues": venues,
        }
        chain = Chain(w3, UnlockedSender(w3, owner), lambda _: None)
        record = ProtocolDeployment(chain, Config.model_validate(config), protocol_artifacts()).run()
        self.pool, self.record = pool.address, record.write(folder)
        self.aggregator = record.contracts["LiquidityAggregator"].address

    def rpc(self, method: str, *params: Any) -> Any:
        """One request to the node; what a relay builds blocks with."""
        answer = self.w3.provider.make_request(method, list(params))
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def balances(self) -> tuple[int, int]:
        """The trader's balances: USD and coin."""
        return self.usd.functions.balanceOf(self.trader).call(), self.w3.eth.get_balance(self.trader)

    def ape(self, script: str, *arguments: str) -> tuple[int, str]:
        """Exit code and output of `ape run`."""
        command = [APE, "run", script, *arguments, "--network", f"ethereum:local:{self.w3.provider.endpoint_uri}"]
        command += ["--deployment", str(self.record)]
        if script == "swap":
            command += ["--account", f"TEST::{TRADER}"]
        done = run_forked(command, cwd=ROOT)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    build()
    with anvil() as w3:
        yield TradingNode(w3, tmp_path_factory.mktemp("terminal"))


@pytest.fixture
def terminal(made):
    snapshot = made.rpc("evm_snapshot")
    yield made
    made.rpc("evm_revert", snapshot)


def test_quote__four_venues__a_line_each_and_the_best_first(terminal):
    code, output = terminal.ape("quote", "USD", "ETH", "2000")
    assert code == 0, output
    lines = [line for line in output.splitlines() if line.startswith("0x")]
    assert [line[44:].split("  ")[0] for line in lines] == ["Uniswap V3", "Balancer V2", "Uniswap V2", "Uniswap V4"]
    assert lines[0].startswith(terminal.pool) and lines[0].endswith(" ETH")
    paid = [float(line.split()[-2]) for line in lines]
    assert paid == sorted(paid, reverse=True) and 0.99 < paid[-1] < paid[0] < 1


def test_swap__several_markets__divides_the_order_and_prints_the_bound(terminal):
    code, output = terminal.ape("swap", "USD", "ETH", "2000")
    assert code == 0, output
    assert "for 2000 USD through " in output and f"% through {terminal.pool}" in output
    assert "  at most      " in output and " bps above" in output
    assert terminal.balances()[0] == 98_000 * WAD


def test_swap__a_market_costs_more_than_it_adds__comes_from_the_best_market(terminal):
    code, output = terminal.ape("swap", "USD", "ETH", "2000", "--pool-cost", "0.05")
    assert code == 0, output
    assert f"for 2000 USD through Uniswap V3 {terminal.pool}" in output
    usd, coin = terminal.balances()
    assert usd == 98_000 * WAD
    assert coin > 10_000 * WAD + WAD * 99 // 100
    assert terminal.usd.functions.balanceOf(terminal.aggregator).call() == 0


def test_swap__coin_for_an_exact_output__that_comes_out_and_the_rest_of_the_coin_stays(terminal):
    code, output = terminal.ape("swap", "ETH", "USD", "1000", "--exact-out", "--slippage-bps", "5000")
    assert code == 0, output
    assert "1000 USD received for 0.50" in output
    usd, coin = terminal.balances()
    assert usd == 101_000 * WAD
    # Three quarters were sent along.
    assert coin > 10_000 * WAD - WAD * 51 // 100


def test_swap__privately__the_relay_gets_it_signed_and_mines_it(terminal):
    with private_relay(terminal) as relay:
        code, output = terminal.ape("swap", "ETH", "USD", "1", "--private", relay.url)
    assert code == 0, output
    assert [method for method, _ in relay.requests] == ["eth_sendPrivateTransaction"]
    assert relay.signers.isdisjoint({terminal.trader}), "the account says nothing about itself to the relay"
    assert terminal.balances()[0] > 101_900 * WAD


class IdleRelay(PrivateRelay):
    """Sits on what it gets while blocks go by."""

    def _take(self, raw: str) -> str:
        self.chain.rpc("anvil_mine", hex(3))
        self.includes = False
        return super()._take(raw)


@pytest.mark.parametrize("fallback", ["public", "cancel"])
def test_swap__relay_sits_on_it__the_fallback_rule_decides(terminal, monkeypatch, fallback):
    monkeypatch.setattr("tests.fixtures.relay.PrivateRelay", IdleRelay)
    options = ["--private-blocks", "2", "--fallback", fallback]
    with private_relay(terminal) as relay:
        code, output = terminal.ape("swap", "ETH", "USD", "1", "--private", relay.url, *options)
    usd, _ = terminal.balances()
    if fallback == "public":
        assert code == 0, output
        assert usd > 101_900 * WAD
    else:
        assert code != 0 and "its nonce is used up" in output and "Traceback" not in output
        assert usd == 100_000 * WAD
        assert [method for method, _ in relay.requests][-1] == "eth_cancelPrivateTransaction"
        assert terminal.w3.eth.get_transaction_count(terminal.trader) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("USD", "ETH", "100001"), "holds 100000 USD of the 100001 USD"),
        (("ETH", "USD", "1", "--private", "http://127.0.0.1:9"), "relay does not answer"),
        (("USD", "ETH", "1", "--private", "relay.example"), "relay does not answer"),
        (("USD", "ETH", "9" * 80), "more than any token has"),
        (("USD", "ETH", "inf"), "more than any token has"),
    ],
    ids=["means", "dead relay", "no url", "amount", "infinity"],
)
def test_terminal__bad_input__one_line_and_nothing_moves(terminal, arguments, complaint):
    before = terminal.balances()
    code, output = terminal.ape("swap", *arguments)
    assert code != 0 and complaint in output and "Traceback" not in output
    (line,) = [line for line in output.splitlines() if "rror: " in line]
    assert complaint in line
    assert terminal.balances() == before
    assert terminal.w3.eth.get_transaction_count(terminal.trader) == 0, "not even an approval"
