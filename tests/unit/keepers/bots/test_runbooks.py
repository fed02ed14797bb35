"""Runbooks of docs/operations.md whose fault or remedy no other test goes through: seen, mended, going on."""

from __future__ import annotations

import pytest
from eth_account import Account
from web3.exceptions import ContractCustomError

from keepers.signers.keys import write_keystore
from tests.fixtures.node import SENDER, SIGNER_KEYS, World
from tests.fixtures.stores import PASSPHRASE
from tests.unit.keepers.bots.harness import later, posted, ready, rebalanced, reported, started, state_of


def ask(world: World, method: str, *params: str) -> None:
    world.w3.provider.make_request(method, list(params))  # type: ignore[arg-type]


def test_sender__empty__waits_with_what_it_needs_and_goes_on_when_funded(world: World) -> None:
    config = ready(world)
    ask(world, "anvil_setNextBlockBaseFeePerGas", hex(10**9))
    ask(world, "evm_mine")
    ask(world, "anvil_setBalance", SENDER, hex(1000))
    with started("risk", config) as risk:
        risk.step()
        log = risk.output.getvalue()
        assert posted(world) == 0 and '"event": "failure"' not in log
        assert f"{SENDER} holds 0.000000 ether" in log and "needed; send it more" in log
        assert risk.services.store.open_transactions("risk:demo") == 0
        ask(world, "anvil_setBalance", SENDER, hex(10**20))
        later(world, 12)
        risk.step()
    assert posted(world) == 1


def test_deposits__door_is_closed_by_the_guardian__nobody_enters_and_everybody_leaves(world: World) -> None:
    ready(world)
    book, portfolio, usdc = world.contract("FeeManager").functions, world.portfolio, world.tokens["USDC"]
    world.call(book.lowerDepositCap(portfolio.address, 1))
    world.call(usdc.functions.approve(portfolio.address, 10**6))
    assert portfolio.functions.maxDeposit(world.owner).call() == 0
    with pytest.raises(ContractCustomError):
        portfolio.functions.deposit(10**6, world.owner).call({"from": world.owner})
    before = usdc.functions.balanceOf(world.owner).call()
    shares = portfolio.functions.maxRedeem(world.owner).call()
    world.call(portfolio.functions.redeem(shares, world.owner, world.owner))
    assert usdc.functions.balanceOf(world.owner).call() - before > 99_000 * 10**6


def test_signers__keys_are_stolen__they_are_removed_and_new_ones_go_on(world: World) -> None:
    config = ready(world)
    sets, engine, address = (
        world.contract("SignerSets").functions,
        world.contract("RiskEngine"),
        world.portfolio.address,
    )
    quorums = world.universe, bytes(12) + bytes.fromhex(address[2:])
    stolen = [Account.from_key(key.to_bytes(32, "big")).address for key in SIGNER_KEYS[:2]]
    fresh = [Account.create() for _ in stolen]
    # At once: the guardian lets the portfolio only lower its risk, and takes the keys out.
    world.call(engine.functions.deRisk(address))
    for quorum in quorums:
        world.call(sets.removeSigner(quorum, stolen[0]))
    with started("risk", config) as thief:
        thief.step()
        assert (posted(world), reported(world)) == (0, 0)
    # Later: the registrar admits new keys, the config names them, the admin opens the portfolio again.
    for quorum in quorums:
        for account in fresh:
            world.call(sets.addSigner(quorum, account.address))
        world.call(sets.removeSigner(quorum, stolen[1]))
    for number, account in enumerate(fresh):
        write_keystore(world.folder / f"fresh-{number}.json", bytes(account.key), PASSPHRASE, light=True)
    secret = {"passphrase_file": "sender.pass"}
    keys = {
        "sender": {"keystore": "sender.json", **secret},
        "signers": [{"keystore": f"fresh-{number}.json", **secret} for number in range(2)],
    }
    world.call(engine.functions.reopen(address))
    config = world.write_config(keys=keys)
    with started("risk", config) as risk, started("rebalance", config) as rebalance:
        risk.step()
        assert posted(world) == 1
        rebalance.step()
        assert rebalanced(world) == 1
    assert state_of(world) in (0, 1)
