"""Keepers killed, their node killed, their database cut, the chain reorganised: every event is acted on exactly once.

Two runs a bot, fifty with QUANTERA_FUZZ=deep; build/chaos.json says what was done and what came of it.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from eth_utils import to_checksum_address

from keepers.bots.names import rebalance_key, signal_nonce
from keepers.compliance.lists.records import (
    Counts,
    ListDocument,
    ListedName,
    ListedParty,
    ListedWallet,
    ListFile,
)
from keepers.errors import KeeperError
from keepers.market.close_time import close_of
from keepers.store import Store
from keepers.store.lists import accept, versions
from scripts._lib.artifacts import artifact, build
from scripts._lib.deployment import roles
from scripts._lib.ports import free_port
from tests.fixtures.chaos import (
    FAULTS,
    REORG,
    Author,
    Chain,
    ChaosWorld,
    Outcome,
    Process,
    Trouble,
    chaos_world,
    outlast,
    outlast_a_look,
    report,
)
from tests.fixtures.databases import new_postgres_database
from tests.fixtures.event_chain import signer
from tests.fixtures.node import FIRST_DAY, SENDER, World, protocol
from tests.fixtures.waiting import wait_until
from tests.unit.keepers.bots.harness import started as keeper_started

RUNS = 50 if os.environ.get("QUANTERA_FUZZ") == "deep" else 2
SEED = int(os.environ.get("QUANTERA_CHAOS_SEED", "1"))
SEEDS = range(SEED, SEED + RUNS)


def database(seed: int, folder: Path, config: pytest.Config) -> tuple[str, str]:
    """Every other run on PostgreSQL."""
    if seed % 2:
        return "postgresql", new_postgres_database(config)
    return "sqlite", f"sqlite:///{folder}/keeper.sqlite"


def shuffled(chance: random.Random) -> list[str]:
    """Each fault, and twice kill -9, in some order."""
    kinds = [*FAULTS, "kill -9"]
    chance.shuffle(kinds)
    return kinds


def of_a_run(seed: int, chance: random.Random) -> list[str]:
    """Each fault once in some order; half of them where two runs make up the whole, for a bot takes long to start."""
    kinds = list(FAULTS)
    if RUNS == 2:
        random.Random(SEED).shuffle(kinds)
        kinds = kinds[seed % 2 :: 2]
    chance.shuffle(kinds)
    return kinds


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_chaos__scribe__answers_every_note_exactly_once(
    tmp_path: Path, request: pytest.FixtureRequest, seed: int
) -> None:
    build()
    outcome = scribe_run(seed, tmp_path / str(seed), request.config)
    report(outcome)
    assert outcome.acted == outcome.events > 0, outcome


def scribe_run(seed: int, folder: Path, config: pytest.Config) -> Outcome:
    """Notes are posted all the while; nothing protects from a second answer but the runtime."""
    folder.mkdir()
    started, chance = time.monotonic(), random.Random(seed)
    kind, store_url = database(seed, folder, config)
    chain = Chain(folder / "state.json", free_port(), seed)
    chain.start()
    try:
        author = Author(chain)
        address = deploy_board(chain, author)
        contract = chain.w3.eth.contract(address=address, abi=artifact("NoteBoard").abi)
        process = Process(["-m", "tests.fixtures.echo_bot", chain.url, store_url, address], folder / "log")
        trouble = Trouble(chain, process, author, store_url, chance)
        process.supervise()
        posted = 0
        for turn, fault in enumerate(shuffled(chance)):
            if turn > 0:  # The first strikes while it starts.
                outlast(lambda: "decision" in process.output(), trouble.mend)
            for _ in range(chance.randint(2, 4)):
                author.send(address, contract.encode_abi("post", [posted, 1]))
                posted += 1
                trouble.pause(0.2)
            trouble.strike(fault)
        author.settle()

        def answers() -> list[int]:
            return [contract.functions.answers(note).call() for note in range(posted)]

        outlast(lambda: min(answers()) > 0, trouble.mend)
        outlast_a_look(chain, store_url, "echo", trouble.mend)
        outcome = Outcome("echo", seed, kind, faults=dict(trouble.done))
        outcome.count(answers())
        assert process.stop() == 0, process.output()[-2000:]
        outcome.starts, outcome.seconds = process.starts, round(time.monotonic() - started, 1)
        return outcome
    finally:
        process.kill()
        chain.close()


def deploy_board(chain: Chain, author: Author) -> str:
    tx_hash = author.send(None, artifact("NoteBoard").bytecode)
    author.settle()
    chain.rpc("anvil_setBalance", signer().address, hex(10**20))
    for _ in range(2 * REORG):
        chain.rpc("evm_mine")
    return str(chain.w3.to_checksum_address(chain.rpc("eth_getTransactionReceipt", tx_hash)["contractAddress"]))


# -- The protocol's own bots

_made: dict[str, tuple[World, Path]] = {}


@pytest.fixture
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path]:
    """The protocol with cash in its portfolio and 200 days of prices; its chain has ended, its state is on file.

    Made once, for runs only copy it. No fixture of a wider scope, for Ape snapshots chains by scope.
    """
    if "template" in _made:
        return _made["template"]
    folder = tmp_path_factory.mktemp("template")
    state = folder / "state.json"
    with protocol(folder, "--state", str(state), "--preserve-historical-states") as world:
        world.deposit(100_000)
        world.write_prices(201)
        world.open_day(200)
        for _ in range(2 * REORG):
            world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
    wait_until(lambda: whole(state))
    _made["template"] = world, state
    return world, state


def whole(state: Path) -> bool:
    """Whether the node has written all of it."""
    try:
        return bool(json.loads(state.read_text()))
    except (OSError, ValueError):
        return False


def keeper(world: ChaosWorld, kind: str, store_url: str) -> tuple[Path, Process]:
    """Its config, and `quantera run` as a user runs it."""
    config = world.write_config(
        store=store_url,
        lease_seconds=1,
        max_failures=30,
        poll_seconds=0.05,
        rebalance={"schedule": {"every_n_days": 1, "drift_bps": 0}, "min_trade_usd": 0},
    )
    return config, Process(["-m", "keepers", "run", kind, "--config", str(config)], world.folder / "log")


def model_times(world: ChaosWorld) -> dict[int, list[int]]:
    """Nonces of the posted models by the close that they are of."""
    found: dict[int, list[int]] = {}
    for event in world.contract("CovarianceModels").events.ModelPosted().get_logs(from_block=0):
        found.setdefault(event["args"]["asOf"], []).append(event["args"]["nonce"])
    return found


def open_day(world: ChaosWorld, day: int) -> int:
    """A new close; unix seconds of it.

    A model of the day before that is mined in this one, for the first time or again, keeps this one's out for the
    chain's minimum delay, and no hours pass here. So no reorganisation reaches across midnight, neither to the day
    before nor to a chain whose newest block is of the day before.
    """
    close = close_of(FIRST_DAY + timedelta(days=day))
    bury(world)
    world.write_prices(day + 1)
    world.open_day(day)
    outlast(lambda: world.w3.eth.get_block("latest")["timestamp"] >= close, world.author.insist)
    bury(world)
    return close


def bury(world: ChaosWorld) -> None:
    """Puts as many blocks on top as a reorganisation takes back."""
    for _ in range(REORG):
        world.chain.rpc("evm_mine")


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_chaos__risk__posts_one_model_a_close(
    template: tuple[World, Path], tmp_path: Path, request: pytest.FixtureRequest, seed: int
) -> None:
    outcome = risk_run(template, seed, tmp_path / f"{seed}", request.config)
    report(outcome)
    assert outcome.acted == outcome.events > 0, outcome


def risk_run(template: tuple[World, Path], seed: int, folder: Path, config: pytest.Config) -> Outcome:
    """A day's close comes, something goes wrong, the model is posted; then the next."""
    started, chance = time.monotonic(), random.Random(seed)
    with chaos_world(*template, folder, seed) as world:
        kind, store_url = database(seed, folder, config)
        _, process = keeper(world, "risk", store_url)
        trouble = Trouble(world.chain, process, world.author, store_url, chance)
        closes = [close_of(FIRST_DAY + timedelta(days=200))]
        try:
            process.supervise()
            outlast(lambda: closes[-1] in model_times(world), trouble.mend)
            for day, fault in enumerate(of_a_run(seed, chance), 201):
                closes.append(open_day(world, day))
                trouble.pause(1.5)
                trouble.strike(fault)
                outlast(lambda: closes[-1] in model_times(world), trouble.mend)
            world.author.settle()
            outlast_a_look(world.chain, store_url, "risk:demo", trouble.mend)
            posted = model_times(world)
            outcome = Outcome("risk", seed, kind, faults=dict(trouble.done))
            outcome.count([len(posted.get(close, [])) for close in closes])
            assert sum(map(len, posted.values())) == len(posted), posted
            assert process.stop() == 0, process.output()[-2000:]
        except BaseException:
            print(process.output()[-6000:])
            raise
        finally:
            process.kill()
        outcome.starts, outcome.seconds = process.starts, round(time.monotonic() - started, 1)
        return outcome


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_chaos__rebalance__acts_once_a_model(
    template: tuple[World, Path], tmp_path: Path, request: pytest.FixtureRequest, seed: int
) -> None:
    outcome = rebalance_run(template, seed, tmp_path / f"{seed}", request.config)
    report(outcome)
    assert outcome.acted == outcome.events > 0, outcome


def rebalance_run(template: tuple[World, Path], seed: int, folder: Path, config: pytest.Config) -> Outcome:
    """A model is posted, something goes wrong, the bot decides; then the next."""
    started, chance = time.monotonic(), random.Random(seed)
    with chaos_world(*template, folder, seed) as world:
        kind, store_url = database(seed, folder, config)
        config_path, process = keeper(world, "rebalance", store_url)
        trouble = Trouble(world.chain, process, world.author, store_url, chance)
        refused: list[str] = []
        try:
            process.supervise()
            with keeper_started("risk", config_path) as risk:
                for day, fault in enumerate(of_a_run(seed, chance), 201):
                    close = open_day(world, day)

                    def post() -> None:
                        try:
                            risk.loop.step()
                        except KeeperError as error:
                            refused.append(str(error))
                        trouble.mend()

                    def decided(close: int = close) -> bool:
                        """The model may have to be posted once more."""
                        return close in model_times(world) and newest_decided(world, store_url)

                    outlast(lambda close=close: close in model_times(world), post)  # type: ignore[misc]
                    trouble.pause(1.0)
                    trouble.strike(fault)
                    outlast(decided, post)
                world.author.settle()
                outlast(lambda: newest_decided(world, store_url), post)
            outlast_a_look(world.chain, store_url, "rebalance:demo", trouble.mend)
            outcome = Outcome("rebalance", seed, kind, faults=dict(trouble.done))
            outcome.count(acts(world, store_url))
            assert process.stop() == 0, process.output()[-2000:]
        except BaseException:
            print(process.output()[-6000:], risk.output.getvalue()[-6000:], *refused[-5:], dict(trouble.done), sep="\n")
            raise
        finally:
            process.kill()
        outcome.starts, outcome.seconds = process.starts, round(time.monotonic() - started, 1)
        return outcome


def newest_decided(world: ChaosWorld, store_url: str) -> bool:
    """Whether the bot has decided under the newest model, and the chain has what it decided."""
    nonce = world.contract("CovarianceModels").functions.modelOf(world.universe).call()[4]
    return nonce > 0 and acts(world, store_url)[nonce - 1] == 1


def acts(world: ChaosWorld, store_url: str) -> list[int]:
    """How often the bot acted on each model: a rebalance on chain, or the decision that there was nothing to do."""
    rebalanced: Counter[int] = Counter()
    for event in world.contract("AutoRebalancer").events.Rebalanced().get_logs(from_block=0):
        rebalanced[event["args"]["nonce"]] += 1
    store, found = Store.open(store_url), []
    nonce = world.contract("CovarianceModels").functions.modelOf(world.universe).call()[4]
    for model in range(1, nonce + 1):
        decision = store.decision("rebalance:demo", rebalance_key(world.portfolio.address, model))
        on_chain = rebalanced[signal_nonce(world.portfolio.address, model)]
        idle = decision is not None and decision.outcome in ("nothing", "superseded")
        decided = decision is not None and decision.final
        found.append(on_chain + idle if decided else 0 if on_chain == 0 else on_chain)
    store.close()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_chaos__sanctions__adds_every_account_once(
    template: tuple[World, Path], tmp_path: Path, request: pytest.FixtureRequest, seed: int
) -> None:
    outcome = sanctions_run(template, seed, tmp_path / f"{seed}", request.config)
    report(outcome)
    assert outcome.acted == outcome.events > 0, outcome


def sanctions_run(template: tuple[World, Path], seed: int, folder: Path, config: pytest.Config) -> Outcome:
    """A list is accepted, something goes wrong, its accounts come on chain; then the next version."""
    started, chance = time.monotonic(), random.Random(seed)
    with chaos_world(*template, folder, seed) as world:
        kind, store_url = database(seed, folder, config)
        grant = world.contract("AccessManager").functions.grantRole(roles.COMPLIANCE_OFFICER, SENDER, 0)
        world.call(grant)
        world.author.settle()
        bury(world)
        _, process = keeper(world, "sanctions", store_url)
        trouble = Trouble(world.chain, process, world.author, store_url, chance)
        accounts: list[str] = []
        try:
            process.supervise()
            for turn, fault in enumerate(["", *of_a_run(seed, chance)]):
                accounts.extend(to_checksum_address(chance.randbytes(20)) for _ in range(chance.randint(1, 5)))
                outlast(lambda turn=turn: publish(store_url, turn, accounts), trouble.mend)  # type: ignore[misc]
                trouble.pause(1.0)
                if fault:
                    trouble.strike(fault)
                outlast(lambda: min(times_added(world, accounts)) > 0, trouble.mend)
            world.author.settle()
            outlast_a_look(world.chain, store_url, "sanctions:testnet", trouble.mend)
            outlast(lambda: min(times_added(world, accounts)) > 0, trouble.mend)
            outcome = Outcome("sanctions", seed, kind, faults=dict(trouble.done))
            outcome.count(times_added(world, accounts))
            assert process.stop() == 0, process.output()[-2000:]
        except BaseException:
            print(process.output()[-6000:])
            raise
        finally:
            process.kill()
        outcome.starts, outcome.seconds = process.starts, round(time.monotonic() - started, 1)
        return outcome


def publish(store_url: str, turn: int, accounts: list[str]) -> bool:
    """Accepts a version of a list that names these accounts; False where the database is away."""
    parties = tuple(
        ListedParty("un", str(number), "person", (ListedName(f"PARTY {number}", "primary"),), wallets=(wallet,))
        for number, wallet in enumerate(map(ListedWallet, accounts))
    )
    digest = f"{turn + 1:064x}"
    new = ListDocument("un", (ListFile("un.xml", 1, digest, digest),), "2026-09-01", Counts.of(parties), parties, "un")
    store = Store.open(store_url)
    try:
        last = next(iter(versions(store, "un", 1)), None)
        if last is None or last.source_hash != digest:
            accept(store, new, last, int(time.time()))
        return True
    except KeeperError:
        return False
    finally:
        store.close()


def times_added(world: ChaosWorld, accounts: list[str]) -> list[int]:
    """How often each account was added on the chain as it is now."""
    found: Counter[str] = Counter()
    for event in world.contract("SanctionsList").events.SanctionsChanged().get_logs(from_block=0):
        found.update(event["args"]["added"])
    return [found[account] for account in accounts]
