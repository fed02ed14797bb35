"""`ape run execute`, without the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import click
import pytest
from ape.cli import AccountAliasPromptChoice
from eth_account import Account

from keepers.config import load_config
from keepers.errors import KeeperError
from keepers.operations.execution import Terms, divided
from keepers.signers.keys import LocalSigner
from scripts.execute import cli, require_same_chain, sold
from tests.fixtures.node import SENDER_KEY, World
from tests.unit.keepers.bots.test_execution import config_of, pace, swapped

SIGNER = LocalSigner(Account.from_key(SENDER_KEY.to_bytes(32, "big")))


@pytest.fixture
def config(world: World) -> Path:
    return config_of(world, finality_blocks=1)


@pytest.fixture
def mining(world: World) -> Iterator[None]:
    """A block every second."""
    world.w3.provider.make_request("evm_setIntervalMining", [1])  # type: ignore[arg-type]
    yield
    world.w3.provider.make_request("evm_setIntervalMining", [0])  # type: ignore[arg-type]


@pytest.mark.usefixtures("mining")
def test_sold__two_slots__ends_with_both_slices_taken(world: World, config: Path) -> None:
    terms = Terms(pace(2, slot_seconds=5), 50, "0.0095")
    order = divided(load_config(config), ("USDC", "AAA"), "1000", terms)
    before, after = sold(load_config(config), SIGNER, order, leave=False)
    assert "running" in before and "closed" in after
    assert swapped(world) == [500 * 10**6] * 2


def test_sold__left_to_the_bot__sends_nothing(world: World, config: Path) -> None:
    order = divided(load_config(config), ("USDC", "AAA"), "1000", Terms(pace(), 50, ""))
    told = sold(load_config(config), SIGNER, order, leave=True)
    assert "running" in told[0] and "left to" in told[1] and swapped(world) == []


@pytest.mark.parametrize(
    ("ends", "words"), [(("USDC", "XXX"), "choose from"), (("USDC", "USDC"), "is input and output")]
)
def test_divided__tokens_that_make_no_sense__is_one_line(config: Path, ends: tuple[str, str], words: str) -> None:
    with pytest.raises(KeeperError, match=words):
        divided(load_config(config), ends, "1000", Terms(pace(), 50, ""))


def test_require_same_chain__another_network__is_refused(config: Path) -> None:
    with pytest.raises(click.ClickException, match="the config is for 31337"):
        require_same_chain(load_config(config), 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"token_out": "XXX"}, "choose from"),
        ({"hours": "1,x"}, "not numbers"),
        ({"limit": "cheap"}, "not a number"),
        ({"cap_volume_bps": 100}, "give --hours or --profile pools"),
        ({"profile": "pools"}, "no trade in 7 days"),
    ],
)
def test_cli__input_that_makes_no_sense__is_refused_before_an_account_is_asked_for(
    config: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], words: str
) -> None:
    def ask(_: Any) -> NoReturn:
        raise AssertionError("asked for an account")

    monkeypatch.setattr(AccountAliasPromptChoice, "select_account", ask)
    given = cli.make_context("execute", ["USDC", "AAA", "1000", "--config", str(config), "--slots", "4"]).params
    provider = SimpleNamespace(chain_id=31337)
    assert cli.callback is not None
    with pytest.raises(click.ClickException, match=words):
        cli.callback(**{**given, "account": None, "provider": provider, **changes})
