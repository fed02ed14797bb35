"""Every proxy of a deployment: ADMIN alone upgrades it, what it knew it knows afterwards, nobody sets it up twice.

What is a proxy follows from the deployment itself: one that is new and not in STATE fails here.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from web3.contract import Contract
from web3.exceptions import ContractCustomError

from keepers.contracts.messages import model_id
from scripts._lib.artifacts import artifact
from scripts._lib.deployment import roles
from scripts._lib.transactions import deploy
from tests.fixtures.node import MODEL, SIGNER_KEYS, World, _address, protocol
from tests.unit.keepers.bots.harness import ready, started

IMPLEMENTATION_SLOT = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"
UNITED_STATES, RETAIL = 840, 1
OUTCAST = "0x" + "66" * 20
SALT = b"\7" * 32
PER_CALL = {"isConsumingScheduledOp", "proxiableUUID", "UPGRADE_INTERFACE_VERSION"}
"""Views that say nothing of what a proxy keeps."""

State = Callable[[World, str], list[tuple[Any, ...]]]
STATE: dict[str, State] = {
    "SignerSets": lambda w, token: [
        ("quorumOf", w.universe),
        ("isSigner", w.universe, _address(SIGNER_KEYS[0])),
    ],
    "PriceOracle": lambda w, token: [("feedOf", w.tokens["AAA"].address), ("price", w.tokens["BBB"].address)],
    "SanctionsList": lambda w, token: [("isSanctioned", OUTCAST), ("version",)],
    "IdentityRegistry": lambda w, token: [("identityOf", w.owner), ("isVerified", w.owner)],
    "AutomatedComplianceEngine": lambda w, token: [("isCountryAllowed", token, UNITED_STATES), ("registryOf", token)],
    "AutoRebalancer": lambda w, token: [("isNonceUsed", w.portfolio.address, used_nonce(w))],
    "ModelRegistry": lambda w, token: [("modelOf", model_id(MODEL))],
    "CovarianceModels": lambda w, token: [("modelOf", w.universe), ("universeAssets", w.universe)],
    "PerformanceRegistry": lambda w, token: [("statsOf", w.portfolio.address)],
    "MarketDepthRegistry": lambda w, token: [
        (function, w.universe, w.tokens[symbol].address)
        for function in ("reportOf", "depthOf")
        for symbol in ("AAA", "BBB", "CCC")
    ],
    "RiskEngine": lambda w, token: [
        (function, w.portfolio.address) for function in ("limitsOf", "breakerOf", "universeOf", "metrics")
    ],
    "RiskReports": lambda w, token: [("latestOf", w.portfolio.address), ("reportAt", w.portfolio.address, 1)],
}
"""Views of each proxy, none of which is empty in the world below."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A protocol at which everything has happened once: rules, a sanction, a model, reports, depth, a rebalance."""
    with protocol(tmp_path_factory.mktemp("upgrades")) as world:
        config = ready(world)
        with started("risk", config) as risk, started("rebalance", config) as rebalance:
            risk.step()
            rebalance.step()
        params = ("Note", "NOTE", 18, [UNITED_STATES], 1 << RETAIL, SALT)
        world.call(world.contract("TokenFactory").functions.createToken(params))
        world.call(world.contract("IdentityRegistry").functions.registerIdentity(world.owner, 840, RETAIL, 2**39))
        sanctions = world.contract("SanctionsList").functions
        world.call(sanctions.sanction(sanctions.version().call(), [OUTCAST], b"\1" * 32))
        manager = world.contract("AccessManager").functions
        for role, holder in holders(world).items():
            world.call(manager.grantRole(role, holder, 0))
        yield world


@pytest.fixture
def world(lived: World) -> Iterator[World]:
    with lived.scratch():
        yield lived


def proxies(world: World) -> list[str]:
    """Names of the deployment's proxies."""
    return [name for name, item in world.record["contracts"].items() if item["implementation"]]


def holders(world: World) -> dict[int, str]:
    """An account of its own for every role but ADMIN."""
    names = [role for role in roles.NAMES if role != roles.ADMIN]
    return dict(zip(names, world.w3.eth.accounts[1:], strict=False))


def used_nonce(world: World) -> int:
    (event,) = world.contract("AutoRebalancer").events.Rebalanced().get_logs(from_block=0)
    return int(event["args"]["nonce"])


def seen(world: World, name: str, contract: Contract) -> dict[str, Any]:
    """Answers of the table's views and of every view without arguments; None where one reverts."""
    plain = [
        (item["name"],)
        for item in contract.abi
        if item["type"] == "function" and item["stateMutability"] in ("view", "pure") and not item["inputs"]
    ]
    token = world.contract("TokenFactory").functions.addressOf(SALT).call()
    calls = [*STATE[name](world, token), *(call for call in plain if call[0] not in PER_CALL)]
    found: dict[str, Any] = {}
    for function, *arguments in calls:
        try:
            found[f"{function}{arguments}"] = contract.functions[function](*arguments).call()
        except ContractCustomError:
            found[f"{function}{arguments}"] = None
    return found


def successor(world: World, name: str) -> Contract:
    """Another implementation of the same contract, made as the deployment made the first."""
    return deploy(world.w3, world.owner, artifact(name), *world.record["contracts"][name]["constructor_args"])


def storage(world: World, address: str) -> dict[str, str]:
    """Every slot of a contract that is not empty."""
    dumped = world.w3.provider.make_request("anvil_dumpState", [])["result"]  # type: ignore[arg-type]
    accounts = json.loads(gzip.decompress(bytes.fromhex(dumped[2:])))["accounts"]
    found: dict[str, str] = accounts[address.lower()]["storage"]
    return {f"0x{int(slot, 16):064x}": value for slot, value in found.items() if int(value, 16)}


def test_proxies__of_the_deployment__are_all_looked_at(world: World) -> None:
    assert sorted(proxies(world)) == sorted(STATE)


@pytest.mark.parametrize("name", STATE)
def test_upgrade__by_admin__keeps_everything_it_knew(world: World, name: str) -> None:
    proxy, implementation = world.contract(name), successor(world, name)
    known, slots = seen(world, name, proxy), storage(world, proxy.address)
    fresh = seen(world, name, implementation)
    told = [view for view in known if not view.endswith("[]")] or ["version[]"]
    # An answer that an empty contract gives as well would prove nothing.
    assert all(known[view] is not None and known[view] != fresh[view] for view in told), known
    world.call(proxy.functions.upgradeToAndCall(implementation.address, b""))
    after = storage(world, proxy.address)
    assert int(after.pop(IMPLEMENTATION_SLOT), 16) == int(implementation.address, 16)
    assert int(slots.pop(IMPLEMENTATION_SLOT), 16) == int(world.record["contracts"][name]["implementation"], 16)
    assert after == slots and len(slots) > 2
    assert seen(world, name, proxy) == known
    assert proxy.functions.authority().call() == world.record["contracts"]["AccessManager"]["address"]


@pytest.mark.parametrize("name", STATE)
def test_upgrade__by_any_other_role_or_a_stranger__is_refused(world: World, name: str) -> None:
    proxy, implementation = world.contract(name), successor(world, name)
    stranger = world.w3.eth.accounts[19]
    assert stranger not in holders(world).values() and len(holders(world)) == len(roles.NAMES) - 1
    for caller in (*holders(world).values(), stranger):
        with pytest.raises(ContractCustomError) as refused:
            proxy.functions.upgradeToAndCall(implementation.address, b"").call({"from": caller})
        error = world.w3.keccak(text="AccessManagedUnauthorized(address)")[:4].hex()
        assert str(refused.value.data).removeprefix("0x") == error + caller[2:].lower().rjust(64, "0")


@pytest.mark.parametrize("name", STATE)
def test_upgrade__to_what_is_no_implementation__is_refused(world: World, name: str) -> None:
    with pytest.raises(ContractCustomError):
        world.contract(name).functions.upgradeToAndCall(world.tokens["AAA"].address, b"").call({"from": world.owner})


@pytest.mark.parametrize("name", STATE)
def test_initialize__proxy_or_implementation__second_time_refused(world: World, name: str) -> None:
    stranger = world.w3.eth.accounts[19]
    error = world.w3.keccak(text="InvalidInitialization()")[:4].hex()
    for contract in (world.contract(name), successor(world, name)):
        with pytest.raises(ContractCustomError) as refused:
            contract.functions.initialize(stranger).call({"from": stranger})
        assert str(refused.value.data).removeprefix("0x") == error
