"""The demo's connection to its own node."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts._lib.demo.chain import GAS, Chain
from scripts._lib.demo.errors import DemoError
from scripts._lib.demo.node import local_node

BURNER = "0x00000000000000000000000000000000000b0b0b"
LEFT = 9_000_000
"""Gas that the burner leaves to its caller."""
CALLS = 12
ORDINARY_LIMIT = 30_000_000
"""Gas of a block of anvil unless it is told otherwise."""


def test_wait__more_gas_at_once_than_a_block_holds__all_are_mined(tmp_path: Path) -> None:
    with local_node(1_700_000_000, tmp_path / "anvil.log") as url:
        chain = Chain(url)
        # JUMPDEST, PUSH4 LEFT, GAS, GT, PUSH1 0, JUMPI, STOP: a loop while more than LEFT is there.
        chain.node.rpc("anvil_setCode", [BURNER, f"0x5b63{LEFT:08x}5a1160005700"])
        message = {"from": chain.accounts[0], "to": BURNER, "gas": hex(GAS)}
        # Mining waits until all are there, so that one block is offered more than its limit.
        chain.node.rpc("evm_setAutomine", [False])
        hashes = [chain.node.rpc("eth_sendTransaction", [message | {"nonce": hex(nonce)}]) for nonce in range(CALLS)]
        chain.node.rpc("evm_mine")
        mined = [chain.wait(tx_hash) for tx_hash in hashes]
    assert sum(found.gas for found in mined) > ORDINARY_LIMIT


def test_send_all__several_of_several_senders__are_in_one_block_and_mining_goes_on(tmp_path: Path) -> None:
    with local_node(1_700_000_000, tmp_path / "anvil.log") as url:
        chain = Chain(url)
        token = chain.deploy(chain.accounts[0], "SettlementToken", "USD", "USD", 6)
        steps = [(chain.accounts[at % 3], token.functions.approve(chain.accounts[9], at + 1)) for at in range(CALLS)]
        mined = chain.send_all(steps)
        assert len({found.receipt["blockNumber"] for found in mined}) == 1 and len(mined) == CALLS
        chain.give_ether(chain.accounts[0], BURNER, 1)
        assert int(chain.node.rpc("eth_getBalance", [BURNER, "latest"]), 16) == 10**18


def test_send_all__one_is_refused__is_told_and_mining_goes_on(tmp_path: Path) -> None:
    with local_node(1_700_000_000, tmp_path / "anvil.log") as url:
        chain = Chain(url)
        token = chain.deploy(chain.accounts[0], "SettlementToken", "USD", "USD", 6)
        steps = [(chain.accounts[at], token.functions.transfer(chain.accounts[9], at)) for at in range(2)]
        with pytest.raises(DemoError, match="transfer was refused: ERC20InsufficientBalance"):
            chain.send_all(steps)
        chain.give_ether(chain.accounts[0], BURNER, 1)
        assert int(chain.node.rpc("eth_getBalance", [BURNER, "latest"]), 16) == 10**18
